#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rule on one field, and statements that are only named: EXECUTE and FETCH are what was prepared and declared in this
session, and anything where that is not known for sure."""
import collections
import contextlib

import harness
import shop
from stage import equal, test
import wire

BLOCK = [{"name": "addresses", "when": {"fields": ["address"]}, "verdict": "block"}]
REFUSED = "PS003"
KEY = shop.keys("customers", "id")[2]
PHONE, ADDRESS = (f"SELECT {column} FROM customers WHERE id = {KEY}" for column in ("phone", "address"))
MADE = """CREATE FUNCTION same(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE FUNCTION length_of_address(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT length(address) FROM customers WHERE id = $1); END';
CREATE FUNCTION prepared_again() RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE 'DEALLOCATE p'; EXECUTE 'PREPARE p AS SELECT address FROM customers'; END$$;
CREATE FUNCTION opened_again() RETURNS void LANGUAGE plpgsql AS $$DECLARE c refcursor := 'c'; BEGIN CLOSE c; OPEN c FOR EXECUTE 'SELECT address FROM customers'; END$$;
CREATE FUNCTION raised_26000() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'prepared statement "r" does not exist' USING ERRCODE = '26000'; END$$;
CREATE FUNCTION handed_on() RETURNS int LANGUAGE plpgsql AS $$BEGIN EXECUTE 'EXECUTE nope'; RETURN 1; END$$;
CREATE VIEW told AS SELECT id, phone AS what FROM customers;
GRANT SELECT ON told TO app; GRANT analyst TO app"""
REPLACED = "CREATE OR REPLACE VIEW told AS SELECT id, address AS what FROM customers"
SHADOWED = """CREATE SCHEMA other; CREATE VIEW other.customers AS SELECT id, address AS phone FROM public.customers;
GRANT USAGE ON SCHEMA other TO app; GRANT SELECT ON other.customers TO app"""


@harness.shared
def front():
    shop.server().sql(MADE)
    return shop.front("rules-named", more={"rules": BLOCK}, workers=1)


def play(session, *steps):
    """Each a text, or (text, rows) or (text, SQLSTATE): what must come of it."""
    for step in steps:
        sql, due = step if isinstance(step, tuple) else (step, [])
        session.send(wire.query(sql))
        got = session.result()
        equal([one["C"] for one in got.errors] or got.rows, [due] if isinstance(due, str) else due, sql)


def phone():
    return [[shop.server().value(PHONE)]]


def rule(rules=BLOCK):
    front().guard.config["rules"] = rules
    equal(front().reload(), "config_reloaded")


@contextlib.contextmanager
def without_rules():
    rule([])
    try:
        yield
    finally:
        rule()


@test(gateway=True)
def test_phone_passes():
    """What was prepared or declared of a phone passes: also after the name was given up and given again, and in another role"""
    with front().login(user="app") as session:
        play(session, f"PREPARE p AS {PHONE}", ("EXECUTE p", phone()), "DEALLOCATE p", f"PREPARE p(bigint) AS SELECT phone FROM customers WHERE id = $1",
             (f"EXECUTE p({KEY})", phone()), (f"EXECUTE p(same({KEY}))", phone()), (f"DEALLOCATE p; PREPARE p AS {PHONE}; EXECUTE p", phone()),
             "BEGIN", f"DECLARE c CURSOR FOR {PHONE}", ("FETCH c", phone()), "MOVE BACKWARD ALL FROM c", ("FETCH 1 FROM c", phone()), "CLOSE c",
             f"DECLARE c CURSOR FOR {PHONE}", ("FETCH ALL FROM c", phone()), "COMMIT",
             "PREPARE nobody AS SELECT 1", ("EXECUTE nobody", [["1"]]))


@test(gateway=True)
def test_address_is_refused():
    """What shows an address is refused, however it is named"""
    with front().login(user="app") as session:
        play(session, (f"PREPARE p AS {ADDRESS}", REFUSED), ("EXECUTE p", REFUSED), "BEGIN", (f"DECLARE c CURSOR FOR {ADDRESS}", REFUSED), "ROLLBACK",
             "PREPARE given(bigint) AS SELECT $1", ("EXECUTE given(7)", [["7"]]), (f"EXECUTE given(length_of_address({KEY}))", REFUSED),
             f"PREPARE p AS {PHONE}", ("EXECUTE p", phone()), "DEALLOCATE p", (f"PREPARE p AS {ADDRESS}", REFUSED), ("EXECUTE p", REFUSED))


@test(gateway=True)
def test_made_before_the_rule():
    """What was prepared and declared before there was the rule is refused from then on; given again, of a phone, it passes"""
    with without_rules(), front().login(user="app") as session:
        play(session, f"PREPARE p AS {ADDRESS}", f"PREPARE q AS {PHONE}", "BEGIN", f"DECLARE c CURSOR WITH HOLD FOR {ADDRESS}", "COMMIT",
             "BEGIN", f"DECLARE d CURSOR FOR {ADDRESS}", f"DECLARE e CURSOR FOR {PHONE}")
        rule()
        play(session, ("FETCH e", phone()), ("EXECUTE q", phone()), ("FETCH d", REFUSED), "ROLLBACK", ("EXECUTE p", REFUSED), ("FETCH c", REFUSED),
             "DEALLOCATE p", f"PREPARE p AS {PHONE}", ("EXECUTE p", phone()))


@test(gateway=True)
def test_not_sure():
    """Code has given the name another meaning while there was no rule: refused; so is what only code has made"""
    with without_rules(), front().login(user="app") as session, front().login(user="app") as other:
        play(session, f"PREPARE p AS {PHONE}", ("EXECUTE p", phone()), ("SELECT prepared_again()", [[""]]))
        play(other, "BEGIN", f"DECLARE c CURSOR FOR {PHONE}", ("FETCH c", phone()), ("SELECT opened_again()", [[""]]))
        rule()
        play(session, ("EXECUTE p", REFUSED))
        play(other, ("FETCH c", REFUSED), "ROLLBACK", "DO $$BEGIN EXECUTE 'PREPARE r AS SELECT 1'; END$$", ("EXECUTE r", REFUSED))


@test(gateway=True)
def test_alert_of_no_rows():
    """EXECUTE and FETCH that fail before they show anything are an alert of a field only where they would have shown it"""
    slow = "SELECT {} FROM customers, pg_sleep(60)"
    rule([{**BLOCK[0], "verdict": "alert"}])
    try:
        for column in ("phone", "address"):
            with front().login(user="app", application_name=f"run {column}") as session:
                play(session, f"PREPARE p AS {slow.format(column)}", "BEGIN", f"DECLARE c CURSOR FOR {slow.format(column)}", "SET LOCAL statement_timeout = 10",
                     ("FETCH c", "57014"), "ROLLBACK", "SET statement_timeout = 10", ("EXECUTE p", "57014"))
                session.terminate()
        front().guard.until_sessions(0)
    finally:
        rule()
    told = [one for one in front().guard.find("rule_alert") if one["application"].startswith("run ")]
    equal({one["application"] for one in told}, {"run address"})
    # Each counts: what is prepared, what is declared, and what is run of either.
    equal(sum(one["statements"] for one in told), 4)


def changed(sql):
    """Past pasu, which has read the catalog since."""
    loaded = front().guard.mark()
    shop.server().sql(sql)
    front().guard.wait("catalog_reloaded", start=loaded)


@test(gateway=True)
def test_alert_of_no_such_name():
    """Nor is one of them where the server has nothing of that name; what code says of itself in the same words is none of the server's"""
    unknown = {
        "EXECUTE": ((wire.query("EXECUTE nope"), "26000"),), "an argument": ((wire.query("EXECUTE nope(1)"), "26000"),),
        "FETCH": ((wire.query("FETCH nope"), "34000"),), "MOVE": ((wire.query("MOVE nope"), "34000"),),
        "EXPLAIN": ((wire.query("EXPLAIN ANALYZE EXECUTE nope"), "26000"),),
        "EXECUTE by message": ((wire.parse("EXECUTE nope", "s") + wire.bind(name="s") + wire.execute() + wire.SYNC, "26000"),),
        "FETCH by message": ((wire.parse("FETCH nope", "t") + wire.bind(name="t") + wire.execute() + wire.SYNC, "34000"),),
        "behind another": ((wire.query("SELECT 1; EXECUTE nope"), "26000"),),
    }
    raised = "SELECT raised_26000() FROM customers"
    told = {"raised": f"DO $d$BEGIN EXECUTE 'PREPARE r AS {raised}'; END$d$", "handed on": "DO $d$BEGIN EXECUTE 'PREPARE r AS SELECT handed_on()'; END$d$"}
    sessions = {name: front().login(user="app", application_name=f"is {name}") for name in told}
    with without_rules():
        for name, session in sessions.items():
            play(session, told[name])
    rule([{**BLOCK[0], "verdict": "alert"}])
    try:
        for name, steps in unknown.items():
            with front().login(user="app", application_name=f"no {name}") as session:
                for message, code in steps:
                    session.send(message)
                    equal([one["C"] for one in session.result().errors], [code], name)
                session.terminate()
        for session in sessions.values():
            play(session, ("EXECUTE r", "26000"))
            session.terminate()
        front().guard.until_sessions(0)
    finally:
        rule()
    alerts = collections.Counter()
    for one in front().guard.find("rule_alert"):
        alerts[one["application"]] += one["statements"]
    equal({name for name in alerts if name.startswith("no ")}, set())
    equal({name: alerts[name] for name in alerts if name.startswith("is ")}, {f"is {name}": 1 for name in told})


@test(gateway=True)
def test_names_change():
    """The statement is planned anew where what it names has become something else: another role, path or view"""
    with front().login(user="app") as session:
        play(session, f"PREPARE p AS {PHONE}", "PREPARE v AS SELECT what FROM told WHERE id = " + str(KEY), ("EXECUTE p", phone()), ("EXECUTE v", phone()),
             "SET ROLE analyst", ("EXECUTE p", phone()), "RESET ROLE", ("EXECUTE p", phone()))
        changed(REPLACED)
        play(session, ("EXECUTE v", REFUSED), "SET search_path = other, public", ("EXECUTE p", phone()))
        changed(SHADOWED)
        play(session, ("EXECUTE p", REFUSED))


if __name__ == "__main__":
    harness.main()
