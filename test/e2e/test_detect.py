#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The detectors, by logs of a made-up shop: each attack is found for what it is, and the same log without it says nothing."""
import collections
import datetime
import json
import random
import re
import subprocess

import harness
from stage import equal, test

BEGIN = 1780272000  # 2026-06-01T00:00:00Z, a Monday
DAYS, CLERKS, MEMBERS, ATTACK = 42, 40, 4000, 28
MAP = """\
subjects: {customer: {}}
routes:
  - {path: '/api/members/{customer}', fields: [name, phone]}
login: [/login]
principal: [address, account, agent]
"""


class Line(collections.namedtuple("Line", "at address account asked status agent", defaults=["Office/1.0"])):
    """One of a log."""

    def text(self):
        time = datetime.datetime.fromtimestamp(self.at, datetime.timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
        return f'{self.address} - {self.account} [{time}] "{self.asked} HTTP/1.1" {self.status} 512 "-" "{self.agent}"\n'


def desk(clerk):
    return f"10.1.0.{clerk}", f"clerk{clerk}"


def work(made, day, who, count, member, pages=1):
    """A day of somebody in an office, who reads `count` persons, each as member() says."""
    start = BEGIN + day * 86400
    lines = [Line(start + 8 * 3600 + made.randrange(3000), *who, "POST /login", 200)]
    for turn in range(count):
        at = start + 9 * 3600 + made.randrange(9 * 3600)
        lines += [Line(at, *who, "GET /home", 200)] * pages + [
            Line(at + 1, *who, f"GET /api/members/{member(turn)}", 200)]
    return lines


@harness.shared
def calm():
    """Clerks read members at random; members read themselves."""
    made, lines = random.Random(71), []
    for day in range(DAYS):
        for clerk in range(CLERKS):
            lines += work(made, day, desk(clerk), int(made.gauss(28, 4)), lambda _: made.randrange(MEMBERS))
        for _ in range(120):
            member = made.randrange(MEMBERS)
            who = f"198.51.{member % 100}.{member // 100}", f"member{member}"
            at = BEGIN + day * 86400 + int(made.gauss(14, 3) * 3600) % 86000
            lines += [Line(at, *who, "POST /login", 200), Line(at + 3, *who, f"GET /api/members/{member}", 200)]
    return lines


def scan(lines, status=1):
    """The findings, and the log."""
    folder = harness.folder()
    log, at = folder / "access.log", folder / "map.yaml"
    log.write_text("".join(line.text() for line in sorted(lines)), encoding="ascii")
    at.write_text(MAP, encoding="ascii")
    done = subprocess.run([harness.PASU, "scan", "--map", at, "--json", log], stdin=subprocess.DEVNULL, capture_output=True,
                          check=False, timeout=100)
    equal((done.returncode, done.stderr), (status, b""))
    document = json.loads(done.stdout)
    return document, log


def found(lines, detector, principals):
    """The finding of the attack's lines beside the calm ones; what it says is held against the lines."""
    everything = calm() + lines
    document, log = scan(everything)
    matching = [f for f in document["findings"] if f["detector"] == detector and set(f["principals"]) & set(principals)]
    assert matching, [(f["detector"], f["principals"], f["why"]) for f in document["findings"]]
    finding = matching[0]
    first, last = (datetime.datetime.fromisoformat(finding[name]).timestamp() for name in ("first", "last"))
    persons = {line.asked for line in everything if {line.address, line.account} & set(finding["principals"]) and
               "/api/" in line.asked and line.status == 200 and first <= line.at <= last}
    equal(finding["subjects"]["at_least"], len(persons))
    if finding["together"] == len(finding["principals"]):  # all of them are named
        equal(finding["subjects"]["at_most"], len(persons))
    equal(finding["fields"], ["name", "phone"])
    assert finding["statistic"] is not None and any(digit in finding["why"] for digit in "0123456789"), finding
    content = log.read_bytes()
    assert finding["evidence"], finding
    for part in finding["evidence"]:
        line = content[part["offset"]:].split(b"\n")[0].decode()
        assert any(name in line.split(" ") for name in finding["principals"]), line
    return finding


@test
def test_nobody():
    """Without an attack there is no finding"""
    document, _ = scan(calm(), 3)
    equal(document["findings"], [])


@test
def test_coverage():
    """One who was shown far more persons than those beside them from the first day on"""
    made = random.Random(1)
    lines = [line for day in range(DAYS) for line in work(made, day, desk(200), 280, lambda _: made.randrange(MEMBERS * 5))]
    finding = found(lines, "coverage", desk(200))
    assert finding["statistic"] > 6 and "peers' median" in finding["why"], finding


@test
def test_burst_of_a_morning():
    """A dump in a log of less than a day, of which only its first minute is there"""
    morning = [line for line in calm() if line.at < BEGIN + 11 * 3600]
    equal(scan(morning, 3)[0]["findings"], [])
    dump = [Line(BEGIN + 11 * 3600 + turn // 20, *desk(3), f"GET /api/members/{turn * 7}", 200) for turn in range(1100)]
    document, _ = scan(morning + dump)
    finding = next(f for f in document["findings"] if f["detector"] == "growth" and "10.1.0.3" in f["principals"])
    assert "in the first day" in finding["why"] and finding["subjects"]["at_least"] >= 1100, finding


@test
def test_collusion():
    """Twenty accounts that share the members out, and read no more than others do"""
    made = random.Random(2)
    lines = []
    for day in range(DAYS - 14, DAYS):
        for clerk in range(100, 120):
            lines += work(made, day, desk(clerk), 20, lambda turn, c=clerk, d=day: ((d - ATTACK) * 20 + turn) * 20 + c - 100)
    names = {name for clerk in range(100, 120) for name in desk(clerk)}
    finding = found(lines, "tiling", names)
    assert "in common" in finding["why"] and len(names & set(finding["principals"])) >= 10, finding
    assert 20 <= finding["together"] <= 24, finding


@test
def test_walk_hidden_in_an_account():
    """A walk through the numbers, in 1 of 5 that an account reads"""
    made = random.Random(3)

    def service(day, account, walks):
        lines = work(made, day, desk(account), 700, lambda turn: (day - ATTACK) * 140 + turn // 5 if walks and turn % 5 == 0
                     else made.randrange(MEMBERS * 50), pages=0)
        # The walk is in the order of time.
        return [line._replace(at=at, agent="Batch/2.0") for line, at in zip(lines, sorted(line.at for line in lines))]

    lines = [line for day in range(DAYS) for account in (210, 211)
             for line in service(day, account, account == 210 and day >= ATTACK)]
    finding = found(lines, "successor", desk(210))
    first = datetime.datetime.fromisoformat(finding["first"]).timestamp()
    assert first >= BEGIN + ATTACK * 86400 and "number behind" in finding["why"], finding


@test
def test_night():
    """An account that reads at night, when it never had"""
    made = random.Random(4)
    lines = [Line(BEGIN + day * 86400 + made.randrange(3600, 3 * 3600), *desk(5), f"GET /api/members/{made.randrange(MEMBERS)}", 200)
             for day in range(ATTACK, DAYS) for _ in range(12)]
    finding = found(lines, "waking", desk(5))
    assert "hours in which it never had" in finding["why"], finding


def by_day(lines, names, measure):
    """What is measured of each day's lines of theirs since the attack began."""
    days = collections.defaultdict(list)
    for line in lines:
        if line.at >= BEGIN + ATTACK * 86400 and {line.address, line.account} & set(names):
            days[int(line.at - BEGIN) // 86400].append(line)
    return {measure(of) for of in days.values()}


def numbers(finding, pattern):
    """Those that the text says of a day."""
    said = re.search(pattern, finding["why"])
    assert said, finding
    return tuple(map(float, said.groups()))


def is_since(finding, day=ATTACK):
    first = datetime.datetime.fromisoformat(finding["first"]).timestamp()
    assert first >= BEGIN + day * 86400, finding
    return True


def shown(lines):
    return {line.asked for line in lines if "/api/" in line.asked and line.status == 200}


@test
def test_growth():
    """A clerk who comes to read three times as many persons as before: how many of a day, what was usual, what the peers have"""
    made = random.Random(5)
    lines = [line for day in range(ATTACK, DAYS) for line in work(made, day, desk(6), 60, lambda _: made.randrange(MEMBERS))]
    finding = found(lines, "growth", desk(6))
    today, usual, peers = numbers(finding, r"^(\d+) persons in a day, where ([\d.]+) are usual for it, .* peers have ([\d.]+) a day")
    everything = [line for line in calm() + lines if desk(6)[0] == line.address]
    assert usual * 2 < today <= max(by_day(everything, desk(6), lambda of: len(shown(of)))), (today, finding)
    assert 20 < usual < 36 and 1 < peers < 36 and is_since(finding), finding  # members are peers, too


@test
def test_drift():
    """Somebody who goes through the members in the order of their numbers"""
    made = random.Random(6)
    lines = []
    for day in range(ATTACK, DAYS):
        steps = work(made, day, desk(220), 60, lambda turn, d=day: (d - ATTACK) * 60 + turn)
        lines += [line._replace(at=at) for line, at in zip(steps, sorted(line.at for line in steps))]
    # Others who read as many: what order is usual, they say.
    lines += [line for day in range(DAYS) for clerk in range(230, 233) for line in work(made, day, desk(clerk), 60, lambda _: made.randrange(MEMBERS))]
    finding = found(lines, "drift", desk(220))
    count, correlation, deviations = numbers(finding, r"numbers of (\d+) persons of a day rise with time: rank correlation ([\d.]+), ([\d.]+) standard")
    equal((count, correlation >= 0.99), (60.0, True))
    assert 7 < deviations < 8 and is_since(finding), finding


@test
def test_fanout():
    """An address that acts for thirty accounts a day, each of which logs in and reads its own"""
    made = random.Random(7)
    lines = []
    for day in range(ATTACK, DAYS):
        for turn in range(30):
            member = (day - ATTACK) * 30 + turn
            who, at = ("203.0.113.9", f"member{member}"), BEGIN + day * 86400 + made.randrange(80000)
            lines += [Line(at, *who, "POST /login", 200), Line(at + 1, *who, "GET /home", 200), Line(at + 3, *who, f"GET /api/members/{member}", 200)]
    finding = found(lines, "fanout", {"203.0.113.9"})
    accounts, usual, peers = numbers(finding, r"^acted for (\d+) accounts in a day; usual for it are ([\d.]+), for its peers ([\d.]+)")
    assert accounts == 30 and usual < 3 and peers < 3 and is_since(finding), finding


@test
def test_orphans():
    """An address that reads with accounts which never logged in"""
    made = random.Random(8)
    lines = [Line(BEGIN + day * 86400 + made.randrange(86000), "203.0.113.9", f"forged{day * 20 + turn}",
                  f"GET /api/members/{day * 20 + turn}", 200) for day in range(ATTACK, DAYS) for turn in range(20)]
    finding = found(lines, "orphan", {"203.0.113.9"})
    accounts, without, share, usual = numbers(
        finding, r"^of (\d+) accounts that it read persons with in a day, (\d+) had not logged in before \(([\d.]+) %; usual for it is ([\d.e-]+) %")
    assert (accounts, without, share) == (20.0, 20.0, 100.0) and usual < 5 and is_since(finding), finding


@test
def test_misses():
    """A clerk who asks for members that do not exist"""
    made = random.Random(9)
    lines = [Line(BEGIN + day * 86400 + 10 * 3600 + made.randrange(20000), *desk(8), f"GET /api/members/{90000000 + made.randrange(10 ** 7)}", 404)
             for day in range(ATTACK, DAYS) for _ in range(20)]
    finding = found(lines, "misses", desk(8))
    asked, missing, share, usual, peers = numbers(
        finding, r"^of (\d+) persons asked for in a day, (\d+) do not exist \(([\d.]+) %\); usual for it is ([\d.e-]+) %, for its peers ([\d.e-]+) %")
    everything = [line for line in calm() + lines if line.address == desk(8)[0]]
    most = max(by_day(everything, desk(8), lambda of: len({line.asked for line in of if "/api/" in line.asked})))
    assert 20 <= missing < asked <= most and abs(share - missing / asked * 100) < 0.1 and usual < 10 and peers < 10, (finding, most)
    assert is_since(finding) and finding["misses"] > 0, finding


@test
def test_novelty():
    """An account that comes from another country within the hour, with another program"""
    made = random.Random(10)
    home, abroad = ("168.126.63.1", "traveller"), ("8.8.8.8", "traveller")
    lines = [line for day in range(DAYS) for line in work(made, day, home, 20, lambda _: made.randrange(MEMBERS))]
    lines += [line._replace(agent="Crawler/1.0") for day in range(ATTACK, DAYS) for line in work(made, day, abroad, 5, lambda _: made.randrange(MEMBERS))]
    finding = found(lines, "novelty", {"traveller"})
    assert "from where it never had: a new country" in finding["why"] and "two countries within an hour" in finding["why"], finding
    assert numbers(finding, r"on a usual day ([\d.e-]+) % of that is new")[0] < 10 and is_since(finding), finding


if __name__ == "__main__":
    harness.main()
