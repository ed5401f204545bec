#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The verdict mask: what leaves of a field that a rule masks. Each test first shows it clear, without the rule."""
import json
import pathlib
import struct
import subprocess

import guard
import harness
import shop
from stage import equal, run, test
import wire

CODE = "PS003"
PYTHON = "/usr/bin/python3"
DRIVER = subprocess.run([PYTHON, "-c", "import psycopg"], capture_output=True, check=False)
TABLES = """
CREATE EXTENSION citext;
CREATE TABLE patients (id int PRIMARY KEY, name varchar(20) NOT NULL, nick char(6), phone text, email text, address text, card text,
  resident char(14), blood "char", alias name, note text, born date, weight numeric(5, 1), seen timestamptz, tag uuid, photo bytea,
  doc jsonb, words text[], ward int NOT NULL, loose citext);
INSERT INTO patients VALUES
  (7001, '홍길동', '길동', '010-1234-5678', 'gildong@example.com', '서울특별시 강남구 테헤란로 1', '1234-5678-9012-3456', '900101-1234567',
   'A', 'honggd', 'was ill', '1990-01-01', 71.5, '2026-01-02 03:04:05Z', '11111111-2222-3333-4444-555555555555', 'abc', '{"a": "secret"}', '{secret}', 1),
  (7002, '김철', NULL, '+82 10 2345 6789', 'a@b.co', '12 Main Street', '1234567890123456', '900101-2234567',
   'B', 'kim', 'x', '1980-02-03', 60, '2026-01-02 03:04:05Z', '11111111-2222-3333-4444-666666666666', 'abc', '{"b": 1}', '{a,b}', 1),
  (7003, '남궁민수', 'abcdef', '0212345678', 'not an address', '부산 해운대구 우동 12', 'none', NULL, NULL, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2),
  (7004, 'Jane Q. Secret-Smith', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
UPDATE patients SET loose = name;
CREATE VIEW charts AS SELECT id, loose, name, note || '!' AS note, lower(email) AS email FROM patients;
CREATE FUNCTION name_of(int) RETURNS text LANGUAGE sql AS 'SELECT name::text FROM public.patients WHERE id = $1';
CREATE FUNCTION write_piece(int) RETURNS int LANGUAGE plpgsql AS
  'BEGIN UPDATE public.patients SET name = substr(name, 2, 1) || ''x'' WHERE id = $1; RETURN 1; END';
CREATE FUNCTION open_names(refcursor) RETURNS refcursor LANGUAGE plpgsql AS
  'BEGIN OPEN $1 FOR SELECT name FROM public.patients WHERE id = 7001; RETURN $1; END';
GRANT SELECT, INSERT, UPDATE, DELETE ON patients TO app, analyst;
GRANT SELECT ON charts TO app, analyst;
CREATE TABLE nurses (id int PRIMARY KEY, name text NOT NULL, loose citext);
INSERT INTO nurses VALUES (1, '이순신', '이순신');
GRANT SELECT, INSERT ON nurses TO app, analyst;
"""
COLUMNS = ("name", "nick", "phone", "email", "address", "card", "resident", "blood", "alias", "note", "born", "weight", "seen", "tag", "photo", "doc", "words")
FIELDS = {column: column for column in COLUMNS} | {"card": "card_number", "resident": "resident_number", "nick": "name", "alias": "name", "weight": "body",
                                                    "tag": "body", "photo": "body", "doc": "body", "words": "body", "seen": "body", "blood": "body", "loose": "name"}
MAPPING = {"subjects": {**shop.CONFIG["subjects"], "patient": {"table": "public.patients", "key": "id"},
                         "nurse": {"table": "public.nurses", "key": "id"}},
           "personal_data": [*shop.CONFIG["personal_data"], shop.personal("patients", "patient", "id", FIELDS),
                             shop.personal("nurses", "nurse", "id", {"name": "name", "loose": "name"})]}
