#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""psycopg 3 through the gateway; see ../test_drivers.py."""
import os
import threading

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
        cursor.execute("CREATE TEMP TABLE inbox (n int4, name text)")
        with cursor.copy("COPY inbox FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for number in range(rows):
                copy.write_row((number, f"line {number}"))
        assert cursor.execute("SELECT count(*), max(n) FROM inbox").fetchone() == (rows, rows - 1)
    with connection.pipeline():
        asked = [connection.execute("SELECT id FROM people WHERE id = %s", (n,)) for n in range(1, 101)]
    assert [cursor.fetchone()[0] for cursor in asked] == list(range(1, 101))

other = psycopg.connect("", autocommit=True)
with psycopg.connect("", autocommit=True) as connection:
    connection.execute("LISTEN news")
    other.execute("NOTIFY news, 'arrived'")
    assert next(connection.notifies()).payload == "arrived"
    pid = connection.execute("SELECT pg_backend_pid()").fetchone()

    def cancel():
        running = 0
        while not running:
            running = other.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"
                                    " AND state = 'active' AND pid = %s", pid).fetchone()[0]
        connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        connection.execute("SELECT pg_sleep(50)")
        raise SystemExit("not cancelled")
    except psycopg.errors.QueryCanceled:
        thread.join()
print("fine")
