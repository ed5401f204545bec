#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu certify: what one person gets, and what verify-ledger says of it from the file and the verifier's key alone."""
import base64
import copy
import hashlib
import datetime
import itertools
import json
import random
import shutil
import stat
import struct

import guard
import harness
import ledgerfile
import ledgerwriter
import shop
from stage import equal, test
import verifier

OPENING, ASKED = 26, 20
names = itertools.count()


@harness.shared
def front():
    """A shop of which much was shown: all customers but some, accounts by name, members, and one who is not there."""
    made = shop.front("certify")
    play(made, "reader", "SELECT id, name, phone FROM customers WHERE id > 1200 ORDER BY id",
         "SELECT name FROM customers WHERE id = 1287", "SELECT name FROM customers WHERE id = 1288",
         "SELECT login, name, email FROM accounts", "SELECT id, name FROM members WHERE level < 2", "SELECT item FROM orders WHERE customer_id IN (1287, 1294)")
    return made


def play(behind, name, *statements):
    with behind.login(application_name=name) as session:
        for sql in statements:
            session.query(sql)
        session.terminate()


def certify(behind, kind, key, *words, due=0):
    """The certificate's file, and its body."""
    path = harness.folder() / f"certificate{next(names)}"
    done = guard.run("certify", "--kind", kind, *words, "-c", behind.guard.path, "--", key)
    equal(done.returncode, due, done.stderr)
    path.write_text(done.stdout, encoding="utf-8")
    found = json.loads(done.stdout)
    equal(list(found), ["certificate", "signature"])
    return path, found["certificate"]


def check(path, key):
    """verify-ledger's exit status and findings."""
    status, found, _ = verifier.run("--certificate", path, "--key", key)
    return status, found


def well(path, body):
    status, found = check(path, body["verifier_key"])
    equal((status, verifier.faults(found)), (0, []))
    return found


def records(behind, kind):
    return [(index, payload) for index, found, payload in ledgerfile.records(behind.guard.folder / "ledger") if found == kind]


# ---- what a person gets ----

@test(gateway=True)
def test_a_person_shown_by_several_statements_gets_each_of_them_proven():
    path, body = certify(front(), "customer", "1287")
    found = well(path, body)
    equal([(one["what"], one["reading"]["fields"], one["reading"]["attribution"]) for one in body["showings"]], [
        ("shown", {"name": "clear", "phone": "maybe"}, "key"), ("shown", {"name": "clear"}, "pinned"),
        ("shown", {"order": "clear"}, "injected")])
    for one in body["showings"]:
        equal((one["reading"]["principal"], one["reading"]["application"], one["ordinal"]), ("postgres", "reader", 1287))
    equal((body["unproven"], body["summary"]["shown"], body["summary"]["fields"]), ([], 3, {"name": 2, "phone": 1, "order": 1}))
    equal(body["person"], {"kind": "customer", "key": "1287", "ordinals": [1287]})
    equal(len([text for text in verifier.texts(found, "note") if text.startswith("shown, ")]), 3)
    assert not any("stands for" in text for text in verifier.texts(found, "note")), found
    equal([len(body["explanation"][language]) for language in ("en", "ko")], [5, 5])


@test(gateway=True)
def test_nobody_else_s_data_are_in_it():
    path, body = certify(front(), "customer", "1294")
    data = path.read_bytes()
    openings = records(front(), OPENING)
    assert openings and all(base64.b64encode(payload[48:]) not in data for _, payload in openings)
    entries = b"".join(base64.b64decode(one["entry"])[20:] for one in body["entries"])  # what is behind time and type
    # A list has one person behind the other: three neighbours in it stand nowhere. (One alone is no sign: records, lengths
    # and counts are small numbers, too.)
    listed = b"".join(payload for _, payload in records(front(), ledgerfile.EXPOSURE))
    keys = sorted(key for key in map(int, shop.keys("customers", "id")) if 1200 < key < 1 << 32)
    threes = [one for one in (struct.pack("<III", *three) for three in zip(keys, keys[1:], keys[2:])) if one in listed]
    assert len(threes) > 100 and not any(one in entries for one in threes)
    for _, payload in openings:
        assert payload[48:] not in entries
    salts = {payload[:16] for _, payload in records(front(), 9)} - {bytes(16)}
    assert salts and not any(salt in entries for salt in salts)


