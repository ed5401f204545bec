#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu scope --as-of: what was answered at an earlier time is answered again, whatever came since, and the difference
and its reasons are told."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import time

import guard
import harness
import ledgerfile
import process
import shop
from stage import equal, test

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
QUESTIONS = ((), ("--field", "phone"), ("--principal", "analyst"), ("--principal", "app", "--field", "name"),
             ("--to", "2200-01-01"), ("--from", "2020-01-01", "--source", "127.0.0.0/8"))
moved = harness.only_if(LIBRARIES, "libfaketime is not installed")


def scope(front, *words, path=None):
    done = guard.run("scope", "--json", "-c", path or front.guard.path, *words)
    nobody = "app" in words and done.stderr.startswith("pasu: nothing on record is of a principal app\n")  # before it reads
    assert done.returncode == 0 and (not done.stderr or nobody), done
    found = json.loads(done.stdout)
    del found["completeness"]["reconciled"]  # a census can come at any time
    return found


def page(front, *words):
    done = guard.run("scope", "-c", front.guard.path, *words)
    equal((done.returncode, done.stderr), (0, ""))
    return done.stdout


def as_of(front, moment, *words):
    """The answer of then, without what --as-of adds; what it adds."""
    found = scope(front, "--as-of", moment, *words)
    return found, {key: found.pop(key) for key in ("as_of", "asked", "changed")}


