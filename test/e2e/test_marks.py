#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tables that personal values were written to stay known over restarts: whoever copies persons where no
mapping looks, and reads the copy after pasu was stopped or its gate killed, is counted. Every value
carries its person's key, so what arrived tells whom it showed."""
import contextlib
import os
import re
import select
import signal
import struct

import harness
import ledgerfile
import process
import shop
import silencer
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
MARK = 5
CARRIES, FORGOTTEN, INTENDED, OVER = 1, 2, 3, 4
SOME = "SELECT name AS v FROM customers WHERE grade = 1"

# What fills a table, and how it is read afterwards.
FILLED = {
    "a new table": ((f"CREATE TABLE m.made AS {SOME}",), "SELECT v FROM m.made"),
    "SELECT INTO": (("SELECT name AS v INTO m.into FROM customers WHERE grade = 2",), "SELECT upper(v), v FROM m.into"),
    "INSERT": (("CREATE TABLE m.empty (v text)", f"INSERT INTO m.empty {SOME}"), "SELECT v FROM m.empty"),
    "EXPLAIN of EXECUTE": (("CREATE TABLE m.explained (v text)", f"PREPARE x AS INSERT INTO m.explained {SOME}", "EXPLAIN ANALYZE EXECUTE x"),
                           "SELECT v FROM m.explained"),
    "renamed at once": (("BEGIN", f"CREATE TABLE m.one AS {SOME}", "ALTER TABLE m.one RENAME TO other", "COMMIT"),
                        "SELECT v FROM m.other"),
    "a trigger that is gone": (
        ("CREATE TABLE m.log (v text)",
         "CREATE FUNCTION m.logs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO m.log VALUES (OLD.name); RETURN NULL; END $$",
         "CREATE TRIGGER z AFTER UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION m.logs()",
         "UPDATE customers SET region = region WHERE grade = 1", "DROP TRIGGER z ON customers", "DROP FUNCTION m.logs"),
        "SELECT v FROM m.log"),
}


@harness.shared
def front():
    made = shop.front("marks")
    made.behind.sql("CREATE SCHEMA m")
    return made


def works(made=None):
    try:
        with (made or front()).login(application_name="works") as session:
            return session.value("SELECT 1") == "1"
    except (OSError, wire.Closed, wire.ServerError):
        return False


def restart():
    equal(front().guard.stop(), 0)
    front().guard.start()
    process.until(works, "a session after the restart", 40)


def kill_gate():
    gate = front().gate()
    os.kill(gate, signal.SIGKILL)
    process.until(lambda: front().guard.run("status").returncode == 0 and front().gate() != gate, "a new gate", 40)
    process.until(works, "a session of the new gate", 40)


def marks():
    """What the ledger says of marks: (what, relation, schema, table)."""
    found = []
    for _, kind, payload in ledgerfile.ring_entries(front().guard.folder / "ledger"):
        if kind == MARK:
            relation, = struct.unpack("<I", payload[28:32])
            names = [payload[at:at + 64].rstrip(b"\0").decode() for at in range(40, 296, 64)]
            equal(len(payload), 312)
            found.append((payload[34], relation, names[2], names[3]))
    return found


def check_read(when):
    """Each table is read by a client that shows its persons to nobody uncounted."""
    seen = {name: shop.play(front(), SEEN, f"{name}, {when}", (read,)) for name, (_, read) in FILLED.items()}
    front().guard.until_sessions(0)
    ledger = shop.export(front())
    for name, keys in seen.items():
        shown = ledger.get(f"{name}, {when}"[:63])
        assert keys, f"{name}, {when}: shows nobody"
        assert shown and shown.fields.get("name") == "clear", f"{name}, {when}: {shown}"
        assert len(keys - shown.keys["customer"]) <= shown.unknown, f"{name}, {when}: {len(keys)} SHOWN UNCOUNTED: {shown}"


@test(gateway=True, limit=120)
def test_marks_outlive_the_gate():
    """A copy of persons that is read after a restart, or after kill -9 of the gate, is counted"""
    for name, (statements, _) in FILLED.items():
        shop.play(front(), SEEN, name, statements)
    restart()
    check_read("restarted")
    kill_gate()
    check_read("killed")
    before = marks()
    assert [one for one in before if one[0] == CARRIES], before
    restart()
    check_read("restarted again")
    equal(marks(), before, "marks in the ledger")


