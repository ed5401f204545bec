#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Copies that statements make of persons: where each row that went in is of one person, what is read counts as so many persons as there are rows, and all of
them as so many as went in. Whatever can have put more into a row is counted for all that it can be, however soon it is gone."""
import re

import harness
import shop
from stage import equal, test
import wire

SEEN = re.compile(r"Kim-(-?\d+)")
ALL = shop.CUSTOMERS
ONE = "CREATE TABLE w.{t} AS SELECT name AS v FROM customers WHERE grade = 1 AND region = 'north' AND id > 0 ORDER BY id LIMIT 1"
MANY = "(SELECT string_agg(name, ',') FROM customers WHERE grade = 2)"
ROWS = "SELECT v FROM w.{t} ORDER BY length(v) DESC"
TRIGGER = ("CREATE FUNCTION w.f_{t}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := " + MANY + "; RETURN NEW; END $$",
           "CREATE TRIGGER g BEFORE INSERT ON w.{t} FOR EACH ROW EXECUTE FUNCTION w.f_{t}()", "INSERT INTO w.{t} VALUES ('x')",
           "DROP TRIGGER g ON w.{t}; DROP FUNCTION w.f_{t}")
FUNCTION = ("CREATE FUNCTION w.f_{t}() RETURNS void LANGUAGE sql AS 'INSERT INTO w.{t} SELECT " + MANY.replace("'", "''") + "'", "SELECT w.f_{t}()",
            "DROP FUNCTION w.f_{t}")
ANY = "EXECUTE format('UPDATE %I.%I SET v = $1', 'w', '{t}') USING " + MANY
DYNAMIC = ("CREATE FUNCTION w.f_{t}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN " + ANY + "; END $$", "SELECT w.f_{t}()", "DROP FUNCTION w.f_{t}")

# What is done, what is read of it, and how many persons that counts as at most; None: as many as are seen.
KNOWN = {
    "a table": (("CREATE TABLE w.{t} AS SELECT name AS v FROM customers WHERE grade = 1",), "SELECT v FROM w.{t} ORDER BY v LIMIT 7", None),
    "beside others' keys": (("CREATE TABLE w.{t} AS SELECT customer_id AS v, id FROM orders",
                             "INSERT INTO w.{t} SELECT id, 1 FROM products"), "SELECT v FROM w.{t} LIMIT 3", None),
    "an aggregate of it": (("CREATE TABLE w.{t} AS SELECT name AS v FROM customers WHERE grade = 1",), "SELECT string_agg(v, ',') FROM w.{t}", None),
    "in two pieces": (("CREATE TABLE w.{t} (k serial, v text)", "INSERT INTO w.{t} (v) SELECT name FROM customers WHERE grade = 1",
                       "INSERT INTO w.{t} (v) SELECT name FROM customers WHERE grade = 2"), "SELECT json_agg(v) FROM w.{t}", None),
    "by SELECT INTO": (("SELECT upper(email), name AS v INTO w.{t} FROM customers WHERE grade = 3",), "SELECT v FROM w.{t}", None),
    "a copy of a copy": (("CREATE TABLE w.of_{t} AS SELECT name FROM customers WHERE grade = 1",
                          "CREATE TABLE w.{t} AS SELECT name AS v FROM w.of_{t} ORDER BY name LIMIT 9"), "SELECT max(v), min(v) FROM w.{t}", 9),
    "a temporary one": (("CREATE TEMP TABLE {t} AS SELECT name AS v FROM customers WHERE grade = 1",), "SELECT max(v) || string_agg(v, ',') FROM {t}", None),
    "renamed": (("CREATE TABLE w.was_{t} AS SELECT name AS n FROM customers WHERE grade = 1", "ALTER TABLE w.was_{t} RENAME TO {t}",
                 "ALTER TABLE w.{t} RENAME n TO v"), ROWS, None),
}
# One that one person went into, and what can have put others there.
MIXED = {
    "of its own rows": ("INSERT INTO w.{t} SELECT v || " + MANY + " FROM w.{t}",),
    "an aggregate": ("INSERT INTO w.{t} SELECT string_agg(name, ',') FROM customers WHERE grade = 2",),
    "an aggregate of itself": ("INSERT INTO w.{t} SELECT name FROM customers WHERE grade = 2", "INSERT INTO w.{t} SELECT string_agg(v, ',') FROM w.{t}"),
    "a change": ("UPDATE w.{t} SET v = v || " + MANY,),
    "of several tables": ("INSERT INTO w.{t} SELECT a.name || b.name FROM customers a, customers b WHERE a.grade = 2 AND b.grade = 3",),
    "a block": ("DO $$ BEGIN INSERT INTO w.{t} SELECT string_agg(name, ',') FROM customers WHERE grade = 2; END $$",),
    "a block's EXECUTE": ("DO $$ BEGIN EXECUTE 'INSERT INTO w.{t} SELECT string_agg(name, '','') FROM customers WHERE grade = 2'; END $$",),
    "a block's EXECUTE of pieces": ("DO $$ BEGIN EXECUTE 'UPDATE w.' || '{t} SET v = " + MANY.replace("'", "''") + "'; END $$",),
    "a block's EXECUTE with a value": ("DO $$ BEGIN EXECUTE 'UPDATE w.' || '{t} SET v = $1' USING " + MANY + "; END $$",),
    "a block's EXECUTE of any name": ("DO $$ BEGIN " + ANY + "; END $$",),
    "a function's EXECUTE of any name": DYNAMIC,
    "one of one transaction": ("BEGIN", *DYNAMIC, "COMMIT"),
    "a function": FUNCTION,
    "a function of one transaction": ("BEGIN", *FUNCTION, "COMMIT"),
    "a trigger": TRIGGER,
    "a trigger of one transaction": ("BEGIN", *TRIGGER, "COMMIT"),
    "a rule": ("CREATE TABLE w.o_{t} (x int); CREATE RULE r AS ON INSERT TO w.o_{t} DO ALSO INSERT INTO w.{t} SELECT " + MANY,
               "INSERT INTO w.o_{t} VALUES (1)", "DROP TABLE w.o_{t}"),
    "a child": ("CREATE TABLE w.c_{t} AS SELECT string_agg(name, ',') AS v FROM customers WHERE grade = 2", "ALTER TABLE w.c_{t} INHERIT w.{t}"),
    "a conflict": ("ALTER TABLE w.{t} ADD k int DEFAULT 1, ADD UNIQUE (k)",
                   "INSERT INTO w.{t} SELECT name, 1 FROM customers WHERE grade = 2 LIMIT 1 ON CONFLICT (k) DO UPDATE SET v = {t}.v || excluded.v"),
    "another type": ("CREATE FUNCTION w.f_{t}(x text) RETURNS text LANGUAGE sql AS 'SELECT " + MANY.replace("'", "''") + "'",
                     "ALTER TABLE w.{t} ALTER v TYPE text USING w.f_{t}(v)"),
    "another table of its name": ("CREATE TABLE w.n_{t} AS SELECT string_agg(name, ',') AS v FROM customers WHERE grade = 2",
                                  "ALTER TABLE w.{t} RENAME TO old_{t}", "ALTER TABLE w.n_{t} RENAME TO {t}"),
    "a view": ("CREATE VIEW w.v_{t} AS SELECT v FROM w.{t}", "INSERT INTO w.v_{t} SELECT string_agg(name, ',') FROM customers WHERE grade = 2"),
    "within a query": ("WITH n AS (INSERT INTO w.{t} SELECT string_agg(name, ',') FROM customers WHERE grade = 2 RETURNING 1) SELECT count(*) FROM n",),
}


@harness.shared
def front():
    made = shop.front("copies")
    made.behind.sql("CREATE SCHEMA w; GRANT ALL ON SCHEMA w TO postgres")
    return made


def seen(rows):
    return set(SEEN.findall(str(rows)))


def run(group, name, statements, reading):
    """Whom the reading shows. It is a session's of its own, but of what is temporary."""
    table = f"{group}_{len(name)}_{sum(map(ord, name))}"
    with wire.login(front().address, application_name=f"makes {name}") as maker:
        for sql in statements:
            maker.query(sql.format(t=table))
        if "TEMP" in statements[0]:
            maker.query(f"SET application_name = '{name}'")
            found = seen(maker.query(reading.format(t=table)).rows)
        maker.terminate()
    if "TEMP" not in statements[0]:
        with wire.login(front().address, application_name=name) as reader:
            found = seen(reader.query(reading.format(t=table)).rows)
            reader.terminate()
    front().guard.until_sessions(0)
    return found


