#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Budgets: one of N persons shows exactly N, whatever the client does; who is stopped is told so, and goes on."""
import contextlib
import os
import signal
import threading
import time

import harness
import process
import shop
from stage import elapsed, equal, test
import wire

MOST = 10
CODE = "PS001"
RACERS, RACE_MOST = 64, 100
ALL = "SELECT id, name FROM customers ORDER BY id"


# ---- ways to read one after the other; each gives the keys that arrived and the types of all messages ----

def read(session, data, key=0):
    """The keys (column `key`) of the rows that come, the types of all messages, the errors."""
    result = session.exchange(data)
    return [row[key] for row in result.rows], result.types, result.errors


def simple(session):
    return read(session, wire.query(ALL))


def extended(session):
    return read(session, wire.parse(ALL) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC)


def undescribed(session):
    return read(session, wire.parse(ALL) + wire.bind() + wire.execute() + wire.SYNC)


def in_binary(session):
    data = wire.parse("SELECT name, id FROM customers ORDER BY id") + wire.bind(results=(0, 1)) + wire.execute() + wire.SYNC
    keys, types, errors = read(session, data)
    return [key.removeprefix("Kim-") for key in keys], types, errors


def hidden(session):
    keys, types, errors = read(session, wire.query("SELECT name FROM customers ORDER BY id"))
    return [key.removeprefix("Kim-") for key in keys], types, errors


def suspended(session):
    session.query("BEGIN")
    session.exchange(wire.parse(ALL) + wire.bind(portal="p") + wire.SYNC)
    keys, types, errors = [], "", []
    while not errors:
        more, kinds, errors = read(session, wire.execute(7, "p") + wire.SYNC)
        keys, types = keys + more, types + kinds
    session.query("ROLLBACK")
    return keys, types, errors


def fetched(session):
    session.query(f"BEGIN; DECLARE c CURSOR FOR {ALL}")
    keys, errors = [], []
    while not errors:
        more, types, errors = read(session, wire.query("FETCH 3 FROM c"))
        keys += more
    session.query("ROLLBACK")
    return keys, types, errors


def one_by_one(session):
    keys = []
    for key in shop.keys("customers", "id"):
        rows, types, errors = read(session, wire.query(f"SELECT name FROM customers WHERE id = {key}"))
        keys += [row.removeprefix("Kim-") for row in rows]
        if errors:
            return keys, types, errors
    return keys, types, []


def several(session):
    return read(session, wire.query("SELECT title FROM products WHERE id = 1 AND false;"
                                    "SELECT id, email FROM customers ORDER BY id LIMIT 4;" + ALL + ";SELECT 'after'"))


def pipelined(session):
    data = b"".join(wire.parse(f"SELECT id, name FROM customers ORDER BY id LIMIT 4 OFFSET {4 * n}") + wire.bind()
                    + wire.execute() for n in range(5))
    return read(session, data + wire.SYNC)


def executed(session):
    session.query(f"PREPARE q AS {ALL}")
    return read(session, wire.query("EXECUTE q"))


WAYS = (simple, extended, undescribed, in_binary, hidden, suspended, fetched, one_by_one, several, pipelined, executed)


def role(name):
    return "b_" + name


# Role: verdict, subjects.
LIMITS = {role(way.__name__): ("block", MOST) for way in WAYS}
LIMITS.update({"b_error": ("block", 3), "b_cancel": ("block", 3), "b_next": ("block", 2), "b_free": ("block", 3),
               "b_orders": ("block", 4), "b_even": ("block", 10), "b_odd": ("block", 11), "b_alert": ("alert", MOST),
               "b_small": ("block", MOST), "b_large": ("block", shop.CUSTOMERS + 5), "b_none": ("block", 0),
               "b_uuid": ("block", MOST), "b_text": ("block", MOST), "b_race": ("block", RACE_MOST),
               "b_restart": ("block", MOST), "b_kill": ("block", MOST), "b_two": ("block", 5),
               "b_cut": ("block", 3), "b_long": ("block", 3), "b_rest": ("block", 3), "b_late": ("block", 3), "b_hides": ("block", 3), "b_returning": ("block", 3), "b_moves": ("block", 3), "b_moved": ("block", 3), "b_words": ("block", 6), "b_beside": ("block", 6)})
