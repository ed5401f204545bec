#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Windows: whom a value of another row is of is counted by name, and the client gets the bytes that it gets without pasu. Every
name and item carries its person's key."""
import re

import harness
import shop
from stage import equal, test
from test_groups import ask, forms
import wire

SEEN = re.compile(rb"(?:Kim-|010-|user|item \d of )(-?\d+)")

# Exactly those whose values came; an item of nobody's is null.
EXACT = (
    "SELECT id % 2, lag(name) OVER (ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT lead(name, 3) OVER (PARTITION BY region ORDER BY grade) FROM customers WHERE grade < 3 AND id > 0 ORDER BY 1",
    "SELECT first_value(name) OVER w, last_value(email) OVER w, row_number() OVER w FROM customers WINDOW w AS (PARTITION BY region ORDER BY id"
    " ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) ORDER BY 3, 1",
    "SELECT nth_value(email, 2) over (w ORDER BY id DESC ROWS 5 PRECEDING EXCLUDE CURRENT ROW) FROM customers WHERE grade = 2 WINDOW w AS (PARTITION BY region)"
    " ORDER BY 1",
    "SELECT first_value(c.name) OVER (ORDER BY o.id DESC), o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.grade = 1 ORDER BY o.id LIMIT 5",
    'SELECT id % 3 AS "OVER (", lag(name) OVER /* ( */ (PARTITION BY (id % 3), (\')\') ORDER BY (id)) FROM customers WHERE grade = 1 -- lag(',
    "SELECT lag(c.name) OVER (ORDER BY p.id) FROM products p LEFT JOIN customers c ON c.id = p.id + 1000 ORDER BY p.id",
    "SELECT c.name, lag(d.name) OVER (ORDER BY c.id) FROM customers c JOIN customers d ON d.id = c.id + 7 WHERE c.grade = 1 ORDER BY c.id",
    # what is made of the row's columns
    "SELECT lag(upper(name)) OVER (ORDER BY id), lag(name || '!') OVER (ORDER BY id) FROM customers WHERE grade = 1",
    # all of a frame is one person's
    "SELECT id % 2, max(item) OVER (PARTITION BY customer_id) FROM orders WHERE customer_id > 0 AND item IS NOT NULL ORDER BY 2",
    "SELECT string_agg(item, ',') OVER (PARTITION BY customer_id, id % 2 ORDER BY id) FROM orders WHERE item IS NOT NULL AND customer_id < 1300 ORDER BY 1",
    "SELECT min(o.item) FILTER (WHERE o.id % 2 = 0) OVER (PARTITION BY c.id) AS m FROM customers c JOIN orders o ON o.customer_id = c.id"
    " WHERE o.item IS NOT NULL AND c.grade = 2 ORDER BY 1",
    "SELECT max(item) OVER w FROM orders WHERE item IS NOT NULL WINDOW w AS (PARTITION BY customer_id ORDER BY id) ORDER BY 1 LIMIT 20",
    # a default is nobody's
    "SELECT lag(name, 1, '-') OVER (ORDER BY id), lead(email, 2, NULL) OVER (ORDER BY id) FROM customers WHERE grade = 1",
    # of many, and of the one who has the value
    "SELECT max(name) OVER (PARTITION BY region) FROM customers WHERE grade = 1",
    "SELECT min(email) OVER w, max(name) OVER w, id % 2 FROM customers WHERE grade < 3 WINDOW w AS (PARTITION BY region ORDER BY id ROWS 7 PRECEDING) ORDER BY 1, 2, 3",
    "SELECT string_agg(item, ',') OVER (PARTITION BY customer_id % 7) FROM orders WHERE item IS NOT NULL",
    "SELECT array_agg(name) OVER (PARTITION BY id) FROM customers WHERE grade = 1",
    "SELECT json_agg(phone) OVER (ORDER BY id) FROM customers WHERE grade = 1 AND id < 1400 ORDER BY id",
    "SELECT string_agg(c.name, ',') OVER (ORDER BY p.id), max(c.email) OVER (ORDER BY p.id) FROM products p LEFT JOIN customers c ON c.id = 1000 + 7 * p.id"
    " WHERE p.id BETWEEN 30 AND 50 ORDER BY p.id",
)
# Nulls that can be of nobody: at most so many, and nobody else is named.
NEARLY = (
    "SELECT id, lag(phone) OVER (ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT max(item) OVER (PARTITION BY customer_id) FROM orders ORDER BY 1",
)
# Not by name: it is not known which, or the window is not one that can be written again.
BOUNDED = (
    "SELECT max(name || '') OVER (PARTITION BY region) FROM customers WHERE grade = 1",
    "SELECT string_agg(item, ',') FILTER (WHERE amount > 0) OVER (PARTITION BY customer_id % 7) FROM orders WHERE item IS NOT NULL",
    "SELECT lag(name, 1, region) OVER (ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT lag(name, grade) OVER (ORDER BY id) FROM customers WHERE grade = 1",
    "SELECT lag(name) OVER (ORDER BY (SELECT 1), id) FROM customers WHERE grade = 1",
    "SELECT lag(name) OVER (ORDER BY id), rank() OVER (ORDER BY email) FROM customers WHERE grade = 1",
    "SELECT lag(name) OVER (ORDER BY id) || '!' FROM customers WHERE grade = 1",
    "SELECT array_agg(name || '') OVER (PARTITION BY id) FROM customers WHERE grade = 1",
    "SELECT n FROM (SELECT lag(name) OVER (ORDER BY id) AS n FROM customers WHERE grade = 1) s",
    "SELECT DISTINCT lag(name) OVER (ORDER BY id) FROM customers WHERE grade = 1 ORDER BY 1",
    "SELECT lag(string_agg(name, ',')) OVER (ORDER BY grade) FROM customers GROUP BY grade",
    "SELECT lag(v.e) OVER (ORDER BY v.e) FROM (VALUES ('Kim-1350'), ('x')) v(e), customers c WHERE c.name = v.e UNION ALL SELECT name FROM customers WHERE id = 1350",
)
ATTACKS = {
    "a temporary table in front": (
        "CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, grade FROM public.customers", "SELECT lag(name) OVER (ORDER BY id) FROM customers WHERE grade = 1"),
    "a table that inherits": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT lag(name) OVER (ORDER BY id) FROM customers WHERE grade = 1"),
    "a table that inherits, and the greatest": (
        "CREATE TEMP TABLE heir () INHERITS (public.customers); INSERT INTO heir SELECT id + 7, 'Z' || name, phone, email, address, grade, region"
        " FROM ONLY public.customers WHERE grade = 1", "SELECT max(name) OVER (PARTITION BY region), array_agg(email) OVER (ORDER BY id) FROM customers WHERE grade = 1"),
    "an aggregate of one's own": (
        "CREATE AGGREGATE pg_temp.max(text) (SFUNC = textcat, STYPE = text, INITCOND = '')",
        "SELECT pg_temp.max(name) OVER (PARTITION BY grade ORDER BY id) FROM customers WHERE grade = 1"),
}


