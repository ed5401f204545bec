#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Notices: each person is told exactly what the ledger says was shown of them, nobody else is told that something leaked, and
what was told before is not told again; texts have what the law asks for."""
import collections
import copy
import csv
import hashlib
import io
import json
import os
import re
import subprocess

import guard
import harness
from process import until
import shop
from stage import equal, test
from test_incident import BY, incident, number_of, scope
from test_signed import verify

CONTROLLER = """controller:
  ko: {name: "가게", contact: "개인정보팀 02-1-2", path: "", measures: "계정을 차단했습니다.", remedy: "보상 절차: 누리집.", more: "추가 안내는 누리집에 있습니다."}
  en: {name: "Shop", contact: "privacy team, 02-1-2", path: "", measures: "The account is blocked.", remedy: "See our site.", more: "There is more on our site."}
"""
WORDS = {"name": "성명", "phone": "전화번호", "email": "이메일 주소", "address": "주소", "order": "주문 내역"}
CLARITY = {"clear": "전체", "masked": "일부 가림", "maybe": "유출 여부 불확실", "none": "값 없음"}
# The lawyer's checklist: PIPA art. 34(1), in the order of its items (7: what the decree asks for, and what else there is to say);
# art. 39-2 of the decree for what is possible. What each item is called, and what it must say in any case.
MORE = "추가 안내는 누리집에 있습니다."
LAW = {"leak": {1: ("유출된 개인정보 항목: ", r"\("), 2: ("유출된 시점과 그 경위: ", r"\d+ KST", "을 통해 조회되었습니다"),
                3: ("피해를 줄이기 위한 방법: ", r"십시오", r"위험도: \S"), 4: ("개인정보처리자의 대응조치 및 피해 구제절차: ", "계정을 차단했습니다", "보상 절차"),
                5: ("피해 신고 담당부서 및 연락처: ", "개인정보팀 02-1-2"),
                6: ("법에 따른 권리와 행사 방법: ", r"손해배상\(제39조\)", r"법정손해배상\(제39조의2\)", "300만원", r"분쟁조정\(제43조\)"), 7: ("그 밖에 알려 드릴 사항: ", MORE)},
       "possible": {0: ("가능성",), 1: ("유출되었을 가능성이 있는 개인정보 항목: ", r": \S"), 2: ("유출이 의심되는 시점과 그 경위: ", r"\d+ KST"),
                    3: ("피해를 줄이기 위한 방법: ", "십시오"), 4: ("개인정보처리자의 대응조치 및 피해 구제절차: ", "계정을 차단했습니다", "보상 절차"),
                    5: ("피해 신고 담당부서 및 연락처: ", "개인정보팀 02-1-2"), 6: ("유출이 확인되면", "확인되면 그 사실을", "다시 알려 드리겠습니다"),
                    7: ("그 밖에 알려 드릴 사항: ", MORE)},
       "retraction": {0: ("유출되지 않은 것으로 확인", "개인정보팀 02-1-2")}}
LAW["addition"] = {**LAW["leak"], 0: ("추가로 확인",), 1: ("유출된 개인정보 항목(전체): ", r"\(")}


def texts():
    page = (harness.TREE / "contrib" / "incident" / "notices.yaml").read_text()
    return re.sub(r"controller:\n.*\n.*\n", CONTROLLER, page, count=1)


def front(name, *more):
    contacts = [*more, {"subject": "customer", "query": "SELECT id, email AS mail, phone FROM public.customers"},
                {"subject": "account", "query": "SELECT login, email AS mail FROM public.accounts"}]
    shop.asked()  # the inspector's role is there
    shop.server().sql("GRANT SELECT ON customers, accounts TO pasu")
    made = shop.front(name, more={"incident": {"notices": "notices.yaml", "contacts": contacts}, "time_zone": "Asia/Seoul"})
    (made.guard.folder / "notices.yaml").write_text(texts())
    return made


UNREACHED = re.compile(r"^pasu: (\d+) of these notices (?:has|have) no contact\n  hint: former customers .*\n")


def run(made, *words, status=0):
    done = guard.run("notify", "-c", made.guard.path, *words)
    equal((done.returncode, UNREACHED.sub("", done.stderr)), (status, ""), done.stdout)
    if "--json" in words and "--status" not in words:  # who has no contact is not passed over in silence
        said = UNREACHED.match(done.stderr)
        equal(int(said[1]) if said else 0, sum(json.loads(line)["contact"] is None for line in done.stdout.splitlines()))
    return done.stdout


def notices(made, number, *words):
    text = run(made, "--json", *BY, "notice", number, *words)
    found = [json.loads(line) for line in text.splitlines()]
    for one in found:
        check_law(one)
    return found, text


def items(text):
    """By their numbers; 0: all that is in none."""
    found = {0: ""}
    for line in text.split("\n"):
        number = re.match(r"(\d)\. ", line)
        if number:
            found[int(number[1])] = line[3:]
        else:
            found[0] += line + "\n"
    return found


def check_law(one):
    """The lawyer's checklist."""
    text, law = one["ko"]["text"], LAW[one["notice"]]
    found, english = items(text), items(one["en"]["text"])
    for number, (begin, *due) in law.items():
        said = found.get(number, "")
        assert said.startswith(begin) if number else begin in said, (number, begin, text)
        for words in due:
            assert re.search(words, said), (number, words, text)
        assert english.get(number, "").strip(), (number, one["en"]["text"])
    for field in one["fields"] if 1 in law else []:
        assert WORDS.get(field["field"], field["field"]) in found[1], (field, text)
    assert not any(line.endswith(" ") for line in text.split("\n")), text
    assert "노출" not in text and "{" not in text and one["ko"]["subject"].startswith("[가게]"), text
    assert not re.search(r"(\d\d:\d\d:\d\d \w+) ~ [\d-]+ \1", text), text  # a span of no time
    assert "privacy team" in one["en"]["text"], one
    if one["notice"] in ("leak", "addition"):
        assert "art. 39-2" in english[6] and "mediation" in english[6], one["en"]


