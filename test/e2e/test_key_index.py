#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that are texts, or sealed, are found by the ledger's index as by reading all of the ledger."""
import json
import re
import shutil

import guard
import harness
import ledgerfile
import shop
from directory import Directory
from ledgerwriter import BEGIN, crc32c, part
from stage import equal, test
from test_certify_index import CONFIG, DAY, NAMES, Days, certificate, flip, numbers, rebuild, same, segment

KEYS = ("kim", "lee", "user1", "user12", "user15", "nobody", "42")


def story():
    """16 days, a segment each; on each day somebody of their own, on some kim; lee is explained a day after she was shown,
    kim again and again, and once as somebody else, which does not count."""
    made, directory = Days(), Directory()
    made.explain(NAMES)
    made.session(64, "alice")

    def enter(text, ordinal=None):
        entered = made.add(12, directory.entry(text, ordinal))
        made.taken(1)
        return entered

    kim = None
    for day in range(16):
        made.now = BEGIN + day * DAY
        made.cut()
        persons = [f"user{day}"] + ["kim"] * (day in (3, 9, 13)) + ["lee"] * (day in (5, 15))
        if day == 3:
            kim = enter("kim")
        if day in (6, 14):
            enter("lee")
            enter("kim")
        if day in (7, 13):
            enter("nobody", directory.ordinal("kim"))
        enter(f"user{day}")
        made.show(part([directory.ordinal(text) for text in persons]))
    return made, directory, kim


def save(days=None):
    """The story's folder, with an index of the first days; and kim's record."""
    made, directory, kim = story()
    folder = harness.folder() / f"keys{next(numbers)}"
    made.save(folder / "ledger")
    directory.save(folder / "ledger")
    (folder / "pasu.yaml").write_text(CONFIG.format(folder))
    if days is not None:
        first, *_ = story()
        end = first.segments[days][0]
        del first.segments[days:], first.entries[end:]
        early = folder / "early"
        first.save(early / "ledger")
        (early / "pasu.yaml").write_text(CONFIG.format(early))
    source = early if days is not None else folder
    done = guard.run("ledger", "rebuild-index", "-c", source / "pasu.yaml", timeout=60)
    equal(done.returncode, 0, done.stderr)
    if days is not None:
        shutil.copytree(early / "ledger" / "index", folder / "ledger" / "index")
    return folder, kim


def ask(folder, *words):
    """The answer without what it says of how it was asked."""
    done = guard.run(*words[:1], "-c", folder / "pasu.yaml", "--json", *words[1:], timeout=60)
    assert done.returncode in (0, 1), done
    return done.returncode, done.stdout


def answers(folder, *more):
    """{question: answer}, and that certificates are the same."""
    found = {"list": ask(folder, "scope", "--list", *more)}
    for key in KEYS:
        found[key] = ask(folder, "subject", *more, "--", key)
        found["certify", key] = certificate(folder, key, *more)[:2]
    return found


def agree(found, due, what=""):
    """Two of answers()."""
    for question, answer in due.items():
        equal(found[question], answer, f"{what} {question}")


def shown(found, key):
    return json.loads(found[key][1].splitlines()[-1])["shown"]


@test
def test_as_by_reading():
    """With an index of all, of a part, and of what knows nobody, each is found, and called what they are called"""
    for days in (None, 14, 6, 2):
        folder, _ = save(days)
        found = answers(folder)
        agree(found, answers(folder, "--no-index"), days)
        equal([shown(found, key) for key in KEYS], [3, 2, 1, 1, 1, 0, 0])
        persons = json.loads(found["list"][1])["subjects"]["customer"]["keys"]
        equal(sorted(persons), sorted(["kim", "lee"] + [f"user{day}" for day in range(16)]))
        equal(guard.run("ledger", "update-index", "-c", folder / "pasu.yaml").returncode, 0)
        agree(answers(folder), found, "brought up to date")
        done = guard.run("ledger", "check-index", "-c", folder / "pasu.yaml", "--json")
        equal((done.returncode, json.loads(done.stdout)["differences"]), (0, 0))


def lock(path):
    """From now on nobody can read the segment: it says that it is encrypted, and there is no key."""
    data = bytearray(path.read_bytes())
    data[12] |= 1
    data[60:64] = crc32c(bytes(data[:60])).to_bytes(4, "little")
    path.write_bytes(data)


@test
def test_not_by_reading():
    """What is not needed for the answer is not read: who reads all of the ledger does not come to its end"""
    folder, _ = save()
    before = ("scope", "--list", "--to", "2026-01-09T00:00:00Z")
    right = {**answers(folder), "list": ask(folder, *before)}
    lock(segment(folder, 8))
    for key in KEYS:
        equal(ask(folder, "subject", "--", key), right[key], key)
        same(certificate(folder, key), right["certify", key], key)
    equal(ask(folder, *before), right["list"])
    for words in (before, *((word, "--", key) for word in ("subject", "certify") for key in KEYS)):
        done = guard.run(words[0], "-c", folder / "pasu.yaml", "--no-index", *words[1:])
        equal(done.returncode, 2, words)
        assert "cannot read the ledger" in done.stderr, done


