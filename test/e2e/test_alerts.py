#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts: what budgets and rules judge is an alert in the signed ledger."""
import functools

import harness
import shop
from stage import equal, test
import wire

BUDGETS = [{"principal": "app", "window": "day", "subjects": 10, "verdict": "alert"},
           {"principal": "analyst", "window": "day", "subjects": 5, "verdict": "block"}]
ALL = "SELECT id, name FROM customers ORDER BY id"


@functools.cache
def front():
    return shop.front("alerts", more={"budgets": BUDGETS})


def stop_analyst(front, times):
    """A budget blocks that often."""
    for _ in range(times):
        with front.login(user="analyst") as session:
            session.exchange(wire.query(ALL))


@test(gateway=True, limit=90)
def test_recorded():
    """What a budget alerts about and what it blocks is an alert with its principal, session and numbers; what comes
    within the minute is counted in the next one, at the latest when the guard ends"""
    with front().login(user="app") as session:
        session.query(ALL)
    front().guard.until_sessions(0)
    found, = front().guard.json("ack")
    equal({key: found[key] for key in ("severity", "rule", "control", "verdict", "principal", "count")},
          {"severity": 3, "rule": "budget app day 10", "control": "budget", "verdict": "alert", "principal": "app", "count": 1})
    assert 10 < found["rows"] == found["subjects"] <= shop.CUSTOMERS, found  # those that came together
    shown, = [line for line in front().guard.json("ledger", "export") if line["verdict"] == "alert"]
    equal(found["session"], shown["session"])
    assert shown["seq"] <= found["about"] < found["alert"], (found, shown)
    stop_analyst(front(), 3)
    front().stop()
    alerts = [one for one in front().guard.json("ack") if one["principal"] == "analyst"]
    equal(sum(one["count"] for one in alerts), 3)
    equal((alerts[0]["count"], {one["verdict"] for one in alerts}, {one["severity"] for one in alerts}), (1, {"block"}, {4}))
    equal(len(alerts), 2)


if __name__ == "__main__":
    harness.main()
