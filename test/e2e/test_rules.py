#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules: how durable the record of a statement is to be before its rows leave, by what it shows and to whom.

The keeper stands still where something is asked: what comes meanwhile left without waiting for the disk."""
import contextlib
import os
import signal

import harness
from process import until
import shop
from stage import equal, test
import wire

STRICT_ADDRESSES = {"name": "addresses", "when": {"fields": ["address"]}, "verdict": "allow", "durability": "strict"}
KEY = shop.keys("customers", "id")[31]
NAME = f"SELECT name FROM customers WHERE id = {KEY}"
ADDRESS = f"SELECT address FROM customers WHERE id = {KEY}"


@contextlib.contextmanager
def held(front):
    """While the keeper stands still."""
    pid = front.guard.pids()["keeper"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def front_of(name, rules, durability="group"):
    return shop.front(name, more={"ledger": {"directory": "./ledger", "durability": durability}, "rules": rules}, workers=1)


class Asked:
    """What a session asks, the first thing since the keeper stands still."""

    def __init__(self, session, name, data):
        self.session, self.name = session, name
        self.since = shop.server().value("SELECT clock_timestamp()")
        session.send(data)

    def waits(self, other):
        """Whether the server has answered all of it, and nothing of that has left. `other` is a session of the same
        worker, whose rows need not be on the disk."""
        until(lambda: shop.server().value(
            f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{self.name}' AND state <> 'active' "
            f"AND query_start > '{self.since}'") == "1", f"the server's answer to {self.name}")
        wire.handled(other)
        return not self.session._fill() and not self.session.buffer


def set_rules(front, rules, durability="group"):
    front.guard.config["rules"] = rules
    front.guard.config["ledger"]["durability"] = durability
    equal(front.reload(), "config_reloaded")


def warm(*sessions):
    """Plans, texts and sessions are known before the keeper stops."""
    for session in sessions:
        for sql in (NAME, ADDRESS):
            equal(len(session.query(sql).rows), 1)


@test(gateway=True)
def test_held_by_field():
    """Rows of a field that a rule wants on the disk wait for the keeper; others of the session, and of others, do not"""
    front = front_of("rules-field", [STRICT_ADDRESSES])
    with front.login(user="app", application_name="one") as one, front.login(user="app", application_name="two") as two:
        warm(one, two)
        with held(front):
            equal(one.value(NAME), f"Kim-{KEY}")
            asked = Asked(one, "one", wire.query(ADDRESS))
            assert asked.waits(two), "an address left before its record was on the disk"
            equal(two.value(NAME), f"Kim-{KEY}")
        equal(one.result().rows, [[f"Main Street {KEY}"]])
        equal(one.value(NAME), f"Kim-{KEY}")
    front.guard.until_sessions(0)
    said = shop.export(front)
    equal((said["one"].rows, said["two"].rows), (5, 3))
    front.stop()


@test(gateway=True)
def test_order_in_a_pipeline():
    """What stands before and behind it in a pipeline stays in order, and is what it is without pasu"""
    front = front_of("rules-order", [STRICT_ADDRESSES])
    messages = b"".join(wire.parse(sql) + wire.bind() + wire.execute() for sql in (NAME, ADDRESS, NAME)) + wire.SYNC
    with (front.login(user="app", application_name="pipeline") as session, front.login(user="app") as other,
          wire.login(shop.server().address, user="app") as direct):
        warm(session, other)
        with held(front):
            assert Asked(session, "pipeline", messages).waits(other)
        direct.send(messages)
        for one in (session, direct):
            one.got = [one.receive()]
            while one.got[-1][0] != "Z":
                one.got.append(one.receive())
        equal(session.got, direct.got)
    front.stop()


@test(gateway=True)
def test_ways():
    """So do rows of a cursor, of EXECUTE, of COPY, and of functions that can show them"""
    front = front_of("rules-ways", [STRICT_ADDRESSES])
    asks = ("EXECUTE address", "FETCH 1 FROM address", "COPY (SELECT address FROM customers) TO STDOUT",
            f"SELECT to_jsonb(c) FROM customers c WHERE id = {KEY}", f"UPDATE customers SET grade = grade WHERE id = {KEY} RETURNING address")
    with front.login(user="app", application_name="ways") as session, front.login(user="app") as other:
        warm(session, other)
        session.query(f"PREPARE address AS {ADDRESS}")
        for sql in asks:
            session.query("BEGIN")
            session.query(f"DECLARE address CURSOR FOR {ADDRESS}")
            with held(front):
                assert Asked(session, "ways", wire.query(sql)).waits(other), sql
            equal(session.result().errors, [], sql)
            session.query("ROLLBACK")
    front.stop()


@test(gateway=True)
def test_reload():
    """Other rules by SIGHUP hold for the sessions that stand, too"""
    front = front_of("rules-reload", [])
    of_analysts = {"name": "analysts", "when": {"principal": "analyst", "fields": "any"}, "verdict": "allow", "durability": "strict"}
    loose = {"name": "loose", "when": {"principal": "app"}, "verdict": "allow", "durability": "os"}
    abroad = {"name": "abroad", "when": {"country": {"not": ["KR"]}}, "verdict": "allow", "durability": "strict"}
    steps = (([], "group", (), ()), ([STRICT_ADDRESSES], "group", (ADDRESS,), (ADDRESS,)), ([], "strict", (NAME, ADDRESS), (NAME, ADDRESS)),
             ([of_analysts], "group", (), (NAME, ADDRESS)), ([loose], "strict", (), (NAME, ADDRESS)),
             ([loose, STRICT_ADDRESSES], "os", (), (ADDRESS,)), ([abroad], "os", (NAME, ADDRESS), (NAME, ADDRESS)), ([], "os", (), ()))
    with (front.login(user="app", application_name="of-app") as app, front.login(user="analyst", application_name="of-analyst") as analyst,
          front.login(user="analyst") as other):
        for rules, durability, held_of_app, held_of_analyst in steps:
            set_rules(front, rules, durability)
            warm(app, analyst)
            for sql in (NAME, ADDRESS):
                for session, name, of_it in ((app, "of-app", held_of_app), (analyst, "of-analyst", held_of_analyst)):
                    with held(front):
                        asked = Asked(session, name, wire.query(sql))
                        if sql in of_it:
                            assert asked.waits(other), f"{rules} {durability}: {sql} of {name} left"
                        else:
                            equal(len(session.result().rows), 1, f"{rules} {durability}: {sql} of {name}")
                    if sql in of_it:
                        equal(len(session.result().rows), 1)
    front.stop()


@test(gateway=True)
def test_new_keeper():
    """Who waits when the keeper is killed is served by the next one, whatever the ledger's own durability is"""
    for durability in ("os", "group", "strict"):
        front = front_of(f"rules-keeper-{durability}", [STRICT_ADDRESSES], durability)
        with front.login(user="app", application_name="waits") as session, front.login(user="app") as other:
            warm(session)
            pid = front.guard.pids()["keeper"]
            os.kill(pid, signal.SIGSTOP)
            assert Asked(session, "waits", wire.query(ADDRESS)).waits(other)
            os.kill(pid, signal.SIGKILL)
            equal(session.result().rows, [[f"Main Street {KEY}"]], durability)
            equal(session.query(ADDRESS).rows, [[f"Main Street {KEY}"]])
        front.guard.until_sessions(0)
        equal(shop.export(front)["waits"].rows, 4)
        front.stop()


@test(gateway=True)
def test_never():
    """Where the keeper does not come back, the session ends and nothing of it leaves"""
    front = front_of("rules-never", [STRICT_ADDRESSES])
    with front.login(user="app", timeout=60) as session, front.login(user="app") as other:
        warm(session, other)
        with held(front):
            session.send(wire.query(ADDRESS))
            equal(session.refused()["C"], "58030")
            equal(other.value(NAME), f"Kim-{KEY}")
    front.stop()


if __name__ == "__main__":
    harness.main()