ALL = {"name": "all", "when": {"fields": "any"}, "verdict": "mask"}
NAMES = {"name": "names", "when": {"fields": ["name"]}, "verdict": "mask"}
SECRETS = ("홍길동", "길동", "5678", "gildong", "테헤란", "9012", "123456", "honggd", "secret", "ill", "1990", "71.5", "abc", "김철", "2345", "main", "궁민",
           "해운대구 우", "jane", "smith", "555555")


@harness.shared
def tables():
    shop.server().sql(TABLES)


def front_of(name, rules, **more):
    tables()
    return shop.front(name, more={**MAPPING, "rules": rules, **more}, workers=1)


def set_rules(front, rules):
    front.guard.config["rules"] = rules
    equal(front.reload(), "config_reloaded")


def ask(session, sql):
    """The result of a simple query, its errors too."""
    return session.exchange(wire.query(sql))


def row_of(session, sql):
    (row,) = session.query(sql).rows
    return row


def secrets_in(text):
    return [secret for secret in SECRETS if secret in text.lower()]


def recorded(front, application):
    return shop.export(front)[application]


# ---- what is left ----

LEFT = {
    7001: {"name": "홍*동", "nick": "길*    ", "phone": "010-****-5678", "email": "g***@example.com", "address": "서울특별시 강남구 ***",
           "card": "1234-****-****-3456", "resident": "900101-*******", "blood": "*", "alias": "h*****", "note": "***"},
    7002: {"name": "김*", "nick": None, "phone": "+82 10 **** 6789", "email": "*@b.co", "address": "***", "card": "1234********3456",
           "resident": "900101-*******", "blood": "*", "alias": "k**", "note": "***"},
    7003: {"name": "남**수", "nick": "a*****", "phone": "02****5678", "email": "***", "address": "부산 해운대구 ***", "card": "***", "note": "***"},
    7004: {"name": "J*** *. S*****-S****"},
}


@test(gateway=True)
def test_formats():
    """What people expect is left of each value, in its own type; other types are null; keys and other columns stay"""
    front = front_of("masks-formats", [])
    select = f"SELECT id, {', '.join(COLUMNS)}, ward FROM patients ORDER BY id"
    with front.login(user="app", application_name="formats") as session:
        clear = session.query(select)
        set_rules(front, [ALL])
        masked = session.query(select)
        equal([row[0] for row in masked.rows], ["7001", "7002", "7003", "7004"])
        equal([row[-1] for row in masked.rows], [row[-1] for row in clear.rows])
        for row in masked.rows:
            equal(dict(zip(COLUMNS, row[1:-1])), {column: LEFT[int(row[0])].get(column) for column in COLUMNS})
        set_rules(front, [])
        equal(session.query(select).rows, clear.rows)
    front.stop()


# ---- whatever way it takes ----

NAME = "SELECT name FROM patients WHERE id = 7001"


def run_of(sql, **bind):
    return wire.parse(sql) + wire.bind(**bind) + wire.execute() + wire.SYNC


def oid(function):
    return int(shop.server().value(f"SELECT '{function}'::regproc::oid"))


