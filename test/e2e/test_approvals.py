#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The verdict hold: what a rule holds waits for a second person, and nothing of it leaves, nor is sent, before."""
import contextlib
import json
import os
import struct
import threading

from approving import (ADDRESS, APPROVED, ask, BY_CANCEL, BY_PASU, BY_SERVER, CANCELLED, DENIED, EXPIRED, FIRST, Front, GONE, HOLD, is_asked,
                       IS_DENIED, IS_EXPIRED, IS_LOST, is_silent, KEY, LEFT, LOST, NAME, OUTSIDER, OWN, REFUSED, RELEASED, REQUESTED, root, ROSTER,
                       ROWS, RULE, RULED, SECOND, shared, told, WAITING)
import guard
import harness
from process import until
import shop
from stage import equal, test
from test_signed import ledger, verify
import wire


# ---- approved ----

@test(gateway=True)
def test_approved():
    """An address leaves at once without the rule; with it nothing is sent to the server nor leaves until somebody else approves, others go on, and who approved, why and what came of it is recorded"""
    front = shared()
    front.set(rules=[])
    with front.login(application_name="harm") as session:
        equal(session.query(ADDRESS).rows, ROWS, "the harm")
    front.set(rules=[HOLD])
    with front.login(application_name="held") as session, front.login() as other:
        equal(session.value(NAME), f"Kim-{KEY}")
        number = ask(session)
        assert is_silent(session, other)
        assert "address" not in is_asked("held"), "the server was asked before"
        request, = front.waiting()
        equal((request["request"], request["state"], request["principal"], request["owner"], request["rule"], request["fields"]),
              (number, "waits", "app", "Kim", "rule addresses", ["address"]))
        assert request["sql"] == "SELECT address FROM customers WHERE id = $1", request
        equal((request["purpose"], request["source"], request["claimed_source"]), (None, {"address": "127.0.0.1"}, None))
        one = [one for one in front.guard.sessions() if one["approval"]]
        equal([(one["application"], one["approval"]) for one in one], [("held", number)])
        equal(front.guard.status()["approvals"], 1)
        assert f"held, {number}" in front.run("sessions").stdout
        equal(other.value(NAME), f"Kim-{KEY}", "others wait, too")
        done = front.decide(number)
        equal((done["state"], done["by"]), ("approved", "root"))
        result = session.result()
        equal((result.rows, result.tags, result.status), (ROWS, ["SELECT 1"], "I"))
        equal(session.value(NAME), f"Kim-{KEY}")
    equal(front.waits(), [])
    equal(front.guard.status()["approvals"], 0)
    equal(front.ended(number), RELEASED)
    equal(front.decisions(number), [(APPROVED, bytes(4), ["root", "ticket 4711"])])
    index, payload = [one for one in front.records(REQUESTED) if one[0] == number][0]
    assert b"SELECT address FROM customers WHERE id = $1" in payload and str(KEY).encode() not in payload, payload
    said = [line for line in shop.export(front.made)["held"].lines if line["verdict"] == "hold"]
    equal([(line["rows"], line["subjects"]["customer"]["keys"], line["rule"]) for line in said], [(1, [KEY], "rule addresses")])
    alert = [one for one in front.guard.json("ack") if one["about"] == number]
    equal([(one["severity"], one["verdict"], one["principal"], one["rule"]) for one in alert], [(3, "hold", "app", "rule addresses")])
    assert f"pasu approve {number} " in alert[0]["text"], alert