@test(gateway=True)
def test_keys_that_are_texts_stand_on_the_operator_s_word():
    for key in ("사용자 3", "O'Neil 8", "06", "1"):
        if key not in shop.keys("accounts", "login"):
            continue
        path, body = certify(front(), "account", key)
        found = well(path, body)
        equal((len(body["showings"]), body["person"]["key"]), (1, key))
        equal(any("operator's word" in text and "stands for" in text for text in verifier.texts(found, "note")),
              body["person"]["ordinals"][0] >= 0xf0000000)
    assert "사용자 3" in shop.keys("accounts", "login")


@test(gateway=True)
def test_a_person_who_was_sought_in_vain_is_told_so():
    path, body = certify(front(), "customer", "1288", due=1)
    well(path, body)
    equal([(one["what"], one["reading"]["fields"]) for one in body["showings"]], [("missed", {})])
    equal((body["summary"]["shown"], body["summary"]["missed"]), (0, 1))


@test(gateway=True)
def test_a_person_who_was_not_shown_gets_a_signed_word_and_no_proof():
    path, body = certify(front(), "customer", "1007", due=1)
    found = well(path, body)
    equal((body["showings"], body["entries"], body["unproven"], body["summary"]["shown"]), ([], [], [], 0))
    assert any("operator's word" in text for text in verifier.texts(found, "note")), found
    assert any("not proven" in text for text in body["explanation"]["en"]), body["explanation"]
    assert any("증명이 아닙니다" in text for text in body["explanation"]["ko"]), body["explanation"]
    digest = hashlib.sha256(signed_part(path.read_bytes())).hexdigest()
    assert any(digest.encode() in payload for _, payload in records(front(), ASKED)), "who signs leaves a record"


@test(gateway=True)
def test_a_key_that_can_be_nobody_s_is_not_signed_for():
    """Where all keys are numbers, one that is none was mistyped: a signed "not shown" would be about nobody"""
    for key in ("kim", "01287", " 1287", "1287.0", "+1287"):
        done = guard.run("certify", "--kind", "customer", "-c", front().guard.path, "--", key)
        equal((done.returncode, done.stdout), (2, ""), key)
        assert f'the keys of kind customer that the ledger knows are numbers, and "{key}" is none' in done.stderr, done.stderr
    known = next(key for key in shop.keys("accounts", "login") if key.startswith("plain"))
    done = guard.run("certify", "--kind", "customer", "-c", front().guard.path, "--", known)
    equal((done.returncode, done.stdout), (2, ""), "somebody of another kind has that key")
    for key in ("1287.5", "-0.5", "88888888888888888888"):
        well(*certify(front(), "customer", key, due=1))
    path, body = certify(front(), "account", "no such login", due=1)
    well(path, body)
    path, body = certify(front(), "account", "1 000 000", due=1)
    well(path, body)


@test(gateway=True)
def test_a_uuid_is_one_however_it_is_written():
    """Nobody is told "not shown" for having written it otherwise than the ledger has it"""
    shown, other = (shop.server().value(f"SELECT md5('{i}')::uuid") for i in (1, 3))  # of levels 1 and 3
    path, body = certify(front(), "member", shown)
    well(path, body)
    for key in (shown.upper(), "{" + shown + "}", shown.replace("-", "")):
        for command in ("certify", "subject"):
            done = guard.run(command, "--kind", "member", "-c", front().guard.path, "--", key)
            equal((done.returncode, done.stdout), (2, ""), f"{command} {key}")
            assert f"nobody has this key as it was given, but somebody has {shown}\n" in done.stderr, done.stderr
    path, body = certify(front(), "member", other.upper(), due=1)
    well(path, body)


