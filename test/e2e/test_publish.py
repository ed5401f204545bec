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
import time

import harness
import ledgerfile
import namespace
import process
import stage
import targets
import wire
from process import until
from stage import Front, elapsed, equal, test

VERIFY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "verify-ledger"
STOPPED = 4  # ledger/segment.def
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


def arrives(size, *sizes):
    """Waits until each of these has a checkpoint of that size, or a larger one."""
    for number, found in enumerate(sizes):
        until(lambda found=found: found() >= size, f"{size} records at target {number}")


def arrives_soon(size, *sizes):
    """The same; in how many seconds."""
    since = time.monotonic()
    arrives(size, *sizes)
    return elapsed(since)


def check_soon(took):
    """Most came in time: a machine that does much else holds up some."""
    assert sorted(took)[len(took) // 2] < SOON, took


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
    took = []
    with load(front):
        for _ in range(5):
            arrives(signed(front).size + 1, lambda: signed(front).size)
            took.append(arrives_soon(signed(front).size, file_size(path), syslog.largest, hook.largest, first.largest,
                                     second.largest, file_size(cosigned)))
    check_soon(took)

    def by_both():  # it is written with each cosignature that comes
        note = targets.Note(cosigned.read_bytes())
        return {"witness.example/one", "witness.example/two"} <= {name for name, *_ in note.signatures} and note.data
    files = {"file": path.read_bytes(), "syslog": syslog.last().data, "webhook": hook.last().data,
             "cosigned": until(by_both, "the cosignatures of both")}
    until(lambda: signed(front).size == file_size(path)() == syslog.largest() == hook.largest() ==
          file_size(cosigned)(), "all have the newest")
    due = {kind: (signed(front).size, False) for kind in ("file", "syslog", "webhook", "witness")}
    until(lambda: {kind: (one["records"], "failed" in one) for kind, one in status(front).items()} == due, f"status says {due}")
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


@test(gateway=True, limit=90)
def test_cut_tail():
    """A ledger whose end was cut agrees with itself, but not with what was published; and a witness tells so"""
    path, witness = place("cut") / "checkpoint", targets.Witness("witness.example/cut")
    front = start("cut", {"file": str(path), "witnesses": [witness.entry()]})
    witness.trust(key_of(front))
    work(front)
    front.stop()
    shorter = harness.folder() / "shorter"
    subprocess.run(["cp", "-a", ledger(front), shorter], check=True)
    # A new herald learns from the witness what that has: the keeper is there for it until it knows.
    front.guard.start()
    work(front)
    front.stop()
    published, before = targets.Note(path.read_bytes()), targets.Note((shorter / "checkpoint").read_bytes())
    equal((published.size, witness.largest()), (signed(front).size,) * 2, "file and witness have the end")
    assert before.size < published.size, (before.size, published.size)
    equal(verify(front, "--key", key_of(front), "--checkpoint", path)[0], 0)
    equal(verify(front, "--key", key_of(front), folder=shorter)[0], 0, "the shorter one alone")
    code, said = verify(front, "--key", key_of(front), "--checkpoint", path, folder=shorter)
    equal(code, 1, said)
    # The operator puts the shorter one back.
    subprocess.run(["rm", "-r", ledger(front)], check=True)
    subprocess.run(["cp", "-a", shorter, ledger(front)], check=True)
    mark = front.guard.mark()
    front.guard.start()
    found = front.guard.wait("ledger_contradicted", start=mark)
    equal((found["witness"], found["seen"]), (witness.name, published.size))
    until(lambda: [1 for _, kind, payload in ledgerfile.records(ledger(front))
                   if kind == 18 and b"witness" in payload and witness.name.encode() in payload], "an alert is in the ledger")
    assert "error" in until(lambda: "failed" in (one := status(front)["witness"]) and one, "status says so")
    # It grows beyond what the witness has seen: another history.
    mark = front.guard.mark()
    while signed(front).size <= published.size:
        work(front)
    until(lambda: 422 in witness.statuses, "the proof is refused")
    equal(witness.states[published.origin], (published.size, published.root), "what the witness has")
    front.stop()


@test(gateway=True, limit=90)
def test_end_unheard():
    """A witness that is heard from for the first time once all is written gets the end of the ledger"""
    path, witness, over = place("unheard") / "checkpoint", targets.Witness("witness.example/late"), threading.Event()
    front = start("unheard", {"file": str(path), "witnesses": [witness.entry()]})
    witness.trust(key_of(front))
    until(witness.largest, "it has cosigned")
    front.stop()
    before, good = witness.largest(), witness.how

    def late(handler, body):
        over.wait()
        good(handler, body)

    witness.how, mark, seen = late, front.guard.mark(), witness.seen
    front.guard.start()
    until(lambda: witness.seen > seen, "it is asked")
    front.process.signal(signal.SIGTERM)
    front.guard.wait("drain_ended", start=mark)
    until(lambda: ledgerfile.records(ledger(front))[-1][1] == STOPPED and
          file_size(path)() == len(ledgerfile.records(ledger(front))), "the last checkpoint is out")
    over.set()
    equal(front.process.wait(), 0, "exit status")
    assert before < witness.largest() == signed(front).size, (before, witness.largest(), signed(front).size)


@test(gateway=True, limit=90)
def test_two_histories():
    """Of two ledgers that go on from the same one, the witness cosigns the one that it saw first"""
    witness = targets.Witness("witness.example/fork")
    front = start("fork", {"witnesses": [witness.entry()]})
    witness.trust(key_of(front))
    until(witness.largest, "it has cosigned")
    front.stop()
    common = witness.largest()
    twin = Front(stage.server(), "twin", more={"ledger": {"publish": {}}})
    twin.stop()
    subprocess.run(["rm", "-r", ledger(twin)], check=True)
    subprocess.run(["cp", "-a", ledger(front), ledger(twin)], check=True)
    front.guard.start()
    work(front)
    arrives(common + 1, witness.largest)
    front.stop()
    cosigned = witness.states[signed(front).origin]
    twin.guard.config["ledger"]["publish"] = {"witnesses": [witness.entry()]}
    twin.guard.write()
    twin.guard.start()
    while signed(twin).size < cosigned[0]:
        work(twin)
    twin.guard.wait("ledger_contradicted")
    equal(witness.states[signed(front).origin], cosigned)
    assert all(note.root != signed(twin).root for note in witness.notes)
    twin.stop()


def hang(over):
    def how(*_):
        over.wait()
    return how


def drip(over):
    """A byte of the answer every now and then."""
    def how(handler, _):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()
    return how


def flood(handler, _):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(10000):
            handler.wfile.write(bytes(100000))
    handler.close_connection = True


def headers(handler, _):
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100000):
            handler.wfile.write(b"X-%d: " % number + b"y" * 1000 + b"\r\n")
    handler.close_connection = True


