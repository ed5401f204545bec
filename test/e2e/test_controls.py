#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu doctor tries the controls of the running guard, by tests that show nobody anything."""
import datetime
import json
import re
import socket
import struct
import time

import control as controlling
import guard
import harness
import ledgerfile
import mmdb
import process
import shop
from stage import equal, refused, test
from test_signed import ledger, of
import wire

TRIED, REFUSED, RAISED, EXPOSURE = 40, 8, 31, 9
SOURCE, LEAVER, EXIT = 0, 1, 3  # docs/spec/ledger.md, type 40
RULES = [{"name": "overseas", "when": {"country": {"not": ["KR"]}, "fields": "any"}, "verdict": "block"},
         {"name": "office", "when": {"principal": "analyst", "address": "198.51.100.0/24"}, "verdict": "block"},
         {"name": "shadowed", "when": {"country": "DE"}, "verdict": "block", "shadow": True}]
BUDGETS = [{"principal": "analyst", "window": "hour", "subjects": 100, "verdict": "block"},
           {"principal": "analyst", "window": "day", "subjects": 5000000, "verdict": "block"},
           {"kind": "service", "window": "day", "subjects": 300, "verdict": "block"},
           {"principal": "analyst", "window": "hour", "subjects": 200, "verdict": "block"}]
ROSTER = "principal,kind,owner,owner_status\napp,service,Kim,active\nanalyst,human,Lee,active\ngone,human,Park,left\n"
COUNTRIES = {"127.0.0.0/8": {"country_code": "KR"}, "203.0.113.0/24": {"country_code": "DE"}}


def site(name, roster=ROSTER, **more):
    """A gateway with all controls, in front of the shop."""
    table, people = harness.folder() / f"{name}.mmdb", harness.folder() / f"{name}-roster.csv"
    mmdb.write(table, "country", COUNTRIES)
    people.write_text(roster, encoding="utf-8")
    everything = {"rules": RULES, "budgets": BUDGETS, "principals": {"roster": str(people)},
                  "sources": {"country_db": str(table)}, **more}
    return shop.front(name, more={key: value for key, value in everything.items() if value is not None})


@harness.shared
def front():
    made = site("controls")
    shop.server().sql("GRANT pg_read_all_stats TO pasu; ALTER ROLE pasu INHERIT")
    process.until(lambda: made.guard.status() and made.guard.find("bypass_sight", named="yes"), "who is connected is seen")
    return made


def examine(place):
    """What doctor says of each control: {control: {which: …}}."""
    done = guard.run("doctor", "-c", place.guard.path, "--json", timeout=60)
    equal(done.stderr, "")
    found = {}
    for one in json.loads(done.stdout)["controls"]:
        equal(set(one), {"control", "gateway", "name", "state", "text", "proven"})
        found.setdefault(one["control"], {})[one["name"]] = one
    return found


def states(found):
    return {control: {name: one["state"] for name, one in which.items()} for control, which in found.items()}


HELD = {"source": {"rule overseas": "held", "rule office": "held"},
        "rule": {"shadow rule shadowed: block": "untried"}, "leaver": {"roster": "held"},
        "budget": {"budget analyst hour 100": "held", "budget analyst day 5000000": "held", "budget kind service day 300": "held",
                   "budget analyst hour 200": "untried"},
        "exit": {"server exits": "held"}, "bypass": {"past pasu": "held"}, "decoy": {"decoys": "not configured"}}


def swap(front, config):
    """Another configuration in the file; the running guard is not told of it."""
    front.guard.config.update(config)
    front.guard.write()


def seconds(moment):
    return datetime.datetime.fromisoformat(moment).timestamp()


