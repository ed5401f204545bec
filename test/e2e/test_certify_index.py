#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A certificate is the same, byte by byte, with the ledger's index and without it."""
import itertools
import json
import re
import shutil
import socket
import struct
import threading

import guard
import harness
import ledgerfile
import ledgerwriter
import shop
from ledgerwriter import BEGIN, exposure, part, text, vocabulary
from stage import equal, test
import verifier

DAY = 86400 * 10**9
NAMES = vocabulary([b"name", b"phone", b"email"], [b"customer", b"recipient"])
LATER = vocabulary([b"email", b"name", b"phone"], [b"recipient", b"customer"])
numbers = itertools.count()
CONFIG = """
gateway: {{listen: 127.0.0.1:1, upstream: 127.0.0.1:2}}
ledger: {{directory: {0}/ledger}}
control: {0}/control.sock
subjects: {{customer: {{table: public.customers, key: id}}}}
personal_data:
  - {{table: public.customers, subject: customer, key: id, fields: {{name: name, phone: phone, email: email}}}}
"""


class Days(ledgerwriter.Ledger):
    """Records are of the present moment, which moves on."""
    now = BEGIN

    def add(self, kind, payload=b"", public=None, time=None):
        self.now += 10**9
        return super().add(kind, payload, public, self.now if time is None else time)

    def session(self, number, name):
        return self.add(6, struct.pack("<QQHBB", number, self.now, 5432, 1, 0) +
                        b"".join(map(text, ("g", name, "shop", "psql", "192.0.2.1"))))

    def explain(self, names):
        self.add(11, names)
        self.taken(1)

    def show(self, *parts, session=64, names=NAMES, time=None, verb=None, statements=1):
        shown = self.expose(exposure(*parts, session=session, time=time or self.now, verb=verb, statements=statements,
                                     names=struct.unpack("<I", names[:4])[0]))
        self.taken(1)
        return shown


def story():
    """40 days, a segment each. 42 is shown on several, 50 on the last two, 60 is sought, 70 is a recipient of that number,
    80 is shown at the end of the day before an index of 38 days ends, by a statement that goes on."""
    made = Days()
    made.explain(NAMES)
    made.session(64, "alice")
    lists = {}
    for day in range(40):
        made.now = BEGIN + day * DAY
        made.cut()
        names = NAMES if day < 25 else LATER
        customer = 0 if day < 25 else 1
        made.show(part([1000 + day, 2000 + day]), names=names)
        if day in (3, 17, 18, 30, 37, 39):
            lists[day] = made.show(part([7, 42, 90 + day], kind=customer), names=names)
        if day == 5:
            made.show(part([4], [60, 42]))
        if day == 10:
            made.open(lists[3], [7, 42, 93])
        if day == 12:
            made.add(7, struct.pack("<QQII4Q", 64, made.now, 0, 0, 1, 6, 100, 900))
            made.session(66, "carol")
        if day == 17:
            made.session(65, "bob")
            made.show(part(range(30, 60)), part([42], kind=1), session=65)
            made.show(part([42, 43]), session=99)  # nobody opened
        if day == 20:
            made.add(5, struct.pack("<QQII", 3, made.now - 10**9, 28, 0))
        if day == 22:
            made.add(4)
            made.add(3)
        if day == 24:
            made.explain(LATER)
            made.show(part([42, 44]), session=66, time=made.now - 2 * DAY)  # recorded late
        if day == 28:
            made.open(lists[3], [7, 42, 93], seed=bytes(range(1, 33)))
            made.open(lists[17], [7, 42, 107])
        if day == 36:
            made.show(part([70], kind=0), names=LATER)
        if day == 37:
            made.show(part([80, 81], kind=1), session=66, names=LATER)
        if day >= 38:
            lists[day, 50] = made.show(part([50, 51], kind=1), session=66, names=LATER)
            made.open(lists[day, 50], [50, 51])
    return made


CHANGED = "is not any more what it was when it was indexed"
PERSONS = ("42", "50", "60", "70", "80", "1007", "999999")


