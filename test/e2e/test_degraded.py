#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu in trouble: which of its parts does not do its work, and what that means for who reads, is said by whoever is
asked; and it is told when it is over."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import time

import harness
import ledgerfile
import namespace
import process
import shop
import stage
import wire
from stage import equal, test


GAP = 5
FILE_MOST = 1 << 30


@harness.shared
def front():
    return shop.front("degraded", on_failure="closed", on_failure_for={"service": "open"},
                      more={"alerts": {"webhook": f"http://127.0.0.1:{process.free_port()}/nobody"}})


@contextlib.contextmanager
def standing_still(place, name):
    pid = place.guard.pids()[name]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def degraded(place):
    """The exit status of `pasu status`, and what it says is degraded: {what: …}; nothing where there is no answer."""
    done = place.guard.run("status", "--json")
    found = json.loads(done.stdout)["degraded"] if done.stdout else []
    for one in found:
        assert set(one) - {"error"} == {"what", "state", "since", "text", "traffic", "hint"}, one
    return done.returncode, {one["what"]: one for one in found}


@test(gateway=True, limit=120)
def test_a_keeper_that_stands_still_is_named():
    """While the keeper stands still status is answered in its place, within its five seconds: what stands still, since when, and
    what becomes of sessions of each kind; doctor says the same, and when it goes on nothing is degraded"""
    equal(degraded(front()), (0, {}))
    with standing_still(front(), "keeper"):
        since = time.monotonic()
        status, found = degraded(front())
        assert stage.elapsed(since) < 5, stage.elapsed(since)
        equal((status, set(found)), (2, {"keeper"}))
        one = found["keeper"]
        assert one["state"] == "does not answer" and one["since"], one
        assert "refused (SQLSTATE 58030: human, admin, unknown) or pass unrecorded (service)" in one["traffic"], one
        done = front().guard.run("status")
        assert "the keeper does not answer" in done.stdout and "the keeper does not answer: only" in done.stderr, done
        assert not [line for line in done.stdout.splitlines() if "the gate does not answer" in line], done.stdout
        done = front().guard.run("sessions")
        assert done.returncode == 2 and "pasu status" in done.stderr, done
        with contextlib.ExitStack() as stack:
            for number in range(40):  # some say nothing, some nonsense
                silent = stack.enter_context(socket.socket(socket.AF_UNIX))
                silent.connect(str(front().guard.folder / "ledger" / "control.sock"))
                silent.sendall(b"\0" * (number % 2) * 17000)
            equal(degraded(front())[0], 2)
    process.until(lambda: degraded(front()) == (0, {}), "all is well again", 40)


@test(gateway=True, limit=120)
def test_a_gate_or_watcher_that_stands_still_is_named():
    """While the gate stands still the keeper says so, and that nobody gets in; a watcher or herald that does is named, and no
    matter to sessions"""
    with standing_still(front(), "gate"):
        status, found = degraded(front())
        equal((status, set(found)), (2, {"gate"}))
        assert "nobody gets in" in found["gate"]["traffic"], found
    process.until(lambda: degraded(front()) == (0, {}), "all is well again", 60)
    for name in ("watcher", "herald"):
        with standing_still(front(), name):
            status, found = process.until(lambda name=name: (now := degraded(front()))[1].keys() == {name} and now, f"{name} is missed", 40)
            assert status == 0 and found[name]["traffic"].startswith("sessions go on") and found[name]["since"], found
        process.until(lambda: degraded(front()) == (0, {}), "all is well again", 60)


@test(gateway=True, limit=120)
def test_a_supervisor_that_stands_still_is_named():
    """While the supervisor stands still the keeper misses its questions, and says what does not happen meanwhile"""
    with standing_still(front(), "supervisor"):
        status, found = process.until(lambda: (now := degraded(front()))[1].keys() == {"supervisor"} and now, "it is missed", 40)
        assert status == 0 and "not replaced" in found["supervisor"]["traffic"], found
    process.until(lambda: degraded(front()) == (0, {}), "all is well again", 40)


