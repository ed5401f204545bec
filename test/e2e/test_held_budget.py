#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A budget that holds: what is beyond it waits for a second person, and nothing of that leaves before."""
import contextlib
import functools
import itertools

import harness
from process import until
import shop
from stage import equal, test
from approving import APPROVED, CANCELLED, DENIED, EXPIRED, FIRST, Front, root, ROSTER, SECOND
import wire

IDS = sorted(int(key) for key in shop.keys("customers", "id"))
MOST = 5
HOLD = {"window": "day", "subjects": MOST, "verdict": "hold"}
RULE = f"budget everybody day {MOST}"
SIMPLE = "SELECT id, name FROM customers ORDER BY id LIMIT {}"
ROWS = {"key": SIMPLE, "hidden": f"SELECT name FROM customers WHERE id <= {IDS[29]} ORDER BY id",
        "grouped": "SELECT id % 25, count(*), max(name) FROM customers GROUP BY 1 ORDER BY 1 LIMIT {}",
        "pinned": f"SELECT name, phone FROM customers WHERE id IN ({', '.join(map(str, IDS[:40]))}) ORDER BY id LIMIT {{}}",
        "joined": "SELECT o.id, c.name, o.item FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY c.id, o.id LIMIT {}"}
COPIES = {"text": "COPY (SELECT id, name FROM public.customers ORDER BY id LIMIT 30) TO STDOUT",
          "table": "COPY public.customers (name) TO STDOUT",
          "binary": "COPY (SELECT id, name FROM customers ORDER BY id LIMIT 30) TO STDOUT (FORMAT binary)",
          "binary-hidden": f"COPY (SELECT name FROM customers WHERE id <= {IDS[29]} ORDER BY id) TO STDOUT (FORMAT binary)",
          "csv": f"COPY (SELECT name FROM public.customers WHERE id <= {IDS[29]} ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"}
ROLES = 180
roles = itertools.count()


@functools.lru_cache(None)
def front():
    """Behind it are roles that were there first: of one that no catalog shows yet nobody knows whether it may read a hidden key, and
    it counts by an upper bound, of which a budget lets another number pass."""
    shop.server().sql("".join(f"CREATE ROLE reader_{number} LOGIN IN ROLE app;" for number in range(ROLES)))
    return Front("held-budget", [], more={"budgets": []})


def budgets(*wanted, **more):
    front().guard.config["budgets"] = list(wanted)
    front().set(**more)


def role():
    """One that has been shown nobody."""
    number = next(roles)
    assert number < ROLES
    return f"reader_{number}"


def extended(sql, *portions):
    return (wire.parse(sql) + wire.bind() + wire.describe() + b"".join(map(wire.execute, portions or (0,))) + wire.parse("SELECT 7") +
            wire.bind() + wire.execute() + wire.SYNC)


def until_notice(session):
    """What came before the notice, and the request's number."""
    came = []
    while True:
        kind, body = session.receive()
        if kind == "N":
            fields = wire.read_fields(body)
            equal(fields["C"], "PS005")
            assert RULE in fields["M"], fields
            return came, int(fields["M"].split("pasu approve ")[1].split()[0])
        assert kind not in "EZ", (kind, wire.read_fields(body) if kind == "E" else came)
        came.append((kind, body))


def all_of(session):
    """Up to ReadyForQuery, with it."""
    came = []
    while not came or came[-1][0] != "Z":
        came.append(session.receive())
    return came


def rows_of(messages):
    return [body for kind, body in messages if kind in "Dd"]


def code_of(messages):
    return [wire.read_fields(body)["C"] for kind, body in messages if kind == "E"]


def lines(name):
    front().guard.until_sessions(0)
    return sorted(shop.export(front().made)[name].lines, key=lambda line: line["seq"])


def most(line):
    return line["subjects"].get("customer", {"at_most": 0})["at_most"]


