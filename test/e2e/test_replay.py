#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pasu check --replay: what rules and budgets would have done to what the ledger holds, held against what they then do."""
import json

import guard
import harness
import mmdb
import shop
from ledgerwriter import part
from stage import equal, test
from test_certify_index import CONFIG, Days, NAMES
import wire

KEYS = [int(key) for key in shop.keys("customers", "id") if 1000 < int(key)][:40]
ROSTER = "principal,kind,owner,owner_status\napp,service,kim,active\nanalyst,human,lee,active\n"


def some(*places):
    return f"id IN ({','.join(str(KEYS[place]) for place in places)})"


# By application: who asks what. Each asks for persons by number in KEYS.
TRAFFIC = {
    "names": ("app", [f"SELECT id, name FROM customers WHERE {some(*range(10))} ORDER BY id"]),
    "addresses": ("app", [f"SELECT id, address FROM customers WHERE {some(*range(5, 12))} ORDER BY id"]),
    "many": ("analyst", [f"SELECT id, name FROM customers WHERE {some(0, 1, 2, 3)} ORDER BY id",
                         f"SELECT id, name FROM customers WHERE {some(2, 3)} ORDER BY id",
                         f"SELECT id, phone FROM customers WHERE {some(4, 5, 6, 7, 8, 9)} ORDER BY id",
                         f"SELECT id, name FROM customers WHERE {some(20, 21)} ORDER BY id"]),
}


@harness.shared
def front():
    """A shop that is read without rules, and where the ledger says from where."""
    folder = harness.folder()
    mmdb.write(folder / "where.mmdb", "country", {"127.0.0.2/32": {"country": {"iso_code": "KR"}}})
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    made = shop.front("replay", more={"sources": {"country_db": str(folder / "where.mmdb")},
                                      "principals": {"roster": str(folder / "roster.csv"), "actor_from": ["sqlcommenter"]}}, workers=1)
    made.shown = play(made)
    return made


def play(made):
    """All of it: the rows that each application got, and how its statements were refused."""
    shown = {}
    for name, (user, statements) in TRAFFIC.items():
        with made.login(user=user, application_name=name, source="127.0.0.2" if user == "app" else "127.0.0.3") as session:
            got = []
            for sql in statements:
                session.send(wire.query(sql))
                got.append(session.result())
            shown[name] = [(len(one.rows), one.errors[0]["C"] if one.errors else None) for one in got]
    made.guard.until_sessions(0)
    return shown