def save(made):
    folder = harness.folder() / f"days{next(numbers)}"
    made.save(folder / "ledger")
    (folder / "pasu.yaml").write_text(CONFIG.format(folder))
    return folder


def rebuild(folder):
    done = guard.run("ledger", "rebuild-index", "-c", folder / "pasu.yaml", timeout=60)
    equal(done.returncode, 0, done.stderr)


def indexed(days=None):
    """The story's folder, with an index of the first days."""
    made = story()
    if days is None:
        folder = save(made)
        rebuild(folder)
        return folder
    whole, first = save(made), story()
    end = first.segments[days][0]
    del first.segments[days:], first.entries[end:]
    first = save(first)
    rebuild(first)
    shutil.copytree(first / "ledger" / "index", whole / "ledger" / "index")
    return whole


def certificate(folder, key, *words):
    """Exit status, the document but for when it was made, and what else was said."""
    done = guard.run("certify", "-c", folder / "pasu.yaml", *words, "--", key, timeout=60)
    said = [line for line in done.stderr.splitlines() if "was asked" not in line and "not signed" not in line
            and "hint:" not in line]
    return done.returncode, re.sub(r'"made":"[^"]*"', '"made":""', done.stdout), said


def same(got, due, what):
    """Two answers of certificate."""
    at = next((at for at, (one, other) in enumerate(zip(got[1], due[1])) if one != other), -1)
    assert got[:2] == due[:2], (what, got[0], due[0], got[2], at, got[1][max(0, at - 100):at + 100], due[1][max(0, at - 100):at + 100])


def agree(folder, *more, persons=PERSONS):
    """{key: body}"""
    found = {}
    for key in persons:
        status, document, said = certificate(folder, key, *more)
        assert status in (0, 1), said
        same((status, document, said), certificate(folder, key, "--no-index", *more), key)
        equal(said, [], key)
        found[key] = json.loads(document)["certificate"]
    return found


def well(folder, document):
    path = folder / "document"
    path.write_text(document, encoding="utf-8")
    status, found, _ = verifier.run("--certificate", path, "--key", json.loads(document)["certificate"]["verifier_key"])
    equal((status, verifier.faults(found)), (2, []))  # 2: it is not signed as a whole


def segment(folder, day):
    return ledgerfile.segments(folder / "ledger")[day + 1][0]


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@test
def test_with_an_index_of_all_and_of_a_part():
    for days in (None, 38, 18):
        folder = indexed(days)
        found = agree(folder)
        equal([len(found[key]["showings"]) for key in ("42", "50", "1007", "999999")], [2, 2, 0, 0])
        equal([one["opening"] is not None for one in found["42"]["showings"]], [True, True])
        equal((found["42"]["summary"]["shown"], found["60"]["summary"]["missed"], found["80"]["summary"]["shown"]), (9, 1, 1))
        agree(folder, "--from", "2026-01-04T12:00:00Z", "--to", "2026-01-31T00:00:10Z", persons=("42", "1007"))
        for key in ("42", "50", "999999"):
            well(folder, re.sub(r'"made":""', '"made":"2026-01-01T00:00:00Z"', certificate(folder, key)[1]))


@test
def test_days_that_do_not_show_the_person_are_looked_at_too():
    """What was damaged there since the index was made: the certificate names it as a gap"""
    folder = indexed()
    right = {key: certificate(folder, key, "--no-index") for key in ("42", "999999")}
    flip(segment(folder, 11), 64 + 40)
    for key, due in right.items():
        got = certificate(folder, key)
        same(got, certificate(folder, key, "--no-index"), key)
        assert got[1] != due[1] and len(got[2]) == 1 and CHANGED in got[2][0], got[2]


