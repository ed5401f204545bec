#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that are called by message: what they do beside giving a result is not lost."""
import re
import struct

import harness
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
PUT = "SELECT ''x'' || name FROM public.customers WHERE grade = 1"
AGAIN = "EXECUTE 'DEALLOCATE q'; EXECUTE 'PREPARE q AS SELECT name FROM public.customers';"
FUNCTIONS = {
    "again": f"LANGUAGE plpgsql AS $$ BEGIN {AGAIN} RETURN 1; END $$",
    "again_in_vain": f"LANGUAGE plpgsql AS $$ BEGIN {AGAIN} RETURN 1 / (k - k); END $$",
    "fill": f"LANGUAGE sql AS 'INSERT INTO public.c_filled {PUT}; SELECT 1'",
    "fill_by_name": f"LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO public.c_named {PUT}'; RETURN 1; END $$",
    "comment": "LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COMMENT ON TABLE public.c_commented IS %L', "
               "(SELECT string_agg(name, ',') FROM public.customers)); RETURN 1; END $$",
    "tell": "LANGUAGE sql AS 'SELECT pg_notify(''calls'', name) FROM public.customers WHERE id = 1350; SELECT 1'",
    "another": "LANGUAGE sql AS 'UPDATE public.customers a SET address = b.name FROM public.customers b "
               "WHERE b.id = a.id + 7 AND a.grade = 1; SELECT 1'",
    'odd "name"': f"LANGUAGE sql AS 'INSERT INTO public.c_odd {PUT}; SELECT 1'",
}


@harness.shared
def front():
    shop.server().sql(";".join(f"CREATE TABLE {name} (v text); GRANT ALL ON {name} TO app, analyst"
                               for name in ("c_filled", "c_named", "c_commented", "c_odd")))
    shop.server().sql("ALTER TABLE c_commented OWNER TO app")
    for name, body in FUNCTIONS.items():
        quoted = name.replace('"', '""')
        shop.server().sql(f'CREATE FUNCTION "{quoted}"(k int) RETURNS int {body}')
    return shop.front("calls")


def oid(name):
    return int(shop.server().sql(f"SELECT oid FROM pg_proc WHERE proname = '{name}'")[0][0])


def call(session, name):
    return session.exchange(wire.function_call(oid(name), struct.pack("!i", 1)))


def called(name, function):
    """Calls it in a session of that application name; its errors."""
    with front().login(user="app", application_name=name) as session:
        errors = call(session, function).errors
        session.terminate()
    return errors


def said(name):
    front().guard.until_sessions(0)
    return shop.export(front(), "--application", name)[name]


@test(gateway=True)
def test_names():
    """A prepared statement that a called function has made anew is not trusted, whether the call went well or not"""
    for function, code in (("again", None), ("again_in_vain", "22012")):
        with front().login(user="app", application_name=function) as session:
            session.exchange(wire.parse("SELECT 'x'::text", "q") + wire.SYNC)
            equal(call(session, function).code, code)
            result = session.exchange(wire.bind(name="q") + wire.execute() + wire.SYNC)
            session.terminate()
        shown = said(function)
        told = sum(line["subjects"]["customer"]["at_most"] for line in shown.lines if not {"kept", "function_call"} & set(line["flags"]))
        assert 0 < len(result.rows) <= told, f"{function}: {len(result.rows)} SHOWN UNCOUNTED: {shown}"


@test(gateway=True)
def test_filled():
    """A table that a called function has filled is marked"""
    for function, table in (("fill", "c_filled"), ("fill_by_name", "c_named"), ('odd "name"', "c_odd")):
        equal(called(f"{function} fills", function), [])
        seen = shop.play(front(), SEEN, f"reads {table}", (f"SELECT v FROM {table}",))
        shown = said(f"reads {table}")
        assert 0 < len(seen) <= shown.unknown, f"{function}: {len(seen)} SHOWN UNCOUNTED: {shown}"


@test(gateway=True)
def test_kept():
    """What a called function puts out of sight, or under others' keys, is counted for the caller"""
    equal(called("comments", "comment"), [])
    shown = said("comments")
    assert shown.unknown >= shop.CUSTOMERS and "kept" in shown.flags, shown
    equal(called("moves", "another"), [])
    shown = said("moves")
    assert shown.unknown and "name" in shown.fields, shown


@test(gateway=True)
def test_notified():
    """What a called function has put into a notification is counted for who hears it"""
    with front().login(user="app", application_name="hears") as session:
        session.query("LISTEN calls")
        equal(called("tells", "tell"), [])
        assert SEEN.search(session.expect("A")[1])
        session.terminate()
    shown = said("hears")
    assert shown.unknown and "notification" in shown.flags, shown


@test(gateway=True)
def test_constants():
    """What a client has written into a notification itself is nobody's, also once others have put values into some; what a value was made of is not"""
    equal(called("tells first", "tell"), [])
    for number, (sql, is_counted) in enumerate((("NOTIFY calls, 'ready'", False), ("SELECT pg_notify('calls', 'go')", False), ("SELECT pg_notify('calls', 'a' || 'b')", True))):
        with front().login(user="app", application_name=f"writes {number}") as session:
            session.query("LISTEN calls")
            session.query(sql)
            session.terminate()
        equal(said(f"writes {number}").unknown > 0, is_counted, sql)


@test(gateway=True)
def test_letters():
    """Constants say nothing of values that come after them, letter by letter, whoever has written them out"""
    say, noted = "SELECT pg_notify('l' || i, substr(email, i, 1)) FROM customers, generate_series(1, 5) i WHERE id = 1350", "; ".join(f"NOTIFY l{i}, '{letter}'" for i in range(1, 6) for letter in "abcdefghijklmnopqrstuvwxyz0123456789")
    for number, (before, mine) in enumerate(((noted, ""), ("", noted), (say, noted), (noted, noted))):
        with front().login(user="app", application_name=f"letters {number}") as hears, front().login(user="app", application_name="says") as says, front().login(user="app", application_name="writes") as writes:
            for session, text in ((writes, before), (says, mine)):
                for sql in filter(None, text.split("; ")):
                    session.query(sql)
            hears.query("; ".join(f"LISTEN l{i}" for i in range(1, 6)))
            says.query(say)
            equal(len([hears.expect("A") for _ in range(5)]), 5)
            for session in (says, writes, hears):
                session.terminate()
        shown = said(f"letters {number}")
        assert shown.unknown and "notification" in shown.flags, (number, shown)


@test(gateway=True)
def test_quiet():
    """Large objects and arithmetic by message leave no line, nor doubt about what is prepared"""
    with front().login(user="app", application_name="quiet") as session:
        session.exchange(wire.parse("SELECT 'x'::text", "q") + wire.SYNC)
        session.query("BEGIN")
        made = session.exchange(wire.function_call(oid("lo_create"), struct.pack("!i", 0)))
        equal((made.types, made.errors), ("VZ", []))
        opened = session.exchange(wire.function_call(oid("int4abs"), struct.pack("!i", -5)))
        equal((opened.types, opened.errors), ("VZ", []))
        session.query("ROLLBACK")
        equal(session.exchange(wire.bind(name="q") + wire.execute() + wire.SYNC).rows, [["x"]])
        session.terminate()
    equal(said("quiet").lines, [])


if __name__ == "__main__":
    harness.main()
