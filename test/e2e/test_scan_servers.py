#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Logs that real servers write: MariaDB's general log and server_audit, PostgreSQL's three logs with pgAudit, and pgbouncer's. What
was asked of them is known, statement by statement; pasu must read the same."""
import csv
import datetime
import json
import pathlib
import random
import re
import shutil
import socket
import subprocess

import harness
import postgres
import process
import wire
from stage import equal, run, test

try:
    import pymysql
except ImportError:
    pymysql = None

PROGRAM = harness.PASU.parent / "test" / "integration" / "scan_events"
SLOTS = ("method", "target", "query", "status", "address", "account", "token", "session", "agent")
SHOWN = 0
MAP = """\
subjects: {customer: {}}
statements:
  - {sql: 'SELECT name FROM members WHERE id = {customer}', fields: [name]}
  - {sql: 'SELECT name FROM members WHERE id IN ({customer})', fields: [name]}
time_zone: '+00:00'
log_line_prefix: '%m [%p] %q%u@%d '
"""
PEOPLE = ("app", "o'd,d q", "kim@home", "민수")
STATEMENTS = 400
PLUGIN = "server_audit.so"


def events(log, form):
    """[(account, whom)] of what a log shows, and all accounts in it."""
    chart = log.parent / "map.yaml"
    chart.write_text(MAP)
    done = subprocess.run([PROGRAM, chart, log, str(1 << 20), "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=60)
    equal(done.returncode, 0, done.stderr.decode())
    first, *lines, last = done.stdout.decode().splitlines()
    equal((first, last.split()[1]), (form, "0"))
    found, accounts = [], set()
    for line in lines:
        _, _, _, *slots, what, number, _ = line.split("|")
        account = bytes.fromhex(dict(zip(SLOTS, slots))["account"]).decode()
        accounts.add(account)
        if int(what) == SHOWN:
            found.append((account, int(number)))
    return found, accounts


def fields(log):
    """{offset: (time, account, address, session, agent)} of a log's events; the time in milliseconds."""
    done, found = run([PROGRAM, log.parent / "map.yaml", log, str(1 << 20), "1"]), {}
    for line in done.splitlines()[1:-1]:
        offset, time, _, *slots, _, _, _ = line.split("|")
        slot = {name: bytes.fromhex(value).decode() for name, value in zip(SLOTS, slots)}
        found[int(offset)] = int(time) // 10 ** 6, *(slot[name] for name in ("account", "address", "session", "agent"))
    return found


