#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tables that have another one's name, in other schemas or for a session alone: whoever can mean only the persons' table
is counted exactly, whoever can mean the other one too gets what he would get without pasu, and persons are counted
where it is they."""
import itertools
import re

import harness
import shop
from stage import equal, test
import wire

MAKE = """
CREATE SCHEMA archive; CREATE SCHEMA shut; CREATE SCHEMA columns;
CREATE TABLE archive.customers AS SELECT 'product ' || i AS name, i AS grade FROM generate_series(1, 30) i;
CREATE TABLE archive.orders AS SELECT i::bigint AS id, 7::bigint AS customer_id, 'thing ' || i AS item, 1.5::numeric(10, 2) AS amount,
    now() AS placed_at FROM generate_series(1, 30) i;
CREATE VIEW archive.members AS SELECT 'nobody'::text AS name, 1 / (level - level) AS id, level FROM public.members;
CREATE TABLE shut.parcels (recipient text);
CREATE TABLE columns.accounts AS SELECT 'nobody'::text AS name, 'x' AS login, 'secret' AS kept;
GRANT USAGE ON SCHEMA archive, columns TO app, analyst;
GRANT USAGE ON SCHEMA shut TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA archive, shut TO app, analyst;
GRANT SELECT (name) ON columns.accounts TO app;
GRANT SELECT ON columns.accounts TO analyst;
"""
PERSON = re.compile(rb"(?:Kim-|user|item \d of |Main Street |010-)(-?\d+)")
# By their names alone, none of which says which schema is meant; and what names the kind of person.
STATEMENTS = (
    "SELECT name FROM customers WHERE grade = 1 ORDER BY name",
    "SELECT c.name FROM customers c WHERE grade = 2 ORDER BY name LIMIT 7",
    "SELECT * FROM customers WHERE grade = 3 ORDER BY name",
    "SELECT *, upper(name) FROM customers WHERE grade = 3 ORDER BY name",
    "TABLE customers",
    "SELECT item FROM orders WHERE customer_id < 1700 AND item IS NOT NULL ORDER BY 1",
    "SELECT o.*, 'x' FROM orders o WHERE customer_id < 1700 AND item IS NOT NULL ORDER BY id",
    "SELECT c.name, o.item FROM customers c JOIN public.orders o ON o.id > 0 AND o.customer_id = 1357 WHERE grade = 1 ORDER BY 1, 2",
    "UPDATE orders SET item = item WHERE id = 1 RETURNING item",
    "WITH w AS (SELECT name, grade FROM customers) SELECT name FROM w WHERE grade = 1 ORDER BY 1",
    "COPY (SELECT name FROM customers WHERE grade = 1 ORDER BY name) TO STDOUT",
    "SELECT string_agg(name, ',') FROM customers WHERE grade = 1",
)
# Of these the ledger knows each person, wherever the role may look.
EXACT = STATEMENTS[:9]


@harness.shared
def front():
    shop.server().sql(MAKE)
    return shop.front("namesakes")


def ask(session, data):
    session.send(data)
    messages = []
    while not messages or messages[-1][0] != "Z":
        kind, body = session.receive()
        messages.append((kind, wire.read_columns(body) if kind == "T" else body))
    return messages


def forms(sql):
    yield "simple", wire.query(sql)
    yield "extended", wire.parse(sql) + wire.describe("S") + wire.bind(results=(1,)) + wire.execute(5) + wire.execute() + wire.SYNC
    yield "not described", wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC


def same(group, user, before, statements):
    """What came is what comes without pasu. [(name, statement, form, whom the client saw)]."""
    told = []
    for (n, sql), form in itertools.product(enumerate(statements), range(3)):
        kind, data = list(forms(sql))[form]
        came = {}
        for address in (shop.server().address, front().address):
            with wire.login(address, user=user, application_name=f"{group} {n} {kind}") as session:
                for one in before:
                    session.query(one)
                came[address] = ask(session, data)
                session.terminate()
        equal(came[front().address], came[shop.server().address], f"{sql}, {kind}")
        seen = {found.decode() for kind, body in came[front().address] if kind in "Dd"
                for found in PERSON.findall(body)}
        told.append((f"{group} {n} {kind}", sql, seen))
    front().guard.until_sessions(0)
    return told


def is_exact(sql, seen, keys, unknown, shown):
    return sql not in EXACT or "not described" in shown.lines[0]["application"] or (seen == keys and unknown == 0)


@test(gateway=True, limit=90)
def test_whose_table_it_is():
    """Where the path leads to the persons, each is named, though another table has the name"""
    shop.judge(front(), same("persons", "app", (), STATEMENTS), is_exact)


@test(gateway=True, limit=90)
def test_whose_table_it_is_not():
    """Where it leads to the other table first, the client gets that one's rows, errors included, and nobody is named"""
    told = same("others", "app", ("SET search_path = archive, public",), STATEMENTS)
    equal({sql for _, sql, seen in told if seen}, {STATEMENTS[7]})
    shop.judge(front(), told, lambda *_: True)


