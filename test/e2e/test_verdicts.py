#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rules: what they block, alert of and allow. Each test first shows what happens without the rule."""
import struct
import threading

import harness
import ledgerfile
import mmdb
from process import until
import shop
from stage import equal, refused, test
import wire

CODE, SESSION_CODE = "PS003", "PS004"
KEY = shop.keys("customers", "id")[31]
NAME = f"SELECT name FROM customers WHERE id = {KEY}"
ADDRESS = f"SELECT address FROM customers WHERE id = {KEY}"
NO_ADDRESSES = {"name": "no-addresses", "when": {"fields": ["address"]}, "verdict": "block", "reason": "addresses stay here"}


def front_of(name, rules, **more):
    return shop.front(name, more={"rules": rules, **more}, workers=1)


def set_rules(front, rules):
    front.guard.config["rules"] = rules
    equal(front.reload(), "config_reloaded")


def recorded(front, application, count=1):
    """The ledger's lines of the application, once that many are there."""
    shown = shop.export(front)[application]
    assert len(shown.lines) >= count, shown
    return shown


def ask(session, sql):
    """The result of a simple query, its errors too."""
    return session.exchange(wire.query(sql))


def run_of(sql, **bind):
    return wire.parse(sql) + wire.bind(**bind) + wire.execute()


# ---- statements ----

WAYS = {
    "simple": lambda s: ask(s, ADDRESS),
    "extended": lambda s: s.exchange(run_of(ADDRESS) + wire.SYNC),
    "described": lambda s: s.exchange(wire.parse(ADDRESS) + wire.bind() + wire.describe() + wire.execute() + wire.SYNC),
    "star": lambda s: ask(s, f"SELECT * FROM customers WHERE id = {KEY}"),
    "expression": lambda s: ask(s, f"SELECT upper(address) || name FROM customers WHERE id = {KEY}"),
    "whole row": lambda s: ask(s, f"SELECT c FROM customers c WHERE id = {KEY}"),
    "json": lambda s: ask(s, f"SELECT to_jsonb(c) FROM customers c WHERE id = {KEY}"),
    "grouped": lambda s: ask(s, "SELECT string_agg(address, ',') FROM customers"),
    "distinct": lambda s: ask(s, "SELECT DISTINCT address FROM customers"),
    "union": lambda s: ask(s, "SELECT address FROM customers UNION SELECT 'x'"),
    "in FROM": lambda s: ask(s, "SELECT a FROM (SELECT address a FROM customers) s"),
    "in WITH": lambda s: ask(s, "WITH w AS (SELECT address a FROM customers) SELECT a FROM w"),
    "returning": lambda s: ask(s, f"UPDATE customers SET grade = grade WHERE id = {KEY} RETURNING address"),
    "copy": lambda s: ask(s, "COPY customers (address) TO STDOUT"),
    "copy a query": lambda s: ask(s, "COPY (SELECT address FROM customers) TO STDOUT"),
    "second of two": lambda s: ask(s, f"SELECT 1; {ADDRESS}"),
    "prepare": lambda s: ask(s, f"PREPARE q AS {ADDRESS}; EXECUTE q"),
    "cursor": lambda s: ask(s, f"BEGIN; DECLARE c CURSOR FOR {ADDRESS}; FETCH ALL FROM c; COMMIT"),
    "in a DO": lambda s: (ask(s, f"DO $$ BEGIN EXECUTE 'PREPARE d AS {ADDRESS}'; END $$"), ask(s, "EXECUTE d"))[1],
    "view": lambda s: ask(s, "SELECT a FROM addresses"),
    "function": lambda s: ask(s, f"SELECT address_of({KEY})"),
    "new view": lambda s: (ask(s, f"BEGIN; CREATE TEMP VIEW v AS {ADDRESS}"), ask(s, "SELECT * FROM v"))[1],
    "new function": lambda s: (ask(s, "BEGIN; CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE plpgsql AS "
                                   f"$$ BEGIN RETURN ({ADDRESS}); END $$"), ask(s, "SELECT pg_temp.f()"))[1],
    "new table": lambda s: (ask(s, f"BEGIN; CREATE TEMP TABLE t AS {ADDRESS}"), ask(s, "SELECT * FROM t"))[1],
    "another table's name": lambda s: (ask(s, f"BEGIN; CREATE TEMP VIEW products AS {ADDRESS}"), ask(s, "SELECT * FROM products"))[1],
    "setting": lambda s: (ask(s, f"DO $$ BEGIN PERFORM set_config('my.x', ({ADDRESS}), false); END $$"), ask(s, "SHOW my.x"))[1],
    "notice": lambda s: ask(s, f"DO $$ BEGIN RAISE NOTICE '%', ({ADDRESS}); END $$"),
    "function by message": lambda s: s.exchange(wire.function_call(int(shop.server().value("SELECT 'address_of'::regproc::oid")),
                                                                   struct.pack("!q", int(KEY)))),
    "error": lambda s: ask(s, f"SELECT address::int FROM customers WHERE id = {KEY}"),
}


