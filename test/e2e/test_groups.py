#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rows that stand for many: whom aggregates and groups show is counted one by one, where each value of a group is in the row,
and the client gets the bytes that it gets without pasu. Every name, phone and mail carries its person's key."""
import re

import harness
import shop
from stage import equal, test
import wire

SEEN = re.compile(rb"(?:Kim-|010-|user|Main Street )(-?\d+)")

# Exactly those who are in the bytes.
EXACT = (
    "SELECT string_agg(name, ',') FROM customers",
    "SELECT region, string_agg(name, ',' ORDER BY id) FROM customers WHERE grade < 2 GROUP BY region ORDER BY region",
    "SELECT region, count(*), string_agg(DISTINCT email, ';') FROM customers GROUP BY 1 ORDER BY 1",
    "SELECT 1 + 1, region AS r, string_agg(email, ';') AS s FROM customers GROUP BY 2 ORDER BY 2 DESC, 1",
    "SELECT json_agg(c ORDER BY id) FROM customers c WHERE grade = 2",
    "SELECT jsonb_agg(to_jsonb(c) ORDER BY id) FROM customers c WHERE grade = 2",
    "SELECT array_agg(c ORDER BY id) FROM customers c WHERE grade = 3",
    "SELECT array_agg(c::text ORDER BY id)::text FROM customers c WHERE grade = 3",
    "SELECT array_agg(name ORDER BY id) FROM public.customers WHERE grade = 3",
    "SELECT string_agg(upper(name) || '/' || substr(email, 1, 40), ',' ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT grade, string_agg(address, ',' ORDER BY id) FROM customers GROUP BY grade HAVING count(*) > 3 ORDER BY grade LIMIT 2",
    "SELECT json_object_agg(id, name ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT json_object_agg(name, grade ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT name FROM customers GROUP BY name ORDER BY name",
    "SELECT name || '!' FROM customers WHERE grade = 1 GROUP BY name ORDER BY 1",
    "SELECT name, count(*), max(grade) FROM customers GROUP BY name, email ORDER BY name LIMIT 5",
    "SELECT lower(email), min(region) FROM customers GROUP BY lower(email) ORDER BY 1 LIMIT 7",
    "SELECT CASE WHEN grade > 2 THEN name ELSE email END FROM customers GROUP BY name, email, grade ORDER BY 1 LIMIT 7",
    "SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.name LIMIT 9",
    "SELECT o.amount, string_agg(c.name, ',' ORDER BY c.id) FROM customers c JOIN orders o ON o.customer_id = c.id"
    " WHERE c.grade = 1 GROUP BY o.amount ORDER BY 1",
    "SELECT string_agg(c.name, ',' ORDER BY o.id) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.grade = 1",
    "SELECT json_agg(c ORDER BY o.id) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.grade = 1",
    "SELECT string_agg(name, ',') FROM customers WHERE id = 1350",
    "SELECT string_agg(name, ',' ORDER BY id) FROM customers WHERE id IN (1350, 1357, 4)",
    "SELECT grade, region, string_agg(name, ',' ORDER BY id) FROM customers GROUP BY ((1), 2) ORDER BY 1, 2",
    "SELECT json_agg(c ORDER BY id)::jsonb::text FROM customers c WHERE grade = 1",
    "SELECT region, grade, string_agg(name, ',' ORDER BY id) FROM customers WHERE name LIKE '%3%' GROUP BY region, grade ORDER BY 1, 2",
)
# Of a FILTER those who pass it, of sets each by itself, and whatever form an array is given.
FILTERED = (
    "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE grade = 1) FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE grade = 2) FROM customers",
    "SELECT region, array_agg(email ORDER BY id) FILTER (WHERE (grade = 1 OR name LIKE '%7') AND id > 1000) FROM customers GROUP BY region ORDER BY 1",
    "SELECT string_agg(phone, ',' ORDER BY id) filter (where grade /* of them */ = 1 -- only\n), string_agg(phone, ',' ORDER BY id) FILTER (WHERE grade = 2) FROM customers",
    "SELECT o.id % 3, string_agg(c.name, ',' ORDER BY o.id) FILTER (WHERE c.grade = 1 AND o.id > 2) FROM customers c JOIN orders o ON o.customer_id = c.id"
    " GROUP BY o.id % 3 HAVING count(*) > 1 ORDER BY 1",
    "SELECT s FROM (SELECT grade, string_agg(name, ',' ORDER BY id) FILTER (WHERE region <> 'north') AS s FROM customers GROUP BY grade) q ORDER BY grade",
    "SELECT string_agg(name, ')' ORDER BY id) FILTER (WHERE region <> ')') FROM customers",
    "SELECT grade, string_agg(name, ',' ORDER BY id) FROM customers GROUP BY ROLLUP (grade) ORDER BY 1",
    "SELECT region, grade, array_agg(name ORDER BY id) FROM customers WHERE id > 1200 GROUP BY GROUPING SETS ((region), (grade), ()) ORDER BY 1, 2",
    "SELECT region, grade, string_agg(name, ',' ORDER BY id) FILTER (WHERE grade < 3) FROM customers GROUP BY CUBE (region, grade) ORDER BY 1, 2",
    "SELECT array_to_string(array_agg(name ORDER BY id), ', ') FROM customers WHERE grade = 1",
    "SELECT array_to_json(array_agg(name ORDER BY id)) FROM customers WHERE grade = 1",
    "SELECT region, xmlagg(xmlelement(name n, name) ORDER BY id)::text FROM customers GROUP BY region ORDER BY 1",
    "SELECT xmlagg(xmlforest(email) ORDER BY id)::text FROM customers WHERE grade = 2",
    "SELECT jsonb_object_agg(id, name ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT json_object_agg(name, phone ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT json_object_agg(c.name, o.item ORDER BY o.id) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1",
    "SELECT array_to_string(ARRAY(SELECT name FROM customers WHERE grade = 1 ORDER BY id), ',')",
    "SELECT to_json(ARRAY(SELECT name FROM customers WHERE grade = 1 ORDER BY id))",
    "SELECT p.id, array_to_string(ARRAY(SELECT c.name FROM customers c WHERE c.grade = p.id ORDER BY c.id), ',') FROM products p WHERE p.id < 3 ORDER BY 1",
    "SELECT c.name, sum(o.amount) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.grade = 1 GROUP BY c.name ORDER BY 1",
    "SELECT name, max(email), min(coalesce(phone, '-')) FROM customers WHERE grade = 1 GROUP BY name ORDER BY 1",
    "SELECT string_agg(name, ', '::text ORDER BY id) FROM customers WHERE grade = 1",
)
# One row of each: the first by an order.
FIRST = (
    "SELECT DISTINCT ON (region) region, name FROM customers ORDER BY region, id DESC",
    "SELECT DISTINCT ON (1, 2) region, grade, name FROM customers ORDER BY 1, 2, id DESC",
    "SELECT DISTINCT ON ((2)) name, grade FROM customers ORDER BY (2), id",
    "SELECT DISTINCT ON (grade % 2) name FROM customers ORDER BY grade % 2, id LIMIT 1",
    "SELECT DISTINCT ON (r) region AS r, email FROM customers ORDER BY r DESC, email",
    "SELECT n FROM (SELECT DISTINCT ON (grade) name AS n, grade FROM customers ORDER BY grade, id) q ORDER BY 1",
    "WITH w AS (SELECT DISTINCT ON (2) name, region FROM customers ORDER BY 2, id) SELECT * FROM w ORDER BY 1",
    "SELECT title FROM products WHERE id < 2 UNION ALL (SELECT DISTINCT ON (region) name FROM customers ORDER BY region, id) ORDER BY 1",
    "SELECT DISTINCT ON (c.region) c.region, c.name, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id ORDER BY 1, 2, 3",
    "SELECT DISTINCT ON (region) upper(name), name FROM customers ORDER BY region, customers.id",
)
# DISTINCT is a GROUP BY, to which keys are added.
DISTINCT = (
    "SELECT DISTINCT name FROM customers ORDER BY name",
    "SELECT DISTINCT name, region FROM customers WHERE grade = 1 ORDER BY 2 DESC, 1 LIMIT 9",
    "SELECT DISTINCT region AS r, name || '!' AS n FROM customers WHERE grade < 3 ORDER BY n, r OFFSET 3 FETCH FIRST 5 ROWS ONLY",
    "SELECT DISTINCT (name), 'x', NULL, 1 FROM customers WHERE grade = 1 ORDER BY 1",
    "SELECT DISTINCT c.name FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY 1",
    "SELECT DISTINCT c.email, 'a' || o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id + 7 WHERE c.grade = 2 ORDER BY 1, 2",
    "select distinct name as order, grade::text as from from customers where grade = 1 order by 1, 2 -- the end",
    "SELECT DISTINCT name FROM customers WHERE name IS DISTINCT FROM 'x' AND id IN (SELECT DISTINCT customer_id FROM orders) ORDER BY name;",
    "SELECT/**/DISTINCT/* x */name FROM customers ORDER BY name LIMIT 3",
    "SELECT DISTINCT coalesce(phone, email) FROM customers ORDER BY 1",
)
# Groups further inside hand their arrays on.
WITHIN = (
    "SELECT s FROM (SELECT region AS n, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY region) q ORDER BY n",
    "SELECT q.* FROM (SELECT region AS n, string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1 GROUP BY 1) q ORDER BY n",
    "SELECT r FROM (SELECT s AS r FROM (SELECT grade, json_agg(name ORDER BY id) AS s FROM customers GROUP BY grade) a WHERE grade > 2) b",
    "SELECT count(*) OVER (), s FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 2) q",
    "WITH w AS (SELECT grade AS g, string_agg(email, ';' ORDER BY id) AS s FROM customers GROUP BY grade) SELECT g, s FROM w WHERE g = 3",
    "WITH w(a, b) AS MATERIALIZED (SELECT grade, string_agg(email, ';' ORDER BY id) FROM customers GROUP BY grade)"
    " SELECT x.b, y.b FROM w x, w y WHERE x.a = 1 AND y.a = 2",
    "SELECT c.name, l.s FROM customers c, LATERAL (SELECT string_agg(b.name, ',' ORDER BY b.id) AS s FROM customers b WHERE b.id = c.id + 7) l"
    " WHERE c.grade = 1 ORDER BY c.id",
    "SELECT p.id, q.s FROM products p LEFT JOIN (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q"
    " ON q.grade = p.id WHERE p.id < 9 ORDER BY p.id",
    "SELECT n || '!', n FROM (SELECT name AS n, count(*) AS c FROM customers WHERE grade = 1 GROUP BY name) q ORDER BY n",
    "SELECT n FROM (SELECT DISTINCT name AS n FROM customers WHERE grade = 1 ORDER BY n DESC) q WHERE n > 'Kim-2'",
    "WITH w AS (SELECT DISTINCT name, grade FROM customers ORDER BY 2, 1 LIMIT 20) SELECT * FROM w",
    "SELECT a, b FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS a, string_agg(email, ',' ORDER BY id) AS b FROM customers GROUP BY grade) q"
    " WHERE grade = 1",
    "SELECT q.s, c.name FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1 GROUP BY grade) q, customers c"
    " WHERE c.grade = 2 ORDER BY c.id",
)
# Nulls: nobody is named of whom nothing came.
PARTLY = (
    "SELECT string_agg(phone, ',' ORDER BY id) FROM customers",
    "SELECT array_agg(phone ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT region, string_agg(name || ' ' || phone, ',' ORDER BY id) FROM customers GROUP BY region ORDER BY 1",
    "SELECT string_agg(address, ',' ORDER BY id), array_agg(phone ORDER BY id) FROM customers WHERE grade > 2",
    "SELECT json_agg(phone ORDER BY id) FROM customers WHERE id BETWEEN 1000 AND 1300",
    "SELECT phone, count(*) FROM customers GROUP BY phone ORDER BY phone NULLS FIRST LIMIT 4",
    "SELECT DISTINCT phone FROM customers ORDER BY phone NULLS FIRST LIMIT 4",
    "SELECT s FROM (SELECT grade, string_agg(phone, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q ORDER BY grade",
    "SELECT p FROM (SELECT DISTINCT phone AS p FROM customers WHERE grade = 1 ORDER BY 1 NULLS FIRST) q",
    "SELECT string_agg(phone, ',' ORDER BY id) FILTER (WHERE grade = 1) FROM customers",
    "SELECT array_to_string(array_agg(phone ORDER BY id), ',', '-') FROM customers WHERE grade = 1",
    "SELECT array_to_string(ARRAY(SELECT phone FROM customers WHERE grade = 1 ORDER BY id), ',')",
    "SELECT array_to_string(ARRAY(SELECT phone FROM customers WHERE grade = 1 ORDER BY id), ',', '-')",
    "SELECT xmlagg(xmlelement(name n, xmlattributes(phone AS p)) ORDER BY id)::text FROM customers WHERE grade = 1",
    "SELECT jsonb_object_agg(id, phone ORDER BY id) FROM customers WHERE grade = 1",
)
# Nobody.
NONE = (
    "SELECT string_agg(name, ',') FROM customers WHERE false",
    "SELECT array_agg(phone) FROM customers WHERE phone IS NULL",
    "SELECT json_agg(c) FROM customers c WHERE id = 4",
    "SELECT region, string_agg(phone, ',') FROM customers WHERE phone IS NULL GROUP BY region ORDER BY 1",
    "SELECT region, count(name) FROM customers GROUP BY region ORDER BY 1",
    "SELECT string_agg(name, ',') FILTER (WHERE grade = 1 AND id = 0) FROM customers",
)
# Of these not each value of a group is in the row, or it is not known which: a bound, and nobody is named who did not come.
BOUNDED = (
    "SELECT min(name), max(email) FROM customers",
    "SELECT name FROM customers GROUP BY name HAVING max(email) LIKE '%7@%' ORDER BY name LIMIT 4",
    "SELECT v.e FROM (VALUES ('user1350@example.com')) v(e), customers c GROUP BY v.e HAVING max(c.email) >= v.e",
    "SELECT v.e FROM (VALUES ('user1350@example.com')) v(e), customers c GROUP BY v.e HAVING count(*) FILTER (WHERE c.email <> v.e) > 0",
    "SELECT v.e, count(*) FILTER (WHERE c.email = v.e) FROM (VALUES ('user1350@example.com')) v(e), customers c GROUP BY v.e",
    "SELECT json_object_agg(region, name ORDER BY id)::jsonb FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id)::varchar(40) FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id)::name FROM customers",
    "SELECT name, max(email) FROM customers GROUP BY name ORDER BY name LIMIT 3",
    "SELECT region, (array_agg(name ORDER BY id))[1] FROM customers GROUP BY region ORDER BY 1",
    "SELECT left(string_agg(name, ',' ORDER BY id), 20) FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE random() < 0.5) IS NULL, min(name) FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE id IN (SELECT customer_id FROM orders)) FROM customers",
    "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE 10 / (grade + 1) > 4) FROM customers",
    "SELECT coalesce(json_agg(c ORDER BY id) FILTER (WHERE c.grade = 3), '[]') FROM customers c",
    "SELECT v.e, string_agg(v.e, ',') FILTER (WHERE c.email = v.e) FROM (VALUES ('user1350@example.com')) v(e), customers c GROUP BY v.e",
    "SELECT jsonb_object_agg(name, region ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT jsonb_object_agg(c.id, c.name || o.item ORDER BY o.id) FROM customers c JOIN orders o ON o.customer_id = c.id",
    "SELECT array_to_string(array_agg(name ORDER BY id), ',')::varchar(40) FROM customers",
    "SELECT name, grade, string_agg(email, ',' ORDER BY id) FROM customers WHERE grade = 1 GROUP BY ROLLUP (name), grade ORDER BY 1 LIMIT 3",
    "SELECT DISTINCT ON (region) region, name FROM customers WHERE grade = 1",
    "SELECT DISTINCT ON (region) region, name FROM customers WHERE grade = 1 ORDER BY region, grade",
    "SELECT DISTINCT ON (region) name, region AS id FROM customers WHERE grade = 1 ORDER BY region, id",
    "SELECT DISTINCT ON (c.region) c.name, o.item FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1 ORDER BY c.region, c.id, o.id",
    "SELECT DISTINCT ON (region) region, string_agg(name, ',' ORDER BY id) FROM customers GROUP BY region, grade ORDER BY region, 2",
    "SELECT jsonb_object_agg(region, name ORDER BY id) FROM customers",
    "SELECT string_agg(CASE WHEN grade = 1 THEN name END, ',' ORDER BY id) FROM customers",
    "SELECT string_agg(coalesce(phone, 'none'), ',' ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT string_agg(substring(name FROM 'Kim-1.*'), ',' ORDER BY id) FROM customers",
    "SELECT DISTINCT string_agg(name, ',' ORDER BY id) FROM customers GROUP BY region ORDER BY 1",
    "SELECT unnest(array_agg(name ORDER BY id)) FROM customers WHERE grade = 1 LIMIT 3",
    "SELECT id, string_agg(name, ',') OVER (ORDER BY id) FROM customers ORDER BY id LIMIT 2",
    "SELECT string_agg((SELECT name), ',' ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT string_agg(name, email ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT c.name, count(*) FROM customers c, generate_series(1, 2000000) WHERE c.id = 1350 OR c.id < 0 AND c.id > 0 GROUP BY c.name",
    "SELECT left(s, 30) FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q ORDER BY grade",
    "SELECT s[1] FROM (SELECT grade, array_agg(name ORDER BY id) AS s FROM customers GROUP BY grade) q ORDER BY grade",
    "SELECT e FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1) q, unnest(string_to_array(s, ',')) e LIMIT 2",
    "SELECT x FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1) q, LATERAL (SELECT left(s, 20) AS x) l",
    "SELECT v.e FROM (VALUES ('Kim-1350')) v(e), (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers) q WHERE q.s LIKE '%' || v.e || '%'",
    "SELECT q FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q ORDER BY grade",
    "SELECT max(s) FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q",
    "SELECT lag(s) OVER (ORDER BY grade) FROM (SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q",
    "SELECT s FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1) q UNION ALL SELECT title FROM products",
    "SELECT (SELECT s FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 1) q), name FROM customers WHERE id = 1350",
    "SELECT s FROM (SELECT min(name) AS s FROM customers GROUP BY grade) q ORDER BY 1",
    "SELECT DISTINCT name FROM customers WHERE grade = 1",
    "SELECT DISTINCT name, region FROM customers WHERE grade = 1 ORDER BY region",
    "SELECT DISTINCT name FROM customers WHERE grade = 1 LIMIT 3",
    "SELECT n FROM (SELECT DISTINCT name AS n FROM customers WHERE grade = 1) q ORDER BY 1",
    "SELECT q.n, c.email FROM (SELECT DISTINCT name AS n, id FROM customers WHERE grade = 1 ORDER BY 2, 1) q JOIN customers c ON c.id = q.id + 7 ORDER BY 1",
    "SELECT s FROM (SELECT region AS n, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY region) q ORDER BY n LIMIT 3",
    "SELECT DISTINCT n FROM (SELECT name AS n FROM customers WHERE grade = 1) q ORDER BY 1",
    "SELECT array_agg(c.pasu_key_1) FROM (SELECT name AS pasu_key_1 FROM customers) c",
)
INSIDE = "(SELECT grade, string_agg(name, ',' ORDER BY id) AS s FROM customers GROUP BY grade) q"
# Whose values something else takes away, in some rows or all: who is not seen is not named.
HOLLOW = (
    f"SELECT left(s, NULL) FROM {INSIDE} ORDER BY grade",
    f"SELECT s || NULL FROM {INSIDE} ORDER BY grade",
    f"SELECT s || CASE WHEN grade = 1 THEN '!' END FROM {INSIDE} ORDER BY grade",
    f"SELECT s || p.title FROM {INSIDE} LEFT JOIN products p ON p.id = q.grade AND p.id = 2 ORDER BY q.grade",
    f"SELECT CASE WHEN grade = 1 THEN s END FROM {INSIDE} ORDER BY grade",
    f"SELECT CASE WHEN grade = 1 THEN s ELSE '-' END FROM {INSIDE} ORDER BY grade",
    f"SELECT nullif(s, s) FROM {INSIDE} ORDER BY grade",
    f"SELECT coalesce('x', s) FROM {INSIDE} ORDER BY grade",
    f"SELECT coalesce(p.title, s) FROM {INSIDE} LEFT JOIN products p ON p.id = q.grade AND p.id > 2 ORDER BY q.grade",
    f"SELECT greatest(s, 'zzz') FROM {INSIDE} ORDER BY grade",
    f"SELECT upper(s || NULL) FROM {INSIDE} ORDER BY grade",
    f"SELECT replace(s, 'x', NULL) FROM {INSIDE} ORDER BY grade",
    "SELECT n || NULL FROM (SELECT DISTINCT name AS n FROM customers ORDER BY 1) q ORDER BY 1",
    "SELECT coalesce('x', n) FROM (SELECT DISTINCT name AS n FROM customers ORDER BY 1) q ORDER BY 1",
    "SELECT coalesce(n, p) FROM (SELECT DISTINCT name AS n, phone AS p FROM customers ORDER BY 1, 2) q ORDER BY 1",
    "SELECT coalesce(a.name, b.name) FROM customers a JOIN customers b ON b.id = a.id + 7 WHERE a.grade = 1 ORDER BY a.id",
    "SELECT coalesce('x', name) FROM customers WHERE grade = 1 ORDER BY id",
    "SELECT coalesce(region, name) FROM customers WHERE grade = 1 ORDER BY id",
    "SELECT greatest(a.name, b.name) FROM customers a JOIN customers b ON b.id = a.id + 7 WHERE a.grade = 1 ORDER BY a.id",
    "SELECT CASE WHEN a.grade = 1 THEN a.name ELSE b.name END FROM customers a JOIN customers b ON b.id = a.id + 7 ORDER BY a.id",
    "SELECT CASE WHEN grade = 1 THEN name ELSE '-' END FROM customers ORDER BY id",
    "SELECT CASE WHEN grade = 1 THEN name END FROM customers ORDER BY id",
    "SELECT nullif(name, name) FROM customers ORDER BY id",
    "SELECT string_agg(CASE WHEN grade = 1 THEN name ELSE '-' END, ',' ORDER BY id) FROM customers",
    "SELECT string_agg(coalesce(region, name), ',' ORDER BY id) FROM customers",
)
# Who knows the code and wants somebody to go uncounted, or another to be named. Each: what to do before, and the question.
ATTACKS = {
    "a temporary table in front": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade, region FROM public.customers",
        "SELECT string_agg(name, ',') FROM customers WHERE grade = 1"),
    "a column with the alias's name": (
        "CREATE TEMP TABLE t AS SELECT 1 AS c", "SELECT json_agg(c) FROM t, customers c WHERE grade = 1"),
    "a key of another row": (
        "SELECT 1", "SELECT string_agg(b.name, ',' ORDER BY b.id) FROM customers a JOIN customers b ON b.id = a.id + 7 WHERE a.grade = 1"),
    "a temporary table in front, DISTINCT": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade, region FROM public.customers",
        "SELECT DISTINCT name FROM customers WHERE grade = 1 ORDER BY 1"),
    "a temporary table in front, further inside": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade, region FROM public.customers",
        "SELECT s FROM (SELECT string_agg(name, ',') AS s FROM customers WHERE grade = 1) q"),
    "a key of another row, further inside": (
        "SELECT 1", "SELECT s FROM (SELECT string_agg(b.name, ',') AS s, a.id FROM customers a JOIN customers b ON b.id = a.id + 7"
        " WHERE a.grade = 1 GROUP BY a.id) q"),
    "a name for another table, further inside": (
        "SELECT 1", "SELECT l.s FROM customers c, LATERAL (SELECT string_agg(c.name || d.name, ',') AS s FROM customers d, products c(name)"
        " WHERE d.grade = 1) l LIMIT 2"),
    "a table that inherits": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT string_agg(name, ',') FROM customers WHERE grade = 1"),
}
# The same where there are aggregates and an operator of these names.
OWN = {
    "an aggregate of one's own": ("SELECT 1", "SELECT public.string_agg(name) FROM customers WHERE grade = 1"),
    "another with its schema": ("SELECT 1", "SELECT mine.array_agg(name) FROM customers WHERE grade = 1"),
    "another by search_path": ("SET search_path = mine, public", "SELECT array_agg(name) FROM customers WHERE grade = 1"),
    "an operator by search_path": (
        "SET search_path = mine, pg_catalog, public", "SELECT string_agg(name || phone, ',' ORDER BY id) FROM customers WHERE grade = 1"),
}
EXTRA = """
CREATE SCHEMA mine;
CREATE FUNCTION public.joined(text, text) RETURNS text LANGUAGE sql AS 'SELECT coalesce($1, '''') || $2';
CREATE AGGREGATE public.string_agg(text) (SFUNC = public.joined, STYPE = text, INITCOND = '');
CREATE AGGREGATE mine.array_agg(text) (SFUNC = public.joined, STYPE = text, INITCOND = '');
CREATE FUNCTION mine.glue(text, text) RETURNS text LANGUAGE sql AS 'SELECT coalesce($1, $2)';
CREATE OPERATOR mine.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = mine.glue);
GRANT USAGE ON SCHEMA mine TO public;
"""
MANY = """
CREATE TABLE crowd (id int PRIMARY KEY, name text NOT NULL, part int NOT NULL);
INSERT INTO crowd SELECT i, 'Han-' || i, CASE WHEN i <= 8000 THEN 1 WHEN i <= 8100 THEN 2 ELSE 3 END FROM generate_series(1, 20000) i;
GRANT SELECT ON crowd TO app;
"""
CROWD = {"subjects": {**shop.CONFIG["subjects"], "one": {"table": "public.crowd", "key": "id"}},
         "personal_data": [*shop.CONFIG["personal_data"], shop.personal("crowd", "one", "id", {"name": "name"})]}


