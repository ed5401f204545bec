#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hidden keys of cursors: what DECLARE opens has them, and whoever fetches does not see them. Each program is run
directly and through the gateway: what comes must be the same, byte by byte, and the ledger must name just those whose
names came. What reads a cursor otherwise than by FETCH is refused once, or keeps them out."""
import itertools
import re
import struct

import harness
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@|item \d of (-?\d+)")
NAMES = "SELECT name FROM customers WHERE grade = 2 ORDER BY id"
BOTH = "SELECT name, grade FROM customers WHERE grade = 3 ORDER BY id"
LONG = "n" * 70

# A step is a text, for a Query, or messages; the server ends each with ReadyForQuery.


def asked(*statements, sync=wire.SYNC):
    """A pipeline: texts, each prepared and run with its columns described, or (text, result formats, limit)."""
    data = b""
    for one in statements:
        if isinstance(one, bytes):
            data += one
            continue
        sql, formats, limit = one if isinstance(one, tuple) else (one, (), 0)
        data += wire.parse(sql) + wire.bind(results=formats) + wire.describe() + wire.execute(limit)
    return data + sync


def declare(name, sql, options=""):
    return f"DECLARE {name} {options} CURSOR FOR {sql}"


def within(*steps):
    return ("BEGIN", *steps, "COMMIT")


C = declare("c", NAMES)
TWO = declare("c", BOTH)
EXACT = (
    within(C, "FETCH 3 FROM c", "FETCH 100 FROM c", "FETCH FROM c"),
    within(declare("c", NAMES, "SCROLL"), "FETCH LAST FROM c", "FETCH BACKWARD 2 FROM c", "FETCH ABSOLUTE 5 FROM c", "FETCH RELATIVE -2 FROM c",
           "FETCH 0 FROM c", "FETCH PRIOR FROM c", "FETCH FIRST FROM c", "FETCH BACKWARD ALL FROM c", "FETCH FORWARD 4 IN c"),
    within(declare("c", NAMES, "NO SCROLL"), "MOVE 3 IN c", "FETCH NEXT FROM c", "MOVE ALL FROM c", "FETCH FROM c"),
    within(declare("c", BOTH, "BINARY"), "FETCH 3 FROM c", asked(("FETCH 3 FROM c", (), 0), ("FETCH 3 FROM c", (0,), 0))),
    within(declare("c", NAMES, "INSENSITIVE"), "FETCH 3 FROM c", "CLOSE c"),
    within(declare('"My c"', NAMES), 'FETCH 2 FROM "My c"', asked(wire.describe("P", "My c") + wire.execute(2, "My c"))),
    within(declare(LONG, NAMES), f"FETCH 2 FROM {LONG}", f"FETCH 2 FROM {LONG[:63]}"),
    ("BEGIN; " + declare("a", NAMES) + "; " + declare("b", BOTH) + "; FETCH 2 FROM a; FETCH 3 FROM b; CLOSE a; FETCH 2 FROM b; COMMIT",),
    # a name again
    within(C, "FETCH 2 FROM c", "CLOSE c", declare("c", "SELECT title FROM products"), "FETCH 2 FROM c", "CLOSE ALL", TWO, "FETCH 2 FROM c"),
    within("SAVEPOINT s", C, "FETCH 2 FROM c", "ROLLBACK TO s", TWO, "FETCH 2 FROM c"),
    within("SAVEPOINT s", C, "FETCH 2 FROM c", "ROLLBACK TO s", "FETCH 2 FROM c", "ROLLBACK TO s", declare("c", "TABLE products"), "FETCH 2 FROM c"),
    # it outlives its transaction, or not
    (declare("c", NAMES, "").replace("FOR", "WITH HOLD FOR"), "FETCH 3 FROM c", "BEGIN", "FETCH 2 FROM c", "ROLLBACK", "FETCH 2 FROM c", "CLOSE c"),
    ("BEGIN", declare("c", BOTH).replace("FOR", "WITH HOLD FOR"), "FETCH 1 FROM c", "COMMIT",
     asked(("FETCH 3 FROM c", (0, 1), 0), wire.describe("P", "c") + wire.execute(2, "c")), "FETCH 2 FROM c", "CLOSE ALL"),
    ("BEGIN", declare("c", NAMES).replace("FOR", "WITH HOLD FOR"), "FETCH 1 FROM c", "ROLLBACK", "FETCH 1 FROM c",
     *within(declare("c", "SELECT title FROM products"), "FETCH 1 FROM c")),
    # by message
    within(asked(C, wire.describe("P", "c") + wire.execute(2, "c"), wire.execute(3, "c"), "FETCH 1 FROM c")),
    within(C, asked(wire.execute(2, "c")), asked(wire.execute(2, "c"), wire.close("P", "c")), C, asked(wire.execute(0, "c"))),
    within(TWO, asked(("FETCH 3 FROM c", (0, 1), 0), ("FETCH 3 FROM c", (1, 1), 0), ("FETCH 3 FROM c", (1,), 0), ("FETCH ALL FROM c", (1, 0), 2))),
    within(TWO, asked(wire.parse("FETCH 2 FROM c", "f") + wire.describe("S", "f") + wire.bind(name="f", results=(0, 1)) + wire.execute()),
           asked(wire.bind(name="f") + wire.execute())),
    (asked("BEGIN", TWO, ("FETCH 3 FROM c", (0, 1), 0), "COMMIT"),),
    (asked("BEGIN", C, wire.execute(1, "c"), "CLOSE c", TWO, ("FETCH 1 FROM c", (0, 1), 0), wire.execute(1, "c"), "CLOSE ALL",
           declare("c", "SELECT title FROM products"), wire.execute(1, "c"), "COMMIT"),),
    within(asked(wire.parse("DECLARE d CURSOR FOR SELECT name FROM customers WHERE id > $1 AND grade = 1 ORDER BY id") +
                 wire.bind(("1200",)) + wire.execute()), "FETCH 3 FROM d"),
    # keys from further inside, of groups, of changes in between
    within(declare("c", "SELECT n FROM (SELECT name AS n FROM customers WHERE grade = 1) s ORDER BY 1"), "FETCH 5 FROM c"),
    within(declare("c", "SELECT title FROM products WHERE id < 3 UNION ALL SELECT name FROM customers WHERE grade = 1", "BINARY"), "FETCH 9 FROM c"),
    within(declare("c", "SELECT region, string_agg(name, ',' ORDER BY name) FROM customers WHERE grade = 1 AND id > 1000 GROUP BY 1 ORDER BY 1"),
           "FETCH 2 FROM c", asked(("FETCH 2 FROM c", (1, 0), 0))),
    within(declare("c", f"{NAMES} FOR UPDATE"), "FETCH 2 FROM c", "UPDATE customers SET grade = grade WHERE CURRENT OF c", "FETCH 1 FROM c", "ROLLBACK"),
    within(declare("c", "SELECT name FROM customers WHERE grade = 2"), "FETCH 3 FROM c", "UPDATE customers SET grade = grade WHERE CURRENT OF c",
           "FETCH 1 FROM c", "ROLLBACK"),
    within(declare("c", "SELECT * FROM odd"), "FETCH 3 FROM c", asked(wire.describe("P", "c") + wire.execute(2, "c"))),
    within(asked(wire.parse(C, "d")), "EXECUTE d", "FETCH 2 FROM c"),
    ("PREPARE p AS SELECT title FROM products", *within(declare("p", NAMES), "FETCH 2 FROM p", "EXECUTE p", "DEALLOCATE p", "FETCH 2 FROM p")),
)
# Whom these show is a bound; nobody who is not shown is named. Errors can speak of anybody.
BOUNDED = (
    ("BEGIN", "INSERT INTO notes SELECT name FROM customers WHERE grade = 2", declare("c", "SELECT note FROM notes").replace("FOR", "WITH HOLD FOR"),
     "COMMIT", "SELECT 1", "FETCH ALL FROM c", "CLOSE c", "DELETE FROM notes"),
    within(C, "SAVEPOINT s", C, "ROLLBACK TO s", "FETCH 2 FROM c"),
    within(declare("c", f"{NAMES} FOR UPDATE"), "FETCH 2 FROM c", "DELETE FROM parcels WHERE CURRENT OF c"),
    within("SAVEPOINT s", C, "FETCH 1 FROM c", "ROLLBACK TO s", "SELECT opens()", "FETCH 2 FROM c", asked(wire.describe("P", "c") + wire.execute(2, "c"))),
    within(C, "FETCH 1 FROM c", "CLOSE c", "SELECT opens()", asked(("FETCH 2 FROM c", (0, 1), 0)), "FETCH 2 FROM c"),
    within(asked(wire.parse(NAMES, "s") + wire.parse("EXECUTE s", "e") + wire.bind(name="e", portal="p") + wire.execute(2, "p")), "FETCH 2 FROM p"),
    within(declare("c", "SELECT name AS pasu_key_1, grade FROM customers"), "FETCH 3 FROM c", asked(wire.describe("P", "c") + wire.execute(2, "c"))),
    within(declare("c", "SELECT DISTINCT name FROM customers WHERE grade = 2"), "FETCH 2 FROM c"),
)
# The server tells the columns of one thing, and gives the rows of another, when a name gets another meaning in between.
SWAPPED = (
    within(asked(wire.parse(NAMES, "s") + wire.parse("EXECUTE s", "e") + wire.bind(name="e", portal="p") + wire.describe("P", "p") + wire.execute(2, "p")),
           "DEALLOCATE s; PREPARE s AS SELECT title FROM products", asked(wire.execute(2, "p")), "FETCH 2 FROM p"),
    within(asked(wire.parse("SELECT id, name FROM customers WHERE grade = 2 ORDER BY id", "s") + wire.parse("EXECUTE s", "e") +
                 wire.bind(name="e", portal="p") + wire.execute(2, "p")),
           "DEALLOCATE s; PREPARE s AS SELECT id, title FROM products", "FETCH 2 FROM p", asked(wire.describe("P", "p") + wire.execute(2, "p"))),
    within(declare("c", "SELECT 1::bigint, title FROM products"), asked(wire.parse("FETCH 2 FROM c", "f") + wire.bind(name="f", portal="q") + wire.describe("P", "q")),
           "CLOSE c", declare("c", "SELECT id, name FROM customers ORDER BY id"), asked(wire.execute(0, "q"))),
)
FAILING = (
    within("DECLARE c CURSOR FOR SELECT name, nmae FROM customers"),
    within("DECLARE c CURSOR FOR SELECT name FROM customers ORDER BY 2"),
    within("DECLARE c CURSOR FOR SELECT name FROM customers ORDER BY pasu_key_1"),
    within("DECLARE c CURSOR FOR SELECT name::int FROM customers", "FETCH 1 FROM c"),
    within(C, C),
    (C,),
    ("FETCH 1 FROM c",),
    within(C, "UPDATE parcels SET weight = 1 WHERE CURRENT OF c"),
    within(declare("c", NAMES, "NO SCROLL"), "FETCH 2 FROM c", "FETCH BACKWARD 1 FROM c"),
)

EXTRA = """
CREATE TABLE odd (pasu_key_1 text, pasu_key_2 int, name text, id bigint);
INSERT INTO odd SELECT 'x', 1, name, id FROM customers WHERE grade = 2 ORDER BY id LIMIT 5;
CREATE FUNCTION opens() RETURNS refcursor LANGUAGE plpgsql AS
    $$ DECLARE r refcursor := 'c'; BEGIN OPEN r FOR SELECT name, grade FROM customers ORDER BY id; RETURN r; END $$;
