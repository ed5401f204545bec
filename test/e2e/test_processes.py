#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What happens when a process of the gateway, or the server behind it, dies or stands still: the failure
that was chosen, a clear message, and recovery without hands."""
import contextlib
import os
import signal
import threading
import time

import harness
import ledgerfile
import postgres
import process
import stage
import wire
from stage import Front, elapsed, equal, login, refused, test


def works(front):
    """Whether a new session is taken and answers."""
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
        with front.login() as session:
            return session.value("SELECT 1") == "1"
    return False


def descriptors(front):
    return {name: process.descriptors(pid) for name, pid in front.guard.steady().items()}


def kill(front, name):
    old = front.guard.pids()[name]
    os.kill(old, signal.SIGKILL)
    front.guard.wait("process_died")
    front.guard.until_other(name, old)


@test(gateway=True, limit=120)
def test_gate_killed():
    """The gate killed six times: clients are cut off, new sessions work, no descriptor is left over"""
    front = stage.front()
    for turn in range(6):
        with front.login(application_name="cut off") as session:
            kill(front, "gate")
            equal(session.read_end()[:1] in (b"", b"E"), True)
        process.until(lambda: works(front), "a new session")
        process.until(lambda: not front.behind.backends("application_name = 'cut off'"), "the server let go")
        if turn == 0:
            before = descriptors(front)
    process.until(lambda: not front.guard.sessions(), "no session is listed")
    process.until(lambda: all(count <= before[name] + 1 for name, count in descriptors(front).items()), f"as few descriptors as before: {before}")


@test(gateway=True, limit=120)
def test_keeper_killed():
    """The keeper killed six times: sessions go on and are still known, new ones work, nothing is left over"""
    front = stage.front()
    with front.login(application_name="survivor") as session:
        for turn in range(6):
            kill(front, "keeper")
            equal(session.value(f"SELECT {turn}"), str(turn))
            process.until(lambda: works(front), "a new session")
            if turn == 0:
                before = descriptors(front)
        process.until(lambda: [entry for entry in front.guard.sessions()
                               if entry["application"] == "survivor"], "the new keeper knows the session")
        # The last session that was tried may still be closing.
        process.until(lambda: all(count <= before[name] + 1 for name, count in descriptors(front).items()),
                      f"as few descriptors as before: {before}")


@test(gateway=True)
def test_begun_without_keeper():
    """A session that begins while there is no keeper waits for the next one"""
    front = Front(stage.server(), "between")
    begun = []
    begin = threading.Thread(target=lambda: begun.append(front.login(application_name="between")))
    supervisor = front.guard.pids()["supervisor"]
    keeper = front.guard.pids()["keeper"]
    os.kill(supervisor, signal.SIGSTOP)  # so that there is none for a while
    try:
        os.kill(keeper, signal.SIGKILL)
        begin.start()
        process.until(lambda: front.behind.backends("application_name = 'between'"), "the server has let it in")
    finally:
        os.kill(supervisor, signal.SIGCONT)
    begin.join(60)
    with begun[0] as session:
        equal(session.value("SELECT 5"), "5")
    front.stop()


@test(gateway=True, limit=120)
def test_killed_under_load():
    """Gate and keeper killed in turn while clients come and go: afterwards everything works"""
    front = stage.front()
    for turn in range(4):
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(front.login()) for _ in range(8)]
            for session in sessions:
                session.send(wire.query("SELECT repeat('x', 500) FROM generate_series(1, 20000)"))
            kill(front, "gate" if turn % 2 else "keeper")
        process.until(lambda: works(front), "a new session")
    process.until(lambda: not front.guard.sessions(), "no session is listed")
    process.until(lambda: not front.behind.backends(), "the server let all go")


@test(gateway=True)
def test_keeper_stopped_closed():
    """on_failure closed: while the keeper stands still new sessions are refused (58030) within 10 s"""
    front = Front(stage.server(), "closed")
    keeper = front.guard.pids()["keeper"]
    with front.login() as session:
        os.kill(keeper, signal.SIGSTOP)
        try:
            since = time.monotonic()
            refused(front.login, "58030")
            assert elapsed(since) < 10, f"after {elapsed(since):.1f} s"
            equal(session.value("SELECT 3"), "3")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(keeper, signal.SIGCONT)
        process.until(lambda: works(front), "a new session", 40)
    front.stop()


@test(gateway=True)
def test_keeper_stopped_open():
    """on_failure open: while the keeper stands still new sessions are carried, and the log says so"""
    front = Front(stage.server(), "open", on_failure="open")
    keeper = front.guard.pids()["keeper"]
    os.kill(keeper, signal.SIGSTOP)
    try:
        since = time.monotonic()
        with front.login() as session:
            assert elapsed(since) < 10, f"after {elapsed(since):.1f} s"
            equal(session.value("SELECT 3"), "3")
            front.guard.wait("unrecorded")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGCONT)
    process.until(lambda: works(front), "a new session", 40)
    front.stop()


@test(gateway=True)
def test_keeper_stopped_by_kind():
    """on_failure_for: while the keeper stands still a service is carried, who is on no roster is not"""
    front = Front(stage.server(), "kinds", on_failure_for={"service": "open"})
    (front.guard.folder / "roster.csv").write_text("principal,kind,owner,owner_status,left_at,contact\nservice,service,Kim,active,,\n")
    front.guard.config["principals"] = {"roster": "roster.csv"}
    equal(front.reload(), "config_reloaded")
    stage.server().sql("DROP ROLE IF EXISTS service; CREATE ROLE service LOGIN; DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")
    keeper = front.guard.pids()["keeper"]
    os.kill(keeper, signal.SIGSTOP)
    try:
        with front.login(user="service") as session:
            equal(session.value("SELECT 3"), "3")
            front.guard.wait("unrecorded")
        refused(lambda: front.login(user="stranger"), "58030")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGCONT)
    process.until(lambda: works(front), "a new session", 40)
    front.stop()


CROWD = 300  # more than the channel between gate and keeper holds
OPENED, CLOSED, GAP = 6, 7, 5


@harness.shared
def large_server():
    return postgres.Server(stage.folder(), "large", settings={"max_connections": CROWD + 50})


@contextlib.contextmanager
def busy(front):
    """The keeper does nothing for about a second, as in a slow fdatasync."""
    keeper = front.guard.pids()["keeper"]
    os.kill(keeper, signal.SIGSTOP)
    timer = threading.Timer(1.5, os.kill, (keeper, signal.SIGCONT))
    timer.start()
    try:
        yield
    finally:
        timer.join()


@test(gateway=True, limit=120)
def test_keeper_busy():
    """Many sessions begin and end while the keeper is busy: all are taken and recorded, none is refused"""
    front = Front(large_server(), "busy", limits={"connections_per_address": 2 * CROWD})
    ledger = front.guard.folder / "ledger"
    sessions, problems = [], []

    def enter():
        try:
            sessions.append(front.login(timeout=60))
        except (OSError, wire.Closed, wire.ServerError) as error:
            problems.append(repr(error))

    threads = [threading.Thread(target=enter) for _ in range(CROWD)]
    with busy(front):
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    equal((problems[:3], len(sessions)), ([], CROWD))
    with busy(front):
        for session in sessions:
            session.terminate()
    front.guard.until_sessions(0)
    status = front.guard.status()
    equal((status["sessions_total"], status["refused_total"], status["unrecorded_total"]), (CROWD, 0, 0))
    process.until(lambda: ledgerfile.kinds(ledger)[CLOSED] == CROWD, "all ends are in the ledger")
    found = ledgerfile.kinds(ledger)
    equal((found[OPENED], found[GAP]), (CROWD, 0))
    front.stop()
    equal(ledgerfile.kinds(ledger)[CLOSED], CROWD)


@test(gateway=True)
def test_gate_stopped():
    """A gate that stands still is replaced: new sessions work again without hands"""
    front = Front(stage.server(), "still")
    gate = front.guard.pids()["gate"]
    os.kill(gate, signal.SIGSTOP)
    try:
        front.guard.wait("process_stuck", 40)
        process.until(lambda: not process.is_running(gate), "it was ended", 20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(gate, signal.SIGCONT)
    process.until(lambda: works(front), "a new session", 20)
    front.stop()


@test(gateway=True)
def test_supervisor_killed():
    """When the supervisor dies its processes end too: none is left"""
    front = Front(stage.server(), "orphans")
    pids = front.guard.pids()
    with front.login() as session:
        front.process.kill()
        session.read_end()
        for name, pid in pids.items():
            process.until(lambda pid=pid: not process.is_running(pid), f"{name} ended")


@test(gateway=True)
def test_server_killed():
    """The server dies: clients get an error of the protocol, and after its return sessions work again"""
    server = postgres.Server(stage.folder(), "mortal")
    front = Front(server, "over-mortal")
    with front.login() as idle, front.login() as busy, front.login() as reading:
        busy.send(wire.query("SELECT pg_sleep(50)"))
        reading.send(wire.query("SELECT 1, pg_sleep(50)"))
        process.until(lambda: server.backends("wait_event = 'PgSleep'") == 2, "they run")
        server.crash()
        for session in (idle, busy):
            equal(session.refused()["C"], "08006")
        refused(front.login, "08006")
    server.start()
    process.until(lambda: works(front), "a new session")
    front.stop()
    server.stop()


@test(gateway=True)
def test_server_never_there():
    """A gateway whose server does not run starts, and says so to whoever connects"""
    front = Front(None, "lonely", gateways=[{
        "name": "lonely", "listen": f"127.0.0.1:{process.free_port()}",
        "upstream": f"127.0.0.1:{process.free_port()}", "limits": {"drain_time": "0s"}}])
    since = time.monotonic()
    refused(front.login, "08006")
    assert elapsed(since) < 10
    front.stop()


@test(gateway=True, limit=120)
def test_no_growth_over_sessions():
    """Neither descriptors nor memory grow over 3,000 sessions, some of which end rudely"""
    front = stage.front()

    def many(count):
        for number in range(count):
            session = login()
            session.query("SELECT 1")
            (session.abort if number % 3 else session.terminate)()
            if number % 20 == 19:  # so that never more of them are there at once, however late the gate is
                process.until(lambda: not front.guard.sessions(), "these ended")
        process.until(lambda: not front.guard.sessions(), "all ended")

    many(500)
    gate = front.guard.pids()["gate"]
    before, used = descriptors(front), process.memory(gate)
    many(2500)
    more = process.memory(gate)
    process.until(lambda: descriptors(front) == before, f"as many descriptors as {before}")
    assert more - used < 2 << 20, f"memory went from {used >> 10} to {more >> 10} KiB"


harness.main()
