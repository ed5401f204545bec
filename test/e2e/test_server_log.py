#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scope --server-log: the sessions that a real PostgreSQL has logged, against those of the ledger."""
import contextlib
import datetime
import json
import re
import signal
import subprocess

import guard
import harness
import inspector
import postgres
import process
import wire
from stage import Front, equal, test

FORMATS = ("csv", "json", "log")
LOGGING = {"logging_collector": "on", "log_destination": "csvlog,jsonlog,stderr", "log_connections": "on",
           "log_disconnections": "on", "log_filename": "server.log", "log_line_prefix": "%m [%p] %q%u@%d ",
           "log_timezone": "Asia/Seoul", "log_error_verbosity": "default"}
MAPPING = {"subjects": {"person": {"table": "public.persons", "key": "id"}},
           "personal_data": [{"table": "public.persons", "subject": "person", "key": "id", "fields": {"name": "name"}}]}
IMITATION = ('x",1\n2026-11-26 17:17:36.123 KST [4] app@shop LOG:  connection authorized: user=z database=z\n'
             '{"timestamp":"')


class Logged(postgres.Logged):
    """A server that writes its log in all formats."""

    def __init__(self, name, **settings):
        super().__init__(harness.folder(), name, settings={**LOGGING, **settings})
        self.sql("CREATE ROLE app LOGIN; CREATE ROLE other LOGIN")
        self.sql("CREATE DATABASE shop")
        self.sql("CREATE TABLE persons (id bigint PRIMARY KEY, name text); INSERT INTO persons VALUES (1, 'Kim'); "
                 "GRANT SELECT ON persons TO app, other", "shop")
        self.asked = inspector.install(self)
        self.settle(0)

    def log(self, form):
        return self.data / "log" / f"server.{form}"

    def text(self, form="csv"):
        return self.log(form).read_bytes().decode("utf-8", "surrogateescape")

    def count(self, words):
        return len(re.findall(words, self.text()))

    def settle(self, open_ones):
        """Waits until all sessions but so many are logged as ended."""
        process.until(lambda: self.count('"connection authorized: ') - self.count('FATAL,3D000') ==
                      self.count('"disconnection: session time: [0-9]') + open_ones, "an end of each session in the log")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def ask(front, *files, since=None, words=(), stdin=None):
    """`server_log` of the answer."""
    done = subprocess.run([harness.PASU, "scope", "--json", "-c", front.guard.path, *(("--from", since) if since else ()), *words,
                           "--server-log", *files], stdin=stdin or subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)["completeness"]["server_log"]


def page(front, *words):
    done = front.guard.run("scope", *words)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def front(server, name, **more):
    return Front(server, name, inspector=server.asked, more=MAPPING, **more)


def through(made, count):
    for _ in range(count):
        with made.login(user="app", database="shop") as session:
            session.query("SELECT name FROM persons")


def direct(server, address=None, **options):
    with wire.login(address or server.address, **{"user": "other", "database": "shop", **options}) as session:
        session.query("SELECT name FROM persons")


def hours_later(line, hours):
    """A line of jsonlog as if it had been written so much later."""
    def later(found):
        moment = datetime.datetime.fromisoformat(found[1].decode()) + datetime.timedelta(hours=hours)
        return b'"timestamp":"%s KST"' % moment.isoformat(" ", "milliseconds").encode()
    return re.sub(rb'"timestamp":"([^"]*) KST"', later, line, count=1)


def figures(found):
    return found["sessions"], found["through"], found["past"], found["not_named"], found["warnings"]


