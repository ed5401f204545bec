#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions that do not come through pasu are told of, by the server's own count of sessions: never more
than there were, and each of them sooner or later."""
import contextlib
import datetime
import json
import os
import random
import signal

import guard
import harness
import inspector
import postgres
import process
import silencer
import wire
from stage import Front, equal, test

NUMBER_OF_SESSIONS, NUMBER_OPEN = 30, 7
MAPPING = {"subjects": {"person": {"table": "public.persons", "key": "id"}},
           "personal_data": [{"table": "public.persons", "subject": "person", "key": "id", "fields": {"name": "name"}}]}


@harness.shared
def server():
    made = postgres.Server(harness.folder(), "counted")
    made.sql("CREATE ROLE app LOGIN; CREATE ROLE other LOGIN")
    for database in ("shop", "desk", "stopped", "reset", "silent", "twice", "restarted", "granted", "sender"):
        made.sql(f"CREATE DATABASE {database}")
        made.sql("CREATE TABLE persons (id bigint PRIMARY KEY, name text); INSERT INTO persons VALUES (1, 'Kim'); "
                 "GRANT SELECT ON persons TO app, other", database)
    return made


@harness.shared
def asked():
    return inspector.install(server())


def front(name, **more):
    """pasu, its ledger a folder of its own; nobody goes past it before the first census of its server."""
    made = Front(server(), name, inspector=asked(), more=MAPPING, **more)
    until(made, "postgres", lambda one: one is not None)
    return made


def direct(database, user="other", name="psql", **more):
    """A session past pasu, that the server has counted."""
    return wire.login(server().address, user=user, database=database, application_name=name, **more)


def completeness(config, *words):
    done = guard.run("scope", "--json", *words, "-c", getattr(config, "guard", config).path)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return json.loads(done.stdout)["completeness"]


def stretch(config, database):
    """The last stretch of that database in the answer."""
    return next((one for one in reversed(completeness(config)["reconciled"]) if one["database"] == database), None)


def past(config, database):
    return [one for one in completeness(config)["past"] if one["database"] == database]


def until(front, database, holds):
    """Has censuses taken until what the ledger says of that database is so; says it."""
    def look():
        front.guard.status()
        found = stretch(front, database)
        return holds(found) and (found or True)
    return process.until(look, f"a census of {database}", 20)


def settled(front, database, count):
    return until(front, database, lambda one: one and not one["unknown"] and one["past"] == {"at_least": count, "at_most": count})


def agree(front):
    """With the index and without it there is one answer."""
    front.guard.run("ledger", "update-index", timeout=60)
    equal(completeness(front), completeness(front, "--no-index"))


@test(gateway=True, limit=60)
def test_number():
    """A session past pasu is counted within a census, without any right to see it, and not named"""
    made = front("number")
    with made.login(user="app", database="desk") as session:
        session.query("SELECT name FROM persons")
        settled(made, "desk", 0)
        with direct("desk"):
            settled(made, "desk", 1)
        settled(made, "desk", 1)
    event = made.guard.wait("sessions_past", database="desk")
    equal((event["at_least"], event["level"]), (1, "warning"))
    found = past(made, "desk")
    equal([one["sessions"] for one in found], [{"at_least": 1, "at_most": 1}])
    equal(completeness(made)["bypasses"], [])
    agree(made)
    text = made.guard.run("scope").stdout
    assert "sessions in database desk behind gateway gateway that did not come through pasu" in text, text
    equal([completeness(made, "--as-of", found[0]["from"])[key] for key in ("gaps", "past")], [[], []])
    equal(completeness(made)["gaps"], [])
    summary = json.loads(made.guard.run("subject", "--json", "1").stdout.splitlines()[-1])
    equal((summary["shown"], summary["completeness"]["past"]), (1, found))
    assert "did not come through pasu" in made.guard.run("subject", "1").stdout
    made.stop()
    agree(made)


@test(gateway=True, limit=90)
def test_many_through():
    """Thirty sessions through pasu, opened and closed at random with several open at each census, are none past it"""
    made = front("through")
    chance, opened = random.Random(1), []
    with contextlib.ExitStack() as stack:
        for number in range(NUMBER_OF_SESSIONS):
            opened.append(stack.enter_context(made.login(user="app", database="shop")))
            if chance.random() < 0.5:
                opened[-1].query("SELECT name FROM persons")
            while len(opened) > NUMBER_OPEN:
                opened.pop(chance.randrange(len(opened))).terminate()
            if number % 5 == 4:
                made.guard.status()
        until(made, "shop", lambda one: one and one["past"] == {"at_least": 0, "at_most": 0})
    settled(made, "shop", 0)
    assert not made.guard.find("sessions_past", database="shop")
    made.stop()
    equal(past(made, "shop"), [])
    agree(made)


@test(gateway=True, limit=90)
def test_while_stopped():
    """The sessions of the time in which pasu was stopped are counted when it runs again, exactly"""
    made = front("stopped")
    with made.login(user="app", database="stopped") as session:
        session.query("SELECT name FROM persons")
    settled(made, "stopped", 0)
    made.stop()
    before = stretch(made, "stopped")
    equal(before["past"], {"at_least": 0, "at_most": 0})
    for _ in range(5):
        with direct("stopped") as session:
            session.query("SELECT name FROM persons")
    made.guard.start()
    after = settled(made, "stopped", 5)
    equal(after["from"], before["from"])
    with direct("stopped"):
        settled(made, "stopped", 6)
    stop, later = past(made, "stopped")
    equal((stop["sessions"], stop["from"]), ({"at_least": 5, "at_most": 5}, before["to"]))
    equal(later["sessions"], {"at_least": 1, "at_most": 1})
    agree(made)
    made.stop()
    agree(made)


@test(gateway=True, limit=90)
def test_reset():
    """Where the server's statistics were reset, or the gate died, what was in between is unknown, not nothing"""
    made = front("reset")
    with made.login(user="app", database="reset"):
        settled(made, "reset", 0)
    server().sql("SELECT pg_stat_reset()", "reset")
    with direct("reset"):
        until(made, "reset", lambda one: one and len(whys(made, "reset")) > 0)
    equal(whys(made, "reset"), [("statistics_reset", {"at_least": 0, "at_most": None})])
    made.guard.replace("gate")
    with made.login(user="app", database="reset"):
        process.until(lambda: (made.guard.status(), len(whys(made, "reset")) == 2)[1], "a census of the next gate", 20)
    why, sessions = whys(made, "reset")[1]
    equal((why, sessions["at_least"]), ("gate_died", 0))
    assert sessions["at_most"] is not None, sessions
    agree(made)
    text = made.guard.run("scope").stdout
    assert "is not known: the server's statistics were reset" in text, text
    assert f"is not known, but that at most {sessions['at_most']} did not: the gate had ended" in text, text
    assert "no server's count" not in text, text
    assert "no server's count of sessions says" in made.guard.run("scope", "--to", "2020-01-01").stdout
    made.stop()


