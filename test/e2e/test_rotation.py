#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger's key is changed while a guard serves, without one, and where it is lost; both verifiers follow."""
import base64
import os
import signal
import struct
import subprocess
import threading
import time

import guard
import harness
import ledgerfile
import ledgerwriter
import process
import shop
import verifier
from stage import equal, test
from test_signed import ASKED, KEY, VERIFIER, ledger, of, texts, verify

IN_USE, RETIRED = 1, 2
FAULT = "signed no checkpoint that covers that"


def keys(found):
    return [word for key in found for word in ("--key", key)]


def kept(front, number, found):
    """The newest checkpoint, as somebody outside keeps it."""
    path = front.guard.folder / f"kept-{number}"
    path.write_bytes((ledger(front) / "checkpoint").read_bytes())
    found += ["--checkpoint", path]
    return path


def newest(front):
    return front.guard.json("ledger", "checkpoint")[0]["key"]


def rotate(front, *words):
    return front.guard.json("ledger", "rotate-key", "--why", "the yearly change", *words)[0]["key"]


def signers(note):
    """The lines of signatures, without the signatures."""
    return note.read_text().partition("\n\n")[2].count("\n")


@test(gateway=True, limit=180)
def test_under_load():
    """The key is changed under load, the keeper killed, pasu stopped: every checkpoint fits, before and after"""
    front = shop.front("turns")
    over, failures = threading.Event(), []

    def load(number):
        while not over.is_set():
            try:
                with front.login(user=shop.ROLES[number % 2], timeout=60) as session:
                    for at in range(20):
                        session.query(f"SELECT name, phone FROM customers WHERE id = {1000 + 7 * (41 + at)}")
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(3)]
    known, checkpoints, notes = [newest(front)], [], []
    for thread in threads:
        thread.start()
    try:
        for number in range(4):
            before = len(ledgerfile.records(ledger(front)))
            process.until(lambda: len(ledgerfile.records(ledger(front))) > before + 50, "more records", 40)
            notes.append(kept(front, f"before-{number}", checkpoints))
            known.append(rotate(front))
            equal(newest(front), known[-1])
            notes.append(kept(front, f"after-{number}", checkpoints))
            if number == 1:
                front.guard.replace("keeper")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    equal(failures, [])
    equal(len(set(known)), 5)
    verify(front, *checkpoints, *keys(known))
    front.stop()
    verify(front, *checkpoints, *keys(known))
    verify(front)
    front.guard.start()
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 3")
    front.stop()
    verify(front, *checkpoints, *keys(known))
    equal(newest(front), known[-1])
    # As a witness compares what it was shown with what it is shown now.
    for one, other in zip(notes, notes[1:]):
        done = subprocess.run([VERIFIER, ledger(front), "--compare", one, other, *keys(known)], capture_output=True)
        equal(done.returncode, 0, done.stdout)
    changes = sorted(ledger(front).glob("checkpoint.*"))
    equal(([one.name for one in changes], [signers(one) for one in changes]),
          ([f"checkpoint.{index:020d}" for index in in_use(front)[1:]], [2] * 4))
    equal(signers(ledger(front) / "checkpoint"), 1)
    equal([payload[0] for payload in of(front, KEY)], [IN_USE] + [IN_USE, RETIRED] * 4)
    asked = [(struct.unpack("<I", one[:4])[0], texts(one[8:])) for one in of(front, ASKED)]
    equal(asked, [(os.getuid(), ["ledger rotate-key", "why=the yearly change"])] * 4)
    equal(sorted(one.name for one in ledger(front).glob("signing.key*")), ["signing.key"])
    # Without the signature of the old key whoever can append could have done it.
    changes[-1].unlink()
    unvouched(front)
    equal(guard.run("ledger", "verify", "-c", front.guard.path, *keys(known), timeout=100).returncode, 0)


def in_use(front):
    return [index for index, kind, payload in ledgerfile.records(ledger(front)) if kind == KEY and payload[0] == IN_USE]


def unvouched(front):
    for command in ([VERIFIER, ledger(front)], [harness.PASU, "ledger", "verify", "-c", front.guard.path]):
        done = subprocess.run([*map(str, command)], capture_output=True, text=True)
        equal(done.returncode, 1, done.stdout)
        assert done.stdout.count(FAULT) == 1, done.stdout
        equal(len([line for line in done.stdout.splitlines() if line.startswith("fault") and line.split()[0] != "faults"]), 1)