BINARY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
# A way, and what comes of it: values in the first column, the SQLSTATE of an error, or None: nothing.
WAYS = {
    "simple": (lambda s: ask(s, NAME), ["홍*동"]),
    "extended": (lambda s: s.exchange(wire.parse(NAME) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC), ["홍*동"]),
    "binary": (lambda s: s.exchange(wire.parse(NAME) + wire.bind(results=[1]) + wire.describe() + wire.execute() + wire.SYNC), ["홍*동"]),
    "in portions": (lambda s: s.exchange(wire.parse("SELECT name FROM patients ORDER BY id") + wire.bind() + wire.describe() + wire.execute(1)
                                         + wire.execute(2) + wire.execute() + wire.SYNC), ["홍*동", "김*", "남**수", "J*** *. S*****-S****"]),
    "ordered": (lambda s: ask(s, "SELECT name FROM patients WHERE id < 7004 ORDER BY name DESC"), ["홍*동", "남**수", "김*"]),
    "distinct": (lambda s: ask(s, "SELECT DISTINCT name FROM patients WHERE id < 7004 ORDER BY 1"), ["김*", "남**수", "홍*동"]),
    "grouped": (lambda s: ask(s, "SELECT name, count(*) FROM patients WHERE id = 7001 GROUP BY name"), ["홍*동"]),
    "view": (lambda s: ask(s, "SELECT name FROM charts WHERE id = 7001"), ["홍*동"]),
    "cursor": (lambda s: (ask(s, f"BEGIN; DECLARE c CURSOR FOR {NAME}"), ask(s, "FETCH ALL FROM c"))[1], ["홍*동"]),
    "cursor of a view": (lambda s: (ask(s, "BEGIN; DECLARE c CURSOR FOR SELECT name FROM charts WHERE id = 7001"), ask(s, "FETCH ALL FROM c"))[1], ["***"]),
    "cursor of a function": (lambda s: (ask(s, "BEGIN; SELECT open_names('c')"), ask(s, "FETCH ALL FROM c"))[1], ["***"]),
    "cursor in one text": (lambda s: ask(s, f"BEGIN; DECLARE c CURSOR FOR {NAME}; FETCH ALL FROM c; COMMIT"), ["***"]),
    "prepared": (lambda s: (ask(s, f"PREPARE q AS {NAME}"), ask(s, "EXECUTE q"))[1], ["홍*동"]),
    "joined": (lambda s: ask(s, "SELECT p.name FROM patients p JOIN patients o ON o.ward = p.ward WHERE o.id = 7001 AND p.id = 7002"), ["김*"]),
    "piece": (lambda s: ask(s, "SELECT substr(name, 2, 1) || 'x' FROM patients WHERE id = 7001"), ["***"]),
    "pieces": (lambda s: ask(s, "SELECT unnest(string_to_array(name, NULL)) FROM patients WHERE id = 7001"), ["***"] * 3),
    "in FROM": (lambda s: ask(s, "SELECT n FROM (SELECT substr(name, 2, 2) n FROM patients WHERE id = 7001) s"), ["***"]),
    "number": (lambda s: ask(s, "SELECT ascii(name) FROM patients WHERE id = 7001"), [None]),
    "truth": (lambda s: ask(s, "SELECT name = '홍길동' FROM patients WHERE id = 7001"), [None]),
    "whole row": (lambda s: ask(s, "SELECT p FROM patients p WHERE id = 7001"), [None]),
    "json": (lambda s: ask(s, "SELECT to_jsonb(p) FROM patients p WHERE id = 7001"), [None]),
    "json aggregate": (lambda s: ask(s, "SELECT json_agg(name) FROM patients"), [None]),
    "text aggregate": (lambda s: ask(s, "SELECT string_agg(name, ',') FROM patients"), ["***"]),
    "array": (lambda s: ask(s, "SELECT array_agg(name) FROM patients"), [None]),
    "union": (lambda s: ask(s, "SELECT name FROM patients WHERE id = 7001 UNION SELECT 'x'"), ["***", "***"]),
    "in WITH": (lambda s: ask(s, f"WITH w AS ({NAME}) SELECT name FROM w"), ["홍*동"]),
    "window": (lambda s: ask(s, "SELECT lead(name) OVER (ORDER BY id DESC) FROM patients WHERE id IN (7001, 7002)"), ["***", None]),
    "function": (lambda s: ask(s, "SELECT name_of(7001)"), ["***"]),
    "XML": (lambda s: ask(s, "SELECT query_to_xml('SELECT name FROM patients', true, false, '')"), [None]),
    "returning": (lambda s: ask(s, "UPDATE patients SET ward = ward WHERE id = 7001 RETURNING name"), ["홍*동"]),
    "returning a piece": (lambda s: ask(s, "BEGIN; UPDATE patients SET name = substr(name, 2, 1) || 'x' WHERE id = 7001 RETURNING name; ROLLBACK"), ["***"]),
    "writing a piece": (lambda s: ask(s, f"BEGIN; UPDATE patients SET name = substr(name, 2, 1) || 'x' WHERE id = 7001; {NAME}; ROLLBACK"), ["***"]),
    "another's name": (lambda s: ask(s, f"BEGIN; UPDATE patients SET name = p.name FROM patients p WHERE p.id = 7002 AND patients.id = 7001; {NAME}; ROLLBACK"), ["***"]),
    "writing a piece by a cursor": (lambda s: (ask(s, "BEGIN; DECLARE c CURSOR FOR SELECT write_piece(7001) FROM generate_series(1, 2)"), ask(s, "FETCH 1 FROM c"),
                                               ask(s, NAME))[2], ["***"]),
    "writing a piece in portions": (lambda s: (ask(s, "BEGIN"), s.exchange(wire.parse("UPDATE patients SET name = substr(name, 2, 1) || 'x' WHERE ward = 1 RETURNING 1")
                                    + wire.bind(portal="p") + wire.execute(1, "p") + wire.FLUSH, "s"), s.exchange(run_of(NAME)))[2], ["***"]),
    "new table": (lambda s: (ask(s, f"CREATE TEMP TABLE t AS {NAME}"), ask(s, "SELECT * FROM t"))[1], ["***"]),
    "new table in one text": (lambda s: ask(s, f"BEGIN; CREATE TEMP TABLE t AS {NAME}; SELECT * FROM t; ROLLBACK"), CODE),
    "function by message": (lambda s: s.exchange(wire.function_call(oid("name_of"), struct.pack("!i", 7001))), CODE),
    "setting": (lambda s: ask(s, "SELECT set_config('my.x', name, false) FROM patients WHERE id = 7001"), CODE),
    "error": (lambda s: ask(s, "SELECT name::int FROM patients WHERE id = 7001"), "22P02"),
    "notice": (lambda s: ask(s, f"DO $$ BEGIN RAISE NOTICE '%', ({NAME}); END $$"), None),
    "notification": (lambda s: ask(s, f"LISTEN c; SELECT pg_notify('c', ({NAME}))"), CODE),
    "case-insensitive": (lambda s: ask(s, "SELECT loose FROM patients WHERE id = 7001"), ["홍*동"]),
    "case-insensitive, in a view": (lambda s: ask(s, "SELECT loose FROM charts WHERE id = 7001"), ["홍*동"]),
    "case-insensitive, copied": (lambda s: ask(s, "COPY (SELECT loose FROM patients WHERE id = 7001) TO STDOUT"), "홍*동\n".encode()),
    "copy": (lambda s: ask(s, "COPY (SELECT name, ward FROM patients WHERE id = 7001) TO STDOUT"), "홍*동\t1\n".encode()),
    "copy a table": (lambda s: ask(s, "COPY patients (name, ward) TO STDOUT (FORMAT csv)"),
                     "J*** *. S*****-S****,2\n김*,1\n남**수,2\n홍*동,1\n".encode()),
    "copy a piece": (lambda s: ask(s, "COPY (SELECT substr(name, 2, 1), ascii(name) FROM patients WHERE id = 7001) TO STDOUT"), b"\\N\t\\N\n"),
    "copy with a star": (lambda s: ask(s, "COPY (SELECT name, ward FROM patients WHERE id = 7001) TO STDOUT (DELIMITER '*')"), "홍\\*동*1\n".encode()),
    "copy in binary": (lambda s: ask(s, "COPY (SELECT id, name FROM patients WHERE id = 7001) TO STDOUT (FORMAT binary)"),
                       BINARY_HEAD + struct.pack("!hiii", 2, 4, 7001, 7) + "홍*동".encode() + b"\xff\xff"),
    "copy in binary, beside a null": (lambda s: ask(s, "COPY (SELECT phone, name FROM patients WHERE id = 7004) TO STDOUT (FORMAT binary)"),
                                      BINARY_HEAD + struct.pack("!hii", 2, -1, 20) + b"J*** *. S*****-S****\xff\xff"),
    "copy in an encoding that cannot be told apart": (lambda s: ask(s, "COPY (SELECT name, ward FROM patients) TO STDOUT (ENCODING 'GB18030')"), CODE),
    "copy with a null like a name": (lambda s: ask(s, "COPY (SELECT name FROM patients) TO STDOUT (NULL 'x')"), CODE),
}