def whys(made, database):
    return [(one["unknown"], one["past"]) for one in completeness(made)["reconciled"]
            if one["database"] == database and one["unknown"]]


@test(gateway=True, limit=90)
def test_named():
    """With pg_read_all_stats granted a backend past pasu is told with who it is and from where, and when it has ended"""
    asked()
    server().sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
    made = front("named")
    with made.login(user="app", database="twice") as session:
        session.query("SELECT name FROM persons")
        with direct("twice", name="export tool") as other:
            port = other.socket.getsockname()[1]
            found = process.until(lambda: (made.guard.status(), completeness(made)["bypasses"])[1], "a bypass", 20)
            equal(len(found), 1)
            equal({key: found[0][key] for key in ("principal", "database", "application", "address", "port", "certain", "over")},
                  {"principal": "other", "database": "twice", "application": "export tool", "address": "127.0.0.1",
                   "port": port, "certain": True, "over": False})
            made.guard.wait("bypass", principal="other", application="export tool")
            there = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
        ended = bypasses(made, over=True)[0]
        assert ended["seen"] > there, f"{ended}: it was still there at {there}"
        done = made.guard.run("scope", "--json", "--as-of", found[0]["began"])
        changed = json.loads(done.stdout)["changed"]
        equal((changed["differs"], [one["port"] for one in changed["completeness"]["bypasses"]]), (True, [port]))
        settled(made, "twice", 1)
    agree(made)
    assert "other was connected to twice past pasu from 127.0.0.1" in made.guard.run("scope").stdout
    made.stop()
    equal(len(made.guard.find("bypass")), 1)
    checked = made.guard.run("check", "--connect").stdout
    server().sql(f"REVOKE pg_read_all_stats FROM {inspector.USER}")
    assert "GRANT pg_read_all_stats" not in checked, checked
    assert "GRANT pg_read_all_stats" in made.guard.run("check", "--connect").stdout


