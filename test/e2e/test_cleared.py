#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mark that somebody has a table given, by a temporary table of its name, is listed by `pasu marks` and taken away by it:
at once, over restarts, for good. What is marked later is marked; what is only being made cannot be taken away."""
import contextlib
import os
import re

import guard
import harness
import ledgerfile
import process
import shop
from stage import equal, test
from test_signed import ledger, verify
import wire

CODE = re.compile(rb"#(\d+)")
CLEARED, ALERT = 53, 18
WHY = "only a temporary table of that name"
RULE = {"name": "codes", "when": {"principal": "app", "fields": ["door_code"]}, "verdict": "block", "reason": "no codes"}
ATTACK = ("CREATE TEMP TABLE customers (v text)", "INSERT INTO customers SELECT door_code FROM parcels WHERE id = 70004")
READ = "SELECT name FROM customers WHERE id = 1350"


def made(name, **more):
    return shop.front(name, more={"rules": [RULE], **more})


def works(front):
    with contextlib.suppress(OSError, wire.Closed, wire.ServerError), front.login(application_name="works") as session:
        return session.value("SELECT 1") == "1"
    return False


def restart(front):
    equal(front.guard.stop(), 0)
    front.guard.start()
    process.until(lambda: works(front), "a session after the restart", 40)


def kill(front, name):
    front.guard.replace(name)
    process.until(lambda: works(front), "a session afterwards", 40)


def marks(front):
    return front.guard.json("marks")


def of(front, table, schema="public"):
    return [one for one in marks(front) if (one["schema"], one["table"]) == (schema, table)]


def clear(front, table, why=WHY, *words):
    """Once what has marked it is over, and recorded."""
    def is_done():
        done = front.guard.run("marks", "clear", "--why", why, *words, table)
        return done if "being m" not in done.stderr else None
    return process.until(is_done, f"{table} can be cleared", 20)


def attack(front):
    with front.login(user="analyst", application_name="attacks") as session:
        for sql in ATTACK:
            session.query(sql)
    process.until(lambda: [one for one in of(front, "customers") if one["relation"]], "the mark is there", 20)


def asks(front, name, sql=READ):
    """Whom it is answered with, or by which error."""
    with front.login(user="app", application_name=name) as session:
        try:
            return [row[0] for row in session.query(sql).rows]
        except wire.ServerError as error:
            return error.fields["C"]


def is_exact(front, name):
    front.guard.until_sessions(0)
    shown = shop.export(front)[name]
    return shown.keys["customer"] == {"1350"} and shown.unknown == 0


@test(gateway=True, limit=200)
def test_mark_is_taken_away():
    """By a temporary table everybody is refused a table; the operator sees it and takes the mark away: everybody is answered at once, exactly,
    over kill -9 of gate and keeper and a restart; who, why and what is in the signed ledger, with an alert; a new mark holds"""
    front = made("cleared")
    equal(asks(front, "before"), ["Kim-1350"])
    equal(marks(front), [])
    equal(front.guard.run("marks").stdout, "no mark\n")
    attack(front)
    equal(asks(front, "harm"), "PS003")
    kill(front, "gate")
    equal(asks(front, "harm later"), "PS003")
    found, = of(front, "customers")
    equal((found["fields"], found["kinds"], found["database"], found["column"]), (["door_code"], ["customer"], "postgres", None))
    assert found["since"] and found["record"] and "public.customers" in front.guard.run("marks").stdout, found
    done = clear(front, "public.customers", WHY, "--json")
    equal((done.returncode, done.stderr), (0, ""))
    equal(asks(front, "after"), ["Kim-1350"])
    assert is_exact(front, "after")
    equal(of(front, "customers"), [])
    record, = [payload for _, kind, payload in ledgerfile.records(ledger(front)) if kind == CLEARED]
    assert WHY.encode() in record and b"customers" in record and os.getuid().to_bytes(4, "little") in record
    alert, = [payload for _, kind, payload in ledgerfile.records(ledger(front)) if kind == ALERT]
    assert f"uid {os.getuid()} took the mark of public.customers away".encode() in alert, alert
    assert "marks" in [one["rule"] for one in front.guard.json("ack")]
    for name, again in (("gate", lambda: kill(front, "gate")), ("keeper", lambda: kill(front, "keeper")), ("all", lambda: restart(front))):
        again()
        equal(asks(front, f"after {name}"), ["Kim-1350"])
        assert is_exact(front, f"after {name}")
        equal(of(front, "customers"), [])
    verify(front)
    equal(clear(front, "public.customers").returncode, 1)
    attack(front)
    equal(asks(front, "harm again"), "PS003")
    restart(front)
    equal(asks(front, "harm again later"), "PS003")
    equal(clear(front, "public.customers").returncode, 0)
    equal(asks(front, "after all"), ["Kim-1350"])
    front.stop()


@test(gateway=True, limit=150)
def test_mark_that_is_being_made():
    """While a transaction that marks it is open, a table's mark is not taken away, and what was copied is counted afterwards; and so is a copy that is made
    after the mark was taken away, over kill -9 of the gate"""
    front = made("cleared-open")
    front.behind.sql("CREATE SCHEMA o; GRANT USAGE, CREATE ON SCHEMA o TO PUBLIC; CREATE TABLE o.copy (v text); GRANT ALL ON o.copy TO PUBLIC")
    fill = "INSERT INTO o.copy SELECT door_code FROM parcels WHERE id = 70004"
    with front.login(user="analyst") as session:
        session.query(fill)
    process.until(lambda: [one for one in of(front, "copy", "o") if one["relation"]], "the mark is there", 20)
    with front.login(user="analyst") as session:
        session.query("BEGIN")
        session.query(fill)
        done = front.guard.run("marks", "clear", "--why", "x", "o.copy")
        equal(done.returncode, 1)
        assert "being m" in done.stderr, done.stderr
        session.query("COMMIT")
    equal(asks(front, "reads", "SELECT v FROM o.copy"), "PS003")
    equal(clear(front, "o.copy").returncode, 0)
    equal(asks(front, "reads then", "SELECT v FROM o.copy"), ["#4", "#4"])
    with front.login(user="analyst") as session:
        session.query(fill)
    equal(asks(front, "reads later", "SELECT v FROM o.copy"), "PS003")
    kill(front, "gate")
    equal(asks(front, "reads at last", "SELECT v FROM o.copy"), "PS003")
    equal([payload for _, kind, payload in ledgerfile.records(ledger(front)) if kind == CLEARED][1:], [])
    front.stop()


HOSTILE = ('a"b.c\\n', "x.y", "표 이름", "t" * 63, "'; --", "16384", "-c", "%s%n", "\x1b[31mred")


@test(gateway=True, limit=150)
def test_names_that_are_hostile():
    """Whatever a table is called, its mark is listed harmlessly and taken away by its name; of several by the same words none is"""
    front = made("cleared-names")
    quoted = {name: '"{}"'.format(name.replace('"', '""')) for name in HOSTILE}
    front.behind.sql('CREATE SCHEMA h; CREATE SCHEMA "h.x"; GRANT ALL ON SCHEMA h, "h.x" TO PUBLIC')
    with front.login(user="analyst") as session:
        for name in quoted.values():
            session.query(f"CREATE TABLE h.{name} AS SELECT door_code AS v FROM parcels WHERE id = 70004")
        session.query('CREATE TABLE "h.x".y AS SELECT door_code AS v FROM parcels WHERE id = 70004')
    process.until(lambda: len([one for one in marks(front) if one["relation"]]) == len(HOSTILE) + 1, "all marks", 20)
    assert "\x1b" not in front.guard.run("marks").stdout
    equal({one["table"] for one in marks(front)}, set(HOSTILE) | {"y"})
    done = clear(front, "h.x.y")
    equal((done.returncode, "several tables" in done.stderr), (2, True))
    number, = [one["relation"] for one in of(front, "x.y", "h")]
    equal(clear(front, str(number)).returncode, 0)
    for name in HOSTILE:
        if name != "x.y":
            equal(clear(front, f"h.{name}").returncode, 0, name)
    equal([(one["schema"], one["table"]) for one in marks(front)], [("h.x", "y")])
    restart(front)
    with front.login(user="analyst") as session:
        session.query("SELECT 1")
    process.until(lambda: [(one["schema"], one["table"]) for one in marks(front)] == [("h.x", "y")], "what is left", 20)
    front.stop()


@test(gateway=True, limit=120)
def test_who_may_not():
    """Of who is no operator, of what is not marked and without a reason nothing is taken away; nor without a guard"""
    front = made("cleared-not")
    attack(front)
    for words, status in ((("clear", "--why", "x", "public.products"), 1), (("clear", "--why", "x", "customers"), 1), (("clear", "--why", "x", "1"), 1),
                          (("clear", "--why", "x", ""), 1), (("clear", "public.customers"), 2), (("clear", "--why", "", "public.customers"), 2),
                          (("clear", "--why", "x" * 256, "public.customers"), 2), (("clear", "--why", "x"), 2), (("list", "public.customers"), 2),
                          (("take",), 2)):
        equal(front.guard.run("marks", *words).returncode, status, words)
    if os.geteuid() == 0:
        socket = front.guard.folder / "ledger" / "control.sock"
        for path in (front.guard.folder, front.guard.folder / "ledger"):
            os.chmod(path, 0o755)
        os.chmod(socket, 0o777)
        done = guard.run("marks", "clear", "--why", "x", "public.customers", "-c", front.guard.path, user=4321, group=4321, extra_groups=[])
        equal(done.returncode, 1, done.stderr)
        front.guard.wait("control_refused")
    equal(asks(front, "still"), "PS003")
    equal([kind for _, kind, _ in ledgerfile.records(ledger(front)) if kind == CLEARED], [])
    equal(front.guard.stop(), 0)
    equal(front.guard.run("marks", "clear", "--why", "x", "public.customers").returncode, 2)
    equal(front.guard.run("marks").returncode, 2)


if __name__ == "__main__":
    harness.main()
