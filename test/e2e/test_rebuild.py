#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a gate knows of the past when it starts: all of it, however long it takes to read; or it does not
serve as if there had been none."""
import contextlib
import os
import signal
import socket
import struct

import harness
import ledgerfile
import process
from process import until
import shop
from stage import equal, test
import wire

MOST = 5
SLOW_READS = harness.PASU.parent / "test/integration/libslow_reads.so"
BUDGET = {"budgets": [{"principal": "app", "window": "day", "subjects": MOST, "verdict": "block"}]}
# A connection that was refused: at, error, port, zero, and its texts.
REFUSED = struct.pack("<qiHH", 1, 0, 0, 0) + b"".join(bytes([63]) + bytes([97]) * 63 for _ in range(3)) + b"\5local"
PLAIN = "SELECT login, name FROM accounts WHERE login LIKE 'plain%' ORDER BY login"


def segment_of(front):
    return front.guard.folder / "ledger" / "segments" / f"{0:020}.seg"


def works(front, user="analyst"):
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
        with front.login(user=user, timeout=60) as session:
            return session.value("SELECT 1") == "1"
    return False


def take(front, name, order="", user="app"):
    """Reads MOST accounts: the keys that came; or the code of the error."""
    with front.login(user=user, application_name=name) as session:
        try:
            return [row[0] for row in session.query(f"{PLAIN} {order} LIMIT {MOST}").rows]
        except wire.ServerError as error:
            return error.code


@contextlib.contextmanager
def unreadable(front):
    """The segment's name stands for something that pasu does not read; the keeper has it open."""
    segment = segment_of(front)
    aside = segment.with_name("aside")
    segment.rename(aside)
    segment.symlink_to("aside")
    try:
        yield
    finally:
        aside.rename(segment)


def kill_gate(front):
    """The log from there on."""
    mark, gate = front.guard.mark(), front.gate()
    os.kill(gate, signal.SIGKILL)
    until(lambda: not process.is_running(gate), "the gate ended")
    return mark


@test(gateway=True, limit=120)
def test_unreadable_closed():
    """on_failure closed: a gate that cannot read the ledger refuses (58030), and serves by itself once it can"""
    front = shop.front("unread-closed", more=BUDGET)
    seen = take(front, "before")
    equal(len(seen), MOST)
    equal(take(front, "over", "DESC"), "PS001")
    with unreadable(front):
        mark = kill_gate(front)
        told = front.guard.wait("rebuild_failed", 20, mark)
        assert "segments" in told["hint"], told
        error = until(lambda: refused_with(front), "a new gate that refuses")
        equal(error["C"], "58030")
        assert "segments" in error["H"], error
        assert not front.guard.find("rebuilt", mark)
        # It stays so: nobody is served.
        equal(refused_with(front)["C"], "58030")
    until(lambda: works(front), "sessions again, without hands", 40)
    front.guard.wait("rebuild_again", start=mark)
    front.guard.wait("rebuilt", start=mark)
    equal(take(front, "still over", "DESC"), "PS001")
    others = take(front, "others", "DESC", "analyst")
    front.guard.until_sessions(0)
    said = shop.export(front)
    equal((said["before"].keys["account"], said["others"].keys["account"]), (set(seen), set(others)))
    equal([name for name in said if said[name].keys["account"] & set(seen)], ["before"])
    front.stop()


def refused_with(front):
    """The error that a new session gets; None where nobody answers yet."""
    with contextlib.suppress(OSError, wire.Closed):
        try:
            with front.login(user="analyst", timeout=60):
                raise AssertionError("it was served")
        except wire.ServerError as error:
            return error.fields if error.code != "57P01" else None
    return None


