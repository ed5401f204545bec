#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Broken policies (policies/): each fault is named where it is, with a hint, and a guard that is given one goes on with what it had.

In a file, "# fault: WORDS" ends a line that is wrong (once for each fault of it) and has words of what is said;
"# fault in FILE: WORDS" tells of the first line of a file that the configuration names."""
import json
import pathlib
import re

import guard
import harness
from process import until
import shop
from stage import equal, test
import wire

FOLDER = pathlib.Path(__file__).parent / "policies"
FILES = sorted(FOLDER.glob("*.yaml"))
NAME = f"SELECT name FROM customers WHERE id = {shop.keys('customers', 'id')[31]}"
PHONE = NAME.replace("name", "phone", 1)


def marked(path):
    """[(file, line, words)], as the file itself says."""
    due = []
    for number, line in enumerate(path.read_text(errors="replace").split("\n"), 1):
        for file, words in re.findall(r"# fault(?: in (\S+))?: ([^#]+)", line):
            due.append((file or path.name, 1 if file else number, words.strip()))
    return due


@test
def test_every_fault_is_named():
    """All faults of each file at once, each with file, line and a hint, and nothing else"""
    assert len(FILES) >= 60, len(FILES)
    for path in FILES:
        due = marked(path)
        assert due, f"{path.name} says nothing of its fault"
        ran = guard.run("check", "-c", path, "--json")
        equal((ran.returncode, ran.stderr), (1, ""), path.name)
        said = json.loads(ran.stdout)
        equal(sorted((pathlib.Path(one["file"]).name, one["line"]) for one in said["faults"]),
              sorted((file, line) for file, line, _ in due), path.name)
        for file, line, words in due:
            assert any(pathlib.Path(one["file"]).name == file and one["line"] == line and words in one["text"]
                       for one in said["faults"]), (path.name, line, words, said["faults"])
        assert all(one["hint"] for one in said["faults"]), (path.name, said["faults"])
        shown = guard.run("check", "-c", path)
        for file, line, _ in due:
            assert re.search(rf"{re.escape(file)}:{line}(:\d+)?: fault: .*\n  hint: \S", shown.stdout), shown.stdout


@test(gateway=True, limit=120)
def test_none_is_applied_by_half():
    """A guard that runs refuses each, and judges by what it had: what was blocked is, what was not is not"""
    rule = {"name": "no-phones", "when": {"fields": "phone"}, "verdict": "block"}
    front = shop.front("policies", more={"rules": [rule]}, workers=1)
    path = pathlib.Path(front.guard.path)
    with front.login(user="app") as session:
        for broken in FILES:
            path.write_bytes(broken.read_bytes())
            told = front.guard.reload()
            equal(told["event"], "config_refused", broken.name)
            equal((session.exchange(wire.query(NAME)).code, session.exchange(wire.query(PHONE)).code), (None, "PS003"), broken.name)
        equal(front.reload(), "config_reloaded")  # its own
    front.stop()


@test(gateway=True)
def test_reloads_cost_the_server_no_connections():
    """However often the configuration is changed: what has looked at the server for a former one goes, once nobody is there"""
    budget = {"principal": "app", "window": "day", "subjects": 0, "verdict": "block"}
    front = shop.front("policies-many", more={"budgets": [budget]}, workers=1)
    with front.login(user="app") as session:
        for number in range(30):
            budget["subjects"] = number + 1
            equal(front.reload(), "config_reloaded")
            equal(session.value("SELECT 1"), "1")
        front.login(user="app").terminate()  # which waits until the server has been looked at, for former ones first
        until(lambda: int(shop.server().value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pasu inspector'")) <= 6,
              "few connections of the inspector")
    front.stop()


if __name__ == "__main__":
    harness.main()
