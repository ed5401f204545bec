#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a client sees is what it would see without pasu, also where the gateway changes what it passes on:
statements that were prepared before their tables change, in every way that the protocol has. Each story
is told to the server directly and through the gateway; the messages that come must be the same."""
import difflib
import glob
import itertools
import pathlib
import random
import re
import shutil
import struct
import subprocess
import threading

import harness
import postgres
import shop
import stage
from stage import test
import wire

DRIVERS = pathlib.Path(__file__).resolve().parent / "drivers"
PYTHON = "/usr/bin/python3"

# What is prepared: most need a hidden key, some show it, fix it, or can have none.
STATEMENTS = (
    ("injected", "SELECT name, phone FROM customers WHERE grade = 1 ORDER BY email LIMIT 3", ()),
    ("key shown", "SELECT * FROM customers WHERE id = $1", ("1350",)),
    ("pinned", "SELECT name FROM customers WHERE id = $1", ("1350",)),
    ("two keys", "SELECT c.name, p.door_code, p.recipient FROM customers c JOIN parcels p ON p.customer_id = c.id "
     "WHERE c.grade = 2 ORDER BY p.id LIMIT 3", ()),
    ("bound", "SELECT DISTINCT region, upper(name) FROM customers WHERE grade = 1 ORDER BY 2 LIMIT 3", ()),
    ("changing", "UPDATE customers SET grade = grade WHERE grade = 3 AND id < 1100 RETURNING name", ()),
    ("within", "WITH w(n, g) AS (SELECT name, grade FROM customers) SELECT * FROM w WHERE g = 1 ORDER BY n LIMIT 3", ()),
    ("united", "SELECT title FROM products WHERE id < 3 UNION ALL SELECT name FROM customers WHERE grade = 1 ORDER BY 1 LIMIT 4", ()),
    ("handed on", "SELECT s.* FROM (SELECT a.name, a.phone FROM (SELECT * FROM customers) a ORDER BY a.email LIMIT 2) s", ()),
    ("nobody", "SELECT count(*) FROM customers", ()),
    ("view", "SELECT who FROM contact ORDER BY who LIMIT 2", ()),
)
CHANGES = (
    "SELECT 1",
    "ALTER TABLE customers ADD note text",
    "ALTER TABLE customers DROP address",
    "ALTER TABLE customers RENAME id TO key",
    "ALTER TABLE customers RENAME name TO label",
    "ALTER TABLE customers ALTER id TYPE numeric",
    "ALTER TABLE customers ALTER name TYPE varchar(100)",
    "ALTER TABLE customers RENAME TO clients",
    "ALTER TABLE customers RENAME TO clients; CREATE TABLE customers AS SELECT * FROM clients WHERE grade < 3",
    "ALTER TABLE parcels RENAME customer_id TO customer",
    "DROP TABLE customers CASCADE",
    "CREATE INDEX ON customers (grade); ANALYZE customers",
    "CREATE SCHEMA other; CREATE TABLE other.customers AS SELECT * FROM customers WHERE grade = 1; SET search_path = other, public",
    "CREATE TEMP TABLE customers AS SELECT id, name, phone, email, grade, region FROM public.customers WHERE grade = 1",
    "CREATE OR REPLACE VIEW contact AS SELECT name AS who, id AS key FROM customers",
    "DISCARD PLANS",
    "DISCARD ALL",
)
EXTRA = """
CREATE VIEW contact AS SELECT name AS who FROM customers;
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE feelings (customer_id bigint, mood mood, span int4range, moods mood[]);
INSERT INTO feelings SELECT id, (ARRAY['sad', 'glad']::mood[])[1 + grade % 2], int4range(grade, grade + 5), ARRAY['sad', 'glad']::mood[]
    FROM customers WHERE region = 'north';