def in_order(copied):
    return copied if copied.startswith(BINARY_HEAD) else b"".join(sorted(copied.splitlines(True)))


def shows(result):
    return secrets_in(repr((result.rows, result.copied.decode("utf-8", "replace"), [value.decode("utf-8", "replace") for value in result.values],
                            result.notifications, [fields.get("M") for fields in result.errors + result.notices])))


@test(gateway=True, limit=120)
def test_ways():
    """Whatever way a masked field takes, nothing of it comes but its mask; without the rule it comes; other fields come"""
    front = front_of("masks-ways", [])
    for rules in ([], [NAMES]):
        set_rules(front, rules)
        for way, (make, due) in WAYS.items():
            with front.login(user="app", application_name=way) as session:
                result = make(session)
                if not rules:
                    assert shows(result) or way in ("truth", "number") or "piece" in way or way == "grouped", f"{way}: {result.rows}"
                    continue
                assert not shows(result), f"{way}: {shows(result)} {result.rows} {result.errors}"
                if isinstance(due, list):
                    equal(([row[0] for row in result.rows], result.errors), (due, []), way)
                elif isinstance(due, bytes):
                    equal((in_order(result.copied), result.errors), (due, []), way)
                else:
                    equal((result.code, result.rows), (due, []), way)
                session.query("ROLLBACK")
                equal(row_of(session, "SELECT ward, note FROM patients WHERE id = 7001"), ["1", "was ill"], way)
    front.stop()


