#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger that a real guard writes: strangers can verify it whatever was killed, and what somebody asks or does
to it is in it."""
import json
import os
import shutil
import signal
import struct
import threading

import guard
import harness
import ledgerfile
import process
import shop
import stage
from stage import equal, test

VERIFIER = harness.TREE / "tools" / "verify-ledger"
BEGUN, KEY, STARTED, STOPPED, POLICY, ROSTER, ALERT, ASKED, EXPORTED, HOLD, RELEASED, PRUNED = (
    1, 2, 3, 4, 16, 17, 18, 20, 21, 22, 23, 24)


def ledger(front):
    return front.guard.folder / "ledger"


def verify(front, *words):
    """A stranger's program, and our own."""
    stage.run([VERIFIER, ledger(front), *words], timeout=100)
    ours = [word for word in words if word != "--encryption-key"]
    if len(ours) < len(words):
        ours = []  # it has the key from the configuration
    done = guard.run("ledger", "verify", "-c", front.guard.path, *ours, timeout=100)
    equal((done.returncode, done.stderr), (0, ""), done.stdout)


def texts(payload):
    """A payload's texts, one after the other."""
    found = []
    while payload:
        found.append(payload[1:1 + payload[0]].decode())
        payload = payload[1 + payload[0]:]
    return found


def of(front, kind):
    return [payload for _, found, payload in ledgerfile.records(ledger(front)) if found == kind]


def ask(front, *words):
    """A command that must be recorded without a word."""
    done = guard.run(*words[:1], "-c", front.guard.path, *words[1:])
    equal((done.returncode, done.stderr), (0, ""), done.stdout)
    return done.stdout


def is_all_signed(front):
    return int((ledger(front) / "checkpoint").read_text().splitlines()[1]) >= len(ledgerfile.records(ledger(front)))


@test(gateway=True, limit=120)
def test_strangers_verify():
    """What a guard has written verifies, running or stopped, started again and killed; published checkpoints fit"""
    front = shop.front("strangers")
    published = []
    for number in range(3):
        with front.login(user="app") as session:
            session.query("SELECT id, name, phone FROM customers LIMIT 50")
            session.query("SELECT name FROM accounts WHERE login = 'plain5'")
        front.guard.until_sessions(0)
        process.until(lambda: is_all_signed(front), "a checkpoint of all that is recorded")
        published.append(front.guard.folder / f"checkpoint-{number}")
        published[-1].write_bytes((ledger(front) / "checkpoint").read_bytes())
        words = [word for one in published for word in ("--checkpoint", one)]
        verify(front, *words)
        if number == 0:
            front.stop()
            verify(front, *words)
            front.guard.start()
        elif number == 1:
            front.guard.replace("keeper")
    front.stop()
    verify(front, *words)
    found = ledgerfile.kinds(ledger(front))
    equal((found[BEGUN], found[KEY], found[STARTED], found[STOPPED]), (1, 1, 3, 2))
    assert (ledger(front) / "signing.key").stat().st_mode & 0o777 == 0o600
    assert f"{0:020}.seg" == ledgerfile.segments(ledger(front))[0][0].name


@test(gateway=True, limit=180)
def test_killed_under_load():
    """Gate and keeper killed in turn under load: the ledger verifies after each, and with every checkpoint there was"""
    front = shop.front("loaded")
    over = threading.Event()

    def load(number):
        while not over.is_set():
            try:
                with front.login(user=shop.ROLES[number % 2], timeout=5) as session:
                    for at in range(20):
                        session.query(f"SELECT name, phone FROM customers WHERE id = {1000 + 7 * (41 + at)}")
                    session.query("SELECT * FROM accounts")
            except Exception:  # cut off: that is the point
                pass

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    published = []
    try:
        for number in range(10):
            victim = ("keeper", "gate")[number % 2]
            pid = process.until(lambda name=victim: front.guard.running().get(name), f"a {victim}", 40)
            before = len(ledgerfile.records(ledger(front)))
            process.until(lambda: len(ledgerfile.records(ledger(front))) > before + 100, "more records", 40)
            published.append(front.guard.folder / f"checkpoint-{number}")
            published[-1].write_bytes((ledger(front) / "checkpoint").read_bytes())
            os.kill(pid, signal.SIGKILL)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    front.stop()
    verify(front, *[word for one in published for word in ("--checkpoint", one)])


