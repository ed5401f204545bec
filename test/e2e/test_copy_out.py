#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""COPY … TO STDOUT: the client gets the server's bytes, and the ledger names whom they show, person by person."""
import itertools
import re

import chopper
import harness
import postgres
import shop
import stage
from stage import equal, test
import wire

LOGIN = "'n' || i || (ARRAY['', E'\\t', E'\\n', '\"', E'\\\\', '|', ',', E'\\r', '''', E'\\\\N', E'\\\\.', '사용자'])[1 + i % 12] || 'x'"
NAME = "(ARRAY['plain', E'tab\\tnewline\\n', '\"quoted\"', E'back\\\\slash', 'a|b,c', '', E'\\\\N', E'\\\\.', NULL, '이름', E'\\r', '''s'])[1 + i % 12]"
# Persons whose keys and names are hard to quote; a table of them that has children; one whose columns are not all copied.
SCHEMA = f"""
CREATE TABLE h_people (login text PRIMARY KEY, name text, email text);
INSERT INTO h_people SELECT {LOGIN}, {NAME}, CASE WHEN i % 5 > 0 THEN 'e' || i END FROM generate_series(1, 60) i;
INSERT INTO h_people VALUES ('', 'empty', NULL), (E'\\\\N', 'null', NULL), (E'\\\\.', 'end', NULL);
CREATE TABLE h_parent (id int PRIMARY KEY, name text);
CREATE TABLE h_child (more text) INHERITS (h_parent);
INSERT INTO h_parent SELECT i, 'parent' || i FROM generate_series(1, 5) i;
INSERT INTO h_child SELECT i, 'child' || i FROM generate_series(6, 9) i;
CREATE TABLE h_made (gone text, id int, twice int GENERATED ALWAYS AS (id * 2) STORED, name text);
ALTER TABLE h_made DROP COLUMN gone;
INSERT INTO h_made (id, name) SELECT i, 'made' || i FROM generate_series(1, 7) i;
CREATE TABLE h_secured (id int, name text, owner text);
INSERT INTO h_secured SELECT i, 'secured' || i, (ARRAY['app', 'analyst'])[1 + i % 2] FROM generate_series(1, 10) i;
ALTER TABLE h_secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON h_secured USING (owner = CURRENT_USER);
CREATE TABLE h_wide (id numeric, name text);
CREATE TABLE h_computed (raw int, id int GENERATED ALWAYS AS (raw + 1) STORED, name text);
INSERT INTO h_computed (raw, name) SELECT i, 'computed' || i FROM generate_series(1, 5) i;
CREATE TABLE h_narrow (id int, name text);
INSERT INTO h_narrow SELECT i, 'narrow' || i FROM generate_series(1, 6) i;
INSERT INTO h_wide VALUES (1.00, 'a'), (2, 'b'), (-3, 'c'), (12345678901.0, 'd'), (NULL, 'nobody');
CREATE TABLE h_large (id int, name text);
INSERT INTO h_large SELECT i, repeat('이름"\\', 400000 * i) FROM generate_series(1, 3) i;
CREATE TABLE h_periods (id int, name text);
INSERT INTO h_periods VALUES (1, E'\\\\.'), (NULL, E'\\\\.'), (3, '.');
CREATE SCHEMA app AUTHORIZATION app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app, analyst;
REVOKE SELECT ON h_narrow FROM app;
GRANT SELECT (name) ON h_narrow TO app;
"""
PEOPLE = [shop.personal("h_people", "account", "login", {"name": "name", "email": "email"}),
          *(shop.personal(table, "customer", "id", {"name": "name"})
            for table in ("h_parent", "h_made", "h_secured", "h_wide", "h_large", "h_periods", "h_computed", "h_narrow"))]
MORE = {"personal_data": shop.CONFIG["personal_data"] + PEOPLE}


@harness.shared
def server():
    shop.server().sql(SCHEMA)
    return shop.server()


@harness.shared
def plain():
    server()
    return shop.front("copies", more=MORE)


