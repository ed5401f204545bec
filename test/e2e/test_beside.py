#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One session's DDL beside the reads of others. What no other can see, or what only adds names, neither
holds others up nor puts them in doubt, even while no snapshot of the catalog can be had; what gives a
name another meaning is counted by it from its first row on."""
import contextlib
import os
import re
import select
import signal
import threading

import harness
import inspector
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@")
KEYS = [str(1000 + 7 * i) for i in range(41, 81)]

# What others neither see nor have to care about; (":n" is a number of its own).
OWN = (
    "CREATE TEMP TABLE scratch:n (a int, b text)", "INSERT INTO scratch:n VALUES (1, 'x')", "CREATE INDEX ON scratch:n (a)",
    "SELECT a, b FROM scratch:n", "DROP TABLE scratch:n", "CREATE TEMP TABLE copy:n AS SELECT id, title FROM products", "DROP TABLE copy:n",
    "CREATE TEMP TABLE products (id int)", "DROP TABLE pg_temp.products",
)
ADDED = (
    "CREATE TABLE added:n (id serial PRIMARY KEY, v text DEFAULT 'x', c bigint REFERENCES customers ON DELETE CASCADE)",
    "CREATE INDEX ON added:n (v)", "CREATE INDEX ON customers (grade)", "COMMENT ON TABLE customers IS 'all of them'",
    "GRANT SELECT ON products TO app", "CREATE SEQUENCE counts:n", "CREATE SCHEMA more:n", "ANALYZE products", "CREATE TABLE more:n.other:n (a int)",
)


# What there is before.
ALSO = (
    "CREATE VIEW v AS SELECT title FROM products; CREATE TABLE goods (v text); INSERT INTO goods VALUES ('x');"
    "CREATE FUNCTION reads() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT t.v FROM awaited t; "
    "EXCEPTION WHEN undefined_table THEN RETURN; END $$;"
    "CREATE FUNCTION fills() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO awaited SELECT name FROM customers; END $$"
)


@harness.shared
def template():
    server = shop.server()
    server.sql("CREATE DATABASE shop_template")
    server.sql(shop.SCHEMA + ALSO, "shop_template")
    inspector.install(server, databases=("postgres", "shop_template"))
    return "shop_template"


@harness.shared
def front():
    template()
    return shop.front("beside")


@contextlib.contextmanager
def no_snapshots():
    """The inspector's session at the server is stopped: no snapshot comes until the end."""
    pids = [int(row[0]) for row in shop.server().connect().query(
        f"SELECT pid FROM pg_stat_activity WHERE usename = '{shop.asked()['user']}'").rows]
    assert pids, "the inspector has no session"
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Reader:
    """A session whose reads of customers by their keys, simple and prepared, are exact."""

    def __init__(self, name):
        self.session = front().login(application_name=name, timeout=10)
        self.session.exchange(wire.parse("SELECT name FROM customers WHERE id = $1", "prepared") + wire.SYNC)
        self.read(KEYS[0])

    def read(self, key):
        rows = self.session.query(f"SELECT name FROM customers WHERE id = {key}").rows
        rows += self.session.exchange(wire.bind([key], name="prepared") + wire.execute() + wire.SYNC).rows
        equal([row[0] for row in rows], [f"Kim-{key}"] * 2)

    def close(self):
        self.session.terminate()


def steady():
    """Nothing is pending: a session that has changed the catalog asks its next question only of a snapshot that shows it."""
    with front().login(application_name="steady") as session:
        session.query("CREATE OR REPLACE VIEW steady AS SELECT 1 AS one")
        session.query("SELECT one FROM steady")
        session.terminate()


def check_exact(name, keys):
    front().guard.until_sessions(0)
    said = shop.export(front(), "--application", name)[name]
    equal((said.unknown, said.flags), (0, set()), name)
    equal(said.keys["customer"], set(keys), name)


@test(gateway=True, limit=100)
def test_nobody_waits():
    """Reads go on, exact, while no snapshot can be had for another session's temporary tables or new names"""
    number = 0
    steady()
    reader = Reader("reads on")
    for statements in (OWN[:1], OWN[5:6], OWN[7:8], *((sql,) for sql in ADDED)):
        number += 1
        with front().login(application_name="changes") as session:
            session.query("SELECT 1")
            if "more:n." in statements[0]:
                session.query(f"CREATE SCHEMA more{number}")
                steady()
            if "INDEX ON added" in statements[0]:
                session.query(f"CREATE TABLE added{number} (v text)")
                steady()
            with no_snapshots():
                for sql in statements:
                    session.query(sql.replace(":n", str(number)))
                reader.read(KEYS[number])
            session.terminate()
        steady()
    reader.close()
    check_exact("reads on", KEYS[:number + 1])


@test(gateway=True, limit=100)
def test_loop():
    """A session that makes and drops temporary tables all the time gives other sessions no flag and nobody unknown"""
    over, rounds, problems = threading.Event(), [0], []

    def change():
        try:
            with front().login(application_name="loops") as session:
                while not over.is_set():
                    rounds[0] += 1
                    for sql in OWN:
                        session.query(sql.replace(":n", ""))
                session.terminate()
        except (wire.ServerError, wire.Closed, TimeoutError) as error:
            problems.append(error)

    changing = threading.Thread(target=change, daemon=True)
    changing.start()
    reader = Reader("beside a loop")
    try:
        while rounds[0] < 6 and not problems:
            for key in KEYS:
                reader.read(key)
    finally:
        over.set()
        changing.join()
    reader.close()
    assert not problems, problems
    check_exact("beside a loop", KEYS)
    said = shop.export(front(), "--application", "loops")
    assert "loops" not in said, said["loops"]


