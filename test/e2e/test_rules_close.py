#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rule with session: close ends the session of whoever it refuses: the error is FATAL and the last that comes, the server's session
is gone with its transaction, and the ledger says why. With keep it goes on."""
import pathlib
import random
import re
import struct

import guard
import harness
import ledgerfile
import process
import shop
from stage import equal, refused, test
from test_verdicts import WAYS as VERDICTS, more_of_the_shop, shows
import wire

CODE, SAID = "PS003", "a rule of the gateway's configuration refuses this, and ends the session"
ADDRESS = "SELECT id, address FROM customers ORDER BY id"
DOOR = "SELECT door_code FROM parcels"
CHANGE = "UPDATE k_counts SET n = n + 1"
CODED = "DO $d$BEGIN EXECUTE 'PREPARE coded AS SELECT ' || 'add' || 'ress FROM customers'; END$d$"
PHONE = f"SELECT phone FROM customers WHERE id = {shop.keys('customers', 'id')[0]}"


def run(sql):
    return wire.parse(sql) + wire.bind() + wire.execute()


# How it is asked, by whom; nothing of it changes k_counts.
WAYS = {
    "k_simple": wire.query(ADDRESS),
    "k_parsed": run(ADDRESS) + wire.SYNC,
    "k_copy": wire.query(f"COPY ({ADDRESS}) TO STDOUT"),
    "k_several": wire.query(f"{CHANGE}; {ADDRESS}; {CHANGE}"),
    "k_waits": wire.query(ADDRESS) + wire.query(CHANGE),
    "k_synced": run(CHANGE) + run(ADDRESS) + run(CHANGE) + wire.SYNC + run(CHANGE) + wire.SYNC + wire.query(CHANGE),
    "k_open": wire.query("BEGIN") + wire.query(CHANGE) + wire.query(ADDRESS) + wire.query("COMMIT"),
    "k_view": wire.query("SELECT * FROM k_view"),
    "k_prepares": wire.query("PREPARE p AS " + ADDRESS),
    "k_call": None,
}
# Conditions other than fields: whose statement which rule ends.
CONDITIONS = {
    "k_purpose": {"purpose": "none", "fields": "any"}, "k_first": {"first_use": "yes", "fields": "any"}, "k_address": {"address": "127.0.0.0/8", "fields": "any"},
    "k_country": {"country": {"not": ["KR"]}, "fields": "any"}, "k_hours": {"hours": ["00:00-12:00", "12:00-00:00"], "fields": "any"}, "k_verb": {"verbs": ["select"], "fields": "any"},
}
RULES = [{"name": "gone", "when": {"principal": "k_gone"}, "verdict": "block", "session": "close"},
         *({"name": name, "when": {"principal": name, **when}, "verdict": "block", "session": "close"} for name, when in CONDITIONS.items()),
         {"name": "leave", "when": {"fields": ["address"]}, "verdict": "block", "session": "close", "reason": "not yours"},
         {"name": "stay", "when": {"fields": ["door_code"]}, "verdict": "block"}]


@harness.shared
def front():
    for name in (*WAYS, *CONDITIONS, "k_gone", "k_keep", "k_long", "k_shown", "k_prepared", "k_skips", "k_hears", "k_mixes"):
        shop.server().sql(f"CREATE ROLE {name} LOGIN IN ROLE app")
    shop.server().sql("CREATE TABLE k_counts (n int); INSERT INTO k_counts VALUES (0); CREATE VIEW k_view AS SELECT id, address FROM customers;"
                      "CREATE FUNCTION k_told(int) RETURNS text LANGUAGE sql AS 'SELECT address FROM customers WHERE id = $1';"
                      "CREATE TABLE k_mixed (n int); GRANT ALL ON k_counts, k_view, k_mixed TO app")
    WAYS["k_call"] = wire.function_call(int(shop.server().sql("SELECT 'k_told'::regproc::oid")[0][0]), struct.pack("!i", 1)) + wire.query(CHANGE)
    return shop.front("rules-close", more={"rules": RULES})


def ended(session):
    """What comes until the end of the connection."""
    result = wire.Result()
    while True:
        try:
            result.add(*session.receive())
        except wire.Closed:
            return result


def check(name, result, rule="leave"):
    equal((result.types[-1:], result.types.count("E"), result.rows), ("E", 1, []), (name, result.types))
    fields = result.errors[0]
    equal((fields["S"], fields["V"], fields["C"], fields["M"]), ("FATAL", "FATAL", CODE, SAID), name)
    assert f'rule "{rule}" (line ' in fields["D"] and "it ends the session" in fields["D"] and "new connection" in fields["H"], fields
    assert rule != "leave" or "not yours" in fields["D"], fields
    equal(front().guard.wait("session_aborted", principal=name)["error"], SAID)
    process.until(lambda: shop.server().backends(f"usename = '{name}'") == 0, "the server's session has ended", 20)


def causes():
    """How often a session's end in the ledger has that error."""
    names = re.findall(r"^X\((\w+),", (pathlib.Path(__file__).parents[2] / "src/base/error.def").read_text(), re.M)
    closed = [struct.unpack("<i", payload[16:20])[0] for _, kind, payload in ledgerfile.records(front().guard.folder / "ledger") if kind == ledgerfile.CLOSED]
    return closed.count(-999 + names.index("RULE_CLOSES"))