@test(gateway=True)
def test_what_an_approver_sees():
    """What for, for whom and from where it is asked, as the session says, stands beside what waits; a claim that is not signed says so"""
    front = Front("approvals-seen", [HOLD], more={"sources": {"claimed_from": ["sqlcommenter"]}})
    front.guard.config["principals"]["actor_from"] = ["sqlcommenter"]
    equal(front.made.reload(), "config_reloaded")
    for claim, place, words in (("203.0.113.7", "203.0.113.7", "    from: 127.0.0.1; its user at 203.0.113.7, not signed\n"),
                                ("office", None, "    from: 127.0.0.1; of its user it says no address\n")):
        with front.login() as session:
            number = ask(session, f"{ADDRESS} /*actor='kim%40shop.kr',purpose='ticket-17',source='{claim}'*/")
            request, = front.waiting()
            equal((request["request"], request["actor"], request["purpose"], request["source"]), (number, "kim@shop.kr", "ticket-17", {"address": "127.0.0.1"}))
            equal(request["claimed_source"], {"address": place, "signed": False})
            said = front.run("approve").stdout
            assert words + "    purpose: ticket-17\n    fields: address\n" in said, said
            front.decide(number, verb="deny")
            equal([error["C"] for error in session.result().errors], ["PS006"])
        front.waiting(0)
    front.made.stop()


@test(gateway=True)
def test_bytes():
    """What the client gets is, but for the notice, byte for byte what it is without pasu; so it is in a pipeline, where what stands behind waits too, and of a portal that is read in portions"""
    front = shared()
    rows = "SELECT id, address FROM customers ORDER BY id LIMIT 50"
    ways = (wire.query(rows), wire.query(f"SELECT 1; {ADDRESS}; SELECT 2"),
            wire.parse(NAME) + wire.bind() + wire.execute() + wire.parse(ADDRESS) + wire.bind() + wire.describe() + wire.execute() +
            wire.parse(f"UPDATE customers SET grade = grade WHERE id = {KEY}") + wire.bind() + wire.execute() + wire.SYNC,
            wire.parse(rows) + wire.bind() + b"".join(wire.execute(20) for _ in range(3)) + wire.SYNC)
    with front.login() as session, wire.login(shop.server().address, user="app") as direct:
        for way in ways:
            direct.send(way)
            session.send(way)
            request, = front.waiting()
            front.decide(request["request"])
            got = []
            for one in (session, direct):
                got.append([one.receive()])
                while got[-1][-1][0] != "Z":
                    got[-1].append(one.receive())
            notices = [body for kind, body in got[0] if kind == "N"]
            equal([wire.read_fields(body)["C"] for body in notices], [WAITING])
            equal([one for one in got[0] if one[0] != "N"], got[1])


@test(gateway=True)
def test_transaction():
    """What stands before it in its transaction is done, what stands behind it in its pipeline is not, until it is approved; denied, the transaction fails as by any error, and is undone"""
    front = shared()
    change = f"UPDATE customers SET region = 'west' WHERE id = {KEY}"
    pipeline = b"".join(wire.parse(sql) + wire.bind() + wire.execute() for sql in (ADDRESS, change)) + wire.SYNC
    region = f"SELECT region FROM customers WHERE id = {KEY}"
    before = shop.server().value(region)
    with front.login() as session, front.login() as other:
        number = told(session, pipeline)
        wire.handled(other)
        equal(shop.server().value("SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'customers' "
                                  "AND l.mode = 'RowExclusiveLock'"), "0")
        front.decide(number, verb="deny")
        result = session.result()
        equal((result.code, result.rows, result.status), (DENIED, [], "I"))
        equal(shop.server().value(region), before)
        session.query("BEGIN")
        session.query(change)
        front.decide(ask(session), verb="deny")
        result = session.result()
        equal((result.code, result.status), (DENIED, "E"))
        equal(session.exchange(wire.query("SELECT 1")).rows, [])
        session.query("ROLLBACK")
        equal(shop.server().value(region), before)


# ---- not approved ----

