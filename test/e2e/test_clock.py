#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Windows of budgets as time passes: pasu runs with its clock moved by libfaketime, in another time zone,
and is started again on the same ledger at other times."""
import pathlib

import harness
import process
import shop
from stage import equal, test
import wire

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
MOST = 5
ZONE = "Asia/Seoul"  # nine hours ahead: its midnight is not that of UTC
WINDOWS = ("minute", "hour", "day", "30d", "180d")


@harness.shared
def roles():
    for window in WINDOWS:
        shop.server().sql(f"CREATE ROLE of_{window} LOGIN IN ROLE app")


def environment(moment):
    """`moment`: local time at the start, from which it goes on."""
    return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"@{moment}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": ZONE}


@harness.shared
def front():
    roles()
    budgets = [{"principal": f"of_{window}", "window": window, "subjects": MOST, "verdict": "block"} for window in WINDOWS]
    return shop.front("clock", more={"budgets": budgets, "environment": environment("2026-01-10 12:00:00")})


def at(moment):
    """Starts pasu anew at this time; what was there before is in its ledger."""
    own = front().guard
    equal(own.stop(), 0)
    own.environment.update(environment(moment))
    own.start()


def ask(window, number):
    """Asks for five persons, the `number`th five; how many came, and whether a budget stopped it."""
    keys = shop.keys("customers", "id")[number * MOST:(number + 1) * MOST]
    with front().login(user=f"of_{window}") as session:
        result = session.exchange(wire.query(f"SELECT id, name FROM customers WHERE id IN ({', '.join(keys)})"))
    assert result.code in (None, "PS001"), result.errors
    return len(result.rows), result.code is not None


SHOWN, STOPPED = (MOST, False), (0, True)
moved = harness.only_if(LIBRARIES, "libfaketime is not installed")


@test(gateway=True, limit=120)
@moved
def test_windows_end():
    """Each window begins anew when the clock of the gateway says so: minute, hour, local midnight, 30 and 180 days"""
    steps = {
        "minute": (("2026-02-01 10:00:05", SHOWN), ("2026-02-01 10:00:20", STOPPED), ("2026-02-01 10:01:00", SHOWN)),
        "hour": (("2026-02-01 10:58:00", SHOWN), ("2026-02-01 10:59:10", STOPPED), ("2026-02-01 11:00:00", SHOWN)),
        # 23:50 to 00:05 in Seoul is one day in UTC; 08:50 to 09:10 are two.
        "day": (("2026-02-02 08:50:00", SHOWN), ("2026-02-02 09:10:00", STOPPED), ("2026-02-02 23:50:00", STOPPED),
                ("2026-02-03 00:05:00", SHOWN)),
        "30d": (("2026-03-01 23:59:00", SHOWN), ("2026-03-02 00:01:00", STOPPED), ("2026-03-30 23:50:00", STOPPED),
                ("2026-03-31 00:01:00", SHOWN)),
        "180d": (("2026-04-01 12:00:00", SHOWN), ("2026-09-27 23:50:00", STOPPED), ("2026-09-28 00:01:00", SHOWN)),
    }
    problems = []
    for window, moments in steps.items():
        number = 0
        for moment, due in moments:
            at(moment)
            got = ask(window, number)
            if got != due:
                problems.append(f"{window} at {moment}: {got}, not {due}")
            number += got == SHOWN
            if got == SHOWN and ask(window, number) != STOPPED:
                problems.append(f"{window} at {moment}: more than the budget")
    assert not problems, "\n".join(problems)


@test(gateway=True, limit=120)
@moved
def test_while_running():
    """Midnight passes while pasu runs: before it the budget stops, after it there is a new one, of N"""
    for moment in ("2026-11-01 23:59:55", "2026-11-03 23:59:45", "2026-11-05 23:59:15"):  # more time where this machine needs it
        mark = front().guard.mark()
        at(moment)
        before = ask("day", 0), ask("day", 1)
        if before[1] == STOPPED and front().guard.wait("budget_blocked", start=mark)["time"] < moment[:10] + "T15:00":  # UTC
            break
    equal(before, (SHOWN, STOPPED))
    process.until(lambda: ask("day", 1) == SHOWN, "midnight")
    equal(ask("day", 2), STOPPED)
    equal(ask("day", 1), SHOWN)


if __name__ == "__main__":
    harness.main()
