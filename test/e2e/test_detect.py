#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The detectors, by logs of a made-up shop: each attack is found for what it is, and the same log without it says nothing."""
import collections
import datetime
import json
import random
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


if __name__ == "__main__":
    harness.main()
