#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu does not become the second leak: what went through it is in none of its files, nor in its log, nor does a
process that dies leave any of it behind."""
import base64
import gzip
import os
import pathlib
import resource
import signal
import struct
import zlib

import harness
import inspector
import postgres
import shop
import stage
from stage import equal, test
import traces
import wire

PERSONS = 40
NAMES = [f"Zebulon-{n:03} Qwortham" for n in range(PERSONS)]
PHONES = [f"+82-10-7{n:03}-4477" for n in range(PERSONS)]
MAILS = [f"zq{n:03}@trace.example" for n in range(PERSONS)]
NUMBERS = [81200000417 + 13 * n for n in range(PERSONS)]     # sealed: they stand for nobody
TOKENS = [f"tok_{n:03}_XyzzyQuux" for n in range(PERSONS)]   # a kind whose key is a text
LITERALS = [f"literal-{n:03}-Grimsditch" for n in range(24)]
VALUES = NAMES + PHONES + MAILS + TOKENS + LITERALS + [str(n) for n in NUMBERS] + \
    [struct.pack("!q", n) for n in NUMBERS] + [struct.pack("<q", n) for n in NUMBERS]
SCHEMA = """
CREATE TABLE patients (number bigint PRIMARY KEY, name text UNIQUE, phone text, mail text);
CREATE TABLE holders (token text PRIMARY KEY, name text, note text);
GRANT SELECT, INSERT, UPDATE, DELETE ON patients, holders TO analyst;
GRANT CREATE ON SCHEMA public TO analyst;
"""
CONFIG = {
    "subjects": {"patient": {"table": "public.patients", "key": "number", "directory": "sealed"},
                 "holder": {"table": "public.holders", "key": "token"}},
    "personal_data": [shop.personal("patients", "patient", "number", {"name": "name", "phone": "phone", "mail": "email"}),
                      shop.personal("holders", "holder", "token", {"name": "name", "note": "note"})],
    "identity": ["public.patients.mail"],
}


@test
def test_the_search_itself_finds_every_form():
    """A value is found as it is, in UTF-16, hex and base64 wherever it begins, and in what is compressed"""
    search, value = traces.Search(["Kim Min-su 김민수"]), "Kim Min-su 김민수"
    plain = value.encode()
    planted = [plain, value.encode("utf-16-le"), value.encode("utf-16-be"), plain.hex().encode(), plain.hex().upper().encode(),
               gzip.compress(plain), zlib.compress(gzip.compress(plain + bytes(9)))]
    planted += [base64.b64encode(b"x" * before + plain + b"yz"[:after]) for before in range(5) for after in range(3)]
    planted += [base64.urlsafe_b64encode(b"x" * before + plain) for before in range(3)]
    for number, data in enumerate(planted):
        found = search.data(bytes(3000) + b"before " + data + b" behind" + bytes(3000), "here")
        assert found and found[0][2] == value, f"form {number} was not found"
    equal(search.data(bytes(5000) + b"Kim Min-s" + base64.b64encode(b"Kim Min-sa"), "here"), [])
    folder = harness.folder() / "planted"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a").write_bytes(bytes(1 << 20) + plain)
    found, searched = search.files(folder)
    equal(([one[1] for one in found], searched), ([1 << 20], {"below/a": (1 << 20) + len(plain)}))


# ---- a real guard ----

@harness.shared
def server():
    made = postgres.Server(harness.folder(), "traces", settings={"timezone": "UTC"})
    made.sql(shop.MAKE_ROLES + SCHEMA)
    return made


@harness.shared
def front():
    return stage.Front(server(), "traces", inspector=inspector.install(server()), more=CONFIG)


def cell(text):
    return "'" + text.replace("'", "''") + "'"


def play():
    """Puts every value through in each way that there is: texts, parameters, results, errors, notices."""
    literal = iter(LITERALS)
    with front().login(user="analyst", application_name="traces") as session:
        for n in range(PERSONS):
            if n % 2:
                session.query(f"INSERT INTO patients VALUES ({NUMBERS[n]}, {cell(NAMES[n])}, {cell(PHONES[n])}, {cell(MAILS[n])})")
                session.query(f"INSERT INTO holders VALUES ({cell(TOKENS[n])}, {cell(NAMES[n])}, {cell(PHONES[n])})")
            else:
                ask(session, "INSERT INTO patients VALUES ($1, $2, $3, $4)", (str(NUMBERS[n]), NAMES[n], PHONES[n], MAILS[n]))
                ask(session, "INSERT INTO holders VALUES ($1, $2, $3)", (TOKENS[n], NAMES[n], PHONES[n]))
        shown = session.query("SELECT * FROM patients").rows + session.query("SELECT * FROM holders").rows
        equal(len(shown), 2 * PERSONS)
        for n in range(PERSONS):
            session.query(f"SELECT name, phone FROM patients WHERE number = {NUMBERS[n]}")
            session.query(f"SELECT note FROM holders WHERE token = {cell(TOKENS[n])}")
            session.query(f"SELECT phone FROM patients WHERE mail = {cell(MAILS[n])}")
            ask(session, "SELECT * FROM patients WHERE number = $1", (struct.pack("!q", NUMBERS[n]),), (1,), (20,))
            ask(session, "SELECT * FROM holders WHERE token = $1", (TOKENS[n],))
        for sql in (f"SELECT {cell(next(literal))}, E{cell(next(literal))}, $a${next(literal)}$a$, U&{cell(next(literal))}",
                    f"PREPARE p AS SELECT name FROM patients WHERE name <> {cell(next(literal))} AND phone <> $1",
                    f"EXECUTE p({cell(next(literal))})", f"SELECT name FROM patients /* {next(literal)} */",
                    f"SELECT name FROM patients -- {next(literal)}\n", f"SELECT 1 FROM holders WHERE token = {cell(next(literal))}",
                    f"UPDATE holders SET note = {cell(next(literal))} WHERE token = {cell(TOKENS[3])}",
                    f"COPY (SELECT name FROM patients WHERE name <> {cell(next(literal))}) TO STDOUT",
                    f"SET application_name = {cell(next(literal))}", f"CREATE TABLE copied AS SELECT *, {cell(next(literal))} AS x FROM patients",
                    f"DECLARE c CURSOR WITH HOLD FOR SELECT name, {cell(next(literal))} FROM patients", "FETCH ALL FROM c"):
            session.query(sql)
        for sql in (f"INSERT INTO patients VALUES ({NUMBERS[0]}, {cell(next(literal))})", f"SELECT {cell(next(literal))}::int",
                    f"SELECT name FROM patients WHERE nobody = {cell(next(literal))}", f"SELEKT {cell(next(literal))}",
                    f"DO $do$ BEGIN RAISE NOTICE 'it is %', (SELECT max(name) FROM patients WHERE name <> {cell(next(literal))}); END $do$",
                    f"SELECT '{next(literal)}"):
            session.exchange(wire.query(sql))
        session.terminate()
    front().guard.until_sessions(0)


def ask(session, sql, values, formats=(), types=()):
    return session.exchange(wire.parse(sql, types=types) + wire.bind(values, formats=formats) + wire.execute() + wire.SYNC)


def cores(*folders):
    """Core files, by their name or by what they are."""
    for folder in folders:
        for path in pathlib.Path(folder).iterdir():
            if path.is_file() and not path.is_symlink() and (path.name.startswith("core") or is_core(path)):
                yield path


def is_core(path):
    try:
        with open(path, "rb") as file:
            head = file.read(18)
    except OSError:
        return False
    return head[:4] == b"\x7fELF" and head[16:18] == b"\4\0"


def search(what):
    """Everything of the guard's: its folder with the ledger in it, and its log."""
    looking, folder = traces.Search(VALUES), front().guard.folder
    for known in ("analyst", "FROM patients WHERE number = $1"):  # a search that does not find these has not looked
        assert traces.Search([known]).files(folder / "ledger")[0], f"{known} must be in the ledger"
    found, searched = looking.files(folder)
    log = "\n".join(front().process.lines).encode()
    found += looking.data(log, "the log")
    assert len(log) > 500 and searched.get("ledger/exposures.ring", 0) > 1 << 20, searched
    assert sum(searched.values()) > 2 << 20, searched
    assert not found, f"{what}: {len(found)} traces in {sorted({one[0] for one in found})}: {found[:8]}"