@test(gateway=True)
def test_own_tables():
    """A session's temporary table takes the name, gives it back, and hides nobody"""
    for before in (("CREATE TEMP TABLE customers (name text, grade int); INSERT INTO customers VALUES ('mine', 1)",),
                   ("CREATE TEMP VIEW customers AS SELECT 'mine' AS name, 1 AS grade",)):
        told = same("own " + before[0][12:17].strip(), "app", before, STATEMENTS[:5])
        equal({seen for _, _, found in told for seen in found}, set())
        told = same("back " + before[0][12:17].strip(), "app", (*before, f"DROP {before[0][12:17].strip()} customers"), STATEMENTS[:5])
        shop.judge(front(), told, lambda sql, seen, keys, unknown, shown: bool(seen))


@test(gateway=True)
def test_no_other_right():
    """Nobody needs a right for it that the statement does not need: not in a schema that the role may not look into, nor
    on columns that it may not read"""
    told = same("rights", "app", (), ("SELECT recipient FROM parcels WHERE id < 70020 ORDER BY id", "SELECT name FROM accounts ORDER BY login"))
    said = shop.export(front())
    for name, sql, _ in told:
        if "described" not in name:
            equal(said[name].attributions, {"injected"} if "parcels" in sql else {"bound"}, sql)
    same("columns", "app", ("SET search_path = columns, archive, public",), ("SELECT name FROM accounts", "SELECT name FROM members"))


def late(n):
    """Another `parcels`, which a path finds first, made past pasu: it knows nothing of it for a moment."""
    shop.server().sql(f"CREATE TABLE late_{n}.parcels AS SELECT 'product ' || i AS door_code FROM generate_series(1, 3) i; "
                      f"GRANT SELECT ON late_{n}.parcels TO app")


@test(gateway=True, limit=60)
def test_between_plan_and_execution():
    """Whose table of that name was made past pasu a moment ago gets its rows, and not an error about a column that no client has named;
    the session goes on, and nobody is counted for them"""
    sql = "SELECT door_code FROM parcels ORDER BY door_code"
    pasu = front().guard
    for n, (kind, data) in enumerate(forms(sql)):
        with wire.login(front().address, user="app", application_name=f"late {kind}") as session:
            session.query(f"SET search_path = late_{n}, public")
            session.query("SELECT 1 FROM customers")
            mark = pasu.mark()
            shop.server().sql(f"DROP SCHEMA IF EXISTS late_{max(n - 1, 0)} CASCADE; CREATE SCHEMA late_{n}; GRANT USAGE ON SCHEMA late_{n} TO app")
            pasu.wait("catalog_reloaded", start=mark)  # from here on it looks again when some time has passed
            late(n)
            came = ask(session, data)
            later = ask(session, wire.query("SELECT 1"))
            session.terminate()
        with wire.login(shop.server().address, user="app") as session:
            session.query(f"SET search_path = late_{n}, public")
            equal(came, ask(session, data), kind)
            equal(later, ask(session, wire.query("SELECT 1")), kind)
            session.terminate()
    pasu.until_sessions(0)
    said = shop.export(front())
    equal({kind: said[f"late {kind}"].unknown for kind, _ in forms(sql) if f"late {kind}" in said}, {})
    shop.server().sql("DROP SCHEMA late_2 CASCADE")


@test(gateway=True)
def test_nothing_runs_twice():
    """EXECUTE computes its arguments, and only then is told that what it runs lacks a column: that is not asked once more"""
    shop.server().sql("CREATE SEQUENCE ticket; GRANT ALL ON SEQUENCE ticket TO app; CREATE TABLE plain (a int, b int); GRANT ALL ON plain TO app")
    sql = "EXECUTE p(nextval('ticket')); SELECT name FROM customers WHERE grade = 1"
    with wire.login(front().address, user="app") as session:
        session.query("PREPARE p(bigint) AS SELECT b FROM plain WHERE a = $1")
        shop.server().sql("ALTER TABLE plain RENAME b TO c")
        came = ask(session, wire.query(sql))
        session.terminate()
    equal([(kind, wire.read_fields(body)["C"]) for kind, body in came if kind == "E"], [("E", "42703")])
    equal(shop.server().value("SELECT last_value FROM ticket"), "1")


harness.main()
