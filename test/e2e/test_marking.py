#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A copy of persons that takes the name of a table which was there before: while the transaction that makes it
is open, everybody else, the gate's own look at the catalog too, sees the table that was there. Whoever reads the
copy afterwards is counted, whichever way the transaction ended."""
import re

import harness
import process
import shop
from stage import test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
COPY = "CREATE TABLE w.{} AS SELECT name AS v FROM customers"
REST = ("SELECT repeat('x', 20000)", "SELECT pg_sleep(1)")  # the first answer comes, and the catalog is looked at
MANY = tuple(f"CREATE TABLE w.many{number} AS SELECT name AS v FROM customers" for number in range(40))


@harness.shared
def front():
    made = shop.front("marking")
    made.behind.sql("CREATE SCHEMA w")
    return made


def pipeline(session, statements):
    """One transaction without BEGIN: each is answered before the next, and there is one Sync."""
    for sql in statements:
        session.send(wire.parse(sql) + wire.bind() + wire.execute() + wire.message(b"H"))
    session.send(wire.message(b"S"))
    assert not session.result().errors


def one_by_one(session, statements):
    for sql in statements:
        session.query(sql)


def at_once(session, statements):
    session.query("; ".join(statements))


def cut_off(session, statements):
    """The server goes on to the end, though the client has gone."""
    def backends(more=""):
        return front().behind.sql(f"SELECT FROM pg_stat_activity WHERE application_name = 'by a client that goes' {more}")
    mark = front().guard.mark()
    session.send(wire.query("; ".join(statements)))
    process.until(lambda: backends("AND wait_event = 'PgSleep'"), "its last statement")
    front().guard.wait("catalog_reloaded", start=mark)
    session.abort()
    process.until(lambda: not backends(), "the server's end")


# How the table's name changes hands, and how that is asked for.
WAYS = {
    "dropped, in one request": (("DROP TABLE w.{}", COPY, *REST), at_once),
    "renamed, in one request": (("ALTER TABLE w.{0} RENAME TO {0}_was", COPY, *REST), at_once),
    "in one request with its block": (("BEGIN", "DROP TABLE w.{}", COPY, *REST, "COMMIT"), at_once),
    "in a pipeline": (("ALTER TABLE w.{0} RENAME TO {0}_was", COPY, "SELECT pg_sleep(1)"), pipeline),
    "with forty others": (("BEGIN", "DROP TABLE w.{}", COPY, *MANY, "SELECT pg_sleep(1)", "COMMIT"), one_by_one),
    "prepared": (("BEGIN", "DROP TABLE w.{}", COPY, "PREPARE TRANSACTION 'w'", "SELECT pg_sleep(1)",
                  "COMMIT PREPARED 'w'"), one_by_one),
    "by a client that goes": (("DROP TABLE w.{}", COPY, *REST), cut_off),
}


@test(gateway=True, limit=120)
def test_name_that_changes_hands():
    """Who reads a copy whose name was another table's while it was made is counted"""
    tables = {way: f"t{number}" for number, way in enumerate(WAYS)}
    mark = front().guard.mark()
    for table in tables.values():
        front().behind.sql(f"CREATE TABLE w.{table} AS SELECT title AS v FROM products")
    front().guard.wait("catalog_reloaded", start=mark)  # a poll has noticed the last of them, or all
    with front().login() as session:
        for table in tables.values():
            session.query(f"SELECT v FROM w.{table}")
    for way, (statements, ask) in WAYS.items():
        with front().login(application_name=way) as session:
            ask(session, [sql.format(tables[way]) for sql in statements])
    front().guard.until_sessions(0)
    mark = front().guard.mark()
    with front().login() as session:  # one more snapshot, in which all of it is over
        session.query("CREATE TABLE w.afterwards (v text)")
    front().guard.wait("catalog_reloaded", start=mark)
    for way, table in tables.items():
        seen = shop.play(front(), SEEN, f"reads {way}", (f"SELECT v FROM w.{table}",))
        front().guard.until_sessions(0)
        shown = shop.export(front()).get(f"reads {way}")
        assert seen, f"{way}: shows nobody"
        assert shown and shown.fields.get("name") == "clear" and shown.unknown >= len(seen), \
            f"{way}: {len(seen)} SHOWN UNCOUNTED: {shown}"


if __name__ == "__main__":
    harness.main()