@contextlib.contextmanager
def granted():
    """While the inspector's role may see others' sessions."""
    asked()
    server().sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
    try:
        yield
    finally:
        server().sql(f"REVOKE pg_read_all_stats FROM {inspector.USER}")


def bypasses(made, **holds):
    """Those that are told once one of them is so."""
    def look():
        made.guard.status()
        found = completeness(made)["bypasses"]
        return any(holds.items() <= one.items() for one in found) and found
    return process.until(look, f"a bypass {holds}", 20)


@test(gateway=True, limit=60)
def test_granted_meanwhile():
    """A running guard names sessions past it once it may, and no longer when that is revoked"""
    made = front("granted")
    with made.login(user="app", database="granted") as session:
        session.query("SELECT 1")
        settled(made, "granted", 0)
        made.guard.wait("bypass_sight")
        equal([one["named"] for one in made.guard.find("bypass_sight")], ["no"])
        mark = made.guard.mark()
        with granted():
            made.guard.status()
            made.guard.wait("bypass_sight", start=mark, named="yes")
            with direct("granted", name="first"):
                found = bypasses(made, application="first")
            equal([(one["application"], one["certain"]) for one in found], [("first", True)])
            bypasses(made, application="first", over=True)
            mark = made.guard.mark()
        made.guard.status()
        made.guard.wait("bypass_sight", start=mark, named="no")
        with direct("granted", name="second"):
            settled(made, "granted", 2)
    made.stop()
    equal([one["application"] for one in completeness(made)["bypasses"]], ["first"])
    agree(made)


@test(gateway=True, limit=60)
def test_replication():
    """Replication is named where it goes past pasu, not where it comes through, and counted in neither"""
    with granted():
        made = front("sender", replication=["postgres"])
        with (made.login(user="postgres", database="sender", application_name="ours", replication="database") as ours,
              direct("sender", user="postgres", name="theirs", replication="database")):
            ours.query("SELECT 1")
            with made.login(user="app", database="sender"):
                found = bypasses(made, application="theirs")
        equal([(one["application"], one["replication"], one["database"]) for one in found], [("theirs", True, "sender")])
        bypasses(made, over=True)
        settled(made, "sender", 0)
        made.stop()
    agree(made)


@test(gateway=True, limit=90)
def test_restarted():
    """A server that was restarted counts on; one that has crashed begins anew, and that is said"""
    made = front("restarted")
    with made.login(user="app", database="restarted") as session:
        session.query("SELECT 1")
    settled(made, "restarted", 0)
    with direct("restarted"):
        pass
    server().stop()
    server().start()
    with direct("restarted"):
        pass
    before = settled(made, "restarted", 2)
    with made.login(user="app", database="restarted") as session:
        session.query("SELECT 1")
    equal(settled(made, "restarted", 2)["from"], before["from"])
    equal(whys(made, "restarted"), [])
    server().crash()
    server().start()
    with direct("restarted"):
        until(made, "restarted", lambda one: one and len(whys(made, "restarted")) > 0)
    equal(whys(made, "restarted"), [("statistics_reset", {"at_least": 0, "at_most": None})])
    settled(made, "restarted", 0)
    for _ in range(9):
        with direct("restarted"):
            pass
    # Of what came through shortly before the crash, the inspector's included, it is not known when it was counted.
    until(made, "restarted", lambda one: one["past"]["at_most"] == 9 and one["past"]["at_least"] >= 3)
    equal(past(made, "restarted")[0]["sessions"], {"at_least": 2, "at_most": 2})
    agree(made)
    made.stop()


@test(gateway=True, limit=60)
def test_several_databases():
    """Each database's sessions past pasu are its own; of one that nobody comes to through pasu nothing is said"""
    made = front("several")
    for database in ("shop", "desk"):
        with made.login(user="app", database=database) as session:
            session.query("SELECT 1")
        settled(made, database, 0)
    for database, count in (("shop", 1), ("desk", 3), ("silent", 4)):
        for _ in range(count):
            with direct(database):
                pass
    settled(made, "shop", 1)
    settled(made, "desk", 3)
    equal(stretch(made, "silent"), None)
    made.stop()
    equal([one["sessions"]["at_least"] for database in ("shop", "desk", "silent") for one in past(made, database)], [1, 3])
    agree(made)