BUDGETS = [{"principal": name, "window": "30d", "subjects": subjects, "verdict": verdict}
           for name, (verdict, subjects) in LIMITS.items()]
# Of several the smallest counts.
BUDGETS += [{"principal": "b_two", "window": "180d", "subjects": 1000, "verdict": "block"},
            {"kind": "unknown", "window": "180d", "subjects": 3, "verdict": "alert"}]
BUDGETS += [{"principal": "b_alerts", "window": window, "subjects": subjects, "verdict": verdict}
            for window, subjects, verdict in (("hour", 7, "alert"), ("day", 20, "alert"), ("day", 25, "alert"), ("30d", 40, "alert"), ("30d", 30, "block"))]
BUDGETS += [{"principal": "b_steps", "window": "day", "subjects": subjects, "verdict": "alert"} for subjects in (12, 6, 30)]


@harness.shared
def roles():
    for name in [*LIMITS, "b_clock", "b_alerts", "b_steps"]:
        shop.server().sql(f"CREATE ROLE {name} LOGIN IN ROLE app")


@harness.shared
def front():
    roles()
    return shop.front("budgets", more={"budgets": BUDGETS})


def login(name):
    return front().login(user=name, application_name=name)


def recorded(name):
    """What the ledger says of the sessions of a role."""
    return shop.export(front(), "--principal", name)[name]


def first(count):
    return shop.keys("customers", "id")[:count]


def check_stopped(types):
    """The error comes behind the last row, and nothing behind it but the end."""
    assert types.endswith("EZ") and types.count("E") == 1, types


@test(gateway=True)
def test_each_way():
    """A budget of N shows exactly N persons, in each way of asking, and the ledger has these N"""
    problems = []
    for way in WAYS:
        name = role(way.__name__)
        with login(name) as session:
            keys, types, errors = way(session)
            due = first(4) + first(MOST) if way is several else first(MOST)
            if keys != due or not types.endswith("EZ") or types.count("E") != 1 or errors[0]["C"] != CODE:
                problems.append(f"{way.__name__}: {len(keys)} persons, {types}, {errors}")
            equal(session.value("SELECT 'goes on'"), "goes on")
        shown = recorded(name)
        if shown.keys["customer"] != set(first(MOST)) or shown.unknown or "block" not in shown.verdicts \
                or "budget" not in shown.flags or f"budget {name} 30d {MOST}" not in shown.rules:
            problems.append(f"{way.__name__}: the ledger has {len(shown.keys['customer'])}: {shown}")
        if way is not several and shown.rows != MOST:
            problems.append(f"{way.__name__}: {shown.rows} rows recorded, not {MOST}")
    assert not problems, "\n".join(problems)


@test(gateway=True)
def test_other_keys():
    """The same for persons whose keys are no numbers"""
    for name, table, kind, key in (("b_uuid", "members", "member", "id"), ("b_text", "accounts", "account", "login")):
        with login(name) as session:
            for column in (f"{key}, name", "name"):
                rows, types, _ = read(session, wire.query(f"SELECT {column} FROM {table} ORDER BY {key}"))
                equal(len(rows), MOST)
                check_stopped(types)
        equal(recorded(name).keys[kind], set(shop.server().sql(f"SELECT {key} FROM {table} ORDER BY 1")[n][0]
                                             for n in range(MOST)))


@test(gateway=True)
def test_error():
    """Who is stopped is told which budget it was and what to do: ERROR, PS001, not the session's end"""
    with login("b_error") as session:
        keys, types, errors = simple(session)
    equal((keys, types), (first(3), "TDDDEZ"))
    fields = errors[0]
    equal((fields["S"], fields["V"], fields["C"]), ("ERROR", "ERROR", CODE))
    text = f"{fields['M']} {fields.get('D', '')} {fields.get('H', '')}"
    assert "budget" in fields["M"] + fields.get("D", "") and "b_error" in text and "3 different persons" in text \
        and "30 days" in text, text
    assert "ask" in text and "raise" in text, text
    front().guard.wait("budget_blocked", principal="b_error")


