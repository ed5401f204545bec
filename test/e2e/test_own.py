#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What pasu's own commands, and its page, look up at the server is pasu's own: no gap of the record, no alert, nothing that is ended.
Whoever else logs in as the inspector, under whatever name, is past pasu."""
import json
import os
import re
import signal
import subprocess

import affected
import harness
import inspector
import ledgerfile
import postgres
from process import until
import shop
from stage import equal, test
from test_incident import BY, number_of, scope
import wire

ASKED = 20  # a type of record
NAME = "pasu check"  # what its commands call themselves
IDENTITY = {"identity": ["public.customers.phone"]}
FILL = ("--domain", "mail.example.org", "--phone", "+44 7700 900###")
WORDS = re.compile("past pasu|did not come through|has gaps")


def completeness(made, *words):
    return json.loads(made.guard.run("scope", "--json", *words, timeout=60).stdout)["completeness"]


def settled(made, count, database="postgres"):
    """Waits until the server's count of sessions leaves exactly so many in that database that went past pasu."""
    found = []

    def look():
        nonlocal found
        made.guard.status()
        found = [one for one in completeness(made)["reconciled"] if one["database"] == database]
        return [one for one in found[-1:] if not one["unknown"] and one["past"] == {"at_least": count, "at_most": count}]
    try:
        until(look, f"a census with {count} sessions past pasu", 20)
    except AssertionError as error:
        raise AssertionError(f"{error}: {found}") from None


def nothing(made):
    settled(made, 0)
    found = completeness(made)
    equal([found[key] for key in ("gaps", "past", "bypasses")], [[], [], []])
    equal([one for one in made.guard.json("ack") if one["control"] == "bypass"], [])
    return found.get("own_sessions", [])


def commands(made):
    """Each command that looks something up at the server, and how many sessions it has there, at least."""
    number = number_of(made)
    scope(made, number)
    yield "check", ("check", "--connect"), 1
    yield "explain", ("explain", "--role", "app", "SELECT name FROM customers"), 2
    yield "index build", ("index", "build"), 1
    yield "notify", ("notify", "--csv", *BY, "notice", number), 1
    yield "doctor", ("doctor",), 3
    server = shop.server()
    for where in (f"host={server.folder} port={server.port}", f"hostaddr=127.0.0.1 port={server.port}"):
        login = f"{where} user={postgres.account()} dbname=postgres"
        yield f"decoy plant, {where}", ("decoy", "plant", *FILL, *BY, "decoys of 2026", "--kind", "customer", "--dsn", login, "2"), 1


def run_all(made, email):
    """Runs them, and what persons ask; each is no gap, and listed."""
    listed = len(nothing(made))
    for name, words, due in commands(made):
        done = made.guard.run(*words, timeout=120)
        assert done.returncode != 2, (name, done.stdout, done.stderr)
        own = nothing(made)
        print(f"{name}: {len(own) - listed} sessions of its own")
        assert len(own) - listed >= due, (name, own)
        listed = len(own)
    affected.Browser(made).enter(email)
    own = nothing(made)
    print(f"the page: {len(own) - listed}")
    assert len(own) > listed, own
    for words in (("scope",), ("subject", "1287", "--kind", "customer")):
        text = made.guard.run(*words, timeout=60).stdout
        assert not WORDS.search(text), text
    return own


def visits(made):
    """How many have been announced, as the ledger has it."""
    return sum(kind == ASKED and b"visit" in payload for _, kind, payload in ledgerfile.records(made.guard.folder / "ledger"))


@test(gateway=True, limit=240)
def test_commands_are_no_gap():
    """check --connect, explain, index build, notify, doctor, decoy plant and the page are no session past pasu, by the server's count alone and where the
    inspector sees who is connected, nor are they ended; JSON lists them, with the index and without it"""
    email = shop.server().value("SELECT email FROM customers WHERE id = 1287")
    made = affected.Page("own", more=IDENTITY)
    with made.front.login(user="app") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id = 1287")
        session.terminate()
    run_all(made, email)
    mark = made.guard.mark()
    shop.server().sql(f"GRANT pg_read_all_stats, pg_signal_backend TO {inspector.USER}", "template1")  # whom nobody counts
    made.guard.status()
    made.guard.wait("bypass_sight", start=mark, named="yes")
    made.guard.config["bypass"] = {"verdict": "block"}
    equal(made.front.reload(), "config_reloaded")
    own = run_all(made, email)
    equal({one["of"] for one in own}, {"command", "test"})  # the one that doctor makes to be found
    assert all(one["gateway"] == "gateway" and one["pid"] > 1 for one in own if one["of"] == "command"), own
    equal(sum(one["of"] == "command" and one["port"] == 0 for one in own), 2)  # decoy plant, by the server's socket, each time
    equal(made.guard.find("bypass_ended"), [])
    made.guard.run("ledger", "update-index", timeout=60)
    equal(completeness(made)["own_sessions"], completeness(made, "--no-index")["own_sessions"])
    equal(made.guard.run("ledger", "verify", timeout=60).returncode, 0)
    made.guard.stop()
    found = completeness(made)  # by the last census, which has counted all of them
    equal((found["past"], [one["past"] for one in found["reconciled"] if one["database"] == "postgres"][-1]), ([], {"at_least": 0, "at_most": 0}))
    shop.server().sql(f"REVOKE pg_read_all_stats, pg_signal_backend FROM {inspector.USER}")


