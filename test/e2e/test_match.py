#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu match: which of our persons are in a file that was found, whatever its format, and who can have been its source. The files are made by
messy.py, which knows nothing of how they are read."""
import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pathlib
import subprocess
from xml.sax import saxutils
import zipfile

import guard
import harness
import inspector
import messy
import postgres
import shop
import stage
from stage import equal, test

OURS = messy.persons(3000, seed=1)
OTHERS = messy.persons(3000, seed=2, start=50000)
CONFIG = {
    "subjects": {"customer": {"table": "public.customers", "key": "id"}, "recipient": {
        "table": "public.parcels", "key": ["recipient", "mobile"], "known_as": {"subject": "customer", "by": {"recipient": "name", "mobile": "tel"}}}},
    "personal_data": [shop.personal("customers", "customer", "id", {"name": "name", "tel": "phone", "mail": "email", "code": "code"}),
                      shop.personal("parcels", "recipient", ["recipient", "mobile"], {"recipient": "name", "mobile": "phone"})],
    "identity": ["public.customers.tel", "public.customers.mail", "public.customers.code"],
}


def values(made):
    return ", ".join(made)


@harness.shared
def place():
    """3,000 customers by phone, mail, and both name and phone; the first two share their phone numbers with two more. The analyst read half."""
    server = postgres.Server(harness.folder(), "match")
    people = values(f"({p.number}, '{p.name}', '{messy.dialled(p.phone)}', '{p.email}', 'c{p.number}')" for p in OURS)
    server.sql(f"""CREATE ROLE app LOGIN; CREATE ROLE analyst LOGIN;
        CREATE TABLE customers (id int PRIMARY KEY, name text, tel text, mail text, code text);
        INSERT INTO customers VALUES {people};
        INSERT INTO customers SELECT id + 10000, '남궁' || id, tel, 'family' || id || '@mail.example', 'd' || id FROM customers WHERE id < 2;
        CREATE TABLE parcels (id int PRIMARY KEY, recipient text, mobile text);
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO app, analyst; ANALYZE""")
    asked = inspector.install(server)
    server.sql("GRANT SELECT ON customers, parcels TO pasu")
    made = stage.Front(server, "match", inspector=asked, more=CONFIG)
    made.asked = asked
    made.guard.wait("catalog_loaded")
    done = made.guard.run("index", "build", timeout=60)
    equal(done.returncode, 0, done.stderr)
    for user, sql in (("analyst", "SELECT id, name, tel, mail FROM customers WHERE id < 1500"), ("app", "SELECT id, name, tel, mail FROM customers WHERE id >= 1400")):
        with made.login(user=user) as session:
            session.query(sql)
            session.terminate()
    made.guard.until_sessions(0)
    return made


def match(content, *words, name="dump", exit=0):
    path = harness.folder() / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = guard.run("match", "-c", place().guard.path, "--json", *words, str(path), timeout=60)
    assert done.returncode == exit, (done.returncode, done.stderr)
    return json.loads(done.stdout) if done.stdout else done


@test(gateway=True)
def test_recall_and_precision_over_every_format():
    """2,000 of ours among 3,000 others, in six formats: at least 99.9 % of the persons are found, and nobody else (at most one in 10,000)"""
    people = [p for pair in zip(OURS[10:2010], OTHERS[:2000]) for p in pair] + OTHERS[2000:]
    for n, form in enumerate(messy.FORMS):
        found = match(messy.dump(people, form, seed=n), name=f"dump.{form}")
        count = found["persons"]["customer"]
        equal((count["at_least"], count["at_most"]), (2000, 2000), form)
        for kind in ("emails", "phones"):
            got = found["values"][kind]
            equal((got["ours"], got["shared"], got["decoys"]), (2000, 0, 0), f"{form} {kind}")
        columns = {one["column"]: one for one in found["columns"]}
        equal((columns["tel"]["persons"], columns["mail"]["persons"], columns["code"]["persons"]), (2000, 2000, 0), form)
        equal({name: one["looked_for"] for name, one in columns.items()}, {"tel": "phones", "mail": "emails", "code": "both", "name, tel": "pairs"})


@test(gateway=True)
def test_others_data_gives_nobody():
    """The same shapes with other people's values: nobody, exit 1, and the values are counted as not ours"""
    for form in messy.FORMS:
        found = match(messy.dump(OTHERS, form), exit=1)
        equal(found["persons"], {"customer": {"at_least": 0, "at_most": 0}}, form)
        equal(found["trace"], None)
        assert found["values"]["emails"]["not_ours"] >= 2990 and found["values"]["phones"]["not_ours"] >= 2990, (form, found["values"])


