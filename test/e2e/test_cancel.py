#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gate's own cancel requests, for results that a budget has ended: whom they hit, and who waits for them."""
import contextlib
import signal

import harness
import shop
from process import until
from stage import equal, test
import wire

CODE = "PS001"
ALL = "SELECT id, name FROM customers ORDER BY id"
ROLES = {name: {"principal": name, "window": "30d", "subjects": 3, "verdict": "block"}
         for name in ("c_early", "c_behind", "c_later", "c_never")}


@harness.shared
def roles():
    for name in ROLES:
        shop.server().sql(f"CREATE ROLE {name} LOGIN IN ROLE app")


def front(name, **gateway):
    roles()
    return shop.front(name, more={"budgets": list(ROLES.values())}, **gateway)


@contextlib.contextmanager
def deaf():
    """The server takes no connection, and so no cancel request; its sessions go on."""
    postmaster = shop.server().process
    postmaster.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        postmaster.signal(signal.SIGCONT)


def state_of(made, user):
    return [one["state"] for one in made.guard.sessions() if one["principal"] == user]


@test(gateway=True, limit=60)
def test_end_of_both():
    """A request that nobody takes and the session that waits for it end in one moment: the others go on"""
    made = front("early", workers=1, limits={"handshake_time": "2s"})
    gate = made.gate()
    with made.login(user="analyst") as other, made.login(user="c_early") as session:
        equal(other.value("SELECT 1"), "1")
        with deaf():
            mark = made.guard.mark()
            equal(session.exchange(wire.query(ALL), "E").code, CODE)
            made.guard.wait("session_refused", start=mark, state="cancel_sent")
            # Both have a deadline now, and the session's comes behind the request's.
            session.half_close()
            until(lambda: state_of(made, "c_early") != ["idle"] and state_of(made, "c_early") != ["busy"], "it leaves")
            made.guard.run("kill", "--principal", "c_early")
            until(lambda: not state_of(made, "c_early"), "its end")
            equal(other.value("SELECT 2"), "2")
    equal(made.gate(), gate)
    made.stop()


MINE = "SELECT 'mine', pg_sleep(1)"


def run_of(sql):
    return wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC


@test(gateway=True, limit=60)
def test_behind_in_the_pipeline():
    """What the client has sent behind the statement that was ended is not hit, however late the request is taken"""
    made = front("behind")
    with shop.server().connect() as watcher:
        def runs():
            return watcher.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'c_behind' "
                                 "AND wait_event = 'PgSleep'") == "1"

        for ask in (wire.query, run_of):
            with made.login(user="c_behind") as session:
                with deaf():
                    session.send(ask(ALL) + ask(MINE))
                    until(runs, "the second runs")
                equal(session.result().code, CODE)
                result = session.result()
                equal((result.errors, [row[0] for row in result.rows]), ([], ["mine"]))
    made.stop()


@test(gateway=True, limit=60)
def test_sent_before_it_is_taken():
    """What the client sends once it has been told waits until the server has taken the request"""
    made = front("later", workers=1)
    with shop.server().connect() as watcher, made.login(user="analyst") as other:
        for ask in (wire.query, run_of):
            sent_before_it_is_taken(made, watcher, other, ask)
    made.stop()


def state(watcher):
    return watcher.value("SELECT state FROM pg_stat_activity WHERE usename = 'c_later'")


def sent_before_it_is_taken(made, watcher, other, ask):
    with made.login(user="c_later") as session:
        with deaf():
            equal(session.exchange(ask(ALL), "E").code, CODE)
            until(lambda: state(watcher) == "idle", "its end at the server")
            session.send(ask(MINE) + ask("SELECT 'and this'"))
            wire.handled(other)
            for _ in range(100):  # and it is not under way either
                equal(state(watcher), "idle")
        equal(session.result().types, "Z")
        result = session.result()
        equal((result.errors, [row[0] for row in result.rows]), ([], ["mine"]))
        equal(session.result().rows, [["and this"]])
        equal(session.value("SELECT 'goes on'"), "goes on")


@test(gateway=True, limit=60)
def test_never_taken():
    """A request that has been sent and is not taken in time ends its session: it could hit what comes next"""
    made = front("never", limits={"handshake_time": "1s"})
    with made.login(user="analyst") as other, made.login(user="c_never") as session:
        with deaf():
            equal(session.exchange(wire.query(ALL), "E").code, CODE)
            session.send(wire.query(MINE))
            equal(session.result("E").code, "08006")
            equal(session.read_end(), b"")
            equal(other.value("SELECT 1"), "1")
    made.stop()


if __name__ == "__main__":
    harness.main()