@harness.shared
def chopped():
    made = chopper.Chopper(server().address)
    yield shop.front("chopped copies", more=MORE, upstream=made.upstream)
    made.close()


def messages(session, data):
    """What the server says to that, but for what no two sessions have in common."""
    session.send(data)
    found = []
    while True:
        kind, body = session.receive()
        found.append((kind, body))
        if kind == "Z":
            return found


def direct(sql, user="app", **options):
    with server().connect(user=user, **options) as session:
        return messages(session, wire.query(sql))


def keys_of(sql, user="app"):
    """The first column of what the server itself answers."""
    with server().connect(user=user) as session:
        return {row[0] for row in session.query(sql).rows if row[0] is not None}


numbers = itertools.count(1)


class Asked:
    """A text that was asked through the gateway, and what the ledger is to say of it."""

    def __init__(self, front, sql, kind=None, keys=(), *, user="app", unknown=0, due=None, **options):
        self.sql, self.kind, self.keys, self.unknown = sql, kind, set(keys), unknown
        self.name = f"copied {next(numbers)}"
        with front.login(user=user, application_name=self.name, **options) as session:
            got = messages(session, wire.query(sql))
            session.terminate()
        due = due or direct(sql, user, **options)
        assert got == due, f"{sql}:\n{got}\n{due}"

    def check(self, said):
        shown = said[self.name]
        named = {kind: keys for kind, keys in shown.keys.items() if keys}
        due = {self.kind: self.keys} if self.keys else {}
        equal((named, shown.unknown), (due, self.unknown), f"{self.sql} {shown.flags}")
        if self.keys:
            assert "copy" in shown.flags and not shown.flags & {"bound"}, (self.sql, shown)


def check(front, asked):
    front.guard.until_sessions(0)
    said = shop.export(front)
    for one in asked:
        one.check(said)


CUSTOMERS, LOGINS = "SELECT id FROM customers", "SELECT login FROM h_people"
# A table, the columns of it, whose rows they are: each key's type, and the key at each place.
TABLES = (
    ("customers", "", "customer", CUSTOMERS),
    ("public.customers", "(name, grade, id)", "customer", CUSTOMERS),
    ("orders", "(item, customer_id)", "customer", "SELECT customer_id FROM orders"),
    ("members", "", "member", "SELECT id FROM members"),
    ("accounts", "", "account", "SELECT login FROM accounts"),
    ("h_people", "(email, login, name)", "account", LOGINS),
    ("h_parent", "", "customer", "SELECT id FROM ONLY h_parent"),
    ("h_secured", "", "customer", "SELECT id FROM h_secured"),
    ("h_made", "(name, id)", "customer", "SELECT id FROM h_made"),
    ("h_made", "", "customer", "SELECT id FROM h_made"),
)
WAYS = ("", "BINARY", "CSV", "(FORMAT csv, HEADER, FORCE_QUOTE *)", "CSV QUOTE '''' ESCAPE E'\\\\' DELIMITER '|' NULL 'none'",
        "DELIMITER '|'", "(NULL '-', DELIMITER ',')", "(FORMAT csv, ENCODING 'UTF8', NULL '\\N')")


def tables(front):
    asked = []
    for table, columns, kind, truth in TABLES:
        for way in WAYS:
            asked.append(Asked(front, f"COPY {table} {columns} TO STDOUT {way}", kind, keys_of(truth)))
    check(front, asked)


@test(gateway=True)
def test_tables():
    """Tables, in every form: bytes as without the gateway, and every person by name"""
    tables(plain())


@test(gateway=True)
def test_tables_in_small_packets():
    """The same where the server's bytes come in packets of any size"""
    tables(chopped())