@test(gateway=True, limit=120)
def test_doctor_says_where_alerts_do_not_arrive():
    """A webhook that nobody serves: doctor says that nothing arrives, and why; without targets it says that nobody is told"""
    front().guard.config["budgets"] = [{"principal": "analyst", "window": "hour", "subjects": 3, "verdict": "block"}]
    equal(front().reload(), "config_reloaded")
    with contextlib.suppress(wire.ServerError):
        with front().login(user="analyst") as session:
            session.query("SELECT name FROM customers")

    def findings(name):
        return [one for one in json.loads(front().guard.run("doctor", "--json", timeout=60).stdout)["findings"] if one["name"] == name]
    found = process.until(lambda: [one for one in findings("alerts webhook") if one["state"] == "warning"], "it is a warning")
    assert "has taken nothing since" in found[0]["text"] and "1 alerts wait" in found[0]["text"], found
    equal(findings("alerts"), [])


@contextlib.contextmanager
def thread_standing_still(place, name):
    """One thread of the gate, and no other: seized and interrupted, as a debugger does."""
    library, all_children = ctypes.CDLL(None, use_errno=True), 0x40000000
    seize, interrupt, detach = 0x4206, 0x4207, 17
    tasks = pathlib.Path(f"/proc/{place.guard.pids()['gate']}/task")
    thread, = [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text() == f"{name}\n"]

    def ptrace(request):
        if library.ptrace(ctypes.c_long(request), ctypes.c_long(thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    ptrace(seize)
    ptrace(interrupt)
    os.waitpid(thread, all_children)
    try:
        yield
    finally:
        ptrace(detach)


@harness.root_only
@test(gateway=True, limit=120)
def test_a_worker_that_stands_still_is_named():
    """While one worker thread of the gate stands still, and its process answers, it is named, with since when; sessions of the other one and
    new ones go on; when it goes on, so do its sessions"""
    place = shop.front("one-worker", workers=2)
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(place.login(user="app")) for _ in range(2)]
        for session in sessions:
            equal(session.value("SELECT 1"), "1")
        equal(degraded(place), (0, {}))
        mark = place.guard.mark()
        with thread_standing_still(place, "worker 1"):
            for session in sessions:
                session.send(wire.query("SELECT 2"))
            went_on = select.select([session.socket for session in sessions], [], [], process.PATIENCE)[0]
            equal(len(went_on), 1)
            status, found = process.until(lambda: (now := degraded(place))[1] and now, "it is missed", 40)
            equal((status, set(found)), (1, {"worker"}))
            one = found["worker"]
            equal((one["text"], one["error"]), ("a worker of the gate stands still", "number 1 of 2 from 0"))
            assert one["since"] and "those of other workers go on" in one["traffic"], one
            equal(json.loads(place.guard.run("status", "--json").stdout)["still"]["workers"], [1])
            equal(place.guard.wait("worker_stuck", start=mark)["worker"], 1)
            for _ in range(4):  # more than the other one has
                equal(stack.enter_context(place.login(user="app")).value("SELECT 3"), "3")
            equal(len(select.select([session.socket for session in sessions], [], [], 0)[0]), 1)
        for session in sessions:
            equal(session.result().rows, [["2"]])
        process.until(lambda: degraded(place) == (0, {}), "all is well again", 40)
        place.guard.wait("worker_back", start=mark)
    place.stop()


@harness.root_only
@test(gateway=True, limit=120)
def test_where_all_workers_stand_still():
    """Who comes while all stand still waits for the one with the fewest sessions, whichever that is"""
    place = shop.front("all-workers", workers=2)

    def of_worker(number):
        return [one for one in place.guard.sessions() if int(one["session"], 16) % 64 == number]
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(place.login(user="app", application_name=f"n{i}")) for i in range(4)]
        equal((len(of_worker(0)), len(of_worker(1))), (2, 2))
        for one in of_worker(1):
            sessions[int(one["application"][1:])].terminate()
        process.until(lambda: not of_worker(1), "its sessions have ended")
        with thread_standing_still(place, "worker 0"), thread_standing_still(place, "worker 1"):
            process.until(lambda: degraded(place)[1].get("worker", {}).get("error") == "number 0, 1 of 2 from 0", "both are missed", 40)
            waits = stack.enter_context(wire.Wire(place.address))
            waits.send(wire.startup("app", "postgres"))
            for _ in range(2):  # whoever answers the second time has given it to a worker
                equal(set(degraded(place)[1]), {"worker"})
        waits.authenticate("app")
        equal((len(of_worker(0)), len(of_worker(1))), (2, 1))
    place.stop()