def milliseconds(text):
    """Of "2026-11-27 14:14:41.903 UTC"."""
    return round(datetime.datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00").timestamp() * 1000)


def slow_csvlog(log):
    """The same of all its records, by Python's csv."""
    at, begin, found = 0, 0, {}

    def lines():
        nonlocal at
        for line in log.read_bytes().splitlines(keepends=True):
            at += len(line)
            yield line.decode()

    for row in csv.reader(lines()):
        found[begin] = milliseconds(row[0]), row[1], row[4].rpartition(":")[0], row[5], row[22]
        begin = at
    return found


def slow_jsonlog(log):
    """The same by Python's json."""
    at, found = 0, {}
    for line in log.read_bytes().splitlines(keepends=True):
        one = json.loads(line)
        found[at] = (milliseconds(one["timestamp"]), one.get("user", ""), one.get("remote_host", "").replace("[local]", ""), one.get("session_id", ""),
                     one.get("application_name", ""))
        at += len(line)
    return found


def times(log):
    """The first and last time of a log's events, in seconds."""
    done = run([PROGRAM, log.parent / "map.yaml", log, str(1 << 20), "1"])
    found = [int(line.split("|")[1]) // 10 ** 9 for line in done.splitlines()[1:-1]]
    return min(found), max(found)


def asked(made):
    """A statement and whom it names."""
    key = made.randrange(1, 10 ** 6)
    space = made.choice((" ", "\n", "\n\t", " /* it's */ ", "\r\n", " -- x\n"))
    kind = made.randrange(6)
    if kind == 0:
        return f"SELECT name FROM members{space}WHERE id = {key}", [key]
    if kind == 1:
        return f"select  name from members WHERE id='{key}'", [key]
    if kind == 2:
        return f"SELECT name{space}FROM members WHERE id IN ({key},{space}{key + 1})", [key, key + 1]
    return made.choice((f"SELECT {key} AS a, 'it''s, \"so\"', '{space}'", "SELECT 1\n\n\n", "SELECT * FROM nothing_of_that_name",
                        f"SELECT name FROM members WHERE id = {key} OR id > 7", f"SELECT 'SELECT name FROM members WHERE id = {key}'",
                        f"SELECT name FROM members WHERE id <> {key}")), []


# ---- MariaDB ----

def plugin(folder):
    """Where server_audit is. The server's package has it, and would start a server where it is installed: it is only taken
    apart."""
    for at in ("/usr/lib/mysql/plugin", "/usr/lib/x86_64-linux-gnu/mariadb19/plugin"):
        if pathlib.Path(at, PLUGIN).exists():
            return pathlib.Path(at)
    archives = harness.cache("mariadb")
    if not list(archives.glob("mariadb-server_*.deb")):
        done = subprocess.run(["apt-get", "-qq", "download", "mariadb-server"], cwd=archives, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        if done.returncode:
            raise harness.Skip(f"no package mariadb-server: {done.stdout.strip()[-200:]}")
    run(["dpkg-deb", "-x", next(archives.glob("mariadb-server_*.deb")), folder / "package"])
    return folder / "package" / "usr/lib/mysql/plugin"


@harness.shared
def mariadb():
    """Its folder, with general.log and audit.log, and a function that connects."""
    daemon = shutil.which("mariadbd", path="/usr/sbin:/usr/bin")
    if not pymysql or not daemon or not shutil.which("mariadb-install-db"):
        raise harness.Skip("no MariaDB, or no python3-pymysql")
    at = harness.folder()
    plugins, data, port = plugin(at), at / "data", process.free_port()
    for path in (at, data):
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
        postgres.give(path)
    made = process.Process("mariadb-install-db", ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                                                  "--auth-root-authentication-method=normal"], account=postgres.account())
    equal(made.wait(60), 0, made.tail())
    server = process.Process("mariadbd", [
        daemon, "--no-defaults", f"--datadir={data}", f"--socket={at}/socket", f"--port={port}",
        "--bind-address=127.0.0.1", f"--pid-file={data}/pid", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
        "--character-set-server=utf8mb4", "--general-log=ON", f"--general-log-file={at}/general.log", "--log-output=FILE",
        f"--plugin-dir={plugins}", "--plugin-load-add=server_audit", "--server-audit-logging=ON",
        f"--server-audit-file-path={at}/audit.log"], account=postgres.account(), env={"TZ": "UTC", "PATH": "/usr/bin:/usr/sbin"})
    server.wait_line("ready for connections", 60)

    def connect(user, **options):
        return pymysql.connect(host="127.0.0.1", port=port, user=user, charset="utf8mb4", autocommit=True, **options)

    root = connect("root")
    with root.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop")
        cursor.execute("CREATE TABLE shop.members (id int PRIMARY KEY, name text)")
        for user in PEOPLE:
            name = user.replace("'", "''")
            cursor.execute(f"CREATE USER '{name}'@'127.0.0.1'")
            cursor.execute(f"GRANT SELECT ON shop.* TO '{name}'@'127.0.0.1'")
        cursor.execute("CREATE USER locked@'127.0.0.1' IDENTIFIED BY 'secret'")
    root.close()
    return at, connect


@harness.shared
def sessions_of_mariadb():
    """[(account, whom)] of what sessions have asked that came, went and took turns."""
    at, connect = mariadb()
    made, due, live = random.Random(11), [], []
    start = int(datetime.datetime.now().timestamp())
    for _ in range(STATEMENTS):
        if not live or (len(live) < 5 and made.randrange(12) == 0):
            user = made.choice(PEOPLE)
            live.append((user, connect(user, database="shop")))
        if made.randrange(40) == 0:
            try:
                connect("locked", password="wrong")
            except pymysql.err.OperationalError:
                pass
        user, session = made.choice(live)
        with session.cursor() as cursor:
            if made.randrange(8) == 0:
                key = made.randrange(1, 10 ** 6)
                cursor.execute("PREPARE s FROM 'SELECT name FROM members WHERE id = ?'")
                cursor.execute(f"EXECUTE s USING {key}")
                due.append((user, key))
                continue
            text, whom = asked(made)
            try:
                cursor.execute(text)
            except pymysql.err.ProgrammingError:
                pass
            due += [(user, key) for key in whom]
        if made.randrange(15) == 0:
            live.remove((user, session))
            session.close()
    for _, session in live:
        session.close()
    # what ends a session is logged after the client has gone
    process.until(lambda: (at / "audit.log").read_text().count(",DISCONNECT,") >= (at / "audit.log").read_text().count(",CONNECT,"),
                  "the last session is logged")
    return due, (start, int(datetime.datetime.now().timestamp()))


@test(limit=120)
def test_general_log():
    """MariaDB's general log, as it writes it: who asked for whom, of every statement that the map has and of no other"""
    due, (start, end) = sessions_of_mariadb()
    log = mariadb()[0] / "general.log"
    found, accounts = events(log, "general_log")
    equal(found, due)
    equal(accounts - set(PEOPLE) - {"root", "", "locked"}, set())
    first, last = times(log)
    equal((start - 60 <= first <= start + 1, end - 5 <= last <= end), (True, True), (first, last, start, end))


@test(limit=120)
def test_server_audit():
    """MariaDB's server_audit, as it writes it: the same, each when its client has the answer already"""
    due, _ = sessions_of_mariadb()
    found, accounts = events(mariadb()[0] / "audit.log", "server_audit")
    equal(sorted(found), sorted(due))
    equal(accounts - set(PEOPLE) - {"root", "locked"}, set())


# ---- PostgreSQL with pgAudit ----

@harness.shared
def pgaudit():
    """What was asked of a server that writes all three logs, and their files."""
    if not pathlib.Path("/usr/lib/postgresql/15/lib/pgaudit.so").exists() or postgres.MAJOR != 15:
        raise harness.Skip("no postgresql-15-pgaudit")
    server = postgres.Logged(harness.folder(), "audited", settings={
        "shared_preload_libraries": "pgaudit", "pgaudit.log": "read, write", "pgaudit.log_parameter": "on", "logging_collector": "on",
        "pgaudit.log_catalog": "off", "log_destination": "stderr,csvlog,jsonlog", "log_directory": "log", "log_filename": "server.log",
        "log_timezone": "UTC", "log_line_prefix": "%m [%p] %q%u@%d "})
    return server


@harness.shared
def audited():
    """The server, which is stopped, and whom it was asked for by whom."""
    server = pgaudit()
    due = ask_audited(server)
    server.stop()
    return server, due


def ask_audited(server):
    made, due = random.Random(12), []
    with wire.login(("127.0.0.1", server.port)) as root:
        root.query("CREATE TABLE members (id int PRIMARY KEY, name text)")
        for user in PEOPLE:
            name = user.replace('"', '""')
            root.query(f'CREATE ROLE "{name}" LOGIN; GRANT SELECT ON members TO "{name}"')
    live = {user: wire.login(("127.0.0.1", server.port), user=user) for user in PEOPLE}
    for _ in range(STATEMENTS):
        user = made.choice(PEOPLE)
        if made.randrange(3) == 0:
            key = made.randrange(1, 10 ** 6)
            live[user].exchange(wire.parse("SELECT name FROM members WHERE id = $1") + wire.bind([str(key).encode()]) + wire.execute() +
                                wire.SYNC)
            due.append((user, key))
            continue
        text, whom = asked(made)
        live[user].exchange(wire.query(text))
        due += [(user, key) for key in whom]
    for session in live.values():
        session.terminate()
    return due


@test(limit=120)
def test_pgaudit():
    """PostgreSQL's stderr, csvlog and jsonlog with pgAudit, as they write them: who asked for whom, by text and by
    parameter, the same in all three"""
    server, due = audited()
    for name, form in (("server.csv", "csvlog"), ("server.json", "jsonlog"), ("server.log", "stderr")):
        log = harness.folder() / name
        shutil.copyfile(server.data / "log" / name, log)
        found, _ = events(log, form)
        # of "kim@home@shop" the prefix does not say where the account ends
        equal(found, [(account.split("@")[0], key) for account, key in due] if form == "stderr" else due, form)


@test(limit=120)
def test_fields():
    """Time, account, address, session and application of each event of csvlog and jsonlog are those that Python's csv and json
    read there"""
    server, due = audited()
    for name, form, slow in (("server.csv", "csvlog", slow_csvlog), ("server.json", "jsonlog", slow_jsonlog)):
        log = harness.folder() / name
        shutil.copyfile(server.data / "log" / name, log)
        events(log, form)
        found, parsed = fields(log), slow(log)
        assert len(found) > len(due) / 2 and set(found) <= set(parsed), (len(found), len(parsed))
        for offset, event in found.items():
            equal(event, parsed[offset], f"{form} {offset}")
        equal({event[1] for event in found.values()} >= set(PEOPLE), True)


# ---- pgbouncer ----

POOLED = ("app", "o'd q", "민수")
BOUNCER = """\
[databases]
shop = host=127.0.0.1 port={upstream} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {at}/people
logfile = {at}/pgbouncer.log
pidfile = {at}/pgbouncer.pid
"""


@test(limit=120)
def test_pgbouncer():
    """pgbouncer's log, as it writes it: who came from where, in which connection, and who did not get in"""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    if not program:
        raise harness.Skip("no pgbouncer")
    server = postgres.Logged(harness.folder(), "pooled")
    at, port = harness.folder() / "pgbouncer", process.free_port()
    at.mkdir()
    at.chmod(0o755)
    postgres.give(at)
    (at / "people").write_text("".join(f'"{user}" ""\n' for user in POOLED), encoding="utf-8")
    (at / "pgbouncer.ini").write_text(BOUNCER.format(at=at, port=port, upstream=server.port))
    bouncer = process.Process("pgbouncer", [program, at / "pgbouncer.ini"], account=postgres.account(), env={"TZ": "UTC", "PATH": "/usr/bin"})
    process.until(lambda: _takes(port), "pgbouncer listens")
    made, due = random.Random(5), []
    for _ in range(60):
        user = made.choice((*POOLED, "nobody else"))
        due.append(user)
        try:
            with wire.login(("127.0.0.1", port), user=user, database="shop") as session:
                session.query("SELECT 7")
        except wire.ServerError:
            equal(user, "nobody else")
    bouncer.stop()
    server.stop()
    log = harness.folder() / "pgbouncer.log"
    shutil.copyfile(at / "pgbouncer.log", log)
    events(log, "pgbouncer")
    found = fields(log)
    line = re.compile(rb"(.{23}) UTC \[\d+\] LOG (C-0x[0-9a-f]+): shop/(.*?)@(127\.0\.0\.1):(\d+) login attempt: ")
    slow, begin = {}, 0
    for text in log.read_bytes().splitlines(keepends=True):
        match = line.match(text)
        if match:
            slow[begin] = milliseconds(match[1].decode()), match[3].decode(), match[4].decode()
        begin += len(text)
    equal([user for _, user, _ in slow.values()], [user for user in due if user != "nobody else"])
    equal({offset: found[offset][:3] for offset in slow}, slow)


def _takes(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


harness.main()
