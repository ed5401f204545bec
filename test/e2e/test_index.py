#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The ledger's index answers as reading the ledger does, whatever came after it, and is never believed over it."""
import json
import os
import re
import shutil

import guard
import harness
import ledgerfile
import shop
from stage import equal, test

QUESTIONS = (("scope",), ("scope", "--principal", "app"), ("scope", "--field", "phone"), ("scope", "--from", "1h"),
             ("scope", "--principal", "analyst", "--to", "2030-01-01"), ("scope", "--list"),
             ("scope", "--application", "batch"))
PERSONS = (("customer", "1042"), ("account", "plain5"), ("customer", "999"))


def answer(front, *words):
    done = guard.run(*words[:1], "-c", front.guard.path, "--json", *words[1:])
    assert done.returncode in (0, 1) and not done.stderr, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def agree(front):
    """With the index and without it, each question has one answer."""
    for words in (*QUESTIONS, *(("subject", "--kind", kind, key) for kind, key in PERSONS)):
        for _ in range(3):  # a census may be recorded between two answers
            one, other = [sorted(map(json.dumps, answer(front, *words, *more))) for more in ((), ("--no-index",))]
            if one == other:
                break
        equal(one, other, words)


def traffic(front, name):
    with front.login(user="app", application_name=name) as session:
        session.query("SELECT id, name, phone FROM customers WHERE id BETWEEN 1000 AND 1500")
        session.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11')")
        session.query("SELECT DISTINCT name FROM customers")
    with front.login(user="analyst") as session:
        session.query("SELECT name, email FROM customers WHERE id = 1042")
    front.guard.until_sessions(0)


def index(front, action):
    """A command of the index: its document, and the exit status."""
    done = front.guard.run("ledger", action, "--json", timeout=60)
    assert not done.stderr, done.stderr
    return json.loads(done.stdout), done.returncode


@test(gateway=True, limit=120)
def test_same_answers():
    """Made of all, or of a part with more behind it, brought up to date, with a guard and without"""
    front = shop.front("index")
    traffic(front, "one")
    made, status = index(front, "rebuild-index")
    equal(status, 0)
    assert made["records"] > 10 and made["bytes"] > 0
    agree(front)
    traffic(front, "batch")
    agree(front)
    later, status = index(front, "update-index")
    equal(status, 0)
    assert later["records"] > made["records"]
    agree(front)
    front.stop()
    agree(front)
    found, status = index(front, "check-index")
    equal((found["differences"], status), (0, 0))


@test(gateway=True, limit=60)
def test_damaged():
    """An index that is not what was written is said to be so, and the ledger is read instead"""
    front = shop.front("forged")
    traffic(front, "one")
    index(front, "rebuild-index")
    front.stop()
    right = answer(front, "scope", "--no-index")
    data = front.guard.folder / "ledger" / "index" / "now" / "data.mdb"
    file = bytearray(data.read_bytes())
    at = file.find(b"phone")
    assert at > 0
    file[at] ^= 1
    data.write_bytes(file)
    done = guard.run("scope", "-c", front.guard.path, "--json")
    equal((done.returncode, json.loads(done.stdout)), (0, right[0]))
    assert "rebuild-index" in done.stderr, done.stderr
    data.write_bytes(file[:8192])
    done = guard.run("scope", "-c", front.guard.path, "--json")
    equal((done.returncode, json.loads(done.stdout)), (0, right[0]))
    assert "damaged" in done.stderr and "rebuild-index" in done.stderr, done.stderr
    data.write_bytes(file)
    done = front.guard.run("ledger", "check-index")
    assert done.returncode in (1, 2), done
    index(front, "rebuild-index")
    agree(front)


@test(gateway=True, limit=60)
def test_other_version():
    """An index of another version is said to be so and not asked, nor gone on with, until it is made anew"""
    front = shop.front("older")
    traffic(front, "one")
    made, _ = index(front, "rebuild-index")
    front.stop()
    right = answer(front, "scope", "--no-index")
    data = front.guard.folder / "ledger" / "index" / "now" / "data.mdb"
    file = bytearray(data.read_bytes())
    for match in re.finditer(b"M(?=\7\0\0\0[\0-\7]\0\0\0)" , file):
        begin, end = match.end(), match.end() + 28
        if int.from_bytes(file[begin + 8:begin + 16], "little") == made["records"]:
            file[begin] = 2
            file[end:end + 4] = ledgerfile.crc32c(b"M" + file[begin:end]).to_bytes(4, "little")
    data.write_bytes(file)
    done = guard.run("scope", "-c", front.guard.path, "--json")
    equal((done.returncode, json.loads(done.stdout)), (0, right[0]))
    for done in (done, front.guard.run("ledger", "update-index"), front.guard.run("ledger", "check-index")):
        assert "another version" in done.stderr and "rebuild-index" in done.stderr, done
    index(front, "rebuild-index")
    agree(front)