def but_damaged(answer):
    """The answer without the gap that it must have: a damaged place."""
    text, count = re.subn(r'"gaps":\[\{"what":"damaged"[^]]*\]', '"gaps":[]', answer[1])
    assert count == 1, answer
    return (answer[0], text, *answer[2:])


@test
def test_what_is_found_must_be_so():
    """An entry that is damaged by now is not told from the index: the ledger is read, has the later one, and says what is damaged"""
    folder, kim = save()
    right = answers(folder)
    path = segment(folder, 3)
    offset = next(at for at, number, _, _ in ledgerfile.walk(path) if number == kim)
    flip(path, offset + 40)
    for key in ("kim", "user12"):
        equal(but_damaged(ask(folder, "subject", "--", key))[1], right[key][1], key)
        same(but_damaged(certificate(folder, key)), right["certify", key], key)
    equal(but_damaged(ask(folder, "scope", "--list"))[1], right["list"][1])


@test
def test_forged():
    """A value of the directory that is not what was written is said to be so, and the ledger is read instead"""
    folder, _ = save()
    right = ask(folder, "subject", "--", "kim")
    data = folder / "ledger" / "index" / "now" / "data.mdb"
    file = bytearray(data.read_bytes())
    at = file.find(b"U\x00\x00\x00\x00")
    assert at > 0
    file[at + 8] ^= 1
    data.write_bytes(file)
    done = guard.run("subject", "-c", folder / "pasu.yaml", "--json", "--", "kim")
    equal((done.returncode, done.stdout), right)
    equal(done.stderr.count("index is damaged"), 1)
    assert guard.run("ledger", "check-index", "-c", folder / "pasu.yaml").returncode != 0


@test
def test_deleted_by_age():
    """Entries that were carried over from segments that are deleted are found where they stand now, with an index that was
    made before, which is of no use any more, and with one that was made since"""
    made, directory, _ = story()
    behind = made.segments[9][0]
    made.cut()
    for kinds in ((12,), (6, 11)):
        carried = len(made.entries)
        for entry in made.entries[:behind]:
            if entry[16] in kinds:
                made.carry(entry)
    made.prune(behind, carried=carried)
    folder = harness.folder() / f"keys{next(numbers)}"
    made.save(folder / "ledger")
    directory.save(folder / "ledger")
    (folder / "pasu.yaml").write_text(CONFIG.format(folder))
    rebuild(folder)
    for path, _ in ledgerfile.segments(folder / "ledger"):
        if int(path.stem) < behind:
            path.unlink()
    for _ in range(2):
        found = answers(folder)
        agree(found, answers(folder, "--no-index"))
        equal([shown(found, key) for key in KEYS], [0, 1, 0, 1, 1, 2, 0])  # another entry counts: that of day 13
        rebuild(folder)
    lock(segment(folder, 2))
    for key in ("lee", "nobody", "user1"):
        equal(ask(folder, "subject", "--", key), found[key], key)


PERSONS = (("account", "plain5"), ("account", "O'Neil 2"), ("member", "{member}"), ("customer", "1042"), ("account", "nobody"))


@test(gateway=True, limit=120)
def test_of_a_guard():
    """Texts, UUIDs and sealed numbers that came through pasu, in the index, behind it, and erased"""
    subjects = {**shop.CONFIG["subjects"], "customer": {"table": "public.customers", "key": "id", "directory": "sealed"}}
    front = shop.front("entries", more={"subjects": subjects})
    member = shop.keys("members", "id")[7]

    def ask_both(*names):
        for words in (("scope", "--list"), *(("subject", "--kind", kind, key.format(member=member)) for kind, key in PERSONS)):
            for _ in range(3):  # a census may be recorded between two answers
                one, other = [guard.run(*words[:1], "-c", front.guard.path, "--json", *words[1:], *more).stdout
                              for more in ((), ("--no-index",))]
                if one == other:
                    break
            equal(one, other, words)
            assert words[0] != "scope" or all(json.dumps(name) in one for name in names), one

    def traffic(*questions):
        with front.login(user="app") as session:
            for sql in questions:
                session.query(sql)
        front.guard.until_sessions(0)

    def index(action):
        done = front.guard.run("ledger", action, "--json", timeout=60)
        equal((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    traffic("SELECT login, name FROM accounts WHERE login LIKE 'plain%'", "SELECT id, name FROM customers WHERE id > 3000")
    index("rebuild-index")
    ask_both("plain5")
    traffic("SELECT login, name FROM accounts", f"SELECT name FROM members WHERE id = '{member}'",
            "SELECT name FROM customers WHERE id < 1100")
    ask_both("plain5", "O'Neil 2", member)
    index("update-index")
    ask_both("plain5", "O'Neil 2", member)
    equal(index("check-index")["differences"], 0)
    done = front.guard.run("erase", "plain5", "--why", "asked for")
    equal(done.returncode, 0, done.stderr)
    ask_both("O'Neil 2")
    assert '"plain5"' not in guard.run("scope", "--list", "-c", front.guard.path, "--json").stdout
    index("update-index")
    ask_both("O'Neil 2", member)
    traffic("SELECT id, name FROM customers")  # more than are looked for one by one
    ask_both("O'Neil 2", member)
    front.stop()
    ask_both("O'Neil 2", member)


if __name__ == "__main__":
    harness.main()