def now():
    """Behind all that is recorded by now, and before what comes after: another microsecond of the clock"""
    begun = time.time_ns() // 1000
    at = process.until(lambda: (other := time.time_ns() // 1000) > begun and other, "the clock goes on")
    moment = datetime.datetime.fromtimestamp(at // 1000000, datetime.timezone.utc).replace(microsecond=at % 1000000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def show(session, *keys, fields="name"):
    session.query(f"SELECT id, {fields} FROM customers WHERE id IN ({', '.join(keys)}) ORDER BY id")


@test(gateway=True, limit=120)
def test_an_answer_of_an_earlier_time_comes_again_and_what_came_since_is_told():
    front = shop.front("as_of")
    keys = [key for key in shop.keys("customers", "id") if 0 < int(key) < 5000]
    analyst, app = front.login(user="analyst"), front.login(user="app")
    show(analyst, *keys[:5])
    analyst.query("SELECT login, name FROM accounts WHERE login IN ('plain5', 'plain11')")
    answers = [scope(front, *words) for words in QUESTIONS]
    scope(front)
    moment = now()
    for words, answer in zip(QUESTIONS, answers):
        found, more = as_of(front, moment, *words)
        equal(found, answer, words)
        equal((more["changed"]["differs"], more["as_of"]), (False, moment), words)
        equal(more["asked"]["times"], 1 if words else 2)
        assert more["asked"]["uid"] == os.getuid() and more["asked"]["last"] < moment, more
    assert "nothing differs now" in page(front, "--as-of", moment)

    # What is shown while no keeper runs is recorded by the next one: late, as of the time between.
    keeper = front.guard.pids()["keeper"]
    os.kill(keeper, signal.SIGSTOP)
    show(analyst, *keys[3:7])
    between = now()
    os.kill(keeper, signal.SIGKILL)
    process.until(lambda: front.guard.run("status").returncode == 0, "status answers", 40)
    show(app, *keys[:1], fields="name, phone")
    analyst.terminate()
    front.guard.until_sessions(1)
    equal(front.guard.json("erase", "--why", "request 7", "plain5"), [{"erased": 1}])

    for words, answer in zip(QUESTIONS, answers):
        equal(as_of(front, moment, *words)[0], answer, words)
    more = as_of(front, moment, "--list")[1]["changed"]
    equal(more["subjects"], {"customer": {"then": {"at_least": 5, "at_most": 5}, "now": {"at_least": 7, "at_most": 7},
                                          "added": 2, "keys": [int(key) for key in keys[5:7]]}})
    equal(more["fields"]["phone"], {"then": {"at_least": 0, "at_most": 0, "clarity": None},
                                    "now": scope(front)["fields"]["phone"]})
    equal((more["principals"], more["statements"]["then"], more["statements"]["now"]), (["app"], 2, 4))
    why = more["why"]
    equal((why["recorded_late"], why["shown_since"], why["sessions_ended"], why["erased"], why["damaged"]), (0, 2, 1, 1, 0))

    # As of the time between, one of these was shown before and came after.
    found, more = as_of(front, between)
    equal((found["subjects"], found["statements"]), (answers[0]["subjects"], 2))
    why = more["changed"]["why"]
    equal((why["recorded_late"], why["shown_since"]), (1, 1))
    assert between <= why["first"] == why["last"], why
    equal([gap["what"] for gap in more["changed"]["completeness"]["gaps"]], ["died"])
    equal(as_of(front, between, "--principal", "app")[1]["changed"]["why"]["recorded_late"], 0)
    text = page(front, "--as-of", between)
    for line in ("customer: 5 then, 7 now; 2 more named", "also to: app", "1 record of what was shown before that time came later",
                 "1 record is of what was shown since", "the keeper died after", "1 session that was open then has ended",
                 "1 person that was named then was erased since", "this was asked 2 times, first at"):
        assert line in text, (line, text)
    listed = page(front, "--as-of", between, "--list").splitlines()
    equal([line for line in listed if line.startswith("customer")], [f"customer\t{key}" for key in keys[:5]])
    app.terminate()
    front.stop()
    check_damage(front, moment)
    check_restart(front)


def check_damage(front, moment):
    """In a copy, the first exposure's record is damaged: both answers lack it, and say so."""
    copy = harness.folder() / "damaged"
    shutil.copytree(front.guard.folder, copy, ignore=lambda _, names: [name for name in names if name.endswith(".sock")])
    path, _ = ledgerfile.segments(copy / "ledger")[0]
    at = next(at for at, _, kind, _ in ledgerfile.walk(path) if kind == ledgerfile.EXPOSURE)
    with open(path, "r+b") as file:
        file.seek(at + 60)
        byte = file.read(1)
        file.seek(at + 60)
        file.write(bytes([byte[0] ^ 1]))
    done = guard.run("scope", "--json", "--as-of", moment, "-c", copy / "pasu.yaml")
    equal(done.returncode, 0, done.stderr)
    found = json.loads(done.stdout)
    equal([gap["what"] for gap in found["completeness"]["gaps"]], ["damaged"])
    equal((found["changed"]["differs"], found["changed"]["why"]["damaged"]), (True, 1))
    assert "damaged" not in [gap["what"] for gap in found["changed"]["completeness"]["gaps"]], found


def check_restart(front):
    """What is asked while pasu is stopped is recorded, and is no sign of life: the gap is the same, then and now."""
    scope(front)
    front.guard.start()
    answer = scope(front)
    found, more = as_of(front, now())
    equal((found, more["changed"]["differs"]), (answer, False))
    assert "stopped" in [gap["what"] for gap in found["completeness"]["gaps"]], found
    front.stop()


@test(gateway=True, limit=120)
@moved
def test_a_day_names_its_first_moment_by_the_clock_of_the_keeper():
    def at(moment):
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"@{moment}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
    front = shop.front("days", more={"environment": at("2026-01-10 12:00:00")})
    keys = [key for key in shop.keys("customers", "id") if 0 < int(key) < 5000]
    counts = {}
    for day, number in (("2026-01-10", 3), ("2026-01-17", 5), ("2026-01-20", 9)):
        if counts:
            equal(front.guard.stop(), 0)
            front.guard.environment.update(at(f"{day} 00:00:00"))
            front.guard.start()
        with front.login() as session:
            show(session, *keys[:number])
            session.terminate()
        counts[day] = scope(front)["subjects"]["customer"]["at_least"]
    equal(list(counts.values()), [3, 5, 9])
    for moment, due in (("2026-01-10", 0), ("2026-01-11", 3), ("2026-01-17", 3), ("2026-01-17T00:00:00Z", 3), ("2026-01-18", 5),
                        ("2026-01-20", 5), ("2026-01-20T08:59:00+09:00", 5), ("2026-01-21", 9)):
        found, more = as_of(front, moment)
        equal(found["subjects"].get("customer", {"at_least": 0})["at_least"], due, moment)
        equal(more["changed"]["differs"], due < 9, moment)
        equal([gap["what"] for gap in more["changed"]["completeness"]["gaps"]],
              ["stopped"] * {0: 2, 3: 2, 5: 1, 9: 0}[due], moment)
    equal(guard.run("scope", "--as-of", "soon", "-c", front.guard.path).returncode, 2)
    front.stop()


if __name__ == "__main__":
    harness.main()