@test(gateway=True, limit=120)
def test_what_is_beyond_it_waits():
    """Without it all rows leave; one that holds lets those leave that it has room for, and the others, byte for byte as without pasu, once
    somebody else has approved: in every way in which rows show persons, with what stands behind them in the pipeline. Both are in the ledger"""
    ways = {(name, form): data for name, sql in ROWS.items()
            for form, data in (("query", wire.query(sql.format(30))), ("extended", extended(sql.format(30))), ("portions", extended(sql.format(30), 3, 9, 0)))}
    ways |= {(name, "copy"): wire.query(sql) for name, sql in COPIES.items()} | {("text", "copy-extended"): extended(COPIES["text"])}
    due = {}
    budgets()
    with front().login(user=role()) as session, wire.login(shop.server().address, user="app") as direct:
        for way, data in ways.items():
            direct.send(data)
            session.send(data)
            due[way] = all_of(direct)
            equal((all_of(session), len(rows_of(due[way])) > 5), (due[way], True), f"{way}: the harm")
    budgets({**HOLD, "verdict": "block"})
    room = {}
    for way, data in ways.items():
        with front().login(user=role()) as session:
            session.send(data)
            room[way] = rows_of(all_of(session))
    budgets(HOLD)
    for (name, form), data in ways.items():
        application = f"{name}-{form}"
        with front().login(user=role(), application_name=application) as session:
            session.send(data)
            before, number = until_notice(session)
            equal(rows_of(before), room[name, form], f"{application}: what a budget that blocks lets pass")
            request, = front().waiting()
            equal((request["request"], request["state"], request["rule"]), (number, "waits", RULE), application)
            assert "name" in request["fields"] and "customers" in request["sql"], request
            front().decide(number)
            equal(before + all_of(session), due[name, form], application)
        equal([decision for decision, _, _ in front().decisions(number)], [APPROVED])
    front().guard.until_sessions(0)
    said = shop.export(front().made)
    for name, form in ways:
        shown = said[f"{name}-{form}"].lines
        held = [line for line in shown if line["verdict"] == "hold"]
        assert held and {line["rule"] for line in held} == {RULE} and all("budget" in line["flags"] for line in held), held
        rows = len(rows_of(due[name, form])) - (form not in ("query", "copy"))  # without SELECT 7
        rows -= name == "csv" or name.startswith("binary")  # a head of names, or the end, is no row
        equal(sum(line["rows"] for line in shown), rows, f"{name} {form}")
    budgets()


@test(gateway=True)
def test_one_approval_is_for_one_statement():
    """Of several statements in one Query each waits for itself; a cursor's rows do with each FETCH; a long result is read on as it was, over many
    batches; and what a budget masks stays masked"""
    more = SIMPLE.format(12)
    budgets(HOLD)
    with front().login(user=role()) as session:
        session.send(wire.query(f"{SIMPLE.format(8)}; {more}"))
        for due in (MOST, 3 + 8):
            before, number = until_notice(session)
            equal(len(rows_of(before)), due)
            front().decide(number)
        equal(len(rows_of(all_of(session))), 4)
    with front().login(user=role()) as session:
        session.query(f"BEGIN; DECLARE c CURSOR FOR {more}")
        session.send(wire.query("FETCH 7 c"))
        before, number = until_notice(session)
        front().decide(number)
        equal(len(rows_of(before + all_of(session))), 7)
        session.send(wire.query("FETCH 5 c"))
        before, number = until_notice(session)
        front().decide(number, verb="deny")
        equal((rows_of(before), code_of(all_of(session))), ([], [DENIED]))
    long = "SELECT c.id, c.name, repeat('x', 700) FROM customers c, generate_series(1, 20) ORDER BY c.id"
    with front().login(user=role()) as session, wire.login(shop.server().address, user="app") as direct:
        direct.send(wire.query(long))
        session.send(wire.query(long))
        before, number = until_notice(session)
        equal(len(rows_of(before)), 20 * MOST)
        front().decide(number)
        equal(before + all_of(session), all_of(direct))
    budgets(HOLD, {**HOLD, "subjects": 3, "verdict": "mask"})
    with front().login(user=role(), application_name="masked") as session:
        session.send(wire.query("SELECT id, email FROM customers ORDER BY id LIMIT 8"))
        before, number = until_notice(session)
        front().decide(number)
        after = all_of(session)
        equal([b"***" in row for row in rows_of(before) + rows_of(after)], [False] * 3 + [True] * 5)
    equal(sorted((line["verdict"], line["rows"]) for line in lines("masked")), [("hold", 8)])
    budgets()


