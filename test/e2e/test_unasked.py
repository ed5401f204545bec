#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What runs where nothing seems to be run: checks of a domain when a constant is read, an expression while a statement is planned, or
for an index, statistics, the bounds of a partition. What is said then is counted. Every value carries its person's key."""
import re

import harness
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|Main Street (-?\d+)")
NAMES = "CREATE FUNCTION names() RETURNS text STABLE LANGUAGE sql AS $$ SELECT string_agg(name, ' ') FROM public.customers $$;"
DOMAINS = """
CREATE SCHEMA AUTHORIZATION app;
CREATE FUNCTION app.tells(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', public.names(); RETURN true; END $$;
CREATE FUNCTION app.fails(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', public.names(); END $$;
CREATE FUNCTION app.names(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1 FROM ' || quote_literal(public.names()); RETURN true; END $$;
CREATE DOMAIN app.named AS text CHECK (app.names(VALUE));
CREATE DOMAIN app.told AS text CHECK (app.tells(VALUE));
CREATE DOMAIN app.failed AS text CHECK (app.fails(VALUE));
CREATE DOMAIN app.read AS text CHECK ((public.names() || VALUE)::int > 0);
CREATE TYPE app.pair AS (one app.read, two int);
CREATE TABLE app.plain (k int); ALTER TABLE app.plain OWNER TO app; INSERT INTO app.plain VALUES (1);
"""
# By which a constant, or a parameter, is read; the second ones are only parsed.
READ = {
    "array": "SELECT '{x}'::app.read[]", "row": "SELECT '(x,1)'::app.pair", "explained": "EXPLAIN SELECT '{x}'::app.read[]",
    "copied": "COPY (SELECT '{x}'::app.read[]) TO STDOUT", "default": "CREATE TABLE app.t (v app.read[] DEFAULT '{x}')",
    "default told": "CREATE TABLE app.u (v app.told[] DEFAULT '{x}')", "domain": "CREATE DOMAIN app.d AS app.told[] DEFAULT '{x}'",
    "argument": "CREATE FUNCTION app.f(a app.read[] DEFAULT '{x}') RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "body": "CREATE FUNCTION app.g() RETURNS app.told[] LANGUAGE sql AS $$ SELECT '{x}'::app.told[] $$",
    "view": "CREATE VIEW app.v AS SELECT '{x}'::app.read[] AS v", "added": "ALTER TABLE app.plain ADD COLUMN z app.read DEFAULT 'x'",
    "parsed": wire.parse("SELECT '{x}'::app.read[]") + wire.SYNC, "parsed, told": wire.parse("SELECT '{x}'::app.told[]") + wire.SYNC,
    "parsed, failed": wire.parse("SELECT '{x}'::app.failed[]") + wire.SYNC,
    "parsed, named": wire.parse("SELECT '{x}'::app.named[]") + wire.SYNC, "added, named": "ALTER TABLE app.plain ADD COLUMN n app.named DEFAULT 'x'",
    "bound": wire.parse("SELECT $1::app.read") + wire.bind(["x"]) + wire.SYNC,
    "made at once": "CREATE DOMAIN app.new AS text CHECK ((public.names() || VALUE)::int > 0); SELECT '{x}'::app.new[]",
}
XML = "table_to_xml('customers', true, false, '')::text"
# Without a function of anybody's own.
ERRORS = {
    "word": "SELECT string_agg(name, ',')::tsquery FROM customers",
    "database": "SELECT has_database_privilege((SELECT string_agg(name, ' ') FROM customers), 'CONNECT')",
    "planned": f"COPY (SELECT 1 FROM products WHERE title = ({XML}::tsquery)::text) TO STDOUT",
    "check": f"CREATE DOMAIN app.x AS text CHECK ({XML}::int > 0)",
    "checked": "SELECT title::app.x FROM products",
    "copy": "CREATE TABLE app.copy AS SELECT 1 AS k, string_agg(address, ' ') AS v FROM customers",
    "index": "CREATE INDEX ON app.copy ((v::tsquery))",
    "partial": "CREATE INDEX ON app.copy (k) WHERE v::tsquery IS NOT NULL",
    "statistics": "CREATE STATISTICS app.s ON (v::tsquery), k FROM app.copy", "analyzed": "ANALYZE app.copy",
}
SILENT = {"check", "copy", "statistics"}
# Defaults of views go into their tables.
VIEWS = {
    "view": "CREATE VIEW app.one AS SELECT k, v FROM app.under", "outer": "CREATE VIEW app.two AS SELECT k, v FROM app.one",
    "default": "ALTER VIEW app.two ALTER v SET DEFAULT public.names()", "filled": "INSERT INTO app.two(k) VALUES (1)",
}
KEPT = {
    "bounds": "CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES IN (public.names())",
    "attached": "ALTER TABLE app.parted ATTACH PARTITION app.part FOR VALUES IN (public.names() || '.')",
    "missing": "ALTER TABLE app.filled ADD COLUMN n text DEFAULT public.names()",
}
WHERE = ("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'parted_1'",
         "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'part'",
         "SELECT attmissingval FROM pg_attribute WHERE attrelid = 'app.filled'::regclass AND attname = 'n'")