@test(gateway=True)
def test_what_a_key_can_be_is_known_of_all_times_and_of_each_of_its_values():
    """A kind whose keys are numbers and texts, seen later than its texts; UUIDs among several values; fractions"""
    shop.server().sql("""CREATE TABLE seats (id numeric PRIMARY KEY, name text); INSERT INTO seats VALUES (12.50, 'a'), (7.25, 'b');
        CREATE TABLE guests (id text PRIMARY KEY, name text); INSERT INTO guests VALUES ('lee', 'c');
        CREATE TABLE rooms (house uuid, number int, name text, PRIMARY KEY (house, number)); INSERT INTO rooms VALUES (md5('1')::uuid, 1, 'd');
        GRANT SELECT ON seats, guests, rooms TO app""")
    kinds = {"subjects": {"guest": {"table": "public.seats", "key": "id"}, "room": {"table": "public.rooms", "key": ["house", "number"]}},
             "personal_data": [shop.personal(table, kind, key, {"name": "name"})
                               for table, kind, key in (("seats", "guest", "id"), ("guests", "guest", "id"), ("rooms", "room", ["house", "number"]))]}
    made = shop.front("forms", more=kinds)
    play(made, "reader", "SELECT id, name FROM seats WHERE id > 10", "SELECT house, number, name FROM rooms")
    for key in ("12.50", "7.250", "012.5", "lee"):
        done = guard.run("certify", "--kind", "guest", "-c", made.guard.path, key)
        equal((done.returncode, done.stdout), (2, ""), key)
    well(*certify(made, "guest", "12.5"))
    well(*certify(made, "guest", "7.25", due=1))
    play(made, "reader", "SELECT id, name FROM guests")
    later = datetime.datetime.now(datetime.timezone.utc).isoformat()
    play(made, "reader", "SELECT id, name FROM seats WHERE id > 10")
    well(*certify(made, "guest", "kim", "--from", later, due=1))
    house = shop.server().value("SELECT md5('1')::uuid")
    well(*certify(made, "room", json.dumps([house, 1])))
    done = guard.run("certify", "--kind", "room", "-c", made.guard.path, json.dumps([house.upper(), 1]))
    equal((done.returncode, done.stdout), (2, ""))
    assert f'but somebody has ["{house}","1"]\n' in done.stderr, done.stderr
    well(*certify(made, "room", json.dumps([house, 2]), due=1))
    made.stop()


@test(gateway=True)
def test_statements_that_could_not_name_all_are_counted():
    play(front(), "bound", "SELECT md5(string_agg(name, ',')) FROM customers")
    path, body = certify(front(), "customer", "1007", due=1)
    assert body["completeness"]["possible"] > 0, body["completeness"]
    assert any(text.startswith("possible: ") for text in verifier.texts(well(path, body), "note"))


@test(gateway=True)
def test_an_opening_is_made_once():
    before = len(records(front(), OPENING))
    first = certify(front(), "customer", "1301")[1]
    made = len(records(front(), OPENING))
    second = certify(front(), "customer", "1301")[1]
    equal(len(records(front(), OPENING)), made)
    assert made >= before and first["showings"] == second["showings"] != []
    neighbour = certify(front(), "customer", "1308")[1]
    equal([one["opening"] for one in neighbour["showings"]][:1], [one["opening"] for one in first["showings"]][:1])


@test(gateway=True)
def test_only_the_asked_time_is_in_it():
    body = certify(front(), "customer", "1287")[1]
    second = body["showings"][1]["reading"]["time"]
    path, later = certify(front(), "customer", "1287", "--from", second)
    well(path, later)
    equal((later["showings"], later["asked"]["from"]), (body["showings"][1:], second))