QUERIES = (
    ("SELECT id, name FROM customers WHERE grade = 2 ORDER BY id", "customer"),
    ("SELECT name, login FROM h_people ORDER BY 2", "account"),
    ("SELECT c.id, c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1", "customer"),
    ("SELECT upper(name), id FROM public.customers WHERE id < 0", "customer"),
    ("SELECT name FROM public.customers WHERE id = 1287", "customer"),
    ("SELECT name, phone FROM customers WHERE id IN (1287)", "customer"),
    ("SELECT customer_id, item FROM orders ORDER BY 1, 2 LIMIT 9", "customer"),
)


# What the client asks for, the table it comes from and its key: whose key is not in the rows.
HIDDEN = (
    ("name, email", "customers WHERE grade = 2", "customer", "id"),
    ("phone", "customers ORDER BY 1 DESC NULLS FIRST, id", "customer", "id"),
    ("name", "h_people", "account", "login"),
    ("name || 'x', email", "public.h_people WHERE email IS NOT NULL", "account", "login"),
    ("item AS i, amount", "orders LIMIT 7", "customer", "customer_id"),
    ("name", "h_wide WHERE id <> 0", "customer", "trim_scale(id)"),
)


def hidden(front):
    asked = []
    for (columns, table, kind, key), way in itertools.product(HIDDEN, WAYS):
        asked.append(Asked(front, f"COPY (SELECT {columns} FROM {table}) TO STDOUT {way}", kind,
                           keys_of(f"SELECT {key} FROM {re.sub(' ORDER .*', '', table)}")))
    check(front, asked)


@test(gateway=True)
def test_hidden_keys():
    """Queries whose rows have no key: it is asked for, and taken out of rows, header and CopyOutResponse"""
    hidden(plain())


@test(gateway=True)
def test_hidden_keys_in_small_packets():
    """The same where the server's bytes come in packets of any size"""
    hidden(chopped())


# Columns of a table without its key: whose rows they are. Of a key that COPY does not take, or the role may not read, a number.
LISTED = (
    ("customers", "(name)", "customer", CUSTOMERS),
    ("public . customers /* ( */", "( phone , \"name\", grade )", "customer", CUSTOMERS),
    ("orders", "(item, amount)", "customer", "SELECT customer_id FROM orders"),
    ("members", "(name)", "member", "SELECT id FROM members"),
    ("h_people", "(email, name)", "account", LOGINS),
    ("h_parent", "(name)", "customer", "SELECT id FROM ONLY h_parent"),
    ("h_secured", "(owner, name)", "customer", "SELECT id FROM h_secured"),
    ("h_wide", "(name)", "customer", "SELECT trim_scale(id) FROM h_wide WHERE id <> 0"),
    ("h_computed", "(name)", "customer", 5),
    ("h_narrow", "(name)", "customer", 6),
)


def listed(front):
    asked = []
    for (table, columns, kind, truth), way in itertools.product(LISTED, WAYS):
        sql = f"COPY {table} {columns} TO STDOUT {way}"
        if isinstance(truth, int):
            asked.append(Asked(front, sql, unknown=truth))
        else:
            asked.append(Asked(front, sql, kind, keys_of(truth), unknown=int(table == "h_wide")))
    check(front, asked)


@test(gateway=True)
def test_listed_columns():
    """Columns of a table without its key: it is named in the list, and taken out; of nobody where it cannot be"""
    listed(plain())


@test(gateway=True)
def test_listed_columns_in_small_packets():
    """The same where the server's bytes come in packets of any size"""
    listed(chopped())


@test(gateway=True)
def test_queries():
    """Queries whose rows have the key, or pin it"""
    asked = []
    for (sql, kind), way in itertools.product(QUERIES, WAYS):
        column = re.sub(r"SELECT .*? FROM", "SELECT {} FROM", sql, count=1).format(
            {"account": "login", "customer": "customer_id" if "FROM orders" in sql else "c.id" if "JOIN" in sql else "id"}[kind])
        asked.append(Asked(plain(), f"COPY ({sql}) TO STDOUT {way}", kind, keys_of(re.sub(r" ORDER BY (1, )?2", " ORDER BY 1", column))))
    check(plain(), asked)


# ---- what is not told by a key ----