@test(gateway=True)
def test_cancelled():
    """The server's query is cancelled, at once"""
    with login("b_cancel") as session:
        since = time.monotonic()
        sleep = f"pg_sleep(CASE WHEN id > {first(5)[4]} THEN 50 ELSE 0 END)"
        keys, types, errors = read(session, wire.query(f"SELECT id, name, repeat('x', 10000), {sleep} FROM customers ORDER BY id"))
        assert elapsed(since) < 20, elapsed(since)
        equal((keys, errors[0]["C"]), (first(3), CODE))
        check_stopped(types)
        equal(shop.server().backends("usename = 'b_cancel' AND state <> 'idle'"), 0)


@test(gateway=True)
def test_next_statement():
    """The cancelling never hits the session's next statement"""
    with login("b_next") as session:
        for _ in range(100):
            keys, _, errors = read(session, wire.query("SELECT id, name FROM customers ORDER BY id LIMIT 4"))
            equal((keys, errors[0]["C"]), (first(2), CODE))
            equal(session.exchange(wire.query("SELECT count(*) FROM generate_series(1, 20000)")).errors, [])


@test(gateway=True)
def test_free_of_charge():
    """Whoever was shown already stays free of charge; nobody else comes, also by rows of other tables"""
    with login("b_free") as session:
        equal(simple(session)[0], first(3))
        for _ in range(3):
            rows, _, errors = read(session, wire.query(f"SELECT id, email, phone FROM customers WHERE id IN ({', '.join(first(3))}) ORDER BY id"))
            equal((rows, errors), (first(3), []))
        for key in shop.keys("customers", "id")[3:6]:
            for sql in (f"SELECT name FROM customers WHERE id = {key}", f"SELECT item FROM orders WHERE customer_id = {key}"):
                rows, _, errors = read(session, wire.query(sql))
                equal((rows, [one["C"] for one in errors]), ([], [CODE]), sql)
        equal(session.exchange(wire.query("SELECT name FROM customers WHERE id = 999999")).errors, [])
    with login("b_none") as session:
        rows, _, errors = simple(session)
        equal((rows, errors[0]["C"]), ([], CODE))
        equal(session.value("SELECT count(*) FROM customers"), str(shop.CUSTOMERS))


def name_of(key):
    return f"SELECT name FROM customers WHERE id = {key}"


def seen_by_moves(session, own, others):
    """The names that come as `own`'s, each other person's put there before."""
    found = set()
    for other in others:
        session.query("BEGIN")
        session.exchange(wire.query(f"UPDATE customers a SET name = b.name FROM customers b WHERE a.id = {own} AND b.id = {other}"))
        found |= {row[0] for row in session.exchange(wire.query(name_of(own))).rows}
        session.query("ROLLBACK")
    return found


def check_stopped_by_moves(name, own):
    """Nobody is shown, not even who was before."""
    with login(name) as session:
        equal([one["C"] for one in session.exchange(wire.query(name_of(own))).errors], [CODE])
        equal(session.value("SELECT count(*) FROM customers"), str(shop.CUSTOMERS))


@test(gateway=True)
def test_moved():
    """Who puts others' values under the key of somebody shown already has them counted, and past the budget reads nobody"""
    own, *others = first(9)
    with front().login(user="app", application_name="free to move") as session:
        equal(seen_by_moves(session, own, others), {f"Kim-{key}" for key in others})
    with login("b_moves") as session:
        equal(session.value(name_of(own)), f"Kim-{own}")
        equal(seen_by_moves(session, own, others), {f"Kim-{key}" for key in others[:2]})
    check_stopped_by_moves("b_moves", own)
    shown = recorded("b_moves")
    equal((shown.keys["customer"], shown.unknown), ({own}, len(others)))