def signs(front):
    """What is to be seen of a change of the key that begins now, in the order in which it comes; what was seen stays."""
    folder, key = ledger(front), (ledger(front) / "signing.key").read_bytes()

    def figures():
        return len(of(front, ASKED)), len(of(front, KEY)), len(list(folder.glob("checkpoint.0*")))

    def is_destroyed():
        return (folder / "signing.key").read_bytes() != key

    before = figures()
    return [("nothing", lambda: True), ("why", lambda: figures()[0] > before[0]),
            ("the next key", lambda: (folder / "signing.key.next").exists() or is_destroyed()),
            ("the records", lambda: figures()[1] == before[1] + 2), ("the checkpoint", lambda: figures()[2] > before[2]),
            ("no old key", is_destroyed)]


@test(gateway=True, limit=180)
def test_killed():
    """The keeper is killed while the key is changed, at any moment: one of the keys goes on, and there is one history"""
    front = shop.front("killed-turns")
    known, checkpoints = [newest(front)], []
    for number in range(len(signs(front))):
        kept(front, number, checkpoints)
        keeper, (what, is_seen) = front.guard.pids()["keeper"], signs(front)[number]
        child = subprocess.Popen([harness.PASU, "ledger", "rotate-key", "-c", front.guard.path, "--why", "test"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.until(is_seen, what)
        os.kill(keeper, signal.SIGKILL)
        child.wait(60)
        front.guard.until_other("keeper", keeper, 40)
        with front.login(user="app") as session:
            session.query("SELECT name FROM customers LIMIT 3")
        front.guard.until_sessions(0)
        if newest(front) not in known:
            known.append(newest(front))
        elif number >= 3:
            raise AssertionError(f"{what} was there, and the key is the old one")
        assert not (ledger(front) / "signing.key.next").exists()
    front.stop()
    verify(front, *checkpoints, *keys(known))
    verify(front)
    known.append(rotate(front))  # without a guard
    front.guard.start()
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 3")
    front.stop()
    equal(newest(front), known[-1])
    verify(front, *checkpoints, *keys(known))


@test(gateway=True, limit=100)
def test_lost():
    """A lost key is replaced where that is said, and both verifiers say that nobody but the operator vouches for it"""
    front = shop.front("lost")
    known, checkpoints = [newest(front)], []
    kept(front, 0, checkpoints)
    done = front.guard.run("ledger", "rotate-key", "--why", "x", "--lost")
    equal((done.returncode, done.stdout), (2, ""))
    assert "a guard runs" in done.stderr, done.stderr
    front.stop()
    done = front.guard.run("ledger", "rotate-key", "--why", "x", "--lost")
    equal((done.returncode, done.stdout), (2, ""))
    assert "the ledger's key is there" in done.stderr, done.stderr
    (ledger(front) / "signing.key").unlink()
    before = (ledger(front) / "checkpoint").read_bytes()
    done = front.guard.run("ledger", "rotate-key", "--why", "x")
    equal((done.returncode, done.stdout), (1, ""))
    assert "--lost" in done.stderr, done.stderr
    equal((ledger(front) / "checkpoint").read_bytes(), before)
    known.append(rotate(front, "--lost"))
    front.guard.start()
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 3")
    front.stop()
    unvouched(front)
    verify(front, *checkpoints, *keys(known))
    equal([texts(one[8:]) for one in of(front, ASKED)], [["ledger rotate-key", "lost why=the yearly change"]])
    for words in ((), ("--why", ""), ("--why", "x" * 201), ("--why", "x", "--folder", "y"), ("--why", "x", "--keys")):
        done = front.guard.run("ledger", "rotate-key", *words)
        equal(done.returncode, 2, words)
    equal(newest(front), known[-1])


def plant(front, is_covered):
    """Somebody who can write files, and not sign, has a key of their own take over; whether a checkpoint of that key is there, too.
    Where in which segment the record is, and its index."""
    origin = (ledger(front) / "checkpoint").read_text().splitlines()[0]
    old = [payload[2:34] for payload in of(front, KEY)][-1]
    own = ledgerwriter.Signer(9, origin)
    secret = base64.b64encode(b"\1" + ledgerwriter.sha(b"test key 9")).decode()
    path = ledger(front) / "signing.key.next"
    path.write_text(f"PRIVATE+KEY+{origin}+{own.id.hex()}+{secret}\n")
    path.chmod(0o600)
    owner = (ledger(front) / "signing.key").stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    ledgerfile.append(ledger(front), ASKED, struct.pack("<II", os.getuid(), 1) + b"\x11ledger rotate-key\x05why=x")
    index = len(ledgerfile.records(ledger(front)))
    ledgerfile.append(ledger(front), KEY, b"\1\1" + own.public)
    ledgerfile.append(ledger(front), KEY, b"\2\1" + old)
    segment, _ = ledgerfile.segments(ledger(front))[-1]
    offset, = [at for at, number, _, _ in ledgerfile.walk(segment) if number == index]
    if is_covered:
        leaves = tuple(ledgerwriter.sha(b"\0" + entry) for entry in entries(front))
        note = ledgerwriter.note(len(leaves), ledgerwriter.root(leaves), own, origin=origin)
        (ledger(front) / "checkpoint").write_bytes(note)
        (ledger(front) / f"checkpoint.{index:020d}").write_bytes(note)
    return segment, offset, index


def entries(front):
    """Of a ledger without exposures."""
    for path, _ in ledgerfile.segments(ledger(front)):
        data = path.read_bytes()
        for at, _, kind, payload in ledgerfile.walk(path):
            assert kind != ledgerfile.EXPOSURE
            yield data[at + 8:at + 28] + payload


def content(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in ("lock", "exposures.ring")}


@test(gateway=True, limit=100)
def test_taken_over_by_nobody():
    """Somebody puts a key of their own into the folder, and records that it takes over: it does not, and no key is destroyed"""
    front = shop.front("planted", more={"ledger": {"directory": "./ledger"}})
    front.stop()
    for is_covered in (False, True):
        # Without a checkpoint of that key, and with one.
        before = content(ledger(front))
        segment, offset, index = plant(front, is_covered)
        planted = content(ledger(front))
        mark = front.guard.mark()
        front.guard.start(wait=False)
        told = front.guard.wait("ledger_failed", start=mark)
        assert "another key takes over" in told["error"] and "pasu ledger verify says where" in told["hint"], told
        damaged = front.guard.find("ledger_damaged", mark)[0]  # each keeper that is tried says it
        equal((damaged["segment"], damaged["offset"]), (int(segment.stem), offset))
        front.guard.process.stop(60)
        for words in (("hold", "place", "--who", "kim", "--why", "court"), ("ledger", "rotate-key", "--why", "x"),
                      ("ledger", "rotate-key", "--why", "x", "--lost")):
            done = front.guard.run(*words)
            assert done.returncode == 2 and "another key takes over" in done.stderr, done
        now = content(ledger(front))
        equal([path.name for path in planted if now.get(path) != planted[path]], [])
        for command in ([VERIFIER, ledger(front)], [harness.PASU, "ledger", "verify", "-c", front.guard.path]):
            done = subprocess.run([*map(str, command)], capture_output=True, text=True)
            equal(done.returncode, 1, done.stdout)
            assert f"record {index}" in done.stdout and ("has signed " in done.stdout), done.stdout
        os.truncate(segment, offset)  # what was there before; and the checkpoint is restored
        for name in ("checkpoint", "signing.key"):
            (ledger(front) / name).write_bytes(before[ledger(front) / name])
        for path in ledger(front).glob("checkpoint.*"):
            path.unlink()
        front.guard.start()
        front.stop()
        assert not (ledger(front) / "signing.key.next").exists()
        equal((ledger(front) / "signing.key").read_bytes(), before[ledger(front) / "signing.key"])
        verify(front)


def shown(front, key):
    """A certificate of a person who is shown now."""
    with front.login(user="app") as session:
        equal(len(session.query(f"SELECT id, name FROM customers WHERE id = {key}").rows), 1)
    front.guard.until_sessions(0)
    path = front.guard.folder / f"certificate-{time.monotonic_ns()}"
    done = front.guard.run("certify", "--kind", "customer", "-o", str(path), key)
    equal((done.returncode, done.stderr), (0, ""))
    return path


@test(gateway=True, limit=100)
def test_encrypted():
    """The key of an encrypted ledger is changed, too; a person's certificate is signed by the key of its time"""
    file = harness.folder() / "rotation.key"
    file.write_text("33" * 32)
    file.chmod(0o600)
    front = shop.front("sealed-turns", more={"ledger": {"key_file": str(file)}})
    known = [newest(front)]
    certificates = [shown(front, "1287")]
    known.append(rotate(front))
    certificates.append(shown(front, "1287"))
    front.stop()
    for certificate, key, other in zip(certificates, known, reversed(known)):
        equal(verifier.run("--certificate", certificate, "--key", key)[0], 0)
        equal(verifier.run("--certificate", certificate, "--key", other)[0], 1)
    known.append(rotate(front))
    equal(len(set(known)), 3)
    verify(front, "--encryption-key", file)


if __name__ == "__main__":
    harness.main()
