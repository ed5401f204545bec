#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""psycopg2 through the gateway; see ../test_drivers.py."""
import io
import os

import psycopg2

rows = int(os.environ["TREE_ROWS"])
connection = psycopg2.connect("")
cursor = connection.cursor()
cursor.execute("SELECT name FROM people WHERE id = %s", (17,))
assert cursor.fetchone() == ("name 17",)
cursor.execute("UPDATE people SET name = %s WHERE id = 17", ("other",))
connection.rollback()
try:
    cursor.execute("SELECT 1 / 0")
    raise SystemExit("no error")
except psycopg2.errors.DivisionByZero:
    connection.rollback()
cursor.execute("SELECT name FROM people WHERE id = 17")
assert cursor.fetchone() == ("name 17",)
cursor.execute("SELECT id, name, worth FROM people ORDER BY id")
assert len(cursor.fetchall()) == rows
with connection.cursor("named") as named:
    named.itersize = 1000
    named.execute("SELECT id FROM people ORDER BY id")
    assert sum(row[0] for row in named) == rows * (rows + 1) // 2
out = io.StringIO()
cursor.copy_expert("COPY people TO STDOUT", out)
assert out.getvalue().count("\n") == rows
connection.close()
print("fine")
