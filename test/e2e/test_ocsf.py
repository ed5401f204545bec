#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu ledger export --ocsf: each line is an event as the schema has it, and says what the line of --json says."""
import datetime
import json

import guard
import harness
import ocsf
import shop
from stage import equal, test
import wire

MOST = 20


@harness.shared
def front():
    """A shop of which something was shown, something sought in vain, and something refused."""
    made = shop.front("ocsf", more={"budgets": [{"principal": "analyst", "window": "hour", "subjects": MOST, "verdict": "block"}]})
    with made.login(application_name="reader \"1\"\n") as session:
        session.query("SELECT id, name, phone FROM customers WHERE id > 1200 /* kim */ ORDER BY id")
        session.query("SELECT name FROM customers WHERE id = 999999")
        session.query("SELECT login, name FROM accounts")
        session.query("SELECT array_agg(name) FROM customers WHERE grade = 1")
        session.terminate()
    with made.login(user="analyst") as session:
        equal(session.exchange(wire.query("SELECT id, name FROM customers")).code, "PS001")
        session.terminate()
    return made


def export(*words):
    done = guard.run("ledger", "export", "-c", front().guard.path, *words)
    equal((done.returncode, done.stderr), (0, ""))
    return [json.loads(line) for line in done.stdout.splitlines()]


@test(gateway=True)
def test_each_line_has_what_the_class_demands():
    events = export("--ocsf")
    assert len(events) >= 5, events
    for event in events:
        ocsf.check(event)


@test(gateway=True)
def test_each_line_says_what_the_line_of_json_says():
    for keys in ((), ("--keys",)):
        events, lines = export("--ocsf", *keys), export("--json", *keys)
        equal(len(events), len(lines))
        for event, line in zip(events, lines):
            ours = event["unmapped"]
            for key in ("seq", "actor", "fingerprint", "rows", "statements", "subjects", "fields", "attribution", "verdict",
                        "rule", "flags", "misses", *(("missed",) if keys else ())):
                equal(ours[key], line[key], key)
            moment = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
            equal(event["time"], int(moment.timestamp() * 1000000) // 1000)
            equal((event["metadata"]["original_time"], event["metadata"]["original_event_uid"]), (line["time"], str(line["seq"])))
            equal((event["actor"]["user"]["name"], event["actor"]["session"]["uid"]), (line["principal"], line["session"]))
            equal(event["actor"].get("app_name", ""), line["application"])
            equal((event["database"]["name"], event["query_info"]["query_string"], event["query_info"]["uid"]),
                  (line["database"], line["sql"], line["fingerprint"]))
            equal(event["src_endpoint"], {"ip": line["source"]["address"]})
            equal(event["status"] == "Failure", line["verdict"] == "block")
            equal(event["is_alert"], line["verdict"] != "allow")
    verdicts = {event["unmapped"]["verdict"]: event["disposition"] for event in events}
    equal(verdicts, {"allow": "Allowed", "alert": "Alert", "block": "Blocked"})


@test(gateway=True)
def test_nobody_is_named_without_keys():
    """Without --keys no line has a key of customers or accounts where a key could be; with it, they do"""
    keys = set(shop.keys("customers", "id") + shop.keys("accounts", "login"))

    def found(value):
        if isinstance(value, dict):
            return {one for item in value.items() for part in item for one in found(part)}
        if isinstance(value, list):
            return {one for part in value for one in found(part)}
        return {str(value)} & keys

    def told(events):
        """All but figures, which can be those of a key by accident."""
        return found([[event["unmapped"]["subjects"][kind].get("keys", []) for kind in event["unmapped"]["subjects"]] +
                      [event["unmapped"].get("missed", {}), event["message"], event["observables"], event["query_info"]]
                      for event in events])
    equal(told(export("--ocsf")), set())
    assert len(told(export("--ocsf", "--keys"))) > 100


@test(gateway=True)
def test_filters_select_as_ever_and_others_refuse_the_option():
    equal({event["actor"]["user"]["name"] for event in export("--ocsf", "--principal", "analyst")}, {"analyst"})
    equal(guard.run("ledger", "verify", "--ocsf", "-c", front().guard.path).returncode, 2)


if __name__ == "__main__":
    harness.main()
