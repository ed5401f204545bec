#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hidden keys ask once more for what a statement computes. Whoever makes the second time another one than the first, by
a setting, a transaction's number, a sequence or the time zone, hides nobody; nor does a domain that fills columns."""
import re

import harness
import shop
from stage import equal, test
import wire

PERSON = re.compile(rb"(?:Kim-|user)(-?\d+)")
SETTING = "SET x.k = '9'"
CASES = {
    "a setting in FROM": (SETTING, "SELECT set_config('x.k', '2', false), ARRAY(SELECT name FROM public.customers WHERE grade = x.k) "
                          "FROM (SELECT current_setting('x.k')::int AS k FROM generate_series(1, 2) g) x"),
    "a transaction's number": (
        "SELECT 1", "SELECT pg_current_xact_id() IS NULL, ARRAY(SELECT name FROM public.customers WHERE grade = x.k) FROM (SELECT "
        "CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 9 ELSE 2 END AS k FROM generate_series(1, 1)) x"),
    "one person": (SETTING, "SELECT set_config('x.k', '1350', false), (SELECT name FROM public.customers c WHERE c.id = x.k) "
                   "FROM (SELECT current_setting('x.k')::int AS k FROM generate_series(1, 2) g) x"),
    "of VALUES": (SETTING, "SELECT set_config('x.k', '2', false), ARRAY(SELECT name FROM public.customers WHERE grade = x.k) "
                  "FROM (VALUES (current_setting('x.k')::int)) x(k)"),
    "a column that is computed": (
        "SET x.k = '0'", "SELECT max(set_config('x.k', '1', false)), string_agg(n, ','), max(set_config('x.k', '0', false)) FROM (SELECT "
        "CASE current_setting('x.k') WHEN '1' THEN name END AS n FROM public.customers WHERE grade = 1) s"),
    "and groups": (
        "SET x.k = '0'", "SELECT region, max(set_config('x.k', '1', false)), string_agg(n, ','), max(set_config('x.k', '0', false)) FROM (SELECT "
        "region, CASE current_setting('x.k') WHEN '1' THEN name END AS n FROM public.customers WHERE grade = 1) s GROUP BY region"),
    "the time zone": (
        "SET TimeZone = 'Asia/Tokyo'", "SELECT set_config('TimeZone', 'UTC', false), ARRAY(SELECT item FROM public.orders WHERE "
        "placed_at::text LIKE '2026-01-01 01%' AND g > 0) FROM generate_series(1, 1) g"),
    "of a day": (
        "SET TimeZone = 'Asia/Tokyo'", "SELECT set_config('TimeZone', 'UTC', false), ARRAY(SELECT item FROM public.orders WHERE "
        "placed_at > date '2026-01-01' AND g > 0) FROM generate_series(1, 1) g"),
    "a FILTER": (
        "SET x.k = '0'", "SELECT set_config('x.k', '1', false), (SELECT string_agg(name, ',') FILTER (WHERE region = x.g) FROM public.customers) "
        "FROM (SELECT CASE current_setting('x.k') WHEN '1' THEN 'north' END AS g FROM generate_series(1, 1)) x"),
    "elements that are null": ("SELECT 1", "SELECT ARRAY(SELECT nullif(name, name) FROM public.customers WHERE grade = g) FROM generate_series(1, 2) g"),
    "a domain's default": ("CREATE TABLE work.t (a int, b work.filled)", "INSERT INTO work.t (a) VALUES (1) RETURNING b"),
    "later": ("SELECT 1", "SELECT b FROM work.t"),
    "by an error": ("CREATE TABLE work.n (a int NOT NULL, b work.filled)", "INSERT INTO work.n (a) VALUES (NULL)"),
    "a column that is added": ("CREATE TABLE work.c (a int); INSERT INTO work.c VALUES (1); ALTER TABLE work.c ADD b work.filled", "SELECT b FROM work.c"),
}


@harness.shared
def front():
    shop.server().sql("""CREATE SCHEMA work AUTHORIZATION analyst; CREATE FUNCTION work.all_of() RETURNS text LANGUAGE sql AS
        'SELECT string_agg(name, $$,$$) FROM public.customers WHERE grade = 1'; CREATE DOMAIN work.filled AS text DEFAULT work.all_of();
        GRANT ALL ON ALL FUNCTIONS IN SCHEMA work TO analyst""")
    return shop.front("twice")


def ask(session, sql):
    session.send(wire.query(sql))
    messages = []
    while not messages or messages[-1][0] != "Z":
        messages.append(session.receive())
    return messages


@test(gateway=True, limit=60)
def test_nobody_is_hidden():
    """What is another one the second time is counted by the first"""
    told = []
    for name, (before, sql) in CASES.items():
        with front().login(user="analyst", application_name=name) as session:
            ask(session, before)
            came = ask(session, sql)
            session.terminate()
        whole = b"".join(body for kind, body in came if kind in "DE")
        seen = {found.decode() for found in PERSON.findall(whole)} | {found.decode() for found in re.findall(rb"item \d of (-?\d+)", whole)}
        told.append((name, sql, seen))
    front().guard.until_sessions(0)
    equal([name for name, _, seen in told if not seen], ["elements that are null"])
    shop.judge(front(), told, lambda *_: True)


@test(gateway=True)
def test_a_prepared_statement_stays():
    """One that was described goes on when its name means another table, as without pasu"""
    shop.server().sql("CREATE TABLE work.customers (name text, extra text); GRANT SELECT ON work.customers TO app; GRANT USAGE ON SCHEMA work TO app")
    front().guard.reload()
    came = []
    for address in (shop.server().address, front().address):
        with wire.login(address, user="app", application_name="stays") as session:
            session.exchange(wire.parse("SELECT name FROM customers", name="p") + wire.describe("S", "p") + wire.SYNC)
            for path in ("public", "work, public", "public"):
                ask(session, f"SET search_path = {path}")
                session.send(wire.bind(name="p") + wire.execute(3) + wire.SYNC)
                messages = []
                while not messages or messages[-1][0] != "Z":
                    messages.append(session.receive())
                came.append((address == front().address, messages))
            session.terminate()
    equal([messages for is_through, messages in came if is_through], [messages for is_through, messages in came if not is_through])


harness.main()
