#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu drill: each cell of its table, against what the stories' own numbers say; a control that is switched off, or that a
configuration lacks, notices nothing; and nothing of it comes into the configuration's ledger but that it was run."""
import html.parser
import json
import os
import signal
import subprocess
import types

import chromium
import guard
import harness
import ledgerfile
import process
from stage import equal, test
from test_decoys import register_unasked

ALL = 337000  # a hundredth of 33.7 million
ASKED = 20
PAGE, DAYS = 25, 147
STEP = DAYS * 86400 / (ALL // PAGE)  # seconds between two pages of the leaver, who begins at 14:00
KNOWN = ("147_days", "night_dump", "colluding_pair", "web")  # of the administrator nobody knows exactly whom he read
CONTROLS = ("leaver", "country", "hours", "first_use", "approval", "other_rules", "budgets", "detectors", "decoys", "census")
SUBJECTS = {"subjects": {"customer": {"table": "public.customers", "key": "id"}},
            "personal_data": [{"table": "public.customers", "subject": "customer", "key": "id", "fields": {"name": "name", "phone": "phone"}}]}


def drill(*words, status=0):
    """The scenarios by name, each with its cells by control."""
    place = harness.folder() / "temporary"
    place.mkdir(exist_ok=True)
    done = guard.run("drill", "--json", *words, timeout=150, env={**os.environ, "TMPDIR": str(place)})
    equal((done.returncode, done.stderr), (status, ""), done.stdout[-500:])
    equal(list(place.iterdir()), [])
    return {one["name"]: {**{cell["control"]: cell for cell in one["controls"]}, "all": one["all"], "none": one["none"], "whole": one}
            for one in json.loads(done.stdout)["scenarios"]}


@harness.shared
def page():
    return harness.folder() / "drill.html"


@harness.shared
def whole():
    """Of the usual configuration."""
    return drill("--html", page())


def cell(scenario, control, after, persons, by, of=None):
    """Whether it is noticed within these seconds, after so many persons (a number, or a least and a most)."""
    found = (of or whole())[scenario][control]
    least, most = persons if isinstance(persons, tuple) else (persons, persons)
    assert least <= found["persons_shown"] <= most, (scenario, found)
    if by is None:
        equal((found["noticed_after"], found["by"], found["scope_known_after"]), (None, None, None), (scenario, found))
        return
    assert after[0] <= found["noticed_after"] <= after[1] and found["by"].startswith(by), (scenario, found)
    if scenario in KNOWN:  # what went through the gateway, or is in a log, is known exactly, at once
        assert 0 < found["scope_known_after"] < 10, (scenario, found)


def first_decoy():
    """The lowest number among the decoys of the usual drill (src/drill/plant.c): who reads all in their order meets this one first"""
    random, found = 1, []
    for _ in range(20):
        random = (random * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append(1 + ((random >> 32) * ALL >> 32))
    return min(found)


def unnoticed(scenario, shown, *controls, of=None):
    for control in controls:
        cell(scenario, control, None, shown, None, of)


@test(limit=150)
def test_leaver():
    """147 days: each control alone, all, and none; the numbers are those of a page of 25 each quarter of an hour from 14:00 on"""
    equal(set(whole()), {*KNOWN, "administrator"})
    equal([one["control"] for one in whole()["147_days"]["whole"]["controls"]], list(CONTROLS))
    by_night = (int(8 * 3600 // STEP) + 1) * PAGE
    by_midnight = (int(10 * 3600 // STEP) + 1) * PAGE
    cell("147_days", "leaver", (0, 0), 0, "the roster")
    cell("147_days", "country", (0, 61), 0, "rule overseas")
    cell("147_days", "hours", (8 * 3600, 8 * 3600 + STEP + 60), by_night, "rule night")
    cell("147_days", "first_use", (0, 61), 0, "rule never-ran")
    cell("147_days", "approval", (8 * 3600, 8 * 3600 + STEP + 60), by_night, "rule night")
    cell("147_days", "budgets", (10 * 3600 + 39 * STEP, 10 * 3600 + 42 * STEP), by_midnight + 1000, "budget kind human day 1000")
    cell("147_days", "detectors", (1, 86400), (PAGE, 3000), "detector ")
    met = -(-first_decoy() // PAGE)
    cell("147_days", "decoys", ((met - 1) * STEP, met * STEP + 61), met * PAGE, "a decoy was shown")
    cell("147_days", "all", (0, 0), 0, "the roster")
    unnoticed("147_days", ALL, "other_rules", "census", "none")
    first, last = whole()["147_days"]["whole"]["first"], whole()["147_days"]["whole"]["last"]
    assert first < "2025-06-25" and "2025-11-17" < last < "2025-11-20", (first, last)


@test
def test_dump():
    """The dump by night: a budget ends it at its row; rules before the first; detectors only at the next full hour"""
    for control, by in (("hours", "night"), ("first_use", "never-ran"), ("approval", "night"), ("all", "night")):
        cell("night_dump", control, (1, 1), 0, f"rule {by}")
    cell("night_dump", "budgets", (5.9, 6.1), 1000, "budget kind human day 1000")
    cell("night_dump", "detectors", (60, 1200), (10000, 240000), "detector ")
    cell("night_dump", "decoys", (first_decoy() / 200, first_decoy() / 200 + 3), (first_decoy(), first_decoy() + 1000), "a decoy was shown")
    unnoticed("night_dump", ALL, "leaver", "country", "other_rules", "census", "none")


@test
def test_pair():
    """The colluding pair: below every budget and rule; detectors notice it within two weeks, before a fifth of it"""
    none = whole()["colluding_pair"]["none"]["persons_shown"]
    assert 64 * 200 < none < 90 * 290, none
    cell("colluding_pair", "detectors", (3600, 14 * 86400), (100, none // 5), "detector ")
    cell("colluding_pair", "all", (3600, 14 * 86400), whole()["colluding_pair"]["detectors"]["persons_shown"], "detector ")
    cell("colluding_pair", "decoys", (86400, 90 * 86400), (ALL // 20 // 20, none - 1), "a decoy was shown")
    unnoticed("colluding_pair", none, *set(CONTROLS) - {"detectors", "decoys"}, "none")


@test
def test_web():
    """The web case: the log's reader notices within an hour; nothing else sees a log"""
    for control in ("detectors", "all"):
        cell("web", control, (60, 3600), (10, 200), "detector ")
    unnoticed("web", 30 * (ALL // DAYS), *set(CONTROLS) - {"detectors"}, "none")


@test
def test_administrator():
    """The administrator: the next census notices; what was read went past the record, and no exact scope is claimed"""
    for control in ("census", "all"):
        cell("administrator", control, (0, 2), (1, 400), "census")
        equal(whole()["administrator"][control]["scope_known_after"], None)
    unnoticed("administrator", ALL, *set(CONTROLS) - {"census"}, "none")


@test
def test_nobody_else():
    """Of those who only work there nobody is found"""
    equal({name: one["whole"]["other_findings"] for name, one in whole().items()}, dict.fromkeys(whole(), 0))


@test
def test_switched_off():
    """Each control that is switched off notices nothing, and all others what they did; the next one then notices first"""
    off = ("leaver", "country")
    made = drill("--scenario", "147_days", *(word for control in off for word in ("--without", control)))
    equal(list(made), ["147_days"])
    unnoticed("147_days", ALL, *off, of=made)
    cell("147_days", "all", (0, 61), 0, "rule never-ran", made)
    for control in set(CONTROLS) - set(off):
        equal({key: value for key, value in made["147_days"][control].items() if key != "scope_known_after"},
              {key: value for key, value in whole()["147_days"][control].items() if key != "scope_known_after"})


@test(limit=240)
def test_no_cell_but_by_its_control():
    """In each story, each cell that says that something was noticed says so no more once its control is off; those of the others are as they were"""
    for off in (CONTROLS[::2], CONTROLS[1::2]):
        made = drill(*(word for control in off for word in ("--without", control)), status=int("detectors" in off))  # nothing else reads logs
        equal(set(made), set(whole()))
        for story, cells in whole().items():
            unnoticed(story, cells["none"]["persons_shown"], *off, "none", of=made)
            for control in set(CONTROLS) - set(off):
                equal({key: value for key, value in made[story][control].items() if key != "scope_known_after"},
                      {key: value for key, value in cells[control].items() if key != "scope_known_after"}, f"{story} {control}")


@test
def test_all_off():
    """With all of them switched off a breach ends unnoticed, and the exit status says so"""
    off = [word for control in CONTROLS for word in ("--without", control)]
    for scenario in ("147_days", "web", "administrator"):
        made = drill("--scenario", scenario, *off, status=1)
        unnoticed(scenario, whole()[scenario]["none"]["persons_shown"], *CONTROLS, "all", "none", of=made)
        assert not any(made[scenario][control]["configured"] for control in CONTROLS), made


@test(gateway=True)
def test_own():
    """A configuration of one's own: what it lacks notices nothing; its ledger says that a drill was run, and nothing else"""
    roster = harness.folder() / "roster.csv"
    roster.write_text("principal,kind,owner,owner_status\napp,service,kim,active\n", encoding="utf-8")
    made = guard.start(guard.gateway(f"127.0.0.1:{process.free_port()}"), name="drill", **SUBJECTS, bypass={"verdict": "allow"},
                       rules=[{"name": "any-hour", "when": {"hours": "00:00-12:00"}, "verdict": "alert"}],
                       budgets=[{"window": "day", "subjects": 310, "verdict": "block"}])
    told = drill("-c", made.path, "--scenario", "147_days", "--without", "detectors")
    midnight = (int(10 * 3600 // STEP) + 1) * PAGE
    unnoticed("147_days", ALL, *set(CONTROLS) - {"hours", "budgets"}, of=told)
    cell("147_days", "hours", (10 * 3600, 11 * 3600), midnight, "rule any-hour", told)
    cell("147_days", "budgets", (12 * STEP, 12 * STEP + 61), 310, "budget everybody day 310", told)
    cell("147_days", "all", (12 * STEP, 12 * STEP + 61), 310, "budget everybody day 310", told)
    equal([control for control in CONTROLS if told["147_days"][control]["configured"]], ["hours", "budgets"])
    scope = made.json("scope")[0]
    equal((scope["subjects"], scope["statements"], scope["principals"]), ({}, 0, []))
    equal(made.json("ledger", "export"), [])
    register_unasked(types.SimpleNamespace(guard=made), "customer", 400001)
    equal([one["configured"] for one in drill("-c", made.path, "--scenario", "administrator", status=1)["administrator"]["whole"]["controls"]
           if one["control"] == "decoys"], [True])
    made.stop()
    equal([kind for _, kind, payload in ledgerfile.records(made.folder / "ledger") if b"drill" in payload], [ASKED, ASKED])


class Picture(html.parser.HTMLParser):
    """How many elements there are of each kind, and what they refer to."""

    def __init__(self, text):
        super().__init__()
        self.count, self.links = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.links += [value for key, value in attrs if key in ("href", "src", "xlink:href")]


@test
def test_picture():
    """--html: two charts and a table for each scenario, in one file that asks nobody for anything; an existing file stays"""
    whole()
    text = page().read_text(encoding="utf-8")
    picture = Picture(text)
    equal((picture.count["svg"], picture.count["table"], picture.links, "<script" in text), (10, 5, [], False))
    equal(text.count("337,000") >= 20 and "모의 유출 훈련" in text, True)
    before = page().stat().st_mtime_ns
    done = guard.run("drill", "--scenario", "administrator", "--html", page())
    equal((done.returncode, page().stat().st_mtime_ns), (2, before))


@test(limit=150)
@harness.only_if(chromium.POSSIBLE, chromium.WHY)
def test_page_in_a_browser():
    """Names of controls stand on one line, on a desk and on a telephone, which has not to be pushed sideways"""
    whole()
    for name, width in (("desk", 1280), ("phone", 390)):
        browser = chromium.Chromium(f"drill-{name}", width=width, mobile=name == "phone")
        browser.go(page().as_uri())
        high = {label: browser.ask("GET", f"/element/{browser.find(f'table tr:nth-child({row})')}/rect")["height"]
                for label, row in (("other_rules", 7), ("all together", 12), ("none", 13))}
        if name == "desk":
            equal(set(high.values()), {high["none"]}, str(high))
        content, viewport = browser.size()
        assert content <= viewport, (name, content, viewport)
        browser.close()


@test
def test_ended():
    """A signal ends both of its processes and leaves no folder; one that whoever started it had ignored does not"""
    place = harness.folder() / "ended"
    place.mkdir()
    for sent, ignored, status in ((signal.SIGTERM, None, -signal.SIGTERM), (signal.SIGINT, None, -signal.SIGINT), (signal.SIGHUP, signal.SIGHUP, 0)):
        with subprocess.Popen([harness.PASU, "drill", "--json", *(("--scenario", "web") if ignored else ())], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "TMPDIR": str(place)},
                              preexec_fn=lambda: ignored and signal.signal(ignored, signal.SIG_IGN)) as run:
            process.until(lambda: [one for one in place.iterdir() if list(one.iterdir())], "the folder of the drill")
            run.send_signal(sent)
            equal(run.stdout.read() != b"", status == 0)  # both have ended
        equal((run.returncode, list(place.iterdir())), (status, []), str(sent))


@test
def test_wrong_words():
    """What is no control or scenario is said, with those that there are"""
    for words, hint in ((("--without", "budget"), "budgets"), (("--scenario", "147"), "147_days")):
        done = guard.run("drill", *words)
        assert done.returncode == 2 and done.stdout == "" and hint in done.stderr, done


harness.main()
