#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Faults from outside: the network cut in mid-message, the ledger's disk full, processes killed at
random under load, half-open connections by the thousand, sessions without end."""
import contextlib
import os
import random
import signal
import subprocess
import threading

import guard
import harness
import namespace
import postgres
import process
import wire
from process import until

KILLS = 200 if harness.LONG else 7  # of each process
SESSIONS = 100000 if harness.LONG else 3000
HALF_OPEN = 10000
MEGABYTE = 1 << 20


@harness.shared
def server():
    return postgres.Server(harness.folder())


@harness.shared
def front():
    return guard.start(guard.gateway(server()))


def works(address):
    """Whether a new session is admitted and answers."""
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
        with wire.login(address, timeout=60) as session:
            return session.value("SELECT 1") == "1"
    return False


def refused(address):
    """The error by which a new session is refused."""
    try:
        with wire.login(address) as session:
            raise AssertionError(f"admitted: {session.value('SELECT 1')}")
    except wire.ServerError as error:
        return error.fields


def descriptors(pids):
    return {name: process.descriptors(pid) for name, pid in pids.items()}


# ---- the network ----

@harness.shared
def cable():
    made = namespace.Cable()
    yield made
    made.close()


@harness.shared
def far_server():
    """A server at the other end of the cable."""
    with cable().far:
        return postgres.Server(harness.folder(), "far", settings={"listen_addresses": "*"})


@harness.shared
def near_front():
    """A gateway at this end, in front of the far server, open to both ends."""
    gateway = guard.gateway(f"{namespace.FAR}:{far_server().port}", limits={"handshake_time": "2s"})
    port = process.free_port()
    gateway["listen"] = [f"127.0.0.1:{port}", f"{namespace.NEAR}:{port}"]
    with cable().near:
        return guard.start(gateway)


def read_to_end(session):
    """Reads messages to the end of the connection; the last error's SQLSTATE, None without one."""
    code = None
    try:
        while True:
            kind, body = session.receive()
            if kind == "E":
                code = wire.read_fields(body)["C"]
    except wire.Closed:
        return code


@harness.gateway_only
@harness.root_only
def test_server_cut_off_in_mid_message():
    """The server's network is cut in mid-message: the client's session ends, and recovers by itself"""
    with cable().near:
        with wire.login(near_front().address(), timeout=60) as session, \
                wire.login(near_front().address(), timeout=60) as idle:
            session.send(wire.query(f"SELECT repeat('x', {MEGABYTE}) FROM generate_series(1, 2000)"))
            session.need(5 * MEGABYTE)
            cable().cut()
            assert read_to_end(session) in (None, "08006")
            assert idle.refused()["C"] == "08006"
        near_front().until_sessions(0)
        cable().mend()
        until(lambda: works(near_front().address()), "a new session", 40)
    near_front().check_alive()


@harness.gateway_only
@harness.root_only
def test_server_unreachable():
    """A server that does not answer at all: the client is told (08006) within limits.handshake_time"""
    with cable().near:
        cable().cut()
        try:
            assert refused(near_front().address())["C"] == "08006"
        finally:
            cable().mend()
        until(lambda: works(near_front().address()), "a new session", 40)


@harness.gateway_only
@harness.root_only
def test_client_cut_off_in_mid_message():
    """The client's network is cut in mid-message: its session ends here and at the server"""
    address = near_front().address(None, 1)
    with cable().far:
        session = wire.login(address, application_name="cut off")
        idle = wire.login(address, application_name="cut off")
        session.send(wire.query(f"SELECT repeat('x', {MEGABYTE}) FROM generate_series(1, 2000)"))
        session.need(5 * MEGABYTE)
    # The server is at the same far end: it is reached again before the gateway's answers are due.
    cable().cut()
    with session, idle:
        near_front().until_sessions(0, 40)
    cable().mend()
    until(lambda: far_server().backends("application_name = 'cut off'") == 0, "the server's sessions end", 40)


# ---- the ledger's disk ----

RING = 4 * MEGABYTE + 4096