def check_checklist(found):
    """That it is one: without an item, with one that says nothing, or without a word that an item must have, a notice does not pass"""
    for one in {one["notice"]: one for one in found}.values():
        for number, words in LAW[one["notice"]].items():
            lines = one["ko"]["text"].split("\n")
            ways = [[line for line in lines if not line.startswith(f"{number}. ")], [line[:line.index(": ") + 1] if line.startswith(f"{number}. ") and ": " in line
                                                                                      else line for line in lines]] if number else []
            ways += [[re.sub(word if word != words[0] else re.escape(word), "", line) for line in lines] for word in words]
            for way in ways:
                if way == lines:  # an item without a colon
                    continue
                less = copy.deepcopy(one)
                less["ko"]["text"] = "\n".join(way)
                try:
                    check_law(less)
                except AssertionError:
                    continue
                raise AssertionError((number, way))


def shown(made, *words):
    """Of each person, the fields that the ledger's own export says were shown, by statement, the strongest of each."""
    fields = collections.defaultdict(dict)
    for line in made.guard.json("ledger", "export", "--keys", *words):
        for kind, one in line["subjects"].items():
            for key in one["keys"]:
                for field, clarity in line["fields"].items():
                    was = fields[kind, key].get(field)
                    fields[kind, key][field] = clarity if was is None else shop.strongest(was, clarity)
    return fields


def check_sentences(made, found):
    """Every sentence about a person is tied to records: the fields, how clearly, when, through whom; and it is all of them."""
    by = shown(made)
    for one in found:
        summary = made.guard.json("subject", "--kind", one["kind"], str(one["key"]))
        *sights, total = summary
        assert total["what"] == "summary", summary
        told = {field["field"]: field["clarity"] for field in one["fields"]}
        due = by[one["kind"], one["key"]]
        equal(set(told), set(due), one)
        for field, clarity in told.items():
            assert clarity == ("none" if due[field] == "null" else due[field]) or clarity == "maybe", (one, due)
            assert f"{WORDS.get(field, field)} ({CLARITY[clarity]})" in one["ko"]["text"], one["ko"]["text"]
        for field in WORDS:
            assert field in told or f"{WORDS[field]} (" not in one["ko"]["text"], one["ko"]["text"]
        rank = ("null", "maybe", "masked", "clear")
        for field, clarity in told.items():  # mixed in all records that show it: not said to be shown
            strongest = max((sight["fields"].get(field, "null") for sight in sights), key=rank.index)
            equal(clarity, "none" if strongest == "null" else strongest, (field, one))
        equal((one["statements"], one["first"], one["last"]), (total["shown"], total["first"], total["last"]), one)


