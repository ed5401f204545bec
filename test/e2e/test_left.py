#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a gate that was killed has left at the server is no session past pasu: it is recorded, and no alarm. Who goes on in it is one."""
import contextlib
import ctypes
import functools
import json
import os
import pathlib
import socket
import stat

import harness
import inspector
import process
from process import until
import shop
from stage import equal, test
import wire

LATE, DELAY, BUSY = 6, 15, 300
PIDFD_GETFD = 438  # of linux, on every machine


@functools.cache
def front():
    """With an inspector that may see who is connected."""
    shop.server().sql("CREATE DATABASE late")
    shop.asked()
    shop.server().sql(f"GRANT pg_read_all_stats TO {inspector.USER}")
    made = shop.front("left")
    made.guard.wait("bypass_sight", named="yes")
    return made


def alerts(**holds):
    return [one for one in front().guard.json("ack") if one["control"] == "bypass" and holds.items() <= one.items()]


def completeness():
    front().guard.status()
    return json.loads(front().guard.run("scope", "--json").stdout)["completeness"]


def titles():
    """What the server's processes say that they are."""
    found = []
    for pid in process.children(shop.server().process.pid):
        with contextlib.suppress(OSError):
            found.append(pathlib.Path(f"/proc/{pid}/cmdline").read_text().strip("\0 "))
    return found


def stolen(gate, port):
    """The gate's own connection that comes from that port, as an intruder would take it over; it stands when the gate is dead."""
    handle = os.pidfd_open(gate)
    library = ctypes.CDLL(None, use_errno=True)
    for number in os.listdir(f"/proc/{gate}/fd"):
        copy = library.syscall(PIDFD_GETFD, handle, int(number), 0)
        if copy < 0:
            if ctypes.get_errno() == 1:
                raise harness.Skip("this machine lets nobody take a descriptor")
            continue
        if not stat.S_ISSOCK(os.fstat(copy).st_mode):
            os.close(copy)
            continue
        one = socket.socket(fileno=copy)
        if one.family == socket.AF_INET and one.getsockname()[1] == port:
            return one
        one.close()
    raise AssertionError(f"no connection from port {port}")


@test(gateway=True, limit=60)
def test_left():
    """A statement that runs on and logins that the server counts later are no alert; a connection that somebody goes on in is one,
    and is ended where it says block, as is what runs on"""
    server, guard = shop.server(), front().guard
    server.sql(f"GRANT pg_signal_backend TO {inspector.USER}")
    with contextlib.ExitStack() as stack:
        busy, used = (stack.enter_context(front().login(user=user, application_name=name))
                      for user, name in (("app", "busy"), ("analyst", "used")))
        busy.send(wire.query(f"SELECT pg_sleep({BUSY})"))
        port, = used.query("SELECT client_port FROM pg_stat_activity WHERE pid = pg_backend_pid()").rows[0]
        for _ in range(LATE):
            login = stack.enter_context(wire.Wire(front().guard.address()))
            login.send(wire.startup("app", "late", options=f"-c post_auth_delay={DELAY}"))
        until(lambda: sum(" app late " in title for title in titles()) >= LATE, "the server lets them in")
        connection = stack.enter_context(stolen(guard.pids()["gate"], int(port)))
        mark = guard.mark()
        guard.replace("gate")
        with front().login(user="app", database="late"):
            found = guard.wait("session_left", start=mark, application="busy")
            equal((found["principal"], found["certain"]), ("app", "no"))
            connection.sendall(wire.query("SELECT count(name) FROM customers"))
            seen, = until(lambda: alerts(rule="bypass"), "an alert of the other one")
            equal((seen["principal"], seen["verdict"]), ("analyst", "alert"))
            until(lambda: int(server.value("SELECT sessions FROM pg_stat_database WHERE datname = 'late'")) > LATE, "they are counted")
            late = until(lambda: [one for one in completeness()["reconciled"] if one["database"] == "late" and not one["unknown"]
                                  and one["past"]["at_most"] >= LATE], "and open in the record")
            equal(late[-1]["past"]["at_least"], 0)
            equal({(one["application"], one["verdict"]) for one in completeness()["bypasses"]}, {("busy", "allow"), ("used", "alert")})
            guard.config["bypass"] = {"verdict": "block"}
            equal(front().reload(), "config_reloaded")
            for name in ("busy", "used"):
                guard.wait("bypass_ended", start=mark, application=name)
    front().stop()
    equal({(one["principal"], one["verdict"]) for one in alerts()}, {("analyst", "alert"), ("analyst", "block"), ("app", "block")})
    server.sql(f"REVOKE pg_signal_backend, pg_read_all_stats FROM {inspector.USER}")


if __name__ == "__main__":
    harness.main()