@harness.shared
def disk():
    """A small disk for two ledgers with two rings each, seen by this test only."""
    namespace.private_mounts()
    path = harness.folder() / "disk"
    path.mkdir(mode=0o755)
    namespace.run("mount", "-t", "tmpfs", "-o", f"size={4 * RING + MEGABYTE},mode=755", "none", path)
    yield path
    namespace.run("umount", "-l", path)


def fill(path):
    """Takes all the space that is left. Again where it must stay so: what an indexer without space for its
    index gives back, it gives back later."""
    with open(path / "ballast", "ab", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


@harness.gateway_only
@harness.root_only
def test_disk_full_closed():
    """on_failure closed: with the ledger's disk full new sessions are refused, running ones go on"""
    path = disk()
    closed = guard.start(guard.gateway(server(), on_failure="closed", workers=1),
                         ledger={"directory": str(path / "closed")})
    with wire.login(closed.address()) as session:

        def refusal():
            fill(path)
            with contextlib.suppress(AssertionError):
                return refused(closed.address())
        fields = until(refusal, "a refusal")
        assert fields["C"] in ("58030", "53100") and fields["S"] == "FATAL", fields
        assert session.value("SELECT 'goes on'") == "goes on"
        assert closed.run("status").returncode == 1
        (path / "ballast").unlink()
        until(lambda: works(closed.address()), "a new session, once there is space")
        assert session.value("SELECT 'goes on'") == "goes on"
    closed.stop()


@harness.gateway_only
@harness.root_only
def test_disk_full_open():
    """on_failure open: with the ledger's disk full sessions are carried, and the log says so"""
    path = disk()
    opened = guard.start(guard.gateway(server(), on_failure="open", workers=1),
                         ledger={"directory": str(path / "open")})

    def unrecorded():
        fill(path)
        with wire.login(opened.address()) as session:
            assert session.value("SELECT 1") == "1"
        return opened.find("unrecorded")
    until(unrecorded, "an event that says so")
    (path / "ballast").unlink()
    until(lambda: works(opened.address()), "a new session")
    opened.stop()


@harness.gateway_only
@harness.root_only
def test_disk_too_small_for_the_rings():
    """Where the ledger's disk has no room for the rings, pasu does not start, and says why"""
    path = disk()
    fill(path)
    os.truncate(path / "ballast", (path / "ballast").stat().st_size - 65536)  # for the secret, not for a ring
    front = guard.start(guard.gateway(server(), workers=1), ledger={"directory": str(path / "new")}, wait=False)
    assert front.process.wait(20) == 2
    failed = [event for event in front.events if event.get("event") == "start_failed"]
    assert failed and "exposures.ring" in failed[0]["what"] and "no space" in failed[0]["error"], front.events
    (path / "ballast").unlink()


# ---- standing still ----

@harness.gateway_only
def test_commands_while_a_process_stands_still():
    """While a process is stopped, status answers or says why not, in time: nothing hangs"""
    own = guard.start(guard.gateway(server()))
    for name in ("gate", "keeper", "supervisor"):
        pid = own.pids()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            for command in ("status", "sessions"):
                done = own.run(command)
                assert done.returncode in (0, 2), (name, command, done.returncode, done.stdout, done.stderr)
                assert done.returncode == 0 or done.stderr.strip(), f"{command} says nothing while {name} stands"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        until(lambda: works(own.address()), f"a new session after {name} stood still", 40)
        until(lambda: own.run("status").returncode == 0, "status answers", 40)
    own.stop()


# ---- killed at random ----

class Load:
    """Clients that come, ask and go until stop(); what goes wrong for them is theirs to bear, what is
    wrong in an answer is not."""

    def __init__(self, address, count=4):
        self.address, self.over, self.wrong, self.done = address, threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        chance = random.Random(number)
        while not self.over.is_set():
            try:
                with wire.login(self.address, timeout=10, application_name="load") as session:
                    for _ in range(chance.randrange(1, 20)):
                        rows = chance.choice((1, 10, 5000))
                        got = session.query(f"SELECT n FROM generate_series(1, {rows}) n").rows
                        if [row[0] for row in got] != [str(n + 1) for n in range(rows)]:
                            self.wrong.append(f"{len(got)} rows instead of {rows}")
                        self.done += 1
            except (OSError, wire.Closed, wire.ServerError, TimeoutError):
                self.over.wait(0.01)
            except Exception as error:
                self.wrong.append(repr(error))

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        assert not self.wrong, self.wrong[:3]
        return self.done


@harness.gateway_only
@harness.limit(3600 if harness.LONG else 180)
def test_killed_at_random():
    """Gate, keeper and supervisor killed in random order under load, each as often: each time the service comes back"""
    kills = ["gate", "keeper", "supervisor"] * KILLS
    random.Random(7).shuffle(kills)
    own = guard.start(guard.gateway(server()))
    address = own.address()
    load = Load(address)
    measured = None
    try:
        for number, name in enumerate(kills):
            pids = until(lambda: own.run("status").returncode == 0 and own.pids(), "its processes", 40)
            done = load.done
            until(lambda: load.done > done + 5, "some load", 40)
            if name == "supervisor":  # a service manager restarts it; the others are replaced by themselves
                own.process.kill()
                until(lambda: not any(process.is_running(pid) for pid in pids.values()), "all its processes ended")
                own.start()
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pids[name], signal.SIGKILL)
                until(lambda: own.run("status").returncode == 0 and own.pids().get(name) not in (0, None, pids[name]),
                      f"a new {name}", 40)
            until(lambda: works(address), f"a session after kill {number} ({name})", 40)
            if number == len(kills) // 2:
                measured = {name: count + 2 for name, count in descriptors(own.steady()).items() if name != "gate"}
    finally:
        load.stop()
    own.until_sessions(0)
    until(lambda: all(count <= measured.get(name, 100) for name, count in descriptors(own.steady()).items()),
          f"as few descriptors as before: {measured}")
    until(lambda: server().backends("application_name = 'load'") == 0, "the server's sessions end")
    own.stop()


