#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One database that is known by several names: behind two gateways, behind one that was renamed, renamed itself,
copied as a template. What is known of it under one name holds under the others: tables that personal values were
written to, and that its catalog has changed."""
import itertools
import signal

import guard
import harness
import postgres
import process
import shop
from stage import equal, test
import wire

COPY = "CREATE TABLE m AS SELECT name AS v FROM customers"
NOBODY = [{"principal": "nobody", "window": "day", "subjects": 5, "verdict": "block"}]  # another generation of settings


@harness.shared
def server():
    """The shop, with a second database like the first."""
    made = shop.server()
    shop.asked()
    made.sql("CREATE DATABASE two")
    made.script(harness.TREE / "sql" / "inspector.sql", "two")
    with made.connect(database="two") as session:
        session.query(shop.SCHEMA)
    return made


class Standby(postgres.Server):
    """One that follows server()."""

    def __init__(self):
        super().__init__(harness.folder(), "standby", settings={
            "timezone": "UTC", "hot_standby": "on", "primary_conninfo": f"host=127.0.0.1 port={server().port} user=postgres"})

    def _initialise(self):
        made = process.Process("pg_basebackup", [
            self.binaries / "pg_basebackup", "-D", self.data, "-X", "stream", "-c", "fast", "--no-sync", "-h", "127.0.0.1",
            "-p", str(server().port), "-U", "postgres"], account=postgres.account(), env=self.environment)
        equal(made.wait(60), 0, "pg_basebackup")
        self.write("standby.signal", "")

    def start(self):
        self.process = process.Process(self.name, [self.binaries / "postgres", "-D", self.data],
                                       account=postgres.account(), stop_signal=signal.SIGINT, env=self.environment)
        self.process.wait_line("database system is ready to accept read-only connections", 60)


def counted(shown):
    """By name, or in an upper bound."""
    return len(shown.keys["customer"]) + shown.unknown


class Pair:
    """Two gateways to one server, which the second names `host`; or the second's to `other`."""

    def __init__(self, name, host="localhost", other=None):
        lone = guard.gateway(other or server(), "ro", inspector=shop.asked(), limits={"drain_time": "1s"})
        lone["upstream"] = lone["upstream"].replace("127.0.0.1", host)
        first = guard.gateway(server(), "rw", inspector=shop.asked(), limits={"drain_time": "1s"})
        self.guard = guard.start([first, lone], name=name, log={"level": "debug"}, **shop.CONFIG)

    def login(self, gateway="rw", **options):
        return wire.login(self.guard.address(gateway), user="postgres", **options)

    def run(self, sql, gateway="rw", database="postgres", name="runs"):
        with self.login(gateway, database=database, application_name=name) as session:
            return session.query(sql).rows

    def run_and_reload(self, sql):
        """Until a snapshot shows what it has done."""
        mark = self.guard.mark()
        self.run(sql)
        self.guard.wait("catalog_reloaded", start=mark, gateway="rw")

    def check(self, name, sql="SELECT v FROM m", gateway="rw", database="postgres"):
        """It shows persons, and all are counted."""
        rows = self.run(sql, gateway, database, name)
        self.guard.until_sessions(0)
        shown = shop.export(self.guard).get(name)
        assert rows, f"{name}: shows nobody"
        assert shown and counted(shown) >= len(rows), f"{name}: {len(rows)} SHOWN UNCOUNTED: {shown}"

    def reload(self):
        self.guard.write()
        equal(self.guard.reload()["event"], "config_reloaded")

    def restart(self):
        equal(self.guard.stop(), 0)
        self.guard.start()


def rename(pair, way):
    """The first gateway has another name."""
    pair.guard.config["gateway"][0]["name"] = way
    pair.guard.gateways = {one["name"]: one for one in pair.guard.config["gateway"]}


def alone_in(database, sql):
    """What the server does only while nobody is in the database, the inspector neither."""
    def is_done():
        try:
            server().sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
            return server().sql(sql) is not None
        except wire.ServerError:
            return False
    process.until(is_done, sql, 20)


