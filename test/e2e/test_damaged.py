#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where a record of the ledger is damaged, every answer of the breach desk says that it may lack somebody."""
import json

import guard
import harness
import ledgerfile
from stage import equal, test
from test_incident import BY, number_of, scope
from test_notify import front

KEYS, OTHERS = (1287, 1294, 1301), (1308, 1315)
PLACE = "of which 1 are places that are damaged"


def answer(made, *words):
    done = guard.run(*words[:1], "-c", made.guard.path, *words[1:])
    equal(done.returncode, 0, done.stderr)
    return done


def desk(made, number):
    """What it says of one damaged place: the text of a version, how many notices, the last record's, two reports, a trace."""
    sample = made.guard.folder / "sample.csv"
    sample.write_text("key,name\n" + "".join(f"{key},x\n" for key in OTHERS))
    counted = answer(made, "notify", number)
    told = answer(made, "notify", "--json", *BY, "notice", number)
    shown, = made.guard.json("incident", "show", number)
    noticed = [event["more"]["damaged"] for event in shown["events"] if event["what"] == "noticed"]
    reports = {form: answer(made, "report", "--form", form, *BY, "report", number).stdout for form in ("pipc", "gdpr", "8k")}
    page = answer(made, "trace", "--kind", "customer", str(sample)).stdout
    traced = json.loads(answer(made, "trace", "--kind", "customer", "--json", str(sample)).stdout)
    return {"keys": {json.loads(line)["key"] for line in told.stdout.splitlines()}, "noticed": noticed[-1], "reports": reports,
            "said": ["that may be about this (1)" in done.stderr for done in (counted, told)], "page": "the ledger is damaged at byte" in page,
            "trace": [gap["what"] for gap in traced["completeness"]["gaps"]].count("damaged")}


@test(gateway=True, limit=120)
def test_the_desk_says_that_the_ledger_is_damaged():
    made = front("damaged_desk")
    for keys in (KEYS, OTHERS):
        with made.login(user="app") as session:
            session.query(f"SELECT id, name FROM customers WHERE id IN {keys}")
        made.guard.until_sessions(0)
    number = number_of(made)
    whole = scope(made, number, "--principal", "app", "--from", "2026-01-01")
    equal((whole["answer"]["damaged"], whole["answer"]["subjects"]), (0, {"customer": [5, 5]}))
    assert PLACE not in answer(made, "incident", "diff", number).stdout
    ledgerfile.damage_exposure(made.guard.folder / "ledger")
    version = scope(made, number, "--principal", "app", "--from", "2026-01-01", why="after it was damaged")
    equal((version["answer"]["damaged"], version["answer"]["subjects"]), (1, {"customer": [2, 2]}))
    assert version["answer"]["gaps"] > whole["answer"]["gaps"], (version, whole)
    assert PLACE in answer(made, "incident", "diff", number).stdout
    found = desk(made, number)
    equal((found["keys"], found["noticed"], found["said"], found["page"], found["trace"]), (set(OTHERS), 1, [True, True], True, 1))
    for form, words in (("pipc", "손상된 기록 위치(pasu ledger verify로 확인): 1"), ("gdpr", "the record is damaged (pasu ledger verify says where): 1"),
                        ("8k", "the record is damaged (pasu ledger verify says where): 1")):
        assert words in found["reports"][form], (form, found["reports"][form])
    made.stop()


if __name__ == "__main__":
    harness.main()
