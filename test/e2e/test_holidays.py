#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holidays as a condition of rules: pasu runs with its clock moved by libfaketime, on a machine in UTC, for people in Seoul."""
import json
import os
import pathlib
import re

import guard
import harness
import shop
from stage import equal, test
from test_clock import environment as moved_to, moved
import wire

ONE = f"SELECT name FROM customers WHERE id = {shop.keys('customers', 'id')[3]}"
RULE = {"name": "free-day", "when": {"kind": "unknown", "days": ["sat", "sun", "holiday"], "fields": "any"}, "verdict": "block"}
SHIPPED = (pathlib.Path(__file__).parents[2] / "contrib" / "holidays-kr.yaml").read_text(encoding="utf-8")
LISTED = {"years": 2026, "dates": re.findall(r"- (2026-\S+)", SHIPPED)}
# In Seoul Friday the 25th is from 15:00 to 15:00.
EVE, CHRISTMAS, LATE, WORK, NEXT = ("2026-12-24 14:00:00", "2026-12-24 16:00:00", "2026-12-25 14:00:00", "2026-12-28 01:00:00",
                                    "2027-01-04 03:00:00")


def environment(moment):
    return {**moved_to(moment), "TZ": "UTC"}


@harness.shared
def front():
    return shop.front("holidays", more={"time_zone": "Asia/Seoul", "rules": [], "environment": environment(EVE)})


def asked():
    """Who is shown one person, or how that is refused."""
    with front().login(user="app") as session:
        result = session.exchange(wire.query(ONE))
    return len(result.rows) if result.code is None else result.code


def at(moment, **keys):
    own = front().guard
    equal(own.stop(), 0)
    own.config.update(keys)
    own.write()
    own.environment.update(environment(moment))
    own.start()


@test(gateway=True, limit=120)
@moved
def test_holidays_count():
    """On a holiday that is listed a rule blocks what passes without it, and what passes the day before; days are those of
    time_zone. In a year that is not listed whatever day may be one: the rule holds"""
    at(CHRISTMAS)
    equal(asked(), 1, "without the rule")
    at(CHRISTMAS, rules=[RULE])
    equal(asked(), "PS003", "its holidays are of no year that is known")
    at(EVE, holidays=LISTED)
    equal(asked(), 1, "the day before")
    at(CHRISTMAS)
    equal(asked(), "PS003", "it is Christmas there")
    at(LATE)
    equal(asked(), "PS003", "until midnight")
    at(WORK)
    equal(asked(), 1, "a Monday")
    at(NEXT)
    equal(asked(), "PS003", "a Monday of a year that nobody has listed")
    verdicts = [line["verdict"] for line in front().guard.json("ledger", "export") if line["rule"] == "rule free-day"]
    equal(verdicts, ["block"] * 4)


@test(gateway=True, limit=60)
@moved
def test_who_must_list_them_is_told():
    """A month before the first year that is not listed, pasu check says so; with it listed it says nothing"""
    front().guard.config.update(rules=[RULE], holidays=LISTED)
    front().guard.write()
    for moment, years, due in ((EVE, [2026], 1), ("2026-11-01 00:00:00", [2026], 0), (EVE, [2026, 2027], 0)):
        front().guard.config["holidays"] = {**LISTED, "years": years}
        front().guard.write()
        ran = guard.run("check", "-c", front().guard.path, "--json", env={**os.environ, **environment(moment)})
        said = [one for one in json.loads(ran.stdout)["warnings"] if "holidays" in one["text"]]
        equal(len(said), due, f"{moment} {years}: {said}")
        assert not said or "2027" in said[0]["text"], said


if __name__ == "__main__":
    harness.main()
