#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The first use of a statement's shape by a service account as a condition of rules: each time first without the rule, where
all of it is shown, and then with it."""
import functools
import os

import harness
import process
from process import until
import shop
from stage import equal, test
from approving import Front, told
import wire

KEY = int(shop.keys("customers", "id")[40])
NAME = f"SELECT name FROM customers WHERE id = {KEY}"
OTHER = NAME.replace(str(KEY), shop.keys("customers", "id")[41])  # of the same shape
PHONE = f"SELECT phone, 1 FROM customers WHERE id = {KEY}"
FIRST = {"name": "new-here", "when": {"kind": "service", "first_use": "yes", "fields": "any"}, "verdict": "block"}
ROSTER = ("principal,kind,owner,owner_status\napp,service,Kim,active\nanalyst,human,Lee,active\n"
          "daemon,human,Park,active\ngames,human,Choi,active\n")


@functools.lru_cache(None)
def front():
    made = Front("first-use", [])
    made.be(ROSTER)
    return made


def came(session, sql):
    """How many rows, or how it was refused."""
    result = session.exchange(wire.query(sql))
    return len(result.rows) if result.code is None else result.code


def of_shape(words, **options):
    """Lines of the export whose SQL has these words."""
    front().guard.until_sessions(0)
    return [line for line in front().guard.json("ledger", "export") if words in (line["sql"] or "")
            and all(line[key] == value for key, value in options.items())]


@test(gateway=True)
def test_what_was_never_run_is_blocked():
    """What a service has run before, with whatever values, it may run; what it has not is refused each time, by whichever way it
    comes, also by the next gate, which knows of earlier uses by the ledger; others may"""
    front().set(rules=[])
    with front().login() as session:
        equal([came(session, sql) for sql in (NAME, PHONE.replace("phone", "phone, grade"))], [1, 1], "the harm: nobody stops what is new")
    front().set(rules=[FIRST])
    for again in (False, True):
        if again:
            front().guard.replace("gate")
        with front().login() as session:
            equal([came(session, sql) for sql in (OTHER, PHONE, PHONE, "SELECT 17 + 4", OTHER)], [1, "PS003", "PS003", 1, 1])
            for way in (wire.parse(PHONE) + wire.bind() + wire.execute() + wire.SYNC,):
                result = session.exchange(way)
                equal((result.rows, [error["C"] for error in result.errors]), ([], ["PS003"]))
            equal([came(session, sql) for sql in (f"PREPARE p AS {PHONE}", "BEGIN", f"DECLARE c CURSOR FOR {PHONE}", "ROLLBACK")],
                  ["PS003", 0, "PS003", 0])
            equal(came(session, f"{OTHER}; {PHONE}"), "PS003")
    with front().login(user="analyst") as session:
        equal(came(session, PHONE), 1, "no service")
    equal({(line["verdict"], tuple(line["flags"])) for line in of_shape("SELECT phone, $", principal="app")}, {("block", ("refused",))})


@test(gateway=True)
def test_two_that_were_made_alike():
    """Two words of one hash (XXH3 of 64 bits without a secret, which shapes once were made of; found in some minutes) do not make
    statements alike: what the one has shown nobody for is not known of the other, and each has its own text in the ledger"""
    words = ("lhodpjfodoeclkcd", "jljpjjhnhjdpbnbm")
    quiet, loud = (f"SELECT {word}.v FROM (SELECT title AS v FROM products LIMIT 1) {words[0]}, "
                   f"(SELECT name AS v FROM customers WHERE id = {KEY}) {words[1]}" for word in words)
    front().set(rules=[])
    with front().login(user="analyst") as session:
        equal(came(session, loud), 1, "the harm")
    front().set(rules=[FIRST])
    with front().login() as session:
        equal([came(session, sql) for sql in (quiet, loud, quiet)], [1, "PS003", 1])
    front().set(rules=[{**FIRST, "verdict": "alert"}])
    with front().login() as session:
        equal(came(session, loud), 1)
    equal({line["sql"].split(".")[0] for line in of_shape(words[0], verdict="alert")}, {f"SELECT {words[1]}"})


@test(gateway=True)
def test_what_is_new_is_told_once():
    """With alert what is new is told, and known from then on, over a restart and over all of pasu being killed; so is what shows nobody"""
    one, two = "SELECT grade, name FROM customers WHERE id = -5", "UPDATE customers SET grade = grade WHERE id = -6"
    front().set(rules=[])
    with front().login(application_name="before") as session:
        equal(came(session, two), 0)
    equal(of_shape("UPDATE customers SET grade"), [], "without the rule nothing tells of it")
    front().set(rules=[{**FIRST, "when": {"kind": "service", "first_use": "yes", "verbs": ["select", "update"]}, "verdict": "alert"}])
    for _ in range(2):
        with front().login() as session:
            equal([came(session, sql) for sql in (one, two, two, one)], [0] * 4)
    front().guard.replace("gate")
    with front().login() as session:
        equal([came(session, sql) for sql in (one, two)], [0, 0])
    front().guard.until_sessions(0)
    pids = front().guard.pids().values()
    for pid in pids:
        os.kill(pid, 9)
    until(lambda: not any(map(process.is_running, pids)), "all are gone")
    front().guard.start()
    with front().login() as session:
        equal([came(session, sql) for sql in (one, two)], [0, 0])
    for words in ("SELECT grade, name", "UPDATE customers SET grade"):
        lines = [line for line in of_shape(words) if "first_use" in line["flags"]]
        equal([(line["verdict"], line["rule"], line["flags"]) for line in lines], [("alert", "rule new-here", ["first_use"])], words)
        assert not [line for line in of_shape(words) if line["verdict"] == "alert" and "first_use" not in line["flags"]], words


@test(gateway=True)
def test_what_is_read_in_portions_is_new_to_its_end():
    """A statement that is new is so for all of its rows: those of a portal's next portion, and of a cursor's next FETCH, are masked as the
    first ones are; the next statement of its shape is known"""
    several = "SELECT email FROM customers ORDER BY id LIMIT 6"
    front().set(rules=[{**FIRST, "verdict": "mask"}])
    with front().login() as session:
        for due in ([True] * 6, [False] * 6):
            rows = session.exchange(wire.parse(several) + wire.bind() + wire.execute(2) + wire.execute(3) + wire.execute() + wire.SYNC).rows
            equal(["***" in row[0] for row in rows], due)
        for due in ([True] * 6, [False] * 6):
            session.query("BEGIN")
            session.query(f"DECLARE c CURSOR FOR {several.replace('email', 'email, 2')}")
            rows = [row for _ in range(3) for row in session.query("FETCH 2 c").rows]
            session.query("COMMIT")
            equal(["***" in row[0] for row in rows], due)


@test(gateway=True)
def test_what_is_new_waits():
    """With hold what is new waits for a second person, and, once approved, is known; denied it is not. PREPARE and a cursor are
    no way around, and what they show is what is judged"""
    held = {**FIRST, "verdict": "hold"}
    new = f"SELECT email FROM customers WHERE id = {KEY}"
    front().set(rules=[])
    with front().login() as session:
        equal(came(session, f"PREPARE a AS {NAME}"), 0)
        equal(came(session, "EXECUTE a"), 1)
    front().set(rules=[held])
    with front().login() as session:
        number = told(session, wire.query(new), "rule new-here")
        front().decide(number, verb="deny")
        equal(session.result().code, "PS006")
        equal([came(session, f"PREPARE q AS {new}"), came(session, f"PREPARE a AS {OTHER}"), came(session, "EXECUTE a")], [0, 0, 1])
        number = told(session, wire.query("EXECUTE q"), "rule new-here")
        front().decide(number, verb="deny")
        equal(session.result().code, "PS006")
        session.query("BEGIN")
        session.query(f"DECLARE c CURSOR FOR {new}")
        number = told(session, wire.query("FETCH c"), "rule new-here")
        front().decide(number)
        equal(len(session.result().rows), 1)
        session.query("ROLLBACK")
        session.query("BEGIN")
        session.query(f"DECLARE c CURSOR FOR {new}")
        equal(came(session, "FETCH c"), 1, "it was approved")
        session.query("ROLLBACK")
        session.query("BEGIN")
        session.query("DECLARE c CURSOR FOR SELECT email, phone FROM customers ORDER BY id LIMIT 6")
        number = told(session, wire.query("FETCH 2 c"), "rule new-here")
        front().decide(number)
        equal([len(session.result().rows), came(session, "FETCH 2 c"), came(session, "FETCH 2 c")], [2, 2, 2], "and its other portions")
    front().guard.replace("gate")
    with front().login() as session:
        session.query("BEGIN")
        session.query(f"DECLARE c CURSOR FOR {new}")
        equal(came(session, "FETCH c"), 1)


@test(gateway=True)
def test_code_and_names_are_never_known():
    """DO has its code in a literal: each may be new. What was prepared or declared and never run is not known by that, whatever a
    rule says of preparing"""
    new, code = f"SELECT address FROM customers WHERE id = {KEY}", "DO $$ BEGIN PERFORM 1; END $$"
    rule = {**FIRST, "when": {"kind": "service", "first_use": "yes", "verbs": ["execute", "select", "do", "fetch"]}}
    front().set(rules=[])
    with front().login() as session:
        equal(came(session, code), 0, "the harm")
        front().set(rules=[{**rule, "verdict": "alert"}])
        equal(came(session, code), 0)
        equal([came(session, sql) for sql in (f"PREPARE unused AS {new}", "BEGIN", f"DECLARE c CURSOR FOR {new}")], [0, 0, 0])
        front().set(rules=[rule])
        equal(came(session, "FETCH c"), "PS003")
        equal([came(session, sql) for sql in ("ROLLBACK", "EXECUTE unused", code)], [0, "PS003", "PS003"])


@test(gateway=True)
def test_it_learns_in_shadow():
    """In shadow the rule says what it would stop, and what has run meanwhile is known when it is in force"""
    new = f"SELECT name, grade, email FROM customers WHERE id = {KEY}"
    front().set(rules=[{**FIRST, "shadow": True}])
    with front().login(application_name="shadowed") as session:
        equal([came(session, new), came(session, new)], [1, 1])
    front().set(rules=[FIRST])
    with front().login() as session:
        equal([came(session, new), came(session, new.replace("grade, ", ""))], [1, "PS003"])
    lines = [line for line in of_shape("SELECT name, grade, email") if line["application"] == "shadowed"]
    equal([(line["rule"], line["flags"]) for line in lines], [("shadow rule new-here: block", ["first_use"]), (None, [])])
    front().guard.stop()


if __name__ == "__main__":
    harness.main()
