#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An incident is kept in the ledger alone: its clocks, what was known of its scope when and why it changed, who was told and
who signed; with a guard and without one."""
import datetime
import json
import re

import guard
import harness
import process
import shop
from stage import equal, test
from test_signed import ledger, verify

BY = ("--who", "김 보안", "--why")
HOURS = {"kr-network-incident": 24, "kr-persons": 72, "kr-regulator": 72, "eu-authority": 72}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def ago(hours):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def incident(front, *words):
    return front.guard.json("incident", *words)


def number_of(front, *words, why="customers called"):
    return str(incident(front, "open", *BY, why, *words)[0]["incident"])


def show(front, number):
    found, = incident(front, "show", number)
    return found


def clocks(front, number):
    return {one["clock"]: one for one in show(front, number)["clocks"]}


def scope(front, number, *words, why="first look"):
    found, = incident(front, "scope", number, *BY, why, *words)
    return found


def signed(front):
    """How many records the newest checkpoint covers."""
    return int((ledger(front) / "checkpoint").read_text().splitlines()[1])


def read(front, count, user="app"):
    keys = sorted(int(key) for key in shop.keys("customers", "id") if 1000 < int(key) < 5000)[:count]
    with front.login(user=user) as session:
        session.query(f"SELECT id, name, phone FROM customers WHERE id IN ({', '.join(map(str, keys))})")
    front.guard.until_sessions(0)


@test(gateway=True, limit=120)
def test_an_incident_from_its_beginning_to_its_end():
    front = shop.front("incident")
    equal((incident(front), front.guard.run("incident").stdout), ([], "no incident\n"))
    read(front, 3)
    known = ago(60)
    number = number_of(front, "--when", known, "--detected", "a customer", "--how", "a call at night")
    found = show(front, number)
    equal((found["name"], moment(found["known"]), found["closed"]), ("customers called", moment(known), False))
    equal([event["what"] for event in found["events"]], ["opened", "detected", "held"])
    equal([(event["who"], event["why"]) for event in found["events"][1:]], [("a customer", "a call at night"), ("김 보안", "customers called")])
    equal({name: (moment(one["due"]) - moment(known)).total_seconds() / 3600 for name, one in clocks(front, number).items()}, HOURS)
    hold, = front.guard.json("hold")
    equal((found["events"][2]["about"], hold["who"]), (hold["hold"], "김 보안"))
    assert signed(front) > found["events"][2]["seq"], "the answer comes when it is signed"
    check_deadlines(front, number)
    check_scope(front, number)
    check_people(front, number)
    number = number_of(front, why="another one")
    front.stop()
    check_alone(front)
    verify(front)


def check_deadlines(front, number):
    """The status shows them; one that nears, and one that is over, is an alert, once."""
    shown = {one["clock"]: one for one in front.guard.status()["deadlines"]}
    equal({one["incident"] for one in shown.values()}, {int(number)})
    equal(set(shown), set(HOURS))
    page = front.guard.run("status").stdout
    assert re.search(r"11h 5\dm", page), page
    alerts = process.until(lambda: len(found := [one for one in front.guard.json("ack") if one["rule"] == "deadline"]) >= 4 and found,
                           "the alerts")
    equal(sorted((one["severity"], one["about"], " was due " in one["text"]) for one in alerts),
          [(4, int(number), False)] * 3 + [(5, int(number), True)])
    equal({name: one["state"] for name, one in clocks(front, number).items()},
          {"kr-network-incident": "over", "kr-persons": "nears", "kr-regulator": "nears", "eu-authority": "nears"})
    assert f", about incident {number}: incident {number}: " in front.guard.run("ack").stdout, front.guard.run("ack").stdout
    front.guard.replace("keeper")
    equal(front.guard.run("incident", "met", number, "no-such", *BY, "x").returncode, 1)
    incident(front, "met", number, "kr-network-incident", *BY, "KISA receipt 7", "--when", ago(50))
    equal(front.guard.run("incident", "met", number, "kr-network-incident", *BY, "x").returncode, 1)
    equal((clocks(front, number)["kr-network-incident"]["state"], "kr-network-incident" in json.dumps(front.guard.status())), ("met", False))
    equal(len([one for one in front.guard.json("ack") if one["rule"] == "deadline"]), 4)


def check_scope(front, number):
    """Each version keeps question, answer and place; what differs is told; the same is asked again by it."""
    first = scope(front, number, "--principal", "app", "--from", "1h")
    equal((first["version"], first["answer"]["subjects"], first["answer"]["fields"]["name"]), (1, {"customer": [3, 3]}, [3, 3, "clear"]))
    read(front, 8)
    read(front, 2, user="analyst")
    second = scope(front, number, "--from", "1h", why="the analyst, too")
    equal((second["version"], second["answer"]["subjects"], second["answer"]["principals"]), (2, {"customer": [8, 8]}, ["analyst", "app"]))
    assert second["size"] > first["size"] and "--size" in first["command"], (first, second)
    difference, = incident(front, "diff", number)
    equal((difference["changed"]["subjects"], difference["changed"]["fields"]["phone"]["now"][2]),
          ({"customer": {"then": [3, 3], "now": [8, 8]}}, "clear"))
    equal((difference["then"]["why"], difference["now"]["why"]), ("first look", "the analyst, too"))
    said = front.guard.run("incident", "diff", number, "1", "2").stdout
    assert "customer: 3 then, 8 now" in said and "by 김 보안: the analyst, too" in said, said
    for version in (first, second):
        question = version["answer"]["question"]
        words = [word for name, value in question.items() for word in (f"--{name}", value)]
        again, = front.guard.json("scope", "--size", str(version["size"]), *words)
        equal({kind: [one["at_least"], one["at_most"]] for kind, one in again["subjects"].items()}, version["answer"]["subjects"])
        equal(version["command"].split(" --", 2)[1], f"size {version['size']}")
        assert signed(front) >= version["size"], version
    for words, status in ((("diff", number, "1", "3"), 1), (("diff", number, "x"), 2), (("diff", "999999"), 1), (("show", "x"), 2)):
        equal(front.guard.run("incident", *words).returncode, status, words)
    equal(front.guard.run("incident", "show", number, "--principal", "app").returncode, 2)


def check_people(front, number):
    """Who was told, who signed, a decision that a deadline runs from; the page for the board."""
    incident(front, "told", number, "--who", "CEO", "--why", "by telephone", "--when", ago(40))
    versions = [event for event in show(front, number)["events"] if event["what"] == "scope"]
    incident(front, "sign", number, str(versions[-1]["seq"]), "--who", "CPO <a&b>", "--why", "I stand for it")
    equal(front.guard.run("incident", "sign", number, "0", *BY, "x").returncode, 1)
    incident(front, "material", number, "--who", "board", "--why", "material", "--when", "2026-11-20T15:00:00-05:00", "--law", "US")
    equal(clocks(front, number)["us-sec-8k"]["due"], "2026-11-27T22:30:00.000000Z")  # Thanksgiving is no business day
    again = front.guard.run("incident", "material", number, *BY, "again", "--law", "US")
    assert again.returncode == 1 and "decided already" in again.stderr, again
    equal(clocks(front, number)["us-sec-8k"]["due"], "2026-11-27T22:30:00.000000Z")
    page = front.guard.folder / "board.html"
    said = front.guard.run("incident", "board", number, "--html", page)
    equal((said.returncode, said.stderr), (0, ""))
    html = page.read_text()
    for text in ("CPO &lt;a&amp;b&gt;", "by telephone", "kr-persons", "Enforcement Decree art. 39(1)", "<td>8</td>"):
        assert text in html, text
    assert "told: CEO: by telephone" in said.stdout and "signed by CPO <a&b>" in said.stdout and "<script" not in html, said.stdout
    told = [(line[2:18], int(line.split("(record ")[1].split(",")[0].rstrip(")"))) for line in said.stdout.split("WHO KNEW WHAT WHEN")[1].splitlines() if line]
    equal(told, sorted(told))  # as it became known, which is not as it was written down
    assert [record for _, record in told] != sorted(record for _, record in told), told
    rows = html.split("Who knew what when")[1].split("<tr><td>")[1:]
    equal([int(row.split("</td><td>")[4]) for row in rows], [record for _, record in told])
    equal(front.guard.run("incident", "board", number, "--html", page).returncode, 2)
    incident(front, "close", number, *BY, "over")
    equal(front.guard.run("incident", "close", number, *BY, "over").returncode, 1)
    equal(front.guard.run("incident", "material", number, *BY, "late").returncode, 1)
    equal({one["state"] for one in clocks(front, number).values()}, {"met", "ended"})
    assert "deadlines" not in front.guard.status() and len(front.guard.json("hold")) == 1


def check_alone(front):
    """Without a guard; and what is wrong records nothing."""
    before = incident(front)
    number = number_of(front, "--law", "EU", why="at night")
    equal([(one["name"], one["closed"]) for one in incident(front)], [("customers called", True), ("another one", False), ("at night", False)])
    equal(list(clocks(front, number)), ["eu-authority"])
    equal([event["about"] for event in show(front, number)["events"] if event["what"] == "held"], [front.guard.json("hold")[-1]["hold"]])
    equal(scope(front, number)["answer"]["subjects"], {"customer": [8, 8]})
    equal(len(before), 2)
    for words in (("open",), ("open", "--who", "x"), ("open", *BY, "y" * 256), ("open", *BY, "x", "--law", "XX"), ("open", "7", *BY, "x"),
                  ("dance",), ("told", number), ("told", "999999", *BY, "x"), ("open", *BY, "x", "--when", "soon"),
                  ("open", *BY, "x", "--how", "y" * 256)):
        done = guard.run("incident", "-c", front.guard.path, *words)
        assert done.returncode in (1, 2) and done.stderr.startswith("pasu: "), (words, done)
    equal(len(incident(front)), 3)


@test(gateway=True)
def test_what_was_late_stays_late():
    """A deadline that was met after it was over says so; what has not come yet has not been; and a version of nobody asks whether it is meant"""
    made = shop.front("incident_late")
    known = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=20)).strftime("%Y-%m-%dT%H:%MZ")
    number = number_of(made, "--when", known, "--law", "EU")
    done = made.guard.run("incident", "open", *BY, "x", "--when", "2090-01-01")
    assert done.returncode == 2 and "has not come yet" in done.stderr, done.stderr
    incident(made, "met", *BY, "told them", number, "eu-authority")
    for text in (made.guard.run("incident", "show", number).stdout, made.guard.run("incident", "board", number).stdout):
        assert ", met, 17d" in text and "late" in text, text
    read(made, 3)
    made.guard.until_sessions(0)
    done = made.guard.run("incident", "scope", *BY, "a slip", "--principal", "ap", number)
    assert done.returncode == 0 and "by this version nobody was shown anything" in done.stderr, done.stderr
    made.stop()


@test(gateway=True)
def test_deadlines_that_it_lacks_are_added():
    """Of another law, and after an open that was cut off: each once, from when it was known; none to an incident that is closed"""
    made = shop.front("incident_clocks")
    known = ago(30)
    number = number_of(made, "--when", known, "--law", "EU")
    equal(set(clocks(made, number)), {"eu-authority"})
    incident(made, "met", *BY, "told them", number, "eu-authority")
    page = made.guard.run("incident", "clocks", "--law", "KR", number)
    equal((page.returncode, page.stdout, page.stderr), (0, f"incident {number}: 3 more deadlines run, in the signed ledger\n", ""))
    assert "does not run yet" in made.guard.run("incident", "clocks", "--law", "US", number).stderr
    equal(incident(made, "clocks", number), [{"incident": int(number)}])
    found = clocks(made, number)
    equal({name: (moment(one["due"]) - moment(known)).total_seconds() / 3600 for name, one in found.items()}, HOURS)
    equal((found["eu-authority"]["state"], found["kr-regulator"]["state"]), ("met", "runs"))
    equal(len(show(made, number)["clocks"]), len(HOURS))
    incident(made, "material", *BY, "half the customers", "--law", "KR", number)
    assert "more deadline runs" in made.guard.run("incident", "clocks", number).stdout
    equal(set(clocks(made, number)) - set(HOURS), {"us-sec-8k"})
    incident(made, "close", *BY, "over", number)
    done = made.guard.run("incident", "clocks", number)
    equal((done.returncode, done.stdout), (1, ""))
    assert "is closed" in done.stderr, done.stderr
    made.stop()


@test
def test_a_table_of_another_lawyer():
    """incident.clocks: faults with their lines; its deadlines are those that run"""
    front = shop.front("clocks", more={"incident": {"clocks": "clocks.yaml"}})
    place = front.guard.folder / "clocks.yaml"
    place.write_text("clocks:\n  - {name: a b, law: KR, from: known, within: 3x, to: x, source: y}\n  - {name: c, law: KR, from: soon, to: x}\n")
    done = front.guard.run("incident", "open", *BY, "x")
    equal(done.returncode, 2)
    for text in ("clocks.yaml:2: a b is no name", "within: 3x", "clocks.yaml:3: source is missing", "from: soon", "one of within"):
        assert text in done.stderr, (text, done.stderr)
    checked = front.guard.run("check")
    equal(checked.returncode, 1)
    assert "clocks.yaml:3:" in checked.stdout and "source is missing" in checked.stdout, checked.stdout
    place.write_text("clocks:\n  - {name: ours, law: KR, from: known, within: 5h, to: us, source: by-laws 7}\n")
    equal(front.guard.run("check").returncode, 0)
    found = clocks(front, number_of(front, "--law", "KR"))
    equal([(name, one["law"]) for name, one in found.items()], [("ours", "by-laws 7; to us")])
    front.stop()


if __name__ == "__main__":
    harness.main()