@test
def test_damage():
    """Before the index was made, since then on a day that shows the person, and of what such a day refers to"""
    folder = save(story())
    flip(segment(folder, 17), 64 + 40)
    rebuild(folder)
    found = agree(folder, persons=("42", "1007"))
    assert any(gap["what"] == "damaged" for gap in found["1007"]["completeness"]["gaps"]), found
    folder = indexed()
    flip(segment(folder, 17), 64 + 40)
    _, document, said = certificate(folder, "42")
    gaps = json.loads(document)["certificate"]["completeness"]["gaps"]
    assert any(gap["what"] == "damaged" for gap in gaps) and len(said) == 1 and CHANGED in said[0], (gaps, said)
    for kind in (6, 11):  # a session, names
        folder = indexed()
        path = segment(folder, -1)
        flip(path, next(at for at, _, found, _ in ledgerfile.walk(path) if found == kind) + 40)
        got = certificate(folder, "42")
        same(got, certificate(folder, "42", "--no-index"), kind)
        said = got[2]
        assert len(said) == 1 and CHANGED in said[0], said


@test
def test_an_index_of_another_ledger_or_that_is_damaged():
    folder, other = indexed(), Days()
    other.explain(NAMES)
    other.show(part([42]))
    other = save(other)
    rebuild(other)
    data = folder / "ledger" / "index" / "now" / "data.mdb"
    mine = data.read_bytes()
    for forged in ((other / "ledger" / "index" / "now" / "data.mdb").read_bytes(), mine.replace(b"phone", b"phonf")):
        assert forged != mine
        data.write_bytes(forged)
        for key in ("42", "1007"):
            same(certificate(folder, key), certificate(folder, key, "--no-index"), key)


def forge(folder, key, record):
    """Another number under a key of the index."""
    data = folder / "ledger" / "index" / "now" / "data.mdb"
    file = data.read_bytes()
    equal(file.count(key), 1, key)
    begin = file.index(key)
    end = begin + len(key) + 1
    equal(file[end:end + 4], struct.pack("<I", ledgerfile.crc32c(file[begin:end])))
    forged = key + bytes([record])
    data.write_bytes(file[:begin] + forged + struct.pack("<I", ledgerfile.crc32c(forged)) + file[end + 4:])


@test
def test_an_index_that_names_other_records_is_not_believed():
    """With checksums that fit"""
    first = save(story())
    later = [index for index, kind, _ in ledgerfile.records(first / "ledger") if kind == 11][1]
    shown = json.loads(certificate(first, "42")[1])["certificate"]["showings"]
    opening = b"L" + struct.pack(">QBB", shown[0]["exposure"], 0, 0)
    for key, record in ((b"W" + NAMES[:4][::-1], later), (opening, shown[1]["opening"]), (opening, 3)):
        folder = indexed()
        forge(folder, key, record)
        got = certificate(folder, "42")
        same(got, certificate(folder, "42", "--no-index"), key)
        assert len(got[2]) == 1 and "index does not fit" in got[2][0], got[2]


class Keeper:
    """Answers the control socket as a keeper with nothing to say. The second time that it is asked for a checkpoint it takes
    the ledger's note of one away, and has none."""
    CHECKPOINT, END, DAMAGED = 17, 4, -987

    def __init__(self, folder):
        self.note, self.asked = folder / "ledger" / "checkpoint", 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / "control.sock"))
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                verb = struct.unpack_from("<I", connection.recv(4096), 8)[0]
                connection.sendall(struct.pack("<IIiIQ", self.END, 16, self.error(verb), 0, 0))

    def error(self, verb):
        if verb != self.CHECKPOINT:
            return 0
        self.asked += 1
        if self.asked < 2:
            return 0
        self.note.unlink()
        return self.DAMAGED

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@test
def test_what_fails_once_the_ledger_is_read_instead_is_not_the_index_s_fault():
    """The index is found wrong; then there is nothing to prove with: no certificate, which is said"""
    folder = indexed()
    later = [index for index, kind, _ in ledgerfile.records(folder / "ledger") if kind == 11][1]
    forge(folder, b"W" + NAMES[:4][::-1], later)
    keeper = Keeper(folder)
    done = guard.run("certify", "-c", folder / "pasu.yaml", "--", "42", timeout=60)
    keeper.close()
    equal((keeper.asked, done.returncode, done.stdout), (2, 2, ""), done.stderr)
    assert "index does not fit" in done.stderr and "could not be made" in done.stderr, done.stderr


