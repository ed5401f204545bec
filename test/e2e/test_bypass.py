#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who reaches the server around the gateway is found, is an alert, and is ended where the configuration says so: never whom
it excepts, never who came through."""
import functools
import json
import time

import harness
import inspector
from process import until
import shop
from stage import equal, in_time, test
import wire

FOUND = 5  # seconds, as promised
ALL = "SELECT count(name) FROM customers"


@functools.cache
def front():
    """With an inspector that may see who is connected. It counts from its first census on."""
    shop.server().sql("CREATE ROLE backup LOGIN IN ROLE app; CREATE ROLE chief LOGIN SUPERUSER")
    for name in ("side", "harmed"):
        shop.server().sql(f"CREATE DATABASE {name}")
    shop.asked()
    shop.server().sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
    made = shop.front("bypass")
    made.guard.wait("bypass_sight", named="yes")
    return made


def direct(name, user="app", **options):
    return wire.login(options.pop("address", shop.server().address), user=user, application_name=name, **options)


def alerts(**holds):
    return [one for one in front().guard.json("ack") if one["control"] == "bypass" and holds.items() <= one.items()]


def counted(past=0, database="side"):
    front().guard.status()
    said = json.loads(front().guard.run("scope", "--json").stdout)["completeness"]["reconciled"]
    return [one for one in said if one["database"] == database and not one["unknown"] and one["past"] == {"at_least": past, "at_most": past}]


def set_bypass(**bypass):
    front().guard.config["bypass"] = bypass
    equal(front().reload(), "config_reloaded")


def goes_on(session):
    return session.query("SELECT 1").rows == [["1"]]


def ended(session):
    """Waits until the server has ended it: the SQLSTATE, and seconds."""
    since = time.monotonic()
    _, body = session.expect("E")
    return wire.read_fields(body)["C"], time.monotonic() - since


@test(gateway=True, limit=60)
def test_alert():
    """By default a session past pasu reads on, and is an alert within seconds, with its role and where it came from"""
    roles = iter(("app", "analyst", "chief"))

    def attempt():
        role = next(roles)
        with front().login(user="app") as through, direct("export tool", user=role) as session:
            since = time.monotonic()
            if role == "app":
                equal(session.query(ALL).rows, [[str(shop.CUSTOMERS)]])
            found, = until(lambda: alerts(rule="bypass", principal=role), "an alert")
            seconds = time.monotonic() - since
            equal({key: found[key] for key in ("principal", "severity", "verdict", "count", "text")},
                  {"principal": role, "severity": 4, "verdict": "alert", "count": 1,
                   "text": f"role {role} has a session past pasu: database postgres, from 127.0.0.1"})
            assert goes_on(session) and goes_on(through)
            return seconds
    print(f"found after {in_time(FOUND, attempt):.1f} s")


@test(gateway=True, limit=60)
def test_unseen():
    """One that is over before anybody can see whose it was reads what it likes, and nobody is told where nothing is done about it; else it is an alert all the
    same: the server has counted it"""
    def told(database):
        return [one for one in alerts(rule="sessions past pasu") if f"database {database}," in one["text"]]

    with front().login(user="app", database="harmed") as through:
        through.query("SELECT 1")
        until(lambda: counted(0, "harmed"), "a first count of that database")
        set_bypass(verdict="allow")
        with direct("too short", database="harmed") as session:
            equal(session.query("SELECT 1").rows, [["1"]], "the harm")
        until(lambda: counted(1, "harmed"), "it was counted", 20)
        until(lambda since=time.monotonic(): told("harmed") or time.monotonic() > since + FOUND, "the time in which it would be told", 20)
        equal(told("harmed"), [], "the harm")
        set_bypass()
    with front().login(user="app", database="side") as through:
        through.query("SELECT 1")
        until(counted, "a first count of that database")
        with direct("too short", database="side") as session:
            session.query("SELECT 1")
        found, = until(lambda: told("side"), "an alert", 20)
    equal({key: found[key] for key in ("principal", "verdict", "severity", "count", "text")},
          {"principal": None, "verdict": "alert", "severity": 3, "count": 1,
           "text": "sessions went past pasu, database side, gateway gateway; nobody has seen whose they were"})


@test(gateway=True, limit=120)
def test_ended():
    """Where it says block, one is ended within seconds, also one that has stood before; if the inspector has no right to, it says
    so. Whom it excepts, pasu's own and who came through go on"""
    server, guard = shop.server(), front().guard
    with direct("without the right", user="analyst") as session:
        mark = guard.mark()
        set_bypass(verdict="block")
        kept = guard.wait("bypass_kept", start=mark, principal="analyst")
        assert "pg_signal_backend" in kept["why"] and goes_on(session), kept
        server.sql(f"GRANT pg_signal_backend TO {inspector.USER}")
        equal(ended(session)[0], "57P01")
    assert until(lambda: alerts(principal="analyst", verdict="alert"), "an alert")  # which is told at once; what comes within a minute of it, then
    mark = guard.mark()
    set_bypass(verdict="block", **{"except": [{"principal": "backup"}, {"local": True, "application": "nightly"},
                                            {"address": "192.0.2.0/24"}]})
    standing = {
        "through": front().login(user="app", application_name="through"),
        "backup": direct("backup", user="backup"),
        "nightly": direct("nightly", address=server.socket),
        "own": direct("own", user=inspector.USER, password=inspector.PASSWORD),
        "chief": direct("chief", user="chief"),
    }
    for name in ("backup", "nightly", "own", "chief"):
        guard.wait("bypass", start=mark, application=name)

    def attempt():
        with direct("nightly") as session, direct("daily", address=server.socket) as other:  # not what is excepted: by TCP, and another
            code, seconds = ended(session)
            equal((code, ended(other)[0]), ("57P01", "57P01"))
            return seconds
    print(f"ended after {in_time(FOUND, attempt):.1f} s")
    equal(guard.wait("bypass_kept", start=mark)["application"], "chief")  # whom that right does not reach
    assert all(goes_on(session) for session in standing.values())
    for session in standing.values():
        session.terminate()
    due = {("analyst", "without the right"), ("app", "nightly"), ("app", "daily")}
    until(lambda: {(one["principal"], one["application"]) for one in guard.find("bypass_ended")} >= due, "all of them")
    equal({(one["principal"], one["application"]) for one in guard.find("bypass_ended")}, due)
    equal(alerts(principal="backup"), [])
    front().stop()  # and with it comes what the minute has kept back
    ended_alerts = alerts(rule="bypass", verdict="block")
    equal({one["principal"] for one in ended_alerts}, {"app", "analyst"})
    assert all(one["text"].endswith("; it was ended") for one in ended_alerts), ended_alerts
    server.sql(f"REVOKE pg_signal_backend, pg_read_all_stats FROM {inspector.USER}")


if __name__ == "__main__":
    harness.main()