@test(gateway=True, limit=150)
def test_marks_by_other_names():
    """A table that was filled through one gateway is known through the other, under the gateway's and the
    database's other names, in a copy of the database, and all that after a restart"""
    pair = Pair("kin")
    pair.run(COPY, database="two")
    pair.check("other gateway", gateway="ro", database="two")
    pair.restart()
    pair.check("other gateway, later", gateway="ro", database="two")
    alone_in("two", "CREATE DATABASE copy TEMPLATE two")
    pair.check("copied", database="copy")
    alone_in("two", "ALTER DATABASE two RENAME TO three")
    pair.check("renamed database", database="three")
    rename(pair, "renamed")
    pair.reload()
    pair.check("renamed gateway", gateway="renamed", database="three")
    rename(pair, "again")
    equal(pair.guard.stop(), 0)
    pair.guard.write()
    pair.guard.start()
    for database in ("three", "copy"):
        pair.check(f"all of it, later: {database}", gateway="again", database=database)
    pair.guard.stop()
    alone_in("three", "ALTER DATABASE three RENAME TO two")


@test(gateway=True, limit=100)
def test_changes_through_others():
    """A view that is replaced through one gateway, or by a session of before a reload, shows nobody uncounted
    through the other, or to a session of after it, not even at once"""
    pair = Pair("kin-changes")
    for number in range(6):
        pair.run(f"CREATE VIEW v{number} AS SELECT title AS t FROM products")

    def replace(session, number):
        session.query(f"CREATE OR REPLACE VIEW v{number} AS SELECT name AS t FROM customers")
    for number in range(3):  # often enough that no poll of the catalog comes between each time
        pair.run(f"SELECT t FROM v{number}", "ro")
        with pair.login() as session:
            replace(session, number)
        pair.check(f"other gateway {number}", f"SELECT t FROM v{number}", "ro")
    with pair.login() as old:
        old.query("SELECT 1")
        pair.guard.config["budgets"] = NOBODY
        pair.reload()
        pair.run("SELECT t FROM v5")
        for number in range(3, 6):
            replace(old, number)
            rows = pair.run(f"SELECT t FROM v{number}", name=f"after the reload {number}")
            process.until(lambda n=number: shop.export(pair.guard).get(f"after the reload {n}"), "record", 5)
            shown = shop.export(pair.guard)[f"after the reload {number}"]
            assert rows and counted(shown) >= len(rows), f"{len(rows)} SHOWN UNCOUNTED: {shown}"
    pair.guard.stop()


@test(gateway=True, limit=100)
def test_underway_through_others():
    """While a client does not read that it has replaced a view, who reads it through the other gateway, or in a
    session of after a reload, is counted; then no more"""
    pair = Pair("kin-underway")
    pair.run("CREATE VIEW unread AS SELECT title AS t FROM products")
    for turn, gateway in ("other gateway", "ro"), ("after the reload", "rw"):
        pair.run("SELECT t FROM unread", gateway)
        with pair.login(receive_buffer=2048) as slow, pair.login(gateway, application_name=turn) as reader:
            reader.query("SELECT 1")
            slow.send(wire.query("SELECT repeat('x', 8000) FROM generate_series(1, 400); "
                                 "CREATE OR REPLACE VIEW unread AS SELECT name AS t FROM customers"), drain=False)
            process.until(lambda: "customers" in server().sql("SELECT pg_get_viewdef('unread'::regclass)")[0][0], "another view")
            if gateway == "rw":
                pair.guard.config["budgets"] = NOBODY
                pair.reload()
            with pair.login(gateway, application_name=turn) as other:
                rows = [session.query("SELECT t FROM unread").rows for session in (reader, other)]
            process.until(lambda n=turn: shop.export(pair.guard).get(n), "record", 5)
            shown = shop.export(pair.guard)[turn]
            assert rows[0] and counted(shown) >= len(rows[0]) + len(rows[1]), f"{turn}: {len(rows[0])} SHOWN UNCOUNTED: {shown}"
            slow.result()
            slow.query("CREATE OR REPLACE VIEW unread AS SELECT title AS t FROM products")
        pair.guard.until_sessions(0)
        pair.run("SELECT t FROM unread", gateway, name=f"{turn}, then")
        pair.guard.until_sessions(0)
        assert f"{turn}, then" not in shop.export(pair.guard)
    pair.guard.stop()


