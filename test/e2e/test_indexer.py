#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The guard keeps the ledger's index by itself: without any command questions are answered with it; whatever
happens to it, or to the process that keeps it, a right one comes, and nobody else notices."""
import contextlib
import fcntl
import os
import random
import signal
import struct
import subprocess

import guard
import harness
import ledgerfile
import namespace
import process
import shop
from stage import equal, test
from test_index import agree, answer, index, traffic

SLOW_READS = harness.PASU.parent / "test/integration/libslow_reads.so"
PAGE = 4096


def ledger(front):
    return front.guard.folder / "ledger"


def data(front):
    return ledger(front) / "index" / "now" / "data.mdb"


def events(front, start=0):
    """What the log says of the index from a mark on."""
    return [one for one in front.guard.events[start:] if str(one.get("event")).startswith("index_")]


def until_indexed(front):
    """Waits until the index has all that the sessions so far have shown."""
    last = max(number for number, kind, _ in ledgerfile.records(ledger(front)) if kind == ledgerfile.EXPOSURE)
    front.process.wait_for(lambda: [one for one in events(front) if one.get("records", 0) >= last], 20,
                           f"an index up to record {last}")


def deaths(front):
    return front.guard.find("process_died")


def gaps(answered):
    return {gap["what"] for gap in answered[0]["completeness"]["gaps"]}


@test(gateway=True, limit=60)
def test_kept():
    """Without a command questions are answered with the index, which goes on with what comes; the guard's log and
    status say so, and commands beside it wait for their turn"""
    front = shop.front("kept")
    traffic(front, "one")
    until_indexed(front)
    front.guard.wait("index_ready")
    mark = front.guard.mark()
    traffic(front, "two")
    until_indexed(front)
    equal({one["event"] for one in events(front, mark)}, {"index_updated"})
    equal([one["event"] for one in events(front)[:2]], ["index_made", "index_ready"])
    assert front.guard.pids()["indexer"] > 0
    agree(front)
    commands = [subprocess.Popen([harness.PASU, "ledger", action, "-c", front.guard.path], stdout=subprocess.DEVNULL)
                for action in ("rebuild-index", "update-index", "check-index") * 2]
    equal([command.wait(60) for command in commands], [0] * 6)
    traffic(front, "three")
    until_indexed(front)
    equal(sum(one["event"] == "index_made" for one in events(front)), 1, "what a command has made is gone on with")
    equal(gaps(answer(front, "scope")), set())
    ledgerfile.damage_exposure(ledger(front))
    assert "damaged" in gaps(front.guard.json("scope"))
    equal(deaths(front), [])
    front.stop()


@test(gateway=True, limit=60)
def test_waiting():
    """A command that waits for another writer says so, and for what, and then does its work"""
    front = shop.front("waiting")
    traffic(front, "one")
    until_indexed(front)
    front.stop()
    for action in ("rebuild-index", "update-index"):
        folder = os.open(ledger(front) / "index", os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with subprocess.Popen([harness.PASU, "ledger", action, "-c", front.guard.path], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as command:
                said = command.stderr.readline()
                assert said == ("pasu: waits for the ledger's index, which the guard's indexer or another command is "
                                "writing\n"), said
                equal(command.poll(), None)
                fcntl.flock(folder, fcntl.LOCK_UN)
                out, more = command.communicate(timeout=60)
            equal((command.returncode, more, "the index goes up to record" in out), (0, "", True))
        finally:
            os.close(folder)


def other_version(front):
    """Under checksums that fit, in every copy of the value."""
    file = bytearray(data(front).read_bytes())
    at = file.find(b"M" + struct.pack("<I", 7))
    while at >= 0:
        value = struct.pack("<I", 999) + file[at + 5:at + 29]
        file[at + 1:at + 33] = value + struct.pack("<I", ledgerfile.crc32c(b"M" + value))
        at = file.find(b"M" + struct.pack("<I", 7), at + 1)
    data(front).write_bytes(file)


def flip(front, word):
    file = bytearray(data(front).read_bytes())
    file[file.index(word)] ^= 1
    data(front).write_bytes(file)


def put(front, content):
    data(front).write_bytes(content)


HANDS = {
    "a name": lambda front: flip(front, b"phone"),
    "a text that nobody looks up": lambda front: flip(front, b"SELECT DISTINCT"),
    "another version": other_version,
    "truncated": lambda front: os.truncate(data(front), data(front).stat().st_size // 2),
    "nothing in it": lambda front: os.truncate(data(front), 0),
    "garbage": lambda front: put(front, random.Random(1).randbytes(5 * PAGE)),
    "a pipe": lambda front: (data(front).unlink(), os.mkfifo(data(front))),
    "no file": lambda front: data(front).unlink(),
}
NONE = ("another version", "nothing in it", "a pipe", "no file")  # that is what there is then


@test(gateway=True, limit=120)
def test_broken():
    """An index that a hand has broken, in whatever way, is made anew while the guard runs, and says nothing wrong"""
    front = shop.front("broken")
    traffic(front, "one")
    until_indexed(front)
    right = answer(front, "scope", "--no-index")
    for name, hand in HANDS.items():
        mark = front.guard.mark()
        hand(front)
        done = guard.run("scope", "-c", front.guard.path, "--json")
        assert done.returncode == 0 and done.stdout.strip(), (name, done)
        assert not done.stderr or "index is damaged" in done.stderr or \
            (name == "another version" and "index is of another version" in done.stderr), (name, done)
        equal(answer_of(done), right, name)
        made = front.guard.wait("index_made", start=mark)
        assert made["why"].startswith("there was none" if name in NONE
                                      else "the one there was is damaged"), (name, made)
        process.until(lambda: data(front).is_file(), "a file")
        equal(answer(front, "scope"), right, name)
    equal(deaths(front), [])
    agree(front)
    front.stop()


def answer_of(done):
    return [guard.json.loads(line) for line in done.stdout.splitlines()]


@test(gateway=True, limit=60)
def test_taken_away():
    """Where the whole folder is deleted another one is made: it can be deleted at any time"""
    front = shop.front("taken-away")
    traffic(front, "one")
    until_indexed(front)
    old, mark = front.guard.pids()["indexer"], front.guard.mark()
    subprocess.run(["rm", "-r", ledger(front) / "index"], check=True)
    front.guard.wait("index_made", start=mark)
    assert front.guard.pids()["indexer"] != old and not deaths(front)
    agree(front)
    front.stop()


def point_away(front):
    """Every page of values says that they are where the file has ended: whoever looks is ended by a signal."""
    file = bytearray(data(front).read_bytes())
    for page in range(2 * PAGE, len(file), PAGE):
        flags, lower = struct.unpack_from("<HH", file, page + 10)
        if flags & 2:
            for at in range(page + 16, page + lower, 2):
                struct.pack_into("<H", file, at, 0xfff0)
    data(front).write_bytes(file)


@test(gateway=True, limit=60)
def test_deadly():
    """An index that ends the process by a signal does so twice, is then taken away unlooked at, and a session that
    runs meanwhile sees nothing of it"""
    front = shop.front("deadly")
    traffic(front, "one")
    until_indexed(front)
    with front.login(user="app") as session:
        others = {name: pid for name, pid in front.guard.pids().items() if name != "indexer"}
        mark = front.guard.mark()
        point_away(front)
        made = front.guard.wait("index_made", start=mark)
        equal(made["why"], "the one there was has ended the process")
        equal([(one["name"], one["how"]) for one in deaths(front)],
              [("indexer", one["how"]) for one in deaths(front)][:2])
        equal(session.value("SELECT 5"), "5")
        until_indexed(front)
        equal({name: pid for name, pid in front.guard.pids().items() if name != "indexer"}, others)
    agree(front)
    front.stop()


@test(gateway=True, limit=60)
def test_killed():
    """A killed indexer comes back, and goes on with the index that there is"""
    front = shop.front("killed")
    traffic(front, "one")
    until_indexed(front)
    for _ in range(2):
        mark = front.guard.mark()
        front.guard.replace("indexer")
        front.guard.wait("index_ready", start=mark)
    equal(len([one for one in events(front) if one["event"] == "index_made"]), 1)
    traffic(front, "two")
    until_indexed(front)
    agree(front)
    front.stop()


@test(gateway=True, limit=60)
def test_stopped_in_the_middle():
    """A guard that is told to stop while the index is being made ends at once; the half is nobody's, and goes"""
    front = shop.front("half")
    traffic(front, "one")
    with front.login(user="app") as session:
        for rest in range(400):
            session.query(f"SELECT id, name FROM customers WHERE id % 7 = {rest % 7}")
    front.stop()
    subprocess.run(["rm", "-r", ledger(front) / "index"], check=True)
    front.guard.environment["LD_PRELOAD"] = str(SLOW_READS)
    mark = front.guard.mark()
    front.guard.start()
    half = ledger(front) / "index" / "new" / "data.mdb"
    process.until(half.exists, "a half")
    equal(front.guard.stop(), 0)
    assert not data(front).exists() and not front.guard.find("index_made", mark), events(front, mark)
    del front.guard.environment["LD_PRELOAD"]
    front.guard.start()
    front.guard.wait("index_made", start=mark)
    assert not half.parent.exists()
    agree(front)
    front.stop()