@test(gateway=True)
def test_the_whole_ledger_verifies_with_its_openings():
    _, body = certify(front(), "customer", "1287")
    status, found, summary = verifier.run(front().guard.folder / "ledger", "--key", body["verifier_key"])
    equal((status, verifier.faults(found)), (0, []))
    assert summary["records"] >= body["records"] and records(front(), OPENING)


@test(gateway=True)
def test_a_file_is_for_one_and_never_written_over():
    path = harness.folder() / f"certificate{next(names)}"
    words = ("certify", "--kind", "customer", "-o", str(path), "1287")
    done = front().guard.run(*words)
    equal((done.returncode, stat.S_IMODE(path.stat().st_mode)), (0, 0o600), done.stderr)
    assert "3 showings proven, 0 not; shown by 3 statements; signed" in done.stdout, done.stdout
    data = path.read_bytes()
    well(path, json.loads(data)["certificate"])
    equal((front().guard.run(*words).returncode, path.read_bytes()), (2, data))


@test(gateway=True)
def test_a_certificate_that_said_clear_where_nobody_knows_is_not_called_forged():
    """What an earlier pasu wrote of a field that some of the record's persons had no value in: not proven, and why; the rest is"""
    _, body = certify(front(), "customer", "1287")
    before = copy.deepcopy(body)
    equal(before["showings"][0]["reading"]["fields"], {"name": "clear", "phone": "maybe"})
    before["showings"][0]["reading"]["fields"]["phone"] = "clear"
    status, found = check(frame(before), body["verifier_key"])
    equal((status, verifier.faults(found)), (2, []))
    said = [text for text in verifier.texts(found, "unseen") if "not signed as a whole" not in text]
    equal([text.startswith("that phone was shown clear to this person is not proven: some of those whom") for text in said], [True], said)
    equal(len([text for text in verifier.texts(found, "note") if text.startswith("shown, ")]), 3)
    for wrong in ({"name": "clear", "phone": "masked"}, {"name": "clear", "phone": "null"}, {"name": "maybe", "phone": "clear"},
                  {"name": "clear"}, {"name": "clear", "phone": "clear", "email": "clear"}, {"name": "clear", "phone": ["clear"]}):
        before["showings"][0]["reading"]["fields"] = wrong
        equal(check(frame(before), body["verifier_key"])[0], 1, wrong)


# ---- changed ----

def signed_part(data):
    return data[len(b'{"certificate":'):data.rindex(b',"signature":')]


def frame(body, signature=None):
    """A file with another body."""
    path = harness.folder() / f"certificate{next(names)}"
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f'{{"certificate":{text},"signature":{json.dumps(signature, ensure_ascii=False)}}}\n', encoding="utf-8")
    return path


@test(gateway=True, limit=240)
def test_any_changed_byte_is_found():
    path, body = certify(front(), "customer", "1287")
    good, key = path.read_bytes(), body["verifier_key"]
    other = harness.folder() / "changed"
    begin = good.rindex(b',"signature":')
    for at in itertools.chain(range(0, begin, 11), range(begin, len(good)), range(15)):
        other.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 7]) + good[at + 1:])
        status, _ = check(other, key)
        assert status == 1, (at, good[max(0, at - 40):at + 20])
    for at in range(0, len(good), 97):
        for data in (good[:at], good[:at] + good[at + 1:], good[:at] + b" " + good[at:]):
            other.write_bytes(data)
            equal(check(other, key)[0], 1, at)
    for data in (good + b"\n", good + good, b" " + good):
        other.write_bytes(data)
        equal(check(other, key)[0], 1)


def leaves_of(value, path=()):
    """The paths to all that is no object or list."""
    if isinstance(value, (dict, list)):
        for name, one in (value.items() if isinstance(value, dict) else enumerate(value)):
            yield from leaves_of(one, path + (name,))
    else:
        yield path, value


def changed(value):
    if isinstance(value, int):
        return value + 1
    if value is None:
        return "x"
    if value.endswith("="):
        data = bytearray(base64.b64decode(value))
        data[0] ^= 1
        return base64.b64encode(data).decode()
    return value[:-1] + ("a" if value[-1:] != "a" else "b")


