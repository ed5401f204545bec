#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""psycopg2 through the gateway; see ../test_drivers.py."""
import io
import os
import select
import threading

import psycopg2
import psycopg2.extensions

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
cursor.execute("PREPARE by_id AS SELECT name FROM people WHERE id = $1")
cursor.execute("EXECUTE by_id (18)")
assert cursor.fetchone() == ("name 18",)
cursor.execute("SELECT id, name, worth FROM people ORDER BY id")
assert len(cursor.fetchall()) == rows
with connection.cursor("named") as named:
    named.itersize = 1000
    named.execute("SELECT id FROM people ORDER BY id")
    assert sum(row[0] for row in named) == rows * (rows + 1) // 2
out = io.StringIO()
cursor.copy_expert("COPY people TO STDOUT", out)
assert out.getvalue().count("\n") == rows
out.seek(0)
cursor.execute("CREATE TEMP TABLE inbox (LIKE people)")
cursor.copy_expert("COPY inbox FROM STDIN", out)
assert cursor.rowcount == rows
connection.commit()

other = psycopg2.connect("")
for one in (connection, other):
    one.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
cursor.execute("LISTEN news")
asks = other.cursor()
asks.execute("NOTIFY news, 'arrived'")
while not connection.notifies:
    assert select.select([connection], [], [], 20)[0]
    connection.poll()
assert connection.notifies[0].payload == "arrived"


def cancel(pid):
    running = 0
    while not running:
        asks.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(50)'"
                     " AND state = 'active' AND pid = %s", (pid,))
        running = asks.fetchone()[0]
    connection.cancel()


cursor.execute("SELECT pg_backend_pid()")
thread = threading.Thread(target=cancel, args=cursor.fetchone())
thread.start()
try:
    cursor.execute("SELECT pg_sleep(50)")
    raise SystemExit("not cancelled")
except psycopg2.errors.QueryCanceled:
    thread.join()
connection.close()
print("fine")