@test(gateway=True, limit=120)
def test_a_leak_that_grows_and_shrinks():
    """The chain: exposures, an incident, a first scope, more is found, notices, a retraction"""
    made = front("notify")
    keys = sorted(int(key) for key in shop.keys("customers", "id") if 1000 < int(key) < 4000)
    with made.login(user="app") as session:
        session.query(f"SELECT id, name, phone FROM customers WHERE id IN ({', '.join(map(str, keys[:12]))})")
        session.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11')")
    with made.login(user="analyst") as session:
        session.query(f"SELECT id, address FROM customers WHERE id IN ({', '.join(map(str, keys[10:20]))})")
    made.guard.until_sessions(0)
    number = number_of(made)
    equal(made.guard.run("notify", number).returncode, 1)
    first = scope(made, number, "--principal", "app")
    equal((first["at_least"], first["answer"]["subjects"]), (14, {"customer": [12, 12], "account": [2, 2]}))
    assert "14 to be told of a leak" in run(made, number)
    found, text = notices(made, number)
    equal({(one["kind"], one["key"]) for one in found}, {("customer", key) for key in keys[:12]} | {("account", "plain5"), ("account", "plain11")})
    equal({one["notice"] for one in found}, {"leak"})
    for one in found:
        equal(one["contact"]["mail"], f"user{one['key']}@example.com" if one["kind"] == "customer" else one["contact"]["mail"])
        equal(one["by"], ["unknown"])
    equal({field["field"] for one in found for field in one["fields"] if one["kind"] == "customer"}, {"name", "phone"})
    check_checklist(found)
    check_recorded(made, number, text, 14)
    equal(notices(made, number)[0], [])  # nobody is told twice

    # More is found: those who were told are told only what is new of theirs.
    scope(made, number, why="the analyst, too")
    found, text = notices(made, number)
    check_sentences(made, found)
    told = {one["key"]: one for one in found}
    equal(set(told), set(keys[10:20]))
    equal({key: one["notice"] for key, one in told.items()}, {key: "addition" if key in keys[:12] else "leak" for key in keys[10:20]})
    for one in found:
        equal([field["field"] for field in one["fields"] if field["added"]], ["address"] if one["notice"] == "addition" else [], one)
        assert one["notice"] == "leak" or "추가로 확인하여 알려 드립니다: 주소 (" in one["ko"]["text"], one
    assert {one["risk"] for one in found} <= {"low", "medium", "high"}, found
    check_checklist(found)
    check_status(made, number, found, text)

    # It was the analyst alone: who was shown to the application only is cleared.
    scope(made, number, "--principal", "analyst", why="the application was itself")
    done = made.guard.run("notify", "--json", *BY, "notice", number)
    equal((done.returncode, done.stdout), (1, ""), done.stderr)
    assert "12 would be told that nothing of theirs has leaked" in done.stderr and "--retract" in done.stderr, done.stderr
    found, _ = notices(made, number, "--retract")
    equal({(one["notice"], one["kind"], one["key"]) for one in found},
          {("retraction", "customer", key) for key in keys[:10]} | {("retraction", "account", "plain5"), ("retraction", "account", "plain11")})
    check_checklist(found)
    equal(notices(made, number)[0], [])
    scope(made, number, why="and it was the application after all")
    equal({(one["notice"], one["key"]) for one in notices(made, number)[0]}, {("leak", key) for key in [*keys[:10], "plain5", "plain11"]})
    made.stop()
    verify(made)