@test(gateway=True)
def test_several_rows():
    """Several rows of one person count once, and all of them are shown"""
    sql = "SELECT customer_id, item FROM orders ORDER BY customer_id, id"
    due = [row[0] for row in shop.server().sql(sql)]
    count = due.index(sorted(set(due), key=int)[4])
    with login("b_orders") as session:
        keys, types, errors = read(session, wire.query(sql))
    equal((keys, errors[0]["C"]), (due[:count], CODE))
    check_stopped(types)
    shown = recorded("b_orders")
    equal(shown.keys["customer"], set(due[:count]))
    equal(shown.rows, count, "rows in the ledger")


@test(gateway=True)
def test_two_kinds():
    """A row that shows two persons leaves whole or not at all"""
    for name in ("b_even", "b_odd"):
        with login(name) as session:
            keys, types, _ = read(session, wire.query("SELECT id, recipient, door_code FROM parcels ORDER BY id"))
        check_stopped(types)
        shown = recorded(name)
        equal((len(keys), shown.keys["recipient"], len(shown.keys["customer"])), (5, set(keys), 5))
        equal(shown.rows, 5, "rows in the ledger")


@test(gateway=True)
def test_alert():
    """An alert only alerts: all is shown; each budget that one statement goes beyond is told by the record, or one beside it, the log and an alert, once, also
    where another budget blocks the rest"""
    due = {"b_alert": {"budget b_alert 30d 10", "budget kind unknown 180d 3"},
           "b_alerts": {"budget b_alerts day 20", "budget b_alerts day 25", "budget b_alerts hour 7", "budget kind unknown 180d 3"}}
    for name, rules in due.items():
        with login(name) as session:
            for number in range(2):
                keys, _, errors = simple(session)
                equal((len(keys), errors == []), (shop.CUSTOMERS, True) if name == "b_alert" else (30, False), name)
        shown = recorded(name)
        assert "budget" in shown.flags and len(shown.keys["customer"]) == len(keys), shown
        alerts = {line["rule"] for line in shown.lines if line["verdict"] == "alert"}
        assert alerts and alerts <= rules, alerts
        equal(sum(line["statements"] for line in shown.lines), 2, "what stands beside counts no statement")
        equal([line["rule"] for line in shown.lines if line["verdict"] == "block"], ["budget b_alerts 30d 30"] * (2 if name == "b_alerts" else 0))
        front().guard.until_sessions(0)  # what comes of its records is behind them
        told = process.until(lambda name=name, count=len(rules): len(found := front().guard.find("budget_alert", principal=name)) >= count and found, "the log")
        equal(sorted(one["rule"] for one in told), sorted(rules), name)
        raised = {one["rule"] for one in front().guard.json("ack") if one["principal"] == name and one["verdict"] == "alert"}
        equal(raised, rules, name)


@test(gateway=True)
def test_words():
    """What an alert says was shown is what its statement showed, not the record by which it was raised: of one that stands beside another, where that is"""
    with login("b_words") as session:
        session.send(wire.parse("SELECT id, name FROM customers ORDER BY id") + wire.bind() + wire.execute(3) + wire.execute(3) + wire.execute(3) + wire.SYNC)
        keys, _, errors = read(session, b"")
        equal((len(keys), errors[0]["C"]), (6, CODE))
    with login("b_beside") as session:
        simple(session)
    front().guard.until_sessions(0)
    for name in ("b_words", "b_beside"):
        raised, = process.until(lambda name=name: [one for one in front().guard.json("ack") if (one["principal"], one["verdict"]) == (name, "block")], "an alert")
        equal((raised["rows"], raised["subjects"]), (6, 6), raised["text"])
        assert raised["text"].endswith("shown with it: 6 rows of at most 6 persons"), raised["text"]
    beside, = [one["text"] for one in front().guard.json("ack") if (one["principal"], one["verdict"]) == ("b_beside", "alert")]
    session, = {line["session"] for line in recorded("b_beside").lines}
    assert beside.endswith(f"; what it showed is in the ledger, by session {session}"), beside


