#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scan --import: logs from before pasu was there become exposures of the ledger, which scope, subject and export
answer from, beside what a gateway recorded; both verifiers take them; and nothing counts twice."""
import gzip
import hashlib
import json
import os
import pathlib
import subprocess

import guard
import harness
import ledgerfile
import shop
from process import until
from stage import equal, test
from test_signed import ledger, verify

PIECE = 64 << 10
MAP = """\
subjects: {customer: {}}
routes:
  - {path: '/api/members/{customer}/addresses', fields: [name, address]}
  - {path: '/files/{customer}', fields: [phone]}
statements:
  - {sql: 'SELECT name FROM customers WHERE id IN ({customer})', fields: [name]}
"""


def line(second, user, key, status=200, path="/api/members/{}/addresses", address="203.0.113.7"):
    return (f'{address} - {user} [01/Jun/2026:{10 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02} +0000] "GET {path.format(key)} HTTP/1.1"'
            f' {status} 512 "-" "crawler/1.0"\n').encode()


@harness.shared
def front():
    """A gateway that has shown one customer, and was stopped."""
    made = shop.front("imports")
    with made.login(user="app") as session:
        session.query("SELECT name FROM customers WHERE id = 1287")
    made.stop()
    return made


def place(name, content):
    at = front().guard.folder / name
    at.write_bytes(content if isinstance(content, bytes) else content.encode())
    return at


def said(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return dict(entry.split(":\t", 1) for entry in text.splitlines())


def imported(*logs, status=0):
    done = guard.run("scan", "--import", "-c", front().guard.path, "--map", place("map.yaml", MAP), "--json", *logs)
    equal((done.returncode, done.stderr), (status, ""), done.stdout)
    return json.loads(done.stdout)


def scope(*words):
    return front().guard.json("scope", *words)[0]


def interval(answer):
    return answer["subjects"]["customer"]["at_least"], answer["subjects"]["customer"]["at_most"]


def exported(*words):
    return front().guard.json("ledger", "export", "--keys", *words)


# 4,000 views of 2,000 members by three accounts; then misses, one that may have been shown, and a key that is a text.
LOG = b"".join(line(number, f"clerk{number % 3}", 100000 + number % 2000) for number in range(4000))
MORE = (b"".join(line(4000 + number, "clerk0", 900000 + number, 404) for number in range(5)) + line(4010, "clerk1", 777, 304)
        + line(4011, "clerk2", "kim", path="/files/{}"))


@test(gateway=True)
def test_answers():
    """scope, subject and export answer on the log, with who, from where, since when; what is not sure counts in at_most"""
    equal(interval(scope()), (1, 1))
    log = place("access.log", LOG + MORE)
    told = imported(log)
    equal({key: told[key] for key in ("views", "misses", "accounts", "already", "unparsed")},
          {"views": 4002, "misses": 5, "accounts": 3, "already": 0, "unparsed": 0})
    equal(told["persons"], {"at_least": 2000, "at_most": 2002})
    after = scope("--from", "2026-06-01", "--to", "2026-06-01")
    equal(interval(after), (2000, 2002))
    equal((sorted(after["principals"]), after["statements"]), (["clerk0", "clerk1", "clerk2"], 4007))
    equal((after["first"][:19], after["fields"]["name"]), ("2026-06-01T10:00:00", {"at_least": 2000, "at_most": 2001, "clarity": "clear"}))
    equal(scope()["subjects"]["customer"]["at_least"], 2001)
    equal(scope("--principal", "clerk0", "--source", "203.0.113.0/24")["subjects"]["customer"]["at_least"],
          len({number % 2000 for number in range(4000) if number % 3 == 0}))
    shown = front().guard.json("subject", "100005", "--kind", "customer")
    assert "clerk2" in json.dumps(shown) and "2026-06-01" in json.dumps(shown), shown
    lines = [found for found in exported() if "imported" in found["flags"]]
    equal(sum(found.get("statements", 1) for found in lines), 4007)
    first = lines[0]
    equal((first["principal"], first["source"]["address"], first["sql"], first["subjects"]["customer"]["keys"], first["time"][:19]),
          ("clerk0", "203.0.113.7", "/api/members/{customer}/addresses", [100000], "2026-06-01T10:00:00"))
    verify(front())


@test(gateway=True)
def test_evidence():
    """Each piece that exposures came from is in the ledger with its place and its SHA-256"""
    records = [payload for _, kind, payload in ledgerfile.records(ledger(front())) if kind == 44]
    content, digests, exposures = LOG + MORE, [], 0
    for record in records[:-1]:
        begin, end = (int.from_bytes(record[at:at + 8], "little") for at in (0, 8))
        equal(record[56:88], hashlib.sha256(content[begin:end]).digest())
        exposures += int.from_bytes(record[48:56], "little")
        digests.append(record[56:88])
    equal((exposures, len(digests)), (4007, -(-len(content) // PIECE)))
    equal(records[-1][56:88], hashlib.sha256(b"".join(digests)).digest())


@test(gateway=True)
def test_twice():
    """The same log again counts nothing, also under another name and compressed; one that has grown, what is new"""
    before = scope()
    for log in (place("access.log", LOG + MORE), place("again.log.gz", gzip.compress(LOG + MORE))):
        told = imported(log, status=1)
        equal((told["views"], told["already"]), (0, 4007))
    equal(scope()["statements"], before["statements"])
    told = imported(place("access.log", LOG + MORE + line(4100, "clerk0", 55)))
    equal((told["views"], told["already"], told["persons"]), (1, 4007, {"at_least": 1, "at_most": 1}))
    equal(scope()["subjects"]["customer"]["at_least"], before["subjects"]["customer"]["at_least"] + 1)
    verify(front())


@test(gateway=True)
def test_line_that_had_no_end():
    """A line that was half written when its log was imported is there once the log has grown, and what stood before it counts once"""
    lines = b"".join(line(4150 + number, "clerk1", 57) for number in range(200))
    last = line(4400, "clerk1", 58)
    told = imported(place("live.log", lines + last[:30]))
    equal((told["views"], told["already"], told["unparsed"]), (200, 0, 1))
    told = imported(place("live.log", lines + last))
    equal((told["views"], told["already"], told["unparsed"]), (1, 200, 0))
    equal(front().guard.json("subject", "--kind", "customer", "58")[-1]["shown"], 1)


@test(gateway=True)
def test_unparsed():
    """More than one line in a hundred that could not be read is loud; what could be is there"""
    log = place("half.log", line(4500, "clerk1", 59) + b"what is this?\n" + line(4501, "clerk1", 60))
    done = guard.run("scan", "--import", "-c", front().guard.path, "--map", place("map.yaml", MAP), log)
    equal((done.returncode, done.stdout.splitlines()[0]), (3, "2 views by 1 account, of 2 persons"), done.stderr)
    assert "1 of 3 lines could not be read: what they show is not in the ledger" in done.stderr, done.stderr


@test(gateway=True)
def test_database():
    """A database's log: whom its statements name counts in at_most, for no such log says how many rows came"""
    said = "".join(f"2026-05-01 10:00:0{second}.000 UTC [77] batch@shop LOG:  statement: SELECT name FROM customers WHERE id IN (41, 42, 43)\n"
                   for second in range(3))
    told = imported(place("postgresql.log", said))
    equal((told["views"], told["persons"], told["accounts"]), (3, {"at_least": 0, "at_most": 3}, 1))
    of_batch = scope("--principal", "batch")
    equal(of_batch["subjects"]["customer"]["at_least"], 0)
    assert of_batch["subjects"]["customer"]["at_most"] >= 3, of_batch