@test(gateway=True)
def test_asked():
    """Who asked what is recorded, by the guard or without one; keys as keyed hashes; what an export took"""
    front = shop.front("asked")
    with front.login(user="app") as session:
        session.query("SELECT name FROM accounts WHERE login = 'plain5'")
    front.guard.until_sessions(0)
    ask(front, "scope", "--principal", "app", "--from", "1h")
    ask(front, "subject", "--kind", "account", "plain5")
    ask(front, "ledger", "export", "--json")
    front.stop()
    before = len(ledgerfile.records(ledger(front)))
    ask(front, "scope")
    ask(front, "ledger", "export", "--keys")
    asked = [(struct.unpack("<I", one[:4])[0], texts(one[8:])) for one in of(front, ASKED)]
    equal({uid for uid, _ in asked}, {os.getuid()})
    said = [one for _, one in asked]
    equal(said[0], ["scope", "principal=app from=1h"])
    equal(said[1][0], "subject")
    assert said[1][1].startswith("kind=account key=") and len(said[1][1]) == len("kind=account key=") + 32, said[1]
    equal(said[2:], [["ledger", "export"], ["scope", ""], ["ledger", "keys export"]])
    exported = [(struct.unpack("<IIQQ", one[:24])[2:], texts(one[24:])) for one in of(front, EXPORTED)]
    equal([where for _, where in exported], [["standard output"]] * 2)
    equal([taken[0] for taken, _ in exported], [0, 0])
    assert 0 < exported[0][0][1] <= before < exported[1][0][1], exported
    assert is_all_signed(front), "also without a guard"
    verify(front)
    # And the guard goes on with what was appended meanwhile, in files that are its own.
    front.guard.start()
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 3")
    front.stop()
    verify(front)


@test(gateway=True)
def test_asked_of_a_copy():
    """Of a ledger that cannot be written to the question is answered, and it is said that it is recorded nowhere"""
    front = shop.front("copy")
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 3")
    front.stop()
    check_copy(front)
    (ledger(front) / "signing.key").unlink()
    before = ledgerfile.kinds(ledger(front))
    done = guard.run("scope", "-c", front.guard.path, "--json")
    equal(done.returncode, 0)
    assert '"at_least":3' in done.stdout and "is not in the ledger" in done.stderr, done
    equal(ledgerfile.kinds(ledger(front)), before)