@test(gateway=True, limit=100)
def test_growth_through_others():
    """Persons that are inserted through one gateway, or by a session of before a reload, are in the upper bound of
    the other gateway's sessions, or of those of after it, at once"""
    pair = Pair("kin-growth", "127.0.0.1")
    all_names, grown = "SELECT DISTINCT name FROM customers", 0

    def insert(session, number):
        first = 100000 * (number + 1)
        session.query("INSERT INTO customers SELECT i, 'Kim-' || i, NULL, 'e' || i, NULL, 1, 'x' "
                      f"FROM generate_series({first}, {first + 1999}) i")

    def check(name, gateway):
        rows = pair.run(all_names, gateway, name=name)
        process.until(lambda: shop.export(pair.guard).get(name), "record", 5)
        shown = shop.export(pair.guard)[name]
        assert len(rows) <= shown.unknown, f"{name}: {len(rows)} shown, {shown.unknown} at most"
    with pair.login() as old:
        for number in range(2):
            pair.run(all_names, "ro")
            insert(old, grown)
            grown += 1
            check(f"other gateway {number}", "ro")
        pair.guard.config["budgets"] = NOBODY
        pair.reload()
        for number in range(2):
            pair.run(all_names)
            insert(old, grown)
            grown += 1
            check(f"after the reload {number}", "rw")
    server().sql("DELETE FROM customers WHERE id BETWEEN 100000 AND 1000000")
    pair.guard.stop()


@test(gateway=True, limit=60)
def test_growth_while_reading():
    """Persons that are inserted while a statement waits on the server, through pasu or past it, are in its upper
    bound, also where a new snapshot of the catalog has counted them meanwhile and the statement has the old one"""
    pair = Pair("kin-reading")
    server().sql("CREATE TABLE dam AS SELECT 1 AS x")
    for number, is_past in enumerate((False, True)):
        name, first = f"reading {number}", 100000 * (number + 1)
        insert = ("INSERT INTO customers SELECT i, 'Kim-' || i, NULL, 'e' || i, NULL, 1, 'x' "
                  f"FROM generate_series({first}, {first + 1999}) i")
        with pair.login(application_name=name) as reader, server().connect() as dam:
            reader.query("SELECT 1")
            dam.query("BEGIN; LOCK TABLE dam")
            reader.send(wire.query("SELECT DISTINCT c.name FROM customers c, dam"))
            process.until(lambda: server().sql("SELECT FROM pg_locks WHERE relation = 'dam'::regclass AND NOT granted"), "wait")
            if is_past:
                server().sql(insert)
            pair.run_and_reload(f"CREATE TABLE dam{number} ()" if is_past else f"{insert}; CREATE TABLE dam{number} ()")
            dam.query("COMMIT")
            rows = reader.result().rows
        process.until(lambda n=name: shop.export(pair.guard).get(n), "record", 5)
        shown = shop.export(pair.guard)[name]
        assert len(rows) <= shown.unknown < 100000, f"{name}: {len(rows)} shown, {shown.unknown} at most"
    server().sql("DELETE FROM customers WHERE id BETWEEN 100000 AND 1000000")
    server().sql("DROP TABLE dam, dam0, dam1")
    pair.guard.stop()


@test(gateway=True, limit=100)
def test_growth_of_much():
    """Where a table is too large to be counted anew after a reload, what was inserted before, and is in nobody's
    statistics yet, is in the upper bound of sessions of after it"""
    many = ("INSERT INTO customers SELECT i, 'Kim-' || i, NULL, 'e' || i, NULL, 1, 'x' "
            "FROM generate_series({}, {}) i").format
    server().sql(many(100001, 400000))
    pair = Pair("kin-much", "127.0.0.1")
    with pair.login() as old:
        old.query("SELECT 1 FROM customers LIMIT 1")  # the server's statistics have its session's by now, and wait then
        old.query(many(400001, 402000))
        pair.guard.config["budgets"] = NOBODY
        pair.reload()
        pair.run("SELECT string_agg(name, '') FROM customers", name="much")
        process.until(lambda: shop.export(pair.guard).get("much"), "record", 5)
        shown = shop.export(pair.guard)["much"]
        assert 302400 <= shown.unknown < 400000, f"302400 shown, {shown.unknown} at most"
    server().sql("DELETE FROM customers WHERE id BETWEEN 100000 AND 1000000")
    pair.guard.stop()