@harness.shared
def more_of_the_shop():
    shop.server().sql("CREATE VIEW addresses AS SELECT id, address a FROM customers; GRANT SELECT ON addresses TO app;"
                      "CREATE FUNCTION address_of(bigint) RETURNS text LANGUAGE sql AS 'SELECT address FROM public.customers WHERE id = $1'")


def shows(result):
    return "main street" in repr((result.rows, result.copied, result.values, [fields.get("M") for fields in result.errors + result.notices])).lower()


@test(gateway=True, limit=180)
def test_ways():
    """Whatever way a blocked field would take, nothing of it comes; without the rule it does"""
    more_of_the_shop()
    front = front_of("verdicts-ways", [])
    for rules in ([], [NO_ADDRESSES]):
        set_rules(front, rules)
        for way, ask in WAYS.items():
            with front.login(user="app") as session:
                result = ask(session)
                if not rules:
                    assert shows(result), way
                    continue
                assert not shows(result) and not result.copied, f"{way}: {result}"
                if way not in ("notice", "setting"):  # which is left out, and which the setting before refused
                    equal(result.errors[-1]["C"], CODE, f"{way}: {result.errors}")
                session.query("ROLLBACK")
                equal(session.value(NAME), f"Kim-{KEY}", way)
    front.stop()


@test(gateway=True)
def test_told_and_recorded():
    """The client is told the rule and its reason; the ledger has the verdict, the rule and the statement; it is not sent"""
    front = front_of("verdicts-told", [NO_ADDRESSES])
    with front.login(user="app", application_name="told") as session:
        grade = f"UPDATE customers SET grade = grade + 100 WHERE id = {KEY} RETURNING id, address"
        result = ask(session, grade)
        error = result.errors[0]
        equal((error["S"], error["C"]), ("ERROR", CODE))
        assert '"no-addresses"' in error["D"] and "addresses stay here" in error["D"] and error["H"], error
        equal(result.status, "I")
    equal(shop.server().value(f"SELECT grade < 100 FROM customers WHERE id = {KEY}"), "t")
    front.guard.wait("rule_blocked", rule="rule no-addresses")
    front.guard.until_sessions(0)
    shown = recorded(front, "told")
    equal((len(shown.lines), shown.verdicts, shown.rules, shown.rows), (1, {"block"}, {"rule no-addresses"}, 0))
    assert "refused" in shown.flags and "UPDATE customers" in shown.lines[0]["sql"], shown
    front.stop()


@test(gateway=True)
def test_others_pass():
    """What the rule does not speak of passes, byte for byte, and is recorded as ever"""
    front = front_of("verdicts-pass", [NO_ADDRESSES])
    data = run_of(NAME) + wire.parse("SELECT id, count(*) OVER () FROM customers LIMIT 3") + wire.bind() + wire.describe() \
        + wire.execute(2) + wire.execute() + wire.SYNC
    with front.login(user="app", application_name="passes") as session, wire.login(shop.server().address, user="app") as direct:
        got = []
        for one in (session, direct):
            one.send(data)
            got.append([one.receive()])
            while got[-1][-1][0] != "Z":
                got[-1].append(one.receive())
        equal(got[0], got[1])
    front.guard.until_sessions(0)
    shown = recorded(front, "passes")
    equal((shown.verdicts, shown.keys["customer"]), ({"allow"}, {str(KEY)}))
    front.stop()


@test(gateway=True)
def test_first_match():
    """The first rule that matches decides, by principal and field"""
    rules = [{"name": "support", "when": {"principal": "app", "fields": ["phone"]}, "verdict": "allow"},
             {"name": "no-phones", "when": {"fields": ["phone"]}, "verdict": "block"}]
    phone = f"SELECT phone FROM customers WHERE id = {KEY}"
    front = front_of("verdicts-first", rules)
    with front.login(user="app") as app, front.login(user="analyst") as analyst:
        equal((ask(app, phone).errors, ask(analyst, phone).code), ([], CODE))
        equal(ask(analyst, NAME).errors, [])
        set_rules(front, rules[::-1])
        equal((ask(app, phone).code, ask(analyst, phone).code), (CODE, CODE))
    front.stop()