@harness.shared
def front():
    shop.server().sql(MANY)
    return shop.front("groups", more=CROWD)


def ask(session, sends):
    """All messages of the answer, up to ReadyForQuery."""
    messages = []
    for data in sends:
        session.send(data)
    while not messages or messages[-1][0] != "Z":
        messages.append(session.receive())
    return messages


def forms(sql):
    yield "simple", [wire.query(sql)]
    yield "extended", [wire.parse(sql) + wire.describe("S") + wire.bind() + wire.describe("P") + wire.execute() + wire.SYNC]
    yield "binary", [wire.parse(sql) + wire.bind(results=(1,)) + wire.execute() + wire.SYNC]


def seen_in(messages):
    return {key.decode() for kind, body in messages if kind == "D" for key in SEEN.findall(body)}


def play(statements, group):
    """Name, statement, and whom it showed; what came is what comes without pasu."""
    told = []
    with wire.login(shop.server().address) as direct:
        for n, sql in enumerate(statements):
            for form, sends in forms(sql):
                name = f"{group} {n} {form}"
                with front().login(application_name=name) as session:
                    came = ask(session, sends)
                    session.terminate()
                equal(came, ask(direct, sends), sql)
                assert not any(kind == "E" for kind, _ in came), (sql, came)
                told.append((name, sql, seen_in(came)))
    front().guard.until_sessions(0)
    return told