@test(gateway=True, limit=120)
def test_mark_is_written_before_the_answer():
    """The gate that is killed as soon as the client knows of its copy has left the mark"""
    for number in range(3):
        with front().login(application_name="copies") as session:
            session.query(f"CREATE TABLE m.fast{number} AS {SOME}")
            kill_gate()
        seen = shop.play(front(), SEEN, f"fast {number}", (f"SELECT v FROM m.fast{number}",))
        front().guard.until_sessions(0)
        shown = shop.export(front())[f"fast {number}"]
        assert seen and shown.fields == {"name": "clear"} and len(seen) <= shown.unknown, shown


@test(gateway=True, limit=120)
def test_table_that_is_gone():
    """A table that was dropped gives its name to another, which is nobody's, after a restart, too"""
    shop.play(front(), SEEN, "short", (f"CREATE TABLE m.short AS {SOME}", "SELECT v FROM m.short", "DROP TABLE m.short"))

    def is_forgotten():
        numbers = {number for what, number, _, _ in marks() if what == FORGOTTEN}
        return (FORGOTTEN, 0, "m", "short") in marks() and numbers - {0}
    process.until(is_forgotten, "the ledger forgets the table", 20)
    front().behind.sql("CREATE TABLE m.short AS SELECT title AS v FROM products")
    restart()
    shop.play(front(), SEEN, "harmless", ("SELECT v FROM m.short",))
    front().guard.until_sessions(0)
    assert "harmless" not in shop.export(front())


@test(gateway=True, limit=120)
def test_column_of_a_mapped_table():
    """An own value in another column of a mapped table stays exact after a restart"""
    shop.play(front(), SEEN, "column", ("UPDATE customers SET region = name WHERE grade = 3",))
    restart()
    seen = shop.play(front(), SEEN, "column read", ("SELECT id, region FROM customers WHERE grade = 3",))
    front().guard.until_sessions(0)
    shown = shop.export(front())["column read"]
    equal((seen, shown.unknown), (shown.keys["customer"], 0))
    assert seen


def fill_ring(made):
    """With what the keeper, which stands still, cannot take."""
    folder = made.guard.folder / "ledger"
    for size in (400000, 20000, 1000):
        with contextlib.suppress(AssertionError):
            while True:
                ledgerfile.ring_append(folder, 0, ledgerfile.SHAPE, bytes(size))


@test(gateway=True, limit=150)
def test_mark_without_room():
    """A mark that finds no room in the ring keeps the statement's answer back until there is some"""
    made = shop.front("marks-full", workers=1)
    made.behind.sql("CREATE SCHEMA full_ring")
    with made.login(application_name="fills", timeout=40) as session:
        session.query(f"CREATE TABLE full_ring.first AS {SOME}")
        keeper = made.guard.pids()["keeper"]
        os.kill(keeper, signal.SIGSTOP)
        try:
            fill_ring(made)
            for number in range(200):  # some are filled by marks: what is left of it, and what was taken
                session.send(wire.query(f"CREATE TABLE full_ring.t{number} AS {SOME}"))
                if not select.select([session.socket], [], [], 1.5)[0]:
                    break
                session.result()
            else:
                raise AssertionError("the ring is never full")
        finally:
            os.kill(keeper, signal.SIGCONT)
        equal(session.result().errors, [])
        os.kill(made.gate(), signal.SIGKILL)
    process.until(lambda: works(made), "a session of the new gate", 40)
    with made.login(application_name="read") as session:
        rows = session.query(f"SELECT v FROM full_ring.t{number}").rows
    made.guard.until_sessions(0)
    shown = shop.export(made)["read"]
    assert rows and len(rows) <= shown.unknown, shown
    made.stop()