@test(gateway=True)
def test_what_is_approved_is_still_masked():
    """Behind a budget that holds, one that masks: rows of a statement that is known by an upper bound alone are masked to the last batch once
    somebody has approved, as without the one that holds"""
    masks = {**HOLD, "subjects": MOST + 3, "verdict": "mask"}
    bound = "SELECT DISTINCT c.name, g, repeat('x', 700) FROM customers c, generate_series(1, 30) g"
    front().guard.config["attribution"] = {"inject": "off"}
    try:
        for wanted in ((masks,), (HOLD, masks)):
            budgets(*wanted)
            with front().login(user=role()) as session:
                session.send(wire.query(bound))
                if HOLD in wanted:
                    before, number = until_notice(session)
                    equal(rows_of(before), [])
                    front().decide(number)
                rows = rows_of(all_of(session))
                equal((len(rows) > 1000, sum(b"***" in row for row in rows)), (True, len(rows)), wanted)
    finally:
        del front().guard.config["attribution"]
        budgets()


@test(gateway=True)
def test_an_approval_silences_no_alert():
    """Beside a budget that holds, or a rule, one that alerts: what somebody has approved is an alert all the same, by its own name, and so is what
    left before it had to be asked"""
    alerts, before = {**HOLD, "subjects": MOST + 2, "verdict": "alert"}, {**HOLD, "subjects": MOST - 2, "verdict": "alert"}
    rule = {"name": "asked", "when": {"fields": "any"}, "verdict": "hold"}
    for name, rules, wanted in (("alone", [], [alerts]), ("budget", [], [HOLD, alerts]), ("before", [], [HOLD, before]), ("rule", [rule], [alerts])):
        budgets(*wanted, rules=rules)
        user, due = role(), f"budget everybody day {wanted[-1]['subjects']}"
        with front().login(user=user) as session:
            session.send(wire.query(SIMPLE.format(12)))
            if name != "alone":
                front().decide(front().waiting()[0]["request"])
            equal(len(rows_of(all_of(session))), 12, name)
        alert, = until(lambda: [one for one in front().guard.json("ack") if (one["principal"], one["rule"]) == (user, due)], f"{name}: an alert")
        equal(alert["control"], "budget", name)
    budgets(rules=[])


@test(gateway=True)
def test_what_is_not_approved_never_leaves():
    """Denied, too late, taken back or left: not one person beyond it is shown, and its record says so; the session goes on, and the next
    statement waits anew"""
    budgets(HOLD)
    for verb, sql in (*((verb, SIMPLE) for verb in ("deny", "expire", "cancel", "leave")),
                      *((verb, "COPY (" + SIMPLE + ") TO STDOUT") for verb in ("deny", "cancel", "leave"))):
        if verb == "expire":
            front().set(within="1s")
        user = role()
        with front().login(user=user, application_name=f"beyond-{verb}-{sql[:4]}") as session:
            session.send(wire.query(sql.format(30)))
            before, number = until_notice(session)
            equal(len(rows_of(before)), MOST, verb)
            if verb == "leave":
                session.abort()
                front().guard.until_sessions(0)
            else:
                if verb == "deny":
                    front().decide(number, verb="deny")
                elif verb == "cancel":
                    wire.cancel(front().guard.address(), session.key)
                came = all_of(session)
                equal((rows_of(came), code_of(came)), ([], [{"deny": DENIED, "expire": EXPIRED, "cancel": CANCELLED}[verb]]), verb)
                equal(session.value("SELECT 3"), "3")
                equal(session.query(SIMPLE.format(MOST)).rows, session.query(SIMPLE.format(MOST)).rows)  # whom it was shown already
                if verb == "deny":
                    session.send(wire.query(sql.format(7)))
                    before, number = until_notice(session)
                    equal(len(rows_of(before)), MOST)
                    front().decide(number)
                    equal(len(rows_of(all_of(session))), 2)
                    session.send(wire.query(sql.format(9)))
                    before, number = until_notice(session)
                    equal(len(rows_of(before)), 7)
                    front().decide(number, verb="deny")
                    equal(code_of(all_of(session)), [DENIED])
        front().ended(number)
        front().set(within="10m")
        shown = max((most(line) for line in lines(f"beyond-{verb}-{sql[:4]}")), default=0)
        assert shown <= (9 if verb == "deny" else MOST), (verb, shown)
    budgets()