@test(gateway=True)
def test_a_name_and_a_number_tell_together():
    """Two numbers that two customers share each: with a name beside it, in any format, it is one of them; with another name either"""
    for form in messy.FORMS:
        equal(match(messy.dump(OURS[:2], form, seed=5).replace(OURS[0].email, ""), name=f"pair.{form}")["persons"]["customer"]["at_least"], 2, form)
    for text in (f"남궁0,{OURS[0].phone}\n남궁1,{OURS[1].phone}", f"{dialled(0)} 남궁0 님\n\n남궁1 님: {dialled(1)}"):
        found = match(text)
        equal(found["persons"]["customer"]["at_least"], 2)
        equal([one["persons"] for one in found["columns"] if one["looked_for"] == "pairs"], [2])
    equal(match(f"남궁1,{OURS[0].phone}\n" + "x" * 500 + f"\n남궁0,{OURS[1].phone}")["persons"]["customer"]["at_least"], 0)


def dialled(n):
    return messy.dialled(OURS[n].phone)


@test(gateway=True)
def test_the_persons_are_traced():
    """What only the analyst was shown names the analyst; --kind and --to are heard; a value of two persons is counted in at_most alone"""
    found = match(messy.dump(OURS[100:1300], "csv"))
    equal((found["trace"]["kind"], found["trace"]["traced"], found["trace"]["of"]), ("customer", 1200, 1200))
    equal((found["trace"]["answer"]["principals"], found["trace"]["answer"]["grade"]), (["analyst"], "strong"))
    equal(sorted(found["trace"]["fields"]), ["email", "name", "phone"])
    assert found["trace"]["sources"][0]["accesses"][0]["sql"].startswith("SELECT id, name, tel"), found["trace"]
    equal(match(messy.dump(OURS[100:1300], "csv"), "--to", "2026-01-01")["trace"]["sources"], [])
    equal(match(messy.dump(OURS[100:1300], "csv"), "--kind", "recipient")["trace"], None)
    shared = match(f"{OURS[0].phone}\n{OURS[1].phone}\n")
    equal((shared["persons"]["customer"], shared["values"]["phones"]["shared"], shared["trace"]), ({"at_least": 0, "at_most": 4}, 2, None))
    page = guard.run("match", "-c", place().guard.path, str(harness.folder() / "dump")).stdout
    assert "at least 0, at most 4 of kind customer" in page, page


@test(gateway=True)
def test_the_question_is_on_record_without_values():
    """The ledger has the file's name, its SHA-256 and the counts, and no value of it"""
    text = messy.dump(OURS[20:60], "tsv")
    equal(match(text, name="found.tsv")["sha256"], hashlib.sha256(text.encode()).hexdigest())
    raw = b"".join(path.read_bytes() for path in (pathlib.Path(place().guard.path).parent / "ledger" / "segments").iterdir())
    assert b"found.tsv" in raw and b"sha256=" + hashlib.sha256(text.encode()).hexdigest().encode() in raw and b"customer=40..40" in raw
    for person in OURS[20:60]:
        assert person.email.encode() not in raw and person.phone.encode() not in raw and messy.dialled(person.phone).encode() not in raw


