#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What stands beside a statement that waits to be approved: other rules, and the claim that it is judged by."""
import harness
import shop
from stage import equal, test
from approving import ADDRESS, Front, HOLD, KEY, ROWS, told
from test_conditions import CLAIM_KEY, signed
import wire

HOME, AWAY = "127.0.0.2", "127.0.0.3"
BOTH = f"SELECT name, address FROM customers WHERE id = {KEY}"
HALF = {"name": "half", "when": {"fields": "name"}, "verdict": "mask"}
LATER = {"name": "later", "when": {"fields": "address"}, "verdict": "block", "shadow": True}
HERE = {"name": "here", "when": {"address": {"not": HOME}, "fields": "any"}, "verdict": "block"}


@harness.shared
def shared():
    key = harness.folder() / "held.key"
    key.write_text(CLAIM_KEY.hex() + "\n", encoding="utf-8")
    key.chmod(0o600)
    return Front("held", [], more={"sources": {"claimed_from": ["sqlcommenter"], "claim_key_file": str(key), "claim_age": "5s"}})


def released(front, session, sql):
    """What comes once it is approved."""
    number = told(session, wire.query(sql))
    front.decide(number)
    return session.result()


def rules_of(front, name):
    front.guard.until_sessions(0)
    return sorted((line["verdict"], line["rule"]) for line in shop.export(front.made)[name].lines)


@test(gateway=True)
def test_rules_beside_an_approval_are_recorded():
    """A rule in shadow, and one that masks, are in the ledger beside the one that held the statement, whether it shows somebody or not; without any of them the name is clear"""
    front = shared()
    with front.login(application_name="harm") as session:
        equal(session.query(BOTH).rows, [[f"Kim-{KEY}", *ROWS[0]]])
    front.set(rules=[LATER, HALF, HOLD])
    with front.login(application_name="beside") as session:
        equal(released(front, session, BOTH).rows, [["***", *ROWS[0]]])
    equal(rules_of(front, "beside"), [("allow", "shadow rule later: block"), ("hold", "rule addresses"), ("mask", "rule half")])
    with front.login(application_name="nobody") as session:
        equal(released(front, session, ADDRESS.replace(str(KEY), "-1")).rows, [])
    equal(rules_of(front, "nobody"), [("allow", "shadow rule later: block"), ("hold", "rule addresses")])


@test(gateway=True)
def test_a_claim_is_as_old_as_what_waits():
    """A signed claim that was fresh when the statement was asked counts however late it is approved; of one that was not, nothing waits"""
    front = shared()
    front.set(rules=[HERE, HOLD])
    with wire.login(front.made.address, user="app", source=AWAY) as session, front.made.login(user="app") as other:
        equal(session.exchange(wire.query(ADDRESS)).code, "PS003")
        text = f"{ADDRESS} /*source='{signed(HOME)}'*/"
        number = told(session, wire.query(text))
        other.query("SELECT pg_sleep(6.1)")
        front.decide(number)
        equal(session.result().rows, ROWS)
        equal(session.exchange(wire.query(text)).code, "PS003")


if __name__ == "__main__":
    harness.main()
