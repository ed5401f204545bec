#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu fingerprint: a bundle by which a platform recognises leaked rows and cannot list them, its questions by prefix, and what the ledger has of both. What
the bundle holds is read by the layout of docs/spec/fingerprint.md alone."""
import hashlib
import json
import pathlib
import struct
import subprocess

import harness
import inspector
import messy
import postgres
import shop
import stage
from stage import equal, test

OURS = messy.persons(1500, seed=1)
OTHERS = messy.persons(300, seed=2, start=50000)
CONFIG = {
    "subjects": {"customer": {"table": "public.customers", "key": "id"}},
    "personal_data": [shop.personal("customers", "customer", "id", {"name": "name", "tel": "phone", "mail": "email", "code": "code"})],
    "identity": ["public.customers.tel", "public.customers.mail", "public.customers.code"],
}
CHEAP = ("--mem", "8KiB")
FOR = ("--who", "market.example", "--why", "case 7")


@harness.shared
def place():
    """1,500 customers, one of them without a number, one with a number that is none; and a guard."""
    server = postgres.Server(harness.folder(), "fingerprint")
    people = ", ".join(f"({p.number}, '{p.name}', '{messy.dialled(p.phone)}', '{p.email}', 'c{p.number}')" for p in OURS)
    server.sql(f"""CREATE ROLE app LOGIN; CREATE TABLE customers (id int PRIMARY KEY, name text, tel text, mail text, code text);
        INSERT INTO customers VALUES {people}; INSERT INTO customers VALUES (9001, 'x', NULL, E'tab\\\\\\t@x.kr', NULL), (9002, 'y', 'none', 'y@y.kr', 'c');
        GRANT SELECT ON customers TO app; ANALYZE""")
    asked = inspector.install(server)
    server.sql("GRANT SELECT ON customers TO pasu")
    made = stage.Front(server, "fingerprint", inspector=asked, more=CONFIG)
    made.guard.wait("catalog_loaded")
    return made


def run(*words, exit=0, configured=False, input=None):
    more = ("-c", place().guard.path) if configured else ()
    all_words = [harness.PASU, "fingerprint", words[0], *more, *map(str, words[1:])]
    done = subprocess.run(all_words, input=input or "", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == exit, (words, done.returncode, done.stdout, done.stderr)
    return done


def make(name, *words, exit=0, who=FOR, cost=CHEAP):
    path = harness.folder() / name
    done = run("make", *who, *cost, "-o", path, "--json", *words, exit=exit, configured=True)
    return path, json.loads(done.stdout) if exit == 0 else done


@harness.shared
def bundle():
    return make("market.bundle")


def check(path, content, *words, exit=0):
    """The lines that were found, and what was said at the end."""
    file = harness.folder() / "posted"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("check", "--json", *words, path, file, exit=exit)
    *lines, last = map(json.loads, done.stdout.splitlines())
    return [one["line"] for one in lines], last


def records():
    return b"".join(path.read_bytes() for path in (pathlib.Path(place().guard.path).parent / "ledger" / "segments").iterdir())


@test(gateway=True)
def test_made_and_as_the_layout_says():
    """1,500 pairs of 1,502 rows: one bucket of 2,048 different entries in order, tag and check behind them; its key is another file, and both are this account's alone"""
    path, said = bundle()
    raw = path.read_bytes()
    equal((said["fingerprints"], said["rows"], said["decoys"], said["bits"], said["room"], said["form"], said["for"]), (1500, 1500, 0, 0, 2048, "pairs", "market.example"))
    equal(said["unread"], 1500 + 3, "codes, a number that is none, an address with a tabulator")
    equal(said["sha256"], hashlib.sha256(raw).hexdigest())
    equal(raw[:16], b"pasufing" + struct.pack("<IBBH", 1, 2, 0, 0))
    equal(struct.unpack("<IIII", raw[16:32]), (2048, 100, 1, 8))
    equal((raw[48:64].hex(), raw[64:128].rstrip(b"\0")), (said["bundle"], b"market.example"))
    entries = struct.unpack("<2048I", raw[128:128 + 8192])
    equal(list(entries), sorted(set(entries)))
    equal(len(raw), 128 + 8192 + 64)
    equal(raw[-32:], hashlib.blake2b(raw[:-32], digest_size=32).digest())
    words = pathlib.Path(f"{path}.key").read_text().split()
    equal(words[:6], ["pasu-fingerprint-key", "1", "pairs", "0", "1", "8"])
    equal([path.stat().st_mode & 0o777, pathlib.Path(f"{path}.key").stat().st_mode & 0o777], [0o600, 0o600])


