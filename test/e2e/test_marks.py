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
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
MARK = 5
CARRIES, FORGOTTEN = 1, 2
SOME = "SELECT name AS v FROM customers WHERE grade = 1"

# What fills a table, and how it is read afterwards.
FILLED = {
    "a new table": ((f"CREATE TABLE m.made AS {SOME}",), "SELECT v FROM m.made"),
    "SELECT INTO": (("SELECT name AS v INTO m.into FROM customers WHERE grade = 2",), "SELECT upper(v), v FROM m.into"),
    "INSERT": (("CREATE TABLE m.empty (v text)", f"INSERT INTO m.empty {SOME}"), "SELECT v FROM m.empty"),
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
    """What the journal says of marks: (what, relation, schema, table)."""
    found = []
    for _, kind, payload in ledgerfile.journal_entries(front().guard.folder / "ledger"):
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
    equal(marks(), before, "marks in the journal")


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
    process.until(is_forgotten, "the journal forgets the table", 20)
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


if __name__ == "__main__":
    harness.main()