@test(gateway=True)
def test_alerts_one_after_the_other():
    """Of several alert budgets of one window each is told when it is gone beyond: once, by a record, the log and an alert of its own"""
    due = ["budget kind unknown 180d 3", "budget b_steps day 6", "budget b_steps day 12"]

    def told():
        return [one["rule"] for one in front().guard.find("budget_alert", principal="b_steps")]

    with login("b_steps") as session:
        for count, rules in ((3, 0), (4, 1), (6, 1), (7, 2), (12, 2), (13, 3), (20, 3)):
            equal(len(session.query(f"SELECT id, name FROM customers ORDER BY id LIMIT {count}").rows), count)
            process.until(lambda due=due[:rules]: told() == due, f"{count} persons")  # the log comes behind the rows
    equal([line["rule"] for line in recorded("b_steps").lines if line["verdict"] == "alert"], due)
    front().guard.until_sessions(0)
    equal(sorted(one["rule"] for one in front().guard.json("ack") if one["principal"] == "b_steps"), sorted(due))


@test(gateway=True)
def test_smallest():
    """Of several budgets of one role the smallest decides"""
    with login("b_two") as session:
        keys, _, errors = simple(session)
    equal((keys, errors[0]["C"]), (first(5), CODE))


def run_of(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


def price(product):
    return int(shop.server().sql(f"SELECT price FROM products WHERE id = {product}")[0][0])


@test(gateway=True)
def test_rest_of_a_pipeline():
    """A block undoes and skips what changes something in its pipeline, up to the Sync and no further"""
    change = "UPDATE products SET price = price + 1000 WHERE id = {}"
    before = [price(product) for product in range(1, 7)]
    with login("b_rest") as session:
        result = session.exchange(run_of(change.format(1)) + run_of(ALL) + run_of(change.format(2)) + wire.query(change.format(3))
                                  + run_of("COMMIT") + wire.SYNC + wire.query("SELECT 'next'"))
        equal((len(result.rows), [fields["C"] for fields in result.errors], result.status), (3, [CODE], "I"))
        equal((result.types.count("E"), session.result().rows), (1, [["next"]]))
        session.query("BEGIN")
        equal(session.exchange(run_of(ALL) + run_of(change.format(4)) + wire.SYNC).status, "E")
        equal(session.query("COMMIT").tags, ["ROLLBACK"])
        equal(session.exchange(run_of(change.format(5)) + run_of("SELECT 1") + wire.SYNC).tags, ["UPDATE 1", "SELECT 1"])
    with login("b_late") as session:  # the rest comes when the client has been told, and is long
        equal(session.exchange(run_of(ALL) + wire.FLUSH, "E").code, CODE)
        late = wire.parse(change.format(6) + " AND title <> '" + "x" * (3 << 20) + "'") + wire.bind() + wire.execute()
        result = session.exchange(late + wire.query(change.format(2)) + wire.SYNC)
        equal((result.types, session.value("SELECT 'goes on'")), ("Z", "goes on"))
    with login("b_returning") as session:
        shown = session.exchange(run_of("UPDATE customers SET region = 'gone' WHERE grade = 2 RETURNING id, name") + wire.SYNC)
        equal((len(shown.rows), shown.code, shown.status), (3, CODE, "I"))
    equal([price(product) - was for product, was in enumerate(before, 1)], [0, 0, 0, 0, 1000, 0])
    equal(shop.server().sql("SELECT count(*) FROM customers WHERE region = 'gone'"), [["0"]])
    for name in ("b_rest", "b_late", "b_returning"):
        equal(len(recorded(name).keys["customer"]), 3)


@test(gateway=True)
def test_rest_that_hides():
    """So is what does not look like a change, and what stands behind a copy"""
    shop.server().sql("CREATE TABLE b_left (k int); INSERT INTO b_left SELECT generate_series(1, 9); GRANT ALL ON b_left TO app")
    shop.server().sql("CREATE FUNCTION b_goes(int) RETURNS bigint LANGUAGE sql AS 'DELETE FROM public.b_left WHERE k = $1; SELECT 1::bigint'")
    with login("b_hides") as session:
        for number, (shown, change) in enumerate((
                (ALL, "(WITH d AS (DELETE FROM b_left WHERE k = 1 RETURNING k) SELECT k FROM d)"), (ALL, "SELECT b_goes(2)"),
                ("COPY customers TO STDOUT", "DELETE FROM b_left WHERE k = 3"),
                ("COPY (SELECT id, name FROM customers) TO STDOUT", " ( ( WITH d AS (DELETE FROM b_left RETURNING k) SELECT k FROM d))"))):
            result = session.exchange(run_of(shown) + run_of(change) + wire.SYNC)
            equal((result.code, result.types.count("E")), (CODE, 1), number)
        equal(session.value("SELECT 'goes on'"), "goes on")
    equal(shop.server().sql("SELECT count(*) FROM b_left"), [["9"]])


@test(gateway=True)
def test_cut_record():
    """The record of a result that was cut says what left: not the fields of rows behind the cut"""
    with login("b_cut") as session:
        result = session.exchange(wire.query("SELECT id, phone, name FROM customers ORDER BY phone IS NOT NULL, id"))
        equal((len(result.rows), {row[1] for row in result.rows}, result.code), (3, {None}, CODE))
    shown = recorded("b_cut")
    equal((shown.fields, shown.rows, len(shown.keys["customer"])), ({"phone": "null", "name": "clear"}, 3, 3))


@test(gateway=True)
def test_bound():
    """A statement whose persons are not known counts as the most it can be: refused whole, or passed"""
    for sql in ("SELECT DISTINCT name FROM customers", "SELECT string_agg(email, ',') FROM customers",
                "BEGIN; COPY customers TO STDOUT", "COPY (SELECT DISTINCT name FROM customers) TO STDOUT"):
        with login("b_small") as session:
            result = session.exchange(wire.query(sql))
            equal((result.rows, result.copied, result.code), ([], b"", CODE), sql)
            check_stopped(result.types)
            if sql.startswith("BEGIN"):
                session.query("ROLLBACK")
            equal(session.value("SELECT 1"), "1")
            result = session.exchange(wire.parse("SELECT DISTINCT name FROM customers") + wire.bind() + wire.execute(3) + wire.SYNC)
            equal((result.rows, result.code), ([], CODE), sql)
    equal({kind: keys for kind, keys in recorded("b_small").keys.items() if keys}, {})
    equal(recorded("b_small").unknown, 0)
    with login("b_large") as session:
        equal(len(session.query("SELECT DISTINCT name FROM customers").rows), shop.CUSTOMERS)
        result = session.exchange(wire.query("SELECT DISTINCT name FROM customers"))
        equal((result.rows, result.code), ([], CODE))
        keys, _, _ = simple(session)
        equal(keys, first(5))


@test(gateway=True)
def test_rows_that_are_too_long_to_be_read():
    """They count as the most they can show, also where the statement names a person; who is named is one"""
    with login("b_long") as session:
        result = session.exchange(wire.query(f"SELECT max(repeat(name, 1000000)) FROM customers WHERE id = {first(1)[0]}"))
        equal((result.rows, result.code), ([], CODE))
        got = [session.exchange(wire.query(f"SELECT repeat(name, 1000000) FROM customers WHERE id = {key}")) for key in first(4)]
        equal([(len(result.rows), result.code) for result in got], [(1, None)] * 3 + [(0, CODE)])


def race_for_the_last_one(made, budget, rounds):
    """Who was shown to the 64 sessions of the budget's role, which has room for one more in each round."""
    left, shown = shop.keys("customers", "id"), set()
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(made.login(user=budget["principal"], application_name=budget["principal"])) for _ in range(RACERS)]
        for number in range(1, rounds + 1):
            budget["subjects"] = number
            equal(made.reload(), "config_reloaded")
            asked = [left[(number + place) % len(left)] for place in range(RACERS)]
            for session, key in zip(sessions, asked):
                session.send(wire.query(f"SELECT name FROM customers WHERE id = {key}"))
            results = [session.result() for session in sessions]
            seen = {key for key, result in zip(asked, results) if result.rows}
            equal(({result.code for result in results if not result.rows}, len(seen), seen & shown), ({CODE}, 1, set()), f"round {number}")
            shown |= seen
            left = [key for key in left if key not in seen]
    process.until(lambda: shop.server().value(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{budget['principal']}'") == "0",
                  "the server has room again")
    return shown


@test(gateway=True, limit=900)
def test_race_for_the_last_one():
    """64 sessions of one role ask at once, each for somebody else, when one more may be shown: one of them is, and counted; again with each
    reload that allows one more: ten times, a thousand in the long run"""
    budgets = [{"principal": f"racer{number}", "window": "30d", "subjects": 0, "verdict": "block"} for number in range(4 if harness.LONG else 1)]
    shop.server().sql("".join(f"CREATE ROLE {budget['principal']} LOGIN IN ROLE app;" for budget in budgets))
    made = shop.front("last-one", more={"budgets": budgets}, workers=2)
    shown = {budget["principal"]: race_for_the_last_one(made, budget, 250 if harness.LONG else 10) for budget in budgets}
    made.guard.until_sessions(0)
    said = shop.export(made)
    equal({role: said[role].keys["customer"] for role in shown}, shown)
    made.stop()


@test(gateway=True, limit=120)
def test_race():
    """64 sessions of one role race for persons: together they are shown exactly as many as the budget allows"""
    seen, stopped, problems, barrier = [set() for _ in range(RACERS)], [], [], threading.Barrier(RACERS)

    def run(number):
        try:
            with login("b_race") as session:
                barrier.wait(60)
                for turn in range(3):
                    order = f"md5('{number} {turn}' || id)"
                    columns = ("id, name", "name", "name, id")[number % 3]
                    data = wire.query(f"SELECT {columns} FROM customers ORDER BY {order}") if number % 2 else (
                        wire.parse(f"SELECT {columns} FROM customers ORDER BY {order}") + wire.bind() + wire.execute() + wire.SYNC)
                    rows, types, errors = read(session, data, 0)
                    seen[number] |= {row.removeprefix("Kim-") for row in rows}
                    stopped.extend(error["C"] for error in errors)
                    check_stopped(types)
        except Exception as error:  # told below
            problems.append(repr(error))

    front()  # not by all of them at once
    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [])
    equal((len(stopped), set(stopped)), (3 * RACERS, {CODE}))
    together = set().union(*seen)
    equal(len(together), RACE_MOST)
    equal(recorded("b_race").keys["customer"], together)