@test(gateway=True, limit=90)
def test_silent_server():
    """While the server does not answer nothing is known, and once it does all of it is"""
    with contextlib.closing(silencer.Silencer(server().address)) as between:
        made = front("unheard", upstream=between.upstream)
        with made.login(user="app", database="silent") as session:
            session.query("SELECT 1")
        settled(made, "silent", 0)
        between.hush()
        with direct("silent"):
            pass
        def unasked():
            made.guard.status()
            return [one for one in completeness(made)["reconciled"] if one["unknown"] == "server_not_asked"]
        equal([(one["database"], one["to"], one["past"]["at_most"]) for one in process.until(unasked, "that it is not asked", 40)],
              [(None, None, None)])
        between.speak()
        settled(made, "silent", 1)
        assert all(one["to"] for one in unasked()), unasked()
        between.hush()
        process.until(lambda: not all(one["to"] for one in unasked()), "that it is not asked again", 40)
        between.speak()  # nothing has happened meanwhile, and that is told as well
        process.until(lambda: all(one["to"] for one in unasked()), "that it is asked", 20)
        agree(made)
        made.stop()


@test(gateway=True, limit=90)
def test_silent_gateway():
    """What keeps one of a server's gateways from asking it is over when it can, whichever gateway the count is told by"""
    with contextlib.closing(silencer.Silencer(server().address)) as between:
        both = [guard.gateway(server(), "one", inspector=asked()), guard.gateway(between.upstream, "two", inspector=asked())]
        started = guard.start(both, name="one-silent", ledger={"directory": "./ledger"}, **MAPPING)
        made = type("Made", (), {"guard": started})
        def unasked():
            started.status()
            return [(one["gateway"], bool(one["to"])) for one in completeness(made)["reconciled"] if one["unknown"]]
        until(made, "postgres", lambda one: one is not None)
        between.hush()
        process.until(lambda: unasked() == [("two", False)], "that it is not asked", 40)
        between.speak()
        process.until(lambda: unasked() == [("two", True)], "that it is asked", 20)
        agree(made)
        between.hush()
        process.until(lambda: unasked() == [("two", True), ("two", False)], "that it is not asked", 40)
        started.stop()
        between.speak()
        started.start()
        process.until(lambda: unasked() == [("two", True), ("two", True)], "that it is asked by another gate", 20)
        started.stop()


@test(gateway=True, limit=60)
def test_no_inspector():
    """A gateway that has nobody to ask the server with says that it cannot be known"""
    made = Front(server(), "alone")
    with made.login(user="app", database="silent") as session:
        session.query("SELECT 1")
    found = process.until(lambda: completeness(made)["reconciled"], "a reason", 20)
    equal([(one["unknown"], one["database"], one["to"]) for one in found], [("no_inspector", None, None)])
    made.stop()


@test(gateway=True, limit=60)
def test_unrecorded():
    """A session that was carried while no keeper could record it can have gone past pasu"""
    made = front("open", on_failure="open")
    keeper = made.guard.pids()["keeper"]
    os.kill(keeper, signal.SIGSTOP)
    try:
        with made.login(user="app", database="silent") as session:
            session.query("SELECT 1")
            made.guard.wait("unrecorded")
    finally:
        os.kill(keeper, signal.SIGCONT)
    until(made, "silent", lambda one: one and one["past"] == {"at_least": 0, "at_most": 1})
    assert "leaves 1 open" in made.guard.run("scope").stdout
    made.stop()


@test(gateway=True, limit=60)
def test_two_gateways():
    """Two gateways to one server: what came through either of them did not go past pasu"""
    both = [guard.gateway(server(), "one", inspector=asked()), guard.gateway(server(), "two")]
    started = guard.start(both, name="both", ledger={"directory": "./ledger"}, **MAPPING)
    made = type("Made", (), {"guard": started})
    for name in ("one", "two", "two", "one"):
        with wire.login(started.address(name), user="app", database="shop") as session:
            session.query("SELECT name FROM persons")
    until(made, "shop", lambda one: one is not None)
    for _ in range(3):
        with wire.login(started.address("two"), user="app", database="shop") as session:
            session.query("SELECT name FROM persons")
        started.status()
    started.stop()
    equal(past(made, "shop"), [])


if __name__ == "__main__":
    harness.main()