def garbage(handler, _):
    handler.wfile.write(b"\x00\xff\x16\x03 what is this\r\n\r\n" * 50)
    handler.close_connection = True


def status_only(code, body=b"", kind="text/plain"):
    return lambda handler, _: targets.answer(handler, code, body, kind)


def shut(handler, _):
    handler.connection.close()
    handler.close_connection = True


@test(gateway=True, limit=120)
def test_hostile_webhooks():
    """A webhook that hangs, drips, refuses, closes, redirects, or answers garbage or a gigabyte: the file is
    never late for it, the herald stays as it is, and the webhook gets the newest once it is well"""
    over, path = threading.Event(), place("hostile") / "checkpoint"
    hook = targets.Web()
    front = start("hostile", {"file": str(path), "webhook": hook.url})
    until(hook.largest, "it works")
    pid = front.guard.pids()["herald"]
    process.reset_peak(pid)
    good = hook.how
    elsewhere = targets.Web()

    def redirect(handler, _):
        handler.send_response(307)
        handler.send_header("Location", elsewhere.url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    bad = [hang(over), drip(over), garbage, headers, shut, redirect, status_only(500), status_only(404, b"x" * 9999)]
    for how in bad:
        hook.how, seen, size = how, hook.seen, signed(front).size
        work(front)
        arrives(size + 1, lambda: signed(front).size)
        arrives(signed(front).size, file_size(path))
        assert how not in bad[:2] or "failed" not in status(front)["webhook"], "the file waited until that was given up"
        until(lambda seen=seen: hook.seen > seen, "it was asked")
        if how not in bad[:2]:
            until(lambda: "failed" in status(front)["webhook"], "status says so")
        hook.how = good
        over.set()
        until(lambda: hook.largest() == signed(front).size, "it has the newest", 40)
        over.clear()
    hook.how = flood
    size = signed(front).size
    work(front)
    arrives(size + 1, lambda: status(front)["webhook"]["records"])
    assert elsewhere.seen == 0, "a redirect was followed"
    equal(front.guard.pids()["herald"], pid)
    assert process.memory(pid, "VmHWM") < 64 << 20, process.memory(pid, "VmHWM")
    hook.how = good
    hook.close()
    front.stop()


@test(gateway=True, limit=120)
def test_hostile_witnesses():
    """What is no cosignature of this checkpoint by this key is not kept, whatever a witness answers"""
    witness = targets.Witness("witness.example/hostile")
    front = start("hostile-witness", {"witnesses": [witness.entry()]})
    other = targets.Witness("witness.example/hostile")
    cosigned = ledger(front) / "published" / "checkpoint.cosigned"
    text = []

    def about(make):
        def how(handler, body):
            note = targets.Note(body.partition(b"\n\n")[2])
            text.append(note.text)
            made = make(note)
            targets.answer(handler, *made)
        return how

    bad = {
        "nothing": about(lambda note: (200, b"")),
        "words": about(lambda note: (200, b"well done\n")),
        "another key": about(lambda note: (200, other.cosign(note.text))),
        "another text": about(lambda note: (200, witness.cosign(b"x\n" + note.text))),
        "half a line": about(lambda note: (200, witness.cosign(note.text)[:-30])),
        "no end of line": about(lambda note: (200, witness.cosign(note.text).rstrip())),
        "a note of its own": about(lambda note: (200, b"\n" + witness.cosign(note.text))),
        "too many": about(lambda note: (200, witness.cosign(note.text) * 80)),
        "a megabyte": about(lambda note: (200, witness.cosign(note.text) * 10000)),
        "zeros": about(lambda note: (200, bytes(1000))),
        "no size": about(lambda note: (409, b"many\n")),
        "a size and more": about(lambda note: (409, b"1\n2\n")),
        "no newline": about(lambda note: (409, b"1")),
        "a huge size": about(lambda note: (409, b"9" * 30 + b"\n")),
        "nowhere": about(lambda note: (404, b"")),
        "not you": about(lambda note: (403, b"")),
        "bad": about(lambda note: (400, b"")),
        "made": about(lambda note: (201, witness.cosign(note.text))),
        "garbage": garbage,
        "closed": shut,
    }
    good = witness.how
    sizes = iter([1, 2] * 1000)
    bad["two sizes"] = about(lambda note: (409, b"%d\n" % next(sizes)))
    pid = front.guard.pids()["herald"]
    for name, how in bad.items():
        witness.how, seen, mark = how, witness.seen, front.guard.mark()
        until(lambda seen=seen: witness.seen > seen + 1, f"{name}: tried again", 70)
        assert not front.guard.find("published", mark), name
        assert not cosigned.exists(), f"{name}: {cosigned.read_bytes()}"
        equal("failed" in status(front)["witness"], True, name)
        work(front)
        # From here on the wait is short again.
        front.guard.reload()
        until(lambda old=pid: front.guard.pids().get("herald") not in (0, None, old), "a new herald")
        pid = front.guard.pids()["herald"]
    witness.how = good
    witness.trust(key_of(front))
    until(cosigned.exists, "a good one", 40)
    assert not front.guard.find("process_died"), front.guard.find("process_died")
    front.stop()


@test(gateway=True, limit=90)
def test_witness_hangs():
    """A witness that hangs does not keep the others' cosignatures back"""
    good, over = targets.Witness("witness.example/quick"), threading.Event()
    slow = {"url": targets.Web(hang(over)).url, "key": targets.Witness("witness.example/slow").vkey}
    front = start("slow-witness", {"witnesses": [slow, good.entry()]})
    good.trust(key_of(front))
    front.guard.wait("publish_failed", name="witness.example/slow")
    took = []
    with load(front):
        for _ in range(5):
            arrives(signed(front).size + 1, lambda: signed(front).size)
            took.append(arrives_soon(signed(front).size, good.largest, file_size(ledger(front) / "published" / "checkpoint.cosigned")))
    over.set()
    check_soon(took)
    front.stop()


@harness.root_only
@test(gateway=True, limit=90)
def test_disk_hangs():
    """A file's disk that hangs holds up neither the others nor the end; once it answers the newest is written"""
    image, mounted, syslog = harness.folder() / "image", place("hanging"), targets.Syslog("udp")
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    try:
        namespace.run("mkfs.ext4", "-q", image)
        namespace.private_mounts()
        namespace.run("mount", "-o", "loop", image, mounted)
    except (OSError, subprocess.CalledProcessError) as error:
        raise harness.Skip(f"no disk of our own: {error}") from None
    mounted.chmod(0o777)
    front = start("disk", {"file": str(mounted / "checkpoint"), "syslog": syslog.target})
    try:
        arrives(1, file_size(mounted / "checkpoint"))
        before = file_size(mounted / "checkpoint")()
        namespace.run("fsfreeze", "-f", mounted)
        for number in range(8):
            size = signed(front).size
            work(front)
            arrives(size + 1, lambda: signed(front).size)
            arrives(signed(front).size, syslog.largest)
            assert number or not front.guard.find("publish_failed", target="file"), "the syslog waited until that was given up"
        front.guard.wait("publish_failed", target="file")
        equal(file_size(mounted / "checkpoint")(), before)
        namespace.run("fsfreeze", "-u", mounted)
        until(lambda: file_size(mounted / "checkpoint")() == signed(front).size, "the newest", 40)
        namespace.run("fsfreeze", "-f", mounted)
        work(front)
        size = signed(front).size
        until(lambda: syslog.largest() > size, "a checkpoint meanwhile")
        front.process.signal(signal.SIGTERM)
        equal(front.process.popen.wait(60), 0, "exit status")
        equal(signed(front).size, syslog.largest(), "the last one")
    finally:
        subprocess.run(["fsfreeze", "-u", mounted], check=False, stderr=subprocess.DEVNULL)
        front.process.wait()  # until what the disk held has let go of the log
        namespace.run("umount", "-l", mounted)


@test(gateway=True, limit=60)
def test_certificates():
    """A webhook whose certificate nobody trusted has signed, or that is another's, gets nothing"""
    strange = stage.certificate.Authority(place("strange"), "strange")
    for name, issued in (("unknown", strange.issue("unknown", "localhost")),
                         ("named", stage.authority().issue("named", "elsewhere", names=("DNS:elsewhere.example",)))):
        hook = targets.Web(certificate=issued)
        front = start(f"certificate-{name}", {"webhook": hook.url, "ca": str(stage.authority().path)})
        # The name may be asked for before it has been looked up.
        until(lambda: any("certificate" in event["error"] or "SSL" in event["error"]
                          for event in front.guard.find("publish_failed", target="webhook")), "its certificate is refused")
        equal(hook.seen, 0)
        front.stop()


@test(gateway=True, limit=60)
def test_syslogs():
    """Over TCP, also after the connection was lost and while nobody listens; over a Unix socket of packets"""
    stream = targets.Syslog("tcp")
    front = start("syslog-tcp", {"syslog": stream.target})
    for turn in range(3):
        work(front)
        until(lambda: stream.largest() == signed(front).size, f"turn {turn}")
        stream.drop()
    front.stop()
    local = targets.Syslog("unix", place("local") / "log")
    front = start("syslog-unix", {"syslog": local.target})
    work(front)
    until(lambda: local.largest() == signed(front).size, "the newest")
    local.close()
    work(front)
    front.guard.wait("publish_failed", target="syslog")
    pathlib.Path(local.target).unlink()
    again = targets.Syslog("unix", local.target)
    until(lambda: again.largest() == signed(front).size, "again")
    front.stop()


@test(gateway=True, limit=120)
def test_herald_lost():
    """The herald killed six times: a new one publishes, nobody else notices, no descriptor is left over"""
    path = place("lost") / "checkpoint"
    front = start("lost", {"file": str(path)})
    others = None
    with front.login() as session:
        for turn in range(6):
            old = front.guard.pids()
            os.kill(old["herald"], signal.SIGKILL)
            until(lambda old=old: front.guard.pids()["herald"] not in (0, old["herald"]), "a new herald")
            work(front)
            arrives(signed(front).size, file_size(path))
            equal(session.value(f"SELECT {turn}"), str(turn))
            equal([front.guard.pids()[name] for name in ("gate", "keeper")], [old["gate"], old["keeper"]])
            now = {name: process.descriptors(pid) for name, pid in front.guard.steady().items()}
            others = others or now
        until(lambda: all(process.descriptors(pid) <= others[name] + 1
                          for name, pid in front.guard.steady().items()), f"descriptors as before: {others}")
    front.stop()


@test(gateway=True, limit=60)
def test_herald_lost_at_the_end():
    """The herald killed while a session is waited for: a new one publishes the end"""
    path = place("lost-late") / "checkpoint"
    front = start("lost-late", {"file": str(path)})
    arrives(1, file_size(path))
    pid, mark = front.guard.pids()["herald"], front.guard.mark()
    with front.login() as session:
        session.value("BEGIN; SELECT 1")
        front.process.signal(signal.SIGTERM)
        front.guard.wait("drain_started", start=mark)
        os.kill(pid, signal.SIGKILL)
        front.guard.wait("process_started", start=mark, name="herald")
        equal(session.value("SELECT 2"), "2", "it goes on meanwhile")
    equal(front.process.wait(), 0, "exit status")
    equal(file_size(path)(), signed(front).size)


@test(gateway=True, limit=60)
def test_herald_stands_still():
    """A herald that stands still holds nobody up; once it runs again only the newest checkpoint counts"""
    path, hook = place("still") / "checkpoint", targets.Web()
    front = start("still", {"file": str(path), "webhook": hook.url})
    until(hook.largest, "it works")
    pid = front.guard.pids()["herald"]
    os.kill(pid, signal.SIGSTOP)
    before, count = signed(front).size, len(hook.notes)
    for _ in range(4):
        size = signed(front).size
        work(front)
        arrives(size + 1, lambda: signed(front).size)
    equal(file_size(path)(), before)
    os.kill(pid, signal.SIGCONT)
    until(lambda: hook.largest() == file_size(path)() == signed(front).size, "the newest")
    assert len(hook.notes) <= count + 2, [note.size for note in hook.notes]
    front.stop()


@test(gateway=True, limit=60)
def test_keeper_lost():
    """A new keeper's checkpoints are published too, and cosigned"""
    witness = targets.Witness("witness.example/keeper")
    front = start("keeper-lost", {"witnesses": [witness.entry()]})
    witness.trust(key_of(front))
    until(witness.largest, "it has cosigned")
    pids = front.guard.pids()
    os.kill(pids["keeper"], signal.SIGKILL)
    until(lambda: front.guard.pids().get("keeper") not in (0, None, pids["keeper"]), "a new keeper")
    work(front)
    until(lambda: witness.largest() == signed(front).size, "it has the newest")
    equal(front.guard.pids()["herald"], pids["herald"])
    front.stop()


@test(gateway=True, limit=60)
def test_reload():
    """Targets come, change and go with a reload, and no session notices"""
    one, two = place("reload-one") / "checkpoint", place("reload-two") / "checkpoint"
    front = start("reload", {"file": str(one)})
    pids = front.guard.pids()
    arrives(1, file_size(one))
    with front.login() as session:
        front.guard.config["ledger"]["publish"] = {"file": str(two)}
        equal(front.reload(), "config_reloaded")
        arrives(signed(front).size, file_size(two))
        front.guard.config["ledger"]["publish"] = {}
        equal(front.reload(), "config_reloaded")
        until(lambda: front.guard.pids().get("herald", 0) == 0, "no herald")
        equal(session.value("SELECT 1"), "1")
    equal([front.guard.pids()[name] for name in ("gate", "keeper")], [pids["gate"], pids["keeper"]])
    assert not front.guard.find("process_died"), front.guard.find("process_died")
    front.stop()


@test(gateway=True)
def test_configuration():
    """What cannot be published to is a fault that pasu check names"""
    witness = targets.Witness("witness.example/check")
    for publish, word in (
            ({"file": "ledger/checkpoint"}, "ledger's own folder"), ({"file": "not-there/checkpoint"}, "folder"),
            ({"syslog": "udp://nowhere"}, "syslog"), ({"syslog": "localhost:514"}, "not a syslog"),
            ({"webhook": "ftp://localhost/"}, "URL"), ({"ca": "/etc/passwd", "webhook": "https://x"}, "certificates"),
            ({"witnesses": [{"url": witness.url, "key": witness.vkey[:-2]}]}, "verifier key"),
            ({"witnesses": [witness.entry(), witness.entry()]}, "twice"),
            ({"witnesses": [{"url": "https://x/?a", "key": witness.vkey}]}, "prefix")):
        made = Front(stage.server(), "checked", more={"wait": False, "ledger": {"publish": publish}})
        (made.guard.folder / "ledger").mkdir(exist_ok=True)
        done = made.guard.run("check")
        assert done.returncode == 1 and word in done.stdout + done.stderr, f"{publish}: {done.stdout}{done.stderr}"
        made.process.stop(60)


if __name__ == "__main__":
    harness.main()