@test(gateway=True)
def test_decoys_are_named_and_no_persons():
    """A dump with planted persons says which set; they are in no count of persons"""
    done = place().guard.run("decoy", "plant", "--domain", "decoy.example", "--phone", "070-0000-####", "--who", "a", "--why", "b", "--kind", "customer",
                             "--dsn", f"host={place().behind.folder} port={place().behind.port} user={postgres.account()} dbname=postgres", "--json", "4", timeout=60)
    equal(done.returncode, 0, done.stderr)
    planted = place().behind.connect().query("SELECT name, tel, mail FROM customers WHERE mail LIKE '%@decoy.example'").rows
    equal(len(planted), 4)
    text = "".join(f"{name}\t{tel}\t{mail.upper()}\n" for name, tel, mail in planted)
    for built in (False, True):
        if built:
            equal(place().guard.run("index", "build", timeout=60).returncode, 0)
        found = match(text)
        equal([(one["found"], one["of"]) for one in found["decoys"]], [(4, 4)])
        equal((found["persons"]["customer"]["at_least"], found["values"]["phones"]["decoys"], found["values"]["emails"]["decoys"]), (0, 4, 4))
    equal((found["trace"]["traced"], found["trace"]["of"], found["trace"]["answer"]["grade"], found["trace"]["answer"]["decoys"]["persons"]), (4, 4, "none", 4))
    found = match(text + OURS[30].email)
    equal((found["persons"]["customer"]["at_least"], found["trace"]["traced"]), (1, 5))


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(people, seed, is_shared):
    """As spreadsheets write it: the sheet first, then the texts, each once; numbers of nine digits and more without letters as numbers."""
    strings, rows = {}, []
    for row in messy.rows(people, seed):
        cells = []
        for text in row:
            if text.strip().isascii() and text.strip().isdigit():
                cells.append(f"<c><v>{text.strip()}</v></c>")
            elif is_shared:
                cells.append(f'<c t="s"><v>{strings.setdefault(text, len(strings))}</v></c>')
            else:
                cells.append(f'<c t="inlineStr"><is><t xml:space="preserve">{saxutils.escape(text)}</t></is></c>')
        rows.append(f"<row>{''.join(cells)}</row>")
    sheet = f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="x"><sheetData>{"".join(rows)}</sheetData></worksheet>'
    shared = "<sst>" + "".join(f'<si><t xml:space="preserve">{saxutils.escape(text)}</t></si>' for text in strings) + "</sst>"
    return {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": shared}


@test(gateway=True)
def test_workbooks_and_zip_archives():
    """.xlsx with its texts in the sheet or apart, and a zip of a dump: at least 99.9 % of the persons, nobody of others; a torn one says so; a
    bomb and entities neither crash nor take memory"""
    people = [p for pair in zip(OURS[10:1010], OTHERS[:1000]) for p in pair]
    for is_shared in (False, True):
        made = zipped(workbook(people, 6, is_shared))
        found = match(made, name="found.xlsx")
        equal((found["persons"]["customer"], found["sha256"]), ({"at_least": 1000, "at_most": 1000}, hashlib.sha256(made).hexdigest()))
        equal([found["values"][kind]["ours"] for kind in ("emails", "phones")], [1000, 1000])
        equal(match(zipped(workbook(OTHERS, 6, is_shared)), exit=1)["persons"]["customer"]["at_least"], 0)
    text = messy.dump(people, "sql", seed=7)
    equal(match(zipped({"README": "x", "data/people.sql": text}))["persons"]["customer"]["at_least"], 1000)
    done = guard.run("match", "-c", place().guard.path, str(harness.folder() / "dump"), timeout=60)
    assert "1 of its files were not read" in done.stderr, done.stderr
    torn = match(zipped({"people.csv": text})[:-len(text) // 4], exit=2)
    equal((torn["damaged"], 100 < torn["persons"]["customer"]["at_least"] < 1000), (True, True))
    path = harness.folder() / "bomb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w") as file:
            for piece in [b"<a>", *[b"0" * (1 << 20)] * 200, b"</a>"]:
                file.write(piece)
        archive.writestr("b.csv", OURS[3].email)
    with subprocess.Popen([harness.PASU, "match", "-c", place().guard.path, "--json", str(path)], stdout=subprocess.PIPE) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    equal((status, json.loads(out)["persons"]["customer"]["at_least"]), (0, 1))
    assert usage.ru_maxrss < 200 << 10, usage.ru_maxrss
    laughs = '<!DOCTYPE a [<!ENTITY a "0101234567">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")) + "]><a>&i;</a>"
    equal(match(zipped({"content.xml": laughs}), exit=2)["damaged"], True)


@test(gateway=True)
def test_utf16_is_read_as_it_is():
    """Of both orders, with its mark and without, compressed or not: what UTF-8 gives; halves of pairs and an odd byte end nothing"""
    text = messy.dump(OURS[10:1010], "tsv", seed=4)
    due = match(text)["persons"]["customer"]
    assert due["at_least"] == 1000, due
    for made in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode("utf-16-be"), b"\xfe\xff" + text.encode("utf-16-be"), gzip.compress(text.encode("utf-16"))):
        equal(match(made)["persons"]["customer"], due)
    broken = "x".encode("utf-16") + b"\0\xd8" * 3 + f" {OURS[3].email} ".encode("utf-16-le") + b"\0\xdc" + f"\n{OURS[4].phone}\n".encode("utf-16-le") + b"0"
    equal(match(broken)["persons"]["customer"]["at_least"], 2)


@test(gateway=True)
def test_compressed_and_hostile_files():
    """gzip, bzip2 and xz are read as they are; a torn one says so and what was found; a zip without text and PDF are refused; NUL bytes, no UTF-8 and a line
    of 100 MB neither crash nor take memory, and what stands behind is found"""
    text = messy.dump(OURS[10:1010], "sql").encode()
    for name, packed in (("gzip", gzip.compress(text, 1)), ("bzip2", bz2.compress(text)), ("xz", lzma.compress(text, preset=0))):
        found = match(packed)
        equal((found["compression"], found["text_bytes"], found["sha256"]), (name, len(text), hashlib.sha256(packed).hexdigest()))
        assert found["persons"]["customer"]["at_least"] >= 999, found["persons"]
    torn = gzip.compress(text, 1)[:-len(text) // 20]
    found = match(torn, exit=2)
    equal((found["damaged"], found["sha256"]), (True, hashlib.sha256(torn).hexdigest()))
    assert 100 < found["persons"]["customer"]["at_least"] < 1000, found["persons"]
    torn = gzip.compress(text, 1) + b"no member" * (1 << 18)
    found = match(torn, exit=2)
    equal((found["sha256"], found["bytes"], found["persons"]["customer"]["at_least"]), (hashlib.sha256(torn).hexdigest(), len(torn), 1000))
    for content, word in ((zipped({"a.bin": text}), "zip"), (b"%PDF-1.7", "PDF"), (gzip.compress(b"%PDF-1.7"), "PDF")):
        done = match(content, exit=2)
        assert word in done.stderr, done.stderr
    value = OURS[77].email.encode()
    for filler in (b"\0", b"\xff", b"\xed\xa0\x80", b"7", b"a", b" ", b"@", b"\\", b"0 ", b"(", "가".encode()):
        found = match(b"x\n" + filler * ((1 << 18) // len(filler)) + b"\n" + value + b"\0")
        equal(found["persons"]["customer"], {"at_least": 1, "at_most": 1}, repr(filler))
    path = harness.folder() / "long"
    with open(path, "wb") as file:
        for _ in range(100):
            file.write(b"5" * (1 << 19) + b"q" * (1 << 19))
        file.write(b"," + value)
    with subprocess.Popen([harness.PASU, "match", "-c", place().guard.path, "--json", str(path)], stdout=subprocess.PIPE) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    equal((status, json.loads(out)["persons"]["customer"]["at_least"]), (0, 1))
    assert usage.ru_maxrss < 200 << 10, usage.ru_maxrss


@test(gateway=True)
def test_where_only_pairs_tell():
    """An index of names with numbers, and of no number alone: in every format at least 99.9 % of the persons, and nobody of others"""
    # Last of all: to the first guard, what this one does on the server is past pasu.
    other = stage.Front(place().behind, "pairs", inspector=place().asked, more={**CONFIG, "identity": ["public.customers.mail"]})
    other.guard.wait("catalog_loaded")
    done = other.guard.run("index", "build", timeout=60)
    equal(done.returncode, 0, done.stderr)
    path = harness.folder() / "bare"
    for n, form in enumerate(messy.FORMS):
        people = [p for pair in zip(OURS[10:1010], OTHERS[:1000]) for p in pair]
        path.write_text(without_mail(messy.dump(people, form, seed=n)))
        found = json.loads(other.guard.run("match", "--json", str(path), timeout=60).stdout)
        equal(found["persons"]["customer"]["at_least"], 1000, form)
        equal([(one["looked_for"], one["persons"]) for one in found["columns"] if one["column"] != "mail"], [("pairs", 1000)], form)


def without_mail(text):
    """No address is left of it."""
    return text.replace("@", "#").replace("\uff20", "#")


if __name__ == "__main__":
    harness.main()