# ---- very many ----

@harness.gateway_only
@harness.limit(120)
def test_half_open():
    """Ten thousand connections that say nothing do not keep others out, and cost little memory"""
    pids = front().pids()
    before = process.memory(pids["gate"])
    with contextlib.ExitStack() as stack:
        for number in range(HALF_OPEN):
            one = stack.enter_context(wire.Wire(front().address(), source=f"127.1.{number // 250}.{number % 250 + 1}"))
            if number % 3 == 0:
                one.send(b"\0\0\0")
        for _ in range(20):
            with wire.login(front().address(), timeout=60) as session:
                assert session.value("SELECT 1") == "1"
        assert front().run("status").returncode == 0
        grown = process.memory(pids["gate"]) - before
        assert grown < HALF_OPEN * 12 << 10, f"{grown / HALF_OPEN / 1024:.1f} KiB for each"
    until(lambda: process.descriptors(pids["gate"]) < 100, "all of them closed", 40)
    assert front().pids() == pids and works(front().address())


@harness.gateway_only
@harness.limit(3600 if harness.LONG else 180)
def test_many_sessions():
    """Thousands of sessions one after the other: neither descriptors nor memory grow"""
    pids = front().steady()
    script = harness.folder() / "one.sql"
    script.write_text("SELECT 1;\n")

    def run(count):
        host, port = front().address()
        done = subprocess.run(
            [server().binaries / "pgbench", "-n", "-C", "-f", script, "-c", "4", "-j", "2", "-t", str(count // 4),
             "-h", host, "-p", str(port), "-U", "postgres", "postgres"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
        assert done.returncode == 0 and f"{count // 4 * 4}/{count // 4 * 4}" in done.stdout, done.stdout[-1000:]
        front().until_sessions(0)
        return {name: process.memory(pid) for name, pid in pids.items()}

    memory, files = run(SESSIONS // 10), descriptors(pids)
    more_memory = run(SESSIONS)
    until(lambda: all(count <= files[name] for name, count in descriptors(pids).items()), f"as few descriptors as before: {files}")
    assert all(more_memory[name] <= memory[name] + 2 * MEGABYTE for name in pids), (memory, more_memory)
    assert front().steady() == pids


if __name__ == "__main__":
    harness.main()
