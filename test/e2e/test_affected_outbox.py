#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files of the page's: the folder of codes that may not be written to, and the roster that no process of it could open."""
import json
import os
import signal

import affected
import harness
import process
from stage import equal, test


@test(gateway=True)
def test_why_no_code_can_be_put_there_is_in_the_log():
    """A folder that pasu's account may not write to: permission denied, not "not available now"; once it may, the next code comes"""
    made = affected.Page("affected-denied")
    made.outbox.chmod(0o555)
    affected.Browser(made).want("user1287@example.com")
    made.guard.wait("clerk_failed")
    said, = [json.loads(line) for line in made.guard.process.lines if "clerk_failed" in line]
    equal((said["what"], said["error"]), ("a message", "permission denied"))
    made.outbox.chmod(0o777)
    affected.Browser(made).want("user1287@example.com")
    process.until(lambda: len(made.messages()) == 1, "the code")
    made.front.stop()


@test(gateway=True)
def test_the_kind_of_account_is_the_rosters():
    """By the roster that the guard has read, also when its file is no more where the page's process would look for it"""
    roster = harness.folder() / "affected-roster.csv"
    roster.write_text("principal,kind,owner,owner_status,left_at,contact\nanalyst,human,Kim,active,,\n", encoding="utf-8")
    made = affected.Page("affected-roster", more={"principals": {"roster": str(roster)}})
    for user in "analyst", "app":
        with made.front.login(user=user) as session:
            session.query("SELECT id, name FROM customers WHERE id = 1287")
            session.terminate()
    roster.rename(roster.with_suffix(".away"))
    made.guard.wait("roster_refused")
    before = made.guard.pids()["clerk"]
    os.kill(before, signal.SIGKILL)
    process.until(lambda: made.guard.pids().get("clerk", before) != before, "another clerk")
    said = affected.text_of(affected.Browser(made).enter("user1287@example.com")[2])
    assert "an account that a person uses" in said and "an unknown account" in said, said
    made.front.stop()


if __name__ == "__main__":
    harness.main()