@test(gateway=True)
def test_denied():
    """Denied, nothing of it leaves nor is run; the client hears by whom, and it is recorded as a statement that was refused"""
    front = shared()
    with front.login(application_name="denied") as session:
        for way in (wire.query(ADDRESS), wire.parse(ADDRESS) + wire.bind() + wire.execute() + wire.SYNC):
            number = told(session, way)
            equal(front.decide(number, verb="deny", reason="no ticket")["state"], "denied")
            result = session.result()
            equal((result.code, result.rows, result.status), (DENIED, [], "I"))
            assert "denied by root" in result.errors[0]["D"] and "ask your lead" in result.errors[0]["D"], result.errors
            equal((front.ended(number), front.decisions(number)), (IS_DENIED, [(REFUSED, bytes(4), ["root", "no ticket"])]))
        equal(session.value(NAME), f"Kim-{KEY}")
    said = shop.export(front.made)["denied"]
    held = [line for line in said.lines if line["verdict"] == "hold"]
    equal([(line["rows"], "refused" in line["flags"], line["subjects"]) for line in held], [(0, True, {})] * len(held))
    equal(sum(line["statements"] for line in held), 2)


@test(gateway=True)
def test_expired():
    """When the time is over it is refused, and an approval comes too late"""
    front = shared()
    front.set(within="1s")
    try:
        with front.login() as session:
            number = ask(session)
            result = session.result()
            equal((result.code, result.rows), (EXPIRED, []))
            assert "is over" in front.refuses(number, f"request {number}")
            equal((front.ended(number), front.decisions(number)), (IS_EXPIRED, []))
            equal(session.value(NAME), f"Kim-{KEY}")
    finally:
        front.set(within="10m")
    front.refuses(10 ** 9, "no request 1000000000 waits")
    front.refuses("x", "is no request", status=2)
    equal(front.run("approve", "5").returncode, 2, "without a reason")


# ---- who ----

@test(gateway=True)
def test_own():
    """Nobody approves their own: not under the role's name, nor its owner's, nor where both belong to one person, nor as whom the application acts for; who has left approves nothing. Each is recorded, and it waits on"""
    root()
    front = shared()
    people = ((f"app,human,{FIRST.upper()},active\n", "owns the role"), (f"app,human,Kim,active\n{FIRST},human,kim,active\n", "the same person"),
              (f"app,human,Kim,active\n{FIRST},human,app,active\n", "owned by the role"))
    try:
        with front.login() as session:
            number = ask(session)
            front.decide(number, account=SECOND, verb="deny")
            equal(session.result().code, DENIED)
            for lines, what in people:
                front.be("principal,kind,owner,owner_status\n" + lines)
                number = ask(session)
                front.refuses(number, "nobody approves", account=FIRST)
                front.guard.wait("control_command", number=number, decision="refused: it is the account's own")
                equal([one["request"] for one in front.waits()], [number], what)
                equal([(kind, who) for kind, _, who in front.decisions(number)], [(OWN, [FIRST, "ticket 4711"])], what)
                front.decide(number, account=SECOND)
                equal(session.result().rows, ROWS)
                equal(front.decisions(number)[-1], (APPROVED, struct.pack("<I", 5), [SECOND, "ticket 4711"]))
            front.be(f"principal,kind,owner,owner_status\n{FIRST},human,Park,left\n")
            number = ask(session)
            front.refuses(number, "has left", account=FIRST)
            front.guard.wait("control_command", number=number, decision="refused: the account's owner has left")
            equal([kind for kind, _, _ in front.decisions(number)], [LEFT])
            front.decide(number, account=FIRST, verb="deny")
            equal(session.result().code, DENIED)
        front.be(ROSTER)
        shop.server().sql(f"CREATE ROLE {FIRST} LOGIN IN ROLE app")
        with front.login(user=FIRST) as session:
            number = ask(session)
            front.refuses(number, "nobody approves", account=FIRST)
            front.decide(number, account=FIRST, verb="deny", reason="I take it back")
            equal(session.result().code, DENIED)
    finally:
        front.be(ROSTER)