VERBS = (("UPDATE customers SET grade = grade WHERE false", True),
         ("WITH u AS (UPDATE customers SET grade = grade WHERE false RETURNING 1) SELECT count(*) FROM u", True),
         ("EXPLAIN ANALYZE UPDATE customers SET grade = grade WHERE false", True),
         ("PREPARE u AS UPDATE customers SET grade = grade WHERE false", True),
         ("INSERT INTO products VALUES (1, 'x', 1) ON CONFLICT (id) DO UPDATE SET title = products.title", True),
         ("SELECT title FROM products LIMIT 1", False), (NAME, False), ("SELECT 1 FOR UPDATE", False), ("BEGIN; ROLLBACK", False))


@test(gateway=True)
def test_verbs():
    """A verb is blocked wherever the text has it, and no other one is"""
    rule = {"name": "read-only", "when": {"principal": "app", "verbs": ["update", "delete"]}, "verdict": "block"}
    front = front_of("verdicts-verbs", [])
    with front.login(user="app") as session, front.login(user="analyst") as other:
        for sql, _ in VERBS:
            equal(ask(session, sql).errors, [], sql)
        ask(session, "DEALLOCATE ALL")
        ask(session, "PREPARE old AS DELETE FROM products WHERE false")
        session.exchange(wire.parse("DELETE FROM products WHERE false", "by-message") + wire.SYNC)
        set_rules(front, [rule])
        for sql, is_blocked in VERBS:
            equal([error["C"] for error in ask(session, sql).errors], [CODE] if is_blocked else [], sql)
            equal(session.exchange(run_of(sql) + wire.SYNC).code if ";" not in sql else CODE, CODE if is_blocked or ";" in sql else None, sql)
        equal(ask(session, "EXECUTE old").code, CODE)  # what was prepared before, too
        result = session.exchange(wire.bind(name="by-message") + wire.execute() + wire.SYNC)
        equal((result.code, result.types), (CODE, "2EZ"))
        equal(ask(other, VERBS[0][0]).errors, [])
        equal(session.value(NAME), f"Kim-{KEY}")
    front.stop()


@test(gateway=True)
def test_tables_that_are_made():
    """Who may not create makes no table by SELECT … INTO, nor by what EXPLAIN runs"""
    front = front_of("verdicts-tables", [{"name": "no-tables", "when": {"verbs": ["create"]}, "verdict": "block"}])
    with front.login(user="analyst") as session:
        for sql in ("CREATE TABLE made AS SELECT 1", "SELECT 1 AS a INTO made", "EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1"):
            equal([error["C"] for error in ask(session, sql).errors], [CODE], sql)
        equal(ask(session, "INSERT INTO products VALUES (900, 'x', 1) RETURNING id").rows, [["900"]])
    equal(shop.server().value("SELECT to_regclass('made') IS NULL"), "t")
    shop.server().sql("DELETE FROM products WHERE id = 900")
    front.stop()


@test(gateway=True)
def test_pipeline():
    """What stands behind a refused Execute in its pipeline does not happen, as with any error"""
    front = front_of("verdicts-pipeline", [])
    change = "UPDATE products SET price = price + 1000 WHERE id = 7"
    with front.login(user="app") as session:
        session.exchange(wire.parse(ADDRESS, "address") + wire.SYNC)
        set_rules(front, [NO_ADDRESSES])
        result = session.exchange(wire.bind(name="address") + wire.execute() + run_of(change) + wire.SYNC + wire.query("SELECT 'next'"))
        equal((result.types, result.code, result.rows), ("2EZ", CODE, []))
        equal(session.result().rows, [["next"]])
    equal(shop.server().value("SELECT price FROM products WHERE id = 7"), "70")
    front.stop()


@test(gateway=True)
def test_hours():
    """Without the rule somebody is shown at this hour; hours are those of the statement, not of the session"""
    import datetime
    now = datetime.datetime.now()
    spans = [(now + datetime.timedelta(hours=a)).strftime("%H:00") + "-" + (now + datetime.timedelta(hours=b)).strftime("%H:00")
             for a, b in ((2, 4), (-1, 2))]
    front = front_of("verdicts-hours", [])
    with front.login(user="app") as session:
        equal(session.value(NAME), f"Kim-{KEY}", "the harm")
        set_rules(front, [{"name": "later", "when": {"hours": spans[0], "fields": "any"}, "verdict": "block"}])
        equal(ask(session, NAME).errors, [])
        set_rules(front, [{"name": "now", "when": {"hours": spans[1], "fields": "any"}, "verdict": "block"}])
        equal(ask(session, NAME).code, CODE)
        equal(ask(session, "SELECT title FROM products LIMIT 1").errors, [])
    front.stop()