COMMENT ON COLUMN customers.name IS 'as on the card';
CREATE FUNCTION named(customers) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
"""


@harness.shared
def server():
    made = shop.server()
    made.sql(EXTRA)
    made.sql("CREATE DATABASE made TEMPLATE postgres")
    return made


@harness.shared
def front():
    server()
    return shop.front("same", more={"personal_data": shop.CONFIG["personal_data"] + [
        shop.personal("feelings", "customer", "customer_id", {"mood": "mood", "span": "mood", "moods": "mood"})]})


# ---- what came ----

def told(kind, body):
    """A message as it is compared: numbers that differ from database to database are left out."""
    if kind == "T":
        count, at, columns = struct.unpack_from("!h", body)[0], 2, []
        for _ in range(count):
            name, at = wire.read_text(body, at)
            table, attribute, oid, size, modifier, form = struct.unpack_from("!IhIhih", body, at)
            at += 18
            columns.append((name, table > 0, attribute, oid if oid < 16384 else "own", size, modifier, form))
        return kind, columns
    if kind in "EN":
        fields = wire.read_fields(body)
        return kind, {key: value for key, value in fields.items() if key in "SCMDHPpqWstcn"}
    if kind == "S":
        return kind, None
    return kind, body


class Client:
    """One session; what it was sent, message by message."""

    def __init__(self, address, database):
        self.session = wire.login(address, database=database)
        self.heard = []

    def say(self, data):
        try:
            self.session.send(data)
            while True:
                kind, body = self.session.receive()
                self.heard.append(told(kind, body))
                if kind == "Z":
                    return
        except wire.Closed:
            self.heard.append(("closed", None))


# ---- how it is asked: each yields what is sent before the change, and after it ----

def named(sql, values):
    again = wire.bind(values, name="s") + wire.describe() + wire.execute() + wire.SYNC
    return [wire.parse(sql, "s") + wire.describe("S", "s") + wire.SYNC, again], [again, again]


def undescribed(sql, values):
    again = wire.bind(values, name="s", results=(1,)) + wire.execute() + wire.SYNC
    return [wire.parse(sql, "s") + wire.SYNC, again], [again, wire.describe("S", "s") + wire.SYNC]


def by_sql(sql, values):
    again = wire.query("EXECUTE s" + (f" ({', '.join(values)})" if values else ""))
    types = " (bigint)" if values else ""
    return [wire.query(f"PREPARE s{types} AS {sql}"), again], [again, again]


def mixed(sql, values):
    """Prepared by SQL, executed by messages."""
    types = " (bigint)" if values else ""
    again = wire.bind(values, name="s") + wire.execute(2) + wire.SYNC
    return [wire.query(f"PREPARE s{types} AS {sql}"), again], [again]


def never_run(sql, values):
    again = wire.bind(values, name="s") + wire.describe() + wire.execute() + wire.SYNC
    return [wire.parse(sql, "s") + wire.SYNC], [again, again]


def plain(sql, values):
    for value in values:
        sql = sql.replace("$1", value)
    return [wire.query(sql)], [wire.query(sql), wire.parse(sql) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC]


def held_cursor(sql, values):
    for value in values:
        sql = sql.replace("$1", value)
    return [wire.query(f"DECLARE c CURSOR WITH HOLD FOR {sql}"), wire.query("FETCH 1 FROM c")], [wire.query("FETCH 5 FROM c")]


def in_transaction(sql, values):
    """The change comes in the same transaction."""
    again = wire.bind(values, name="s") + wire.describe() + wire.execute() + wire.SYNC
    return [wire.query("BEGIN"), wire.parse(sql, "s") + wire.SYNC, again], [again, wire.query("ROLLBACK"), again]


WAYS = (named, undescribed, by_sql, mixed, never_run, plain, held_cursor, in_transaction)


def tell(address, database, way, sql, values, change, who):
    """The story; what the client heard. `who` changes the table: the client, or another session."""
    client = Client(address, database)
    before, after = way(sql, values)
    for data in before:
        client.say(data)
    if who == "itself":
        client.say(wire.query(change))
    else:
        with wire.login(address if who == "another" else server().address, database=database) as other:
            other.exchange(wire.query(change))
            other.terminate()
    for data in after + [wire.query("SELECT 'alive'")]:
        client.say(data)
    client.session.terminate()
    return client.heard


def first_difference(one, other):
    for left, right in zip(one, other):
        if left != right:
            return f"{left}\n      but {right}"
    return f"{len(one)} messages, but {len(other)}: {other[len(one):][:2]}"


class Stories:
    """Stories that are told at the same time, by a few threads."""

    def __init__(self, told):
        self.left, self.problems, self.lock = list(enumerate(told)), [], threading.Lock()

    def tell(self):
        made = server()
        while True:
            with self.lock:
                if not self.left:
                    return
                number, (change, way, (name, sql, values), who) = self.left.pop(0)
            heard = []
            try:
                for address in (made.address, front().address):
                    database = f"story_{number}_{len(heard)}"
                    with self.lock:
                        made.sql(f"CREATE DATABASE {database} TEMPLATE made")
                    heard.append(tell(address, database, way, sql, values, change, who))
                    made.sql(f"DROP DATABASE {database} (FORCE)")
                problem = None if heard[0] == heard[1] else first_difference(*heard)
            except Exception as error:  # told with the others
                problem = f"{type(error).__name__}: {error}"
            if problem:
                self.problems.append(f"{name} {way.__name__} after {change[:60]} by {who}:\n      {problem}")

    def all(self):
        front()
        threads = [threading.Thread(target=self.tell, daemon=True) for _ in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return self.problems


# By the client itself, by another session through the gateway, or past the gateway. A transaction that has
# read a table holds others off it.
WHO = ("itself", "another", "past")
SOME = 48  # of the stories, in the short run; always the same ones


def every():
    """All stories: (change, way, statement, who)."""
    return [(change, way, statement, who) for change, way, statement, who in itertools.product(CHANGES, WAYS, STATEMENTS, WHO)
            if who == "itself" or way is not in_transaction and not change.startswith(("DISCARD", "CREATE TEMP"))]


def is_known(change, _, statement, __):
    """Where the key's column itself changes, the hidden key of a statement that was prepared before ends it with
    an error until it is prepared again. (Where the statement names that column, too, it ends so directly.)"""
    return statement[0] in ("injected", "two keys", "changing", "within", "handed on") and (" RENAME id " in change or " ALTER id " in change)


@test(gateway=True, limit=7200 if harness.LONG else 300)
def test_stories():
    """Statements whose tables change after they were prepared answer as they do without pasu"""
    told = every()
    random.Random(3).shuffle(told)
    told = [one for one in told if not is_known(*one)]
    problems = Stories(told if harness.LONG else told[:SOME]).all()
    assert not problems, f"{len(problems)} differ:\n" + "\n".join(problems[:20])


# ---- programs ----

_databases = itertools.count()


def both(argv, **more):
    """What a program prints, directly and through the gateway, each with a database of its own."""
    printed = []
    for host, port in (server().address, front().address):
        database = f"program_{next(_databases)}"
        server().sql(f"CREATE DATABASE {database} TEMPLATE made")
        env = {"PGHOST": host, "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": database, "PGSSLMODE": "disable", **more}
        out = stage.run(argv, env=env, check=False, timeout=100)
        # what pg_dump puts there is random
        out = re.sub(r"(?m)^\\(un)?restrict .*$", "", out)
        printed.append(re.sub(rf"\b{port}\b", "port", out.replace(database, "program")))
    return printed


def compare(argv, least):
    """`least`: what must be in it, so that it is known to have run."""
    one, other = both(argv)
    assert least in one, one[-2000:]
    lines = list(difflib.unified_diff(one.splitlines(), other.splitlines(), "directly", "through pasu", n=1, lineterm=""))
    assert not lines, "\n".join(lines[:40])


@test
def test_psql():
    """psql's commands that describe, and its ways to fetch and to copy"""
    words = [r"\d", r"\d+", r"\d customers", r"\d+ customers", r"\d+ contact", r"\d orders_id_seq", r"\dt+", r"\dv+", r"\di+", r"\ds+", r"\dT+",
             r"\df+ named", r"\sf named", r"\sv contact", r"\dp", r"\z customers", r"\ddp", r"\du", r"\dg+", r"\dn+", r"\dD", r"\dC", r"\do",
             r"\da", r"\dF+", r"\db", r"\dL", r"\dx", r"\dy", r"\dX", r"\dRp", r"\dRs", r"\des", r"\drds", r"\dconfig work_mem", r"\dd", r"\dO",
             r"\dP", r"\dA", r"\dAc btree", r"\encoding", r"\copy (SELECT * FROM customers ORDER BY id) TO STDOUT CSV HEADER",
             r"\copy customers TO STDOUT", "SELECT name, phone FROM customers WHERE grade = 1 ORDER BY id\\gdesc",
             "SELECT format('SELECT name FROM customers WHERE id = %s', id) FROM customers ORDER BY id LIMIT 5\\gexec",
             "SELECT region, grade, count(*) FROM customers GROUP BY 1, 2 ORDER BY 1, 2\\crosstabview",
             "SELECT name AS n FROM customers ORDER BY id LIMIT 1\\gset", "SELECT :'n'", r"\set FETCH_COUNT 7",
             "SELECT c, name FROM customers c ORDER BY id", "TABLE feelings", "UPDATE customers SET grade = 1 WHERE id = 1350 RETURNING *",
             "SELECT nothing FROM customers", "SELECT name FROM customers WHERE id = 'x'", r"\errverbose", "EXPLAIN SELECT name FROM customers WHERE grade = 1",
             r"\lo_list", r"\pset null none", "SELECT * FROM customers ORDER BY id", r"\x", "SELECT * FROM parcels ORDER BY id"]
    script = stage.folder() / "describe.sql"
    script.write_text("\n".join(word if word.startswith("\\") or "\\g" in word or "\\c" in word else word + ";" for word in words) + "\n")
    compare([postgres.BIN / "psql", "-X", "-e", "-f", script], "customers_pkey")