@test(gateway=True, limit=180)
def test_without_the_signature_whatever_is_proven_still_is():
    _, body = certify(front(), "customer", "1287")
    key = body["verifier_key"]
    status, found = check(frame(body), key)
    equal((status, len(verifier.faults(found))), (2, 0))
    verifier.has(found, "not signed as a whole", "unseen")
    for part in ("showings", "entries", "checkpoint", "person", "origin", "verifier_key", "format"):
        for path, value in leaves_of(body[part], (part,)):
            forged = copy.deepcopy(body)
            at = forged
            for name in path[:-1]:
                at = at[name]
            at[path[-1]] = changed(value)
            equal(check(frame(forged), key)[0], 1, path)
    for part in ("showings", "entries"):
        for number in range(len(body[part])):
            for what in ("twice", "gone"):
                forged = copy.deepcopy(body)
                if what == "twice":
                    forged[part].append(forged[part][number])
                elif part == "entries":
                    del forged[part][number]
                else:
                    continue
                equal(check(frame(forged), key)[0], 1, (part, number, what))


@test(gateway=True)
def test_one_s_proof_is_no_other_s():
    """A showing of somebody else, and a signature of another certificate, are found"""
    path, body = certify(front(), "customer", "1287")
    other_path, other = certify(front(), "customer", "1294")
    signature = json.loads(other_path.read_bytes())["signature"]
    for forged, note in ((body, signature), ({**body, "person": other["person"]}, None),
                         ({**other, "person": {**other["person"], "key": "1287"}}, None)):
        equal(check(frame(forged, note), body["verifier_key"])[0], 1)
    mixed = {**body, "showings": other["showings"], "entries": other["entries"], "checkpoint": other["checkpoint"]}
    equal(check(frame(mixed), body["verifier_key"])[0], 1)
    well(path, body)


@test(gateway=True)
def test_a_certificate_of_another_ledger_is_none():
    behind = shop.front("another")
    play(behind, "reader", "SELECT id, name FROM customers WHERE id = 1287")
    path, body = certify(front(), "customer", "1287")
    other_path, other = certify(behind, "customer", "1287")
    for file, key in ((path, other["verifier_key"]), (other_path, body["verifier_key"])):
        status, found = check(file, key)
        equal(status, 1)
        verifier.has(found, "not signed")
    forged = {**other, "origin": body["origin"], "verifier_key": body["verifier_key"]}
    equal(check(frame(forged), body["verifier_key"])[0], 1)
    behind.stop()


@test(gateway=True)
def test_hostile_documents_are_refused_and_nothing_else():
    _, body = certify(front(), "customer", "1287")
    key = body["verifier_key"]
    for hostile in (None, [], "x", 1, {}, [[]], {"format": body["format"]}, *({**body, name: other} for name in body
                    for other in (None, [], {}, 1, "x", [1], [None], [{}], True) if name not in (
                        "explanation", "asked", "made") and not (name == "unproven" and other in ([], [{}])) and not (
                        name == "showings" and other == []) and not (name == "records" and other == 1))):
        assert check(frame(hostile), key)[0] == 1, hostile
    deep = harness.folder() / "deep"
    deep.write_text('{"certificate":' + "[" * 100000 + ',"signature":null}\n', encoding="utf-8")
    equal(check(deep, key)[0], 1)


# ---- without a guard ----