@test(gateway=True)
def test_rows_without_a_key():
    """A row whose key is null shows somebody; one value that looks like null can be a key, or none"""
    check(plain(), [
        Asked(plain(), "COPY h_wide TO STDOUT", "customer", {"1", "2", "-3", "12345678901"}, unknown=1),
        Asked(plain(), "COPY h_wide TO STDOUT (FORMAT csv, NULL '2')", "customer", {"1", "2", "-3", "12345678901"}, unknown=1),
        Asked(plain(), "COPY h_wide TO STDOUT (NULL '2')", "customer", {"1", "-3", "12345678901"}, unknown=2),
        Asked(plain(), "COPY (SELECT id, name FROM h_people, h_parent WHERE false) TO STDOUT"),
    ])


@test(gateway=True)
def test_lone_period():
    """CSV quotes a backslash and a period that are alone in their row, also where a hidden column was before them"""
    check(plain(), [Asked(plain(), f"COPY (SELECT name FROM h_periods) TO STDOUT CSV {more}", "customer", {"1", "3"}, unknown=1)
                    for more in ("", "HEADER", "QUOTE '.'", "ESCAPE E'\\\\'", "FORCE QUOTE *")])


@test(gateway=True)
def test_large_rows():
    """Rows of megabytes, whole ones and those that pass in pieces"""
    asked = [Asked(plain(), f"COPY {what} TO STDOUT {way}", "customer", {"1"}, unknown=2)
             for what in ("h_large", "(SELECT name FROM h_large)") for way in ("", "BINARY", "CSV HEADER")]
    check(plain(), asked)


BOUND = (
    # columns, or names, of which nothing says what they are
    "COPY (SELECT DISTINCT name FROM customers) TO STDOUT",
    "BEGIN; COPY customers TO STDOUT; COMMIT",
    "COPY customers TO STDOUT (NULL '\\')",
    "SET client_encoding = 'SJIS'; COPY public.customers (name, id) TO STDOUT; RESET client_encoding",
)


@test(gateway=True)
def test_bound():
    """What cannot be read for sure counts as the most that it can be, and says so"""
    asked = [Asked(plain(), sql) for sql in BOUND]
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for one in asked:
        shown = said[one.name]
        equal({kind for kind, keys in shown.keys.items() if keys}, set(), one.sql)
        assert shown.unknown >= 80 and "bound" in shown.flags, (one.sql, shown)


# ---- names that come to mean something else ----

FORGED = "CREATE TEMP TABLE members AS SELECT md5('1')::uuid AS id, name, phone, level FROM public.members"


@test(gateway=True)
def test_temporary_table():
    """A temporary table in front of the one that is meant: its rows are not those persons'"""
    due = [f"COPY {shop.MEMBERS}"]
    for name, texts in (("forged", (FORGED, "COPY members TO STDOUT", "COPY (SELECT name FROM members) TO STDOUT")),
                        ("forged at once", (f"{FORGED}; COPY members TO STDOUT",)),
                        ("forged by code", (f"DO $$BEGIN {FORGED}; END$$", "COPY members TO STDOUT"))):
        with plain().login(user="analyst", application_name=name) as session:
            for sql in texts:
                tags = session.query(sql).tags
                equal(tags[-1:] if "COPY" in sql else due, due, sql)
            session.terminate()
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for name in ("forged", "forged at once", "forged by code"):
        assert len(said[name].keys["member"]) + said[name].unknown >= shop.MEMBERS, (name, said[name])
        assert len(said[name].keys["member"]) <= 1, (name, said[name])