@test(gateway=True, limit=300)
def test_nothing_of_what_went_through_is_in_any_file_or_the_log():
    """Names, phones, sealed keys and literals are in none of pasu's files, while it runs and once it has ended"""
    play()
    shown = [line for line in front().guard.json("ledger", "export") if line["application"] == "traces"]
    assert sum(one["rows"] for one in shown) > 200, "it went past the ledger"
    search("while it runs")


@test(gateway=True, limit=120)
def test_a_process_that_dies_leaves_no_core():
    """Gate and keeper die of SIGABRT, with a core file allowed to whoever started pasu: none is written"""
    for name in ("gate", "keeper"):
        pid = front().guard.pids()[name]
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            line = next(line for line in limits if line.startswith("Max core file size"))
        equal(line.split()[4:6], ["0", "0"], name)
        folders = {os.path.realpath(f"/proc/{pid}/cwd"), str(front().guard.folder), str(front().guard.folder / "ledger")}
        before = set(cores(*folders))
        os.kill(pid, signal.SIGABRT)
        front().guard.until_other(name, pid, 30)
        equal(set(cores(*folders)) - before, set(), name)
    search("after processes died")


@test(gateway=True)
def test_nothing_is_left_once_it_has_ended():
    """After a stop in order its files hold nothing either"""
    front().stop()
    search("after the end")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    harness.main()