# ---- what the ledger says, and who decides ----

PHONES = {"name": "phones", "when": {"fields": ["phone"]}, "verdict": "mask"}


@test(gateway=True)
def test_recorded():
    """Who was shown masked values is counted as before, by the same attribution; the fields are recorded as masked, the others as clear"""
    front = front_of("masks-recorded", [])
    asks = ("SELECT name, phone FROM patients", "SELECT id, phone FROM patients WHERE id = 7002", "SELECT phone FROM patients WHERE id = 7001",
            "SELECT DISTINCT phone FROM patients", "SELECT count(*), min(phone) FROM patients GROUP BY ward", "SELECT phone || name FROM patients",
            "COPY patients TO STDOUT", "SELECT p.phone, c.phone, c.name FROM patients p, customers c WHERE c.id = 1287",
            "UPDATE patients SET ward = ward RETURNING phone", "SELECT json_agg(phone) FROM patients", "SELECT phone FROM patients WHERE id = 1")
    seen = []
    for rules in ([], [PHONES]):
        set_rules(front, rules)
        for number, sql in enumerate(asks):
            with front.login(user="app", application_name=f"{len(rules)} {number}") as session:
                equal(session.query(sql).errors, [], sql)
    front.guard.until_sessions(0)
    said = shop.export(front)
    for number, sql in enumerate(asks):
        clear, masked = said[f"0 {number}"], said[f"1 {number}"]
        equal((masked.keys, masked.unknown, masked.missed, masked.attributions, masked.rows, masked.statements, masked.misses),
              (clear.keys, clear.unknown, clear.missed, clear.attributions, clear.rows, clear.statements, clear.misses), sql)
        equal({field: masked.fields[field] for field in masked.fields if field != "phone"},
              {field: clear.fields[field] if sql != asks[5] else "masked" for field in clear.fields if field != "phone"}, sql)
        seen.append((clear.fields.get("phone"), masked.fields.get("phone")))
        if number < len(asks) - 1:
            equal((masked.verdicts, masked.rules), ({"mask"}, {"rule phones"}), sql)
    equal(seen, [("clear", "masked")] * (len(asks) - 1) + [(None, None)])
    front.stop()