@test(gateway=True, limit=120)
def test_each_control_is_tried_and_holds_and_nobody_is_told():
    """Each control that the guard has is tried and holds; of that there are records that are tests, and nothing else: no
    refusal, no alert, nobody shown. The next time says when it was last proven"""
    began = time.time()
    found = examine(front())
    equal(states(found), HELD)
    for which in found.values():
        for one in which.values():
            assert one["state"] in ("untried", "not configured") or began - 1 <= seconds(one["proven"]) <= time.time() + 1, one
    assert "from 198.51.100.0" in found["source"]["rule office"]["text"] and "PS004" in found["source"]["rule office"]["text"], found
    assert re.match(r"a connection as .* was refused before the server was contacted", found["source"]["rule office"]["text"]), found
    assert re.match(r"a SELECT of all fields as .* \(DE\), was refused before the server was sent it \(PS003\)", found["source"]["rule overseas"]["text"]), found
    assert "as gone" in found["leaver"]["roster"]["text"] and "a smaller one holds" in found["budget"]["budget analyst hour 200"]["text"], found
    front().guard.until_sessions(0)
    kinds = [kind for _, kind, _ in ledgerfile.records(ledger(front()))]
    equal((kinds.count(TRIED), kinds.count(REFUSED), kinds.count(RAISED), kinds.count(EXPOSURE)), (8, 0, 0, 0))
    equal((front().guard.json("ack"), front().guard.find("session_refused"), front().guard.json("ledger", "export")), ([], [], []))
    equal(front().guard.json("scope")[0]["rows"], 0)
    again = examine(front())
    assert all(seconds(one["proven"]) >= seconds(found[control][name]["proven"]) for control, which in again.items()
               for name, one in which.items() if one["state"] == "held"), again
    page = guard.run("doctor", "-c", front().guard.path, timeout=60).stdout
    assert re.search(r"ok +control leaver: roster .*PS010\); last proven: 20", page), page


@test(gateway=True, limit=120)
def test_a_guard_without_the_controls_fails_each_test():
    """The same tests at a guard that has none of the controls: each says that nothing was refused, and that it was never
    proven; what cannot be tried, and what is not configured, is no failure"""
    more = {"rules": [], "budgets": [], "principals": None, "sources": None, "personal_data": [], "subjects": {}}
    front()
    bare = site("bare", **more)
    found = examine(bare)
    equal({control: set(one["state"] for one in which.values()) for control, which in found.items()},
          {"source": {"not configured"}, "leaver": {"not configured"}, "budget": {"not configured"},
           "exit": {"not configured"}, "bypass": {"held"}, "decoy": {"not configured"}, "rule": {"not configured"}})
    with_all = front().guard.config
    swap(bare, {key: with_all[key] for key in ("rules", "budgets", "principals", "sources", "personal_data", "subjects")})
    found = examine(bare)
    failed = {control: {name: state if state in ("untried", "not configured") else "failed" for name, state in which.items()}
              for control, which in HELD.items()}
    equal(states(found), {**failed, "bypass": HELD["bypass"]})
    assert "was not refused" in found["leaver"]["roster"]["text"] and "more than 100" in found["budget"]["budget analyst hour 100"]["text"], found
    equal({one["proven"] for control, which in found.items() for one in which.values() if control != "bypass"}, {None})
    equal(guard.run("doctor", "-c", bare.guard.path, timeout=60).returncode, 1)
    bare.stop()


JUDGING = [{"name": "weekend", "when": {"principal": "analyst", "verbs": ["copy"], "fields": ["address"]}, "verdict": "block", "session": "close"},
           {"name": "stars", "when": {"principal": "app", "fields": ["phone"]}, "verdict": "mask"},
           {"name": "told", "when": {"kind": "service", "fields": ["email"]}, "verdict": "alert"},
           {"name": "two-pairs", "when": {"principal": "app", "fields": ["address"]}, "verdict": "hold"},
           {"name": "behind", "when": {"principal": "app", "fields": ["address"]}, "verdict": "alert"},
           {"name": "nobody", "when": {"principal": "stranger"}, "verdict": "block"},
           {"name": "free", "when": {"principal": "app"}, "verdict": "allow"}]


