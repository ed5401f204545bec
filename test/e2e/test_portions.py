#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Results that are read in portions: whom a cursor or portal can show at most is counted with the
first row of it that leaves, whatever was asked of it before, and once."""
import harness
import shop
from stage import equal, test
import wire

SOME = ("1350", "1357", "1364")
MANY = "SELECT (SELECT string_agg(name, ',') FROM customers), item FROM orders WHERE customer_id = 1350"
DISTINCT = "SELECT DISTINCT name FROM customers"
LIST = f"SELECT name FROM customers WHERE id IN ({', '.join(SOME)})"
PROBE = "SELECT DISTINCT name FROM customers WHERE email = 'user1350@example.com' OR grade >= 0"
FEW = {"principal": "p_few", "window": "30d", "subjects": 20, "verdict": "block"}


@harness.shared
def front():
    shop.server().sql("CREATE ROLE p_few LOGIN IN ROLE app")
    return shop.front("portions", more={"budgets": [FEW]})


def said(name):
    front().guard.until_sessions(0)
    return shop.export(front(), "--application", name)[name]


def fetched(name, sql, *portions):
    """What the ledger says of a cursor for it that was read in these portions, and the rows."""
    with front().login(user="app", application_name=name) as session:
        session.query(f"BEGIN; DECLARE c SCROLL CURSOR FOR {sql}")
        rows = [row for portion in portions for row in session.query(f"{portion} FROM c").rows]
        session.query("COMMIT")
        session.terminate()
    assert rows, name
    return said(name)


@test(gateway=True)
def test_nothing_first():
    """A cursor of which nothing was fetched first counts as one that was read at once"""
    for number, sql in enumerate((MANY, DISTINCT, PROBE)):
        whole = fetched(f"whole {number}", sql, "FETCH ALL")
        assert whole.unknown + len(whole.keys["customer"]) >= shop.CUSTOMERS - 1, whole
        for word in ("FETCH 0", "FETCH PRIOR", "MOVE 0"):
            shown = fetched(f"{word} {number}", sql, word, "FETCH ALL")
            equal((shown.unknown, shown.keys), (whole.unknown, whole.keys), f"{word}: {sql}")


@test(gateway=True)
def test_list_of_keys():
    """So does one whose persons were asked for by their keys"""
    whole = fetched("list", LIST, "FETCH ALL")
    for word in ("FETCH 0", "FETCH PRIOR"):
        shown = fetched(f"list {word}", LIST, word, "FETCH ALL")
        equal((shown.unknown, shown.keys, shown.rows), (whole.unknown, whole.keys, whole.rows), word)


@test(gateway=True)
def test_once():
    """What was told with the first portion is not told again, in either direction"""
    for number, sql in enumerate((MANY, DISTINCT, LIST)):
        whole = fetched(f"at once {number}", sql, "FETCH ALL")
        shown = fetched(f"in portions {number}", sql, "FETCH 1", "FETCH 1", "MOVE BACKWARD ALL", "FETCH ALL")
        equal((shown.unknown, shown.statements), (whole.unknown, whole.statements), sql)


@test(gateway=True)
def test_after_a_block():
    """A cursor or portal that a budget has stopped stays stopped, also where the server did not hear of it in time"""
    for number, (ask, data) in enumerate((
            (wire.query(f"DECLARE c CURSOR FOR {MANY}"), wire.query("FETCH 1 FROM c")),
            (wire.query(f"DECLARE c CURSOR FOR {DISTINCT}"), wire.query("FETCH 1 FROM c")),
            (wire.parse(DISTINCT) + wire.bind(portal="c") + wire.SYNC, wire.execute(1, "c") + wire.SYNC))):
        for _ in range(5):
            with front().login(user="p_few", application_name=f"few {number}") as session:
                session.query("BEGIN")
                equal(session.exchange(ask).errors, [])
                codes = []
                for _ in range(3):
                    answer = session.exchange(data)
                    equal(answer.rows, [])
                    codes.append(answer.code)
                equal(codes[0], "PS001")
                assert set(codes) <= {"PS001", "25P02", "34000"}, codes
                session.terminate()
        equal(said(f"few {number}").unknown, 0)


AGAIN = "DO $$ DECLARE c refcursor := 'x'; BEGIN CLOSE c; OPEN c FOR SELECT {} FROM customers; END $$"


@test(gateway=True)
def test_another_meaning():
    """A portal that has shown rows and is opened anew by code counts for all that it can show now, once"""
    for number, columns in enumerate(("name", "name, email, phone")):
        for user, name in (("app", f"again {number}"), ("p_few", f"again few {number}")):
            with front().login(user=user, application_name=name) as session:
                session.query("BEGIN")
                first = session.exchange(wire.parse("SELECT title FROM products") + wire.bind(portal="x") + wire.describe("P", "x") +
                                         wire.execute(1, "x") + wire.SYNC)
                equal(len(first.rows), 1)
                session.exchange(wire.query(AGAIN.format(columns)))
                shown = [session.exchange(wire.execute(count, "x") + wire.SYNC) for count in (5, 0)]
                session.terminate()
            said_of = said(name)
            lines = [line for line in said_of.lines if "kept" not in line["flags"]]
            if user == "p_few":
                equal(([one.rows for one in shown], said_of.unknown), ([[], []], 0))
            else:
                equal([len(one.rows) for one in shown], [5, shop.CUSTOMERS - 5])
                told = [line["subjects"]["customer"]["at_most"] for line in lines if "customer" in line["subjects"]]
                assert sum(told) >= shop.CUSTOMERS and len(lines) <= 2, said_of


if __name__ == "__main__":
    harness.main()
