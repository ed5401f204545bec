#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Codes that cannot be put where a mailer would take them from."""
import json

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


if __name__ == "__main__":
    harness.main()