@test(gateway=True, limit=120)
def test_of_a_guard_s_ledger():
    """Keys that are texts, one that was erased, and what came behind the index; signed, and on a copy, to which nothing
    is added"""
    front = shop.front("indexed")

    def play(*statements):
        with front.login(user="app") as session:
            for sql in statements:
                session.query(sql)
            session.terminate()
        front.guard.until_sessions(0)

    persons = [("customer", "1287"), ("customer", "1294"), ("customer", "1301"), ("customer", "999"),
               ("account", "plain5"), ("account", "plain11")]
    play("SELECT id, name FROM customers WHERE id IN (1287, 1294)", "SELECT login, name FROM accounts")
    done = front.guard.run("certify", "--kind", "customer", "1294")
    equal(done.returncode, 0, done.stderr)
    equal(front.guard.run("erase", "--why", "asked", "plain11").returncode, 0)
    equal(front.guard.run("ledger", "rebuild-index", timeout=60).returncode, 0)
    play("SELECT id, name FROM customers WHERE id IN (1287, 1301)", "SELECT name FROM accounts WHERE login = 'plain5'")
    for kind, key in persons:
        done = front.guard.run("certify", "--kind", kind, key)
        assert done.returncode in (0, 1) and not done.stderr, done
        path = harness.folder() / f"signed{next(numbers)}"
        path.write_text(done.stdout, encoding="utf-8")
        body = json.loads(done.stdout)["certificate"]
        status, found, _ = verifier.run("--certificate", path, "--key", body["verifier_key"])
        equal((status, verifier.faults(found), body["unproven"]), (0, [], []))
    front.stop()
    copied = harness.folder() / "of-a-guard"
    shutil.copytree(front.guard.folder, copied, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    config = copied / "pasu.yaml"
    config.write_text(config.read_text().replace(str(front.guard.folder), str(copied)))
    shown = {}
    for kind, key in persons:
        shown[key] = agree(copied, "--kind", kind, persons=(key,))[key]["summary"]["shown"]
    equal([shown[key] for _, key in persons], [2, 1, 1, 0, 2, 1])


@test(limit=60)
def test_a_record_of_several_statements_shows_at_least_one():
    """subject counts records; where one is of several alike statements it says that there can have been more, with the index and without"""
    made = Days()
    made.explain(NAMES)
    made.session(64, "alice")
    made.show(part([42, 43]), statements=3)
    made.show(part([44]))
    folder = save(made)
    for prepare in (lambda: None, lambda: rebuild(folder)):
        prepare()
        for key, more in (("42", True), ("44", False)):
            page = guard.run("subject", "-c", folder / "pasu.yaml", key).stdout
            equal(("shown by 1 statement," in page, "or more: alike ones" in page), (True, more), key)
            lines = guard.run("subject", "--json", "-c", folder / "pasu.yaml", key).stdout.splitlines()
            equal((json.loads(lines[-1])["shown"], json.loads(lines[-1])["or_more"]), (1, more), key)
            check_certificate(folder, key, more)


def check_certificate(folder, key, more):
    """Of the same: its summary, its words in both languages, the line of who made it and of who checks it."""
    path = harness.folder() / f"alike{next(numbers)}"
    done = guard.run("certify", "-c", folder / "pasu.yaml", "-o", path, key)
    body = json.loads(path.read_text(encoding="utf-8"))["certificate"]
    equal((body["summary"]["shown"], body["summary"]["or_more"]), (1, more))
    equal([any(words in text for text in body["explanation"][language]) for language, words in (("en", "at least how many times"), ("ko", "적어도 그만큼"))],
          [more, more])
    equal("shown by at least 1 statement;" in done.stdout, more, done.stdout)
    _, found, _ = verifier.run("--certificate", path, "--key", body["verifier_key"])
    equal([text.startswith("at least ") for text in (line["text"] for line in found) if "statements showed the person" in text], [more])


if __name__ == "__main__":
    harness.main()