@test(gateway=True)
def test_messy_rows_are_recognised_and_others_are_not():
    """In every form of dump each line of ours is found, whatever it was written like, and none of others"""
    path, _ = bundle()
    for n, form in enumerate(("csv", "tsv", "jsonl", "sql", "text")):
        people = [p for pair in zip(OURS[10:310], OTHERS) for p in pair]
        text = messy.dump(people, form, seed=n)
        found, last = check(path, text)
        equal(found, [2 * i + 1 + (form == "csv") for i in range(300)], form)
        assert last["tried"] >= 600 and last["by_chance"] < 0.01, last
        equal(check(path, messy.dump(OTHERS, form, seed=n), exit=1)[0], [], form)


@test(gateway=True)
def test_values_over_several_lines_are_pairs():
    """JSON with a line for each value; one line for all; a pair of two persons is none"""
    path, _ = bundle()
    text = messy.dump(OURS[:50], "json", seed=3)
    equal(len(check(path, text)[0]) >= 50, True)
    minified = json.dumps([{"m": p.email, "t": p.phone} for p in OURS[:500]])
    found, last = check(path, minified)
    equal((found, last["found"]), ([1], 500))
    equal(check(path, "".join(f"{a.email},{b.phone}\n" for a, b in zip(OURS[:100], OURS[100:200])), exit=1)[0], [])
    equal(check(path, "\n".join([OURS[1].email] + 10 * ["-"] + [OURS[1].phone]), exit=1)[0], [])
    equal(check(path, f"{OURS[1].email}\n\n{OURS[1].phone}")[0], [3])
    equal(check(path, OURS[1].email, exit=1)[1]["tried"], 0)


@test(gateway=True)
def test_nothing_of_it_without_the_right_key():
    """Two bundles of the same persons share no entry and no key; the other's key, a changed byte, or none is refused"""
    path, _ = bundle()
    other, _ = make("other.bundle", who=("--who", "other.example", "--why", "case 7"))
    one, two = (struct.unpack("<2048I", file.read_bytes()[128:8320]) for file in (path, other))
    assert len(set(one) & set(two)) < 3
    done = run("check", "--key", f"{other}.key", path, path, exit=2)
    assert "not that of" in done.stderr, done.stderr
    for at in (8, 13, 16, 30, 70, 5000, -40, -1):
        raw = bytearray(path.read_bytes())
        raw[at] ^= 1
        changed = harness.folder() / "changed"
        changed.write_bytes(raw)
        for words in (("check", "--key", f"{path}.key", changed, changed), ):
            assert "damaged" in run(*words, exit=2).stderr or at == 8
        assert ("damaged" in run("range", changed, "-", exit=2, configured=True).stderr) == (at != 8)
    (harness.folder() / "lone").write_bytes(path.read_bytes())
    done = run("check", bundle()[0], harness.folder() / "nofile.csv", exit=2)  # 1 would say that nothing of it is in the file
    assert "nofile.csv: not found" in done.stderr and "can be read" in done.stderr, done.stderr
    assert "lone.key" in run("check", harness.folder() / "lone", path, exit=2).stderr


@test(gateway=True)
def test_ranges_are_recorded_equal_and_rationed():
    """hash and range find what check finds; all answers have one length; each question is on record; the 101st in a day is refused"""
    path, said = bundle()
    rows = harness.folder() / "rows"
    rows.write_text(f"{OURS[5].email} {OURS[5].phone}\n{OTHERS[5].email} {OTHERS[5].phone}\n")
    hashes = [json.loads(line) for line in run("hash", "--key", f"{path}.key", "--json", rows).stdout.splitlines()]
    equal([(one["line"], one["prefix"]) for one in hashes], [(1, "-"), (2, "-")])
    answer = json.loads(run("range", "--who", "market.example", "--json", path, "-", configured=True).stdout)
    equal((answer["bundle"], len(answer["suffixes"])), (said["bundle"], 2048))
    equal([one["suffix"] in answer["suffixes"] for one in hashes], [True, False])
    raw = records()
    assert f"range bundle={said['bundle']} prefix=- for=market.example who=market.example".encode() in raw
    wrong = run("range", "--who", "host.example", path, "-", exit=2, configured=True)
    assert wrong.stdout == "" and "was made for market.example, not for host.example" in wrong.stderr and b"who=host.example" not in records(), wrong
    plainly = run("range", path, "-", configured=True).stdout
    equal(plainly.split(), answer["suffixes"])
    for _ in range(96):
        equal(len(run("range", path, "-", configured=True).stdout), len(plainly))
    words = [harness.PASU, "fingerprint", "range", "-c", place().guard.path, path, "-"]
    at_once = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    said = [(len(one.communicate(timeout=60)[0]), one.returncode) for one in at_once]
    equal(sorted(said), [(0, 1)] * 6 + [(len(plainly), 0)] * 2)
    done = run("range", path, "-", exit=1, configured=True)
    assert done.stdout == "" and "100" in done.stderr, done
    for word in ("", "0", "zz", "--"):
        run("range", "--", path, word, exit=2, configured=True)


