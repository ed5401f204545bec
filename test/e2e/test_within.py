#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys that come up from tables further inside: through queries in FROM, WITH, LATERAL, UNION ALL, RETURNING.
Each statement is asked directly and through the gateway, in every way of the protocol: what comes must be the
same, byte by byte, and the ledger must name just those whose names came."""
import re

import harness
import shop
from stage import test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@|item \d of (-?\d+)|010-(-?\d+)")

# Of these the ledger names everybody who is shown, and nobody else.
EXACT = (
    "SELECT n FROM (SELECT name AS n FROM customers) s",
    "SELECT s.a, s.b FROM (SELECT name, grade, phone FROM customers WHERE grade = 2) s(a, b)",
    "SELECT s.* FROM (SELECT name, phone FROM customers ORDER BY 2, 1 LIMIT 7) s ORDER BY 1 DESC",
    "SELECT n FROM (SELECT n FROM (SELECT name AS n FROM customers WHERE grade = 1) a OFFSET 3) b",
    "WITH w AS (SELECT name AS n, grade AS g FROM customers) SELECT n FROM w WHERE g = 2",
    "WITH w(x, y) AS MATERIALIZED (SELECT name, grade FROM customers) SELECT * FROM w WHERE y = 3",
    "WITH w AS NOT MATERIALIZED (SELECT name FROM customers WHERE grade = 3) SELECT a.name, b.name FROM w a, w b LIMIT 50",
    "WITH w AS (SELECT name FROM customers WHERE grade = 3) SELECT name FROM w WHERE name IN (SELECT * FROM w)",
    "WITH v AS (SELECT email FROM customers), w AS (SELECT email AS e FROM v LIMIT 9) SELECT upper(e), e FROM w",
    "SELECT l.* FROM products p, LATERAL (SELECT name FROM customers c WHERE c.id = 1000 + 7 * p.id) l WHERE p.id BETWEEN 41 AND 70",
    "SELECT l.x FROM customers c, LATERAL (SELECT c.name AS x) l WHERE grade = 4",
    "SELECT p.id, l.n FROM products p LEFT JOIN (SELECT name AS n, id - 1000 AS k FROM customers) l ON l.k = 7 * p.id",
    "SELECT c.name, o.i FROM customers c JOIN (SELECT customer_id AS k, item AS i FROM orders WHERE amount > 3 AND item > '') o ON o.k = c.id + 7",
    "SELECT a.n, b.n FROM (SELECT name AS n, id FROM customers WHERE grade = 0) a, (SELECT name AS n, id FROM customers) b"
    " WHERE b.id = a.id + 7",
    "SELECT n, row_number() OVER (ORDER BY n) FROM (SELECT name AS n FROM customers WHERE grade = 0) s",
    "SELECT n, generate_series(1, 2) FROM (SELECT name AS n, generate_series(1, 2) FROM customers WHERE grade = 0) s",
    "SELECT title FROM products UNION ALL SELECT name FROM customers WHERE grade = 1",
    "SELECT name FROM customers WHERE grade = 1 UNION ALL SELECT title FROM products UNION ALL SELECT item FROM orders WHERE amount < 2 AND item > ''",
    "(SELECT name, phone FROM customers ORDER BY 2, 1 LIMIT 5) UNION ALL SELECT title, NULL FROM products ORDER BY 2 DESC NULLS LAST, 1 LIMIT 9",
    "SELECT x FROM (SELECT name AS x FROM customers UNION ALL SELECT item FROM orders WHERE item > '') u ORDER BY 1 LIMIT 100",
    "SELECT NULL::text, 1 UNION ALL SELECT phone, 2 FROM customers WHERE grade = 2 AND phone > ''",
    "WITH w AS (SELECT 'x' AS a UNION ALL SELECT name FROM customers WHERE grade = 4) SELECT a.a, b.a FROM w a, w b LIMIT 99",
    "SELECT name FROM customers WHERE grade = 1 UNION ALL (SELECT c.name FROM products p LEFT JOIN customers c ON c.id = 1000 + 7 * p.id)",
    # arms of several tables of one kind, more of them than there is room for hidden columns
    "SELECT c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id + 7 AND o.amount > 3 AND o.item > ''"
    " UNION ALL SELECT name, 'x' FROM customers WHERE grade = 1",
    "SELECT a.name, b.name FROM customers a, customers b WHERE a.grade = 0 AND b.id = a.id + 7 UNION ALL SELECT 'x', name FROM customers WHERE grade = 1"
    " UNION ALL SELECT title, NULL FROM products",
    " UNION ALL ".join(f"SELECT name FROM customers WHERE id = {1000 + 7 * n}" for n in range(40, 52)),
    "SELECT name, NULL FROM customers WHERE grade = 1 UNION ALL SELECT 'x', phone FROM customers WHERE grade = 2 AND phone > '' UNION ALL SELECT email, phone FROM customers"
    " WHERE grade = 3",
    "SELECT x FROM (SELECT name AS x FROM customers WHERE grade = 1 UNION ALL SELECT email FROM customers WHERE grade = 2) a"
    " UNION ALL SELECT name FROM customers WHERE grade = 4",
    "WITH w AS (SELECT name AS x, grade AS g FROM customers) SELECT a.x FROM w a WHERE g = 1 UNION ALL SELECT b.x FROM w b WHERE g = 2"
    " UNION ALL SELECT name FROM customers WHERE grade = 4",
    # arms of groups
    "SELECT region, string_agg(name, ',' ORDER BY id) FROM customers WHERE grade = 1 GROUP BY region UNION ALL SELECT 'all', count(*)::text FROM customers"
    " ORDER BY 1",
    "SELECT string_agg(name, ',' ORDER BY id), NULL FROM customers WHERE grade = 1 UNION ALL SELECT string_agg(email, ',' ORDER BY id), NULL FROM customers"
    " WHERE grade = 2 UNION ALL SELECT title, name FROM products p JOIN customers c ON c.id = 1000 + 7 * p.id WHERE p.id BETWEEN 41 AND 50",
    "SELECT max(name) FROM customers UNION ALL SELECT min(email) FROM customers",
    "SELECT m FROM (SELECT max(name) AS m FROM customers) s",
    "SELECT s FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers WHERE grade = 0 UNION ALL SELECT title FROM products) q",
    # queries that read themselves
    "WITH RECURSIVE r(k, n) AS (SELECT id, name FROM customers WHERE id = 1350 UNION ALL SELECT c.id, c.name FROM r JOIN customers c ON c.id = r.k + 7"
    " WHERE c.id < 1500) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT id, name, email FROM customers WHERE id = 1350 UNION ALL SELECT c.* FROM r, LATERAL (SELECT id, name, email FROM customers"
    " WHERE id = r.id + 7 AND id < 1500) c) SELECT * FROM r ORDER BY id DESC LIMIT 9",
    "WITH RECURSIVE r AS (SELECT title AS t, id FROM products WHERE id = 41 UNION ALL SELECT c.name, r.id + 1 FROM r, customers c"
    " WHERE c.id = 1000 + 7 * r.id AND r.id < 60) SELECT string_agg(t, ','), count(*) FROM r",
    "WITH RECURSIVE r(k, n, b) AS (SELECT id, name, email FROM customers WHERE id = 1350 UNION ALL SELECT c.id, c.phone, c.phone FROM r JOIN customers c"
    " ON c.id = r.k + 7 WHERE c.id < 1500 AND c.phone > ''), s AS (SELECT n, b FROM r) SELECT s.n FROM s UNION ALL SELECT b FROM s",
    # groups of rows that come out of queries
    "SELECT count(*), string_agg(n, ',') FROM (SELECT name AS n, grade FROM customers WHERE grade = 1) s",
    "SELECT g, string_agg(n, ',' ORDER BY n) FROM (SELECT name AS n, grade AS g FROM customers UNION ALL SELECT title, 9 FROM products) s"
    " WHERE g < 2 OR g = 9 GROUP BY g ORDER BY g",
    "SELECT json_agg(s) FROM (SELECT id, name FROM customers WHERE grade = 2) s",
    "WITH w AS (SELECT name FROM customers WHERE grade = 3) SELECT count(*), string_agg(name, ',') FROM w",
    "SELECT DISTINCT n FROM (SELECT name AS n FROM customers WHERE grade = 1) s ORDER BY 1",
    "SELECT x FROM (SELECT string_agg(n, ',') AS x FROM (SELECT name AS n FROM customers WHERE grade = 0) s) t",
    "SELECT string_agg(s.n, ',') FROM products p LEFT JOIN (SELECT name AS n, id FROM customers) s ON s.id = 1000 + 7 * p.id WHERE p.id BETWEEN 35 AND 50",
    # queries in the list of targets
    "SELECT p.title, ARRAY(SELECT c.name FROM customers c WHERE c.grade = p.id AND c.region = 'north') FROM products p WHERE p.id < 4",
    "SELECT ARRAY(SELECT name FROM customers WHERE grade = 1 ORDER BY name), (SELECT string_agg(email, ',' ORDER BY id) FROM customers WHERE grade = 2)",
    "SELECT c.name, (SELECT json_agg(o.item) FROM orders o WHERE o.customer_id <> c.id AND o.amount > 3 AND o.item > '') FROM customers c WHERE grade = 0",
    "SELECT p.id, (SELECT c.email FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.phone = '010-1350' AND o.amount > 3 AND c.grade <= p.id)"
    " FROM products p WHERE p.id < 4",
    "SELECT p.id, (SELECT c.name FROM customers c WHERE c.id = 1000 + 7 * p.id) FROM products p WHERE p.id BETWEEN 35 AND 70",
    "SELECT a.id, (SELECT b.name FROM customers b WHERE b.id = a.id + 7) FROM customers a WHERE a.grade = 1",
    "SELECT string_agg(name, ',') FILTER (WHERE grade * 2 - 1 = 3) FROM customers",
    "SELECT min(name || '/' || email), max(email || name) FROM customers WHERE grade = 2",
    # the key is a column of the view
    "SELECT b FROM renamed LIMIT 40",
    "SELECT r.b, p.title FROM renamed r JOIN products p ON r.a = 1000 + 7 * p.id WHERE p.id BETWEEN 41 AND 60",
    "SELECT b FROM renamed WHERE a < 1500 UNION ALL SELECT name FROM customers WHERE grade = 2",
    "SELECT string_agg(b, ',') FROM renamed WHERE a < 1500",
    "SELECT name FROM counted WHERE n > 2 AND id > 2500",
    "SELECT n, string_agg(name, ',' ORDER BY name) FROM counted WHERE id > 2500 GROUP BY n ORDER BY n",
    # set operations with an order
    "SELECT name FROM customers WHERE grade = 1 UNION SELECT email FROM customers WHERE grade = 2 ORDER BY 1",
    "SELECT name, 'c' AS kind FROM customers WHERE grade = 1 UNION DISTINCT (SELECT item, 'o' FROM orders WHERE item > '' AND amount < 2)"
    " UNION SELECT title, 'p' FROM products ORDER BY 2, 1 LIMIT 150",
    "SELECT id, name FROM customers WHERE grade < 3 INTERSECT SELECT id, name FROM customers WHERE grade > 1 ORDER BY 2 DESC, id",
    "SELECT name FROM customers EXCEPT SELECT name FROM customers WHERE grade > 0 ORDER BY name OFFSET 3",
    "BEGIN; UPDATE customers SET grade = grade WHERE grade = 2 RETURNING email; ROLLBACK",
    "BEGIN; UPDATE customers c SET grade = 1 FROM orders o WHERE o.customer_id = c.id + 7 AND item > '' RETURNING o.item, c.name; ROLLBACK",
    "BEGIN; DELETE FROM orders WHERE amount > 3 AND item > '' RETURNING item; ROLLBACK",
    "BEGIN; INSERT INTO customers SELECT 900000 + g, 'Kim-' || 900000 + g, NULL, 'user' || 900000 + g || '@', NULL, 1, 'x'"
    " FROM generate_series(1, 5) g RETURNING name, email; ROLLBACK",
    "BEGIN; WITH d AS (DELETE FROM orders WHERE amount > 3 AND item > '' RETURNING item, amount) SELECT * FROM d; ROLLBACK",
    "BEGIN; WITH u AS (UPDATE customers SET grade = 7 WHERE grade = 2 RETURNING name) SELECT name FROM u ORDER BY 1; ROLLBACK",
    "SELECT * FROM renamed LIMIT 40",
    "SELECT q.b FROM (SELECT b, a FROM renamed) q LIMIT 40",
    "SELECT note FROM visits UNION ALL SELECT title FROM products",
    "SELECT name, x FROM (SELECT name, repeat('x', 3000000) AS x FROM customers ORDER BY id LIMIT 5) s",
)
# Of these the ledger need not name everybody, but whoever it names was shown, and nobody is left out.
BOUNDED = (
    "SELECT (SELECT name FROM customers ORDER BY phone, id LIMIT 1)",
    "SELECT ARRAY(SELECT name FROM customers WHERE random() < 2)",
    "SELECT name FROM customers UNION SELECT phone FROM customers ORDER BY 1",
    "SELECT name FROM customers WHERE grade = 1 UNION SELECT email FROM customers WHERE grade = 2",
    "SELECT name, grade FROM customers WHERE grade = 1 UNION SELECT email, 1 FROM customers WHERE grade = 2 ORDER BY 1",
    "SELECT left(s, 9) FROM (SELECT string_agg(name, ',' ORDER BY id) AS s FROM customers UNION ALL SELECT title FROM products) q",
    "SELECT s FROM (SELECT left(string_agg(name, ',' ORDER BY id), 9) AS s FROM customers UNION ALL SELECT string_agg(name, ',') FROM customers WHERE id = 1350) q",
    "SELECT name FROM customers WHERE grade = 1 UNION ALL VALUES ('x')",
    "BEGIN; CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name, 1 AS grade FROM public.customers WHERE grade = 2;"
    " SELECT name FROM customers WHERE grade = 1 UNION ALL SELECT name FROM customers UNION ALL SELECT name FROM public.customers WHERE grade = 3; ROLLBACK",
    "SELECT s FROM (SELECT name FROM customers) s",
    "SELECT s.* IS NULL, name FROM (SELECT name FROM customers) s",
    "SELECT row_to_json(s) FROM (SELECT name FROM customers) s",
    "SELECT s::text FROM (SELECT name FROM customers) s",
    "SELECT to_jsonb(w) FROM (WITH w AS (SELECT name FROM customers) SELECT * FROM w) w",
    "SELECT * FROM (SELECT name FROM customers) s NATURAL JOIN (SELECT name FROM customers) t",
    "SELECT j.* FROM ((SELECT name FROM customers) s CROSS JOIN (SELECT id FROM products LIMIT 1) p) j(x, y)",
    "SELECT * FROM (SELECT name FROM customers) s, (SELECT id FROM products LIMIT 1) p",
    "SELECT y.* FROM (SELECT name FROM customers ORDER BY id) s, LATERAL (SELECT s.*) y",
    "SELECT to_json(y) FROM (SELECT name FROM customers ORDER BY id) s, LATERAL (SELECT s.*) y",
    "SELECT name, (SELECT s.*) FROM (SELECT name FROM customers ORDER BY id) s",
    "SELECT name FROM (SELECT name FROM customers ORDER BY id) s WHERE EXISTS (SELECT s.* EXCEPT SELECT 'x')",
    "SELECT name FROM (SELECT DISTINCT name FROM customers) s",
    "SELECT name FROM customers UNION SELECT email FROM customers",
    "SELECT s.id, s.name FROM (SELECT a.id, b.name FROM customers a, customers b WHERE a.grade = 0 AND b.id = a.id + 7) s",
    "SELECT s.id, s.name FROM (SELECT id + 7 AS id, name FROM customers) s",
    "SELECT id, name FROM (SELECT id + 7 AS id, name FROM customers UNION ALL SELECT id, email FROM customers) s",
    "WITH RECURSIVE r AS (SELECT name, 1 AS i FROM customers UNION ALL SELECT name, i + 1 FROM r WHERE i < 2) SELECT name FROM r",
    "WITH RECURSIVE r AS (SELECT id, name, 1 AS i FROM customers UNION ALL SELECT r.id, r.name, r.i + 1 FROM r WHERE i < 2) SELECT name FROM r WHERE i = 2",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers WHERE id < 1100 UNION ALL SELECT * FROM r WHERE false) SELECT name FROM r",
    "WITH RECURSIVE r AS (SELECT id, name::text AS n FROM customers WHERE id = 1350 UNION ALL SELECT c.id, r.n || c.name FROM r JOIN customers c ON c.id = r.id + 7"
    " WHERE c.id < 1400) SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers WHERE id = 1350 UNION SELECT c.id, c.name FROM r JOIN customers c ON c.id = r.id + 7 WHERE c.id < 1500)"
    " SELECT name FROM r",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers WHERE id = 1350 UNION ALL SELECT c.id, c.name FROM r JOIN customers c ON c.id = r.id + 7 WHERE c.id < 1500)"
    " SEARCH DEPTH FIRST BY name SET way SELECT way FROM r WHERE id > 1400",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers WHERE id = 1350 UNION ALL SELECT c.id, c.name FROM r JOIN customers c ON c.id = r.id + 7 WHERE c.id < 1500)"
    " CYCLE name SET seen USING way SELECT id, way FROM r WHERE id > 1400",
    "BEGIN; UPDATE customers SET id = id + 10000000 WHERE grade = 4 AND id > 3000 RETURNING name; ROLLBACK",
    "BEGIN; WITH u AS (UPDATE customers SET id = id + 10000000 WHERE grade = 4 AND id > 3000 RETURNING id, name) SELECT name FROM u; ROLLBACK",
    "BEGIN; CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name FROM public.customers;"
    " SELECT title FROM products UNION ALL SELECT name FROM customers; ROLLBACK",
    "BEGIN; CREATE TEMP TABLE customers AS SELECT id + 7 AS id, name FROM public.customers;"
    " SELECT n FROM (SELECT name AS n FROM customers) s; ROLLBACK",
    "BEGIN; ALTER TABLE own RENAME id TO was; ALTER TABLE own RENAME other TO id;"
    " SELECT title FROM products UNION ALL SELECT name FROM own; ROLLBACK",
    "BEGIN; ALTER TABLE own RENAME id TO was; ALTER TABLE own RENAME other TO id;"
    " SELECT n FROM (SELECT name AS n FROM own) s; ROLLBACK",
    "BEGIN; CREATE TEMP VIEW renamed AS SELECT id + 7 AS a, name AS b FROM customers; SELECT * FROM renamed; ROLLBACK",
)
# Errors, with their places and hints, are those of the client's text.
FAILING = (
    "SELECT a FROM (SELECT name FROM customers) s(a, b)",
    "WITH w(a, b) AS (SELECT name FROM customers) SELECT a FROM w",
    "SELECT name, nmae FROM (SELECT name FROM customers) s",
    "SELECT name, pasu_key FROM (SELECT name FROM customers) s",
    "SELECT name, pasu_key_1 FROM (SELECT name FROM customers) s",
    "SELECT name, s.pasu_kez_1_pasuhidden_pasugateway_pasucolumn FROM (SELECT name FROM customers) s",
    "SELECT name, pasu_kez_1_pasuhidden_pasugateway_pasucolumn FROM (SELECT name FROM customers) s",
    "SELECT name FROM customers UNION ALL SELECT title, 1 FROM products",
    "SELECT name FROM customers UNION ALL SELECT id FROM products",
    "SELECT name FROM customers UNION ALL SELECT title FROM products ORDER BY 2",
    "SELECT name FROM customers UNION ALL SELECT title FROM products ORDER BY pasu_key_1",
    "SELECT (SELECT name FROM customers) FROM products",
    "SELECT ARRAY(SELECT nmae FROM customers)",
    "SELECT ARRAY(SELECT name FROM customers WHERE nmae = '1')",
    "SELECT ARRAY(SELECT name FROM customers WHERE name = 1)",
    "SELECT 'é', (SELECT string_agg(name, ',') FROM customers WHERE name = 'é' AND name = 1), ARRAY(SELECT name FROM customers WHERE name = 1)",
    "SELECT region, string_agg(name, ',') FILTER (WHERE name = 1) FROM customers GROUP BY region",
    "SELECT name FROM customers UNION SELECT nmae FROM customers ORDER BY 1",
    "SELECT name FROM customers WHERE nmae = 'x' UNION SELECT email FROM customers ORDER BY 1",
    "SELECT name FROM customers WHERE name::int > 3 UNION SELECT email FROM customers ORDER BY 1",
    "SELECT name FROM customers UNION SELECT email FROM customers ORDER BY 2",
    "SELECT name FROM customers UNION SELECT email FROM customers WHERE nothing(phone) ORDER BY name",
    "SELECT name FROM customers UNION SELECT id FROM customers ORDER BY 1",
    "SELECT name FROM customers INTERSECT SELECT id FROM customers ORDER BY 1",
    "SELECT p.id, (SELECT c.name FROM customers c WHERE c.id = 2000000000 + 100000000 * p.id) FROM products p",
    "SELECT p.id, (SELECT c.name FROM customers c WHERE c.id = 1 / (5 - p.id)) FROM products p ORDER BY p.id",
    "SELECT string_agg(name, ',') FILTER (WHERE grade / (id - id) = 3) FROM customers",
    "SELECT max(name || nmae) FROM customers",
    "SELECT max(name || 'x' 1) FROM customers",
    "SELECT x::int FROM (SELECT name AS x FROM customers) s",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers UNION ALL SELECT c.id, c.nmae FROM r, customers c) SELECT name FROM r",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers UNION ALL SELECT c.id, c.id FROM r, customers c) SELECT name FROM r",
    "WITH RECURSIVE r AS (SELECT id, name FROM customers UNION ALL SELECT a.id, a.name FROM r a, r b) SELECT name FROM r",
    "WITH RECURSIVE r(a, b, c) AS (SELECT id, name FROM customers UNION ALL SELECT c.id, c.name FROM r, customers c) SELECT a FROM r",
    "SELECT title FROM products WHERE id < 2 UNION ALL SELECT (name::int)::text FROM customers",
)

EXTRA = """
CREATE VIEW renamed AS SELECT id AS a, email AS b FROM customers;
CREATE MATERIALIZED VIEW counted AS SELECT c.id, c.name, count(o.id) AS n FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name;
CREATE TABLE visits (day date, customer_id bigint, note text) PARTITION BY RANGE (day);
CREATE TABLE visits_1 (note text, customer_id bigint, day date);
ALTER TABLE visits ATTACH PARTITION visits_1 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO visits SELECT date '2024-01-01' + (id % 700)::int, id, 'Kim-' || id FROM customers WHERE id BETWEEN 1000 AND 2000;
CREATE TABLE own (id bigint, other bigint, name text);
INSERT INTO own SELECT id, id + 7, name FROM customers WHERE id BETWEEN 1000 AND 2000;
ALTER TABLE own OWNER TO app;
GRANT SELECT ON renamed, visits, counted TO app;
"""
PERSONAL = shop.CONFIG["personal_data"] + [shop.personal("visits", "customer", "customer_id", {"note": "order"}),
                                            shop.personal("own", "customer", "id", {"name": "name"})]


@harness.shared
def front():
    with shop.server().connect() as session:
        session.query(EXTRA)
        session.terminate()
    return shop.front("within", more={"personal_data": PERSONAL})


def extended(sql, formats=(), limit=0):
    return wire.parse(sql) + wire.bind(results=formats) + wire.describe() + wire.execute(limit) + wire.execute() + wire.SYNC


def ways(sql):
    """How a text can be asked."""
    yield "simple", wire.query(sql)
    if ";" not in sql:
        yield "extended", extended(sql)
        yield "binary", extended(sql, (1,))
        yield "in parts", extended(sql, (), 3)
        yield "undescribed", wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC


def heard(address, name, data):
    """All messages, without what differs from session to session."""
    said = []
    with wire.login(address, user="app", application_name=name) as session:
        session.send(data)
        while True:
            kind, body = session.receive()
            if kind == "E":
                body = {key: value for key, value in wire.read_fields(body).items() if key in "SCMDHPpq"}
            if kind == "T":
                body = wire.read_columns(body)
            said.append((kind, body))
            if kind == "Z":
                break
        session.terminate()
    return said


def first_difference(one, other):
    for left, right in zip(one, other):
        if left != right:
            return f"{str(left)[:300]}\n    but {str(right)[:300]}"
    return None if len(one) == len(other) else f"{len(one)} messages, but {len(other)}"


@test(gateway=True, limit=300)
def test_within():
    """What comes is the same with keys from further inside, and whom the ledger names are those who were shown"""
    problems, cases = [], []
    texts = [("exact", sql) for sql in EXACT] + [("bounded", sql) for sql in BOUNDED] + [("failing", sql) for sql in FAILING]
    front()
    for number, (sort, sql) in enumerate(texts):
        for way, data in ways(sql):
            name = f"{sort} {number} {way}"
            direct = heard(shop.server().address, name, data)
            through = heard(front().address, name, data)
            difference = first_difference(direct, through)
            if difference:
                problems.append(f"{name}: {sql}\n    {difference}")
            if (sort == "failing") != any(kind == "E" for kind, _ in direct):
                problems.append(f"{name}: {sql}: {direct[-2:]}")
            seen = {next(filter(None, found)).decode() for kind, body in through if kind == "D" for found in SEEN.findall(body)}
            cases.append((name, sort, sql, seen))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, sort, sql, seen in cases:
        shown = said[name]
        keys = shown.keys["customer"]
        if sort == "exact" and (keys != seen or shown.unknown or shown.flags or not seen):
            problems.append(f"{name}: {sql}\n    {len(seen)} seen, {len(keys)} named, {shown.unknown} unknown, {shown.flags}")
        if len(seen - keys) > shown.unknown:
            problems.append(f"{name}: {sql}: SHOWN UNCOUNTED")
        if keys - seen:
            problems.append(f"{name}: {sql}: {len(keys - seen)} named, not shown")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:30])


if __name__ == "__main__":
    harness.main()