@test(gateway=True, limit=120)
def test_an_insider_is_past_pasu():
    """Who knows the inspector's password and calls themselves what pasu's commands do, also while one of these is there, is a gap, an alert
    and a bypass; one that nobody sees is counted"""
    server = shop.server()
    server.sql("CREATE DATABASE desk")  # in the inspector's own some of the gate's connections stay open in the count
    made = shop.front("insider")
    settled(made, 0)  # the first census comes before any session of that database
    as_inspector = {"user": inspector.USER, "password": inspector.PASSWORD, "database": "desk", "application_name": NAME}

    def look_up():
        done = made.guard.run("explain", "--database", "desk", "--role", "app", "SELECT 1", timeout=60)
        equal(done.returncode, 0, done.stderr)

    with made.login(user="app", database="desk") as session:
        session.query("SELECT 1")
        settled(made, 0, "desk")
        look_up()
        settled(made, 0, "desk")
        with wire.login(server.address, **as_inspector) as insider:
            insider.query("SELECT 1")
        look_up()
        settled(made, 1, "desk")
        mark = made.guard.mark()
        server.sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
        made.guard.status()
        made.guard.wait("bypass_sight", start=mark, named="yes")
        with wire.login(server.address, **as_inspector) as insider:
            insider.query("SELECT 1")
            look_up()
            made.guard.run("doctor", timeout=60)
            made.guard.wait("bypass", start=mark, principal=inspector.USER, database="desk", certain="yes", port=insider.socket.getsockname()[1])
        settled(made, 2, "desk")
    found = completeness(made)
    equal([(one["principal"], one["application"]) for one in found["bypasses"]], [(inspector.USER, NAME)])
    equal([(one["database"], one["sessions"]) for one in found["past"]], [("desk", {"at_least": 2, "at_most": 2})])
    assert WORDS.search(made.guard.run("scope").stdout)
    equal([(one["state"], one["name"]) for one in json.loads(made.guard.run("doctor", "--json", timeout=60).stdout)["findings"]
           if one["name"].startswith("bypass ")], [("warning", f"bypass {inspector.USER}")])
    made.stop()
    equal([one["principal"] for one in made.guard.json("ack") if one["control"] == "bypass" and one["rule"] == "bypass"], [inspector.USER])
    server.sql(f"REVOKE pg_read_all_stats FROM {inspector.USER}")


@test(gateway=True, limit=120)
def test_a_command_outlives_the_gate():
    """What a command does at the server while its gate dies, and goes on with behind the next one, is pasu's own: no session that was left
    behind, no alert"""
    server = shop.server()
    made = shop.front("outlives", more=IDENTITY)
    settled(made, 0)
    server.sql(f"GRANT SELECT ON customers TO {inspector.USER}; GRANT pg_read_all_stats TO {inspector.USER}")
    made.guard.status()
    made.guard.wait("bypass_sight", named="yes")
    with wire.login(server.address) as locking, wire.login(server.address) as watching, made.login(user="app", application_name="busy") as busy:
        locking.query("BEGIN; LOCK TABLE public.customers IN ACCESS EXCLUSIVE MODE")
        command = subprocess.Popen([harness.PASU, "index", "build", "-c", made.guard.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        waits = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{inspector.USER}' AND wait_event_type = 'Lock' AND query ~ 'phone'"
        until(lambda: int(watching.query(waits).rows[0][0]) > 0, "it waits at the server")
        busy.send(wire.query("SELECT pg_sleep(60)"))
        mark = made.guard.mark()
        made.guard.replace("gate")
        made.guard.wait("session_left", start=mark, application="busy")  # which began later: its time has come, too
        assert int(watching.query(waits).rows[0][0]) > 0
        locking.query("ROLLBACK")
        words = command.communicate(timeout=60)[0]
        equal(command.returncode, 0, words)
        made.guard.status()
        equal([one for one in completeness(made)["bypasses"] if one["principal"] == inspector.USER], [])
    made.stop()
    equal([one for one in made.guard.json("ack") if one["principal"] == inspector.USER], [])
    server.sql(f"REVOKE pg_read_all_stats FROM {inspector.USER}")


@test(gateway=True, limit=120)
def test_a_command_is_announced_before_the_gate_dies():
    """A command that was announced to a gate that has died since, and comes to the server behind the next one, is pasu's own: no session
    past pasu, no alert"""
    server = shop.server()
    made = shop.front("announced")
    settled(made, 0)
    server.sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
    made.guard.status()
    made.guard.wait("bypass_sight", named="yes")
    with made.login(user="app"), wire.login(server.address) as locking:
        # Whoever logs in waits for the list of databases' settings, which is read on the way in.
        locking.query("BEGIN; LOCK TABLE pg_catalog.pg_db_role_setting IN ACCESS EXCLUSIVE MODE")
        command = subprocess.Popen([harness.PASU, "check", "--connect", "-c", made.guard.path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until(lambda: visits(made), "it is announced")
        mark = made.guard.mark()
        pids = made.guard.pids()
        os.kill(pids["gate"], signal.SIGKILL)
        made.guard.wait("process_started", start=mark, name="gate")
        assert command.poll() is None, "it still waits at the server"
        locking.query("ROLLBACK")
        words = command.communicate(timeout=60)[0]
        assert command.returncode != 2, words
        made.guard.wait("bypass_sight", start=mark, named="yes")
        found = until(lambda: made.guard.status() and len((all_of := completeness(made)).get("own_sessions", [])) == visits(made) and all_of,
                      "each that was announced is pasu's own")
        equal([one for one in found["bypasses"] if one["principal"] == inspector.USER], [])
    made.stop()
    equal([one for one in made.guard.json("ack") if one["principal"] == inspector.USER], [])
    server.sql(f"REVOKE pg_read_all_stats FROM {inspector.USER}")


if __name__ == "__main__":
    harness.main()
