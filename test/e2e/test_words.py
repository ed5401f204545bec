#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whom errors and notices show: a text that a value is in counts, a text about what the client wrote does not."""
import harness
import shop
from stage import equal, test
import wire

# Each fails, and says the name of one person.
TELLING = (
    "SELECT name::int FROM customers WHERE id = 1350",
    "SELECT name::regclass FROM customers WHERE id = 1350",
    # the reading of a type's name points at a place in it
    "SELECT replace(name, '-', ' ')::regtype FROM customers WHERE id = 1350",
    "SELECT ('lower(' || replace(name, '-', ' ') || ')')::regprocedure FROM customers WHERE id = 1350",
    "DO $$ DECLARE n text; BEGIN SELECT name INTO n FROM customers WHERE id = 1350; EXECUTE 'SELECT ' || quote_ident(n); END $$",
    "SELECT count(*) FROM customers WHERE id = 1350 AND name::date > now()",
)
# Each fails while it is read.
ABOUT_TEXT = (
    "SELECT name FROM customers WHERE id = 'abc'",
    "SELECT name FROM customers WHERE id = ANY('{1,x}')",
    "SELECT name, nothing FROM customers",
    "SELECT nothing(name) FROM customers",
    "SELECT name FROM customers WHERE id = 1350 AND placed_at = 'never'::timestamptz",
    "SELECT name FROM customers c, customers d",
)
# The same, which the server does not read before it is executed.
ABOUT_COPY = ("COPY nothing TO STDOUT", "COPY nowhere.customers TO STDOUT", "COPY customers (nothing) TO STDOUT")


@harness.shared
def front():
    return shop.front("words")


def said(name):
    front().guard.until_sessions(0)
    return shop.export(front(), "--application", name)[name]


@test(gateway=True)
def test_texts_with_values():
    """An error that has a value in it counts, however it was read"""
    for number, sql in enumerate(TELLING):
        with front().login(application_name=f"telling {number}") as session:
            answer = session.exchange(wire.query(sql))
            assert any("1350" in text for text in answer.errors[0].values()), (sql, answer.errors)
            session.terminate()
        shown = said(f"telling {number}")
        assert shown.unknown or "1350" in shown.keys["customer"], sql
        assert "error_text" in shown.flags and "name" in shown.fields, (sql, shown.flags, shown.fields)


@test(gateway=True)
def test_texts_of_the_client():
    """An error about the client's own text, found before anything is run, shows nobody"""
    with front().login(application_name="own text") as session:
        for sql in ABOUT_TEXT:
            for data in (wire.query(sql), wire.parse(sql) + wire.SYNC, wire.query("SELECT 1;" + sql)):
                assert session.exchange(data).errors, sql
        for sql in ABOUT_COPY:
            assert session.exchange(wire.query(sql)).errors, sql
        session.terminate()
    equal([line["sql"] for line in said("own text").lines], [])


@test(gateway=True)
def test_values_of_the_client():
    """A parameter that cannot be read shows nobody, whatever the portal is called"""
    with front().login(application_name="own value") as session:
        for portal in ("", "door"):
            for value in (b"abc", b"99999999999999999999"):
                answer = session.exchange(wire.parse("SELECT name FROM customers WHERE id = $1") +
                                          wire.bind(portal=portal, values=[value]) + wire.execute(portal=portal) + wire.SYNC)
                assert answer.code in ("22P02", "22003"), answer.errors
        session.terminate()
    equal([line["sql"] for line in said("own value").lines], [])


if __name__ == "__main__":
    harness.main()