def replay(policy, *words, of=None):
    """The document, and the exit status, for another configuration of the same ledger."""
    made = (of or front()).guard
    path = made.path.with_name("draft.yaml")
    path.write_text(guard.yaml({**made.config, **policy}) + "\n", encoding="utf-8")
    done = guard.run("check", "-c", path, *(words or ("--replay", "1h")), "--json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout), done.returncode


def interval(least, most=None):
    return {"at_least": least, "at_most": least if most is None else most}


@test(gateway=True)
def test_without_rules_nothing_is_stopped():
    """All of it was shown, and a configuration without rules would have stopped nothing of it"""
    equal(front().shown, {"names": [(10, None)], "addresses": [(7, None)], "many": [(4, None), (2, None), (6, None), (2, None)]})
    said, status = replay({})
    equal((status, said["statements"], said["then"], said["stopped"]["statements"]), (0, 6, {"allow": 6}, interval(0)))


@test(gateway=True)
def test_rules():
    """Each rule is told what it would have stopped, of whom, for whom, and when; the first that matches decides"""
    rules = [{"name": "names", "when": {"principal": "app", "fields": "name"}, "verdict": "allow"},
             {"name": "addresses", "when": {"fields": "address"}, "verdict": "block", "session": "close"},
             {"name": "humans", "when": {"kind": "human", "fields": "phone"}, "verdict": "alert"},
             {"name": "soon", "when": {"kind": "human", "fields": "name"}, "verdict": "block", "shadow": True},
             {"name": "nobody", "when": {"principal": "nobody"}, "verdict": "block"}]
    said, status = replay({"rules": rules})
    equal(status, 1)
    by = {rule["name"]: rule for rule in said["rules"]}
    equal({name: (rule["statements"], rule["persons"], rule["principals"], rule["then"]) for name, rule in by.items()},
          {"names": (interval(1), {"customer": interval(10)}, ["app"], {"allow": 1}),
           "addresses": (interval(1), {"customer": interval(7)}, ["app"], {"allow": 1}),
           "humans": (interval(1), {"customer": interval(6)}, ["analyst"], {"allow": 1}),
           "soon": (interval(3), {"customer": interval(6)}, ["analyst"], {"allow": 3}),
           "nobody": (interval(0), {}, [], {})})
    equal([rule["session"] for rule in said["rules"]], ["keep", "close", "keep", "keep", "keep"])
    equal((said["stopped"]["statements"], said["stopped"]["persons"]), (interval(1), {"customer": interval(7)}))
    lines = {line["seq"]: line for line in (json.loads(line) for line in guard.run(
        "ledger", "export", "--json", "-c", front().guard.path).stdout.splitlines())}
    one, = by["addresses"]["examples"]
    equal((lines[one["seq"]]["application"], one["principal"], one["certain"], one["time"]),
          ("addresses", "app", True, by["addresses"]["first"]))


@test(gateway=True)
def test_masks():
    """A rule that masks keeps its fields back; what those behind it would have done of others is in the upper number"""
    said, status = replay({"rules": [{"name": "names", "when": {"fields": "name"}, "verdict": "mask"},
                                     {"name": "rest", "when": {"principal": "app"}, "verdict": "block"}]})
    equal((status, [one["statements"] for one in (*said["rules"], said["stopped"])]), (1, [interval(4), interval(1, 2), interval(5)]))


@test(gateway=True)
def test_what_is_not_held():
    """What the ledger does not hold is not guessed: at least none, at most those; where it holds the country, it is exact"""
    new = [{"name": "new", "when": {"principal": "app", "first_use": "yes"}, "verdict": "block"}]
    said, status = replay({"rules": new})
    rule, = said["rules"]
    equal((status, rule["statements"], rule["persons"], rule["not_held"]), (1, interval(0, 2), {"customer": interval(0, 12)}, {"first_use": 2}))
    # A rule behind it that surely stops one of them: stopped it is, by whichever.
    said, _ = replay({"rules": [*new, {"name": "addresses", "when": {"fields": "address"}, "verdict": "block"}]})
    equal([one["statements"] for one in (*said["rules"], said["stopped"])], [interval(0, 2), interval(0, 1), interval(1, 2)])
    # And one before it that may let it pass.
    said, _ = replay({"rules": [{**new[0], "verdict": "allow"}, {"name": "addresses", "when": {"fields": "address"}, "verdict": "block"}]})
    equal(said["stopped"]["statements"], interval(0, 1))
    # What was run before is known to have been.
    said, _ = replay({"rules": [{**new[0], "when": {"principal": "analyst", "first_use": "yes"}}]})
    equal((said["rules"][0]["statements"], said["rules"][0]["not_held"]), (interval(0, 2), {"first_use": 2}))
    # Whose country no database had: as in the gate, a rule that restricts holds, one that allows does not.
    for when, verdict, due in (({"country": {"not": "KR"}}, "block", 4), ({"country": "KR"}, "block", 6), ({"country": "JP"}, "block", 4)):
        said, _ = replay({"rules": [{"name": "where", "when": when, "verdict": verdict}]})
        equal((said["rules"][0]["statements"], said["rules"][0]["not_held"]), (interval(due), {}), str(when))


@test(gateway=True)
def test_verbs():
    """By its verbs, as they are recorded, the replay says what the gate then does with the rule in force: also of statements that
    are several things, of EXECUTE, and of COPY"""
    made = shop.front("replay-verbs", more={"rules": []}, workers=1)
    one = f"id = {KEYS[3]}"
    statements = (f"SELECT name FROM customers WHERE {one}", f"UPDATE customers SET grade = grade WHERE {one} RETURNING name",
                  f"WITH w AS (UPDATE customers SET grade = grade WHERE {one} RETURNING name) SELECT name FROM w",
                  f"COPY (SELECT name FROM customers WHERE {one}) TO STDOUT", f"PREPARE p AS SELECT name FROM customers WHERE {one}", "EXECUTE p")

    def stopped():
        with made.login(user="app") as session:
            return [session.exchange(wire.query(sql)).code for sql in statements]

    equal(stopped(), [None] * len(statements), "without the rule")
    made.guard.until_sessions(0)
    ways = ["select", "update", "copy", {"not": "select"}, "execute", ["select", "execute", "update"], "delete"]
    rules = [{"name": "verbs", "when": {"principal": "app", "fields": "name", "verbs": verbs}, "verdict": "block"} for verbs in ways]
    said = [replay({"rules": [rule]}, of=made)[0]["rules"][0] for rule in rules]
    equal([one["not_held"] for one in said], [{}] * len(ways))
    counts = []
    for rule in rules:
        made.guard.config["rules"] = [rule]
        equal(made.reload(), "config_reloaded")
        # PREPARE shows nobody, and has no record.
        counts.append(interval([code for sql, code in zip(statements, stopped()) if not sql.startswith("PREPARE")].count("PS003")))
    equal([one["statements"] for one in said], counts)
    assert len({str(one) for one in counts}) > 3, counts
    made.stop()


@test
def test_records_of_earlier_versions():
    """Have no verbs: what a rule asks of them is in the upper number, and that is said; of those that have, it is exact"""
    folder = harness.folder() / "earlier"
    folder.mkdir()
    made = Days()
    made.explain(NAMES)
    made.session(64, "alice")
    for number, verb in enumerate((None, None, 0, 2)):
        made.show(part([100 + number]), verb=verb)
    made.save(folder / "ledger")
    path = folder / "pasu.yaml"
    path.write_text(CONFIG.format(folder) + guard.yaml({"rules": [
        {"name": "verbs", "when": {"verbs": "select"}, "verdict": "block"}]}) + "\n", encoding="utf-8")
    done = guard.run("check", "-c", path, "--replay", "2y", "--json")
    assert done.returncode == 1, done.stderr
    rule, = json.loads(done.stdout)["rules"]
    equal((rule["statements"], rule["not_held"]), (interval(1, 3), {"verbs": 2}))
    assert "an earlier version" in guard.run("check", "-c", path, "--replay", "2y").stdout


def windows(policy):
    said, status = replay({"budgets": policy})
    return [(one["statements"], one["persons"].get("customer", interval(0))) for one in said["budgets"]], said["stopped"]["statements"], status


@test(gateway=True)
def test_budgets():
    """A budget's window fills in the order of what was shown, and stops where the gate then stops, with the same traffic"""
    seven = {"principal": "analyst", "window": "day", "subjects": 7, "verdict": "block"}
    # Four, none that is new, then three of six, and none of the two behind that: a result is cut, and what comes later is over the budget, too.
    equal(windows([seven]), ([(interval(2), interval(5))], interval(2), 1))
    equal(windows([{**seven, "verdict": "mask"}]), ([(interval(2), interval(5))], interval(2), 1))
    equal(windows([{**seven, "subjects": 12}]), ([(interval(0), interval(0))], interval(0), 0))
    said, status = replay({"budgets": [{**seven, "verdict": "alert"}]})
    equal((status, said["budgets"][0]["alerts"], said["budgets"][0]["statements"]), (0, 1, interval(1)))
    # What a rule stops fills no window.
    said, _ = replay({"budgets": [seven], "rules": [{"name": "phones", "when": {"fields": "phone"}, "verdict": "block"}]})
    equal(([one["statements"] for one in said["budgets"]], said["stopped"]["statements"]), ([interval(0)], interval(1)))
    other = shop.front("replay-held", more={"budgets": [seven]}, workers=1)
    equal(play(other)["many"], [(4, None), (2, None), (3, "PS001"), (0, "PS001")])
    # Held against what happened: the ledger of the gate that stopped them says so; what was kept back then is in no window.
    said, _ = replay({"budgets": []}, of=other)
    equal((said["stopped"]["statements"], said["then"]), (interval(0), {"allow": 4, "block": 2}))
    said, _ = replay({"budgets": [], "rules": [{"name": "people", "when": {"principal": "analyst"}, "verdict": "block"}]}, of=other)
    equal(said["stopped"]["then"], {"allow": 2, "block": 2})
    # No table has the loopback's country, and there is none of networks: that is known, whatever was looked up then.
    for where in ("country", "asn"):
        said, _ = replay({"budgets": [], "rules": [{"name": where, "when": {where: {"not": "KR" if where == "country" else 9}}, "verdict": "block"}]},
                         of=other)
        equal((said["rules"][0]["statements"], said["rules"][0]["not_held"]), (interval(6), {}), where)
    said, _ = replay({"budgets": [], "sources": {"country_db": str(harness.folder() / "where.mmdb")},
                      "rules": [{"name": "own", "when": {"country": {"not": "KR"}}, "verdict": "block"}]}, of=other)
    equal((said["rules"][0]["statements"], said["rules"][0]["not_held"]), (interval(0, 6), {"country": 6}))
    other.stop()


@test(gateway=True)
def test_moves():
    """Who puts values under another's key is not stopped then, but what comes behind it is, as in the gate"""
    budget = {"budgets": [{"principal": "app", "window": "day", "subjects": 2, "verdict": "block"}]}
    own, *others = KEYS[:4]
    texts = [f"SELECT name FROM customers WHERE id = {own}",
             "BEGIN; UPDATE customers a SET name = b.name FROM customers b "
             f"WHERE a.id = {own} AND b.id IN ({','.join(map(str, others))}); ROLLBACK", f"SELECT name FROM customers WHERE id = {own}"]

    def came(name, policy):
        made = shop.front(name, more=policy, workers=1)
        with made.login(user="app", application_name=name) as session:
            codes = [result.errors[0]["C"] if result.errors else None for result in (session.exchange(wire.query(sql)) for sql in texts * 2)]
        made.guard.until_sessions(0)
        return made, codes
    free, codes = came("moves-free", {})
    equal(codes, [None] * 6)
    held, codes = came("moves-held", budget)
    said, _ = replay(budget, of=free)
    equal((said["stopped"]["statements"], codes), (interval(codes.count("PS001")), codes), str(said))
    free.stop()
    held.stop()


@test(gateway=True)
def test_same_as_the_gate():
    """Rules in force stop of the same traffic what the replay has said, statement by statement"""
    rules = [{"name": "addresses", "when": {"principal": "app", "fields": "address"}, "verdict": "block"},
             {"name": "humans", "when": {"principal": "analyst", "fields": "phone"}, "verdict": "block"}]
    said, _ = replay({"rules": rules})
    equal(said["stopped"]["statements"], interval(2))
    other = shop.front("replay-rules", more={"rules": rules}, workers=1)
    refused = [code for one in play(other).values() for _, code in one if code]
    equal(refused, ["PS003"] * said["stopped"]["statements"]["at_most"])
    other.stop()


@test(gateway=True)
def test_periods():
    """--replay, --from and --to choose the time; what was shown before it fills the windows all the same"""
    budget = {"budgets": [{"principal": "analyst", "window": "day", "subjects": 7, "verdict": "block"}]}
    times = sorted(line["time"] for line in (json.loads(line) for line in guard.run(
        "ledger", "export", "--json", "--principal", "analyst", "-c", front().guard.path).stdout.splitlines()))
    equal([replay(budget, *words)[0]["statements"] for words in (("--from", times[0]), ("--from", times[2]), ("--replay", "1h", "--to", times[0]))],
          [4, 2, 2])
    equal(replay(budget, "--from", times[3])[0]["stopped"]["statements"], interval(1), "ten had been shown, and one more is two too many")
    for words in (("--replay", "never"), ("--replay", "0s"), ("--replay", "1h", "--from", "1h"), ("--to", "1h"), ("--replay", "1h", "--connect")):
        done = guard.run("check", "-c", front().guard.path, *words)
        equal((done.returncode, done.stdout, "hint" in done.stderr), (2, "", True), words)


@test(gateway=True)
def test_page():
    """As a page for people it says the same"""
    path = front().guard.path.with_name("page.yaml")
    path.write_text(guard.yaml({**front().guard.config, "rules": [{"name": "addresses", "when": {"fields": "address"}, "verdict": "block", "session": "close"}]}))
    done = guard.run("check", "-c", path, "--replay", "1h")
    for line in ("6 statements judged; then: allow 6", "would be stopped, held or masked\n  statements  1", "rule addresses (line ", "): block, and the session ends", "  statements  1; then: allow 1", "  persons     customer: 7", "  principals  app"):
        assert line in done.stdout, (line, done.stdout, done.stderr)
    equal(done.returncode, 1)


@test(gateway=True)
def test_it_is_recorded():
    """That it was asked, of which time, and by whom, is in the ledger"""
    replay({}, "--replay", "2h", "--to", "2100-01-01")
    said = guard.run("ledger", "verify", "--json", "-c", front().guard.path)
    equal(said.returncode, 0, said.stdout)
    found = front().guard.find("control_command")
    assert any(one["command"] == "check" for one in found), found


if __name__ == "__main__":
    harness.main()