@test(gateway=True)
def test_actor():
    """A rule about an actor holds for the statements that name them, not for the session; without it they pass"""
    rule = {"name": "not-mallory", "when": {"actor": "mallory", "fields": "any"}, "verdict": "block"}
    front = front_of("verdicts-actor", [], principals={"actor_from": ["sqlcommenter", "setting:pasu.actor"]})
    with front.login(user="app") as session:
        equal(ask(session, NAME + " /*actor='mallory'*/").rows, [[f"Kim-{KEY}"]], "the harm")
    set_rules(front, [rule, {"name": "nothing-else", "when": {"actor": "mallory"}, "verdict": "block"}])
    with front.login(user="app") as session:
        for text in (NAME, "SELECT 1"):
            equal([ask(session, f"{text} /*actor='{actor}'*/").code for actor in ("mallory", "kim")], [CODE, None], text)
        equal(session.exchange(run_of(NAME + " /*actor='mallory'*/") + wire.SYNC).code, CODE)
        session.query("SET pasu.actor = 'mallory'")
        equal(ask(session, NAME).code, CODE)
    front.stop()


REFUSED_NAME = "pasu refused this statement"


@test(gateway=True)
def test_names_that_refusals_could_have():
    """What is refused is an error, whatever names the client has given: nothing of that name runs in its place"""
    front = front_of("verdicts-names", [{"name": "kim", "when": {"actor": "kim", "verbs": "delete"}, "verdict": "block"}],
                     principals={"actor_from": ["application_name"]})
    delete = f"DELETE FROM customers WHERE id = {KEY} AND name = 'nobody'"
    for other in (NAME, delete):
        with front.login(user="app", application_name="names") as session:
            session.query("BEGIN")
            answer = session.exchange(wire.parse(delete, "d") + wire.bind(name="d", portal="d") + wire.parse(other, REFUSED_NAME) +
                                      wire.bind(name=REFUSED_NAME, portal=REFUSED_NAME) + wire.SYNC)
            equal(answer.errors, [])
            session.query("SET application_name = 'kim'")
            answer = session.exchange(wire.execute(portal="d") + wire.SYNC)
            equal(([error["C"] for error in answer.errors], answer.rows, answer.tags), ([CODE], [], []))
    front.guard.until_sessions(0)
    equal([line for line in shop.export(front)["names"].lines if line["rows"]], [])
    front.stop()


# ---- rules that let pass ----

@test(gateway=True)
def test_alert():
    """An alert lets pass: the record and the log say so; statements that leave no other record are counted in one"""
    front = front_of("verdicts-alert", [])
    rules = [{"name": "watch", "when": {"principal": "app", "verbs": ["select", "update"]}, "verdict": "alert"}]
    for name in ("before", "after"):
        with front.login(user="app", application_name=name) as session:
            equal(session.value(NAME), f"Kim-{KEY}")
            for _ in range(20):
                equal(ask(session, "SELECT title FROM products WHERE id = 5").errors, [])
        set_rules(front, rules)
    front.guard.until_sessions(0)
    shown = shop.export(front)
    equal((shown["before"].verdicts, shown["before"].rules, shown["before"].statements), ({"allow"}, {None}, 1))
    after = shown["after"]
    equal((after.verdicts, after.rules, after.keys["customer"]), ({"alert"}, {"rule watch"}, {str(KEY)}))
    equal(after.statements, 21)
    assert len(after.lines) <= 6, after  # a minute may end meanwhile
    counts = [line["statements"] for line in front.guard.find("rule_alert", application="after")]
    equal(sum(counts), 21, counts)
    assert len(counts) <= 4, counts
    front.stop()
    assert ", severity 3, rule watch, about " in front.guard.run("ack").stdout


