#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hidden keys of what SQL's PREPARE makes: EXECUTE, and messages that bind it, have them, and the client does not see them. Each
program is run directly and through the gateway: what comes must be the same, byte by byte, and the ledger must name just
those whose names came. What would see the keys otherwise gets a statement without."""
import harness
import shop
from stage import equal, test
import test_cursors as cursors
from test_cursors import asked, first_difference, heard, play, tell, within
import wire

P = "PREPARE p AS SELECT name FROM customers WHERE grade = 2 ORDER BY id"
TWO = "PREPARE p (int) AS SELECT grade, name FROM customers WHERE grade = $1 ORDER BY id"
KEEP = "CREATE TEMP TABLE kept AS EXECUTE p"
READ = "SELECT k::text, (SELECT count(*) FROM pg_attribute WHERE attrelid = 'kept'::regclass AND attnum > 0) FROM kept k"
DROP = "DROP TABLE kept"
TEXTS = "SELECT name, statement, from_sql, parameter_types FROM pg_prepared_statements ORDER BY name"
LONG = "n" * 70
NARROW = "PREPARE p AS SELECT name FROM customers WHERE grade = 2 ORDER BY name"
BACKSLASH = r"PREPARE p AS SELECT name FROM customers WHERE grade = 2 AND name <> 'a\' ORDER BY name"
EXTRA = """
CREATE ROLE narrow;
GRANT SELECT (name, grade) ON customers TO narrow;
GRANT narrow TO app;
CREATE SCHEMA keyless;
CREATE VIEW contacts AS SELECT name AS who FROM customers WHERE grade = 2;
GRANT USAGE ON SCHEMA keyless TO app;
GRANT SELECT ON contacts TO app;
"""

EXACT = (
    (P, "EXECUTE p", "EXECUTE p", "DEALLOCATE p"),
    (TWO, "EXECUTE p(1)", "EXECUTE p('2')", "DEALLOCATE PREPARE p"),
    within(P, "EXECUTE p"),
    (TWO, asked(wire.bind(("1",), name="p") + wire.describe() + wire.execute()), asked(wire.bind(("2",), name="p", results=(1, 0)) + wire.execute(3))),
    (TWO, asked(wire.describe("S", "p") + wire.bind(("3",), name="p", portal="q", results=(1,)) + wire.execute(2, "q"))),
    (TWO, asked(("EXECUTE p(1)", (), 0), ("EXECUTE p(2)", (1, 0), 3)), asked("DEALLOCATE p")),
    (asked(P), asked("EXECUTE p", wire.close("S", "p")), P, "EXECUTE p"),
    (f"PREPARE {LONG} AS SELECT name FROM customers WHERE grade = 1", f"EXECUTE {LONG}", f"EXECUTE {LONG[:63]}"),
    ('PREPARE "My ""p" AS SELECT email FROM customers WHERE grade = 1 ORDER BY id', 'EXECUTE "My ""p"'),
    # a name again
    (P, "EXECUTE p", "DEALLOCATE p", "PREPARE p AS SELECT title FROM products ORDER BY id", "EXECUTE p"),
    (P, "DEALLOCATE ALL", "PREPARE p AS TABLE products", "EXECUTE p", "DEALLOCATE ALL", P, "EXECUTE p"),
    within(P, "SAVEPOINT s", "DEALLOCATE p", "ROLLBACK TO s", P, "EXECUTE p"),
    # keys of groups, from further inside, and of changes
    ("PREPARE p AS SELECT region, string_agg(name, ',' ORDER BY id) FROM customers WHERE grade = 1 GROUP BY region ORDER BY 1", "EXECUTE p"),
    ("PREPARE p AS SELECT n FROM (SELECT name AS n, grade FROM customers) s WHERE grade = 1 ORDER BY 1", "EXECUTE p"),
    ("PREPARE p AS SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY name LIMIT 7", "EXECUTE p"),
    within("PREPARE p (int) AS UPDATE customers SET grade = grade WHERE grade = $1 RETURNING name", "EXECUTE p (2)"),
    # described by itself, and by the statement that runs it
    (TWO, asked(wire.parse("EXECUTE p(2)", "e") + wire.describe("S", "e") + wire.bind(name="e", results=(1, 0)) + wire.execute(3)),
     asked(wire.describe("S", "p"))),
    (P, "SET statement_timeout = '60s'", "EXECUTE p", "RESET statement_timeout"),
)
# Whom these show is a bound: the keys are not there any more.
BOUNDED = (
    (P, "EXECUTE p", KEEP, READ, DROP),
    (P, "EXECUTE p", "EXPLAIN EXECUTE p", "EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p", "EXECUTE p"),
    (TWO, "EXPLAIN (COSTS OFF) EXECUTE p(2)", "EXECUTE p(2)", "EXECUTE p(3)"),
    (P, TEXTS, "EXECUTE p"),
    (P, "SELECT length(statement) FROM pg_prepared_statements", 'SELECT U&"statem\\0065nt" FROM U&"pg_prepared_st\\0061tements"', "EXECUTE p"),
    (P, "SELECT name, statement FROM pg_prepared_statement()", "EXECUTE p"),
    (P, asked(TEXTS), "EXECUTE p", asked(TEXTS)),
    (P, asked("EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p"), asked(KEEP), READ, DROP),
    within(P, "EXECUTE p", KEEP, READ, "EXPLAIN EXECUTE p"),
    (f"{P}; EXECUTE p; DEALLOCATE ALL",),
    (f"{P}; {KEEP}; {READ}; DROP TABLE kept",),
    (f"{P}; {TEXTS}; EXECUTE p",),
    (P, "PREPARE q AS SELECT email FROM customers WHERE grade = 1", TEXTS, "EXECUTE p", "EXECUTE q"),
    (P, "PREPARE q AS SELECT email FROM customers WHERE grade = 1", KEEP, READ, DROP, "EXECUTE q"),
    (P, "DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'EXECUTE p' LOOP RAISE NOTICE '%', r; END LOOP; END $$", "EXECUTE p"),
    (P, "SELECT runs('EXECUTE p')", "EXECUTE p"),
    (P, "SELECT runs('SELECT statement FROM pg_prepared_' || 'statements')", "EXECUTE p"),
    (P, "DO $$ BEGIN COMMIT; END $$", "EXECUTE p"),
    (P, "DO $$ BEGIN EXECUTE 'DEALLOCATE p'; EXECUTE 'PREPARE p AS SELECT grade, name FROM customers WHERE grade = 1'; END $$", "EXECUTE p",
     asked(wire.bind(name="p", results=(0, 1)) + wire.describe() + wire.execute())),
    (P, "CREATE VIEW pg_temp.seen AS " + TEXTS, "SELECT length(statement) FROM pg_temp.seen", "EXECUTE p"),
    ("CREATE VIEW pg_temp.seen AS " + TEXTS, P, "SELECT statement || '' FROM pg_temp.seen", "EXECUTE p"),
    # what sees them was there before
    ("PREPARE t AS " + TEXTS, P, "EXECUTE t", "EXECUTE p"),
    (asked(wire.parse(TEXTS, "t")), P, asked(wire.bind(name="t") + wire.execute()), "EXECUTE p"),
    within("DECLARE c CURSOR FOR " + TEXTS, P, "FETCH ALL FROM c", "EXECUTE p"),
    within(asked(wire.parse(TEXTS) + wire.bind(portal="c")), P, asked(wire.execute(0, "c")), "EXECUTE p"),
    ("PREPARE t AS SELECT runs('EXECUTE p')", P, "EXECUTE t", "EXECUTE p"),
    ("PREPARE t AS SELECT $1::text", P, "EXECUTE t(runs('EXECUTE p'))", "EXPLAIN (COSTS OFF) EXECUTE t(runs('EXECUTE p'))", "EXECUTE p"),
    within("DECLARE c CURSOR FOR SELECT runs('EXECUTE p')", P, "FETCH ALL FROM c", "EXECUTE p"),
    (P, "EXPLAIN (COSTS OFF) EXECUTE p", "DEALLOCATE p", P, "EXECUTE p"),
    # what its names, or its text, mean changes
    (P, "DISCARD PLANS", "EXECUTE p", "DISCARD ALL", "EXECUTE p"),
    (NARROW, "EXECUTE p", "SET ROLE narrow", "EXECUTE p", "RESET ROLE", "EXECUTE p"),
    ("BEGIN", "SET LOCAL ROLE narrow", NARROW, "EXECUTE p", "ROLLBACK", "EXECUTE p"),
    ("BEGIN", NARROW, "EXECUTE p", "SET SESSION AUTHORIZATION DEFAULT", "COMMIT", "EXECUTE p"),
    (NARROW, "SET search_path = keyless, public", "EXECUTE p", "RESET search_path", "EXECUTE p"),
    (NARROW.replace("name", "name || '' AS name", 1), "CREATE TEMP TABLE customers AS SELECT name, grade FROM public.customers WHERE grade = 2", "EXECUTE p", "DISCARD PLANS", "EXECUTE p",
     "DROP TABLE pg_temp.customers", "EXECUTE p"),
    (BACKSLASH, "SET standard_conforming_strings = off", "EXECUTE p", TEXTS, "RESET standard_conforming_strings"),
    (BACKSLASH, "SELECT set_config('standard_conforming_strings', 'off', false)", TEXTS, "EXECUTE p", "RESET standard_conforming_strings"),
    ("PREPARE p AS SELECT name FROM customers WHERE grade = 2 AND name <> '가' ORDER BY name", "SET client_encoding = 'EUC_KR'", "EXECUTE p", "EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p",
     "RESET client_encoding"),
    ("PREPARE p AS SELECT who FROM contacts ORDER BY who LIMIT 3", "EXECUTE p", "EXECUTE p"),
)
FAILING = (
    ("PREPARE p AS SELECT name, nmae FROM customers", "EXECUTE p"),
    (P, P, "EXECUTE p(1)"),
    (TWO, "EXECUTE p", "EXECUTE p('x')", "EXECUTE q"),
    ("PREPARE p AS SELECT name FROM customers ORDER BY 2",),
    ("PREPARE p AS SELECT name FROM customers ORDER BY pasu_key_1",),
    within(P, "SELECT 1 / 0", "EXECUTE p", "EXPLAIN EXECUTE p", TEXTS),
    ("PREPARE p AS SELECT name::int FROM customers WHERE id = 1350", "EXECUTE p"),
)


@harness.shared
def front():
    shop.server().sql(EXTRA)
    return cursors.front()


@test(gateway=True, limit=100)
def test_prepared():
    """What EXECUTE returns is the same with hidden keys, and whom the ledger names are those who were shown"""
    front()
    problems, cases = [], []
    for sort, programs in (("exact", EXACT), ("bounded", BOUNDED), ("failing", FAILING)):
        for number, steps in enumerate(programs):
            name = f"{sort} {number}"
            direct, through = heard(shop.server().address, name, steps), heard(front().address, name, steps)
            difference = first_difference(direct, through)
            if difference:
                problems.append(f"{name}: {tell(steps)}\n    {difference}")
            cases.append((name, sort, steps, cursors.shown_in(through)))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, sort, steps, seen in cases:
        shown = said[name]
        keys = shown.keys["customer"]
        if (sort != "failing" and not seen and "COMMIT" not in str(steps)) or (sort == "exact" and (keys != seen or shown.unknown)):
            problems.append(f"{name}: {tell(steps)}\n    {len(seen)} seen, {len(keys)} named, {shown.unknown} unknown, {shown.flags}")
        if len(seen - keys) > shown.unknown:
            problems.append(f"{name}: {tell(steps)}: SHOWN UNCOUNTED")
        if keys - seen:
            problems.append(f"{name}: {tell(steps)}: {len(keys - seen)} named, not shown")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:30])


@test(gateway=True)
def test_prepared_functions():
    """Where a function can run what is prepared, it has no hidden keys"""
    steps = (P, "SELECT running()", "EXECUTE p")
    with front().login(user="app", application_name="makes") as session:
        session.query("CREATE FUNCTION public.running() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN EXECUTE 'EXECUTE p' INTO r; RETURN r; END $$")
        got, due = heard(front().address, "functions", steps), heard(shop.server().address, "functions", steps)
        session.query("DROP FUNCTION running()")
        session.terminate()
    assert got == due, first_difference(due, got)
    assert any(b"Kim-" in body for kind, body in due if kind == "D"), due


PORTAL = wire.parse("EXECUTE p(2)", "e") + wire.bind(name="e", portal="q") + wire.describe("P", "q") + wire.execute(2, "q") + wire.SYNC
LATE = wire.parse("SELECT 1") + wire.bind() + wire.execute() + wire.parse(TEXTS, "t") + wire.bind(name="t") + wire.execute() + wire.SYNC
REFUSED = (
    (P, LATE),
    # the portal has begun, and keeps its columns
    ("BEGIN", TWO, PORTAL, TEXTS),
    ("BEGIN", TWO, PORTAL, "EXPLAIN (VERBOSE) EXECUTE p(1)"),
    ("BEGIN", TWO, PORTAL, KEEP.replace("EXECUTE p", "EXECUTE p(1)")),
)


@test(gateway=True)
def test_not_unveiled():
    """Where no Query of pasu's can go before it, what would tell the keys is refused, and the next time it is answered"""
    for steps in REFUSED:
        with cursors.refused(*steps) as session, shop.server().connect(user="app") as other:
            play(session, "ROLLBACK")
            play(other, P if steps[0] == P else TWO)
            got, due = (play(one, "SELECT statement FROM pg_prepared_statements WHERE name = 'p'") for one in (session, other))
            assert got == due, first_difference(due, got)
            session.terminate()


@test(gateway=True)
def test_unveiled_between():
    """A portal of EXECUTE that has begun gives the rows that it has begun with, whatever comes between"""
    for between in ("DO $$ BEGIN EXECUTE 'SELECT 1'; END $$", "CREATE TEMP TABLE between_them (a int)", "SET LOCAL search_path = public"):
        steps = ("BEGIN", TWO, PORTAL, between, wire.execute(3, "q") + wire.SYNC, "EXECUTE p(1)", "ROLLBACK")
        got, due = heard(front().address, "between", steps), heard(shop.server().address, "between", steps)
        assert got == due, f"{between}: {first_difference(due, got)}"


@test(gateway=True)
def test_unveiled_before_a_call():
    """A function that is called by message sees nothing hidden either"""
    with shop.server().connect() as session:
        oid = int(session.value("SELECT 'runs'::regproc::oid"))
    steps = (P, wire.function_call(oid, b"EXECUTE p"), "EXECUTE p")
    got, due = heard(front().address, "call", steps), heard(shop.server().address, "call", steps)
    assert got == due, first_difference(due, got)


if __name__ == "__main__":
    harness.main()