@test(gateway=True, limit=120)
def test_each_rule_is_tried():
    """Rules that mask, alert, hold, and block by who and what are tried, by a statement of their own fields and verb: each is what
    decides; one that an earlier rule decides before says so. A guard that runs without them fails each, and with another
    verdict under the same name, or one that keeps sessions, too; none of it is an alert, or anybody's exposure"""
    place = site("judging", rules=JUDGING, budgets=[])
    held = {f"rule {one['name']}": "untried" if one["name"] == "behind" else "held" for one in JUDGING if one["name"] != "free"}
    found = examine(place)["rule"]
    equal({name: one["state"] for name, one in found.items()}, held)
    assert "is masked by it" in found["rule stars"]["text"] and "rules before it" in found["rule behind"]["text"], found
    assert "held until somebody approves it" in found["rule two-pairs"]["text"], found
    assert "is refused by it, and its session ended with that" in found["rule weekend"]["text"] and "session" not in found["rule nobody"]["text"], found
    place.guard.until_sessions(0)
    kinds = [kind for _, kind, _ in ledgerfile.records(ledger(place))]
    equal((kinds.count(REFUSED), kinds.count(EXPOSURE)), (0, 0))
    equal([one for one in place.guard.json("ack") if one["rule"] in held], [])
    failed = {name: state.replace("held", "failed") for name, state in held.items()}
    swap(place, {"rules": []})
    equal(place.guard.reload()["event"], "config_reloaded")
    swap(place, {"rules": JUDGING})
    equal({name: one["state"] for name, one in examine(place)["rule"].items()}, failed)
    swap(place, {"rules": [{**JUDGING[0], "session": "keep"}, *JUDGING[1:]]})
    equal(place.guard.reload()["event"], "config_reloaded")
    swap(place, {"rules": JUDGING})
    equal({name: one["state"] for name, one in examine(place)["rule"].items()}, {**held, "rule weekend": "failed"}, "it would keep the session")
    swap(place, {"rules": [{key: value for key, value in {**one, "verdict": "alert" if one["verdict"] != "alert" else "mask"}.items() if key != "session"} for one in JUDGING[:4]]})
    equal(place.guard.reload()["event"], "config_reloaded")
    swap(place, {"rules": JUDGING})
    equal({name: one["state"] for name, one in examine(place)["rule"].items()}, failed)
    place.stop()


# ---- whoever would misuse a test ----

def begin(place, control, principal, address=""):
    """Asks the keeper for a test, as doctor does; the application_name that it is known by."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(60)
        asked.connect(str(ledger(place) / "control.sock"))
        body = struct.pack("<IIIIQIIq64s64s48s256s", control, 0, 0, 0, 0, 0, 0, 0, b"gateway", principal.encode(), address.encode(), b"test")
        asked.sendall(controlling.head(24) + body.ljust(16944, b"\0"))
        answer = b""
        while piece := asked.recv(4096):
            answer += piece
    kind, length, error, _, token = struct.unpack("<IIiIQ", answer)
    equal((kind, length, error), (4, 16, 0))
    return f"pasu doctor {token:016x}"


@test(gateway=True)
def test_a_name_alone_is_no_test_and_a_test_is_one_alone():
    """Who calls their session a test, has a token of somebody else's, or one that is used up, is refused and told of like anybody"""
    def counts():
        return len(of(front(), TRIED)), len(of(front(), REFUSED))

    def knock(name, user="gone"):
        return refused(lambda: front().login(user=user, application_name=name), "PS010")
    name = begin(front(), LEAVER, "gone")
    tried, told = counts()
    knock("pasu doctor")
    knock("pasu doctor 0123456789abcdef")
    knock(begin(front(), LEAVER, "app"))
    process.until(lambda: counts() == (tried, told + 3), "three are refusals")
    knock(name)
    knock(name)
    process.until(lambda: counts() == (tried + 1, told + 4), "one is a test, and then no more")
    process.until(lambda: "leaver" in [one["rule"] for one in front().guard.json("ack")], "the others are an alert")


@test(gateway=True)
def test_a_test_shows_nobody_what_is_not_counted():
    """A test as if from somewhere ends before the server; the session of one that tries an exit is counted like any other, and
    of what it is refused the first exit alone is a test"""
    before = len(of(front(), TRIED))
    for address in ("127.0.0.1", "192.0.2.7"):
        equal(refused(lambda: front().login(user="app", application_name=begin(front(), SOURCE, "app", address)),
                      "PS009" if address == "127.0.0.1" else "PS003").code[:2], "PS")
    tried = before + 2
    process.until(lambda: len(of(front(), TRIED)) == tried, "both are recorded")
    with front().login(user="app", application_name=begin(front(), EXIT, "app")) as session:
        equal(len(session.query("SELECT name FROM customers ORDER BY id LIMIT 7").rows), 7)
        for _ in range(2):
            equal(session.exchange(wire.query("COPY customers TO PROGRAM 'true'")).errors[0]["C"], "PS002")
    front().guard.until_sessions(0)
    lines = [line for line in front().guard.json("ledger", "export") if line["application"] == "pasu doctor"]
    equal(sorted((line["verdict"], line["rows"]) for line in lines), [("allow", 7), ("block", 0)])
    equal(len(of(front(), TRIED)), tried + 1)
    equal(front().guard.json("scope", "--principal", "app")[0]["subjects"]["customer"]["at_least"], 7)


if __name__ == "__main__":
    harness.main()