@test(gateway=True, limit=90)
def test_formats():
    """csvlog, jsonlog and stderr say the same: who came through pasu, who went past it, and where that stands"""
    server = Logged("formats")
    since = now()
    made = front(server, "formats")
    through(made, 5)
    direct(server)
    direct(server, application_name=IMITATION)
    direct(server, user="app")
    direct(server, server.socket, user="app", application_name="batch")
    with contextlib.suppress(wire.ServerError):
        direct(server, database="nodb")
    with contextlib.suppress(wire.ServerError):
        made.login(user="app", database="nodb")
    made.stop()
    server.settle(0)
    found = {form: ask(made, server.log(form), since=since) for form in FORMATS}
    for form, one in found.items():
        equal([(file["format"], file["unreadable"]) for file in one["files"]],
              [({"csv": "csvlog", "json": "jsonlog", "log": "stderr"}[form], 0)])
        equal(one["past"], {"at_least": 4, "at_most": 4}, form)
        equal((one["through"], one["not_named"], one["warnings"]), (one["sessions"] - 4, 0, []), form)
        equal(sorted((past["principal"], past["database"], past["host"], past["over"], past["unknown"]) for past in one["not_through"]),
              [("app", "shop", "127.0.0.1", True, None), ("app", "shop", "[local]", True, None)] + 2 * [("other", "shop", "127.0.0.1", True, None)])
        equal({past["application"] for past in one["not_through"]} & {"batch"}, {"batch"}, form)
        for past in one["not_through"]:
            line = server.log(form).read_bytes()[past["offset"]:].split(b"\n", 1)[0].decode()
            assert str(past["pid"]) in line and "connection received" in line, (form, past, line)
            assert past["file"] == str(server.log(form)) and past["lines"] >= 3, past
    equal(figures(found["csv"]), figures(found["json"]))
    equal(figures(found["csv"]), figures(found["log"]))
    assert found["csv"]["through"] >= 5, found
    equal(found["csv"]["gateways"], [{"gateway": "gateway", "sessions": found["csv"]["through"], "named": found["csv"]["through"]}])
    assert found["csv"]["refused"] >= 2, found
    # Several files of one log, and one on standard input, are one log.
    equal(figures(ask(made, *(server.log(form) for form in FORMATS), since=since)), figures(found["csv"]))
    with server.log("csv").open("rb") as file:
        equal(figures(ask(made, "-", since=since, stdin=file)), figures(found["csv"]))
    equal(ask(made, server.log("csv"), since=since, words=("--principal", "app"))["past"], {"at_least": 2, "at_most": 2})
    equal(ask(made, server.log("csv"), words=("--to", "2020-01-01"))["sessions"], 0)
    text = page(made, "--from", since, "--server-log", str(server.log("csv")))
    assert "4 did not" in text and "WARNING" not in text and "other was in shop from 127.0.0.1" in text, text
    assert "\n2026-11-26 17:17:36.123" not in text, text


@test(gateway=True, limit=60)
def test_while_it_runs():
    """While sessions are open both ways the answer is the same, also over a Unix socket to the server"""
    server = Logged("socket")
    since = now()
    made = front(server, "socket", upstream=f"{server.folder}:{server.port}")
    with made.login(user="app", database="shop") as inside, wire.login(server.socket, user="app", database="shop") as past:
        inside.query("SELECT name FROM persons")
        past.query("SELECT name FROM persons")
        pid = int(past.query("SELECT pg_backend_pid()").rows[0][0])
        for form in FORMATS:
            one = process.until(lambda form=form: (got := ask(made, server.log(form), since=since))["past"]["at_least"] == 1 and got,
                                "the session past pasu")
            equal((one["past"], one["through"], one["warnings"]), ({"at_least": 1, "at_most": 1}, one["sessions"] - 1, []), form)
            equal([(gone["pid"], gone["host"], gone["port"], gone["over"]) for gone in one["not_through"]], [(pid, "[local]", 0, False)])
    made.stop()


@test(gateway=True, limit=60)
def test_replication():
    """A replication connection past pasu is told apart"""
    server = Logged("replication")
    since = now()
    made = front(server, "replication")
    through(made, 1)
    with wire.login(server.address, user="postgres", replication="true") as session:
        session.query("IDENTIFY_SYSTEM")
    made.stop()
    server.settle(-1 if server.count('"replication connection authorized') else 0)
    for form in FORMATS:
        one = ask(made, server.log(form), since=since)
        equal((one["past"], one["replication"]["past"]), ({"at_least": 0, "at_most": 0}, {"at_least": 1, "at_most": 1}), form)
        equal([(past["principal"], past["replication"]) for past in one["not_through"]], [("postgres", True)], form)