def drained(reader):
    """What is in the pipe, without waiting for more."""
    os.set_blocking(reader, False)
    text = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(reader, 1 << 16):
            text += piece
    return text


@contextlib.contextmanager
def logging_to(place, end):
    """The same configuration in a process of its own, which logs there; whether it serves."""
    place.stop()
    own = subprocess.Popen([str(harness.PASU), "guard", "-c", str(place.guard.path)], stdout=end, stderr=end)

    def works():
        with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
            with place.login(user="app", timeout=10) as session:
                return session.value("SELECT 1") == "1"
    try:
        process.until(works, "it serves")
        yield works
    finally:
        own.terminate()
        own.wait(60)
    equal(own.returncode, 0)


@test(gateway=True, limit=120)
def test_a_log_that_nobody_reads_stops_nobody():
    """Who reads the log through a pipe, and stops reading, or ends, stops no session; how many lines were lost the next one says"""
    reader, writer = os.pipe()
    with logging_to(shop.front("unread"), writer) as works:
        with open(f"/proc/self/fd/{writer}", "wb", buffering=0, opener=lambda path, flags: os.open(path, flags & ~os.O_CREAT | os.O_NONBLOCK)) as full:
            while full.write(b"\0" * 4096):
                pass
        for number in range(4):
            assert works(), f"session {number}: nobody reads the log"
        text = bytearray(drained(reader))

        def is_told():
            assert works()
            text.extend(drained(reader))
            return [one for one in text.splitlines() if b'"lost_lines":' in one and one.endswith(b"}")]
        told = process.until(is_told, "a line says how many were lost")
        assert json.loads(told[0].lstrip(b"\0"))["lost_lines"] > 0, told
        os.close(writer)
        os.close(reader)
        for number in range(4):
            assert works(), f"session {number}: the log's reader has gone"


@test(gateway=True, limit=120)
def test_a_terminal_that_is_stopped_stops_nobody():
    """Ctrl-S on the terminal that pasu logs to stops no session, nor that it ends; after Ctrl-Q a line says how many were lost"""
    screen, terminal = os.openpty()
    room = select.poll()
    room.register(terminal, select.POLLOUT)

    def stop():
        os.write(screen, b"\x13")
        process.until(lambda: not room.poll(0), "the terminal stands still")
    with logging_to(shop.front("stopped"), terminal) as works:
        stop()
        for number in range(4):
            assert works(), f"session {number}: the terminal is stopped"
        os.write(screen, b"\x11")
        text = bytearray()

        def is_told():
            assert works()
            text.extend(drained(screen))
            return b"lost_lines=" in text
        process.until(is_told, "a line says how many were lost")
        stop()
    os.close(terminal)
    os.close(screen)


@test(gateway=True, limit=120)
def test_a_log_that_may_not_grow_stops_nobody():
    """A log that is a file, and longer than files may be: what would be written there is lost, and no process ends of it"""
    place = shop.front("grown")
    log = harness.folder() / "grown.log"
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open(log, "ab") as file:
        file.truncate(FILE_MOST)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_MOST, most[1]))
        try:
            with logging_to(place, file) as works:
                assert works() and works()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, most)
    equal(log.stat().st_size, FILE_MOST)


@harness.shared
def disk():
    """A small disk, seen by this test only: for the rings, and the first segment."""
    namespace.private_mounts()
    path = harness.folder() / "disk"
    path.mkdir(mode=0o755)
    namespace.run("mount", "-t", "tmpfs", "-o", "size=40m,mode=755", "none", path)
    yield path
    namespace.run("umount", "-l", path)


