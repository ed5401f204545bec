#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that are not as simple as they look: two of one kind in a row, texts that are equal in other letters,
groups without a key, tables of one name in two schemas, names that are long in UTF-8."""
import struct

import harness
import inspector
import postgres
import shop
import stage
from stage import equal, test
import wire

SCHEMA = """
CREATE TABLE transfers (id int PRIMARY KEY, sender bigint, receiver bigint, memo text);
INSERT INTO transfers SELECT i, 1, 1 + i, 'memo ' || i FROM generate_series(1, 20) i;
CREATE TABLE persons (id bigint PRIMARY KEY, name text);
INSERT INTO persons SELECT i, 'Kim-' || i FROM generate_series(1, 50) i;
CREATE COLLATION anyhow (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE members (code text COLLATE anyhow PRIMARY KEY, name text);
INSERT INTO members VALUES ('alice', 'Alice'), ('bob', 'Bob');
CREATE TABLE cards (code text COLLATE anyhow REFERENCES members, note text);
INSERT INTO cards VALUES ('ALICE', 'gold'), ('bob', 'blue');
CREATE TABLE visits (person bigint, place text);
INSERT INTO visits SELECT CASE WHEN i > 40 THEN 7 END, 'place ' || i FROM generate_series(1, 50) i;
CREATE TABLE logins (login text PRIMARY KEY, name text);
INSERT INTO logins VALUES ('NULL', 'Lee-NULL'), ('x', 'Lee-x');
CREATE SCHEMA work;
CREATE TABLE work.persons (id bigint);
INSERT INTO work.persons VALUES (7);
CREATE TABLE twins AS TABLE persons;
CREATE TABLE work.twins AS SELECT * FROM persons WHERE id < 9;
GRANT USAGE ON SCHEMA work TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA public, work TO analyst;
GRANT CREATE ON SCHEMA public TO analyst;
"""
CONFIG = {
    "subjects": {"person": {"table": "public.persons", "key": "id"}, "member": {"table": "public.members", "key": "code"},
                 "account": {"table": "public.logins", "key": "login"}},
    "personal_data": [
        shop.personal("persons", "person", "id", {"name": "name"}),
        shop.personal("twins", "person", "id", {"name": "name"}),
        {**shop.personal("twins", "person", "id", {"name": "name"}), "table": "work.twins"},
        shop.personal("transfers", "person", "sender", {"memo": "order"}),
        shop.personal("transfers", "person", "receiver", {"memo": "order"}),
        shop.personal("members", "member", "code", {"name": "name"}),
        shop.personal("cards", "member", "code", {"note": "order"}),
        shop.personal("logins", "account", "login", {"name": "name"}),
        shop.personal("visits", "person", "person", {"place": "order"}),
    ],
}
ALL, SOME = {str(n) for n in range(1, 51)}, {str(n) for n in range(1, 22)}
# (SQL, kind, whom it shows, how many more it may be of whom nobody knows the name)
CASES = (
    ("SELECT memo FROM transfers", "person", SOME, 0),
    ("SELECT * FROM transfers", "person", SOME, 0),
    ("SELECT receiver, sender, upper(memo) FROM transfers", "person", SOME, 0),
    ("SELECT memo FROM transfers WHERE sender = 1", "person", SOME, 0),
    ("SELECT memo FROM transfers WHERE receiver = 9", "person", {"1", "9"}, 0),
    ("SELECT name FROM members WHERE code = 'ALICE'", "member", {"alice"}, 0),
    ("SELECT code, name FROM members WHERE code = 'aLiCe'", "member", {"alice"}, 0),
    ("SELECT name FROM members WHERE code IN ('ALICE', 'BOB')", "member", {"alice", "bob"}, 0),
    ("SELECT note FROM cards", "member", set(), 2),
    ("SELECT code, note FROM cards WHERE code = 'alice'", "member", set(), 1),
    ("SELECT m.name FROM cards c JOIN members m ON m.code = c.code WHERE c.code = 'alice'", "member", {"alice"}, 0),
    ("SELECT person, array_agg(place) FROM visits GROUP BY person", "person", {"7"}, 50),
    ("SELECT public.persons.name FROM public.persons, work.persons WHERE work.persons.id = 7", "person", ALL, 50),
    ("SELECT reverse(public.persons.name) FROM work.persons, public.persons", "person", ALL, 50),
    ("SELECT x.*, t.name FROM public.twins t, twins x WHERE t.id = 7", "person", ALL, 100),
    ("SELECT t.m FROM transfers AS t(i, k, l, m)", "person", SOME, 0),
    ("SELECT t.m FROM transfers AS t(i, k, k, m)", "person", SOME, 100),
    ("SELECT p.b FROM visits AS p(a, b) WHERE a = 7", "person", {"7"}, 0),
)


@harness.shared
def server():
    made = postgres.Server(harness.folder(), "keys", settings={"timezone": "UTC"})
    made.sql(shop.MAKE_ROLES + SCHEMA)
    made.sql("CREATE DATABASE korean ENCODING 'EUC_KR' LOCALE 'C' TEMPLATE template0")
    made.sql("CREATE TABLE persons (id bigint PRIMARY KEY, name text); INSERT INTO persons SELECT i, 'Kim-' || i"
             " FROM generate_series(1, 50) i; GRANT SELECT ON persons TO analyst; GRANT CREATE ON SCHEMA public TO analyst", "korean")
    return made


@harness.shared
def front():
    asked = inspector.install(server(), databases=("postgres", "korean"))
    return stage.Front(server(), "keys", inspector=asked, more=CONFIG)


@test(gateway=True)
def test_keys():
    """Whoever a row shows is counted, and by no other one's key"""
    for number, (sql, *_) in enumerate(CASES):
        with front().login(user="analyst", application_name=str(number)) as session:
            session.query(sql)
            session.terminate()
    front().guard.until_sessions(0)
    said, problems = shop.export(front()), []
    for number, (sql, kind, whom, more) in enumerate(CASES):
        shown = said[str(number)]
        missing = whom - shown.keys[kind]
        if len(missing) > shown.unknown or shown.unknown > more or shown.keys[kind] - whom:
            problems.append(f"{sql}: {sorted(shown.keys[kind])} and {shown.unknown} more, not {sorted(whom)}")
    assert not problems, "\n" + "\n".join(problems)


# (SQL, the type that Parse says, a value, its format): each shows person 7.
VALUES = (
    ("SELECT name FROM persons WHERE id = $1::bigint", 1700, "7.3", 0),
    ("SELECT $1::float8, name FROM persons WHERE id = $1", 0, struct.pack("!d", 7), 1),
    ("SELECT $1::bit(3), name FROM persons WHERE id = $1::bigint", 0, "111", 0),
    ("SELECT name FROM persons WHERE $1::bigint IS NOT NULL AND id = $1", 0, "7", 0),
    ("SELECT name FROM persons WHERE id = $1 AND $1 > 0", 20, struct.pack("!q", 7), 1),
)


@test(gateway=True)
def test_values_of_parameters():
    """A parameter is the key only where it has the key's type and value: nobody is booked who is not there"""
    for number, (sql, oid, value, form) in enumerate(VALUES):
        with front().login(user="analyst", application_name=f"value {number}") as session:
            result = session.exchange(wire.parse(sql, types=(oid,)) + wire.bind((value,), formats=(form,)) + wire.execute() + wire.SYNC)
            equal([row[-1] for row in result.rows], ["Kim-7"], f"{sql}: {result.errors}")
            session.terminate()
    front().guard.until_sessions(0)
    said = shop.export(front())
    for number, (sql, *_) in enumerate(VALUES):
        shown = said[f"value {number}"]
        assert shown.keys["person"] <= {"7"} and len(shown.keys["person"]) + shown.unknown > 0, f"{sql}: {shown}"


@test(gateway=True)
def test_a_key_that_reads_null():
    """With array_nulls off, NULL in the text of an array is a text, and somebody can have that key"""
    sql = "PREPARE q AS SELECT name FROM logins WHERE login = ANY ('{NULL}')"  # prepared so, it has no hidden key
    for setting, rows in (("on", []), ("off", [["Lee-NULL"]])):
        with front().login(user="analyst", application_name=f"nulls {setting}") as session:
            session.query(f"SET array_nulls = {setting}")
            session.query(sql)
            equal(session.query("EXECUTE q").rows, rows)
            session.terminate()
    front().guard.until_sessions(0)
    shown = shop.export(front())["nulls off"]
    assert len(shown.keys["account"]) + shown.unknown > 0 and shown.keys["account"] <= {"NULL"}, shown


@test(gateway=True)
def test_names_that_are_longer_in_utf8():
    """In a database of another encoding a name can have more bytes than the server's 63; nobody is held up by it"""
    with front().login(user="analyst", database="korean", application_name="long", client_encoding="UTF8") as session:
        session.query(f'CREATE TABLE "{"가" * 30}" (a int); CREATE TABLE "{"나" * 31}" AS SELECT name FROM persons')
        equal(session.value("SELECT count(*) FROM persons"), "50")
        equal(len(session.query(f'SELECT * FROM "{"나" * 31}"').rows), 50)
        session.terminate()
    with front().login(user="analyst", database="korean", application_name="later", client_encoding="UTF8") as session:
        equal(len(session.query("SELECT name FROM persons WHERE id < 6").rows), 5)
        equal(session.query(f'SELECT * FROM "{"가" * 30}"').rows, [])
        equal(len(session.query(f'SELECT * FROM "{"나" * 31}"').rows), 50)
        session.terminate()
    front().guard.until_sessions(0)
    said = shop.export(front())
    assert said["long"].unknown >= 50 and said["later"].unknown >= 50, (said["long"], said["later"])
    equal(said["later"].keys["person"], {"1", "2", "3", "4", "5"})


if __name__ == "__main__":
    harness.main()