@test(gateway=True)
def test_without_a_guard_only_what_was_opened_before_is_proven():
    behind = shop.front("stopped")
    early = (behind.guard.folder / "ledger" / "checkpoint").read_bytes()
    play(behind, "reader", "SELECT id, name FROM customers WHERE id IN (1287, 1294)", "SELECT name FROM customers WHERE id = 1301")
    first = certify(behind, "customer", "1287")[1]
    behind.stop()
    path, body = certify(behind, "customer", "1294")
    status, found = check(path, body["verifier_key"])
    equal((status, len(body["showings"]), body["unproven"], verifier.faults(found)), (2, 1, [], []))
    path, body = certify(behind, "customer", "1301")
    equal(([one["why"] for one in body["unproven"]], body["showings"]), (["unopened"], []))
    equal(check(path, body["verifier_key"])[0], 2)
    path, body = certify(behind, "customer", "1007", due=1)
    equal((check(path, body["verifier_key"])[0], body["verifier_key"]), (2, first["verifier_key"]))
    verifier.has(check(path, body["verifier_key"])[1], "not signed as a whole", "unseen")
    # Nor what no checkpoint covers, which a copy, to which nothing is added, still has.
    copied = harness.folder() / "copied"
    shutil.copytree(behind.guard.folder, copied, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    (copied / "ledger" / "checkpoint").write_bytes(early)
    for key in ("1287", "1301"):
        done = guard.run("certify", "--kind", "customer", "-c", copied / "pasu.yaml", "--", key)
        body = json.loads(done.stdout)["certificate"]
        equal(([one["why"] for one in body["unproven"]], body["showings"]), (["unsigned"], []), done.stderr)


@test(gateway=True)
def test_a_record_that_was_changed_costs_its_own_proof_and_no_other():
    behind = shop.front("changed")
    play(behind, "reader", "SELECT id, name FROM customers WHERE id IN (1287, 1294)", "SELECT name FROM customers WHERE id = 1287")
    equal(len(certify(behind, "customer", "1287")[1]["showings"]), 2)
    behind.stop()
    path, (at, index, _, payload) = next((path, record) for path, _ in ledgerfile.segments(behind.guard.folder / "ledger")
                                         for record in ledgerfile.walk(path) if record[2] == ledgerfile.EXPOSURE)
    data = bytearray(path.read_bytes())
    data[at + 32 + 16 + 32] ^= 1  # how many rows, under a checksum that fits
    end = at + 32 + len(payload) + -len(payload) % 8
    data[at:end] = ledgerwriter.seal(data[at:end], data[32:48])
    path.write_bytes(data)
    path, body = certify(behind, "customer", "1287")
    equal([(one["exposure"], one["why"]) for one in body["unproven"]], [(index, "damaged")])
    equal((len(body["showings"]), index in {one["record"] for one in body["entries"]}), (1, False))
    status, found = check(path, body["verifier_key"])
    equal((status, verifier.faults(found)), (2, []))


@test(gateway=True, limit=120)
def test_a_damaged_ledger_gives_no_false_certificate():
    """Whatever is changed in its files, what is proven is proven, and what is missing is said"""
    behind, chance = shop.front("damaged"), random.Random(7)
    play(behind, "reader", "SELECT id, name FROM customers WHERE id > 1200", "SELECT name FROM customers WHERE id = 1287")
    key = certify(behind, "customer", "1287")[1]["verifier_key"]
    behind.stop()
    folder = behind.guard.folder / "ledger"
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and (
        path.suffix == ".seg" or "tile" in path.parts or path.name == "checkpoint")}
    names_of = list(files)
    made = gaps = 0
    for number in range(60):
        path = names_of[number % len(files)] if number < 20 else next(one for one in files if one.suffix == ".seg")
        good = files[path]
        at = chance.randrange(len(good.rstrip(b"\0")))
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:])
        done = behind.guard.run("certify", "--kind", "customer", "1287")
        if done.returncode != 2:
            body = json.loads(done.stdout)["certificate"]
            status, found = check(frame(body), key)
            equal((status, verifier.faults(found)), (2, []), (path, at))
            made, gaps = made + 1, gaps + bool(body["completeness"]["gaps"])
        else:
            assert done.stdout == "" and done.stderr.startswith("pasu: "), done
        for one, data in files.items():  # the question may have been recorded
            one.write_bytes(data)
    assert made > 20 and gaps > 10, (made, gaps)


if __name__ == "__main__":
    harness.main()