@test(gateway=True)
def test_other_table_of_that_name():
    """A table of that name ahead in the search path, made past the gateway a moment ago: the server says which one it takes"""
    forged = "CREATE TABLE app.orders AS SELECT id, 1::bigint AS customer_id, item, amount, placed_at FROM public.orders;" \
        "GRANT SELECT ON app.orders TO app"
    rows, persons = len(shop.keys("orders", "id")), len(keys_of("SELECT customer_id FROM orders"))
    with plain().login(user="app", application_name="ahead") as session:
        equal(session.query("COPY orders TO STDOUT").tags, [f"COPY {rows}"])
        server().sql(forged)
        try:
            for sql in ("COPY orders TO STDOUT", "COPY (SELECT item FROM orders) TO STDOUT"):
                equal(session.query(sql).tags, [f"COPY {rows}"])
        finally:
            server().sql("DROP TABLE app.orders")
        session.terminate()
    plain().guard.until_sessions(0)
    counted = [(line["subjects"]["customer"]["at_least"], line["subjects"]["customer"]["at_most"])
               for line in shop.export(plain())["ahead"].lines if line["subjects"]]
    equal(counted[0], (persons, persons))
    equal(set(counted[1:]), {(0, shop.CUSTOMERS)})


# ---- errors, transactions, the extended protocol ----

FAILING = (
    "COPY nothing TO STDOUT", "COPY customers (nothing) TO STDOUT", "COPY customers (name, name) TO STDOUT", "COPY customers (name) TO STDOUT (QUOTE '!')", "COPY (SELECT nothing FROM customers) TO STDOUT",
    "COPY (SELECT name FROM customers WHERE nothing = 1) TO STDOUT", "COPY customers TO STDOUT (DELIMITER 'ab')", "COPY customers TO",
    "COPY (SELECT name FROM customers ORDER BY 2) TO STDOUT", "COPY card_vault TO STDOUT", "COPY (SELECT name FROM customers) TO STDOUT (QUOTE '!')",
    "  /* 사용자 */ COPY (SELECT nam FROM customers) TO STDOUT", "COPY (SELECT name, 1 / 0 FROM customers) TO STDOUT",
    f"COPY (SELECT name, '{'x' * 3000}'::int FROM customers) TO STDOUT", f"SELECT name, '{'x' * 3000}'::int FROM customers",
)


def spoken(messages_of):
    return [(kind, {key: value for key, value in wire.read_fields(body).items() if key not in "FLR"}) if kind == "E" else (kind, body)
            for kind, body in messages_of]


@test(gateway=True)
def test_errors():
    """Errors are those of the text that the client has sent, their places too"""
    for sql in FAILING:
        for first in ("", "BEGIN", "BEGIN; SELECT 1 / 0"):
            got = []
            for session in (plain().login(user="app"), server().connect(user="app")):
                with session:
                    if first:
                        session.exchange(wire.query(first))
                    got.append(spoken(messages(session, wire.query(sql))))
            equal(got[0], got[1], f"{first} {sql}")


@test(gateway=True)
def test_extended():
    """By Parse and Execute, and over and over: where names have their schemas, every person by name"""
    sql = "COPY (SELECT name FROM public.customers WHERE grade = 2) TO STDOUT"
    data = wire.parse(sql) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC
    with server().connect(user="app") as session:
        due = messages(session, data)
    with plain().login(user="app", application_name="extended") as session:
        for again in (data, data, wire.query(sql), data):
            got = messages(session, again)
            equal([one for one in got if one[0] in "Hdc"], [one for one in due if one[0] in "Hdc"])
        equal(session.value("SELECT 1"), "1")
        session.terminate()
    plain().guard.until_sessions(0)
    shown = shop.export(plain())["extended"]
    equal((shown.keys["customer"], shown.unknown, shown.rows), (keys_of("SELECT id FROM customers WHERE grade = 2"), 0, 4 * 80))


@test(gateway=True)
def test_executed():
    """Prepared by message and run by EXECUTE: without the hidden column, and every person by name"""
    condition = "FROM public.customers WHERE grade = 2"
    for number, way in enumerate(("", "CSV HEADER", "BINARY")):
        sql = f"COPY (SELECT name {condition}) TO STDOUT {way}"
        got = []
        for session in (plain().login(user="app", application_name=f"executed {number}"), server().connect(user="app")):
            with session:
                session.exchange(wire.parse(sql, "s") + wire.SYNC)
                got.append(messages(session, wire.query("EXECUTE s")))
                session.terminate()
        equal(got[0], got[1], way)
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for number in range(3):
        shown = said[f"executed {number}"]
        equal((shown.keys["customer"], shown.unknown), (keys_of(f"SELECT id {condition}"), 0))