@test(gateway=True, limit=120)
def test_former_customers_and_those_in_address_books():
    """Who has no row any more, and recipients, who are no customers, are told what was shown of them, in Korean and English; contacts are those of the
    moment, and nowhere kept; what is new is told to them, and what is taken back"""
    made = front("notify-former", {"subject": "recipient", "query": "SELECT id, recipient_phone AS phone FROM public.parcels WHERE recipient_phone IS NOT NULL"})
    database = shop.server()
    database.sql("""GRANT SELECT ON parcels TO pasu;
        INSERT INTO customers SELECT k, 'Former-' || k, '010-4242-' || k % 10000, 'then' || k || '@example.org', NULL, 1, 'north' FROM generate_series(994201, 994202) k;
        INSERT INTO parcels SELECT k, 1287, 'Aunt-' || k, '010-4343-' || k % 10000, NULL, 1 FROM generate_series(94301, 94303) k""")
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM customers WHERE id IN (994201, 994202)")
        session.query("SELECT id, recipient, recipient_phone FROM parcels WHERE id IN (94301, 94302, 94303)")
    with made.login(user="analyst") as session:
        session.query("SELECT id, email FROM customers WHERE id IN (994201, 994202)")
    made.guard.until_sessions(0)
    # One leaves, one moves; one parcel is no more, one has no number.
    database.sql("""UPDATE parcels SET recipient_phone = NULL WHERE id = 94302; DELETE FROM customers WHERE id = 994201; UPDATE customers SET email = 'now994202@example.org' WHERE id = 994202;
        DELETE FROM parcels WHERE id = 94303; UPDATE parcels SET recipient_phone = '010-4444-4301' WHERE id = 94301""")
    number = number_of(made)
    scope(made, number, "--principal", "app")
    found, text = notices(made, number)
    told = {(one["kind"], one["key"]): one for one in found}
    equal(set(told), {("customer", 994201), ("customer", 994202), ("recipient", 94301), ("recipient", 94302), ("recipient", 94303)})  # and not whose parcel it is
    equal({key: one["contact"] for key, one in told.items()},
          {("customer", 994201): None, ("customer", 994202): {"mail": "now994202@example.org", "phone": "010-4242-4202"},
           ("recipient", 94301): {"phone": "010-4444-4301"}, ("recipient", 94302): None, ("recipient", 94303): None})
    for (kind, key), one in told.items():
        fields = {"customer": {"name": "clear"}, "recipient": {"name": "clear", "phone": "clear"}}[kind]
        equal((one["notice"], {field["field"]: field["clarity"] for field in one["fields"]}), ("leak", fields), f"{kind} {key}")
        english = items(one["en"]["text"])
        assert "name" in english[1] and "KST" in english[2] and "Shop" in one["en"]["subject"], english
        assert ("telephone" in english[1]) == (kind == "recipient"), english
    check_checklist(found)
    scope(made, number, why="the analyst, too")
    found, more = notices(made, number)
    equal([(one["key"], one["notice"], [field["field"] for field in one["fields"] if field["added"]], one["contact"] is None) for one in sorted(found, key=lambda one: one["key"])],
          [(994201, "addition", ["email"], True), (994202, "addition", ["email"], False)])
    scope(made, number, "--principal", "analyst", why="the application was itself")
    found, last = notices(made, number, "--retract")
    equal({(one["notice"], one["key"], one["contact"] is None) for one in found},
          {("retraction", 94301, False), ("retraction", 94302, True), ("retraction", 94303, True)})
    assert all("not" in one["en"]["text"] for one in found), found
    for value in (b"example.org", b"4444-4301", b"4242-4202", b"Former-", b"Aunt-"):
        for path in made.guard.folder.rglob("*"):
            assert not path.is_file() or value not in path.read_bytes(), (path, value)
    assert "now994202" in text + more and "then994" not in text + more + last
    made.stop()


def check_recorded(made, number, text, count):
    """That they were made is in the ledger, and no contact, nor any name"""
    event = incident(made, "show", number)[0]["events"][-1]
    equal((event["what"], event["at_least"], event["at_most"]), ("noticed", count, count))
    equal((event["more"]["sha256"], event["more"]["notices"]["leak"], event["more"]["possible"]),
          (hashlib.sha256(text.encode()).hexdigest(), count, False))
    for path in (made.guard.folder / "ledger").rglob("*"):
        assert not path.is_file() or b"@example.com" not in path.read_bytes(), path