@test(gateway=True, limit=120)
def test_ended():
    """Without it whoever asks sees addresses, and asks again. With it, FATAL and the end, however it is asked; nothing behind it happens, and the ledger has the rule"""
    front()  # its roles
    harm = shop.front("rules-close-harm", more={"rules": [{key: value for key, value in one.items() if key != "session"} for one in RULES]})
    with harm.login(user="k_simple") as session:
        for _ in range(2):  # refused, and the session is there to try something else
            equal((session.exchange(wire.query(ADDRESS)).errors[0]["S"], session.value("SELECT 1")), ("ERROR", "1"), "the harm")
    harm.stop()
    before = causes()
    for name, data in WAYS.items():
        with front().login(user=name, application_name=name) as session:
            session.send(data)
            result = ended(session)
        check(name, result)
    equal(shop.server().sql("SELECT n FROM k_counts"), [["0"]])
    said = shop.export(front())
    for name in WAYS:
        equal((said[name].rules - {None, ""}, dict(said[name].keys)), ({"rule leave"}, {}), name)
    process.until(lambda: causes() == before + len(WAYS), "the ledger has each session's end with its cause")


def mixed(chance):
    """Messages in any order: what is sent, each with the number that it inserts; the last ones are answered where the session goes on."""
    kinds = ["reads", "inserts", "inserts", "fails", "refused", "flush", "sync", "sync", "query", "query inserts", "query fails", "query refused", "copies"]
    return [(chance.choice(kinds), number) for number in range(chance.randint(2, 14))] + [("sync", 0), ("query", 0)]


def sent(kind, number):
    insert = f"INSERT INTO k_mixed VALUES ({number})"
    return {"reads": run("SELECT 1"), "inserts": run(insert), "fails": run("SELECT 1 / n FROM k_counts"), "refused": run(ADDRESS), "flush": wire.message(b"H"),
            "sync": wire.SYNC, "query": wire.query("SELECT 1"), "query inserts": wire.query(insert), "query fails": wire.query("SELECT 1 / n FROM k_counts"),
            "query refused": wire.query(ADDRESS), "copies": run("COPY k_mixed FROM STDIN") + wire.copy_data(b"%d\n" % number) + wire.message(b"c")}[kind]