CREATE FUNCTION runs(t text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE t INTO r; RETURN r; END $$;
CREATE FUNCTION does(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE t; END $$;
CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE TABLE notes (note text);
GRANT SELECT ON odd TO app;
GRANT SELECT, INSERT, DELETE ON notes TO app;
GRANT CREATE ON SCHEMA public TO app;
"""
PERSONAL = shop.CONFIG["personal_data"] + [shop.personal("odd", "customer", "id", {"name": "name"})]
numbers = itertools.count(1)


@harness.shared
def front():
    shop.server().sql(EXTRA)
    return shop.front("cursors", more={"personal_data": PERSONAL})


def play(session, step):
    """What the server says to a step."""
    session.send(step if isinstance(step, bytes) else wire.query(step))
    said = []
    while True:
        kind, body = session.receive()
        if kind == "E":
            body = {key: value for key, value in wire.read_fields(body).items() if key in "SCMDHPpq"}
        said.append((kind, body))
        if kind == "Z":
            return said


def heard(address, name, steps):
    with wire.login(address, user="app", application_name=name) as session:
        said = [message for step in steps for message in play(session, step)]
        session.terminate()
    return said


def first_difference(one, other):
    for left, right in zip(one, other):
        if left != right:
            return f"{str(left)[:300]}\n    but {str(right)[:300]}"
    return None if len(one) == len(other) else f"{len(one)} messages, but {len(other)}"


def shown_in(said):
    return {next(filter(None, found)).decode() for kind, body in said if kind == "D" for found in SEEN.findall(body)}


def tell(steps):
    return " | ".join(step if isinstance(step, str) else repr(step) for step in steps)[:600]


@test(gateway=True, limit=200)
def test_cursors():
    """What is fetched is the same with hidden keys, and whom the ledger names are those who were shown"""
    front()
    problems, cases = [], []
    for sort, programs in (("exact", EXACT), ("bounded", BOUNDED), ("swapped", SWAPPED), ("failing", FAILING)):
        for number, steps in enumerate(programs):
            name = f"{sort} {number}"
            direct = heard(shop.server().address, name, steps)
            through = heard(front().address, name, steps)
            if sort == "swapped":  # what the server tells then is not of the rows' columns, and an error speaks of their number
                difference = None
                problems += [f"{name}: {body}" for kind, body in through if kind in "TD" and b"pasu" in body]
            else:
                difference = first_difference(direct, through)
            if difference:
                problems.append(f"{name}: {tell(steps)}\n    {difference}")
            cases.append((name, sort, steps, shown_in(through)))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, sort, steps, seen in cases:
        shown = said[name]
        keys = shown.keys["customer"]
        if (sort != "failing" and not seen) or (sort == "exact" and (keys != seen or shown.unknown)):
            problems.append(f"{name}: {tell(steps)}\n    {len(seen)} seen, {len(keys)} named, {shown.unknown} unknown, {shown.flags}")
        if len(seen - keys) > shown.unknown:
            problems.append(f"{name}: {tell(steps)}: SHOWN UNCOUNTED")
        if keys - seen:
            problems.append(f"{name}: {tell(steps)}: {len(keys - seen)} named, not shown")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:30])


# ---- who reads a cursor otherwise ----

XML = "SELECT cursor_to_xml('c', 2, false, false, '')"
XML_OF = "SELECT cursor_to_xml($1, 2, false, false, '')"
XML_CALL = wire.function_call(2925, b"c", struct.pack("!i", 2), b"\0", b"\0", b"")
DO = "DO $$ DECLARE r refcursor := 'c'; n record; BEGIN FETCH r INTO n; RAISE NOTICE '%', n; END $$"
DO_TEXT = "DO $$ DECLARE n record; BEGIN EXECUTE 'FETCH 1 FROM c' INTO n; RAISE NOTICE '%', n; END $$"
READER = ("CREATE FUNCTION pg_temp.reads(r refcursor) RETURNS text LANGUAGE plpgsql AS "
          "$$ DECLARE n record; BEGIN FETCH r INTO n; RETURN n::text; END $$")
GIVEN = "SELECT runs('FETCH 1 FROM c')"
GIVEN_OF = "SELECT runs($1)"
OTHER = (XML, "SELECT * FROM cursor_to_xmlschema('c', false, false, '')", 'SELECT U&"cursor\\005fto_xml"(\'c\', 2, false, false, \'\')',
         DO, DO_TEXT, READER, GIVEN, XML_CALL, asked(XML),
         wire.parse(XML_OF) + wire.bind(("c",)) + wire.execute() + wire.SYNC,
         wire.parse(GIVEN_OF) + wire.bind((" fetch 1 FROM c",)) + wire.execute() + wire.SYNC)


# A hidden key: with its name, in a record, or alone in a row.
KEY = re.compile(rb"pasu_key|\(-?\d+,Kim|\A\x00\x01.{4}-?\d{2,}\Z", re.S)


def refused(*steps):
    """What a session says to steps of which the last one is refused; where the catalog is just being read again, no
    cursor has a hidden key, and nothing is refused."""
    for _ in range(20):
        session = front().login(user="app", application_name="refused")
        said = [play(session, step) for step in steps]
        shown = [body for kind, body in said[-1] if kind in "TDNV" and KEY.search(body)]
        assert not shown, f"{tell(steps)}: {shown}"
        errors = [body["M"] for kind, body in said[-1] if kind == "E"]
        if errors:
            equal([text.split(":")[0] for text in errors], ["pasu cannot run this"], tell(steps))
            return session
        session.terminate()
        session.abort()
    raise AssertionError(f"not refused: {tell(steps)}")


@test(gateway=True)
def test_prepared_before():
    """A cursor whose text was prepared before the session spoke of what would see its key is kept from it"""
    with refused("BEGIN", asked(wire.parse(C, "d") + wire.parse(XML_OF, "x")), asked(wire.bind(name="d") + wire.execute()),
                 wire.bind(("c",), name="x") + wire.describe() + wire.execute() + wire.SYNC) as session:
        session.terminate()
    with refused("BEGIN", asked(wire.parse(C, "d")), "EXECUTE d", XML) as session:
        session.terminate()


@test(gateway=True)
def test_read_otherwise():
    """What would see a hidden key is refused while there is one, and gets the server's answer in the next transaction"""
    for step in OTHER:
        steps = within(C, "FETCH 1 FROM c", step)
        with refused(*steps[:-1]) as session, shop.server().connect(user="app") as other:
            play(session, "ROLLBACK")
            for one in steps:
                got, due = play(session, one), play(other, one)
                assert got == due, f"{tell(steps)}\n    {first_difference(due, got)}"
            session.terminate()


@test(gateway=True)
def test_read_before():
    """A session that has spoken of it before is never refused, and no cursor of it has a hidden key"""
    prepared = wire.parse(XML_OF, "x") + wire.SYNC
    runs = wire.bind(("c",), name="x") + wire.describe() + wire.execute() + wire.SYNC
    cases = (
        (READER, *within(C, "SELECT pg_temp.reads('c')", "FETCH 2 FROM c")),
        (prepared, *within(C, runs, "FETCH 1 FROM c", runs)),
        ("PREPARE y AS SELECT cursor_to_xml('c', 2, false, false, '')", *within(C, "FETCH 1 FROM c", "EXECUTE y")),
        within("SELECT does('CREATE FUNCTION pg_temp.made(refcursor) RETURNS text LANGUAGE plpgsql AS ''DECLARE n record; BEGIN FETCH $1 INTO n; "
               "RETURN n::text; END''')", C, "SELECT pg_temp.made('c')"),
        within("DO $$ BEGIN EXECUTE replace('CREATE FUNCTION pg_temp.made(refcursor) RETURNS text LANGUAGE plpgsql AS ''DECLARE n record; "
               "BEGIN F-ETCH $1 INTO n; RETURN n::text; END''', '-', ''); END $$", C, "SELECT pg_temp.made('c')"),
    )
    for number, steps in enumerate(cases):
        name = f"before {number}"
        got, due = heard(front().address, name, steps), heard(shop.server().address, name, steps)
        assert got == due, f"{tell(steps)}\n    {first_difference(due, got)}"
        assert any(b"Kim-" in body for kind, body in due if kind in "DN"), due


@test(gateway=True)
def test_functions():
    """Where a function can fetch from a cursor that it has not opened, no cursor has a hidden key"""
    steps = within(C, "SELECT taking('c')", "FETCH 2 FROM c", "SELECT taking('c')")
    with front().login(user="app", application_name="makes") as session:
        session.query("CREATE FUNCTION public.taking(r refcursor) RETURNS text LANGUAGE plpgsql AS "
                      "$$ DECLARE n record; BEGIN FETCH r INTO n; RETURN n::text; END $$")
        got, due = heard(front().address, "functions", steps), heard(shop.server().address, "functions", steps)
        session.query("DROP FUNCTION taking(refcursor)")
        session.terminate()
    assert got == due, first_difference(due, got)


# ---- cursors that outlive their transactions ----

HELD = declare("c", NAMES).replace("FOR", "WITH HOLD FOR")
PLAIN = "DECLARE foo CURSOR WITH HOLD FOR SELECT 1"
PLAIN_XML = "SELECT cursor_to_xml('foo', 2, false, false, '')"
PLAIN_DO = DO.replace("'c'", "'foo'")
TAKING = ("CREATE FUNCTION public.taking(r refcursor) RETURNS text LANGUAGE plpgsql AS "
          "$$ DECLARE n record; BEGIN FETCH r INTO n; RETURN n::text; END $$")
CATALOG = "SELECT relname, does('SELECT 1') FROM pg_class WHERE relname = 'customers'"


@test(gateway=True)
def test_held_plain():
    """Where no open cursor has a hidden key nothing is refused, whichever outlive their transactions or were there before"""
    products = "SELECT title FROM products ORDER BY id"
    cases = (
        (declare("c", products).replace("FOR", "WITH HOLD FOR"), XML, DO, GIVEN, XML_CALL, asked(XML), "CLOSE c"),
        (PLAIN, *within(C, "FETCH 1 FROM c"), PLAIN_XML, PLAIN_DO, "CLOSE ALL"),
        (PLAIN, HELD, "FETCH 1 FROM c", "CLOSE c", PLAIN_XML),
        (PLAIN, HELD, asked(wire.close("P", "c")), PLAIN_XML),
        (HELD, "BEGIN", PLAIN.replace("WITH HOLD", ""), "CLOSE c", PLAIN_XML, "COMMIT"),
        within(C, "FETCH 1 FROM c", "CLOSE c", declare("c", products), XML, "CLOSE ALL", C, "CLOSE ALL", READER),
        (PLAIN, "BEGIN", HELD, "ROLLBACK", "CLOSE ALL", PLAIN, PLAIN_XML, "CLOSE ALL"),
        within(asked(C, "FETCH 1 FROM c", "CLOSE c"), PLAIN.replace("WITH HOLD", ""), PLAIN_XML),
    )
    for number, steps in enumerate(cases):
        name = f"plain {number}"
        got, due = heard(front().address, name, steps), heard(shop.server().address, name, steps)
        assert got == due, f"{tell(steps)}\n    {first_difference(due, got)}"
    with front().login(user="app", application_name="makes") as session:
        session.query(TAKING)
        steps = (PLAIN, CATALOG, "SELECT taking('foo')", *within(CATALOG, asked(CATALOG)), "CLOSE foo")
        got, due = heard(front().address, "plain, taking", steps), heard(shop.server().address, "plain, taking", steps)
        session.query("DROP FUNCTION taking(refcursor)")
        session.terminate()
    assert got == due, first_difference(due, got)


@test(gateway=True, limit=200)
def test_held_hiding():
    """A cursor that outlives its transaction keeps its hidden key to itself: whoever opened it and however long ago"""
    prepared = asked(wire.parse(HELD, "d"))
    ways = (
        (HELD,),
        within(HELD, "FETCH 1 FROM c"),
        ("BEGIN; " + HELD + "; FETCH 1 FROM c; COMMIT",),
        (asked("BEGIN", HELD, "COMMIT"),),
        (asked(HELD),),
        (prepared, asked(wire.bind(name="d") + wire.execute())),
        (prepared, "EXECUTE d"),
        (prepared, asked("EXECUTE d")),
        within(prepared, "SAVEPOINT s", "EXECUTE d", "RELEASE s"),
        (PLAIN, HELD, "CLOSE foo"),
        # a ROLLBACK of another transaction
        ("BEGIN; " + HELD + "; COMMIT; SELECT 1; ROLLBACK",),
        (HELD, "BEGIN", "ROLLBACK", "ROLLBACK"),
        ("BEGIN", HELD + "; COMMIT; SELECT 1; ROLLBACK"),
        ("BEGIN", HELD, "COMMIT AND CHAIN", "ROLLBACK"),
        (asked(HELD, "CALL ends()", "ROLLBACK"),),
        ("BEGIN", asked("COMMIT", HELD, "CALL ends()", "ROLLBACK")),
        ("BEGIN", asked("COMMIT", HELD, "CALL ends()", "BEGIN"), "ROLLBACK"),
        ("BEGIN", HELD, asked(wire.parse("COMMIT AND CHAIN", "e")), "EXECUTE e", "ROLLBACK"),
        ("BEGIN", HELD, asked(wire.parse("COMMIT AND CHAIN", "e")), "SELECT does('EXECUTE e')", "ROLLBACK"),
        within("SAVEPOINT s", "SELECT 1", "ROLLBACK TO s", HELD),
        within("SAVEPOINT s", HELD, "SAVEPOINT t", "SELECT nobody", "ROLLBACK TO t"),
        (PLAIN, HELD, PLAIN.replace("foo", "bar"), "CLOSE foo", asked(wire.close("P", "bar"))),
    )
    for opened in ways:
        between = (*within("SELECT 1"), "SELECT title FROM products WHERE id = 1", *within("SELECT 1", "SELECT nobody")[:-1], "ROLLBACK")
        there = heard(shop.server().address, "there", (*opened, *between, "FETCH 1 FROM c"))
        assert shown_in(there[-3:]), f"{tell(opened)}: {there[-3:]}"
        for step in (XML, DO, GIVEN, XML_CALL, OTHER[-1]):
            refused(*opened, *between, "FETCH 1 FROM c", step).abort()
    for step in OTHER:
        with refused(HELD, step) as session, shop.server().connect(user="app") as other:
            play(session, "CLOSE c")
            for one in (HELD, step, "FETCH 1 FROM c", step, "CLOSE c"):
                got, due = play(session, one), play(other, one)
                assert got == due, f"{tell((HELD, step))}\n    {first_difference(due, got)}"
            session.terminate()


@test(gateway=True)
def test_held_function():
    """A function that comes to be behind such a cursor does not see its key either"""
    front()
    for _ in range(20):
        with front().login(user="app", application_name="before") as session, front().login(user="app", application_name="makes") as maker:
            play(session, HELD)
            maker.query(TAKING)
            said = play(session, "SELECT taking('c')")
            maker.query("DROP FUNCTION taking(refcursor)")
            session.terminate()
            maker.terminate()
        errors = [body["M"] for kind, body in said if kind == "E"]
        assert all(b"," not in body for kind, body in said if kind == "D"), said
        if errors:
            break
    equal([text.split(":")[0] for text in errors], ["pasu cannot run this"])



# ---- code that ends the transaction by a name ----

BODY = "CREATE FUNCTION pg_temp.ending() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'EXECUTE e'; END $$"


@test(gateway=True)
def test_ended_by_name():
    """What a transaction has put into tables counts where code has ended it by EXECUTE of a COMMIT, and ROLLBACK ends the next one"""
    prepared = asked(wire.parse("COMMIT AND CHAIN", "e"))
    ways = (
        ("EXECUTE e",),
        ("DO $$ BEGIN EXECUTE 'EXECUTE e'; END $$",),
        ("SELECT does('EXECUTE e')",),
        (asked("SELECT does('EXECUTE e')"),),
        (BODY, "SELECT pg_temp.ending()"),
    )
    front()
    for number, steps in enumerate(ways):
        heard(front().address, f"ends {number}", (f"CREATE TABLE ended{number} (note text)", prepared, "BEGIN",
                                                  f"INSERT INTO ended{number} SELECT name FROM customers WHERE grade = 2", *steps, "ROLLBACK"))
        seen = shown_in(heard(front().address, f"ended {number}", (f"SELECT note FROM ended{number} LIMIT 2",)))
        assert len(seen) == 2, f"{tell(steps)}: {seen}"
    front().guard.until_sessions(0)
    said = shop.export(front())
    unknown = {tell(steps): said[f"ended {number}"].unknown for number, steps in enumerate(ways)}
    assert all(count >= 2 for count in unknown.values()), unknown


if __name__ == "__main__":
    harness.main()