@test(gateway=True)
def test_single_values_only_where_they_are_asked_for():
    """--form values recognises a bare list, and says what that gives away; the prefix has bits where there are enough"""
    path, said = make("values.bundle", "--form", "values")
    equal((said["form"], said["fingerprints"], said["bits"], said["room"]), ("values", 3002 - 1, 1, 2048))
    found, _ = check(path, f"{messy.dialled(OURS[3].phone)}\nnobody\n{OTHERS[3].phone}\n{OURS[4].email.upper()}\n")
    equal(found, [1, 4])
    one = json.loads(run("hash", "--key", f"{path}.key", "--json", "-", input=OURS[3].phone).stdout.splitlines()[0])
    assert one["suffix"] in run("range", path, one["prefix"], configured=True).stdout.split()
    plainly = run("make", *FOR, *CHEAP, "--form", "values", "-o", harness.folder() / "plain.bundle", configured=True).stdout
    assert "can list the telephone numbers" in plainly, plainly


@test(gateway=True)
def test_the_ledger_knows_and_no_value_is_anywhere():
    """That it was made, for whom, how many and its SHA-256 are on record; neither there nor in bundle or key is a value; what is there is not written over"""
    path, said = bundle()
    raw = records()
    assert f"make bundle={said['bundle']} sha256={said['sha256']} pairs=1500 for=market.example why=case 7".encode() in raw
    for person in OURS[:200]:
        for file in (raw, path.read_bytes(), pathlib.Path(f"{path}.key").read_bytes()):
            assert person.email.encode() not in file and person.phone.encode() not in file and messy.dialled(person.phone).encode() not in file
    make("market.bundle", exit=2)
    equal(path.read_bytes(), path.read_bytes())
    _, done = make("nowhy.bundle", exit=2, who=("--who", "x"))
    assert "--why" in done.stderr
    assert "--mem" in make("cost.bundle", exit=2, cost=("--mem", "2GiB"))[1].stderr
    equal(sorted(one.name for one in harness.folder().glob("*.bundle.new")), [])


@test(gateway=True)
def test_only_whom_an_incident_names():
    """With N, those whom the last version of its scope names; nobody where it names none"""
    with place().login(user="app") as session:
        session.query("SELECT id, name, tel, mail FROM customers WHERE id BETWEEN 100 AND 149")
        session.terminate()
    place().guard.until_sessions(0)
    opened = place().guard.run("incident", "open", "--who", "a", "--why", "b", "--json")
    number = str(json.loads(opened.stdout.splitlines()[0])["incident"])
    equal(place().guard.run("incident", "scope", "--who", "a", "--why", "b", "--principal", "app", number).returncode, 0)
    path, said = make("incident.bundle", number)
    equal((said["fingerprints"], said["rows"]), (50, 50))
    found, _ = check(path, "".join(f"{p.email},{p.phone}\n" for p in OURS[90:160]))
    equal(found, list(range(11, 61)))
    assert f"incident={number} for=market".encode() in records()
    assert "no incident" in make("none.bundle", "987654321", exit=1)[1].stderr


@test(gateway=True)
def test_decoys_are_never_in_it():
    """Planted persons are left out, counted, and not recognised"""
    done = place().guard.run("decoy", "plant", "--domain", "decoy.example", "--phone", "070-0000-####", "--who", "a", "--why", "b", "--kind", "customer",
                             "--dsn", f"host={place().behind.folder} port={place().behind.port} user={postgres.account()} dbname=postgres", "--json", "4", timeout=60)
    equal(done.returncode, 0, done.stderr)
    path, said = make("decoys.bundle")
    equal((said["fingerprints"], said["decoys"]), (1500, 4))
    planted = place().behind.connect().query("SELECT tel, mail FROM customers WHERE mail LIKE '%@decoy.example'").rows
    equal(len(planted), 4)
    equal(check(path, "".join(f"{tel},{mail}\n" for tel, mail in planted), exit=1)[0], [])


@test(gateway=True)
def test_where_nobody_has_both():
    """A table without telephone numbers gives no pairs, an error and no file; and hostile files are read"""
    place().behind.sql("CREATE TABLE kept AS SELECT * FROM customers; UPDATE customers SET tel = NULL")
    try:
        path, done = make("empty.bundle", exit=1)
        assert "--form values" in done.stderr and not path.exists() and not pathlib.Path(f"{path}.key").exists(), done.stderr
    finally:
        place().behind.sql("UPDATE customers SET tel = kept.tel FROM kept WHERE kept.id = customers.id; DROP TABLE kept")
    path, _ = bundle()
    value = f"{OURS[7].email},{OURS[7].phone}".encode()
    for filler in (b"\0", b"\xff", b"\xed\xa0\x80", b"7", b"a", b" ", b"@", b"\\", b"0 ", b"(", b"\n"):
        raw = filler * ((1 << 18) // len(filler)) + b"\n" + value + b"\0"
        equal(check(path, raw)[0], [raw[:-1].count(b"\n") + 1], repr(filler))


if __name__ == "__main__":
    harness.main()