@test(gateway=True, limit=120)
def test_unreadable_open():
    """on_failure open: it carries sessions, gives no key a number that is another's, and ends once it can read"""
    front = shop.front("unread-open", more=BUDGET, on_failure="open")
    seen = take(front, "before")
    with unreadable(front):
        mark = kill_gate(front)
        front.guard.wait("rebuild_failed", 20, mark)
        until(lambda: works(front), "a session is carried", 40)
        others = take(front, "meanwhile", "DESC", "analyst")
        equal(len(others), MOST)
        with front.login(user="analyst", application_name="numbers") as session:
            equal(len(session.query("SELECT id, name FROM customers WHERE id > 1000 ORDER BY id LIMIT 3").rows), 3)
    front.guard.wait("rebuilt", 40, mark)
    until(lambda: works(front), "sessions of a gate that knows all", 40)
    equal(take(front, "over", "DESC"), "PS001")
    after = take(front, "after", "DESC", "analyst")
    front.guard.until_sessions(0)
    said = shop.export(front)
    equal((said["before"].keys["account"], said["after"].keys["account"]), (set(seen), set(after)))
    # Whom it could not name it has counted.
    equal(said["meanwhile"].keys["account"], set())
    assert said["meanwhile"].unknown >= MOST, said["meanwhile"]
    equal((len(said["numbers"].keys["customer"]), said["numbers"].unknown), (3, 0))
    front.stop()


@test(gateway=True, limit=120)
def test_unreadable_from_the_start():
    """The same where pasu itself starts with it"""
    front = shop.front("unread-start", more=BUDGET)
    seen = take(front, "before")
    front.stop()
    with unreadable(front):
        front.guard.start()
        equal(refused_with(front)["C"], "58030")
    until(lambda: works(front), "sessions", 40)
    equal(take(front, "over", "DESC"), "PS001")
    equal(shop.export(front)["before"].keys["account"], set(seen))
    front.stop()


@contextlib.contextmanager
def manager():
    """A service manager's socket, and its name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        name = f"pasu-e2e-rebuild-{os.getpid()}"
        told.bind("\0" + name)
        told.setblocking(False)
        yield told, "@" + name


def messages(told):
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(told.recv(4096).decode().splitlines())
    return found


@test(gateway=True, limit=150)
def test_slow():
    """A ledger that takes minutes to read: gate and keeper say how far they are, none is ended, pasu comes up"""
    front = shop.front("slow", more=BUDGET)
    seen = take(front, "before")
    front.stop()
    # Connections that were refused, two MiB of them.
    ledgerfile.append(front.guard.folder / "ledger", ledgerfile.REFUSED, REFUSED, 7400)
    mark = front.guard.mark()
    with manager() as (told, name):
        front.guard.environment.update(LD_PRELOAD=str(SLOW_READS), NOTIFY_SOCKET=name)
        front.guard.start(wait=False)
        front.guard.wait("ready", 60, mark)
        said = messages(told)
    wrong = front.guard.find("process_died", mark) + front.guard.find("process_stuck", mark)
    assert not wrong, wrong
    for name in ("gate", "keeper"):
        reading = front.guard.find("reading", mark, name=name)
        # At least once in 15 of the 50 seconds of its clock.
        assert len(reading) >= 3, reading
        assert all(int(one["bytes"]) <= int(one["of"]) for one in reading), reading
        if name == "gate":  # the keeper reads some of it more than once
            equal([one["bytes"] for one in reading], sorted({one["bytes"] for one in reading}))
    extended = [lines for lines in said if any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in lines)]
    assert len(extended) >= 8, said  # as many as wait in the socket
    equal(shop.export(front)["before"].keys["account"], set(seen))
    # A gate that reads for long answers meanwhile: commands, a reload, and the end.
    mark = kill_gate(front)
    front.guard.wait("reading", 30, mark, name="gate")
    equal((front.guard.sessions(), front.guard.status()["workers"]), ([], 0))
    front.guard.config["budgets"][0]["subjects"] = MOST + 1
    front.guard.write()
    equal(front.guard.reload()["event"], "config_reloaded")
    assert len(front.guard.find("rebuilt", mark)) == 1 and not front.guard.find("process_stuck", mark)
    mark = kill_gate(front)
    front.guard.wait("reading", 30, mark, name="gate")
    front.stop()
    assert not front.guard.find("rebuilt", mark)


if __name__ == "__main__":
    harness.main()
