#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Persons whom a condition or a group's key tells where the values are aggregated or come out of a query in an expression; who has
the least and the greatest value of a table; the key of what a function returns. The client gets the bytes that it gets without
pasu, each person in them is counted, and nobody is named who is not in them."""
import re

import harness
import shop
from stage import equal, test
from test_groups import ask
import wire

SEEN = re.compile(rb"(?:Kim-|010-|user|Main Street |item \d of )(-?\d+)")
EXTRA = """
CREATE FUNCTION graded() RETURNS SETOF customers LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN RETURN QUERY SELECT * FROM customers WHERE grade = 2; END $$;
CREATE TABLE twins (id bigint PRIMARY KEY, name text);
INSERT INTO twins VALUES (1350, 'Kim-1350'), (1357, 'Zed'), (1364, 'Zed'), (1371, NULL);
GRANT SELECT ON twins TO app;
"""
# Exactly those who are in the bytes.
EXACT = (
    # a query for a value, of whom a condition says
    "SELECT o.id, (SELECT c.name FROM customers c WHERE c.id = o.customer_id) FROM orders o WHERE o.id < 30 ORDER BY o.id",
    "SELECT (SELECT name FROM public.customers WHERE id = o.customer_id AND grade < 9) FROM public.orders o WHERE o.id < 30 ORDER BY o.id",
    "SELECT (SELECT name FROM customers WHERE id = 1350), (SELECT email FROM customers WHERE id = 1357)",
    "SELECT c.name, (SELECT o.item FROM orders o WHERE c.id = o.customer_id ORDER BY o.placed_at DESC LIMIT 1) FROM customers c WHERE grade = 1 ORDER BY c.id",
    "SELECT p.id, (SELECT email FROM customers WHERE id = 1350) FROM products p ORDER BY p.id LIMIT 3",
    "SELECT lower((SELECT email FROM customers c WHERE c.id = o.customer_id)) FROM orders o WHERE o.id < 30 ORDER BY o.id",
    "SELECT n FROM (SELECT c.id, (SELECT c.name) AS n FROM customers c WHERE grade = 1) q ORDER BY id LIMIT 0",
    # whatever is made of all of that person's rows
    "SELECT c.name, (SELECT max(o.item) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE grade = 1 ORDER BY c.id",
    "SELECT c.id, (SELECT json_agg(json_build_object('i', o.item, 'p', o.placed_at) ORDER BY o.id) FROM orders o WHERE o.customer_id = c.id)"
    " FROM customers c WHERE grade BETWEEN 1 AND 3 ORDER BY c.id",
    "SELECT (SELECT string_agg(o.item, ',' ORDER BY o.id) FROM orders o JOIN products p ON p.id = o.id WHERE o.customer_id = c.id)"
    " FROM customers c WHERE id = 1000 + 7 * 41",
    "SELECT max(item), min(item) FROM orders WHERE customer_id = 1357",
    "SELECT string_agg(item, ',' ORDER BY id) FILTER (WHERE amount > 0) AS s FROM public.orders WHERE customer_id = 1357 GROUP BY customer_id",
    # groups of one person
    "SELECT c.name, max(o.item), count(*) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1 GROUP BY c.id ORDER BY c.id",
    "SELECT o.customer_id, min(o.item) FROM orders o JOIN customers c ON c.id = o.customer_id AND c.grade = 1 GROUP BY 1 ORDER BY 1",
    "SELECT max(o.item) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND c.grade = 2 WHERE c.grade = 2 GROUP BY c.id ORDER BY c.id",
    "SELECT c.name, left(string_agg(o.item, ',' ORDER BY o.id), 50) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 3"
    " GROUP BY c.id, c.name HAVING min(o.amount) < 2 ORDER BY c.id",
    "WITH w AS (SELECT customer_id, max(item) AS m FROM orders WHERE item IS NOT NULL GROUP BY customer_id) SELECT m FROM w ORDER BY customer_id",
    # objects and rows are never null
    "SELECT json_agg(json_build_object('n', name, 'p', phone) ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT region, jsonb_agg(jsonb_build_object('n', name, 'e', email) ORDER BY id) FROM customers GROUP BY region ORDER BY region",
    "SELECT json_agg(ROW(name, phone) ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT coalesce(json_agg(c ORDER BY id), '[]'::json) FROM customers c WHERE grade = 1",
    "SELECT json_agg(json_build_object('n', c.name) ORDER BY o.id) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.grade = 1"
    " WHERE o.customer_id = 1007",
    # the least and the greatest
    "SELECT min(name), max(email) FROM customers",
    "SELECT max(c.address) AS a FROM public.customers c ORDER BY 1",
    "SELECT min(name) FROM twins",
    # what a function returns
    "SELECT name FROM graded()",
    "SELECT g.email, grade FROM graded() g LIMIT 7",
)
# Nobody is in the bytes, and nobody is named.
NONE = (
    "SELECT (SELECT name FROM customers WHERE id = 5)",
    "SELECT coalesce(max(item), '-') FROM orders WHERE customer_id = 4",
    "SELECT max(name) FROM twins",
    "SELECT coalesce(string_agg(o.item, ',') FILTER (WHERE o.amount > 1000), 'none') FROM customers c JOIN orders o ON o.customer_id = c.id"
    " WHERE c.grade = 1 GROUP BY c.id ORDER BY c.id",
    "SELECT c.id, max(o.item) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.grade = 4 GROUP BY c.id ORDER BY c.id",
    "SELECT coalesce(json_agg(c), '[]'::json) FROM customers c WHERE id = 5",
    "SELECT c.id, (SELECT coalesce(max(o.item), '-') FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.grade = 4 ORDER BY c.id",
)
# A condition that does not say who it is, or rows that are of others, too: nobody is named who is not in the bytes.
BOUNDED = (
    "SELECT (SELECT max(c.name) FROM customers c WHERE c.id = o.customer_id OR c.id = 1357) FROM orders o WHERE o.id < 9",
    "SELECT (SELECT c.name FROM customers c WHERE c.id = o.customer_id + 7) FROM orders o WHERE o.id BETWEEN 200 AND 209",
    "SELECT string_agg((SELECT c.name FROM customers c WHERE c.id = o.customer_id), ',') FROM orders o WHERE o.id < 9",
    "SELECT DISTINCT (SELECT c.name FROM customers c WHERE c.id = o.customer_id) FROM orders o WHERE o.id < 9",
    "SELECT lag((SELECT c.name FROM customers c WHERE c.id = o.customer_id)) OVER (ORDER BY o.id) FROM orders o WHERE o.id < 9",
    "SELECT (SELECT max((SELECT c.name FROM customers c WHERE c.id = o.customer_id + 7)) FROM orders o WHERE o.customer_id = x.id) FROM customers x WHERE x.id = 1357",
    "SELECT (SELECT max(b.name) FROM customers a JOIN customers b ON b.id > a.id WHERE a.id = c.id) FROM customers c WHERE c.id < 1100",
    "SELECT o.customer_id, max(c.name) FROM orders o JOIN customers c ON c.id <> o.customer_id WHERE o.customer_id = 1357 GROUP BY 1",
    "SELECT a.id, max(b.name) FROM customers a JOIN customers b ON b.id = a.id + 7 WHERE a.grade = 1 GROUP BY a.id",
    "SELECT a.id, min(b.email) FROM customers a JOIN customers b ON b.id IN (a.id, a.id + 7) WHERE a.grade = 1 GROUP BY a.id",
    "SELECT n FROM (SELECT (SELECT c.name FROM customers c WHERE c.id = 1350) AS n UNION ALL SELECT (SELECT name FROM customers WHERE id = 5)) q",
    "SELECT (SELECT c.name FROM customers c WHERE c.id IN (1350, 5))",
    "SELECT CASE WHEN o.id = 1 THEN (SELECT c.name FROM customers c WHERE c.id = 1350) ELSE '-' END FROM orders o WHERE o.id IN (1, 2)",
    "SELECT json_agg(q) FROM (SELECT (SELECT max(o.item) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c WHERE grade = 1) q",
    "SELECT jsonb_agg(jsonb_build_object('n', name, 'n', region) ORDER BY id) || to_jsonb(max(name)) FROM customers WHERE grade = 1",
    "SELECT max(name) FROM customers WHERE grade = 1",
    "SELECT max(name COLLATE \"C\") FROM customers",
    "SELECT min(a.name) FROM customers a, customers b WHERE a.id = b.id",
    "SELECT name FROM graded() WHERE grade = 2",
)
# What to do before, and the question.
ATTACKS = {
    "a temporary table in front of a query for a value": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers", "SELECT (SELECT name FROM customers WHERE id = 1357)"),
    "the same, by another's key": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers",
        "SELECT (SELECT c.name FROM customers c WHERE c.id = o.customer_id) FROM orders o WHERE o.id BETWEEN 300 AND 330"),
    "the same, aggregated": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers", "SELECT max(name) FROM customers WHERE id = 1357"),
    "a temporary table in front of the least": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers", "SELECT min(name) FROM customers"),
    "a table that inherits, the greatest": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, 'L' || name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT max(name) FROM customers"),
    "a table that inherits, a query for a value": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT (SELECT string_agg(name, ',') FROM customers c WHERE c.id = 1357)"),
    "an operator of one's own": (
        "CREATE FUNCTION pg_temp.never(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT $1 = $2 + 7';"
        " CREATE OPERATOR pg_temp.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_temp.never)",
        "SELECT (SELECT c.name FROM customers c WHERE c.id OPERATOR(pg_temp.=) o.customer_id) FROM orders o WHERE o.id BETWEEN 300 AND 330"),
    "another's value in the row": (
        "BEGIN; UPDATE customers SET address = (SELECT address FROM customers WHERE id = 1357) WHERE id = 1350",
        "SELECT (SELECT address FROM customers WHERE id = 1350)"),
}


@harness.shared
def front():
    shop.server().sql(EXTRA)
    mapped = shop.CONFIG["personal_data"] + [shop.personal("twins", "customer", "id", {"name": "name"})]
    return shop.front("given", more={"personal_data": mapped})


def forms(sql):
    yield "simple", wire.query(sql)
    yield "extended", wire.parse(sql) + wire.describe("S") + wire.bind(results=(1,)) + wire.execute() + wire.SYNC


def seen_in(messages):
    return {key.decode() for kind, body in messages if kind == "D" for key in SEEN.findall(body)}


def play(statements, group):
    """Name, statement, and whom it showed; what came is what comes without pasu."""
    told = []
    with wire.login(shop.server().address, user="app") as direct:
        for n, sql in enumerate(statements):
            for form, data in forms(sql):
                name = f"{group} {n} {form}"
                with front().login(user="app", application_name=name) as session:
                    came = ask(session, [data])
                    session.terminate()
                equal(came, ask(direct, [data]), sql)
                assert not any(kind == "E" for kind, _ in came), (sql, came)
                told.append((name, sql, seen_in(came)))
    front().guard.until_sessions(0)
    return told


@test(gateway=True)
def test_who_is_given_by_a_condition_or_a_group_is_counted_exactly():
    shop.judge(front(), play(EXACT, "exact"), lambda sql, seen, keys, unknown, shown: keys == seen and not unknown)


@test(gateway=True)
def test_nobody_is_named_where_nothing_of_anybody_came():
    shop.judge(front(), play(NONE, "none"), lambda sql, seen, keys, unknown, shown: not seen)


@test(gateway=True)
def test_what_does_not_say_who_it_is_stays_a_bound():
    shop.judge(front(), play(BOUNDED, "bounded"), lambda sql, seen, keys, unknown, shown: seen)


@test(gateway=True)
def test_nobody_goes_uncounted_by_a_trick():
    told = []
    for name, (before, sql) in ATTACKS.items():
        with front().login(application_name=name) as session:
            session.query(before)
            told.append((name, sql, seen_in(ask(session, [wire.query(sql)]))))
            session.terminate()
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql, seen, keys, unknown, shown: True)


if __name__ == "__main__":
    harness.main()