@test(gateway=True)
def test_who_decides():
    """The first rule that matches decides about a field; a rule in shadow masks nothing and is told; a rule that blocks what is left blocks all"""
    front = front_of("masks-first", [])
    both = "SELECT name, phone FROM patients WHERE id = 7001"
    clear, no_name, no_phone, neither = ["홍길동", "010-1234-5678"], ["홍*동", "010-1234-5678"], ["홍길동", "010-****-5678"], ["홍*동", "010-****-5678"]
    allow = {"name": "app-may", "when": {"principal": "app", "fields": ["name", "phone"]}, "verdict": "allow"}
    block = {"name": "nobody", "when": {"fields": ["phone"]}, "verdict": "block"}
    steps = (([], clear, "allow"), ([NAMES], no_name, "mask"), ([NAMES, PHONES], neither, "mask"), ([allow, NAMES], clear, "allow"),
             ([{**NAMES, "shadow": True}], clear, "allow"), ([{**NAMES, "shadow": True}, PHONES], no_phone, "mask"), ([PHONES, block], no_phone, "mask"),
             ([NAMES, {**allow, "verdict": "alert"}], no_name, "alert"), ([{**ALL, "when": {}}, block], neither, "mask"),
             ([{**ALL, "when": {"principal": "analyst"}}], clear, "allow"), ([NAMES, block], None, "block"))
    for number, (rules, due, verdict) in enumerate(steps):
        set_rules(front, rules)
        with front.login(user="app", application_name=f"step {number}") as session:
            result = ask(session, both)
            equal((result.rows, result.code), ([due], None) if due else ([], CODE), f"step {number}")
            equal(row_of(session, "SELECT 1"), ["1"])
    front.guard.until_sessions(0)
    said = shop.export(front)
    for number, (rules, _, verdict) in enumerate(steps):
        # A rule in shadow, or a mask, beside another verdict has a record of its own.
        due = {"allow"} if number in (0, 9) else {verdict, "allow"} if number == 5 else {verdict, "mask"} if number == 7 else {verdict}
        equal(said[f"step {number}"].verdicts, due, f"step {number}")
    equal(said["step 4"].rules, {"shadow rule names: mask"})
    equal(said["step 4"].fields, {"name": "clear", "phone": "clear"})
    equal(said["step 7"].fields, {"name": "masked", "phone": "clear"})
    assert front.guard.find("rule_masked", application="step 1"), "the log says nothing of it"
    front.stop()


@test(gateway=True)
def test_long_rows_and_encodings():
    """A row that is too long to be read whole is blocked; texts are masked by characters in the client's encoding, and as a whole where that is changing"""
    front = front_of("masks-long", [NAMES])
    with front.login(user="app", application_name="long") as session:
        long = ask(session, "SELECT name, repeat('x', 5000000) FROM patients WHERE id = 7001")
        equal((long.rows, long.code), ([], CODE))
        equal(ask(session, "COPY (SELECT name, repeat('x', 5000000) FROM patients WHERE id = 7001) TO STDOUT").code, CODE)
        long = session.query("SELECT name, repeat('x', 1000000) FROM patients WHERE id = 7001")
        equal((long.rows[0][0], len(long.rows[0][1])), ("홍*동", 1000000))
        session.query("SET client_encoding = 'UHC'")
        session.send(wire.query(NAME))
        session.expect("T")
        equal(session.expect("D")[1][6:], "홍*동".encode("cp949"))
        session.result()
        equal(ask(session, f"SET client_encoding = 'UTF8'; {NAME}").rows, [["***"]])
        equal(ask(session, NAME).rows, [["홍*동"]])
    front.stop()


NURSES = "SELECT name FROM nurses ORDER BY id"


