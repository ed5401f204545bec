#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Casts run without being named: where a value becomes JSON, a row a text, and in code, as operators do. What a user's own cast says of
persons is counted, wherever the value comes from: a column, a row, a view, a function, a parameter. Every name
carries its person's key."""
import re

import harness
import shop
from stage import test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)")
MADE = """
CREATE TYPE mood AS ENUM ('a');
CREATE FUNCTION tell(mood) RETURNS json LANGUAGE sql AS 'SELECT json_agg(name) FROM customers WHERE grade = 1';
CREATE CAST (mood AS json) WITH FUNCTION tell(mood);
CREATE TABLE moods (id bigint, m mood); INSERT INTO moods VALUES (1, 'a');
CREATE VIEW told AS SELECT to_json(m) FROM moods;
CREATE FUNCTION telling() RETURNS json LANGUAGE sql AS 'SELECT to_json(m) FROM moods';
CREATE TABLE rows (id bigint); INSERT INTO rows VALUES (1);
CREATE FUNCTION tell(rows) RETURNS text LANGUAGE sql AS 'SELECT string_agg(name, '','') FROM customers WHERE grade = 2';
CREATE CAST (rows AS text) WITH FUNCTION tell(rows) AS IMPLICIT;
CREATE FUNCTION tell(rows[]) RETURNS text LANGUAGE sql AS 'SELECT string_agg(name, '','') FROM customers WHERE grade = 3';
CREATE CAST (rows[] AS text) WITH FUNCTION tell(rows[]);
CREATE FUNCTION next_one(customers) RETURNS text LANGUAGE sql AS 'SELECT name FROM customers WHERE id = $1.id + 7';
CREATE CAST (customers AS text) WITH FUNCTION next_one(customers);
CREATE VIEW seen AS SELECT 1 AS one;
CREATE FUNCTION tell(seen) RETURNS text LANGUAGE sql AS 'SELECT string_agg(name, '','') FROM customers WHERE grade = 4';
CREATE CAST (seen AS text) WITH FUNCTION tell(seen);
GRANT SELECT ON moods, told, rows, seen TO app;
CREATE TYPE pair AS (k bigint);
CREATE FUNCTION tell(pair) RETURNS text LANGUAGE sql AS 'SELECT name FROM customers WHERE id = $1.k';
CREATE CAST (pair AS text) WITH FUNCTION tell(pair) AS IMPLICIT;
CREATE FUNCTION by_cast(k bigint) RETURNS text LANGUAGE sql AS 'SELECT ROW(k)::pair::text';
CREATE FUNCTION by_assignment(k bigint) RETURNS text LANGUAGE plpgsql AS 'DECLARE p pair; BEGIN p.k := k; RETURN p; END';
CREATE FUNCTION one(bigint) RETURNS text LANGUAGE sql AS 'SELECT name FROM customers WHERE id = $1';
CREATE OPERATOR @# (RIGHTARG = bigint, FUNCTION = one);
"""
MANY = "1," * 20000 + "1"  # too many words for a text to be understood
TOLD = (
    "SELECT to_json(m) FROM moods", "SELECT row_to_json(x) FROM moods x", "SELECT json_build_object('m', ARRAY[m]) FROM moods",
    "SELECT json_agg(y) FROM (SELECT m FROM moods) y", "SELECT to_json(x) FROM (SELECT m FROM moods UNION ALL SELECT m FROM moods) x",
    "SELECT * FROM told", "SELECT telling()", "COPY (SELECT to_json(m) FROM moods) TO STDOUT", "SELECT x::text FROM rows x",
    "SELECT ltrim(x) FROM rows x", "SELECT y.x::text FROM (SELECT x FROM rows x) y", "SELECT array_agg(x)::text FROM rows x",
    "SELECT x::text FROM seen x", "SELECT c::text FROM customers c WHERE id = 1350", "SELECT array_agg(c::text) FROM customers c WHERE grade = 1",
    "SELECT to_json(x.m) FROM json_to_record('{\"m\":\"a\"}') AS x(m mood)", "PREPARE p(mood) AS SELECT to_json($1); EXECUTE p('a')",
    "SELECT by_cast(1350)", "SELECT by_assignment(1350)", "DO $$ BEGIN RAISE NOTICE '%', ROW(1350)::pair::text; END $$",
    "DO $$ DECLARE p pair; t text; BEGIN p := ROW(1350); t := p; RAISE NOTICE '%', t; END $$",
    "DO $$ BEGIN RAISE NOTICE '%', @# 1350::bigint; END $$", f"SELECT @# 1350 WHERE 1 IN ({MANY})",
)


@harness.shared
def front():
    shop.server().sql(MADE)
    return shop.front("casts")


def ask(session, data):
    messages = []
    session.send(data)
    while not messages or messages[-1][0] != "Z":
        messages.append(session.receive())
    return {key.decode() for kind, body in messages if kind in "DdN" for key in SEEN.findall(body)}


def oid_of(name):
    with wire.login(shop.server().address) as session:
        session.send(wire.query(f"SELECT '{name}'::regtype::oid::int"))
        while True:
            kind, body = session.receive()
            if kind == "D":
                return int(body[6:])


@test(gateway=True)
def test_what_a_cast_says_is_counted():
    front()
    asked = [(sql, wire.query(sql)) for sql in TOLD]
    asked.append(("a parameter", wire.parse("SELECT to_json($1)", types=(oid_of("mood"),)) + wire.bind((b"a",)) + wire.execute() + wire.SYNC))
    told, problems = {}, []
    for n, (_, data) in enumerate(asked):
        with front().login(application_name=f"cast {n}") as session:
            told[f"cast {n}"] = ask(session, data)
            session.terminate()
    front().guard.until_sessions(0)
    said = shop.export(front())
    for n, (sql, _) in enumerate(asked):
        wrong = shop.problem(sql, told[f"cast {n}"], said[f"cast {n}"])
        problems += [wrong] if wrong else []
    assert not problems, "\n".join(problems)


@test(gateway=True)
def test_who_is_not_cast_is_told_apart_still():
    with front().login(application_name="orders") as session:
        seen = ask(session, wire.query("SELECT replace(item, 'item 1 of ', 'Kim-') FROM orders WHERE customer_id = 1350"))
        session.terminate()
    front().guard.until_sessions(0)
    shown = shop.export(front())["orders"]
    assert shown.keys["customer"] == {"1350"} and not shown.unknown, (seen, shown)


if __name__ == "__main__":
    harness.main()