@test(gateway=True)
def test_again():
    """Who may have been shown again and again is one person, each key as it is written"""
    lines = (b"".join(line(4600 + number, "clerk1", 88, 304) for number in range(5)) + line(4610, "clerk1", 89) + line(4611, "clerk2", 89, 304)
             + line(4612, "clerk1", "0089", 304) + line(4613, "clerk1", "lee", path="/files/{}") * 2)
    # twice as long as a piece, so that some is forgotten before the end
    lines += b"".join(line(4620 + number % 50, "clerk1", 88 + number % 2, 304) for number in range(1500))
    told = imported(place("again.log", lines))
    equal((told["views"], told["persons"]), (1510, {"at_least": 1, "at_most": 4}))
    told = imported(place("again.log", lines + line(4700, "clerk1", 89, 304)))
    equal((told["views"], told["already"], told["persons"]), (1, 1510, {"at_least": 0, "at_most": 1}))


@test(gateway=True)
def test_sandboxed():
    """While it reads it can open no file but those in the logs' folders and the ledger's, and has no descriptor and no system call that it does not need"""
    folder, elsewhere = front().guard.folder / "logs", place("elsewhere.log", line(5000, "mallory", 600))
    folder.mkdir()
    log = folder / "own.log"
    log.write_bytes(line(5001, "clerk1", 601))
    command = [harness.PASU, "scan", "--import", "-c", front().guard.path, "--map", place("map.yaml", MAP), "--json", "-", log]
    with open(elsewhere, "rb") as other, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                                          pass_fds=[other.fileno()]) as process:
        until(lambda: said(process)["Seccomp"] == "2", "the filter of an import")
        equal(said(process)["NoNewPrivs"], "1")
        held = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd") if int(number) > 2}
        assert all(name.startswith(str(ledger(front()))) for name in held), held
        log.unlink()
        log.symlink_to(elsewhere)
        out, err = process.communicate(line(5002, "clerk1", 602) * 100, timeout=60)
    equal((process.returncode, json.loads(out)["views"]), (2, 100), err)
    assert b"own.log: permission denied" in err, err
    exported_now = json.dumps(exported("--from", "2026-06-01", "--to", "2026-06-01"))
    assert "mallory" not in exported_now and "clerk1" in exported_now
    verify(front())


@test(gateway=True)
def test_beside_a_guard():
    """A running guard keeps its ledger: the import says so and writes nothing; then the guard goes on where it was"""
    front().guard.start()
    done = guard.run("scan", "--import", "-c", front().guard.path, "--map", place("map.yaml", MAP), place("other.log", line(9, "eve", 5)))
    equal((done.returncode, done.stdout), (2, ""))
    assert "a guard writes to this ledger" in done.stderr, done.stderr
    done = guard.run("scan", "--import", "--map", place("map.yaml", MAP), place("other.log", line(9, "eve", 5)))
    equal((done.returncode, done.stdout), (2, ""))
    assert "give -c FILE" in done.stderr, done.stderr
    with front().login(user="app") as session:
        session.query("SELECT name FROM customers WHERE id = 1294")
    front().stop()
    equal(interval(scope("--principal", "app")), (2, 2))
    verify(front())


harness.main()