# What is done when the gate is killed, of which its client never hears: all but the last statement have
# their answers.
UNHEARD = {
    "a transaction": (("BEGIN", f"CREATE TABLE u.one AS {SOME}", "COMMIT"), "SELECT v FROM u.one"),
    "one statement": ((f"CREATE TABLE u.two AS {SOME}",), "SELECT v FROM u.two"),
    "all in one text": ((f"BEGIN; CREATE TABLE u.three AS {SOME}; ALTER TABLE u.three RENAME TO three3; COMMIT",), "SELECT v FROM u.three3"),
    "code of its own": (("CREATE TABLE u.four (v text)",
                         f"BEGIN; CREATE FUNCTION u.f() RETURNS void LANGUAGE sql AS $$ INSERT INTO u.four {SOME} $$; "
                         "SELECT u.f(); DROP FUNCTION u.f(); COMMIT"), "SELECT v FROM u.four"),
}
COMMITTED = "SELECT count(*) FROM pg_class WHERE relname IN ('one', 'two', 'three3')"


@harness.shared
def silent():
    """A relay, and pasu that reaches the server through it."""
    relay = silencer.Silencer(("127.0.0.1", shop.server().port))
    made = shop.front("marks-unheard", upstream=relay.upstream)
    made.behind.sql("CREATE SCHEMA u")
    return relay, made


def is_done(made, name):
    if name == "code of its own":
        return made.behind.sql("SELECT count(*) > 0 FROM u.four")[0][0] == "t"
    return made.behind.sql(f"SELECT to_regclass('{UNHEARD[name][1].split()[-1]}') IS NOT NULL")[0][0] == "t"


@test(gateway=True, limit=200)
def test_commit_of_which_nobody_hears():
    """A gate that is killed between the server's COMMIT and its answer has left the mark"""
    relay, made = silent()
    for name, (statements, read) in UNHEARD.items():
        session = made.login(application_name=f"does {name}")
        for sql in (*statements[:-1], "SELECT 1"):
            session.query(sql)
        relay.hush()
        session.send(wire.query(statements[-1]))
        process.until(lambda one=name: is_done(made, one), f"{name}: committed", 20)
        gate = made.gate()
        os.kill(gate, signal.SIGKILL)
        relay.speak()
        process.until(lambda: made.guard.run("status").returncode == 0 and made.gate() != gate, "a new gate", 40)
        process.until(lambda: works(made), "a session of the new gate", 40)
        session.abort()
        seen = shop.play(made, SEEN, f"reads {name}", (read,))
        made.guard.until_sessions(0)
        shown = shop.export(made)[f"reads {name}"]
        assert seen and shown.fields.get("name") == "clear" and len(seen) <= shown.unknown, f"{name}: {len(seen)} SHOWN UNCOUNTED: {shown}"


@test(gateway=True, limit=120)
def test_commit_for_which_nobody_waits():
    """A client that leaves with its COMMIT under way has marked what it filled"""
    relay, made = silent()
    with made.login(application_name="leaves") as session:
        session.query("BEGIN")
        session.query(f"CREATE TABLE u.left AS {SOME}")
        relay.hush()
        session.send(wire.query("COMMIT"))
        process.until(lambda: made.behind.sql("SELECT to_regclass('u.left') IS NOT NULL")[0][0] == "t", "committed", 20)
        session.abort()
    made.guard.until_sessions(0)
    relay.speak()
    seen = shop.play(made, SEEN, "reads what is left", ("SELECT v FROM u.left",))
    made.guard.until_sessions(0)
    shown = shop.export(made)["reads what is left"]
    assert seen and len(seen) <= shown.unknown, shown


@test(gateway=True, limit=120)
def test_intention_that_came_to_nothing():
    """What was rolled back marks nothing, after kill -9 of the gate, too"""
    shop.play(front(), SEEN, "rolls back", ("BEGIN", f"CREATE TABLE m.nothing AS {SOME}", "ROLLBACK"))

    def is_over():
        found = marks()
        return (INTENDED, 0, "m", "nothing") in found and (OVER, 0, "", "") in found[found.index((INTENDED, 0, "m", "nothing")):]
    process.until(is_over, "the ledger says that it is over", 20)
    assert (CARRIES, 0, "m", "nothing") not in marks(), marks()
    front().behind.sql("CREATE TABLE m.nothing AS SELECT title AS v FROM products")
    kill_gate()
    shop.play(front(), SEEN, "reads nothing", ("SELECT v FROM m.nothing",))
    front().guard.until_sessions(0)
    assert "reads nothing" not in shop.export(front())