@test(gateway=True, limit=90)
def test_another_servers_log():
    """The log of another server is told as such, and nothing is said to have gone past pasu because of it"""
    server, other = Logged("right"), Logged("wrong")
    since = now()
    made = front(server, "another")
    through(made, 3)
    for _ in range(4):
        direct(other)
    made.stop()
    other.settle(0)
    for form in FORMATS:
        one = ask(made, other.log(form), since=since)
        assert "nothing_in_common" in one["warnings"], (form, one)
        equal((one["sessions"], one["through"], one["past"]), (4, 0, {"at_least": 0, "at_most": 4}), form)
        equal({past["unknown"] for past in one["not_through"]}, {"nothing_in_common"})
    text = page(made, "--from", since, "--server-log", str(other.log("csv")))
    assert "WARNING: none of the sessions" in text, text


@test(gateway=True, limit=90)
def test_not_complete():
    """A log without some of pasu's sessions, and one that ends too early, are told; so is one that is no log"""
    server = Logged("cut")
    since = now()
    made = front(server, "cut")
    direct(server)
    through(made, 6)
    with made.login(user="app", database="shop") as session:
        pid = int(session.query("SELECT pg_backend_pid()").rows[0][0])
    made.stop()
    server.settle(0)
    whole = ask(made, server.log("json"), since=since)
    equal((whole["past"], whole["not_named"], whole["warnings"], whole["not_covered"]), ({"at_least": 1, "at_most": 1}, 0, [], []))
    lines = server.log("json").read_bytes().splitlines(keepends=True)
    # What is within seconds of a log's ends need not be in it: as if it were of hours.
    around = [hours_later(lines[0], -1), *lines, hours_later(lines[0], 1)]
    cut, late = harness.folder() / "cut.json", harness.folder() / "late.json"
    cut.write_bytes(b"".join(line for line in around if f'"pid":{pid},'.encode() not in line))
    one = ask(made, cut, since=since)
    equal((one["past"], one["through"], one["not_named"], one["warnings"]),
          (whole["past"], whole["through"] - 1, 1, ["log_not_complete"]))
    equal([(gateway["sessions"], gateway["named"]) for gateway in one["gateways"]], [(whole["through"], whole["through"] - 1)])
    text = page(made, "--from", since, "--server-log", str(cut))
    assert "WARNING: the log does not name all of pasu's own sessions" in text, text
    late.write_bytes(b"".join(hours_later(line, -2) for line in lines)[:-20])
    one = ask(made, late, since=since)
    equal((len(one["not_covered"]), one["through"], [file["unreadable"] for file in one["files"]]), (1, 0, [1]))
    bad = harness.folder() / "bad.log"
    bad.write_bytes(bytes(range(256)) * 50)
    one = ask(made, bad, since=since)
    equal((one["sessions"], one["warnings"]), (0, ["unreadable_lines", "empty_log"]))
    assert "could not be understood" in page(made, "--server-log", str(bad))
    equal((made.guard.run("scope", "--server-log", "/nowhere/log").returncode, made.guard.run("scope", "stray").returncode,
           made.guard.run("scope", "--server-log", str(bad), "--as-of", "1h").returncode), (2, 2, 2))
    done = made.guard.run("scope", "--server-log", str(bad), "--log-line-prefix", "%u ")
    assert done.returncode == 2 and "needs %p" in done.stderr, done.stderr


@test(gateway=True, limit=60)
def test_names():
    """A role's name with a line break in it passes for no line of csvlog and jsonlog; of stderr it can"""
    server = Logged("names")
    since = now()
    made = front(server, "names")
    through(made, 1)
    forged = "x\n2026-11-26 17:17:36 UTC [1] a@b ERROR:  x"
    server.sql(f'CREATE ROLE "{forged}" LOGIN')
    equal(len(forged) < 64, True)
    with wire.login(server.address, user=forged, database="postgres") as session:
        session.query("SELECT 1")
    made.stop()
    server.settle(0)
    for form in ("csv", "json"):
        one = ask(made, server.log(form), since=since)
        equal((one["past"], one["files"][0]["unreadable"]), ({"at_least": 2, "at_most": 2}, 0), form)
        equal({past["principal"] for past in one["not_through"]}, {"postgres", forged})
    assert "\\n2026-11-26 17:17:36" in page(made, "--from", since, "--server-log", str(server.log("csv")))
    one = ask(made, server.log("log"), words=("--from", "2026-01-01"))
    assert any(past["principal"] == "a" for past in one["not_through"]), one


