#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Names that change under the gateway's eyes: tables renamed, views and functions replaced, tables and
operators put in front of others, roles changed. Whoever is shown by them is counted, by name or as a
bound, never as nothing. Each case has a database of its own."""
import itertools
import re
import threading
import time

import harness
import inspector
import process
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@")

# Two views that may change places.
SWAP = ("CREATE VIEW va AS SELECT title FROM products; CREATE VIEW vb AS SELECT name || '' AS title FROM customers",)

# (name, steps). A step is SQL, one text; or (what, …): ("other", SQL) in another session through the
# gateway; ("past", SQL) past it; ("prepare", SQL), ("again",) a named statement and its execution;
# ("options", text): of the session's start. The client is a superuser: what it may is not the question.
CASES = (
    ("renamed table", ("ALTER TABLE customers RENAME TO clients", "SELECT name FROM clients WHERE grade = 1")),
    ("renamed in one text", ("ALTER TABLE customers RENAME TO clients; SELECT name FROM clients WHERE grade = 1",)),
    ("renamed and rolled back", ("BEGIN; ALTER TABLE customers RENAME TO clients", "SELECT name FROM clients", "ROLLBACK")),
    ("renamed column", ("ALTER TABLE customers RENAME name TO label", "SELECT label FROM customers WHERE grade = 1")),
    ("two tables swapped", ("BEGIN; ALTER TABLE products RENAME TO goods; ALTER TABLE customers RENAME TO products",
                            "SELECT name FROM products", "COMMIT", "SELECT email FROM products WHERE grade = 2")),
    ("swapped under a prepared text", (("prepare", "SELECT * FROM products"), ("again",),
        ("other", "ALTER TABLE products RENAME TO goods; CREATE VIEW products AS SELECT 1 AS id, name AS title, 2 AS price FROM customers"),
        ("again",))),
    ("the customers under a prepared text", (("prepare", "SELECT title FROM products"), ("again",),
        ("other", "ALTER TABLE products RENAME TO goods; ALTER TABLE customers RENAME name TO title; ALTER TABLE customers RENAME TO products"),
        ("again",))),
    ("renamed by others", ("SELECT 1", ("past", "ALTER TABLE customers RENAME TO clients"), "SELECT name FROM clients")),
    ("moved to another schema", ("CREATE SCHEMA s; ALTER TABLE customers SET SCHEMA s", "SELECT name FROM s.customers")),
    ("new column", ("ALTER TABLE products ADD note text; UPDATE products p SET note = name FROM customers c "
                    "WHERE c.id = 1000 + 7 * p.id", "SELECT note FROM products")),
    ("view in the same transaction", ("BEGIN; CREATE VIEW w AS SELECT name FROM customers", "SELECT * FROM w", "ROLLBACK")),
    ("view replaced by another session", (("other", "CREATE VIEW v AS SELECT title FROM products"), "SELECT * FROM v",
        ("other", "CREATE OR REPLACE VIEW v AS SELECT name AS title FROM customers"), "SELECT * FROM v")),
    ("function replaced by another session", (("other", "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT title FROM products'"),
        "SELECT f()", ("other", "CREATE OR REPLACE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM customers'"), "SELECT f()")),
    ("function made in passing", ("CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM customers'", "SELECT * FROM f()")),
    ("temporary table in front", ("CREATE TEMP TABLE products AS SELECT id, name AS title FROM customers", "SELECT title FROM products")),
    ("temporary table by INSERT", ("CREATE TEMP TABLE t (x text); INSERT INTO t SELECT name FROM customers", "SELECT x FROM t")),
    ("SELECT INTO", ("SELECT name AS x INTO t FROM customers", "SELECT x FROM t")),
    ("copied by another session", (("other", "CREATE TABLE t AS SELECT name AS x FROM customers"), "SELECT x FROM t")),
    ("materialized view", ("CREATE MATERIALIZED VIEW m AS SELECT name AS x FROM customers", "SELECT x FROM m")),
    ("child table", ("CREATE TABLE kid () INHERITS (customers); INSERT INTO kid SELECT id + 1, name, phone, 'x' || email, address, 1, '' FROM customers",
                     "SELECT name FROM kid")),
    ("schema with a view in it", ("BEGIN", "CREATE SCHEMA evil CREATE VIEW products AS SELECT name || '' AS title FROM public.customers",
                                  "SET LOCAL search_path = evil, public", "SELECT title || '' FROM products", "ROLLBACK")),
    ("renamed by a procedure", (*SWAP, "CREATE PROCEDURE swap() LANGUAGE plpgsql AS 'BEGIN ALTER VIEW va RENAME TO vx; ALTER VIEW vb RENAME TO va; END'",
                                "BEGIN", "CALL swap()", "SELECT title || '' FROM va", "ROLLBACK")),
    ("renamed by a prepared transaction", (*SWAP, "BEGIN; ALTER VIEW va RENAME TO vx; ALTER VIEW vb RENAME TO va; PREPARE TRANSACTION 'swap'",
                                           "SELECT 1", "SELECT pg_sleep(1)", "COMMIT PREPARED 'swap'", "SELECT title || '' FROM va")),
    ("schema in front", ("CREATE SCHEMA evil; CREATE TABLE evil.products AS SELECT id, name AS title FROM customers",
                         "SET search_path = evil, public", "SELECT title FROM products")),
    ("schema in front, by start-up", (("other", "CREATE SCHEMA evil; CREATE VIEW evil.products AS SELECT name AS title FROM customers"),
                                      ("options", "-c search_path=evil"), "SELECT title FROM products")),
    ("schema in front, by function", ("CREATE SCHEMA evil; CREATE VIEW evil.products AS SELECT id, name AS title FROM customers",
                                      "SELECT set_config('search_path', 'evil', false)", "SELECT title FROM products")),
    ("schema in front, of the role", (("other", "CREATE SCHEMA evil; CREATE VIEW evil.products AS SELECT name AS title FROM customers;"
                                       "ALTER DATABASE :db SET search_path = evil"), ("options", ""), "SELECT title FROM products")),
    ("schema in front of a prepared text", ("CREATE SCHEMA evil; CREATE VIEW evil.products AS SELECT name AS title FROM customers",
                                            ("prepare", "SELECT title FROM products"), ("again",),
                                            "SET search_path = evil, public", ("again",))),
    ("operator in front", ("CREATE SCHEMA evil; CREATE FUNCTION evil.always(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT true';"
                           "CREATE OPERATOR evil.= (FUNCTION = evil.always, LEFTARG = bigint, RIGHTARG = bigint)",
                           "SET search_path = evil, pg_catalog, public", "SELECT name FROM customers WHERE id = 1014::bigint")),
    ("function in front", ("CREATE SCHEMA evil; CREATE FUNCTION evil.length(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
                           "SET search_path = evil, pg_catalog, public", "SELECT length(name) FROM customers")),
    ("aggregate in front", ("CREATE SCHEMA evil; CREATE FUNCTION evil.add(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2';"
                            "CREATE AGGREGATE evil.count(text) (SFUNC = evil.add, STYPE = text, INITCOND = '')",
                            "SET search_path = evil, pg_catalog, public", "SELECT count(name) FROM customers")),
    ("role without the key", ("CREATE ROLE :db; GRANT SELECT (name) ON customers TO :db", "SET ROLE :db", "SELECT name FROM customers")),
    ("role without the key, later", (("prepare", "SELECT name FROM customers"), ("again",),
                                     "CREATE ROLE :db; GRANT SELECT (name) ON customers TO :db", "SET ROLE :db", "SELECT name FROM customers")),
    ("session authorization", ("CREATE ROLE :db; GRANT SELECT (name) ON customers TO :db", "SET SESSION AUTHORIZATION :db",
                               "SELECT name FROM customers", "RESET SESSION AUTHORIZATION", "SELECT email FROM customers WHERE grade = 1")),
    ("prepared within DO", ("DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT name FROM customers'; END $$", "EXECUTE p")),
    ("rule", ("CREATE RULE r AS ON UPDATE TO products DO INSTEAD SELECT name FROM customers", "UPDATE products SET price = 1")),
    ("trigger's notice", ("CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(name, ',') "
                          "FROM customers); RETURN NEW; END $$; CREATE TRIGGER t BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION t()",
                          "UPDATE products SET price = 1 WHERE id = 1")),
    ("key column renamed", ("ALTER TABLE customers RENAME id TO number; ALTER TABLE customers RENAME grade TO id", "SELECT id, name FROM customers")),
    ("dialect", ("SET standard_conforming_strings = off", "SELECT name, '\\'' AS \"' FROM products --\" FROM customers WHERE grade = 1")),
)


@harness.shared
def template():
    server = shop.server()
    server.sql("CREATE DATABASE shop_template")
    server.sql(shop.SCHEMA, "shop_template")
    inspector.install(server, databases=("postgres", "shop_template"))
    return "shop_template"


@harness.shared
def front():
    template()
    return shop.front("changes")


class Client:
    """Plays a case; whom it saw, in whatever came."""

    def __init__(self, number, name):
        self.database, self.name, self.seen, self.session = f"case_{number}", name, set(), None
        shop.server().sql(f"CREATE DATABASE {self.database} TEMPLATE {template()}")

    def open(self, **options):
        return front().login(database=self.database, **{"application_name": self.name, **options})

    def take(self, session, data):
        session.send(data)
        while True:
            kind, body = session.receive()
            self.seen |= {(one or other).decode() for one, other in SEEN.findall(body)}
            if kind == "E":
                raise wire.ServerError(wire.read_fields(body))
            if kind == "Z":
                return

    def play(self, step):
        step = step if isinstance(step, tuple) else ("show", step)
        what, sql = step[0], step[1].replace(":db", self.database) if len(step) > 1 else ""
        if what == "options":
            self.session = self.open(options=sql)
            return
        if what == "past":
            shop.server().sql(sql, self.database)
            return
        if what == "other":
            with front().login(database=self.database, application_name="other") as session:
                self.take(session, wire.query(sql))
                session.terminate()
            return
        self.session = self.session or self.open()
        if what == "prepare":
            self.take(self.session, wire.parse(sql, "prepared") + wire.SYNC)
        elif what == "again":
            self.take(self.session, wire.bind(name="prepared") + wire.execute() + wire.SYNC)
        else:
            self.take(self.session, wire.query(sql))


@test(limit=150)
def test_changes():
    """Renamed, replaced, put in front: whoever was shown is counted, by name or as a bound"""
    clients, problems = [], []
    for number, (name, steps) in enumerate(CASES):
        client = Client(number, name)
        clients.append(client)
        try:
            for step in steps:
                client.play(step)
        except (wire.ServerError, wire.Closed, TimeoutError) as error:
            problems.append(f"{name}: {error}")
        client.session.terminate()
    said = {}
    if not harness.DIRECT:
        front().guard.until_sessions(0)
        said = shop.export(front())
    for client in clients:
        if harness.DIRECT:
            found = None if client.seen else f"{client.name}: the case shows nobody"
        else:
            found = shop.problem(client.name, client.seen, said[client.name])
        problems += [found] if found else []
    assert not problems, "\n" + "\n".join(problems)


@test(gateway=True)
def test_replaced_past_the_gateway():
    """A view and a function that were replaced past the gateway are noticed by polling, without a reconnect"""
    client = Client(len(CASES), "polled")
    shop.server().sql("CREATE VIEW v AS SELECT title FROM products;"
                      "CREATE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT title FROM products'", client.database)
    for sql in ("SELECT * FROM v", "SELECT * FROM f()"):
        client.play(sql)
    equal(client.seen, set())
    shop.server().sql("CREATE OR REPLACE VIEW v AS SELECT name AS title FROM customers;"
                      "CREATE OR REPLACE FUNCTION f() RETURNS SETOF text LANGUAGE sql AS 'SELECT email FROM customers'", client.database)

    def noticed():
        for sql in ("SELECT * FROM v", "SELECT * FROM f()"):
            client.play(sql)
        return {"name", "email"} <= set(shop.export(front(), "--application", client.name)[client.name].fields)
    process.until(noticed, "both are noticed", 40)
    client.session.terminate()


def until_settled(client):
    """Until what shows nobody leaves no line: a snapshot has answered all that was in doubt."""
    names = (f"asks {client.database} {number}" for number in itertools.count())

    def is_settled():
        name = next(names)
        with client.open(application_name=name) as session:
            client.take(session, wire.query("SELECT title FROM plain"))
            session.terminate()
        front().guard.until_sessions(client.stays)
        return name not in shop.export(front())
    process.until(is_settled, "nothing is in doubt", 20)


@test(gateway=True, limit=100)
def test_in_a_transaction_of_its_own():
    """Who is in a transaction is counted from the moment on that another session has replaced a view in one, however
    that one ended"""
    for number, end in enumerate(("COMMIT", "COMMIT AND CHAIN", "COMMIT; BEGIN")):
        reader = Client(len(CASES) + 2 + number, f"reads, {end}")
        # A table that no other database has: what is marked there is marked in what can be its copy.
        shop.server().sql("CREATE TABLE plain AS SELECT title FROM products; CREATE VIEW v AS SELECT title AS t FROM plain",
                          reader.database)
        with reader.open(application_name="replaces") as other:
            reader.take(other, wire.query("BEGIN; CREATE OR REPLACE VIEW v AS SELECT name AS t FROM customers"))
            reader.stays = 1
            until_settled(reader)
            reader.play("SELECT 1")
            reader.play("BEGIN; SELECT title FROM plain")
            reader.take(other, wire.query(end))
            reader.play("SELECT t FROM v")
            other.terminate()
        reader.session.terminate()
        front().guard.until_sessions(0)
        found = shop.problem(reader.name, reader.seen, shop.export(front())[reader.name])
        assert not found, found


@test(gateway=True)
def test_refused_by_now():
    """A prepared statement whose function has become a way out, past the gateway, ends its session unanswered"""
    client = Client(len(CASES) + 1, "refused by now")
    make = "CREATE OR REPLACE FUNCTION f(text) RETURNS text LANGUAGE sql AS "
    shop.server().sql(make + "'SELECT title FROM products WHERE title = $1'", client.database)
    client.play(("prepare", "SELECT f('PG_VERSION')"))
    client.play(("again",))
    shop.server().sql(make + "'SELECT pg_read_file($1)'", client.database)

    def refused():
        client.session.send(wire.bind(name="prepared") + wire.execute() + wire.SYNC)
        kind = body = None
        while kind not in ("E", "Z"):
            kind, body = client.session.receive()
        return kind == "E" and wire.read_fields(body)["C"] == "0A000"
    process.until(refused, "it is refused", 40)
    try:
        raise AssertionError(f"after it: {client.session.receive()}")
    except wire.Closed:
        pass


@test(gateway=True, limit=100)
def test_keys_read_before_a_new_snapshot():
    """Keys of statements that are on their way when a new snapshot comes are not lost: nobody is unknown for that"""
    over, keys = threading.Event(), shop.keys("customers", "id")[:100]

    def change():  # past the gateway: it gives no statement another meaning, and is noticed by polling
        number = 0
        while not over.wait(0.05):
            number += 1
            shop.server().sql(f"CREATE TABLE passing_{number} (x int)")

    changing = threading.Thread(target=change, daemon=True)
    changing.start()
    try:
        with front().login(user="app", application_name="on their way") as session:
            # Takes longer than to make a snapshot: else the next one waits for it, and none is on its way.
            batch = b"".join(wire.parse(f"SELECT name FROM customers WHERE id = {key}") + wire.bind() + wire.execute()
                             for key in keys * 20) + wire.SYNC
            end = time.monotonic() + (30 if harness.LONG else 10)
            while time.monotonic() < end:
                equal(len(session.exchange(batch).rows), 20 * len(keys))
            session.terminate()
    finally:
        over.set()
        changing.join()
    front().guard.until_sessions(0)
    shown = shop.export(front(), "--application", "on their way")["on their way"]
    equal((shown.unknown, shown.flags), (0, set()))
    equal(shown.keys["customer"], set(keys))


if __name__ == "__main__":
    harness.main()
