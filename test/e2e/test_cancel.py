#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gate's own cancel requests, for results that a budget has ended: whom they hit, and who waits for them."""
import contextlib
import os
import signal

import harness
import shop
from process import until
from stage import equal, test
import wire

CODE = "PS001"
ALL = "SELECT id, name FROM customers ORDER BY id"
ROLES = {name: {"principal": name, "window": "30d", "subjects": 3, "verdict": "block"}
         for name in ("c_early",)}


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


if __name__ == "__main__":
    harness.main()