def check_status(made, number, found, text):
    """What became of them: who was not reached is said, and how many were is recorded"""
    place = made.guard.folder
    (place / "notices.jsonl").write_text(text)
    rows = [("2026", one["id"], "delivered") for one in found[:-2]] + [("2026", found[-2]["id"], "bounced"), ("2026", "x", "delivered")]
    rows = [("2026", found[1]["id"], "bounced"), *rows, ("2026", found[0]["id"], "bounced")]  # what has arrived once has arrived
    (place / "status.csv").write_text("when,id,status\n" + "".join(",".join(row) + "\n" for row in rows))
    words = ("notify", "--status", place / "status.csv", *BY, "day 1", number)
    done = made.guard.run(*words, place / "notices.jsonl")
    equal((done.returncode, done.stdout), (1, f"{found[-2]['id']} failed\n{found[-1]['id']} unknown\n"))
    assert "1 line is of no notice" in done.stderr, done.stderr
    event = incident(made, "show", number)[0]["events"][-1]
    equal((event["what"], event["at_least"], event["at_most"], event["more"]["failed"]), ("delivered", len(found) - 2, len(found), 1))
    (place / "notices.jsonl").write_text(text + "\n")
    equal(made.guard.run(*words, place / "notices.jsonl").returncode, 1)
    equal(made.guard.run("notify", "--status", place / "status.csv", *BY, "x", number).returncode, 2)


@test(gateway=True, limit=120)
def test_what_is_possible_is_told_apart_and_taken_back():
    """Who can have been shown is told that it is possible, only then, and to all of them; and that it was not, once that is known"""
    made = front("possible")
    everybody = set(shop.keys("accounts", "login"))
    with made.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11')")
    with made.login(user="analyst") as session:
        session.query("SELECT lower(name) FROM accounts WHERE login <> 'plain17' ORDER BY random() LIMIT 3")
        session.query("SELECT max(name) FROM accounts")
    made.guard.until_sessions(0)
    number = number_of(made)
    at_least, at_most = scope(made, number)["answer"]["subjects"]["account"]
    assert at_least < at_most, (at_least, at_most)
    found, _ = notices(made, number)
    named = {one["key"] for one in found}
    equal(({one["notice"] for one in found}, len(named)), ({"leak"}, at_least))
    assert {"plain5", "plain11"} <= named, named
    found, _ = notices(made, number, "--possible")
    equal({one["key"] for one in found}, everybody - named)
    check_checklist(found)
    equal({(one["notice"], field["clarity"]) for one in found for field in one["fields"]}, {("possible", "maybe")})
    assert all("전체" not in one["ko"]["text"] and not one["by"] for one in found), found[0]
    equal(notices(made, number, "--possible")[0], [])
    # It is confirmed for one of them.
    with made.login(user="analyst") as session:
        session.query("SELECT login, name FROM accounts WHERE login = 'plain17'")
    made.guard.until_sessions(0)
    scope(made, number, why="one is certain")
    found, _ = notices(made, number)
    equal([(one["key"], one["notice"], one["was_possible"]) for one in found], [("plain17", "leak", True)])
    # It was not the analyst.
    scope(made, number, "--principal", "app", why="not the analyst")
    found, _ = notices(made, number, "--retract")
    equal(({one["notice"] for one in found}, {one["key"] for one in found}), ({"retraction"}, everybody - {"plain5", "plain11"}))
    made.stop()
    rows = list(csv.DictReader(io.StringIO(run(made, "--csv", *BY, "x", number))))
    equal(rows, [])


