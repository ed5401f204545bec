#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ledger.retention with a clock that is moved: what is old goes, what is left says what it said, and strangers can
verify it. With a key each start of pasu begins a segment, so that there are several without much in them; without one,
each start behind an end that was cut short."""
import json
import pathlib
import shutil

import guard
import harness
import ledgerfile
import process
import shop
from stage import equal, test
import verifier

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
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


def verify(front, key, *checkpoints):
    """Nothing is wrong, and all was looked at: what pasu says, and what the other verifier says."""
    kept = [word for path in checkpoints for word in ("--checkpoint", path)]
    status, found, summary = verifier.run(ledger(front), *(("--encryption-key", key) if key else ()), *kept)
    equal((status, verifier.faults(found), summary["unseen"]), (0, [], 0))
    done = guard.run("ledger", "verify", "--json", "-c", front.guard.path, *map(str, kept))
    equal(done.returncode, 0, done.stdout)
    return summary


def all_answers(front):
    words = ("--from", "2026-02-05")
    return [ask(front, *command, *words)[0] for command in
            (("scope",), ("subject", LOGIN, "--kind", "account"), ("subject", "1287", "--kind", "customer"),
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
    show(front, f"SELECT name FROM accounts WHERE login = '{LOGIN}'", "SELECT name, phone FROM customers WHERE id = 1287")
    at(front, "2026-01-20 12:00:00")
    show(front, f"SELECT name FROM accounts WHERE login = '{OTHER}'")
    at(front, "2026-02-10 12:00:00")
    show(front, f"SELECT name, email FROM accounts WHERE login = '{LOGIN}'", "SELECT name FROM customers WHERE id = 1287")
    at(front, "2026-02-11 12:00:00")
    show(front, "SELECT phone FROM customers WHERE id = 1294")
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

    # A hold: nothing goes, which is told once, and it goes when the hold is released.
    hold = front.guard.json("hold", "place", "--who", "court", "--why", "case")[0]["hold"]
    mark = at(front, "2026-03-20 12:00:00")
    front.guard.wait("prune_held", 20, mark)
    equal(firsts(front)[:len(left)], left)
    alerts = len(front.guard.find("prune_held", mark))
    mark = front.guard.mark()
    front.guard.json("hold", "release", str(hold), "--who", "court", "--why", "over")
    front.guard.wait("pruned", 20, mark)
    assert firsts(front)[0] > left[-1]
    equal(alerts, 1)
    front.stop()
    verify(front, key)


def torn(front, moment, **more):
    """The same, without a key: what a crash left of a record ends the segment, and another one is begun."""
    equal(front.guard.stop(), 0)
    path, _ = ledgerfile.segments(ledger(front))[-1]
    end = 64
    for offset, _, _, payload in ledgerfile.walk(path):
        end = offset + 32 + len(payload) + -len(payload) % 8
    with open(path, "r+b") as file:
        file.seek(end)
        file.write(b"\x20\0\0\0torn")
    return at(front, moment, **more)


def keep(front, name):
    """A copy of the newest checkpoint, as somebody outside would have it."""
    path = harness.folder() / f"retention.{name}"
    shutil.copy(ledger(front) / "checkpoint", path)
    return path


RIGHTS = ["GRANT SELECT ON products TO analyst", "REVOKE SELECT ON products FROM analyst", "ALTER ROLE analyst CONNECTION LIMIT 50"]
CHANGED = [("GRANT", "grant"), ("REVOKE", "grant"), ("ALTER", "role")]
POLICY, ROSTER, CARRIED = 16, 17, 27


def rights(front):
    """Changes of rights that the ledger still tells of."""
    lines = ask(front, "ledger", "export")[0]
    found = [line for line in lines if {"grant", "role"} & set(line["flags"])]
    equal([(line["principal"], line["database"], line["application"], line["source"]["address"]) for line in found],
          [("postgres", "postgres", "rights", "127.0.0.1")] * len(found))
    return [(line["sql"].split()[0], line["flags"][0]) for line in found]


def kept(front):
    """Of records of who is who and of configurations, how many are kept of that time or a later one."""
    return [payload[16] for _, kind, payload in ledgerfile.records(ledger(front)) if kind == CARRIED and payload[16] in (POLICY, ROSTER)]


@test(gateway=True, limit=240)
@moved
def test_rights_for_three_years():
    """Changes of rights are there for three years whatever the retention is, with who, from where and by what, and go then; all else goes with the retention"""
    roster = harness.folder() / "rights.csv"
    roster.write_text("principal,kind,owner,owner_status\nanalyst,human,Lee,active\n")
    front = shop.front("rights", more={"ledger": {"directory": "./ledger", "retention": "1y"},
                                       "principals": {"roster": str(roster)}, "environment": environment("2026-01-10 12:00:00")})
    with front.login(user="postgres", application_name="rights") as session:
        for statement in RIGHTS:
            session.query(statement)
    show(front, "SELECT name FROM customers WHERE id = 1287")
    torn(front, "2026-02-10 12:00:00")  # another segment
    equal((rights(front), kept(front)), (CHANGED, []))
    checked = keep(front, "rights")
    # The records themselves go, and then what was kept of them, with what is kept of that.
    for moment in ("2027-01-20 12:00:00", "2028-02-01 12:00:00", "2028-02-02 12:00:00"):
        mark = torn(front, moment)
        if not moment.endswith("02-02 12:00:00"):
            front.guard.wait("pruned", 30, mark)
        equal(rights(front), CHANGED)
        assert set(kept(front)) == {POLICY, ROSTER}, kept(front)
        equal(ask(front, "subject", "1287", "--kind", "customer")[0][0].get("shown", 0), 0)
        verify(front, None, checked)
    mark = torn(front, "2029-03-01 12:00:00")
    front.guard.wait("pruned", 30, mark)
    equal(rights(front), [])
    front.stop()
    verify(front, None, checked)


QUESTIONS = ([], ["--list"], ["--from", "2026-02-05"], ["--from", "2026-01-15T06:00:00Z", "--to", "2026-02-10T12:30:00Z"],
             ["--to", "2026-02-01"], ["--principal", "app", "--from", "2026-02-10T11:00:00Z"], ["--field", "name"])


def check_index(front):
    """What is answered with the index is what the ledger answers, unless a census comes between the two."""
    for words in QUESTIONS:
        process.until(lambda words=words: ask(front, "scope", *words) == ask(front, "scope", "--no-index", *words),
                      f"one answer, with the index and without: {words}")


def old_index():
    return harness.folder() / "retention.index"


def prune_plain(front):
    """Shows on four days, with an index of all of them; then what is older than fifteen days goes. Checkpoints of each."""
    kept = []
    for number, (day, persons) in enumerate((("01-10", "1287, 1294"), ("01-20", "1301"), ("02-10", "1287, 1308"),
                                             ("02-11", "1315"))):
        if number:
            torn(front, f"2026-{day} 12:00:00")
        show(front, f"SELECT name, phone FROM customers WHERE id IN ({persons})")
        front.guard.json("ledger", "checkpoint")
        kept.append(keep(front, number))
    front.guard.json("ledger", "rebuild-index")
    check_index(front)
    shutil.copytree(ledger(front) / "index", old_index())
    mark = torn(front, "2026-02-12 12:00:00", retention="15d")
    front.guard.wait("pruned", 20, mark)
    return kept


@test(gateway=True, limit=180)
@moved
def test_what_went_is_missing_in_every_answer_and_told():
    """Scope, subject, an earlier answer, the index, the export, certificates and both verifiers know that it is gone"""
    front = shop.front("pruned", more={"ledger": {"directory": "./ledger"}, "environment": environment("2026-01-10 12:00:00")})
    kept = prune_plain(front)
    verify(front, None, *kept)

    # The index from before is not used, and the guard makes another one.
    check_index(front)
    process.until(lambda: guard.run("ledger", "check-index", "-c", front.guard.path).returncode == 0, "an index of what is left")
    check_index(front)
    gap, = pruned_gaps(front)
    equal((gap["what"], gap["from"][:10], gap["to"][:10], gap["records"]), ("pruned", "2026-01-10", "2026-01-20", firsts(front)[0]))
    _, gaps = ask(front, "subject", "--kind", "customer", "1294")
    equal([one["what"] for one in gaps[-1]["gaps"]].count("pruned"), 1)
    equal(ask(front, "scope")[0][0]["subjects"]["customer"], {"at_least": 3, "at_most": 3})

    # An earlier answer: what it had of what is gone nobody can say, and then it is no gap that came since.
    found, = front.guard.json("scope", "--as-of", "2026-02-11")
    equal([one["what"] for one in found["completeness"]["gaps"]].count("pruned"), 1)
    equal(found["subjects"]["customer"], {"at_least": 2, "at_most": 2})
    equal([one["what"] for one in found["changed"]["completeness"]["gaps"]].count("pruned"), 0)
    done = guard.run("ledger", "export", "--json", "--keys", "-c", front.guard.path)
    assert "1294" not in done.stdout and "ledger.retention" in done.stderr, done.stderr

    # A certificate says from when on it speaks, and proves what is there.
    path = harness.folder() / "retention.certificate"
    done = guard.run("certify", "--kind", "customer", "-c", front.guard.path, "1287")
    path.write_text(done.stdout, encoding="utf-8")
    body = json.loads(done.stdout)["certificate"]
    status, lines, _ = verifier.run("--certificate", path, "--key", body["verifier_key"])
    equal((done.returncode, status, verifier.faults(lines)), (0, 0, []), done.stderr)
    equal([one["what"] for one in body["completeness"]["gaps"]].count("pruned"), 1)
    equal(guard.run("certify", "--kind", "customer", "-c", front.guard.path, "1294").returncode, 1)

    # Without a guard the old index is not used either, and made anew when it is gone on with.
    front.stop()
    verify(front, None, *kept)
    shutil.rmtree(ledger(front) / "index")
    shutil.copytree(old_index(), ledger(front) / "index")
    check_index(front)
    done = guard.run("ledger", "check-index", "-c", front.guard.path)
    assert done.returncode == 2 and "rebuild-index" in done.stderr, done.stderr
    for action in ("update-index", "check-index"):
        equal(guard.run("ledger", action, "-c", front.guard.path).returncode, 0, action)
    check_index(front)

    # What is removed by hand is missing.
    copy = harness.folder() / "retention.copy"
    shutil.copytree(ledger(front), copy)
    ledgerfile.segments(copy)[0][0].unlink()
    status, lines, _ = verifier.run(copy)
    assert status == 1 and verifier.faults(lines)
    equal(guard.run("ledger", "verify", "--folder", copy).returncode, 1)


if __name__ == "__main__":
    harness.main()