@test
def test_pg_dump():
    """Dumps as text, by COPY and by INSERT, with the rows of personal tables"""
    for words in (["--inserts"], ["--column-inserts", "--rows-per-insert=50"], ["-C", "--clean"], ["-a", "-t", "customers"]):
        compare([postgres.BIN / "pg_dump", *words], "Kim-1350")


@test
def test_restore():
    """A dump restored through pasu is the same again"""
    dump = stage.folder() / "dump.sql"
    dump.write_text(stage.run([postgres.BIN / "pg_dump"], env={"PGHOST": server().address[0], "PGPORT": str(server().port),
                                                               "PGUSER": "postgres", "PGDATABASE": "made"}))
    database = "restored"
    server().sql(f"CREATE DATABASE {database} TEMPLATE template0")
    env = {"PGHOST": front().address[0], "PGUSER": "postgres", "PGDATABASE": database, "PGSSLMODE": "disable"}
    stage.run([postgres.BIN / "psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", dump], env={**env, "PGPORT": str(front().port)})
    again = stage.run([postgres.BIN / "pg_dump"], env={**env, "PGPORT": str(server().port)})
    assert [line for line in again.splitlines() if "restrict" not in line] == \
        [line for line in dump.read_text().splitlines() if "restrict" not in line]


@test
def test_jdbc_metadata():
    """All that JDBC says of a database, and results that can be updated"""
    jars = glob.glob("/usr/share/java/postgresql.jar")
    if not jars or not shutil.which("javac"):
        raise harness.Skip("no Java compiler, or no JDBC driver")
    classes = stage.folder() / "classes"
    classes.mkdir()
    stage.run(["javac", "-cp", jars[0], "-d", classes, DRIVERS / "AskMetadata.java"], timeout=100)
    compare(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{classes}:{jars[0]}", "AskMetadata"], "Kim-")


@test
def test_python_types():
    """Types that psycopg and asyncpg ask the catalog about, cursors, COPY, and tables that change meanwhile"""
    if subprocess.run([PYTHON, "-c", "import psycopg, asyncpg"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip("no psycopg 3, or no asyncpg")
    compare([PYTHON, DRIVERS / "ask_types.py"], "Kim-1350")


if __name__ == "__main__":
    harness.main()