def until_works():
    def works():
        try:
            with login("b_none") as session:
                return session.value("SELECT 1") == "1"
        except (OSError, wire.Closed, wire.ServerError):
            return False
    process.until(works, "a new session", 40)


@test(gateway=True, limit=120)
def test_restarts():
    """Across a restart of pasu, and across kill -9 of the gate, a budget of N shows N persons, and who has moved too many reads nobody"""
    own, *others = first(5)
    with login("b_moved") as session:
        equal(len(seen_by_moves(session, own, others)), 2)
    for name in ("b_restart", "b_kill"):
        shown = []
        for count in (4, 3, 3):
            with login(name) as session:
                sql = f"SELECT id, name FROM customers WHERE id > {shown[-1] if shown else -1000000} ORDER BY id LIMIT {count}"
                keys, _, errors = read(session, wire.query(sql))
                equal((len(keys), errors), (count, []))
                shown += keys
            if name == "b_restart":
                equal(front().guard.stop(), 0)
                front().guard.start()
            else:
                gate = front().gate()
                os.kill(gate, signal.SIGKILL)
                process.until(lambda gate=gate: front().guard.run("status").returncode == 0 and front().gate() != gate, "a new gate", 40)
            until_works()
        with login(name) as session:
            keys, _, errors = simple(session)
            equal((keys, errors[0]["C"]), (shown, CODE))
        equal(recorded(name).keys["customer"], set(shown))
        check_stopped_by_moves("b_moved", own)


if __name__ == "__main__":
    harness.main()