@test(gateway=True, limit=120)
def test_so_many_as_rows():
    """What is read of a copy is of no more persons than rows come, or went into it"""
    found = {name: run("known", name, *case[:2]) for name, case in KNOWN.items()}
    said = shop.export(front())
    for name, (statements, _, most) in KNOWN.items():
        shown = said["makes " + name] if "TEMP" in statements[0] else said[name]
        assert found[name] or "keys" in name, name
        due = len(found[name]) if most is None else most
        equal((len(shown.keys["customer"]), shown.unknown), (0, due), name)


@test(gateway=True, limit=240)
def test_whatever_else_went_in():
    """One that something can have put many persons into the rows of counts as everybody, also when that something is gone"""
    found = {name: run("mixed", name, (ONE, *statements), ROWS + " LIMIT 1") for name, statements in MIXED.items()}
    said = shop.export(front())
    for name in MIXED:
        assert len(found[name]) > 1, name
        equal(said[name].unknown, ALL, name)


@test(gateway=True)
def test_portion():
    """INSERT … RETURNING of which only a portion is fetched has put all of its rows there"""
    with wire.login(front().address, application_name="portion") as session:
        session.query("CREATE TABLE w.portion (k bigint, v text)")
        session.send(wire.parse("INSERT INTO w.portion SELECT id, name FROM customers WHERE grade = 1 RETURNING k") +
                     wire.bind() + wire.execute(1) + wire.SYNC)
        assert not session.result().errors
        rows = session.query("SELECT v FROM w.portion").rows
        aggregate = session.query("SELECT string_agg(v, ',') FROM w.portion").rows
        session.terminate()
    front().guard.until_sessions(0)
    assert len(seen(rows)) == len(seen(aggregate)) > 1
    equal(shop.export(front())["portion"].unknown, len(rows) + ALL)  # how many went in, no portion says


@test(gateway=True)
def test_restart():
    """After a restart nothing is known of how the rows came there, and they count as everybody"""
    with wire.login(front().address, application_name="before") as session:
        session.query("CREATE TABLE w.kept AS SELECT name AS v FROM customers WHERE grade = 1")
        session.terminate()
    front().guard.until_sessions(0)
    front().guard.replace("gate")
    with wire.login(front().address, application_name="after") as session:
        rows = session.query("SELECT v FROM w.kept").rows
        session.terminate()
    front().guard.until_sessions(0)
    assert len(rows) > 1
    equal(shop.export(front())["after"].unknown, ALL)


harness.main()