def due(steps):
    """By the protocol: the numbers that stay, how often the server is ready, and whether it comes to what is refused."""
    stay, open_, skips, ready = set(), set(), False, 0
    for kind, number in steps:
        if kind != "sync" and skips:
            continue
        if kind.endswith("refused"):
            return stay, ready, True
        open_ |= {number} if kind in ("inserts", "query inserts", "copies") else set()
        if kind == "sync" or kind.startswith("query"):
            stay |= open_ if not skips and kind != "query fails" else set()
            open_, skips, ready = set(), False, ready + 1
        elif kind == "fails":
            open_, skips = set(), True
    return stay, ready, False


@test(gateway=True, limit=120)
def test_mixed():
    """Pipelines of everything in any order: the session ends where the server would have come to what is refused, what was before stays and nothing behind it happens; else it goes on"""
    # Before more_of_the_shop(), whose code can make any error one that shows an address.
    front()
    ends = []
    for seed in range(24):
        steps = mixed(random.Random(seed))
        stay, ready, is_end = due(steps)
        ends.append(is_end)
        shop.server().sql("TRUNCATE k_mixed")
        with front().login(user="k_mixes") as session:
            session.send(b"".join(sent(*step) for step in steps))
            result = ended(session) if is_end else wire.Result()
            while not is_end and result.types.count("Z") < ready:
                result.add(*session.receive())
            process.until(lambda: shop.server().backends("usename = 'k_mixes' AND state <> 'idle'") == 0, "nothing runs any more")
        equal((result.types.count("Z"), [one["C"] for one in result.errors if one["S"] == "FATAL"], set(map(len, result.rows)) <= {1}),
              (ready, [CODE] * is_end, True), (seed, steps, result.types))
        equal({int(number) for number, in shop.server().sql("SELECT n FROM k_mixed")}, stay, (seed, steps))
    equal(set(ends), {True, False})


@test(gateway=True)
def test_conditions():
    """So by whatever a rule asks for; one of nothing but the session refuses the login"""
    for name in CONDITIONS:
        with front().login(user=name, application_name=name) as session:
            session.send(wire.query(PHONE))
            result = ended(session)
        check(name, result, name)
    with front().login(user="k_purpose") as session:
        equal(len(session.query(PHONE + " /*purpose=ticket-1*/").rows), 1)
    refused(lambda: front().login(user="k_gone"), "PS004")


@test(gateway=True)
def test_rows():
    """What code, or a message, had prepared before there was the rule ends the session when it is run, with the transaction that was open"""
    front().guard.config["rules"] = []
    equal(front().reload(), "config_reloaded")
    session = front().login(user="k_shown", application_name="k_shown")
    prepared = front().login(user="k_prepared", application_name="k_prepared")
    try:
        equal(prepared.exchange(wire.parse(ADDRESS, "p") + wire.SYNC).errors, [])
        session.query("PREPARE told AS SELECT id, phone FROM customers")
        session.query(CODED)
        session.query(f"BEGIN; {CHANGE}")
    finally:
        front().guard.config["rules"] = RULES
        equal(front().reload(), "config_reloaded")
    with session:
        session.send(wire.query("EXECUTE coded"))
        result = ended(session)
    check("k_shown", result)
    with prepared:
        prepared.send(wire.bind(name="p") + wire.execute() + run(CHANGE) + wire.SYNC + wire.query(CHANGE))
        result = ended(prepared)
    equal(result.types[:-1], "2", "what was asked before it is answered")
    check("k_prepared", result)
    equal(shop.server().sql("SELECT n FROM k_counts"), [["0"]])


@test(gateway=True)
def test_skipped():
    """What the server has skipped because of an error before it was not refused: the session goes on, and so does what stands behind it"""
    with front().login(user="k_skips") as session:
        session.send(wire.parse("SELECT nosuch FROM k_counts") + run(ADDRESS) + run("SELECT 2") + wire.SYNC)
        session.send(wire.query("SELECT 3"))
        result = session.result()
        equal((result.code, result.types), ("42703", "EZ"))
        equal(session.result().rows, [["3"]])
        equal(session.value("SELECT 4"), "4")