@test(gateway=True, limit=60)
def test_stands_still():
    """An indexer that stands still holds up nobody, neither sessions nor the guard's end"""
    front = shop.front("still")
    traffic(front, "one")
    until_indexed(front)
    pid = front.guard.pids()["indexer"]
    os.kill(pid, signal.SIGSTOP)
    try:
        traffic(front, "two")
        equal(front.guard.stop(), 0)  # and not as something that had to be killed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    process.until(lambda: not process.is_running(pid), "it has ended")
    agree(front)


@harness.root_only
@test(gateway=True, limit=60)
def test_no_room():
    """A disk of the index that is full, or that cannot be written to, is said once, and harms nobody"""
    namespace.private_mounts()
    for name, options in (("full", "size=1m"), ("read-only", "ro")):
        front = shop.front(name)
        front.stop()
        folder, mark = ledger(front) / "index", front.guard.mark()
        subprocess.run(["rm", "-r", folder], check=True)
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        namespace.run("mount", "-t", "tmpfs", "-o", f"mode=0777,{options}", "tmpfs", folder)
        front.guard.start()
        front.guard.wait("index_failed", start=mark)
        traffic(front, "one")
        equal(answer(front, "scope"), answer(front, "scope", "--no-index"))
        front.guard.status()
        equal((deaths(front), len(front.guard.find("index_failed", mark))), ([], 1))
        front.stop()
        namespace.run("umount", folder)


@test(gateway=True, limit=60)
def test_reload():
    """A reload leaves it as it is; another way to log is in force after one, too"""
    front = shop.front("again")
    front.guard.wait("index_ready")
    pid = front.guard.pids()["indexer"]
    equal(front.reload(), "config_reloaded")
    equal(front.guard.pids()["indexer"], pid)
    mark = front.guard.mark()
    front.guard.config["log"] = {"level": "info"}
    equal(front.reload(), "config_reloaded")
    front.guard.until_other("indexer", pid)
    equal(deaths(front), [])
    front.guard.wait("index_ready", start=mark)
    front.stop()


if __name__ == "__main__":
    harness.main()