@test(gateway=True)
def test_shadow():
    """A rule that is not in shadow stops at once what people need; in shadow it does nothing, and the record says what it would have done"""
    front = front_of("verdicts-shadow", [NO_ADDRESSES])
    with front.login(user="app") as session:
        equal(ask(session, ADDRESS).code, CODE, "the harm")
    set_rules(front, [{**NO_ADDRESSES, "shadow": True}])
    with front.login(user="app", application_name="shadow") as session:
        equal(session.value(ADDRESS), f"Main Street {KEY}")
        equal(session.value(NAME), f"Kim-{KEY}")
    front.guard.wait("rule_shadow", rule="shadow rule no-addresses: block")
    front.guard.until_sessions(0)
    shown = recorded(front, "shadow", 2)
    equal((shown.verdicts, shown.rules), ({"allow"}, {None, "shadow rule no-addresses: block"}))
    for line in shown.lines:
        equal(line["rule"] is None, "address" not in line["fields"], line)
    front.stop()


# ---- where they come from ----

HOME, AWAY, NOWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.1"
OVERSEAS = {"name": "overseas", "when": {"country": {"not": ["KR"]}, "fields": "any"}, "verdict": "block", "reason": "personal data from abroad"}
NETWORK = {"name": "network", "when": {"asn": ["AS64501", 9]}, "verdict": "block"}


