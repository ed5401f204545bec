#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whom errors and notices speak of: as few as can be proven, and never fewer than they do."""
import re

import harness
import shop
from stage import test
import wire

VALUES = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@|010-(-?\d+)|Main Street (-?\d+)|item \d of (-?\d+)")


@harness.shared
def front():
    return shop.front("spoken")


def bound(sql, *values, types=()):
    return wire.parse(sql, types=types) + wire.bind(values) + wire.describe() + wire.execute() + wire.SYNC


def blind(sql, *values):
    return wire.parse(sql) + wire.bind(values) + wire.execute() + wire.SYNC


def play(name, steps):
    """Runs them in a session of that name. Whom all that the server sent shows, and that without errors too."""
    seen = set()
    with front().login(application_name=name) as session:
        for step in steps:
            session.send(step if isinstance(step, bytes) else wire.query(step))
            while True:
                kind, body = session.receive()
                seen |= {next(filter(None, found.groups())).decode() for found in VALUES.finditer(body)}
                if kind == "Z":
                    break
        session.terminate()
    front().guard.until_sessions(0)
    return seen


def check(number, name, steps, expected):
    """What is said, with the fewest and the most that the ledger must have; None: only that it holds."""
    seen = play(f"{number} {name}", steps)
    shown = shop.export(front(), "--application", f"{number} {name}")[f"{number} {name}"]
    named = shown.keys["customer"]
    problems = []
    if len(seen - named) > shown.unknown:
        problems.append(f"{len(seen)} SHOWN UNCOUNTED")
    if expected and (len(named), len(named) + shown.unknown) != expected:
        problems.append(f"[{len(named)}, {len(named) + shown.unknown}], not {list(expected)}")
    if expected and named - seen:
        problems.append(f"{named - seen} named, {seen} seen")
    return [f"{name}: {', '.join(problems)}: {seen} {shown}"] if problems else []


def check_all(cases):
    problems = []
    for number, (name, steps, expected) in enumerate(cases):
        problems += check(number, name, steps, expected)
    assert not problems, "\n".join(problems)


ONE = "FROM customers WHERE id = 1350"
EVERYBODY = (0, shop.CUSTOMERS)

# Errors of queries that pin their person: with the fewest and the most.
PINNED = (
    ("cast", (f"SELECT name::int {ONE}",), (1, 1)),
    ("cast of a parameter's", (bound("SELECT name::int FROM customers WHERE id = $1", 1350),), (1, 1)),
    ("cast, not described", (blind("SELECT name::int FROM public.customers WHERE id = $1", 1350),), (1, 1)),
    ("cast of EXECUTE", ("PREPARE p(bigint) AS SELECT email::date FROM public.customers WHERE id = $1", "EXECUTE p(1350)"), (1, 1)),
    ("expression", (f"SELECT (name || 'x')::int {ONE}",), (0, 1)),
    ("name", (f"SELECT name::regclass {ONE}",), (0, 1)),
    ("several", ("SELECT name::int FROM customers WHERE id IN (1350, 1357, 1364)",), (0, 3)),
    ("not personal", (f"SELECT name, region::int {ONE}",), (0, 1)),
    ("nobody", ("SELECT name::int FROM customers WHERE id = 3",), (0, 0)),
    # What the client wrote itself is in these texts.
    ("constant", ("SELECT ('a' || 'b')::int, name FROM public.customers WHERE id = 1350",), (0, 1)),
    ("parameter", (bound("SELECT name::int FROM public.customers WHERE id = $1::text::bigint", "x"),), None),
    ("other rows", ("SELECT name FROM customers WHERE id = 1350 AND name::int = 3",), EVERYBODY),
    ("other rows first", ("SELECT name FROM customers WHERE name::int = 3 AND id = 1350",), EVERYBODY),
    ("sub-select", (f"SELECT name, (SELECT max(name) FROM customers)::int {ONE}",), EVERYBODY),
    ("join", ("SELECT c.name FROM customers c JOIN customers d ON d.name::int = 1 WHERE c.id = 1350",), EVERYBODY),
)

# Ways to make such an error speak of somebody else.
LIES = (
    ("temporary table", ("CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, c.name FROM public.customers c WHERE id = 1357",
                         f"SELECT name::int {ONE}", bound("SELECT name::int FROM customers WHERE id = $1", 1350),
                         blind("SELECT name::int FROM customers WHERE id = $1", 1350)), None),
    ("temporary table of a function", ("CREATE SCHEMA IF NOT EXISTS hide", """CREATE OR REPLACE FUNCTION hide.make() RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN CREATE TEMP TABLE customers AS SELECT 1350::bigint AS id, c.name FROM public.customers c WHERE id = 1357; END $$""",
                                       "SELECT hide.make()", f"SELECT name::int {ONE}",
                                       blind("SELECT name::int FROM customers WHERE id = $1", 1350)), None),
    ("table before it", ("CREATE SCHEMA hide2", "CREATE TABLE hide2.customers AS SELECT 1350::bigint AS id, c.name FROM customers c WHERE id = 1357",
                         "SET search_path = hide2, public", f"SELECT name::int {ONE}", "DROP TABLE hide2.customers"), None),
    ("own equality", ("CREATE SCHEMA hide3", "CREATE FUNCTION hide3.same(bigint, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 = 1357::bigint'",
                      "CREATE OPERATOR hide3.= (leftarg = bigint, rightarg = int, function = hide3.same)",
                      "SET search_path = hide3, pg_catalog, public", f"SELECT name::int {ONE}", "DROP OPERATOR hide3.= (bigint, int)"), None),
    ("value under another key", ("BEGIN", "UPDATE customers SET name = (SELECT name FROM customers WHERE id = 1357) WHERE id = 1350",
                                 f"SELECT name::int {ONE}", "ROLLBACK"), None),
    ("policy", ("CREATE ROLE hidden", "GRANT SELECT ON orders TO hidden", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY tell ON orders USING (item::int = 3)", "SET ROLE hidden", "SELECT item::int FROM orders WHERE customer_id = 1350",
                "RESET ROLE", "DROP POLICY tell ON orders", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"), None),
)


@test(gateway=True)
def test_pinned():
    """An error of a query that pins its person can be of that person only, and where it quotes a value, it is"""
    check_all(PINNED)


@test(gateway=True)
def test_lies():
    """Whoever makes such a text speak of somebody else is counted all the same"""
    check_all(LIES)


if __name__ == "__main__":
    harness.main()
