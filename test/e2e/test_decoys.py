#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Decoys: made-up persons in the customers' own table. Who is shown one is an alert that says who; they are no persons to any answer; no value of theirs
is in the ledger; and what is found of them outside tells whose copy it was."""
import datetime
import json
import pathlib
import re
import socket
import struct
import subprocess
import uuid

from control import head
import guard
import harness
import postgres
from process import until
import shop
from stage import equal, test
import wire

BY = ("--who", "김 보안", "--why", "decoys of 2026")
FILL = ("--domain", "mail.example.org", "--phone", "+44 7700 900###")
HELD = ("--set", "grade=2")


def dsn():
    return f"host={shop.server().folder} port={shop.server().port} user={postgres.account()} dbname=postgres"


def sets(front):
    return front.guard.json("decoy", "list")


def alerts(front):
    return [one for one in front.guard.json("ack", "--all") if one["rule"] == "decoy"]


def ask(front, sql, user="app"):
    with front.login(user=user) as session:
        rows = session.query(sql).rows
    front.guard.until_sessions(0)
    return rows


def scope(front, *words):
    done = front.guard.run("scope", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["subjects"]


def until_alert(front, count):
    return until(lambda: len(found := alerts(front)) >= count and found, f"{count} alerts of decoys", 20)


def of_set(front, number):
    return next(one for one in sets(front) if one["set"] == number)


def ledger_bytes(front):
    return b"".join(path.read_bytes() for path in sorted((front.guard.folder / "ledger").rglob("*")) if path.is_file())


@test(gateway=True, limit=120)
def test_touched():
    """Planted by one command; an ordinary read is no alert, a dump is one that says who, from where and which; scope counts persons without decoys,
    the past as it was; they stay watched over kill -9 and restart, until they are retired; none of their values is in the ledger"""
    front = shop.front("decoys")
    before = ask(front, "SELECT id, name FROM customers WHERE id > 0")
    planted, = front.guard.json("decoy", "plant", *FILL, *BY, "--kind", "customer", "--dsn", dsn(), "12")
    equal(planted["decoys"], 12)
    one, = sets(front)
    equal((one["set"], one["kind"], one["principal"], one["retired"], one["unseen"], one["who"], one["why"]),
          (planted["set"], "customer", None, None, 12, BY[1], BY[3]))  # beyond 32 bits
    people = shop.server().connect().query("SELECT id, name, email, phone, address, grade, region FROM customers WHERE email LIKE '%@mail.example.org'").rows
    equal(len(people), 12)
    for _, name, email, phone, address, grade, region in people:
        assert name and address and phone.startswith("+44 7700 900") and grade is not None and region in ("north", "south", "east"), (name, phone)
        for value in (name, email, phone):
            assert value.encode() not in ledger_bytes(front), value
    # What everybody does.
    ask(front, "SELECT name, phone FROM customers WHERE id = 1287")
    ask(front, "SELECT count(*) FROM customers")
    equal(alerts(front), [])
    # A dump.
    everybody = ask(front, "SELECT id, name, phone FROM customers WHERE id > 0", user="analyst")
    equal(len(everybody), len(before) + 12)
    alert = until_alert(front, 1)[0]
    equal({key: alert[key] for key in ("severity", "control", "principal", "verdict", "rule")},
          {"severity": 5, "control": "decoy", "principal": "analyst", "verdict": "allow", "rule": "decoy"})
    assert f"set {planted['set']}" in alert["text"] and "from 127.0.0.1" in alert["text"] and "customer" in alert["text"], alert
    shown = next(line for line in front.guard.json("ledger", "export") if line["session"] == alert["session"])
    equal(shown["principal"], "analyst")
    assert shown["seq"] <= alert["about"] < alert["alert"], (shown, alert)
    assert shown["fingerprint"] in alert["text"], (shown["fingerprint"], alert["text"])
    # Numbers.
    equal(scope(front, "--principal", "analyst"), {"customer": {"at_least": len(before), "at_most": len(before), "decoys": 12}})
    equal(scope(front, "--principal", "analyst", "--no-index"), scope(front, "--principal", "analyst"))
    equal(scope(front, "--principal", "app")["customer"].get("decoys"), None)
    listed = front.guard.run("scope", "--principal", "analyst", "--list").stdout.split()
    assert len(listed) >= len(before) and not set(listed) & {str(row[0]) for row in people}, "a decoy is listed"
    key = str(people[0][0])
    equal(front.guard.json("subject", "--kind", "customer", key)[-1]["decoy"], planted["set"])
    assert "a decoy, of set" in front.guard.run("subject", "--kind", "customer", key).stdout
    done = front.guard.run("certify", "--kind", "customer", key)
    equal(done.returncode, 2, done.stdout)
    assert "there is no such person" in done.stderr, done.stderr
    # Whoever dies, and starts anew: what waits for its minute is raised all the same.
    for _ in range(2):
        ask(front, "SELECT id, name FROM customers WHERE id > 0", user="analyst")
    front.guard.run("scope")  # what was shown is in the ledger now
    front.guard.replace("keeper")
    equal(of_set(front, planted["set"])["keys"], sorted_as(front, planted["set"], people))
    ask(front, f"SELECT name FROM customers WHERE id = {key}")
    until(lambda: "app" in [alert["principal"] for alert in alerts(front)], "the reader of one")
    equal(front.guard.stop(), 0)
    equal(sum(alert["count"] for alert in alerts(front) if alert["principal"] == "analyst"), 3)
    front.guard.start()
    equal(of_set(front, planted["set"])["retired"], None)
    equal(front.guard.run("decoy", "retire", *BY, "9").returncode, 1)
    front.guard.json("decoy", "retire", *BY, str(planted["set"]))
    equal(front.guard.run("decoy", "retire", *BY, str(planted["set"])).returncode, 1)
    count = len(alerts(front))
    ask(front, "SELECT id, name FROM customers WHERE id > 0", user="analyst")
    front.guard.run("scope")  # what was shown is in the ledger now
    equal(len(alerts(front)), count)
    equal(scope(front, "--principal", "analyst")["customer"]["decoys"], 12)
    verified = front.guard.run("ledger", "verify", timeout=60)
    equal(verified.returncode, 0, verified.stdout + verified.stderr)
    front.stop()


def sorted_as(front, number, people):
    keys = of_set(front, number)["keys"]
    equal(sorted(keys), sorted(str(row[0]) for row in people))
    return keys


@test(gateway=True, limit=120)
def test_as_of():
    """What was answered before they were known as decoys is answered again as it was"""
    front = shop.front("decoys-then")
    shop.server().sql("INSERT INTO customers VALUES (900001, '가짜', NULL, 'then@example.org', NULL, 1, 'north')")
    ask(front, "SELECT id, name FROM customers", user="analyst")
    every = scope(front)["customer"]["at_least"]
    asked = front.guard.json("ledger", "export")[-1]["time"]
    process_time = until(lambda: shop.server().value("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"), "a time")
    assert asked < process_time
    refused = register(front, "customer", "900001")
    equal(refused.returncode, 2, refused.stdout)
    register_unasked(front, "customer", 900001)
    equal(scope(front)["customer"], {"at_least": every - 1, "at_most": every - 1, "decoys": 1})
    done = front.guard.run("scope", "--json", "--as-of", process_time)
    assert done.returncode == 0, done.stderr
    then = json.loads(done.stdout)
    equal(then["subjects"]["customer"]["at_least"], every, str(then))
    changed = then["changed"]
    equal((changed["differs"], changed["subjects"]["customer"]["now"]["at_least"], changed["why"]["decoys"]), (True, every - 1, 1))
    page = front.guard.run("scope", "--as-of", process_time).stdout
    assert "  1 of those named then is known since as a decoy, no person\n" in page, page
    later = front.guard.json("scope", "--as-of", "0s")[0]["changed"]
    equal((later["differs"], later["why"]["decoys"]), (False, 0))
    shop.server().sql("DELETE FROM customers WHERE id = 900001")
    front.stop()


@test(gateway=True, limit=120)
def test_persons():
    """Who was shown to anybody is a person, and stays one: not registered, and told since when and how often; who was not shown can be"""
    front = shop.front("decoys-persons")
    member = shop.server().value("SELECT min(id::text) FROM members")
    for _ in range(2):
        ask(front, "SELECT name FROM customers WHERE id = 1287")
    ask(front, f"SELECT name FROM members WHERE id = '{member}'")
    before = scope(front)
    for kind, keys, words in (("customer", ("1287",), "1 of these 1 persons was shown before now: customer 1287 by 2 statements, from 2"),
                              ("customer", ("778", "1287"), "1 of these 2 persons was shown before now: customer 1287 by 2 statements, from 2"),
                              ("member", (member,), f"member {member} by 1 statement, from 2")):
        for more in ((), ("--principal", "analyst")):  # to whom is all one
            done = register(front, kind, *keys, more=more)
            equal(done.returncode, 2, done.stdout)
            assert words in done.stderr and "plant others" in done.stderr, done.stderr
    equal((sets(front), scope(front)), ([], before))
    done = register(front, "customer", "779", "779")
    equal(done.returncode, 2, done.stdout)
    assert "779 is in it more than once" in done.stderr, done.stderr
    equal(register(front, "customer", "778", "779").returncode, 0)
    equal(register(front, "member", "1287").returncode, 0)  # of another kind
    done = register(front, "customer", "777", "779")
    equal(done.returncode, 2, done.stdout)
    assert f"1 of these 2 persons is registered already: customer 779 is of set {sets(front)[0]['set']}, which watches" in done.stderr, done.stderr
    equal([len(one["keys"]) + one["unseen"] for one in sets(front)], [2, 1])
    front.stop()


@test(gateway=True, limit=60)
def test_keys_anew():
    """A key that the table gives anew, after its row was deleted, is a decoy's again once the old set is retired; one that a person had is none's"""
    front = shop.front("decoys-anew")

    def plant(key):
        return front.guard.run("decoy", "plant", "--json", *FILL, *BY, "--kind", "customer", "--dsn", dsn(), "--set", f"id={key}", "1")

    number = json.loads(plant(900500).stdout)["set"]
    shop.server().sql("DELETE FROM customers WHERE id = 900500")
    done = plant(900500)
    equal(done.returncode, 2, done.stdout)
    assert f"customer 900500 is of set {number}, which watches" in done.stderr and "nothing was planted" in done.stderr, done.stderr
    front.guard.json("decoy", "retire", *BY, str(number))
    equal(plant(900500).returncode, 0)
    shop.server().sql("INSERT INTO customers VALUES (900600, 'Kim-900600', NULL, 'anew@example.org', NULL, 1, 'north')")
    ask(front, "SELECT name FROM customers WHERE id = 900600")
    shop.server().sql("DELETE FROM customers WHERE id = 900600")
    done = plant(900600)
    equal(done.returncode, 2, done.stdout)
    assert "customer 900600 by 1 statement, from 2" in done.stderr and "nothing was planted" in done.stderr, done.stderr
    equal(shop.server().value("SELECT count(*) FROM customers WHERE id IN (900500, 900600)"), "1")
    equal(len(sets(front)), 2)
    shop.server().sql("DELETE FROM customers WHERE id = 900500")
    front.stop()


def register(front, kind, *keys, more=()):
    path = front.guard.folder / "planted.json"
    path.write_text("".join(json.dumps({"key": key, "email": "", "phone": ""}) + "\n" for key in keys))
    return front.guard.run("decoy", "register", *BY, *more, "--kind", kind, str(path))


def register_unasked(front, kind, ordinal):
    """As a pasu did that registered persons who had been shown (src/ledger/control_protocol.h)."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(60)
        control.connect(str(front.guard.folder / "ledger" / "control.sock"))
        control.sendall((head(28) + struct.pack("<QII64s64s256s256s", 0, 1, 0, kind.encode(), b"", b"kim", b"bait")
                         + struct.pack("<IB3s16s16s", ordinal, 1, b"", b"\1" * 16, b"")).ljust(16960, b"\0"))
        answer = b""
        while piece := control.recv(4096):
            answer += piece
    equal(struct.unpack("<IIi", answer[:12]), (4, 16, 0))