@test(gateway=True)
def test_kept():
    """A rule that keeps it does, and one that refuses a mistyped text; so does one that only would (shadow), and one that masks what it cannot mask; close with another verdict is a fault"""
    with front().login(user="k_keep") as session:
        for _ in range(2):
            result = session.exchange(wire.query(DOOR))
            equal((result.errors[0]["S"], result.code), ("ERROR", CODE))
        # What is not understood could be anything, and is refused; whoever mistypes is not cut off.
        equal([session.exchange(wire.query("SELEC 1")).code, session.value("SELECT 1")], [CODE, "1"])
    try:
        front().guard.config["rules"] = [{**RULES[-2], "shadow": True}, {"name": "mask", "when": {"fields": ["door_code"]}, "verdict": "mask"}]
        equal(front().reload(), "config_reloaded")
        with front().login(user="k_keep") as session:
            equal(len(session.query(ADDRESS).rows), shop.CUSTOMERS)
            result = session.exchange(wire.query("SELECT set_config('a.b', string_agg(door_code, ''), false) FROM parcels"))
            equal((result.errors[0]["S"], result.code), ("ERROR", CODE))
        front().guard.config["rules"] = [{**RULES[-2], "verdict": "hold"}]
        front().guard.write()
        done = guard.run("check", "-c", front().guard.path)
        equal(done.returncode, 1)
        assert "rules[0].session is close, and the verdict is not block" in done.stdout + done.stderr, done
    finally:
        front().guard.config["rules"] = RULES
        equal(front().reload(), "config_reloaded")


@test(gateway=True)
def test_nothing_is_marked():
    """What is refused has written nothing: code whose tables nobody knows, or a text that nobody has read, leaves everybody's other tables as they are"""
    code = "DO $d$BEGIN EXECUTE 'INSERT INTO ' || lower('K_MIXED') || ' SELECT id FROM customers'; END$d$"
    apart = shop.front("rules-close-code", more={"rules": [{"name": "code", "when": {"verbs": ["do"]}, "verdict": "block", "session": "close"}, *RULES[-2:]]})
    for data in (wire.query(code), run(code) + wire.SYNC, wire.query("BEGIN") + wire.query(code), wire.query(ADDRESS + " -- " + "x" * ((1 << 20) + 8192))):
        with apart.login(user="k_mixes") as session:
            session.send(data)
            equal(ended(session).errors[-1]["S"], "FATAL")
        apart.guard.until_sessions(0)
        equal(apart.guard.json("marks"), [])
    apart.stop()


# Towards the end: what the code of these ways can have written to shows addresses from then on.
@test(gateway=True, limit=120)
def test_all_ways():
    """Whatever way a field would take: refused before it is sent, in its rows, its error, its notice, or by message"""
    more_of_the_shop()
    for way, ask in VERDICTS.items():
        with front().login(user="app") as session:
            came, receive = wire.Result(), session.receive

            def heard(came=came, receive=receive):
                message = receive()
                came.add(*message)
                return message

            session.receive = heard
            try:
                ask(session)
                raise AssertionError(f"{way}: the session goes on: {came.types}")
            except wire.Closed:
                pass
        assert not shows(came) and not came.copied, (way, came.types)
        equal((came.types[-1], came.errors[-1]["S"], came.errors[-1]["C"], came.errors[-1]["M"]), ("E", "FATAL", CODE, SAID), way)


@test(gateway=True)
def test_too_long():
    """A text too long to be read ends the session in any case: the client is told by which rule"""
    with front().login(user="k_long", application_name="k_long") as session:
        session.send(wire.query(ADDRESS + " -- " + "x" * ((1 << 20) + 8192)) + wire.query(CHANGE))
        fields = ended(session).errors[0]
    equal((fields["S"], fields["C"]), ("FATAL", CODE))
    assert 'rule "leave" (line ' in fields["D"] and "not yours" in fields["D"], fields
    front().guard.wait("session_aborted", principal="k_long")
    equal(shop.server().sql("SELECT n FROM k_counts"), [["0"]])


harness.main()
