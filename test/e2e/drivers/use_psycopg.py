#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""psycopg 3 through the gateway; see ../test_drivers.py."""
import os

import psycopg

rows = int(os.environ["TREE_ROWS"])
with psycopg.connect("") as connection:
    for _ in range(8):  # from the sixth on it is a prepared statement
        assert connection.execute("SELECT name FROM people WHERE id = %s", (17,)).fetchone() == ("name 17",)
    connection.execute("UPDATE people SET name = %s WHERE id = 17", ("other",))
    connection.rollback()
    try:
        connection.execute("SELECT 1 / 0")
        raise SystemExit("no error")
    except psycopg.errors.DivisionByZero:
        connection.rollback()
    assert connection.execute("SELECT name FROM people WHERE id = 17").fetchone() == ("name 17",)
    with connection.cursor(binary=True) as cursor:
        assert len(cursor.execute("SELECT id, name, worth FROM people").fetchall()) == rows
        with cursor.copy("COPY people TO STDOUT") as copy:
            assert sum(1 for _ in copy.rows()) == rows
    with connection.pipeline():
        asked = [connection.execute("SELECT id FROM people WHERE id = %s", (n,)) for n in range(1, 101)]
    assert [cursor.fetchone()[0] for cursor in asked] == list(range(1, 101))
print("fine")
