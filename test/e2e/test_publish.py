#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints leave the machine within seconds, to whoever listens, whatever the others do."""
import base64
import contextlib
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import threading

import harness
import ledgerfile
import process
import stage
import targets
import wire
from process import until
from stage import Front, equal, test

VERIFY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "verify-ledger"
SOON = 3  # seconds from a checkpoint to its arrival


def place(name):
    """A folder that everybody can write to."""
    made = harness.folder() / name
    made.mkdir()
    made.chmod(0o777)
    return made


def start(name, publish, **more):
    return Front(stage.server(), name, more={"ledger": {"publish": publish}, **more})


def ledger(front):
    return front.guard.folder / "ledger"


def signed(front):
    """The newest checkpoint that the keeper has signed."""
    return targets.Note((ledger(front) / "checkpoint").read_bytes())


def key_of(front):
    """The ledger's verifier key, from its first two records."""
    begun, key = (payload for _, _, payload in ledgerfile.records(ledger(front))[:2])
    name, public = begun[17:].decode(), b"\x01" + key[2:34]
    number = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{number}+{base64.b64encode(public).decode()}"


def work(front):
    """A session, which makes records."""
    with front.login() as session:
        session.value("SELECT 1")


def verify(front, *words, folder=None):
    done = subprocess.run([sys.executable, VERIFY, folder or ledger(front), *map(str, words)], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


@contextlib.contextmanager
def load(front):
    """Sessions come and go meanwhile."""
    over = threading.Event()

    def run():
        while not over.is_set():
            with contextlib.suppress(OSError, wire.Closed, wire.ServerError):
                work(front)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def arrives(size, *sizes, timeout=SOON):
    """Waits until each of these has a checkpoint of that size, or a larger one."""
    for number, found in enumerate(sizes):
        until(lambda found=found: found() >= size, f"{size} records at target {number}", timeout)


def file_size(path):
    def size():
        with contextlib.suppress(FileNotFoundError):
            return targets.Note(path.read_bytes()).size
        return 0
    return size


def status(front):
    return {one["kind"]: one for one in front.guard.status()["published"]}


@test(gateway=True, limit=90)
def test_all_targets():
    """Under load a checkpoint is in the file, the syslog, the webhook and the cosigned file within three
    seconds; all are what the verifier accepts, and status says so"""
    path = place("everywhere") / "checkpoint"
    syslog, hook = targets.Syslog("udp"), targets.Web(certificate=stage.issued("hook"))
    first, second = targets.Witness("witness.example/one"), targets.Witness("witness.example/two")
    front = start("published", {
        "file": str(path), "syslog": syslog.target, "webhook": f"{hook.url}/token", "ca": str(stage.authority().path),
        "witnesses": [first.entry(), second.entry()]})
    for witness in (first, second):
        witness.trust(key_of(front))
    cosigned = ledger(front) / "published" / "checkpoint.cosigned"
    until(lambda: first.largest() and second.largest(), "the witnesses have begun")
    with load(front):
        for _ in range(5):
            arrives(signed(front).size + 1, lambda: signed(front).size)
            arrives(signed(front).size, file_size(path), syslog.largest, hook.largest, first.largest,
                    second.largest, file_size(cosigned))
    files = {"file": path.read_bytes(), "syslog": syslog.last().data, "webhook": hook.last().data,
             "cosigned": cosigned.read_bytes()}
    until(lambda: signed(front).size == file_size(path)() == syslog.largest() == hook.largest() ==
          file_size(cosigned)(), "all have the newest")
    equal({kind: (one["records"], "failed" in one) for kind, one in status(front).items()},
          {kind: (signed(front).size, False) for kind in ("file", "syslog", "webhook", "witness")})
    assert "token" not in front.guard.run("status").stdout
    front.stop()
    for kind, data in files.items():
        copy = harness.folder() / f"copy-{kind}"
        copy.write_bytes(data)
        words = ["--witness", first.vkey, "--witness", second.vkey] if kind == "cosigned" else []
        code, said = verify(front, "--key", key_of(front), "--checkpoint", copy, *words)
        equal(code, 0, f"{kind}: {said}")
    equal(file_size(path)(), signed(front).size, "the last one, of the end")
    arrives(signed(front).size, syslog.largest, hook.largest, first.largest, second.largest)


if __name__ == "__main__":
    harness.main()