@test(gateway=True, limit=60)
def test_killed():
    """A session past pasu that is killed, and whose title never changed, was not refused"""
    server = Logged("killed", update_process_title="off")
    since = now()
    made = front(server, "killed")
    through(made, 2)
    direct(server, options="-c log_disconnections=off", user="postgres")
    for login in (server.address, server.socket):
        with contextlib.suppress(wire.ServerError, wire.Closed, OSError), \
                wire.login(login, user="postgres", database="shop", options="-c log_disconnections=off") as session:
            session.query("SELECT pg_terminate_backend(pg_backend_pid())")
    with contextlib.suppress(wire.ServerError):
        made.login(user="app", database="nodb")
    made.stop()
    process.until(lambda: server.count("terminating connection due to administrator command") == 2, "both ends in the log")
    for form in FORMATS:
        one = ask(made, server.log(form), since=since)
        equal((one["past"], one["not_named"], one["warnings"]), ({"at_least": 3, "at_most": 3}, 0, []), form)
        if form != "log":
            equal([past["over"] for past in one["not_through"]], [False, True, True], form)


@test(gateway=True, limit=60)
def test_given_up():
    """Who hangs up while pasu logs him in is not said to have gone past it, and hides nobody who did"""
    server = Logged("given")
    since = now()
    made = front(server, "given")
    through(made, 1)
    direct(server, user="app")
    with contextlib.suppress(wire.ServerError), made.login(user="app", database="shop", options="-c nonsense=1"):
        pass
    # Settings are read once a session is let in: until then its number does not come.
    with server.connect() as holder:
        holder.query("BEGIN; LOCK TABLE pg_db_role_setting")
        for count in range(4, 7):
            with wire.Wire(made.address) as session:
                session.send(wire.startup("app", "shop"))
                process.until(lambda count=count: server.count('"connection authorized: user=app') >= count, "a login that waits")
    made.stop()
    process.until(lambda: server.count("connection received") ==
                  server.count('"disconnection: session time: [0-9]') + server.count("FATAL,"), "an end of each session in the log")
    for form in FORMATS:
        one = ask(made, server.log(form), since=since)
        reasons = [gone["unknown"] for gone in one["not_through"]]
        equal((one["past"]["at_least"], reasons.count(None), set(reasons)), (2, 2, {None, "number_not_recorded"}), form)


@test(gateway=True, limit=60)
def test_any_order():
    """A log of stderr that is cut in the middle of sessions says the same in any order, and twice"""
    server = Logged("order")
    since = now()
    made = front(server, "order")
    with made.login(user="app", database="shop") as inside, wire.login(server.address, user="other", database="shop") as past:
        inside.query("SELECT name FROM persons")
        size = process.until(lambda: len(server.log("log").read_bytes()) if server.count('"connection authorized: user=other') == 1 else 0,
                             "the login in the log")
        for session in (inside, past):
            with contextlib.suppress(wire.ServerError):
                session.query("SELECT 1/0")
    made.stop()
    server.settle(0)
    content = server.log("log").read_bytes()
    size = content.rfind(b"\n", 0, size) + 1
    early, late = harness.folder() / "1.log", harness.folder() / "2.log"
    early.write_bytes(content[:size])
    late.write_bytes(content[size:])
    whole = ask(made, server.log("log"), since=since)
    equal((whole["past"], whole["warnings"]), ({"at_least": 1, "at_most": 1}, []))
    for files in ((early, late), (late, early), (late, early, late), (early, server.log("log"))):
        equal(figures(ask(made, *files, since=since)), figures(whole), str(files))


if __name__ == "__main__":
    harness.main()