@test
def test_what_is_wrong_makes_no_notice():
    made = front("notify_faults")
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM customers WHERE id = 1287")
    made.guard.until_sessions(0)
    number = number_of(made)
    scope(made, number)
    before = len(incident(made, "show", number)[0]["events"])
    (made.guard.folder / "notices.yaml").write_text((harness.TREE / "contrib" / "incident" / "notices.yaml").read_text())
    done = made.guard.run("notify", number)
    assert done.returncode == 2 and "controller.ko.name" in done.stderr, done.stderr
    (made.guard.folder / "notices.yaml").write_text(texts().replace("risks:", "risk:"))
    assert "no key \"risk\"" in made.guard.run("notify", number).stderr
    for right, wrong in (("{items}", "{itmes}"), ("[{controller}] ", "[{controller}] {kind} "), ("{items}", "{items")):
        head, tail = texts().rsplit(right, 1)
        (made.guard.folder / "notices.yaml").write_text(head + wrong + tail)
        checked = made.guard.run("check")
        assert checked.returncode == 1 and "stands for nothing" in checked.stdout, checked
        assert f'notices.yaml:{head.count(chr(10)) + 1}:' in checked.stdout or wrong != "{itmes}", checked.stdout
        equal(made.guard.run("notify", number).returncode, 2)
    (made.guard.folder / "notices.yaml").write_text(texts())
    equal(made.guard.run("check").returncode, 0)
    for words in (("--json", number), ("--json", "--csv", *BY, "x", number), ("x",), ()):
        equal(made.guard.run("notify", *words).returncode, 2, words)
    equal(made.guard.run("notify", "--json", *BY, "x", "999999").returncode, 1)
    shop.server().sql("REVOKE SELECT ON customers FROM pasu")
    done = made.guard.run("notify", "--json", *BY, "x", number)
    shop.server().sql("GRANT SELECT ON customers TO pasu")
    assert done.returncode == 2 and "permission denied" in done.stderr and "do not send them" in done.stderr, done
    path = beside(made, "SELECT id, email AS mail FROM public.customers UNION ALL SELECT id, 'else@example.com' FROM public.customers WHERE id = 1287")
    done = guard.run("notify", "-c", path, "--json", *BY, "x", number)
    assert done.returncode == 2 and "incident.contacts of customer have a person twice" in done.stderr and "do not send them" in done.stderr, done
    equal(len(incident(made, "show", number)[0]["events"]), before)
    rows = list(csv.DictReader(io.StringIO(run(made, "--csv", *BY, "x", number))))
    equal([(row["notice"], row["key"], json.loads(row["contact"])["mail"]) for row in rows], [("leak", "1287", "user1287@example.com")])
    made.stop()


def beside(made, query):
    """A configuration of the same ledger in which the contacts of customers are asked for otherwise"""
    config = copy.deepcopy(made.guard.config)
    config["incident"]["contacts"][0]["query"] = query
    path = made.guard.folder / "beside.yaml"
    path.write_text(guard.yaml(config) + "\n")
    return path


@test(gateway=True)
def test_who_is_told_by_two_at_once_is_told_once():
    """One waits for its contacts while another makes the notices: it says that they are made, and records nothing"""
    made = front("notify_twice")
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM customers WHERE id IN (1287, 1294)")
    made.guard.until_sessions(0)
    number = number_of(made)
    scope(made, number)
    with shop.server().connect() as locking:
        locking.query("BEGIN; LOCK TABLE public.customers IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen([harness.PASU, "notify", "-c", made.guard.path, "--json", *BY, "one", number], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            until(lambda: shop.server().value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%email AS mail%'") != "0",
                  "a query that waits")
            other = beside(made, "SELECT 1::bigint AS id, '' AS mail, '' AS phone")
            told = guard.run("notify", "-c", other, "--json", *BY, "two", number)
            equal((told.returncode, len(told.stdout.splitlines())), (0, 2), told.stderr)
            locking.query("ROLLBACK")
            _, said = waiting.communicate(timeout=60)
    assert waiting.returncode == 2 and "other notices were made meanwhile" in said and "do not send them" in said, (waiting.returncode, said)
    equal([event["why"] for event in incident(made, "show", number)[0]["events"] if event["what"] == "noticed"], ["two"])
    equal(notices(made, number)[0], [])
    made.stop()