@harness.gateway_only
@harness.root_only
@harness.limit(120)
def test_a_full_disk_is_told_and_its_end_too():
    """The ledger's disk full: status says so, with what is decided about sessions, and it is felt (1). Once there is space the keeper
    goes on by itself, nobody need come: the gap is recorded, and is an alert"""
    path = disk()
    place = shop.front("full", on_failure="closed", more={"ledger": {"directory": str(path / "ledger")},
                                                           "alerts": {"webhook": f"http://127.0.0.1:{process.free_port()}/nobody"}})
    with open(path / "ballast", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))

    def is_full():
        with contextlib.suppress(wire.ServerError, wire.Closed, OSError):
            with place.login(user="app") as session:
                session.query("SELECT * FROM customers")
        done = place.guard.run("status", "--json")
        document = json.loads(done.stdout)
        found = [one for one in document["degraded"] if one["what"] == "ledger" and one["state"] == "cannot be written"]
        return done.returncode == 1 and document.get("ledger", {}).get("missing", 0) > 0 and found and found[0]
    one = process.until(is_full, "it is full", 100)
    assert "no space left" in one["error"] and "are refused (SQLSTATE 58030)" in one["traffic"], one
    mark = place.guard.mark()
    (path / "ballast").unlink()
    place.guard.wait("ledger_recovered", start=mark)
    process.until(lambda: degraded(place) == (0, {}), "all is well again")
    gaps = [index for index, kind, _ in ledgerfile.records(path / "ledger") if kind == GAP]
    told = [one for one in place.guard.json("ack") if one["rule"] == "gap"]
    assert gaps, "no gap"
    equal([one["about"] for one in told], gaps)
    assert re.match(r"(1 record is|([2-9]|\d\d+) records are) missing between", told[0]["text"]) and "no space left" in told[0]["text"], told
    equal(place.guard.run("ledger", "verify").returncode, 0)
    place.stop()


@test(gateway=True, limit=120)
def test_what_is_carried_unrecorded_is_a_gap_in_the_ledger():
    """on_failure open: what is shown once the ring is full is carried, and when the keeper is there again the ledger says since when and
    how many records it lacks, an alert does, and the log says so each time"""
    made = shop.front("carried", workers=1, on_failure="open")
    key, total = shop.keys("customers", "id")[5], 0

    def gaps():
        return [struct.unpack_from("<Q", payload)[0] for _, kind, payload in ledgerfile.records(made.guard.folder / "ledger") if kind == GAP]

    def unrecorded():
        return next(one["unrecorded_total"] for one in [made.guard.status()])

    with made.login() as session:
        for turn in (1, 2):
            mark = made.guard.mark()
            with standing_still(made, "keeper"):
                number = 0
                while not made.guard.find("unrecorded", mark):  # the ring has each shape's text once: 4 MiB of them
                    number += 1
                    names = ", ".join(f"name AS n{turn}_{number}_{column}_{'x' * 45}" for column in range(600))
                    equal(len(session.query(f"SELECT {names} FROM customers WHERE id = {key}").rows), 1)
            lost = process.until(lambda turn=turn: (found := gaps()) and len(found) >= turn and found, "a gap in the ledger", 60)
            total = process.until(lambda before=total: (now := unrecorded()) > before and now, "what was not recorded is counted")
            equal((len(lost), sum(lost)), (turn, total))
    alerts = process.until(lambda: [one for one in made.guard.json("ack") if one["rule"] == "gap"], "an alert")
    assert any(f"{one} record{' is' if one == 1 else 's are'} missing between" in alerts[0]["text"] for one in lost) and "the gate had no room" in alerts[0]["text"], alerts
    assert f"{lost[0]:,} record" in made.guard.run("scope", "--principal", "app").stdout.partition("completeness")[2]
    made.stop()


if __name__ == "__main__":
    harness.main()