@test(gateway=True, limit=60)
def test_damaged_behind():
    """Where the first record behind the index is damaged, an index that was brought up to date says so too"""
    front = shop.front("behind")
    traffic(front, "one")
    front.stop()
    made, _ = index(front, "rebuild-index")
    folder, kept = front.guard.folder / "ledger" / "index", front.guard.folder / "index"
    shutil.copytree(folder, kept)
    front.guard.start()
    traffic(front, "two")
    front.stop()
    shutil.rmtree(folder)
    kept.rename(folder)
    (path, _), = ledgerfile.segments(front.guard.folder / "ledger")
    offset, = (at for at, number, _, _ in ledgerfile.walk(path) if number == made["records"] + 1)
    file = bytearray(path.read_bytes())
    file[offset + 4] ^= 1
    path.write_bytes(file)

    def ask(*words):
        """A damaged ledger does not take that it was asked, and that is said on standard error."""
        done = front.guard.run(*words, "--json", timeout=60)
        assert done.returncode == 0 and "rebuild-index" not in done.stderr, done
        return json.loads(done.stdout)

    read = ask("scope", "--no-index")
    assert any(gap["what"] == "damaged" for gap in read["completeness"]["gaps"]), read
    equal(ask("scope"), read)
    ask("ledger", "update-index")
    equal(ask("scope"), read)
    equal(ask("ledger", "check-index")["differences"], 0)


