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
PLACE = "of which 1 is a place that is damaged"


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


def board(made, number, name):
    """The board's page, and what the terminal has of it."""
    page = made.guard.folder / f"{name}.html"
    done = guard.run("incident", "-c", made.guard.path, "board", number, "--html", page)
    equal(done.returncode, 0, done.stderr)
    return done.stdout, page.read_text(encoding="utf-8")


def check_board(made, number, version, name):
    """Both say of each version how many gaps the record had, and of the last one in two languages what its numbers lack."""
    gaps, damaged = version["answer"]["gaps"], version["answer"]["damaged"]
    said, page = board(made, number, name)
    last = said.split("HOW WHOLE")[0].rpartition("  version ")[2]
    assert f"gaps of the record: {gaps}, of which {damaged} damaged" in last if gaps else "gaps of the record" not in last, said
    cell = f'<td class="bad">{gaps}, of which {damaged} damaged</td>' if gaps else "<td>none</td>"
    equal(page.split("How whole the record is")[0].rpartition("<tr>")[2].count(cell), 1, page)
    for text, due in (("No gap of the record that is known of concerns the last version", not gaps), ("알려진 기록 공백과", not gaps),
                      (f"What was shown in {gaps} gap{'s' if gaps > 1 else ''} of the record is not in the numbers", gaps), (f"기록 공백 {gaps}곳에서", gaps),
                      (f"Of these, {damaged} {'are places' if damaged > 1 else 'is a place'} where the ledger is damaged", damaged), (f"그중 {damaged}곳은 원장의 기록이 손상된", damaged)):
        equal([text in one for one in (said, page)], [bool(due)] * 2, (text, said, page))


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
    check_board(made, number, whole, "whole")
    ledgerfile.damage_exposure(made.guard.folder / "ledger")
    version = scope(made, number, "--principal", "app", "--from", "2026-01-01", why="after it was damaged")
    equal((version["answer"]["damaged"], version["answer"]["subjects"]), (1, {"customer": [2, 2]}))
    assert version["answer"]["gaps"] > whole["answer"]["gaps"], (version, whole)
    assert PLACE in answer(made, "incident", "diff", number).stdout
    check_board(made, number, version, "damaged")
    found = desk(made, number)
    equal((found["keys"], found["noticed"], found["said"], found["page"], found["trace"]), (set(OTHERS), 1, [True, True], True, 1))
    for form, words in (("pipc", "손상된 기록 위치(pasu ledger verify로 확인): 1"), ("gdpr", "the record is damaged (pasu ledger verify says where): 1"),
                        ("8k", "the record is damaged (pasu ledger verify says where): 1")):
        assert words in found["reports"][form], (form, found["reports"][form])
    made.stop()


if __name__ == "__main__":
    harness.main()