TELLING = ("CREATE TEMP TABLE told AS EXECUTE s", "EXPLAIN (VERBOSE) EXECUTE s", "EXPLAIN ANALYZE CREATE TEMP TABLE told AS EXECUTE s")


@test(gateway=True)
def test_told_columns():
    """What would keep or describe the hidden column of a prepared statement is answered with an error, and the session goes on"""
    with plain().login(user="analyst") as session:
        session.exchange(wire.parse("SELECT name FROM customers WHERE grade = 2", "s") + wire.SYNC)
        for sql in TELLING:
            equal(session.exchange(wire.query(sql)).code, "PS002", sql)
            equal(session.exchange(wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC).code, "PS002", sql)
        equal(len(session.query("EXPLAIN (COSTS OFF) EXECUTE s").rows), 2)
        equal(session.query("EXECUTE s").tags, ["SELECT 80"])
        session.exchange(wire.parse("SELECT id, name FROM customers WHERE grade = 2", "t") + wire.SYNC)
        equal(session.query("CREATE TEMP TABLE told AS EXECUTE t").tags, ["SELECT 80"])


# As SJIS they end with | and with a backslash: who takes them for what they mean in UTF-8 reads another column as the key.
CROOKED = "COPY (SELECT chr(12509), 1287::bigint, id, chr(12477), email FROM {}customers) TO STDOUT (DELIMITER '|')"
TURNED = """
CREATE TABLE h_turned (i int);
CREATE FUNCTION h_turn() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN SET client_encoding = 'SJIS'; RETURN new; END$$;
CREATE TRIGGER t BEFORE INSERT ON h_turned FOR EACH ROW EXECUTE FUNCTION h_turn();
GRANT INSERT ON h_turned TO app;
"""


@test(gateway=True)
def test_encoding_set_on_the_way():
    """Another encoding, set in the same pipeline: the server says so at its end alone, and until then nobody is named"""
    server().sql(TURNED)
    names = []
    for first in ("SET client_encoding = 'SJIS'", "INSERT INTO h_turned VALUES (1)"):
        first = wire.parse(first) + wire.bind() + wire.execute()
        for last in (wire.query(CROOKED.format("")), wire.query(CROOKED.format("public.")),
                     wire.parse(CROOKED.format("public.")) + wire.bind() + wire.execute() + wire.SYNC):
            names.append(f"turned {len(names)}")
            with plain().login(user="app", application_name=names[-1]) as session:
                equal(session.exchange(first + last).tags[-1:], [f"COPY {shop.CUSTOMERS}"])
                session.terminate()
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for name in names:
        assert said[name].unknown >= shop.CUSTOMERS and not said[name].keys.get("customer"), (name, said[name])


@test(gateway=True)
def test_doubt():
    """Where code has run whose inside nobody knows, whom rows show is bounded, and hidden columns are taken out all the same"""
    sql = "COPY (SELECT name FROM public.customers WHERE grade = 2 ORDER BY id) TO STDOUT"
    for number, way in enumerate(("", "CSV HEADER", "BINARY")):
        due = direct(f"{sql} {way}")
        with plain().login(user="app", application_name=f"doubt {number}") as session:
            session.query("BEGIN")
            session.query("SET x.y = 'SELECT 1'")
            session.query("DO $$ BEGIN EXECUTE current_setting('x.y'); END $$")
            for text in (wire.query(f"{sql} {way}"), wire.parse(f"{sql} {way}") + wire.bind() + wire.execute() + wire.SYNC):
                got = messages(session, text)
                equal([one for one in got if one[0] in "Hdc"], [one for one in due if one[0] in "Hdc"], way)
            session.query("COMMIT")
            session.terminate()
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for number in range(3):
        shown = said[f"doubt {number}"]
        equal((len(shown.keys["customer"]), "bound" in shown.flags), (0, True))
        assert shown.unknown >= 80, shown