@test(gateway=True)
def test_groups_whose_values_all_come_are_counted_exactly():
    shop.judge(front(), play(EXACT, "exact"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_distinct_is_counted_exactly():
    shop.judge(front(), play(DISTINCT, "distinct"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_groups_of_which_some_rows_are_taken_are_counted_exactly():
    shop.judge(front(), play(FILTERED, "filtered"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_a_row_of_distinct_on_is_one_persons():
    shop.judge(front(), play(FIRST, "first"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_a_filter_with_parameters():
    """The condition stands in the text twice, and its parameters are of the types that they had"""
    sql = "SELECT string_agg(name, ',' ORDER BY id) FILTER (WHERE grade = $1) FROM customers WHERE region <> $2"
    other = "SELECT $1 + 0.5, string_agg(name, ',' ORDER BY id) FILTER (WHERE grade = $1) FROM customers"
    asked = {"once": (sql, ("1", "north")), "twice": (other, ("1.5",)), "no number": (sql, ("x", "north"))}
    told = []
    with wire.login(shop.server().address) as direct:
        for name, (text, values) in asked.items():
            sends = [wire.parse(text) + wire.describe("S") + wire.bind(values) + wire.execute() + wire.SYNC]
            with front().login(application_name=name) as session:
                came = ask(session, sends)
                session.terminate()
            equal(came, ask(direct, sends), text)
            told.append((name, text, seen_in(came)))
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql_, seen, keys, unknown, shown: keys == seen and not unknown if sql_ == sql else not keys)


@test(gateway=True)
def test_groups_further_inside_are_counted_exactly():
    shop.judge(front(), play(WITHIN, "within"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_who_has_no_value_is_not_shown():
    shop.judge(front(), play(PARTLY, "partly"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown)


@test(gateway=True)
def test_groups_of_nobody():
    shop.judge(front(), play(NONE, "none"), lambda sql, seen, keys, unknown, shown: not seen and not keys and not unknown)


@test(gateway=True)
def test_a_group_of_more_than_can_be_named_counts_as_many_as_it_has():
    """And no others; a group beside it is named as ever"""
    asked = {"crowd": ("part = 1", 0, 8000), "few": ("part = 2", 100, 100), "both": ("part < 3", 100, 8100), "all": ("true", 100, 20000)}
    for form in ("simple", "extended", "binary"):
        for name, (where, _, _) in asked.items():
            sql = f"SELECT part, string_agg(name, ',' ORDER BY id) FROM crowd WHERE {where} GROUP BY part ORDER BY part DESC"
            with front().login(user="app", application_name=f"{name} {form}") as session:
                came = ask(session, dict(forms(sql))[form])
                session.terminate()
            assert any(kind == "D" for kind, _ in came) and not any(kind == "E" for kind, _ in came), came
    front().guard.until_sessions(0)
    lines = shop.export(front())
    for form in ("simple", "extended", "binary"):
        for name, (_, least, most) in asked.items():
            shown = lines[f"{name} {form}"]
            equal((len(shown.keys["one"]), len(shown.keys["one"]) + shown.unknown, shown.flags), (least, most, {"bound"} if most > least else set()),
                  f"{name} {form}")


@test(gateway=True)
def test_groups_that_show_some_of_theirs_are_bounds():
    shop.judge(front(), play(BOUNDED, "bounded"), lambda sql, seen, keys, unknown, shown: seen)


@test(gateway=True)
def test_who_is_not_seen_is_not_named():
    shop.judge(front(), play(HOLLOW, "hollow"), lambda sql, seen, keys, unknown, shown: True)


def attack(attacks):
    told = []
    for name, (before, sql) in attacks.items():
        with front().login(application_name=name) as session:
            session.query(before)
            told.append((name, sql, seen_in(ask(session, [wire.query(sql)]))))
            session.terminate()
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql, seen, keys, unknown, shown: True)


@test(gateway=True)
def test_nobody_goes_uncounted_by_a_trick():
    attack(ATTACKS)
    shop.server().sql(EXTRA)
    front().guard.reload()
    attack(OWN)
    shop.server().sql("DROP SCHEMA mine CASCADE; DROP AGGREGATE public.string_agg(text); DROP FUNCTION public.joined")


MADE_UP = ("SELECT 'Kim-' || i || left(m.name, 0) FROM generate_series(1300, 1420) i, (SELECT name FROM members LIMIT 1) m EXCEPT SELECT name FROM customers",
           "SELECT m.name, 'x' FROM members m EXCEPT SELECT 'y', name FROM customers ORDER BY 1, 2",
           "SELECT title FROM products EXCEPT SELECT name FROM customers ORDER BY 1")


@test(gateway=True)
def test_whose_values_they_are_not():
    """Values that anybody can have made up say of EXCEPT who is on its other side: it counts, also beside somebody's, and with an order"""
    names = {f"made up {i}": sql for i, sql in enumerate(MADE_UP)}
    for name, sql in names.items():
        shop.play(front(), SEEN, name, [sql])
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, sql in names.items():
        equal([line["subjects"]["customer"]["at_most"] for line in said[name].lines], [shop.CUSTOMERS], sql)


@test(gateway=True)
def test_who_may_not_read_the_key_gets_the_same():
    """A role that may read the name and not the key: no hidden column, the same answer, a bound"""
    shop.server().sql("CREATE ROLE narrow LOGIN; GRANT SELECT (name, grade) ON customers TO narrow")
    front().guard.reload()
    with front().login(user="narrow", application_name="narrow") as session:
        came = ask(session, [wire.query("SELECT string_agg(name, ',') FROM customers WHERE grade = 1")])
        session.terminate()
    seen = seen_in(came)
    front().guard.until_sessions(0)
    shown = shop.export(front())["narrow"]
    assert seen and not shown.keys["customer"] and shown.unknown >= len(seen), shown


if __name__ == "__main__":
    harness.main()