# What EXECUTE is given goes where the parameters of what it runs go; the table that is read then.
GIVEN = {
    "inserted": ("given_1", ["PREPARE s(text) AS INSERT INTO app.given_1 VALUES ($1)", "EXECUTE s(public.names())"]),
    "updated": ("given_2", ["INSERT INTO app.given_2 VALUES ('')", "PREPARE s(text) AS UPDATE app.given_2 SET v = $1", "EXECUTE s(public.names())"]),
    "behind": ("given_3", ["CREATE VIEW app.given AS SELECT v FROM app.given_3", "PREPARE s(text) AS INSERT INTO app.given VALUES ($1)",
                           "EXECUTE s(public.names())"]),
    "within": ("given_4", ["PREPARE s(text) AS WITH w AS (INSERT INTO app.given_4 VALUES ($1)) SELECT 1", "BEGIN", "EXECUTE s(public.names())", "COMMIT"]),
    "by message": ("given_5", [wire.parse("INSERT INTO app.given_5 VALUES ($1)", "s", (25,)) + wire.SYNC, "EXPLAIN ANALYZE EXECUTE s(public.names())"]),
}
UNGIVEN = {
    "constant": ["PREPARE s(text) AS INSERT INTO app.given_6 VALUES ($1)", "EXECUTE s('Kim-1')", "EXECUTE s(lower('A') || now())"],
    "shown": ["PREPARE s(text) AS SELECT $1, count(*) FROM app.given_6", "EXECUTE s(public.names())"],
    "undone": ["PREPARE s(text) AS INSERT INTO app.given_6 VALUES ($1)", "BEGIN", "EXECUTE s(public.names())", "ROLLBACK"],
}


def copied(sql):
    return wire.parse(sql) + wire.bind() + wire.execute() + wire.copy_data(b"1\n") + wire.COPY_DONE + wire.SYNC


def database(name, sql):
    shop.server().sql(f"CREATE DATABASE {name}")
    shop.server().script(harness.TREE / "sql" / "inspector.sql", name)
    with shop.server().connect(database=name) as session:
        session.query(shop.SCHEMA + NAMES + sql)


@harness.shared
def front():
    shop.asked()
    database("domains", DOMAINS)
    database("plain", "CREATE SCHEMA AUTHORIZATION app; CREATE TABLE app.parted (v text) PARTITION BY LIST (v); CREATE TABLE app.ranged (v text) "
             "PARTITION BY RANGE (v); CREATE TABLE app.part (v text); CREATE TABLE app.filled AS SELECT 1 AS k; CREATE TABLE app.under (k int, v text);" +
             "".join(f"ALTER TABLE app.{table} OWNER TO app;" for table in ("parted", "ranged", "part", "filled", "under")))
    return shop.front("unasked")


def ask(where, name, data):
    """Whom all that came shows, and its errors."""
    with front().login(user="app", database=where, application_name=name) as session:
        session.send(data if isinstance(data, bytes) else wire.query(data))
        seen, errors = set(), []
        while True:
            kind, body = session.receive()
            seen |= {next(filter(None, found.groups())).decode() for found in SEEN.finditer(body)}
            if kind == "E":
                errors.append(wire.read_fields(body)["C"])
            if kind == "Z":
                session.terminate()
                return seen, errors


def counted(name, said):
    shown = said.get(name)
    return len(shown.keys["customer"]) + shown.unknown if shown else 0