RETURNING = (
    ("UPDATE customers SET grade = grade WHERE grade = 2 RETURNING id, name", "grade = 2"),
    ("DELETE FROM customers WHERE grade = 4 AND NOT EXISTS (SELECT FROM parcels p WHERE customer_id = customers.id) RETURNING name",
     "grade = 4 AND NOT EXISTS (SELECT FROM parcels p WHERE customer_id = customers.id)"),
)


@test(gateway=True)
def test_returning():
    """What a change returns, with the key and without"""
    for sql, condition in RETURNING:
        truth = keys_of(f"SELECT id FROM customers WHERE {condition}")
        got = []
        for session in (plain().login(user="app", application_name=f"returning {condition[:9]}"), server().connect(user="app")):
            with session:
                session.query("BEGIN")
                got.append([one for one in messages(session, wire.query(f"COPY ({sql}) TO STDOUT CSV")) if one[0] != "Z"])
                session.query("ROLLBACK")
                session.terminate()
        equal(got[0], got[1], sql)
        plain().guard.until_sessions(0)
        shown = shop.export(plain())[f"returning {condition[:9]}"]
        equal((shown.keys["customer"], shown.unknown), (truth, 0), sql)


# ---- programs ----

def program(argv, address, name):
    return stage.run(argv, env={"PGHOST": address[0], "PGPORT": str(address[1]), "PGUSER": "postgres", "PGDATABASE": "postgres",
                                "PGSSLMODE": "disable", "PGAPPNAME": name})


@test(gateway=True)
def test_psql_and_pg_dump():
    r"""psql's \copy and pg_dump write what they write without the gateway, and whom they wrote is known by name"""
    cases = {
        "psql table": ([postgres.BIN / "psql", "-X", "-c", r"\copy customers TO STDOUT CSV HEADER"], CUSTOMERS),
        "psql query": ([postgres.BIN / "psql", "-X", "-c", r"\copy (SELECT phone FROM customers WHERE grade = 1) TO STDOUT"], CUSTOMERS + " WHERE grade = 1"),
    }
    if postgres.MAJOR <= 15:  # pg_dump, of 15, dumps no newer server
        cases["dump"] = ([postgres.BIN / "pg_dump", "-a", "-t", "customers"], CUSTOMERS)
    for name, (argv, _) in cases.items():
        got, due = ([line for line in program(argv, address, name).splitlines() if "restrict" not in line]
                    for address in (plain().address, server().address))
        equal(got, due, name)
    plain().guard.until_sessions(0)
    said = shop.export(plain())
    for name, (_, truth) in cases.items():
        equal((said[name].keys["customer"], said[name].unknown), (keys_of(truth), 0), name)


# ---- budgets ----

MOST = 10


@harness.shared
def cut():
    server().sql("CREATE ROLE h_cut LOGIN IN ROLE app; CREATE ROLE h_cut_hidden LOGIN IN ROLE app; CREATE ROLE h_cut_binary LOGIN IN ROLE app;"
                 "CREATE ROLE h_cut_csv LOGIN IN ROLE app")
    return shop.front("cut copies", more={**MORE, "budgets": [
        {"principal": name, "window": "day", "subjects": MOST, "verdict": "block"}
        for name in ("h_cut", "h_cut_hidden", "h_cut_binary", "h_cut_csv")]})