@test(gateway=True, limit=60)
def test_damaged_since():
    """What was damaged after it was indexed is told by every answer, though the index does not read it: where it is and
    what to do; an index made anew tells it too. A file that is only written again is what it was"""
    front = shop.front("since")
    traffic(front, "one")
    front.stop()
    index(front, "rebuild-index")
    right = answer(front, "scope")
    (path, _), *_ = ledgerfile.segments(front.guard.folder / "ledger")
    kept, offset = path.read_bytes(), next(at for at, _, kind, _ in ledgerfile.walk(path) if kind == ledgerfile.EXPOSURE)
    path.write_bytes(kept)
    equal(answer(front, "scope"), right)

    path.write_bytes(kept[:offset + 40] + bytes([kept[offset + 40] ^ 1]) + kept[offset + 41:])

    def told(gaps):
        equal([(gap["segment"], gap["offset"]) for gap in gaps if gap["what"] == "damaged"], [(0, offset)])

    def ask(*words):
        done = front.guard.run(*words, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        return done

    for words in (("scope",), ("subject", "--kind", "customer", "1042"), ("scope", "--principal", "app")):
        done = ask(*words, "--json")
        told(json.loads(done.stdout.splitlines()[-1])["completeness"]["gaps"])
        assert f"{path.name} of the ledger is not any more what it was when it was indexed" in done.stderr, done.stderr
        assert "pasu ledger verify" in done.stderr and "rebuild-index" in done.stderr, done.stderr
        assert f"damaged at byte {offset} of {path.name}" in ask(*words).stdout, words
    assert "the record has no gap" not in ask("scope").stdout
    assert front.guard.run("ledger", "update-index").returncode in (0, 2)
    ask("ledger", "rebuild-index")
    for words in (("scope",), ("subject", "--kind", "customer", "1042")):
        done = ask(*words, "--json")
        told(json.loads(done.stdout.splitlines()[-1])["completeness"]["gaps"])
        assert "indexed" not in done.stderr, done.stderr
        equal(done.stdout, ask(*words, "--json", "--no-index").stdout)

    ask("ledger", "rebuild-index")
    path.rename(path.parent / "gone")
    assert "is not any more what it was" in front.guard.run("scope").stderr


@test(gateway=True, limit=60)
def test_other_ledger():
    """An index of another ledger is not gone on with, and not asked"""
    one, other = shop.front("one"), shop.front("other")
    traffic(one, "one")
    index(one, "rebuild-index")
    for _ in range(2):
        traffic(other, "two")
    for front in (one, other):
        front.stop()
    folders = [front.guard.folder / "ledger" / "index" for front in (one, other)]
    shutil.rmtree(folders[1])
    shutil.copytree(*folders)
    done = other.guard.run("ledger", "update-index", timeout=60)
    equal(done.returncode, 2)
    assert "another ledger" in done.stderr and "rebuild-index" in done.stderr, done.stderr
    done = other.guard.run("scope", "--json")
    equal(json.loads(done.stdout), answer(other, "scope", "--no-index")[0])
    assert "is not any more what it was when it was indexed" in done.stderr, done.stderr


def key_file(name, digits):
    path = harness.folder() / name
    path.write_text(digits * 32)
    path.chmod(0o600)
    return str(path)


@test(gateway=True, limit=120)
def test_encrypted():
    """Of an encrypted ledger the index is encrypted, and answers the same: with whichever key it was made, if there is that one"""
    one, other = key_file("one.key", "33"), key_file("other.key", "44")
    front = shop.front("veiled", more={"ledger": {"key_file": one}})
    folder = front.guard.folder / "ledger" / "index"
    traffic(front, "one")
    index(front, "rebuild-index")
    agree(front)
    traffic(front, "batch")
    index(front, "update-index")
    agree(front)
    equal(index(front, "check-index")[0]["differences"], 0)
    front.stop()
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files and not any(word in file for word in (b"phone", b"analyst", b"postgres", b"127.0.0.1") for file in files)

    right = answer(front, "scope")
    (path, _), *_ = ledgerfile.segments(front.guard.folder / "ledger")
    kept = path.read_bytes()
    at = next(at for at, _, kind, _ in ledgerfile.walk(path) if kind == ledgerfile.EXPOSURE)
    path.write_bytes(kept[:at + 40] + bytes([kept[at + 40] ^ 1]) + kept[at + 41:])
    done = front.guard.run("scope", "--json")
    assert f"{path.name} of the ledger is not any more what it was" in done.stderr, "the index was not asked"
    path.write_bytes(kept)
    equal(answer(front, "scope"), right)

    front.guard.config["ledger"]["key_file"] = [other, one]
    front.guard.write()
    agree(front)
    done = front.guard.run("ledger", "update-index")
    equal(done.returncode, 2)
    assert "not encrypted with the configured key" in done.stderr and "rebuild-index" in done.stderr, done.stderr
    index(front, "rebuild-index")
    agree(front)
    equal(index(front, "check-index")[0]["differences"], 0)

    # One that was made with a key which nobody has any more, beside the ledger that was not.
    ledger, aside = front.guard.folder / "ledger", front.guard.folder / "aside"
    shutil.copytree(ledger, aside)
    front.guard.config["ledger"]["key_file"] = [key_file("third.key", "66"), other, one]
    front.guard.write()
    index(front, "rebuild-index")
    shutil.copy(folder / "now" / "data.mdb", aside / "index" / "now" / "data.mdb")
    shutil.rmtree(ledger)
    aside.rename(ledger)
    front.guard.config["ledger"]["key_file"] = [other, one]
    front.guard.write()
    done = front.guard.run("scope", "--json")
    equal((done.returncode, json.loads(done.stdout)), (0, right[0]))
    assert "not encrypted with a configured key" in done.stderr and "rebuild-index" in done.stderr, done.stderr


@test(gateway=True, limit=60)
def test_encrypted_from_now_on():
    """An index that is not encrypted does not stay where the ledger is from now on"""
    front = shop.front("unveiled", more={"ledger": {"directory": "./ledger"}})
    data = front.guard.folder / "ledger" / "index" / "now" / "data.mdb"
    traffic(front, "one")
    index(front, "rebuild-index")
    front.stop()
    assert b"phone" in data.read_bytes()
    front.guard.config["ledger"]["key_file"] = key_file("late.key", "55")
    front.guard.write()
    mark = front.guard.mark()
    front.guard.start()
    made = front.guard.wait("index_made", start=mark)
    equal(made["why"], "the one there was is not encrypted as the ledger is")
    assert b"phone" not in data.read_bytes()
    traffic(front, "two")
    agree(front)
    front.stop()


if __name__ == "__main__":
    harness.main()