@test(gateway=True)
def test_a_key_that_a_spreadsheet_would_run_is_a_text():
    """In CSV it has a ' before it, in JSON it is itself; and its notice can be spoken of in both"""
    made = front("notify_csv")
    keys = ("=1+1", "@x", "plain5")
    shop.server().sql("INSERT INTO accounts SELECT unnest(ARRAY['=1+1', '@x']), 'x', NULL, 1")
    with made.login(user="app") as session:
        session.query("SELECT login, name FROM accounts WHERE login IN ('=1+1', '@x', 'plain5')")
    made.guard.until_sessions(0)
    number = number_of(made)
    scope(made, number)
    text = run(made, "--csv", *BY, "x", number)
    shop.server().sql("DELETE FROM accounts WHERE login IN ('=1+1', '@x')")
    rows = list(csv.DictReader(io.StringIO(text)))
    equal({row["key"] for row in rows}, {"'=1+1", "'@x", "plain5"})
    place = made.guard.folder
    (place / "notices.csv").write_bytes(text.encode())
    (place / "status.csv").write_text("id,status\n" + "".join(f"{row['id']},delivered\n" for row in rows))
    done = made.guard.run("notify", "--status", place / "status.csv", *BY, "x", number, place / "notices.csv")
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))
    event = incident(made, "show", number)[0]["events"][-1]
    equal((event["what"], event["at_least"], event["at_most"]), ("delivered", len(keys), len(keys)))
    made.stop()


def peak(made, number):
    """KiB that notices, which have nothing new to say, take at most."""
    with subprocess.Popen([harness.PASU, "notify", "-c", made.guard.path, "--json", *BY, "again", number], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    equal(process.returncode, 0)
    return usage.ru_maxrss


@test(gateway=True, limit=120)
def test_persons_of_one_version_are_in_memory_once():
    """However often notices were made of it: a mailer's run each hour costs no more than the first"""
    shop.asked()
    shop.server().sql("CREATE TABLE crowd AS SELECT n AS id, 'a' AS name FROM generate_series(1, 20000) n; ALTER TABLE crowd ADD PRIMARY KEY (id); GRANT SELECT ON crowd TO app, pasu")
    made = shop.front("notify_memory", more={"time_zone": "Asia/Seoul", "subjects": {"member": {"table": "public.crowd", "key": "id"}},
        "personal_data": [shop.personal("crowd", "member", "id", {"name": "name"})],
        "incident": {"notices": "notices.yaml", "contacts": [{"subject": "member", "query": "SELECT id FROM public.crowd"}]}})
    (made.guard.folder / "notices.yaml").write_text(texts())
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM crowd")
    made.guard.until_sessions(0)
    number = number_of(made)
    scope(made, number)
    peak(made, number)
    first = peak(made, number)
    for _ in range(12):
        last = peak(made, number)
    assert last < first + (4 << 10), (first, last)
    made.stop()


@test(gateway=True)
def test_contacts_are_found_however_the_server_writes_a_key():
    """A numeric with a scale is 12.50 there, and 12.5 in the ledger; of one value and among several"""
    shop.asked()
    shop.server().sql("""CREATE TABLE tenants (id numeric(6, 2) PRIMARY KEY, name text, email text); INSERT INTO tenants VALUES (12.50, 'a', 'a@example.com'), (7, 'b', 'b@example.com');
        CREATE TABLE flats (house numeric(6, 2), number int, name text, email text, PRIMARY KEY (house, number)); INSERT INTO flats VALUES (1.50, 2, 'c', 'c@example.com');
        GRANT SELECT ON tenants, flats TO app, pasu""")
    kinds = (("tenants", "tenant", "id"), ("flats", "flat", ["house", "number"]))
    made = shop.front("notify_forms", more={"time_zone": "Asia/Seoul",
        "subjects": {kind: {"table": f"public.{table}", "key": key} for table, kind, key in kinds},
        "personal_data": [shop.personal(table, kind, key, {"name": "name", "email": "email"}) for table, kind, key in kinds],
        "incident": {"notices": "notices.yaml", "contacts": [{"subject": "tenant", "query": "SELECT id, email FROM public.tenants"},
                                                             {"subject": "flat", "query": "SELECT house, number, email FROM public.flats"}]}})
    (made.guard.folder / "notices.yaml").write_text(texts())
    with made.login(user="app") as session:
        session.query("SELECT id, name FROM tenants")
        session.query("SELECT house, number, name FROM flats")
    made.guard.until_sessions(0)
    number = number_of(made)
    scope(made, number)
    found, _ = notices(made, number)
    equal(sorted((str(one["key"]), one["contact"]) for one in found),
          [("12.5", {"email": "a@example.com"}), ("7", {"email": "b@example.com"}), ("['1.5', '2']", {"email": "c@example.com"})])
    made.stop()


if __name__ == "__main__":
    harness.main()
