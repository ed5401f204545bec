#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tables that code makes under names which nobody can tell beforehand: who reads them later is counted, whoever
it is, also when code made them that runs by itself. Every value carries its person's key."""
import re
import struct

import harness
import ledgerfile
import process
import shop
from stage import equal, test
import wire

MARK, FORGOTTEN, MADE_COLUMN = 5, 2, 32767
SEEN = re.compile(r"Kim-(\d+)")
OPEN = "'CREATE TABLE m.lo' || lower('{n}') || ' AS SELECT name AS v FROM customers WHERE grade = 1'"
CODE = "CREATE FUNCTION m.{n}() RETURNS {r} LANGUAGE plpgsql AS $f$ BEGIN EXECUTE " + OPEN + "; RETURN {v}; END $f$"
MADE = {
    "do": ("DO $d$ BEGIN EXECUTE " + OPEN + "; END $d$",),
    "format": ("DO $d$ BEGIN EXECUTE format('CREATE TABLE m.%I AS SELECT name AS v FROM customers WHERE grade = 1', 'lo' || '{n}'); END $d$",),
    "block": ("BEGIN", "DO $d$ BEGIN EXECUTE " + OPEN + "; END $d$", "SELECT 1", "COMMIT"),
    "function": (CODE.format(n="{n}", r="int", v="1"), "SELECT m.{n}()"),
    "emptied": ("CREATE TABLE m.lo{n} (v text)", "INSERT INTO m.lo{n} VALUES ('x')",
                "DO $d$ BEGIN EXECUTE 'TRUNCATE m.lo' || '{n}'; EXECUTE 'INSERT INTO m.lo' || '{n}' || ' SELECT name FROM customers WHERE grade = 1'; END $d$"),
}
# What acts by itself was there before the gate.
ACTS = {
    "trigger": (("CREATE TABLE m.t (k int)", CODE.format(n="trigger", r="trigger", v="NULL"),
                 "CREATE TRIGGER z AFTER INSERT ON m.t FOR EACH ROW EXECUTE FUNCTION m.trigger()"), "INSERT INTO m.t VALUES (1)"),
    "view": ((CODE.format(n="view", r="int", v="1"), "CREATE VIEW m.v AS SELECT m.view() AS one"), "SELECT one FROM m.v"),
    "call": (("CREATE PROCEDURE m.call() LANGUAGE plpgsql AS $p$ BEGIN EXECUTE " + OPEN.format(n="call") + "; END $p$",), "CALL m.call()"),
}


@harness.shared
def front():
    made = shop.front("made")
    made.behind.sql("CREATE SCHEMA m; " + "; ".join(sql.format(n=name) for name, (before, _) in ACTS.items() for sql in before))
    return made


def seen(session, sql):
    return {int(key) for key in SEEN.findall(str(session.query(sql).rows))}


def cleared():
    """How often it was forgotten that code can have made tables."""
    entries = [payload for _, kind, payload in ledgerfile.ring_entries(front().guard.folder / "ledger") if kind == MARK]
    return sum(payload[34] == FORGOTTEN and struct.unpack("<h", payload[32:34])[0] == MADE_COLUMN for payload in entries)


def check(names, when):
    found = {}
    for name in names:
        with wire.login(front().address, application_name=f"{name} {when}") as reader:
            found[name] = seen(reader, f"SELECT v FROM m.lo{name}")
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, keys in found.items():
        shown = said.get(f"{name} {when}")
        assert len(keys) > 1, name
        assert shown and shown.fields.get("name") == "clear" and shown.unknown >= len(keys), f"{name}, {when}: UNCOUNTED: {shown}"


@test(gateway=True, limit=120)
def test_made_by_code():
    """A table that code has made under a name of its own, or filled anew, counts for whoever reads it, also after a restart"""
    front()
    for name, statements in MADE.items():
        with wire.login(front().address, application_name=f"makes {name}") as maker:
            for sql in statements:
                maker.query(sql.replace("{n}", name))
            with wire.login(front().address, application_name=f"{name} at once") as reader:
                assert seen(reader, f"SELECT v FROM m.lo{name}")
    check(MADE, "at once")
    equal(front().guard.stop(), 0)
    front().guard.start()
    check(MADE, "restarted")


@test(gateway=True, limit=120)
def test_made_by_what_acts():
    """So does one that a trigger makes when it fires, a view when it is read, or a procedure when it is called, all older than the gate"""
    front()
    for name, (_, statement) in ACTS.items():
        mark = front().guard.mark()
        with wire.login(front().address, application_name=f"fires {name}") as maker:
            maker.query(statement)
        front().guard.wait("catalog_reloaded", start=mark)
    check(ACTS, "acted")


@test(gateway=True, limit=120)
def test_nothing_in_it():
    """One that code has made and left empty is nobody's, and so is what was there before"""
    front()
    with wire.login(front().address, application_name="makes months") as maker:
        maker.query("CREATE TABLE m.before (v text)")
        maker.query("INSERT INTO m.before VALUES ('x')")
        maker.query("SELECT 1")
        before = cleared()
        maker.query("DO $d$ BEGIN EXECUTE 'CREATE TABLE m.' || lower('MONTH_7') || ' (v text)'; END $d$")
        process.until(lambda: cleared() > before, "what was made is looked at", 20)
        mark = front().guard.mark()
        maker.query("CREATE VIEW m.any AS SELECT 1 AS one")  # the snapshot after that has it as it is
        front().guard.wait("catalog_reloaded", start=mark)
        maker.query("INSERT INTO m.month_7 VALUES ('y')")
    front().guard.until_sessions(0)
    with wire.login(front().address, application_name="months") as reader:
        equal((reader.query("SELECT v FROM m.month_7").rows, reader.query("SELECT v FROM m.before").rows), ([["y"]], [["x"]]))
    front().guard.until_sessions(0)
    shown = shop.export(front()).get("months")
    assert not shown or (not shown.fields and shown.unknown == 0), shown


harness.main()