@harness.shared
def front():
    return shop.front("windows")


def seen_in(messages):
    return {key.decode() for kind, body in messages if kind == "D" for key in SEEN.findall(body)}


def play(statements, group):
    told = []
    with wire.login(shop.server().address) as direct:
        for n, sql in enumerate(statements):
            due = None
            for form, sends in forms(sql):
                name = f"{group} {n} {form}"
                with front().login(application_name=name) as session:
                    came = ask(session, sends)
                    session.terminate()
                due = ask(direct, sends)
                equal(came, due, sql)
                assert not any(kind == "E" for kind, _ in came), (sql, came)
                told.append((name, sql, seen_in(came)))
    front().guard.until_sessions(0)
    return told


@test(gateway=True)
def test_values_of_other_rows_are_counted_exactly():
    shop.judge(front(), play(EXACT, "exact"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and not unknown and not shown.flags)


@test(gateway=True)
def test_nulls_name_nobody():
    shop.judge(front(), play(NEARLY, "nearly"), lambda sql, seen, keys, unknown, shown: seen and keys == seen and unknown <= 101)


@test(gateway=True)
def test_the_others_are_bounds():
    shop.judge(front(), play(BOUNDED, "bounded"), lambda sql, seen, keys, unknown, shown: seen and unknown)


@test(gateway=True)
def test_parameters_keep_their_types():
    """A window with a parameter is not written again; an offset that is none is"""
    told = []
    with wire.login(shop.server().address) as direct:
        for name, sql, values in (("by", "SELECT lag(name) OVER (ORDER BY id % $1) FROM customers WHERE grade = 1", ("7",)),
                                  ("rows", "SELECT $1 + 0.5, first_value(name) OVER (ORDER BY id ROWS $1 PRECEDING) FROM customers WHERE grade = 1", ("2",)),
                                  ("where", "SELECT lag(name, 2) OVER (ORDER BY id) FROM customers WHERE grade = $1", ("1",))):
            sends = [wire.parse(sql) + wire.describe("S") + wire.bind(values) + wire.execute() + wire.SYNC]
            with front().login(application_name=name) as session:
                came = ask(session, sends)
                session.terminate()
            equal(came, ask(direct, sends), sql)
            told.append((name, sql, seen_in(came)))
    front().guard.until_sessions(0)
    shop.judge(front(), told, lambda sql, seen, keys, unknown, shown: keys == seen if sql.endswith("$1") else not keys)


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