@test(gateway=True, limit=100)
def test_standby():
    """A table that was filled through a server is known on its standby, which was behind when it was marked; and
    forgotten there once it is gone"""
    standby = Standby()
    pair = Pair("kin-standby", other=standby)

    def caught_up(table):
        process.until(lambda: standby.sql(f"SELECT to_regclass('{table}') IS NOT NULL") == [["t"]], "the standby", 20)
    pair.run("SELECT 1", "ro")
    standby.sql("SELECT pg_wal_replay_pause()")
    for number in range(2):
        pair.run_and_reload(f"CREATE TABLE far{number} AS SELECT name AS v FROM customers")
    pair.run_and_reload("DROP TABLE far1")
    pair.restart()  # knows the table by its OID now, which the standby does not have yet
    pair.run("SELECT 1", "ro")
    mark = pair.guard.mark()
    standby.sql("SELECT pg_wal_replay_resume()")
    caught_up("far0")
    pair.guard.wait("catalog_reloaded", start=mark, gateway="ro")  # a poll has noticed it
    pair.check("standby", "SELECT v FROM far0", "ro")
    pair.run("CREATE TABLE far1 AS SELECT title AS v FROM products")
    caught_up("far1")
    names = (f"harmless {number}" for number in itertools.count())

    def is_forgotten():
        name = next(names)
        rows = pair.run("SELECT v FROM far1", "ro", name=name)
        pair.guard.until_sessions(0)
        return rows and name not in shop.export(pair.guard)
    process.until(is_forgotten, "the other table is forgotten", 20)
    pair.restart()
    pair.check("standby, later", "SELECT v FROM far0", "ro")
    pair.guard.stop()
    standby.stop()


@test(gateway=True, limit=60)
def test_server_that_does_not_say():
    """Where pg_control_system is not everybody's, the server's address and the names tell"""
    server().sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    try:
        pair = Pair("kin-silent", "127.0.0.1")
        for database in ("postgres", "two"):  # the second gateway has not been in the other one yet
            pair.run("CREATE TABLE silent AS SELECT name AS v FROM customers", database=database)
            pair.check(f"silent: {database}", "SELECT v FROM silent", "ro", database)
        pair.restart()
        pair.check("silent, later", "SELECT v FROM silent", "ro")
        pair.guard.stop()
    finally:
        server().sql("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")


@test(gateway=True, limit=100)
def test_login_of_former_settings():
    """Marks of the past are everybody's, also where the first who asks for them is of settings from before a reload"""
    server()
    front = shop.front("kin-past")
    with front.login(database="two", user="postgres") as session:
        session.query("CREATE TABLE past AS SELECT name AS v FROM customers")
    equal(front.guard.stop(), 0)
    front.guard.start()
    with wire.Wire(front.address, timeout=60) as slow:  # has the settings of now, and goes on later
        with front.login(user="postgres") as session:  # is accepted behind it
            session.terminate()
        front.guard.config["budgets"] = NOBODY
        equal(front.reload(), "config_reloaded")
        slow.send(wire.startup("postgres", "two", application_name="slow"))
        slow.authenticate("postgres")
        for _ in range(2):
            with front.login(database="two", user="postgres", application_name="fast") as session:
                rows = session.query("SELECT v FROM past").rows
        shown = shop.export(front).get("fast")
        assert rows and shown and counted(shown) >= len(rows), f"{len(rows)} SHOWN UNCOUNTED: {shown}"
        slow.terminate()
    front.stop()


if __name__ == "__main__":
    harness.main()