@harness.shared
def raw_database():
    """One whose texts are bytes without an encoding."""
    shop.server().sql("CREATE DATABASE m_raw TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    if not harness.DIRECT:
        shop.server().script(harness.TREE / "sql" / "inspector.sql", "m_raw")
    shop.server().sql("CREATE TABLE patients (id int PRIMARY KEY, name text); GRANT SELECT ON patients TO app;"
                      "INSERT INTO patients VALUES (1, '홍길동'), (2, 'Jane Q. Secret-Smith')", "m_raw")


def unknown_encoding(front):
    """Nobody knows where a character ends: a part of a text could be the half of one."""
    raw_database()
    with front.login(user="app", database="m_raw") as session:
        return [row[0] for row in session.query("SELECT name FROM patients ORDER BY id").rows]


def replaced_view(front):
    """Another session has replaced a view: in a transaction that is open nobody knows what names mean. What was told of it already is not blocked
    when a rule comes: it is masked as a whole."""
    rules = front.guard.config["rules"]
    set_rules(front, [])
    with front.login(user="app") as session, front.login(user="analyst") as other:
        session.query("BEGIN")
        row_of(session, NAME)
        for column in ("note", "name::text"):
            other.query(f"CREATE OR REPLACE VIEW m_view AS SELECT {column} AS note FROM patients")
        first = session.exchange(wire.parse("SELECT name FROM patients ORDER BY id") + wire.bind() + wire.execute(1) + wire.FLUSH, "s").rows
        set_rules(front, rules)
        second = session.exchange(wire.execute(1) + wire.FLUSH, "s").rows
        session.query("COMMIT")
        return [first[0][0], second[0][0], row_of(session, NAME)[0]]


def another_type(front):
    """The column has another type than the one that is known: what stands for its values must be of that."""
    with front.login(user="app") as session:
        session.query("BEGIN; SELECT 1")
        shop.server().sql("ALTER TABLE nurses ALTER loose TYPE int USING 41")
        found = row_of(session, "SELECT loose FROM nurses WHERE id = 1")
        session.query("COMMIT")
        shop.server().sql("ALTER TABLE nurses ALTER loose TYPE citext USING name")
        return found


def others_values(front):
    """Pieces of others' values were written into the column: they could be read one by one."""
    with front.login(user="app") as session, front.login(user="analyst") as reader:
        before = [row[0] for row in reader.query(NURSES).rows]
        session.query("INSERT INTO nurses SELECT 2, substr(name, 2, 1) || 'x' FROM patients WHERE id = 7001")
        after = [row[0] for row in reader.query(NURSES).rows]
    with front.login(user="analyst") as another:
        return [before, after, [row[0] for row in another.query(NURSES).rows]]


UNKNOWN = {unknown_encoding: (["홍길동", "Jane Q. Secret-Smith"], ["***", "J*** *. S*****-S****"]),
           replaced_view: (["홍길동", "김철", "홍길동"], ["홍길동", "***", "홍*동"]), another_type: (["41"], [None]),
           others_values: ([["이순신"], ["이순신", "길x"], ["이순신", "길x"]], [["이*신"], ["***", "***"], ["***", "***"]])}


@test(gateway=True)
def test_unknown():
    """Nothing is left of a value where it is not known to be a whole one of its column, as the mapping has it; without the rule it is shown"""
    for number in range(2):
        front = front_of("masks-unknown", [NAMES] if number else [])
        for case, due in UNKNOWN.items():
            equal(case(front), due[number], case.__name__)
        shop.server().sql("DELETE FROM nurses WHERE id = 2")
        front.stop()


@harness.only_if(DRIVER.returncode == 0, "there is no psycopg")
@test(gateway=True)
def test_driver():
    """A driver reads masked columns by the types that they have, in text and in binary, prepared, by a cursor, and by COPY"""
    front = front_of("masks-driver", [ALL])
    host, port = front.address[:2]
    done = run([PYTHON, pathlib.Path(__file__).parent / "drivers" / "ask_masked.py"],
               env={"PGHOST": host, "PGPORT": str(port), "PGUSER": "app", "PGDATABASE": "postgres"})
    equal(done.splitlines()[-1:], ["fine"], done)
    front.stop()


# ---- budgets ----

MOST = 10
ALL_CUSTOMERS = shop.keys("customers", "id")
READ = "SELECT id, name FROM customers ORDER BY id"
BUDGETED = {
    "simple": lambda s: ask(s, READ).rows,
    "hidden": lambda s: ask(s, "SELECT name FROM customers ORDER BY id").rows,
    "portions": lambda s: s.exchange(b"".join([wire.parse(READ), wire.bind(), wire.describe(), wire.execute(7), wire.execute(7), wire.execute(), wire.SYNC])).rows,
    "apart": lambda s: [row_of(s, f"SELECT name FROM customers WHERE id = {key}") for key in ALL_CUSTOMERS],
}


def clear_names(rows):
    return [row[-1] for row in rows if "*" not in row[-1]]


def clarity_of(front, key, application):
    """How clear a customer's name was shown to sessions of that application, as `pasu subject` says."""
    done = guard.run("subject", "--json", "--kind", "customer", "-c", front.guard.path, "--", key)
    found = None
    for line in done.stdout.splitlines():
        line = json.loads(line)
        if line.get("application") == application and "name" in line.get("fields", {}):
            found = shop.strongest(found, line["fields"]["name"])
    return found


def budget_of(principal, most):
    return {"principal": principal, "window": "180d", "subjects": most, "verdict": "mask"}


@test(gateway=True)
def test_budget():
    """A budget that masks shows its number of persons clear, in order, and all others masked, and counts both, whatever way they come; also after a restart"""
    tables()
    shop.server().sql("".join(f"CREATE ROLE budget_{way} LOGIN IN ROLE app;" for way in BUDGETED))
    front = shop.front("masks-budget", more={"budgets": [budget_of(f"budget_{way}", MOST) for way in BUDGETED]}, workers=1)
    with front.login(user="analyst") as other:
        equal(len(clear_names(other.query(READ).rows)), len(ALL_CUSTOMERS))
    for way, read in BUDGETED.items():
        with front.login(user=f"budget_{way}", application_name=way) as session:
            rows = read(session)
            equal(len(rows), len(ALL_CUSTOMERS), way)
            equal(clear_names(rows), [f"Kim-{key}" for key in ALL_CUSTOMERS[:MOST]], way)
            again = session.query("SELECT id, name FROM customers ORDER BY id LIMIT 3").rows
            equal([row[1] for row in again], ["***"] * 3, way)  # nobody tells them from those who came later
            equal(row_of(session, "SELECT id, grade FROM customers ORDER BY id LIMIT 1")[0], ALL_CUSTOMERS[0])
            equal(ask(session, f"SELECT name::int FROM customers WHERE id = {ALL_CUSTOMERS[-1]}").code, "PS001", way)  # a text cannot be masked
    with front.login(user="budget_apart") as session:  # by an upper bound, in many batches
        rows = session.query("SELECT name || repeat('x', 9000) FROM customers UNION SELECT 'y'").rows
        equal({row[0] for row in rows}, {"***"})
    front.guard.until_sessions(0)
    told = {one["principal"]: one["budgets"] for one in front.guard.json("status")[0]["principals"]}
    equal([(one["verdict"], one["subjects"]) for one in told["budget_simple"]], [("mask", MOST)])
    said = shop.export(front)
    for way in BUDGETED:
        equal(said[way].keys["customer"], {str(key) for key in ALL_CUSTOMERS}, way)
        assert {"mask", "block"} <= said[way].verdicts and f"budget budget_{way} 180d {MOST}" in said[way].rules, said[way].rules
    equal([clarity_of(front, key, "hidden") for key in ALL_CUSTOMERS[MOST - 2:MOST + 2]], ["clear", "clear", "masked", "masked"])
    front.guard.stop()
    front.guard.start()
    with front.login(user="budget_simple") as session:
        equal(clear_names(session.query(READ).rows), [])
    front.stop()


@test(gateway=True)
def test_budget_raced():
    """Sessions that race for the last person: never one too many is clear"""
    front = shop.front("masks-race", more={"budgets": [budget_of("app", 100)]}, workers=2)
    sessions = [front.login(user="app") for _ in range(16)]
    try:
        clear = set()
        for number, session in enumerate(sessions):
            session.send(b"".join(wire.query(f"SELECT name FROM customers WHERE id = {key}") for key in ALL_CUSTOMERS[number * 7:number * 7 + 40]))
        for session in sessions:
            for _ in range(40):
                clear |= set(clear_names(session.result().rows))
        equal(len(clear) <= 100, True, f"{len(clear)} persons were clear")
        assert len(clear) > 60, len(clear)
    finally:
        for session in sessions:
            session.terminate()
    front.stop()


if __name__ == "__main__":
    harness.main()