@test(gateway=True)
def test_what_cannot_wait_is_blocked():
    """Rows of COPY that are not read one by one, and the budget that blocks behind it: an approval lets nobody past that one. Of several that allow
    the same number the one that blocks counts"""
    budgets(HOLD, {**HOLD, "subjects": 12, "verdict": "block"})
    with front().login(user=role(), application_name="copied") as session:
        session.send(extended("COPY (SELECT id, name FROM customers ORDER BY id LIMIT 30) TO STDOUT"))  # nobody knows which table that is
        came = all_of(session)
        equal(([kind for kind, _ in came].count("d") <= MOST, code_of(came)), (True, ["PS001"]))
    with front().login(user=role(), application_name="past") as session:
        session.send(wire.query(SIMPLE.format(30)))
        before, number = until_notice(session)
        front().decide(number)
        came = all_of(session)
        equal((len(rows_of(before)), len(rows_of(came)), code_of(came)), (MOST, 12 - MOST, ["PS001"]))
    equal({line["verdict"] for line in lines("past")}, {"block"})
    budgets(HOLD, {**HOLD, "verdict": "block"})
    with front().login(user=role()) as session:
        session.send(wire.query(SIMPLE.format(30)))
        came = all_of(session)
        equal((len(rows_of(came)), code_of(came)), (MOST, ["PS001"]))
    budgets()


@test(gateway=True)
def test_nobody_approves_their_own():
    """Approvals of budgets are those of rules: the owner of the role that asks cannot, and what is beyond it stays where it is"""
    root()
    budgets(HOLD)
    user = role()
    front().be(ROSTER + f"{user},human,Park,active\n")
    with front().login(user=user) as session:
        session.send(wire.query(SIMPLE.format(8)))
        before, number = until_notice(session)
        front().refuses(number, "themselves", account=FIRST)
        front().decide(number, account=SECOND)
        equal(len(rows_of(before + all_of(session))), 8)
    front().be(ROSTER)
    budgets()


@test(gateway=True)
def test_a_race_for_the_last_person():
    """Sessions of one role that ask at once: none shows a person beyond it, whoever of them waits"""
    budgets(HOLD)
    user = role()
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(front().login(user=user, application_name="race")) for _ in range(8)]
        for place, session in enumerate(sessions):
            session.send(wire.query(f"SELECT id, name FROM customers WHERE id >= {IDS[place * 3]} ORDER BY id LIMIT 4"))
        waiting = until(lambda: (found := front().waits()) and found, "some wait")
        shown = set()
        for _ in sessions:
            for one in front().waits():
                front().decide(one["request"], verb="deny")
        for session in sessions:
            shown |= {bytes(body[6:10]) + body[10:14] for body in rows_of(finish(session))}
        assert waiting and len(shown) <= MOST, shown
    budgets()


def finish(session):
    """All that comes, with whatever waits denied."""
    came = []
    while not came or came[-1][0] != "Z":
        kind, body = session.receive()
        if kind == "N" and "pasu approve" in wire.read_fields(body)["M"]:
            number = int(wire.read_fields(body)["M"].split("pasu approve ")[1].split()[0])
            front().run("deny", "--reason", "race", str(number))
        came.append((kind, body))
    return came


if __name__ == "__main__":
    harness.main()