def check_copy(front):
    """Of a copy, too, though it has the key: two ledgers would go on from the same record"""
    copy = harness.folder() / "another place"
    shutil.copytree(front.guard.folder, copy, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    before = ledgerfile.kinds(copy / "ledger")
    done = guard.run("scope", "-c", copy / "pasu.yaml", "--json")
    equal(done.returncode, 0)
    assert '"at_least":3' in done.stdout and "it is a copy" in done.stderr, done
    done = guard.run("hold", "-c", copy / "pasu.yaml", "place", "--who", "court", "--why", "claim")
    equal(done.returncode, 1)
    assert "it is a copy" in done.stderr, done
    equal(ledgerfile.kinds(copy / "ledger"), before)


@test(gateway=True)
def test_policy():
    """Each configuration that comes into force, and each roster, is recorded by the digest of its file"""
    import hashlib
    front = shop.front("policy")
    folder = front.guard.folder
    digests = [hashlib.sha256(front.guard.path.read_bytes()).digest()]
    (folder / "roster.csv").write_text("principal,kind,owner,owner_status,left_at,contact\napp,service,shop,active,,\n")
    (folder / "roster.csv").chmod(0o644)
    front.guard.config["principals"] = {"roster": str(folder / "roster.csv")}
    front.guard.write()
    digests.append(hashlib.sha256(front.guard.path.read_bytes()).digest())
    equal(front.guard.reload()["event"], "config_reloaded")
    front.stop()
    equal([one[:32] for one in of(front, POLICY)], digests)
    equal([struct.unpack("<Q", one[32:]) for one in of(front, POLICY)], [(1,), (2,)])
    roster = hashlib.sha256((folder / "roster.csv").read_bytes()).digest()
    equal(of(front, ROSTER), [roster + struct.pack("<II", 1, 0)])


@test(gateway=True)
def test_hold():
    """A hold is placed, listed and released, with a guard and without; it outlives kills and restarts"""
    front = shop.front("hold")

    def holds():
        return [(one["hold"], one["who"], one["why"]) for one in front.guard.json("hold", "list")]

    equal(holds(), [])
    first = front.guard.json("hold", "place", "--who", "Seoul court", "--why", "사건 2026-11")[0]["hold"]
    front.guard.replace("keeper")
    second = front.guard.json("hold", "place", "--who", "regulator", "--why", "inquiry")[0]["hold"]
    assert second > first
    front.stop()
    third = front.guard.json("hold", "place", "--who", "lawyer", "--why", "claim")[0]["hold"]
    assert is_all_signed(front), "also without a guard"
    equal(holds(), [(first, "Seoul court", "사건 2026-11"), (second, "regulator", "inquiry"),
                    (third, "lawyer", "claim")])
    front.guard.start()
    equal(front.guard.json("hold", "release", str(second), "--who", "regulator", "--why", "closed"), [{"hold": second}])
    equal(len(holds()), 2)
    for words, status in ((("release", str(second), "--who", "x", "--why", "y"), 1), (("place", "--who", "x"), 2),
                          (("release", "--who", "x", "--why", "y"), 2), (("release", "abc", "--who", "x", "--why", "y"), 2),
                          (("place", "--who", "x" * 256, "--why", "y"), 2), (("destroy",), 2)):
        done = front.guard.run("hold", *words)
        equal(done.returncode, status, words)
        assert done.stderr.startswith("pasu: "), done.stderr
    equal(len(holds()), 2)
    front.stop()
    equal(len(holds()), 2)
    # Without a guard each answer names the hold that was asked for, too.
    done = front.guard.run("hold", "release", str(second), "--who", "x", "--why", "y")
    equal((done.returncode, f"no hold {second}\n" in done.stderr), (1, True), done.stderr)
    equal(front.guard.json("hold", "release", str(first), "--who", "court", "--why", "closed"), [{"hold": first}])
    equal([one[0] for one in holds()], [third])
    verify(front)
    # A copy is not gone on with.
    shutil.move(ledger(front), front.guard.folder / "original")
    shutil.copytree(front.guard.folder / "original", ledger(front))
    for words in (("hold", "place", "--who", "x", "--why", "y"), ("ledger", "rotate-key", "--why", "y")):
        done = front.guard.run(*words)
        equal((done.returncode, "it is a copy" in done.stderr), (1, True), done.stderr)


def encrypted(name, keys):
    """A shop whose ledger is encrypted, and the files of its keys."""
    files = [harness.folder() / f"{name}-{number}.key" for number in range(len(keys))]
    for file, key in zip(files, keys):
        file.write_text(key)
        file.chmod(0o600)
    front = shop.front(name, more={"ledger": {"key_file": str(files[0])},
                                   "budgets": [{"principal": "app", "window": "day", "subjects": 6, "verdict": "block"}]})
    return front, files


@test(gateway=True, limit=100)
def test_pruned_by_nobody():
    """A record in the unsigned tail says that others were deleted: no guard serves until it is cut off, and it says where"""
    front = shop.front("forged", more={"ledger": {"directory": "./ledger"}})
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 1")
    equal(front.guard.stop(), 0)
    path, first = ledgerfile.segments(ledger(front))[-1]
    signed, index = (ledger(front) / "checkpoint").read_bytes(), len(ledgerfile.records(ledger(front)))
    ledgerfile.append(ledger(front), PRUNED, struct.pack("<QQqqQ", 0, 1, 1, 1, index) + bytes(64) + bytes(32))
    offset = list(ledgerfile.walk(path))[-1][0]
    mark = front.guard.mark()
    front.guard.start(wait=False)
    told = front.guard.wait("ledger_failed", start=mark)
    assert "has not signed" in told["error"] and "pasu ledger verify says where" in told["hint"], told
    damaged = front.guard.find("ledger_damaged", mark)[0]  # each keeper that is tried says it
    equal((damaged["segment"], damaged["offset"]), (first, offset))
    front.guard.process.stop(60)
    equal(((ledger(front) / "checkpoint").read_bytes(), ledgerfile.records(ledger(front))[-1][0]), (signed, index))
    done = front.guard.run("hold", "place", "--who", "kim", "--why", "court")
    assert done.returncode == 2 and "has not signed" in done.stderr, done
    done = front.guard.run("ledger", "verify", "--json")
    equal(done.returncode, 1)
    found, = [one for one in map(json.loads, done.stdout.splitlines()) if one.get("what") == "forged"]
    equal((found["file"], found["offset"], found["record"]), (f"segments/{path.name}", offset, index))
    os.truncate(path, offset)
    front.guard.start()
    with front.login(user="app") as session:
        session.query("SELECT name FROM customers LIMIT 1")
    front.stop()
    verify(front)


@test(gateway=True, limit=100)
def test_encrypted():
    """With a key nothing of a record can be read, and everything works: questions, the next start, strangers with it"""
    front, (key, other) = encrypted("sealed", ("11" * 32, "22" * 32))
    with front.login(user="app", application_name="no-secret-at-all") as session:
        equal(len(session.query("SELECT id, name FROM customers ORDER BY id LIMIT 3").rows), 3)
        equal(len(session.query("SELECT login, name FROM accounts ORDER BY login LIMIT 3").rows), 3)
    front.guard.until_sessions(0)
    front.guard.replace("gate")
    with front.login(user="app") as session:
        # The new gate has read whom it was shown.
        stage.refused(lambda: session.query("SELECT id, name FROM customers ORDER BY id DESC LIMIT 3"), "PS001")
    scope = front.guard.json("scope", "--principal", "app")[0]
    equal({kind: one["at_least"] for kind, one in scope["subjects"].items()}, {"customer": 3, "account": 3})
    front.stop()
    for path, _ in ledgerfile.segments(ledger(front)):
        data = path.read_bytes()
        for word in (b"no-secret-at-all", b"analyst", b"customer", b"SELECT", b"postgres"):
            assert word not in data, (path, word)
    verify(front, "--encryption-key", key)
    front.guard.config["ledger"]["key_file"] = str(other)
    front.guard.write()
    done = front.guard.run("scope")
    equal((done.returncode, done.stdout), (2, ""))
    assert "key" in done.stderr, done.stderr
    front.guard.start(wait=False)
    told = front.guard.wait("ledger_failed")
    assert "key" in told["error"], told
    front.guard.process.stop(60)
    # A new key, and the old one to read with.
    front.guard.config["ledger"]["key_file"] = [str(other), str(key)]
    front.guard.write()
    front.guard.start()
    with front.login(user="analyst") as session:
        session.query("SELECT name FROM customers LIMIT 1")
    front.stop()
    verify(front, "--encryption-key", other, "--encryption-key", key)


@test(gateway=True)
def test_erase():
    """An erased person is a number that nobody can read any more; all else, and the tree, stay; also over restarts"""
    front = shop.front("erase")
    with front.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11')")
    front.guard.until_sessions(0)

    def shown():
        return sorted(front.guard.run("scope", "--list").stdout.splitlines())

    equal(shown(), ["account\tplain11", "account\tplain5"])
    equal(front.guard.json("erase", "--why", "request 7", "plain5"), [{"erased": 1}])

    def is_erased():
        keys = shown()
        return len(keys) == 2 and keys[0].startswith("account\terased #") and keys[1] == "account\tplain11"

    assert is_erased(), shown()
    hold = front.guard.json("hold", "place", "--who", "court", "--why", "evidence")[0]["hold"]
    refused = front.guard.run("erase", "--why", "request 9", "plain11")
    equal(refused.returncode, 1)
    assert "legal hold" in refused.stderr, refused.stderr
    assert is_erased(), shown()
    alerts = of(front, ALERT)
    equal(len(alerts), 1, "alerts")
    assert struct.unpack_from("<Q", alerts[0])[0] == hold and alerts[0][8] == 4, alerts
    front.guard.json("hold", "release", str(hold), "--who", "court", "--why", "closed")
    front.guard.replace("keeper")
    with front.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login = 'plain5'")
    front.guard.until_sessions(0)
    front.guard.replace("gate")
    with front.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login = 'plain5'")
    front.guard.until_sessions(0)
    assert is_erased(), shown()
    front.stop()
    hold = front.guard.json("hold", "place", "--who", "court", "--why", "evidence")[0]["hold"]
    equal(front.guard.run("erase", "--why", "request 9", "plain11").returncode, 1, "without a guard, too")
    equal(len(of(front, ALERT)), 2, "alerts")
    assert is_all_signed(front), "the alert is as good as the refusal"
    front.guard.json("hold", "release", str(hold), "--who", "court", "--why", "closed")
    equal(front.guard.json("erase", "--why", "request 8", "plain11"), [{"erased": 1}])
    assert all(key.startswith("account\terased #") for key in shown()), shown()
    verify(front)
    for words, status in ((("--why", "x", "nobody"), 1), (("--why", "x", "1042"), 1), (("--why", "", "plain5"), 2)):
        done = front.guard.run("erase", *words)
        equal(done.returncode, status, words)
        assert done.stderr.startswith("pasu: "), done.stderr


if __name__ == "__main__":
    harness.main()