def put_database(folder, places, name="country"):
    """Another database in the place of the one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    mmdb.write(folder / f"{name}.new", name, places)
    (folder / f"{name}.new").rename(folder / f"{name}.mmdb")


def country(code):
    return {"country": {"iso_code": code}}


def system(number):
    return {"autonomous_system_number": (number, 4)}


def front_of_places(name, rules):
    folder = harness.folder() / f"{name}-databases"
    put_database(folder, {HOME + "/32": country("KR"), AWAY + "/32": country("JP")})
    put_database(folder, {HOME + "/32": system(64500), AWAY + "/32": system(64501)}, "asn")
    sources = {"country_db": str(folder / "country.mmdb"), "asn_db": str(folder / "asn.mmdb")}
    return front_of(name, rules, sources=sources), folder


def login_from(front, address):
    return wire.login(front.address, user="app", source=address)


@test(gateway=True)
def test_country():
    """Personal data leaves to one country alone; where nobody knows the country it does not"""
    front, _ = front_of_places("verdicts-country", [])
    with login_from(front, HOME) as home, login_from(front, AWAY) as away, login_from(front, NOWHERE) as nowhere:
        for session in (home, away, nowhere):
            equal(session.value(NAME), f"Kim-{KEY}")
        set_rules(front, [OVERSEAS])
        equal(home.value(NAME), f"Kim-{KEY}")
        for session in (away, nowhere):
            error = ask(session, NAME).errors[0]
            equal(error["C"], CODE)
            assert "personal data from abroad" in error["D"], error
            equal("not known here" in error["D"], session is nowhere, error)
            equal(session.value("SELECT title FROM products WHERE id = 3"), "product 3")
    front.stop()


@test(gateway=True)
def test_network():
    """Whole sessions are refused by network, before anything is asked; and by country, where it is not known, too"""
    front, _ = front_of_places("verdicts-network", [])
    for address in (HOME, AWAY, NOWHERE):
        login_from(front, address).terminate()
    set_rules(front, [NETWORK])
    login_from(front, HOME).terminate()
    refused(lambda: login_from(front, AWAY), SESSION_CODE)
    refused(lambda: login_from(front, NOWHERE), SESSION_CODE)
    set_rules(front, [{"name": "only-here", "when": {"country": {"not": "KR"}}, "verdict": "block"}])
    login_from(front, HOME).terminate()
    refused(lambda: login_from(front, AWAY), SESSION_CODE)
    refused(lambda: login_from(front, NOWHERE), SESSION_CODE)
    front.stop()


@test(gateway=True)
def test_other_database():
    """A database that is put in the place of one holds for the next statement, by itself; one that is none changes nothing"""
    front, folder = front_of_places("verdicts-other", [OVERSEAS])
    with login_from(front, HOME) as home, login_from(front, AWAY) as away:
        equal((ask(home, NAME).code, ask(away, NAME).code), (None, CODE))
        mark = front.guard.mark()
        put_database(folder, {HOME + "/32": country("JP"), AWAY + "/32": country("KR")})
        front.guard.wait("sources_reloaded", start=mark)
        until(lambda: (ask(home, NAME).code, ask(away, NAME).code) == (CODE, None), "the other database")
        (folder / "broken").write_bytes(b"no database")
        (folder / "broken").rename(folder / "country.mmdb")
        front.guard.wait("sources_failed", start=mark)
        equal((ask(home, NAME).code, ask(away, NAME).code), (CODE, None))
        for _ in range(2):  # each time: that it was told of once does not make it good
            equal(front.reload(), "config_refused")
        front.guard.replace("gate")
    with login_from(front, HOME) as home, login_from(front, AWAY) as away:  # another gate is told, too
        equal((ask(home, NAME).code, ask(away, NAME).code), (CODE, None))
    front.stop()


@test(gateway=True, limit=120)
def test_never_half_a_policy():
    """Rules and databases change all the time: each statement is judged by one of the policies, none passes between them"""
    front, folder = front_of_places("verdicts-half", [OVERSEAS])
    other = {"name": "no-names", "when": {"principal": "app", "fields": "any"}, "verdict": "block"}
    over, answers, problems = threading.Event(), [0], []

    def run():
        try:
            with login_from(front, AWAY) as session:
                while not over.is_set():
                    for data in (wire.query(NAME), run_of(NAME) + wire.SYNC, wire.query("BEGIN; DECLARE c CURSOR FOR " + NAME + "; FETCH c; ROLLBACK")):
                        result = session.exchange(data)
                        if result.code != CODE or result.rows:
                            problems.append(repr((result.rows, result.errors)))
                        if result.status != "I":
                            session.query("ROLLBACK")
                        answers[0] += 1
        except Exception as error:  # told below
            problems.append(repr(error))

    threads = [threading.Thread(target=run, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(40):
        so_far = answers[0]
        until(lambda so_far=so_far: answers[0] > so_far + 8 or problems, "answers")
        set_rules(front, [other] if turn % 2 == 0 else [OVERSEAS])
        put_database(folder, {AWAY + "/32": country(("JP", "CN")[turn % 2])})
    over.set()
    for thread in threads:
        thread.join()
    equal(problems[:3], [])
    front.stop()


# ---- sessions ----

@test(gateway=True)
def test_session():
    """A session that could ask nothing is refused before the server hears of it, and recorded"""
    rule = {"name": "no-analysts", "when": {"principal": "analyst"}, "verdict": "block", "reason": "this week"}
    front = front_of("verdicts-session", [])
    with front.login(user="analyst", application_name="stands") as standing:
        equal(standing.value("SELECT 1"), "1")
        set_rules(front, [rule])
        error = ask(standing, "SELECT 1").errors[0]  # one that stands is refused all that it asks
        equal(error["C"], CODE)
        error = refused(lambda: front.login(user="analyst"), SESSION_CODE).fields
        equal((error["S"], error["C"]), ("FATAL", SESSION_CODE))
        assert '"no-analysts"' in error["D"] and "this week" in error["D"], error
        with front.login(user="app") as app:
            equal(app.value("SELECT 1"), "1")
        set_rules(front, [])
        equal(standing.value("SELECT 1"), "1")
    with front.login(user="analyst") as again:
        equal(again.value("SELECT 1"), "1")
    front.stop()
    payloads = [payload for path, _ in ledgerfile.segments(front.guard.folder / "ledger")
                for _, _, kind, payload in ledgerfile.walk(path) if kind == ledgerfile.REFUSED]
    equal([b"analyst" in payload for payload in payloads], [True])


@test(gateway=True)
def test_session_is_refused_first():
    """Before anybody connects to the server, which need not even be there"""
    rule = {"name": "no-analysts", "when": {"principal": "analyst"}, "verdict": "block"}
    front = shop.front("verdicts-first", more={"rules": [rule]}, workers=1, upstream="127.0.0.1:1")
    refused(lambda: front.login(user="app"), "08006")
    refused(lambda: front.login(user="analyst"), SESSION_CODE)
    front.stop()


@test(gateway=True)
def test_without_personal_data():
    """Rules hold where no personal data is configured, too; sessions of the time before them end"""
    front = shop.front("verdicts-bare", more={"personal_data": [], "subjects": {}, "rules": []}, workers=1)
    sql = "UPDATE products SET price = price WHERE false"
    with front.login(user="app") as session, front.login(user="analyst") as other:
        equal((ask(session, sql).errors, ask(other, sql).errors), ([], []))
        set_rules(front, [{"name": "read-only", "when": {"principal": "app", "verbs": ["update"]}, "verdict": "block"}])
        equal(session.refused()["C"], SESSION_CODE)
        equal(ask(other, sql).errors, [])
    with front.login(user="app") as session:
        equal((ask(session, sql).code, ask(session, "SELECT 1").errors), (CODE, []))
    front.stop()


if __name__ == "__main__":
    harness.main()