@test(gateway=True)
def test_rights():
    """The control socket takes approvers, for what waits and nothing else; nobody else of other accounts; without approvers no other account can connect at all"""
    root()
    front = shared()
    with front.login() as session:
        number = ask(session)
        equal(json.loads(front.run("approve", "--json", account=FIRST).stdout)["request"], number)
        for words in (("status",), ("sessions",), ("kill", "--principal", "app"), ("hold", "place", "--who", "me", "--why", "x"), ("ack", "--who", "me", "--why", "x", "1")):
            done = front.run(*words, account=FIRST)
            equal((done.returncode, done.stdout), (1 if words[0] != "ack" else done.returncode, ""), str(words))
            assert done.returncode != 0, words
        for words in (("approve",), ("approve", "--reason", "x", str(number)), ("deny", "--reason", "x", str(number)), ("status",)):
            done = front.run(*words, account=OUTSIDER)
            equal((done.returncode, done.stdout), (1, ""), str(words))
        equal(front.guard.wait("control_refused", uid=6)["event"], "control_refused")
        equal([one["request"] for one in front.waits()], [number])
        front.decide(number, account=FIRST)
        equal(session.result().rows, ROWS)
    equal(os.stat(front.guard.config["control"]).st_mode & 0o777, 0o666)
    with strict() as made:
        equal(os.stat(made.guard.folder / "ledger/control.sock").st_mode & 0o777, 0o600)


@contextlib.contextmanager
def strict():
    made = shop.front("approvals-strict", more={"rules": [HOLD]})
    yield made
    made.stop()