def check(where, cases, silent=()):
    seen = {name: ask(where, name, data)[0] for name, data in cases.items()}
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name in cases.keys() - silent:
        assert len(seen[name]) > 100, f"{name} shows nobody"
    problems = [f"{name}: {len(keys)} SHOWN UNCOUNTED, {counted(name, said)} counted" for name, keys in seen.items() if counted(name, said) < len(keys)]
    assert not problems, "\n" + "\n".join(problems)


@test(gateway=True, limit=120)
def test_constants():
    """A constant or a parameter of a type with a domain inside: its checks run when it is read, be it that the text is only parsed, and in DDL"""
    check("domains", READ)


@test(gateway=True, limit=120)
def test_own_names():
    """Where there is such a domain, an error about a name in the text is of nobody all the same; where there is none, one about a constant too"""
    wrong = {"column": "SELECT nosuch FROM customers", "table": "SELECT 1 FROM nosuch", "function": "SELECT nosuch(1)", "syntax": "SELECT 1 FROM FROM",
             "operator": "SELECT 1 @@@@ 2", "unparsed": wire.parse("SELECT nosuch FROM customers") + wire.SYNC}
    for name, data in wrong.items():
        equal((ask("domains", f"own {name}", data)[0], len(ask("plain", f"own {name}", data)[1])), (set(), 1), name)
    for name, data in (("number", "SELECT 'x'::int FROM customers"), ("parameter", wire.parse("SELECT $1::int") + wire.bind(["x"]) + wire.SYNC)):
        equal(ask("plain", f"own {name}", data), (set(), ["22P02"]), name)
    front().guard.until_sessions(0)
    said = shop.export(front())
    equal([name for name in (*wrong, "number", "parameter") if counted(f"own {name}", said)], [])


@test(gateway=True, limit=120)
def test_errors():
    """Errors whose codes are about limits and names, and that have values in them; of what the planner, an index and statistics compute, too"""
    check("plain", ERRORS, SILENT)
    check("plain", {"where": copied("COPY app.under (k) FROM STDIN WHERE public.names()::int > 0"),
                    "empty": "CREATE TABLE app.ranged_1 PARTITION OF app.ranged FOR VALUES FROM (public.names()) TO ('A')"})


@test(gateway=True, limit=120)
def test_kept():
    """What a function makes for the catalog to keep, the bounds of a partition and what is in a new column of old rows, counts to who has made it"""
    for name, sql in KEPT.items():
        equal(ask("plain", name, sql), (set(), []), name)
    for sql in WHERE:
        assert len(ask("plain", "reads", sql)[0]) == shop.CUSTOMERS, sql
    front().guard.until_sessions(0)
    said = shop.export(front())
    equal([name for name in KEPT if counted(name, said) < shop.CUSTOMERS], [])


@test(gateway=True, limit=120)
def test_defaults_of_views():
    """What a view's default puts into the table behind it, through other views, counts for whoever reads that table, also once it has no default any more"""
    for name, sql in VIEWS.items():
        equal(ask("plain", name, sql), (set(), []), name)
    check("plain", {"behind": "SELECT v FROM app.under"})
    equal(ask("plain", "undone", "ALTER VIEW app.two ALTER v DROP DEFAULT"), (set(), []))
    check("plain", {"behind, later": "SELECT v FROM app.under"})


@test(gateway=True, limit=120)
def test_given():
    """What a statement that is prepared stores of what EXECUTE is given counts for whoever reads it there; where that is nobody's, nothing does"""
    front()
    with shop.server().connect(database="plain") as session:
        for n in range(1, 7):
            session.query(f"CREATE TABLE app.given_{n} (v text); ALTER TABLE app.given_{n} OWNER TO app")
    for name, steps in [*((name, steps) for name, (_, steps) in GIVEN.items()), *UNGIVEN.items()]:
        with front().login(user="app", database="plain", application_name=f"gives, {name}") as session:
            for step in steps:
                session.send(step if isinstance(step, bytes) else wire.query(step))
                kinds = []
                while "Z" not in kinds:
                    kinds.append(session.receive()[0])
                assert "E" not in kinds, f"{name}: {step}"
            session.terminate()
    check("plain", {name: f"SELECT v FROM app.{table}" for name, (table, _) in GIVEN.items()})
    equal(ask("plain", "not given", "SELECT v FROM app.given_6"), ({"1"}, []))
    front().guard.until_sessions(0)
    equal(counted("not given", shop.export(front())), 0)


if __name__ == "__main__":
    harness.main()