@test(gateway=True, limit=60)
def test_unique():
    """No two persons of a plant have the same telephone number, to the last that there is; that there are no more is said, and what to do"""
    front = shop.front("decoys-unique")
    shop.server().sql("CREATE UNIQUE INDEX members_phone ON members (phone)")
    plant = ("decoy", "plant", "--phone", "+44 7700 98##", *BY, "--kind", "member", "--dsn", dsn())
    done = front.guard.run(*plant, "101")
    equal(done.returncode, 2, done.stdout)
    assert "only 100 numbers, for 101 persons" in done.stderr and "give --phone more #" in done.stderr, done.stderr
    equal(sum(one["decoys"] for one in front.guard.json(*plant, "100")), 100)
    equal(shop.server().value("SELECT count(DISTINCT phone) FROM members WHERE phone LIKE '+44 7700 98%'"), "100")
    done = front.guard.run(*plant, "1")
    equal(done.returncode, 2, done.stdout)
    first, hint = done.stderr.splitlines()
    assert first.endswith("already exists.") and "members_phone" in first and "\\n" not in done.stderr, done.stderr
    assert "nothing was planted" in hint and "more #" in hint, done.stderr
    equal(sum(one["unseen"] for one in sets(front)), 100)
    shop.server().sql("DROP INDEX members_phone; DELETE FROM members WHERE phone LIKE '+44 7700 98%'")
    front.stop()


