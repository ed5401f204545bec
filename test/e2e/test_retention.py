#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ledger.retention with a clock that is moved: what is old goes, what is left says what it said, and strangers can
verify it. With a key each start of pasu begins a segment, so that there are several without much in them."""
import json
import pathlib

import guard
import harness
import ledgerfile
import shop
import stage
from stage import equal, test

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
VERIFIER = harness.TREE / "tools" / "verify-ledger"
LOGIN, OTHER = "plain5", "plain11"  # keys of the directory
moved = harness.only_if(LIBRARIES, "libfaketime is not installed")


def environment(moment):
    return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"@{moment}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


def at(front, moment, **ledger):
    """Starts pasu anew at this time."""
    equal(front.guard.stop(), 0)
    front.guard.environment.update(environment(moment))
    front.guard.config["ledger"].update(ledger)
    front.guard.write()
    mark = front.guard.mark()
    front.guard.start()
    return mark


def show(front, *statements):
    with front.login(user="app") as session:
        for statement in statements:
            session.query(statement)
    front.guard.until_sessions(0)


def ledger(front):
    return front.guard.folder / "ledger"


def firsts(front):
    return [first for _, first in ledgerfile.segments(ledger(front))]


def ask(front, *words):
    """The answer without what is said of where it was not watched, and that."""
    done = guard.run(*words, "--json", "-c", front.guard.path, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    gaps = [one.pop("completeness", None) for one in answers]
    return answers, gaps


def verify(front, key):
    """Nothing is wrong; all that cannot be seen is the record of the key that signs, which was deleted: who has a copy
    of the key gives it."""
    out = stage.run([VERIFIER, ledger(front), "--encryption-key", key], timeout=100, check=False)
    assert not [line for line in out.splitlines() if line.startswith("fault")], out
    equal(len([line for line in out.splitlines() if line.startswith("unseen")]), 1, out)


def all_answers(front):
    words = ("--from", "2026-02-05")
    return [ask(front, *command, *words)[0] for command in
            (("scope",), ("subject", LOGIN, "--kind", "account"), ("subject", "1007", "--kind", "customer"),
             ("ledger", "export", "--keys"))]


def pruned_gaps(front):
    _, (gaps,) = ask(front, "scope")
    return [one for one in json.loads(json.dumps(gaps["gaps"])) if one["what"] == "pruned"]


@test(gateway=True, limit=180)
@moved
def test_what_is_old_goes():
    """After the retention segments are gone, answers for the rest are the same, keys keep their ordinals, a hold keeps all"""
    key = harness.folder() / "retention.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    front = shop.front("retention", more={"ledger": {"directory": "./ledger", "key_file": str(key)},
                                          "environment": environment("2026-01-10 12:00:00")})
    show(front, f"SELECT name FROM accounts WHERE login = '{LOGIN}'", "SELECT name, phone FROM customers WHERE id = 1007")
    at(front, "2026-01-20 12:00:00")
    show(front, f"SELECT name FROM accounts WHERE login = '{OTHER}'")
    at(front, "2026-02-10 12:00:00")
    show(front, f"SELECT name, email FROM accounts WHERE login = '{LOGIN}'", "SELECT name FROM customers WHERE id = 1007")
    at(front, "2026-02-11 12:00:00")
    show(front, "SELECT phone FROM customers WHERE id = 1014")
    before, had = all_answers(front), firsts(front)
    equal((had[0], pruned_gaps(front)), (0, []))

    mark = at(front, "2026-02-12 12:00:00", retention="15d")
    front.guard.wait("pruned", 20, mark)
    left = firsts(front)
    assert 0 < left[0] and left[0] in had, (had, left)
    after = all_answers(front)
    for one, other in zip(before, after):
        equal(other, one)
    gap, = pruned_gaps(front)
    assert gap["from"].startswith("2026-01-10T") and gap["to"].startswith("2026-01-20T"), gap
    equal(ask(front, "subject", OTHER, "--kind", "account")[0][0].get("shown", 0), 0)
    verify(front, key)

    # A key that comes again is the same person, whose first record is gone.
    show(front, f"SELECT email FROM accounts WHERE login = '{OTHER}'", f"SELECT name FROM accounts WHERE login = '{LOGIN}'")
    found = ask(front, "scope", "--from", "2026-02-05")[0][0]
    equal(found["subjects"]["account"]["at_least"], 2)

    # A hold: nothing goes, and it is told.
    hold = front.guard.json("hold", "place", "--who", "court", "--why", "case")[0]["hold"]
    mark = at(front, "2026-03-20 12:00:00")
    front.guard.wait("prune_held", 20, mark)
    equal(firsts(front)[:len(left)], left)
    front.guard.json("hold", "release", str(hold), "--who", "court", "--why", "over")
    mark = at(front, "2026-03-20 13:00:00")
    front.guard.wait("pruned", 20, mark)
    assert firsts(front)[0] > left[-1]
    front.stop()
    verify(front, key)


if __name__ == "__main__":
    harness.main()