@test(gateway=True, limit=60)
def test_own_needs_no_snapshot():
    """A session's temporary tables are made, filled, read and dropped without a snapshot, and leave no line in the ledger"""
    steady()
    with front().login(application_name="its own", timeout=10) as session:
        session.query("SELECT 1")
        with no_snapshots():
            for _ in range(2):
                for sql in ("DROP TABLE IF EXISTS mine", "CREATE TEMP TABLE mine (id int, v text DEFAULT 'x')", "INSERT INTO mine (id) VALUES (1), (2)",
                            "SELECT id, v FROM mine", "CREATE INDEX ON mine (id)", "BEGIN", "INSERT INTO mine SELECT id, title FROM products",
                            "UPDATE mine SET v = 'y' WHERE id = 1", "SELECT p.title FROM products p JOIN mine m ON m.id = p.id", "COMMIT",
                            "DELETE FROM mine RETURNING v", "DROP TABLE mine"):
                    session.query(sql)
        session.terminate()
    steady()
    front().guard.until_sessions(0)
    said = shop.export(front(), "--application", "its own")
    assert "its own" not in said, said["its own"]


@test(gateway=True, limit=60)
def test_new_name_is_waited_for():
    """Who speaks of a table that another session has just made waits for the snapshot that shows it, and is not alarmed"""
    steady()
    with front().login(application_name="speaks") as session, front().login(application_name="makes") as other:
        session.query("SELECT 1")
        other.query("SELECT 1")
        with no_snapshots():
            other.query("CREATE TABLE made_just_now (v text)")
            session.send(wire.query("SELECT v FROM made_just_now"))
            assert not select.select([session.socket], [], [], 0.3)[0], "no snapshot, and an answer"
        while session.receive()[0] != "Z":
            pass
        session.terminate()
        other.terminate()
    front().guard.until_sessions(0)
    said = shop.export(front(), "--application", "speaks")
    assert "speaks" not in said, said["speaks"]


# (name, what another session does, what is read then).
TWISTS = (
    ("a view is replaced", ("CREATE OR REPLACE VIEW v AS SELECT name AS title FROM customers",), "SELECT title FROM v"),
    ("a view is put in front", ("CREATE SCHEMA s", "CREATE VIEW s.products AS SELECT name AS title FROM customers"), "SELECT title FROM products"),
    ("a table is put in front", ("CREATE SCHEMA s", "CREATE TABLE s.products (title text)", "INSERT INTO s.products SELECT name FROM customers"),
     "SELECT title FROM products"),
    ("tables change names", ("BEGIN; ALTER TABLE goods RENAME TO bads; ALTER TABLE customers RENAME TO goods; ALTER TABLE goods RENAME name TO v; COMMIT",),
     "SELECT v FROM goods"),
    ("a table changes its schema", ("CREATE SCHEMA s", "ALTER TABLE customers RENAME name TO title", "ALTER TABLE customers SET SCHEMA s",
                                    "ALTER TABLE s.customers RENAME TO products"), "SELECT title FROM products"),
    ("a new table is filled", ("CREATE TABLE filled (v text)", "INSERT INTO filled SELECT name FROM customers"), "SELECT v FROM filled"),
    ("one that code awaits is filled", ("CREATE TABLE awaited (v text)", "INSERT INTO awaited SELECT name FROM customers"), "SELECT reads()"),
    ("one that code awaits is filled by code", ("CREATE TABLE awaited (v text)", "SELECT fills()"), "SELECT reads()"),
    ("a new table gets a child", ("CREATE TABLE parent (name text)", "ALTER TABLE customers INHERIT parent"), "SELECT name FROM parent"),
    ("a temporary one is filled by its own session", None, "SELECT title FROM products"),
)


@test(gateway=True, limit=100)
def test_twists():
    """A name that another session gives another meaning is counted from its first row on, also beside temporary tables"""
    shown = {}
    for number, (name, changes, read) in enumerate(TWISTS):
        database = f"twist_{number}"
        shop.server().sql(f"CREATE DATABASE {database} TEMPLATE {template()}")
        shown[name] = play_twist(database, name, changes, read)
    front().guard.until_sessions(0)
    said = shop.export(front())
    problems = [found for found in (shop.problem(name, seen, said[name]) for name, seen in shown.items()) if found]
    assert not problems, "\n" + "\n".join(problems)


def play_twist(database, name, changes, read):
    """The reader's session is there before; reads simply, and by what it has prepared, right after the change."""
    seen = set()

    def take(session, data):
        session.send(data)
        while True:
            kind, body = session.receive()
            if kind == "D":
                seen.update((one or other).decode() for one, other in SEEN.findall(body))
            if kind == "Z":
                return

    with front().login(database=database, application_name=name, options="-c search_path=s,public") as reader, \
            front().login(database=database, application_name="twists") as other:
        take(reader, wire.parse(read, "prepared") + wire.SYNC)
        take(reader, wire.query(read))
        if changes is None:
            for sql in ("CREATE TEMP TABLE products (id bigint, title text)", "INSERT INTO products SELECT id, name FROM customers"):
                take(reader, wire.query(sql))
        for sql in changes or ():
            other.query("CREATE TEMP TABLE scratch (a int)")
            other.query(sql)
            other.query("DROP TABLE scratch")
        take(reader, wire.bind(name="prepared") + wire.execute() + wire.SYNC)
        take(reader, wire.query(read))
        reader.terminate()
        other.terminate()
    return seen


if __name__ == "__main__":
    harness.main()