@test(gateway=True, limit=120)
def test_by_hand():
    """The SQL is run by somebody else, and its answer registered, without a guard: also of keys that have no number of their own until they are shown"""
    front = shop.front("decoys-by-hand")
    equal(front.guard.stop(), 0)
    done = front.guard.run("decoy", "plant", *FILL, "--kind", "member", "5")
    equal(done.returncode, 0, done.stderr)
    script = front.guard.folder / "plant.sql"
    script.write_text(done.stdout)
    answer = subprocess.run([postgres.BIN / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-f", script, dsn()], capture_output=True, text=True, check=False)
    equal(answer.returncode, 0, answer.stderr)
    keys = [json.loads(line)["key"] for line in answer.stdout.splitlines()]
    equal(len({uuid.UUID(key) for key in keys}), 5)
    planted = front.guard.folder / "planted.json"
    planted.write_text(answer.stdout)
    equal(front.guard.run("decoy", "register", "--kind", "member", str(planted)).returncode, 2)  # who, and why?
    number = front.guard.json("decoy", "register", *BY, "--kind", "member", str(planted))[0]["set"]
    equal((of_set(front, number)["keys"], of_set(front, number)["unseen"]), ([], 5))
    again = front.guard.run("decoy", "register", *BY, "--kind", "member", str(planted))
    equal(again.returncode, 2, again.stdout)
    assert "5 of these 5 persons are registered already" in again.stderr and f"of set {number}, which watches them" in again.stderr, again.stderr
    front.guard.start()
    equal(of_set(front, number)["unseen"], 5)
    ask(front, f"SELECT name FROM members WHERE id = '{keys[0]}'")
    assert " entry 4" in until_alert(front, 1)[0]["text"], alerts(front)
    equal((of_set(front, number)["keys"], of_set(front, number)["unseen"]), ([keys[0]], 4))
    front.guard.replace("keeper")
    ask(front, "SELECT id, name FROM members", user="analyst")
    until_alert(front, 2)
    equal((sorted(of_set(front, number)["keys"]), of_set(front, number)["unseen"]), (sorted(keys), 0))
    equal(scope(front, "--principal", "analyst")["member"]["decoys"], 5)
    equal(front.guard.stop(), 0)
    front.guard.json("decoy", "retire", *BY, str(number))
    assert of_set(front, number)["retired"]
    again = front.guard.run("decoy", "register", *BY, "--kind", "member", str(planted))
    equal(again.returncode, 2, again.stdout)
    assert f"of set {number}, which was retired 2" in again.stderr, again.stderr
    equal(len(sets(front)), 1)
    shop.server().sql("DELETE FROM members WHERE id IN (" + ", ".join(f"'{key}'" for key in keys) + ")")


def copies_of(front):
    """By role, the number of its own decoys, and what a view shows it of the customers."""
    view = front.guard.run("decoy", "view", "--kind", "customer")
    equal(view.returncode, 0, view.stderr)
    equal(front.guard.stop(), 0)
    shop.server().sql(view.stdout + "GRANT SELECT ON customers_copy TO app, analyst;")
    front.guard.start()
    numbers = {role: front.guard.json("decoy", "plant", *FILL, *BY, "--kind", "customer", "--dsn", dsn(), "--principal", role, "7")[0]["set"]
               for role in ("app", "analyst")}
    copies = {role: ask(front, "SELECT id, name, email, phone FROM customers_copy", user=role) for role in numbers}
    return numbers, copies


@test(gateway=True, limit=120)
def test_copies():
    """A view shows each role its own decoys; what is found outside tells whose copy it is, however it is written; other people's data tells nothing"""
    front = shop.front("decoys-copies")
    numbers, copies = copies_of(front)
    found = {one["principal"]: one["text"] for one in until_alert(front, 2)}
    for role, number in numbers.items():
        keys, others = set(of_set(front, number)["keys"]), {key for one in sets(front) if one["set"] != number for key in one["keys"]}
        made = [row for row in copies[role] if row[0] in keys]
        equal((len(made), [row for row in copies[role] if row[0] in others]), (7, []))
        assert f"set {number} for {role}" in found[role], found
        path = front.guard.folder / f"{role}.csv"
        for text in ("\n".join(f"{name},{email.upper()}" for _, name, email, _ in made),
                     "\n".join(f"{name};{phone.replace(' ', '-')}" for _, name, _, phone in made),
                     "INSERT INTO t VALUES " + ", ".join(f"('{name}', '{phone}', 17)" for _, name, _, phone in made)):
            path.write_text(text)
            told = {one["set"]: one for one in front.guard.json("decoy", "match", str(path))}
            equal((told[number]["principal"], told[number]["found"]), (role, 7), text)
        path.write_text("\n".join(email for _, _, email, _ in made))
        equal([one["set"] for one in front.guard.json("decoy", "match", str(path)) if one["principal"]], [number])
    path.write_text("\n".join(f"{row[1]},{row[2]},{row[3]}" for row in copies["app"] if not row[2].endswith("@mail.example.org")))
    equal(front.guard.run("decoy", "match", str(path)).returncode, 1)
    shop.server().sql("DROP VIEW customers_copy")
    front.stop()


@test(gateway=True, limit=120)
def test_traced():
    """A sample with some decoys of one copy is strong evidence for who alone was shown them, found by values however they are written;
    match hands its decoys over; a few, or decoys that somebody else was shown as well, are not"""
    shop.asked()  # the inspector's role is there
    front = shop.front("decoys-traced", more={"identity": ["public.customers.email", "public.customers.phone"]})
    shop.server().sql("GRANT SELECT ON customers TO pasu")
    numbers, copies = copies_of(front)
    until_alert(front, 2)
    done = front.guard.run("index", "build", timeout=60)
    equal(done.returncode, 0, done.stderr)
    path = front.guard.folder / "found.csv"

    def trace(rows, *words, command="trace"):
        path.write_text("name,email,phone\n" + "".join(f"{name},{email},{phone}\n" for name, email, phone in rows))
        done = front.guard.run(command, "--json", *(() if command == "match" else ("--kind", "customer")), *words, str(path))
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def made_of(role):
        keys = set(of_set(front, numbers[role])["keys"])
        return [row[1:] for row in copies[role] if row[0] in keys]

    for role, other in (("app", "analyst"), ("analyst", "app")):
        made, others = made_of(role), made_of(other)
        for rows in (made[:5], [(name, email.upper(), "") for name, email, _ in made[:6]], [(name, "", phone.replace(" ", "-")) for name, _, phone in made[:7]]):
            answer = trace(rows)
            equal((answer["answer"]["grade"], answer["answer"]["principals"], answer["answer"]["decoys"]),
                  ("strong", [role], {"persons": len(rows), "shown_to_nobody_else": True}), str(answer))
            equal([(one["set"], one["principal"], one["found"]) for one in answer["sample"]["decoys"]], [(numbers[role], role, len(rows))])
            equal([(one["principal"], one["decoys"]) for one in answer["sources"]][0], (role, len(rows)))
        equal(trace(rows, "--no-index")["answer"]["grade"], "strong")
        page = front.guard.run("trace", "--kind", "customer", str(path)).stdout
        assert f"strong: {role}" in page and f"in the copy alone of {role}" in page and "to nobody else on record" in page, page
        assert all(trace(made[:few])["answer"]["grade"] != "strong" for few in (1, 3))
        both = trace(made[:2] + others[:2])["answer"]
        assert both["grade"] != "strong" and not both["decoys"]["shown_to_nobody_else"], both
        matched = trace(made, command="match")["trace"]
        equal((matched["answer"]["grade"], matched["answer"]["principals"], matched["answer"]["decoys"]["persons"]), ("strong", [role], 7), str(matched))
    ask(front, "SELECT id, name, email, phone FROM customers", user="app")  # past its copy: all of them
    made = made_of("analyst")
    until(lambda: trace(made)["sources"][-1]["principal"] == "app", "what app was shown")
    for answer in (trace(made), trace(made, command="match")["trace"]):
        assert answer["answer"]["grade"] != "strong" and not answer["answer"]["decoys"]["shown_to_nobody_else"], answer["answer"]
    shop.server().sql("DROP VIEW customers_copy")
    front.stop()


@test(gateway=True, limit=60)
def test_imported():
    """What another program's log shows of a decoy is an alert as well, once a guard runs; of a person of another kind with that key it is none"""
    front = shop.front("decoys-imported")
    equal(front.guard.stop(), 0)
    path = front.guard.folder / "planted.json"
    path.write_text(json.dumps({"key": "777", "email": "", "phone": ""}) + "\n")
    number = front.guard.json("decoy", "register", *BY, "--kind", "customer", str(path))[0]["set"]
    (front.guard.folder / "map.yaml").write_text("subjects: {customer: {}, recipient: {}}\nroutes:\n"
                                                 "  - {path: '/members/{customer}', fields: [name]}\n  - {path: '/parcels/{recipient}', fields: [name]}\n")
    when = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    log = front.guard.folder / "access.log"
    log.write_text("".join(f'203.0.113.{at} - clerk{at} [{when}] "GET /{page}/777 HTTP/1.1" 200 512 "-" "x/1"\n'
                           for at, page in enumerate(("members", "parcels"))))
    done = guard.run("scan", "--import", "-c", front.guard.path, "--map", front.guard.folder / "map.yaml", log)
    equal(done.returncode, 0, done.stderr)
    front.guard.start()
    alert, = until_alert(front, 1)
    equal((alert["principal"], f"customer 777 of set {number}," in alert["text"], "203.0.113.0" in alert["text"]), ("clerk0", True, True), alert["text"])
    equal(front.guard.stop(), 0)
    equal(len(alerts(front)), 1)


@test(gateway=True, limit=60)
def test_refused():
    """What cannot be planted says what to do, and plants nothing"""
    front = shop.front("decoys-refused")
    for words, text in ((("plant", "--kind", "customer", *FILL[2:]), "--domain"), (("plant", "--kind", "customer", *FILL[:2]), "--phone"),
                        (("plant", "--kind", "recipient", *FILL), "another kind"), (("plant",), "--kind"), (("plant", "--kind", "nobody"), "nobody"),
                        (("plant", "--kind", "customer", *FILL, "0"), "256"), (("dance",), "register"), (("register", *BY), "-"),
                        (("plant", "--kind", "account", *FILL, *BY, "--dsn", dsn(), "1"), "default")):
        done = front.guard.run("decoy", *words)
        equal(done.returncode, 2, (words, done.stdout))
        assert text in done.stderr, (words, done.stderr)
    done = front.guard.run("decoy", "plant", "--kind", "customer", *FILL, *BY, "--dsn", "host=/nowhere/a,/nowhere/b")
    first, hint = done.stderr.splitlines()
    assert "/nowhere/a" in first and "/nowhere/b" in first and "\\n" not in first and "nothing was planted" in hint, done.stderr
    equal(sets(front), [])
    for line in ('{"key": 7}', "[]", "x", '{"key": ""}'):
        (front.guard.folder / "bad.json").write_text(line + "\n")
        equal(front.guard.run("decoy", "register", *BY, "--kind", "customer", str(front.guard.folder / "bad.json")).returncode, 2, line)
    equal(sets(front), [])
    front.stop()


@test(gateway=True, limit=120)
def test_doctor():
    """Doctor tries each set that is watched at the running guard: a record that names a decoy of it would be an alert, and is neither kept nor told of;
    what cannot be tried yet, is retired, or is not there is no failure"""
    front = shop.front("decoys-doctor")

    def tried():
        done = front.guard.run("doctor", "--json", timeout=60)
        return {one["name"]: one for one in json.loads(done.stdout)["controls"] if one["control"] == "decoy"}, done

    found, _ = tried()
    equal({name: (one["state"], one["proven"]) for name, one in found.items()}, {"decoys": ("not configured", None)})
    numbers = [front.guard.json("decoy", "plant", *FILL, *BY, "--kind", kind, "--dsn", dsn(), "3")[0]["set"] for kind in ("customer", "member")]
    names = [f"set {number}" for number in numbers]
    found, _ = tried()  # of the members none has a number
    equal({name: one["state"] for name, one in found.items()}, dict(zip(names, ("untried", "untried"))))
    ask(front, "SELECT id, name FROM customers WHERE id > 0", user="analyst")
    ask(front, "SELECT id, name FROM members")
    told = until_alert(front, 2)
    found, _ = tried()
    equal({name: one["state"] for name, one in found.items()}, dict.fromkeys(names, "held"))
    assert all(one["proven"] and "would be an alert" in one["text"] for one in found.values()), found
    front.guard.json("decoy", "retire", *BY, str(numbers[1]))
    equal(set(tried()[0]), set(names[:1]))
    front.guard.run("scope")
    equal((len(alerts(front)), len(front.guard.json("ledger", "export"))), (len(told), 2))
    page = front.guard.run("doctor", timeout=60).stdout
    assert re.search(rf"ok +control decoy: set {numbers[0]} .*would be an alert; last proven: 20", page), page
    equal(front.guard.run("ledger", "verify", timeout=60).returncode, 0)
    front.stop()


if __name__ == "__main__":
    harness.main()
