#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shapes of statements that could be misread: keys that are not those of the row beside them, conditions
that only look as if they fixed a key, rows too long to be held. Every name carries its person's key, so
what arrived tells whom it showed."""
import re

import harness
import shop
from stage import test
import wire

SEEN = re.compile(rb"Kim-(-?\d+)|user(-?\d+)@")
ONE = "SELECT name FROM customers WHERE grade = 1"

GUESSES = "(SELECT 'user' || 1000 + 7 * g || '@example.com' AS e FROM generate_series(1, 100) g)"
# What must be exact.
EXACT = (
    "SELECT id, name, repeat('x', 3000000) FROM customers ORDER BY id LIMIT 5",
    "SELECT name, repeat('x', 3000000) FROM customers ORDER BY id LIMIT 5",
    "SELECT id::text AS id, name FROM customers WHERE grade = 1",
    "SELECT id + 1 AS id, name FROM customers WHERE grade = 1",
    "SELECT a.id, b.name FROM customers a, customers b WHERE b.id = 1350",
    "SELECT name FROM customers WHERE id = 1350 OR grade = 1",
    "SELECT name FROM customers WHERE NOT (id = 1350)",
    "SELECT b.name FROM customers a LEFT JOIN customers b ON b.id <> 1350 WHERE a.id = 1350",
    "SELECT name FROM customers WHERE CASE WHEN true THEN true ELSE id = 1350 END",
    "SELECT name FROM customers WHERE (id = 1350) IS NOT NULL",
    "SELECT name FROM customers WHERE id = 1350.0",
    "SELECT name FROM customers WHERE id = (SELECT max(id) FROM customers)",
    "SELECT name FROM customers WHERE id = ANY ('{1350, 1357}')",
    "SELECT name FROM customers WHERE id NOT IN (1350)",
    "SELECT name FROM customers WHERE id <> ALL ('{1350}')",
    "SELECT name FROM customers WHERE (id, grade) = (1350, 0) OR true",
    "SELECT name FROM customers ORDER BY 1 USING >",
    "SELECT name FROM customers ORDER BY grade FETCH FIRST 3 ROWS WITH TIES",
    "SELECT name /* ; */ FROM customers -- x\n WHERE grade = 1",
    "SELECT id, name FROM customers GROUP BY id",
    "SELECT DISTINCT ON (grade) id, name FROM customers",
    "SELECT id, a.name, b.email FROM customers a JOIN customers b USING (id)",
    "SELECT v.id, c.name FROM (VALUES (1350)) v(id), customers c",
    "SELECT name FROM customers TABLESAMPLE SYSTEM (100)",
    "BEGIN; SELECT name FROM customers WHERE grade = 1 FOR UPDATE; ROLLBACK",
    ";".join([ONE] * 40),
)
# What may be a bound, but not less than what was shown.
BOUNDED = (
    "SELECT id, max(name) FROM customers GROUP BY ROLLUP (id)",
    "SELECT id, lag(name) OVER (ORDER BY id) FROM customers",
    "SELECT id, name FROM customers WHERE id = 1350 UNION ALL SELECT id + 7, name FROM customers",
    "SELECT * FROM (SELECT id, grade FROM customers) a CROSS JOIN (SELECT name FROM customers LIMIT 3) b",
    "SELECT s.id, s.name FROM (SELECT id + 7 AS id, name FROM customers) s",
    "CREATE TEMP VIEW v AS SELECT id + 7 AS id, name FROM customers; SELECT id, name FROM v; DROP VIEW v",
    "SELECT c.id, o.* FROM customers c, LATERAL (SELECT name FROM customers d WHERE d.id > c.id ORDER BY d.id LIMIT 1) o",
    "BEGIN; UPDATE customers c SET grade = c.grade FROM customers d WHERE d.id = c.id + 7 RETURNING c.id, d.name; ROLLBACK",
    "SELECT set_config('application_name', (SELECT name FROM customers WHERE id = 1350), false)",
    f"BEGIN; DECLARE c CURSOR WITH HOLD FOR {ONE}; COMMIT; FETCH 10 FROM c; CLOSE c",
    f"BEGIN; DECLARE c SCROLL CURSOR FOR {ONE}; MOVE ALL FROM c; FETCH BACKWARD 10 FROM c; ROLLBACK",
    "DO $$ BEGIN PERFORM set_config('a.b', (SELECT string_agg(name, ',') FROM customers), false); END $$; SHOW a.b",
    "DO $$ BEGIN EXECUTE format('CREATE TEMP TABLE n (%I int)', (SELECT name FROM customers WHERE id = 1350)); END $$;"
    "SELECT * FROM n; DROP TABLE n",
    # one person's key stands beside another's row
    "SELECT c2.email FROM customers c1, customers c2 WHERE c1.id = 1350 AND c1.email <> c2.email",
    "SELECT c2.name FROM customers c1 JOIN customers c2 ON c1.name >= c2.name WHERE c1.id = 1350",
    "SELECT (c).*, x.name FROM customers c, (SELECT name FROM customers) x WHERE c.id = 1350",
    "SELECT c.name FROM (customers c JOIN products p ON c.id = 1350 AND p.id = 1) AS j, customers c",
    "SELECT o.customer_id, c.name FROM (orders o JOIN customers c ON o.customer_id = c.id AND c.id = 1350) AS j,"
    " orders o, customers c WHERE o.id = 1",
    "SELECT j.name FROM (unnest(ARRAY[]::text[]) AS name FULL JOIN (SELECT name FROM customers) c USING (name)) j",
    "SELECT b || '' FROM (SELECT * FROM unnest(ARRAY['x']), (SELECT email FROM customers) q) z(a, b)",
    "BEGIN; INSERT INTO products SELECT 100000 + row_number() OVER (), name, 1 FROM customers RETURNING (products).*; ROLLBACK",
    # aggregates with a query inside
    "SELECT string_agg(c.name || (SELECT p.title FROM products p WHERE p.id = 1), ',') FROM customers c",
    "SELECT array_agg(c.name) FILTER (WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id)) FROM customers c",
    "BEGIN; DECLARE q CURSOR FOR SELECT string_agg(c.name || (SELECT p.title FROM products p WHERE p.id = 1), ',')"
    " FROM customers c; FETCH ALL FROM q; ROLLBACK",
    # values that come back because they are equal to somebody's
    f"SELECT v.e FROM {GUESSES} v JOIN customers c ON c.email = v.e",
    f"SELECT c.id, e FROM customers c LEFT JOIN {GUESSES} v ON v.e = c.email",
    f"SELECT email FROM {GUESSES} v(email) JOIN customers USING (email)",
    f"SELECT v.e FROM {GUESSES} v WHERE EXISTS (SELECT FROM customers c WHERE c.email = v.e)",
    f"CREATE TEMP TABLE g AS SELECT e FROM {GUESSES} v; SELECT g.e FROM g JOIN customers c ON c.email = g.e; DROP TABLE g",
    f"SELECT v.e FROM {GUESSES} v WHERE v.e IN (SELECT email FROM customers)",
    f"SELECT j.e FROM ({GUESSES} v JOIN (SELECT email AS f FROM customers) c ON NOT (c.f <> v.e)) AS j",
)
# Errors that show values.
FAILING = (
    "SELECT name::int FROM customers WHERE id = 1350",
    "SELECT quote_ident(name)::regclass FROM customers WHERE id = 1350",
    "SELECT name::regtype FROM customers WHERE id = 1350",  # at a place in the value, not in the statement's text
)


def burst(first, text, *last):
    """A statement, then what follows it without waiting for answers."""
    return [first + wire.SYNC, text + b"".join(last) + wire.SYNC]


RUN = wire.bind(name="x") + wire.execute()
# Names that come to mean something else while requests are on their way.
BURSTS = {
    "closed and parsed anew": burst(wire.parse("SELECT title FROM products", "x"), wire.close("S", "x"), wire.parse(ONE, "x"), RUN),
    "all deallocated": burst(wire.parse("SELECT title FROM products", "x"), wire.query("DEALLOCATE ALL"), wire.parse(ONE, "x"), RUN),
    "cursor after its transaction": [wire.query(f"BEGIN; DECLARE x CURSOR WITH HOLD FOR {ONE}; COMMIT"),
                                     wire.execute(7, "x") + wire.SYNC, wire.describe("P", "x") + wire.execute(0, "x") + wire.SYNC,
                                     wire.query("CLOSE x")],
    "prepared by SQL after what shows nobody": burst(wire.parse("SELECT title FROM products", "x"),
                                                     wire.query(f"DEALLOCATE x; PREPARE x AS {ONE}"), RUN),
    "prepared by SQL": burst(wire.parse(ONE, "x"), wire.query(f"DEALLOCATE x; PREPARE x AS {ONE}"), RUN),
}


@harness.shared
def front():
    return shop.front("shapes")


def play(name, sends, fails=False):
    """Whom the client saw."""
    seen = set()
    with front().login(application_name=name) as session:
        for data in sends:
            session.send(data)
        session.send(wire.query("SELECT 'end'"))
        while True:
            kind, body = session.receive()
            if kind == "E" and not fails:
                raise wire.ServerError(wire.read_fields(body))
            if kind == "D" and body.endswith(b"end"):
                break
            seen |= {(one or other).decode() for one, other in SEEN.findall(body)}
        session.terminate()
    return seen


@test(gateway=True)
def test_fields_that_a_statement_writes_elsewhere():
    """A field that the statement itself puts into another column comes back as that field"""
    with front().login(application_name="written") as session:
        rows = session.query("BEGIN; UPDATE customers SET address = email WHERE id < 1100 RETURNING address; ROLLBACK").rows
        assert any("@" in row[0] for row in rows)
        session.terminate()
    front().guard.until_sessions(0)
    assert {"email", "address"} <= set(shop.export(front())["written"].fields)


@test(gateway=True)
def test_shapes():
    """Whoever was shown is counted: by key where the statement allows it, never by another's key"""
    cases = [(f"exact {n}", sql, [wire.query(sql)], True) for n, sql in enumerate(EXACT)]
    cases += [(f"exact {n}, extended", sql, [wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC], True)
              for n, sql in enumerate(EXACT) if ";" not in sql.replace("/* ; */", "")]
    cases += [(f"bounded {n}", sql, [wire.query(sql)], False) for n, sql in enumerate(BOUNDED)]
    cases += [(f"burst {name}", name, sends, False) for name, sends in BURSTS.items()]
    cases += [(f"failing {n}", sql, [wire.query(sql)], False) for n, sql in enumerate(FAILING)]
    seen = {name: play(name, sends, fails=name.startswith("failing")) for name, _, sends, _ in cases}
    front().guard.until_sessions(0)
    said = shop.export(front())
    problems = []
    for name, what, _, is_exact in cases:
        shown, keys = said[name], said[name].keys["customer"]
        if not seen[name]:
            problems.append(f"{what[:200]}: shows nobody")
        elif len(seen[name] - keys) > shown.unknown:
            problems.append(f"{what[:200]}: {len(seen[name] - keys)} SHOWN UNCOUNTED")
        elif is_exact and (keys != seen[name] or shown.unknown or shown.flags):
            problems.append(f"{what[:200]}: {len(seen[name])} seen, {len(keys)} named, {shown.unknown} unknown, {shown.flags}")
    assert not problems, "\n" + "\n".join(problems)


if __name__ == "__main__":
    harness.main()
