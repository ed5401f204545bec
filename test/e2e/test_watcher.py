#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The detectors run over what the gateway records, as it comes: a dump raises an alert within a minute that says who,
whom, what, since when and by which records; what is usual raises none; and whatever dies, it is told, once."""
import datetime
import random
import time

import guard
import harness
import ledgerfile
import process
import shop
from stage import equal, test
from test_signed import verify

MORE = 3000  # customers beside the shop's
CLERKS = 6
DAYS = 20
PERSONS = 40
MAP = """\
subjects: {customer: {}}
routes: [{path: '/members/{customer}', fields: [name, phone]}]
principal: [account, address]
"""
FINDING = {"detector", "principals", "together", "subjects", "fields", "reads", "misses", "first", "last", "statistic",
           "log10_e", "why", "evidence"}


@harness.shared
def server():
    """The shop's, with more customers and clerks."""
    made = shop.server()
    made.sql(f"INSERT INTO customers SELECT 100000 + i, 'Kim', '010', 'more' || i || '@example.com', 'Main Street', 1, 'north' "
             f"FROM generate_series(1, {MORE}) i; ANALYZE customers;"
             + "".join(f"CREATE ROLE clerk{n} LOGIN; GRANT SELECT ON customers TO clerk{n};" for n in range(CLERKS)))
    return made


def history(seed):
    """A log of three weeks up to yesterday: each clerk reads about as many customers every day, in two bouts of a minute."""
    chance, today, lines = random.Random(seed), datetime.datetime.now(datetime.timezone.utc), []
    for day in range(DAYS, 0, -1):
        date = (today - datetime.timedelta(days=day)).replace(hour=0, minute=0, second=0)
        for clerk in range(CLERKS):
            bouts = [60 * chance.randrange(1440) for _ in range(2)]
            for _ in range(PERSONS + chance.randrange(-10, 10)):
                at = date + datetime.timedelta(seconds=chance.choice(bouts) + chance.randrange(60))
                lines.append((at, f"127.0.0.1 - clerk{clerk} [{at:%d/%b/%Y:%H:%M:%S} +0000] \"GET /members/{100000 + chance.randrange(1, MORE)} "
                                  "HTTP/1.1\" 200 512 \"-\" \"psql\"\n"))
    return "".join(line for _, line in sorted(lines))


def front(name, **more):
    """pasu before the shop, with that history in its ledger."""
    server()
    made = shop.front(name, more=more)
    made.guard.stop()
    places = {"map.yaml": MAP, "access.log": history(name)}
    for file, text in places.items():
        (made.guard.folder / file).write_text(text)
    done = guard.run("scan", "--import", "-c", made.guard.path, "--map", made.guard.folder / "map.yaml",
                     made.guard.folder / "access.log")
    equal((done.returncode, done.stderr), (0, ""), done.stdout)
    made.guard.start()
    return made


def judged(made):
    """What the status says of the detectors, once they have all that is recorded."""
    last = max(number for number, kind, _ in ledgerfile.records(made.guard.folder / "ledger") if kind == ledgerfile.EXPOSURE)

    def look():
        one = made.guard.status().get("detectors")
        return one if one and one["judged"] and not one["behind"] and one["record"] > last else None
    return process.until(look, "the detectors have judged what is recorded", 30)


def work(made, clerk, times, chance):
    with made.login(user=f"clerk{clerk}") as session:
        for _ in range(times):
            session.query(f"SELECT name, phone FROM customers WHERE id = {100000 + chance.randrange(1, MORE)}")


def findings(made):
    return [one for one in made.guard.json("ack", "--all") if one.get("control") == "detector"]


def dump(made, clerk):
    with made.login(user=f"clerk{clerk}") as session:
        equal(len(session.query(f"SELECT id, name, phone FROM customers WHERE id BETWEEN 100001 AND {100000 + MORE}").rows), MORE)


@test(gateway=True, limit=90)
def test_burst():
    """A dump is an alert within a minute, with all that the detectors know of it; ordinary reads are none; what a watcher
    that dies has found is told once more by nobody, and what it has not told, by the next one"""
    made, chance = front("burst"), random.Random(1)
    one = judged(made)
    equal((one["findings"], findings(made)), (0, []))
    assert one["exposures"] > 0 and one["tested"] >= CLERKS, one
    why = {each["detector"]: each["untestable"] for each in one["list"]}
    equal((len(why), why["growth"]), (10, None))
    assert why["orphan"], why
    for clerk in range(CLERKS):
        work(made, clerk, 20, chance)
    judged(made)
    equal(findings(made), [], "what is usual")
    began, mark, today = time.monotonic(), made.guard.mark(), time.strftime("%Y-%m-%d", time.gmtime())
    dump(made, 3)
    event = made.guard.wait("alert_raised", 60, mark, rule="growth", principal="clerk3")
    assert time.monotonic() - began < 60
    alert = next(each for each in findings(made) if each["alert"] == event["alert"])
    found = alert["finding"]
    equal(set(found), FINDING)
    equal((found["detector"], found["principals"], found["together"]), ("growth", ["role clerk3"], 1))
    assert found["subjects"]["at_least"] <= MORE <= found["subjects"]["at_most"], found
    assert {"name", "phone"} <= set(found["fields"]), found
    assert "where" in found["why"] and "peers" in found["why"], found
    assert found["first"][:10] in (today, time.strftime("%Y-%m-%d", time.gmtime())), found
    kinds = {number: kind for number, kind, _ in ledgerfile.records(made.guard.folder / "ledger")}
    assert found["evidence"] and {kinds[number] for number in found["evidence"]} == {ledgerfile.EXPOSURE}, found
    equal(alert["severity"], 4)
    judged(made)
    before = findings(made)
    equal({each["principal"] for each in before} - {None}, {"clerk3"}, "nobody else")
    made.guard.replace("watcher")
    one = judged(made)
    assert one["findings"] >= 1, one
    equal(findings(made), before, "of another watcher")
    # What one has not told, the next one does.
    dump(made, 4)
    made.guard.replace("watcher")
    made.guard.replace("keeper")
    process.until(lambda: [each for each in findings(made) if each["principal"] == "clerk4"], "it is told", 60)
    made.stop()
    verify(made)


@test(gateway=True, limit=60)
def test_off():
    """A detector that is switched off does not judge, and says so; without any there is no watcher; a reload changes both, and how
    it logs"""
    made = front("off", detectors={"growth": False, "drift": False})
    why = {each["detector"]: each["untestable"] for each in judged(made)["list"]}
    equal((why["growth"], why["drift"], why["coverage"]), ("it is switched off", "it is switched off", None))
    dump(made, 2)
    judged(made)
    assert not [each for each in findings(made) if each["rule"] in ("growth", "drift")], findings(made)
    pid = made.guard.pids()["watcher"]
    made.reload()
    equal(made.guard.pids()["watcher"], pid)
    made.guard.config["log"] = {"level": "info"}
    made.reload()
    made.guard.until_other("watcher", pid)
    judged(made)
    names = ("coverage", "growth", "successor", "drift", "fanout", "orphan", "misses", "tiling", "novelty", "waking")
    made.guard.config["detectors"] = dict.fromkeys(names, False)
    made.guard.write()
    made.guard.reload()
    process.until(lambda: not made.guard.pids().get("watcher"), "it ends")
    assert "detectors" not in made.guard.status()
    made.stop()


harness.main()