# What the mapping finds by a name that is lost, and how it is read then.
RENAMED = {
    "a table": (("ALTER TABLE orders RENAME TO r_orders",), "SELECT item FROM r_orders WHERE customer_id > 1700",
                "ALTER TABLE r_orders RENAME TO orders"),
    "its schema": (("CREATE SCHEMA r", "ALTER TABLE orders SET SCHEMA r"), "SELECT item FROM r.orders WHERE customer_id > 1700",
                   "ALTER TABLE r.orders SET SCHEMA public"),
    "a column": (("ALTER TABLE customers RENAME name TO r_name",), "SELECT r_name FROM customers WHERE grade = 1",
                 "ALTER TABLE customers RENAME r_name TO name"),
    "past pasu": (("ALTER TABLE orders RENAME TO r_past",), "SELECT item FROM r_past WHERE customer_id > 1700", "ALTER TABLE r_past RENAME TO orders"),
}
ANY = re.compile(rb"Kim-(-?\d+)|item \d of (-?\d+)")


@test(gateway=True, limit=250)
def test_mapped_table_that_is_renamed():
    """What the mapping names stays personal under another name, when pasu starts anew or its gate is killed"""
    made = shop.front("marks-renamed")
    rounds = iter(range(100000))

    def is_exact(*read):  # once a snapshot has seen the last change
        name = f"round {next(rounds)}"
        seen = shop.play(made, ANY, name, read)
        made.guard.until_sessions(0)
        shown = shop.export(made)[name]
        return seen and seen <= shown.keys["customer"] and not shown.unknown
    for name, (statements, read, back) in RENAMED.items():
        if name == "past pasu":
            made.behind.sql(statements[0])
            process.until(lambda one=read: is_exact(one), "the table under its new name", 20)
        else:
            shop.play(made, ANY, f"renames {name}", statements)
        gate = made.gate()
        os.kill(gate, signal.SIGKILL)
        process.until(lambda one=gate: made.guard.run("status").returncode == 0 and made.gate() != one, "a new gate", 40)
        process.until(lambda: works(made), "a session of the new gate", 40)
        seen = shop.play(made, ANY, f"reads {name}", (read,))
        made.behind.sql(back)
        made.guard.until_sessions(0)
        shown = shop.export(made)[f"reads {name}"]
        assert seen and len(seen - shown.keys["customer"]) <= shown.unknown, f"{name}: {len(seen)} SHOWN UNCOUNTED: {shown}"
    process.until(lambda: is_exact("SELECT item FROM orders WHERE customer_id > 1700", "SELECT name FROM customers WHERE grade = 1"),
                  "all is exact again", 20)
    made.stop()


@test(gateway=True, limit=120)
def test_part_that_is_parted():
    """A partition keeps what its parent's mapping says of it, detached by a statement or past pasu"""
    shop.server().sql("CREATE TABLE past (id int, customer_id bigint, v text) PARTITION BY LIST (id);"
                      "CREATE TABLE past1 PARTITION OF past FOR VALUES IN (1); CREATE TABLE past2 PARTITION OF past FOR VALUES IN (2);"
                      "INSERT INTO past SELECT 1 + grade % 2, id, name FROM customers")
    personal = [*shop.CONFIG["personal_data"], shop.personal("past", "customer", "customer_id", {"v": "name"})]
    made = shop.front("marks-parted", more={"personal_data": personal})
    equal(len(shop.play(made, SEEN, "whole", ("SELECT v FROM past WHERE customer_id = 1350",))), 1)
    shop.play(made, SEEN, "parts", ("ALTER TABLE past DETACH PARTITION past1",))
    made.behind.sql("ALTER TABLE past DETACH PARTITION past2")
    for number in (1, 2):
        def is_counted(number=number):
            seen = shop.play(made, SEEN, f"part {number}", (f"SELECT v FROM past{number}",))
            made.guard.until_sessions(0)
            shown = shop.export(made)[f"part {number}"]
            return seen and len(seen) <= shown.unknown
        if number == 1:
            assert is_counted()
        process.until(is_counted, f"past{number} is seen", 20)
    made.stop()


if __name__ == "__main__":
    harness.main()