@test(gateway=True)
def test_race():
    """Of approvers who race one wins, and the others are told who; an approval and a denial never both count"""
    front = shared()
    accounts = (FIRST, SECOND) if harness.ROOT else (None, None)
    with front.login() as session:
        for turn in range(4):
            number = ask(session)
            done, gate = {}, threading.Barrier(4)

            def decide(place, account, verb):
                gate.wait()
                done[place] = (verb, account, front.run(verb, "--reason", "race", str(number), account=account))

            threads = [threading.Thread(target=decide, args=(place, accounts[place % 2], ("approve", "deny")[place // 2 if turn % 2 else 0]))
                       for place in range(4)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            won = [one for one in done.values() if one[2].returncode == 0]
            lost = [one[2].stderr for one in done.values() if one[2].returncode == 1]
            equal((len(won), len(lost)), (1, 3), done)
            verb, account, _ = won[0]
            for one in lost:
                assert f"is {'denied' if verb == 'deny' else 'approved'} already, by {account or 'root'}" in one, one
            equal(len(front.decisions(number)), 1)
            result = session.result()
            equal((result.rows, result.code), ([], DENIED) if verb == "deny" else (ROWS, None))


# ---- it ends otherwise ----

@test(gateway=True)
def test_client_gone():
    """A client that leaves while it waits, in order or not, ends that: nothing is asked of the server, and an approval comes too late"""
    front = shared()
    for leave in ("terminate", "abort", "half_close"):
        with front.login(application_name=leave) as session:
            number = ask(session)
            getattr(session, leave)()
            equal(front.ended(number), GONE, leave)
            front.refuses(number, f"request {number}")
            if leave == "half_close":
                equal(session.read_end(), b"")
    front.guard.until_sessions(0)
    equal({one for one in shop.export(front.made) if one in ("terminate", "abort", "half_close")}, set())


@test(gateway=True)
def test_cancelled():
    """A cancel request takes it back"""
    front = shared()
    with front.login() as session:
        number = ask(session)
        wire.cancel(front.guard.address(), session.key)
        result = session.result()
        equal((result.code, result.rows), (CANCELLED, []))
        equal(front.ended(number), BY_CANCEL)
        equal(session.value(NAME), f"Kim-{KEY}")


@test(gateway=True)
def test_what_another_rule_allows():
    """It does not wait: neither the statement nor, when they come, its rows"""
    front = shared()
    front.set(rules=[{"name": "support", "when": {"fields": "address", "purpose": "support"}, "verdict": "allow"}, HOLD])
    with front.login() as session:
        session.send(wire.query(f"/*purpose=support*/ {ADDRESS}"))
        equal(session.receive()[0], "T")
        equal(session.result().rows, ROWS)
        number = ask(session)
        front.decide(number)
        equal(session.result().rows, ROWS)
    front.set(rules=[HOLD])


@test(gateway=True)
def test_approved_moves():
    """An approved statement that puts values under another's key is one statement in the record, and held by its rule"""
    front, (own, other) = shared(), shop.keys("customers", "id")[:2]
    front.set(rules=[{**HOLD, "when": {"verbs": "update"}}])
    with front.login(application_name="moves") as session:
        session.query("BEGIN")
        number = ask(session, f"UPDATE customers a SET name = b.name FROM customers b WHERE a.id = {own} AND b.id = {other}")
        front.decide(number)
        equal(session.result().tags, ["UPDATE 1"])
        session.query("ROLLBACK")
    front.set(rules=[HOLD])
    front.guard.until_sessions(0)
    shown = shop.export(front.made)["moves"]
    equal((shown.verdicts, shown.rules, shown.statements, "moved" in shown.flags), ({"hold"}, {"rule addresses"}, 1, True))


@test(gateway=True)
def test_cut():
    """So do pasu kill, a roster by which the owner has left, and a server that ends the session; its limits of time count what it runs, not what waits"""
    front = shared()
    with front.login() as session:
        number = ask(session)
        equal(front.run("kill", "--principal", "app").returncode, 0)
        equal(session.refused()["C"], "57P01")
        equal(front.ended(number), BY_PASU)
    try:
        with front.login() as session:
            number = ask(session)
            front.be(ROSTER.replace("Kim,active", "Kim,left"))
            equal(session.refused()["C"], "PS010")
            equal(front.ended(number), BY_PASU)
    finally:
        front.be(ROSTER)
    with front.login() as session:
        session.query("SET statement_timeout = 2000")
        number = ask(session)
        with wire.login(shop.server().address, user="app") as other:  # what began later and has the same limit is over by then
            equal(other.exchange(wire.query("SET statement_timeout = 2000; SELECT pg_sleep(60)")).code, CANCELLED)
        front.decide(number)
        equal(session.result().rows, ROWS)
        session.query("SET idle_in_transaction_session_timeout = 3000")
        session.query("BEGIN")
        number = ask(session)
        equal(session.refused()["C"], "25P03")
        equal(front.ended(number), BY_SERVER)


@test(gateway=True)
def test_processes():
    """Another keeper knows of nothing that waits, and so it is refused; sessions of a gate that is gone, or of a guard that is started again, end, and the record says so"""
    front = shared()
    with front.login() as session:
        number = ask(session)
        front.guard.replace("keeper")
        result = session.result()
        equal((result.code, result.rows), (LOST, []))
        equal(front.ended(number), IS_LOST)
        again = ask(session)
        assert again > number
        front.decide(again)
        equal(session.result().rows, ROWS)
    with front.login() as session:
        number = ask(session)
        front.guard.replace("gate")
        equal(session.read_end(), b"")
        equal(front.ended(number), IS_LOST)
    with front.login() as session:
        number = ask(session)
        equal(front.guard.stop(), 0)
        equal(session.refused()["C"], "57P01")
        front.guard.start()
        equal(front.ended(number), BY_PASU)
        front.refuses(number, f"no request {number} waits")
    with front.login() as session:
        assert ask(session) > number, "a number is used once"
        front.decide(front.waiting()[0]["request"], verb="deny")
        equal(session.result().code, DENIED)


# ---- other ways to ask ----

@test(gateway=True)
def test_grown():
    """What a statement shows by the time it goes on, and did not when it was approved, is not approved"""
    front = Front("approvals-grown", [HOLD])
    other = shop.keys("customers", "id")[33]
    try:
        with front.login() as session, front.login() as second:
            number, again = ask(session), told(second, wire.parse(ADDRESS) + wire.bind() + wire.execute() + wire.SYNC)
            with front.login(user="app") as mover:
                equal(mover.query(f"UPDATE customers SET address = name WHERE id = {other}").errors, [])
            front.decide(number)
            result = session.result()
            equal((result.rows, result.code), ([], LOST))
            front.decide(again)  # a portal sees what was there when it was bound
            equal(second.result().rows, ROWS)
            front.decide(ask(session))
            equal(session.result().rows, ROWS)
    finally:
        shop.server().sql(f"UPDATE customers SET address = 'Main Street ' || id WHERE id = {other}")


@test(gateway=True)
def test_ways():
    """Cursors, EXECUTE, COPY, functions and a call by message are held by what they show; writing, the key alone and other fields are not"""
    front = shared()
    shop.server().sql(f"CREATE FUNCTION where_is(bigint) RETURNS text LANGUAGE sql AS 'SELECT address FROM customers WHERE id = $1'")
    call = wire.function_call(int(shop.server().value("SELECT 'where_is'::regproc::oid")), struct.pack("!q", KEY))
    until(lambda: front.guard.json("status"), "an answer")
    with front.login() as session:
        session.query(f"PREPARE held AS {ADDRESS}")
        session.query(f"BEGIN; DECLARE held CURSOR WITH HOLD FOR {ADDRESS}; COMMIT")
        for sql in ("EXECUTE held", "FETCH 1 FROM held", f"COPY ({ADDRESS}) TO STDOUT", f"SELECT where_is({KEY})",
                    f"SELECT to_jsonb(c) FROM customers c WHERE id = {KEY}",
                    f"UPDATE customers SET grade = grade WHERE id = {KEY} RETURNING address"):
            for verb, rows in (("deny", 0), ("approve", 1)):
                number = ask(session, sql)
                front.decide(number, verb=verb)
                result = session.result()
                equal((len(result.rows) + result.copied.count(b"\n"), result.code), (rows, None if rows else DENIED), sql)
        for verb in ("deny", "approve"):
            front.decide(told(session, call), verb=verb)
            result = session.result()
            equal((result.code, result.values), (DENIED, []) if verb == "deny" else (None, [f"Main Street {KEY}".encode()]))
        for sql in (NAME, f"SELECT count(*) FROM customers WHERE address IS NULL", f"UPDATE customers SET address = address WHERE id = {KEY}"):
            equal(session.query(sql).notices, [], sql)


@test(gateway=True)
def test_several():
    """Statements of one text wait as one, under the rule of the first that is held; what is decided of another request leaves it waiting"""
    front = shared()
    phone = NAME.replace("name", "phone", 1)
    front.set(rules=[HOLD, {**HOLD, "name": "phones", "when": {"fields": "phone"}}])
    for first, second, rule in ((ADDRESS, phone, "rule addresses"), (phone, ADDRESS, "rule phones")):
        with front.login() as session, front.login() as other:
            number = told(session, wire.query(f"{NAME}; {first}; {second}"), rule)
            equal(front.waiting()[0]["rule"], rule)
            front.decide(ask(other), verb="deny")
            equal(other.result().code, DENIED)
            assert is_silent(session, other)
            front.decide(number)
            equal(len(session.result().rows), 3)
    front.set(rules=[HOLD])


@test(gateway=True)
def test_portal_in_doubt():
    """A portal that was approved is read on without a question; once code has run that can have put another in its place, it is asked for again"""
    front = shared()
    more = wire.execute(1, "p") + wire.SYNC
    with front.login() as session:
        session.query("BEGIN")
        front.decide(told(session, wire.parse("SELECT address FROM customers ORDER BY id") + wire.bind(portal="p") + more))
        equal([len(session.result().rows), len(session.exchange(more).rows)], [1, 1])
        front.set(rules=[])
        equal(session.query("DO $$ DECLARE r text := 'SEL'; BEGIN EXECUTE r || 'ECT 1'; END $$").errors, [])
        front.set(rules=[HOLD])
        front.decide(told(session, more), verb="deny")
        equal(session.result().code, DENIED)


@test(gateway=True)
def test_rows():
    """Where only the rows tell, they wait before the first leaves: a rule that came while the server was at it. Denied, none of them leaves nor is counted; approved, all do"""
    front = shared()
    slow = f"SELECT address FROM customers, pg_advisory_xact_lock(77) WHERE id >= {KEY} ORDER BY id"
    due = [[value] for value in shop.server().value(f"SELECT string_agg(coalesce(address, ''), ';' ORDER BY id) FROM customers WHERE id >= {KEY}").split(";")]
    for verb in ("approve", "deny", "cancel", "leave"):
        front.set(rules=[])
        with front.login(application_name=f"rows-{verb}") as session, wire.login(shop.server().address) as holder, front.login() as other:
            holder.query("SELECT pg_advisory_lock(77)")
            session.send(wire.query(slow))
            until(lambda: shop.server().value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1", "the lock")
            front.set(rules=[HOLD])
            other.value(NAME)
            holder.query("SELECT pg_advisory_unlock(77)")
            number = told(session, b"")
            assert is_silent(session, other)
            equal(front.waiting()[0]["fields"], ["address"])
            if verb in ("approve", "deny"):
                front.decide(number, verb=verb)
            elif verb == "cancel":
                wire.cancel(front.guard.address(), session.key)
            else:
                session.abort()
                equal(front.ended(number), GONE)
                continue
            result = session.result()
            if verb == "approve":
                equal([[value or ""] for value, in result.rows], due)
            else:
                equal((result.rows, result.code), ([], DENIED if verb == "deny" else CANCELLED))
            equal(front.ended(number), {"approve": RELEASED, "deny": IS_DENIED, "cancel": BY_CANCEL}[verb])
            equal(session.value(NAME), f"Kim-{KEY}")
    front.guard.until_sessions(0)
    said = shop.export(front.made)
    equal(len(said["rows-approve"].keys["customer"]), len(due))
    for verb in ("deny", "cancel", "leave"):
        held = [line for name, shown in said.items() if name == f"rows-{verb}" for line in shown.lines if line["verdict"] == "hold"]
        equal([line["subjects"] for line in held], [{}] * len(held), verb)


@test(gateway=True)
def test_reload():
    """A rule of another configuration that blocks by the time it is approved blocks; one in shadow records, and holds nothing"""
    front = shared()
    try:
        with front.login() as session:
            number = ask(session)
            front.set(rules=[{**HOLD, "verdict": "block"}])
            front.decide(number)
            equal(session.result().code, RULE)
            equal(front.ended(number), RULED)
        front.set(rules=[{**HOLD, "shadow": True}])
        with front.login(application_name="shadow") as session:
            result = session.query(ADDRESS)
            equal((result.rows, result.notices), (ROWS, []))
        front.guard.until_sessions(0)
        equal(shop.export(front.made)["shadow"].rules, {"shadow rule addresses: hold"})
    finally:
        front.set(rules=[HOLD])


@test(gateway=True)
def test_workers():
    """Sessions of several workers wait at once under numbers of their own, each for itself"""
    front = Front("approvals-workers", [HOLD], workers=2)
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(front.login()) for _ in range(6)]
        numbers = [ask(one) for one in sessions]
        equal(len(set(numbers)), 6)
        equal(sorted(one["request"] for one in front.waiting(6)), sorted(numbers))
        for place in (3, 0, 5, 1, 4, 2):
            front.decide(numbers[place], verb="deny" if place % 2 else "approve")
            result = sessions[place].result()
            equal((result.rows, result.code), ([], DENIED) if place % 2 else (ROWS, None))
    front.made.stop()


@test(gateway=True)
def test_verified():
    """The ledger of all that is well, for strangers too"""
    front = shared()
    equal(front.guard.stop(), 0)
    verify(front.made)


if __name__ == "__main__":
    harness.main()