@test(gateway=True)
def test_budget():
    """A copy ends before the first row of the person that is one too many, and the session goes on"""
    rows = server().sql("SELECT id, name FROM customers ORDER BY id")
    cases = {
        "h_cut": ("SELECT id, name FROM customers ORDER BY id", "", "".join(f"{key}\t{name}\n" for key, name in rows[:MOST])),
        "h_cut_hidden": ("SELECT name FROM customers ORDER BY id", "", "".join(f"{name}\n" for _, name in rows[:MOST])),
        "h_cut_csv": ("SELECT phone, name FROM customers ORDER BY phone IS NOT NULL, id", "CSV HEADER", None),
        "h_cut_binary": ("SELECT name FROM customers ORDER BY id", "BINARY", None),
    }
    for role, (sql, way, due) in cases.items():
        with cut().login(user=role, application_name=role) as session:
            result = session.exchange(wire.query(f"COPY ({sql}) TO STDOUT {way}"))
            equal((result.code, result.types[-2:], result.types.count("d")), ("PS001", "EZ", MOST + ("HEADER" in way)), role)
            if due is not None:
                equal(result.copied.decode(), due, role)
            equal(session.value("SELECT 'goes on'"), "goes on")
            again = session.exchange(wire.query(f"COPY ({sql}) TO STDOUT {way}"))
            equal(again.copied, result.copied, "whom it knows may be shown again")
            equal(again.code, "PS001")
            session.terminate()
    cut().guard.until_sessions(0)
    said = shop.export(cut())
    for role, shown in ((role, said[role]) for role in cases):
        equal((len(shown.keys["customer"]), shown.unknown), (MOST, 0), role)
    # What was not sent is not told: the first rows of that one have no phone.
    equal(said["h_cut_csv"].fields, {"phone": "null", "name": "clear"})


# ---- a server that sends rows in another way ----

class Merger(chopper.Chopper):
    """Puts CopyData messages together, or tears them apart, as a relay before the server may."""

    def __init__(self, address, tear):
        self.tear = tear
        super().__init__(address)

    def _carry(self, source, target, chance):  # pylint: disable=arguments-differ
        if chance is None:
            return chopper.Chopper._carry(source, target, None)
        return self._rewrite(source, target)

    def _rewrite(self, source, target):
        pending, held, is_open = b"", b"", False
        try:
            while data := source.recv(1 << 16):
                pending += data
                out = b""
                while len(pending) >= 5:
                    length = int.from_bytes(pending[1:5], "big") + 1
                    if pending[:1] not in b"RSKZTDCEHdcNAn123IGVtsWv" or len(pending) < length:
                        break
                    message, pending = pending[:length], pending[length:]
                    if message[:1] != b"d":
                        if held:
                            out, held = out + wire.message(b"d", held), b""
                        out += message
                    elif self.tear:
                        out += wire.message(b"d", message[5:8]) + wire.message(b"d", message[8:])
                    elif held:
                        out, held = out + wire.message(b"d", held + message[5:]), b""
                    else:
                        held = message[5:]
                target.sendall(out)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(2)
            except OSError:
                pass


@test(gateway=True)
def test_other_messages():
    """Where messages are not a row each, all that the statement can show counts, with a flag; nobody is left out"""
    for tear in (False, True):
        made = Merger(server().address, tear)
        front = shop.front(f"merged {tear}", more=MORE, upstream=made.upstream)
        for number, way in enumerate(("", "CSV", "BINARY")):
            with front.login(user="app", application_name=f"merged {number}") as session:
                result = session.exchange(wire.query(f"COPY public.customers TO STDOUT {way}"))
                equal((result.code, result.tags), (None, [f"COPY {shop.CUSTOMERS}"]), way)
                session.terminate()
        with front.login(user="app", application_name="stripped") as session:
            session.send(wire.query("COPY (SELECT name FROM public.customers) TO STDOUT"))
            heard = b""
            try:
                while (one := session.receive())[0] != "Z":
                    heard += one[1] if one[0] == "d" else b""
            except wire.Closed:
                pass
            equal(heard, b"", "no hidden key may leave")
        front.guard.until_sessions(0)
        said = shop.export(front)
        for number in range(3):
            shown = said[f"merged {number}"]
            assert len(shown.keys["customer"]) + shown.unknown >= shop.CUSTOMERS, (tear, number, shown)
            assert "unattributed" in shown.flags, (tear, number, shown)
        made.close()


if __name__ == "__main__":
    harness.main()
