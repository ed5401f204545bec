#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Views that do not show the key, read through: what comes is what comes without pasu, byte by byte, and the
ledger names just those whose names came. Where that is not proven, the view is read as it is, and bound."""
import re
import struct

import harness
import postgres
import shop
from stage import test
import wire

SEEN = re.compile(rb"[Kk]im-(-?\d+)|item \d of (-?\d+)|010-(-?\d+)")

EXTRA = """
CREATE VIEW contact AS SELECT name AS who, phone AS tel FROM customers;
CREATE VIEW nested AS SELECT w.who || ' / ' || coalesce(w.tel, '') AS line FROM contact w;
CREATE VIEW renamed (a, b, c) AS SELECT lower(name), grade, region FROM customers WHERE grade IN (1, 3) AND name LIKE 'Kim%';
CREATE VIEW "Odd ""one" AS SELECT name AS who FROM customers;
CREATE VIEW odd AS SELECT name AS "Wh o's" FROM customers;
CREATE VIEW joined AS SELECT o.item, c.region FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.grade < 3;
CREATE VIEW outer_joined AS SELECT c.name, o.item FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.amount > 3;
CREATE VIEW typed AS SELECT name::varchar(5) AS v, CASE WHEN grade > 2 THEN name END AS n FROM customers;
CREATE VIEW cased AS SELECT CASE WHEN grade > 2 THEN name ELSE NULL::text END AS n, grade FROM customers;
CREATE VIEW keyed AS SELECT id AS k, name FROM customers;
CREATE VIEW over_keyed AS SELECT k.name AS who FROM keyed k;
CREATE VIEW own.contact AS SELECT name AS who FROM public.customers WHERE grade = 1;
CREATE VIEW barrier WITH (security_barrier) AS SELECT name AS who FROM customers;
CREATE VIEW over_barrier AS SELECT who FROM barrier;
CREATE VIEW checked AS SELECT name AS who FROM customers WITH CHECK OPTION;
CREATE VIEW invoked WITH (security_invoker = true) AS SELECT name AS who FROM customers;
CREATE VIEW distinct_names AS SELECT DISTINCT name AS who FROM customers;
CREATE VIEW first_names AS SELECT name AS who FROM customers ORDER BY id LIMIT 10;
CREATE VIEW grouped AS SELECT region, min(name) AS who FROM customers GROUP BY region;
CREATE VIEW united AS SELECT name AS who FROM customers UNION ALL SELECT title FROM products;
CREATE VIEW failing AS SELECT name AS who, 1 / (grade - 1) AS x FROM customers;
CREATE VIEW whole AS SELECT c AS row FROM customers c;
CREATE VIEW with_products AS SELECT c.name AS who, p.title FROM customers c, products p WHERE p.id = 1;
CREATE FUNCTION own.mine(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE VIEW calling AS SELECT own.mine(name) AS who FROM customers;
CREATE RECURSIVE VIEW recursive (who, n) AS SELECT name, 1 FROM customers UNION ALL SELECT who, n + 1 FROM recursive WHERE n < 1;
CREATE MATERIALIZED VIEW stored AS SELECT name AS who FROM customers;
CREATE TABLE guarded (id bigint, name text);
INSERT INTO guarded SELECT id, name FROM customers;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON guarded USING (id > 3000);
CREATE VIEW of_guarded AS SELECT name AS who FROM guarded;
CREATE VIEW closed AS SELECT name AS who FROM customers;
CREATE VIEW half AS SELECT name AS who, phone AS tel FROM customers;
CREATE VIEW hidden AS SELECT name AS who FROM locked;
GRANT SELECT ON ALL TABLES IN SCHEMA public, own TO app;
REVOKE SELECT ON closed, locked FROM app;
REVOKE SELECT ON half FROM app;
GRANT SELECT (who) ON half TO app;
"""
if postgres.MAJOR < 15:  # it has no such views: one as any other stands for it
    EXTRA = EXTRA.replace(" WITH (security_invoker = true)", "")
BEFORE = """
CREATE SCHEMA own;
GRANT USAGE ON SCHEMA own TO app;
CREATE TABLE locked (id bigint, name text);
INSERT INTO locked SELECT id, name FROM customers;
"""
PERSONAL = shop.CONFIG["personal_data"] + [shop.personal("guarded", "customer", "id", {"name": "name"}),
                                            shop.personal("locked", "customer", "id", {"name": "name"})]

# Of these the ledger names everybody who is shown, and nobody else.
EXACT = (
    "SELECT tel, who FROM public.contact",
    "SELECT line FROM nested LIMIT 40",
    "SELECT line AS l, line || '!' AS m, 1 AS one FROM nested WHERE line LIKE '%7%' ORDER BY 1 DESC LIMIT 7",
    "SELECT x.line FROM nested AS x ORDER BY x.line COLLATE \"C\" OFFSET 3",
    "SELECT * FROM nested",
    "SELECT n.* FROM nested n WHERE line > 'Kim-3'",
    "SELECT y FROM nested AS n(y)",
    "SELECT * FROM nested n(y)",
    "SELECT a, b FROM renamed",
    "SELECT * FROM renamed ORDER BY 3, 2, 1",
    "SELECT r.a FROM renamed r WHERE r.b = 3 AND r.c IN ('north', 'south')",
    "SELECT item FROM joined WHERE item > ''",
    "SELECT j.item, row_number() OVER (ORDER BY item) FROM joined j WHERE item > '' ORDER BY 2 LIMIT 20",
    "SELECT name FROM outer_joined WHERE item > 'item 3'",
    "SELECT \"Wh o's\" FROM odd",
    "SELECT odd.\"Wh o's\" FROM odd WHERE \"Wh o's\" < 'Kim-2'",
    "SELECT n FROM cased WHERE n > '' AND grade = 4",
    "SELECT who FROM over_keyed",
    "SELECT who FROM own.contact",
    "SELECT s.l FROM (SELECT line AS l FROM nested WHERE line > 'Kim-3') s ORDER BY 1",
    "SELECT s.* FROM (SELECT line, line || '?' AS q FROM nested) s(a, b) LIMIT 5",
    "WITH w AS (SELECT line AS l FROM nested LIMIT 9) SELECT l FROM w",
    "SELECT line FROM nested WHERE line IN (SELECT name || ' / ' FROM customers)",
    "SELECT line, (SELECT count(*) FROM products) FROM nested LIMIT 8",
    "BEGIN; SELECT line FROM nested; COMMIT",
    "SELECT 1; SELECT line FROM nested LIMIT 3; SELECT item FROM joined WHERE item > '' ORDER BY item LIMIT 2",
    "COPY (SELECT line FROM nested LIMIT 40) TO STDOUT",
    "COPY (SELECT * FROM nested WHERE line > 'Kim-3') TO STDOUT (FORMAT csv)",
)
# Of these it need not name everybody, but whoever it names was shown, and nobody is left out.
BOUNDED = (
    "SELECT who FROM contact",  # two of that name
    "SELECT who FROM \"Odd \"\"one\"",
    "SELECT * FROM typed",
    "SELECT who FROM barrier",
    "SELECT who FROM over_barrier",
    "SELECT who FROM checked",
    "SELECT who FROM invoked",
    "SELECT who FROM distinct_names",
    "SELECT who FROM first_names",
    "SELECT who FROM grouped",
    "SELECT who FROM united",
    "SELECT who FROM failing WHERE who < 'A'",
    "SELECT row FROM whole LIMIT 3",
    "SELECT who FROM with_products",
    "SELECT who FROM calling",
    "SELECT who FROM recursive",
    "SELECT who FROM stored",
    "SELECT who FROM of_guarded",
    "SELECT who FROM half",
    "SELECT who FROM hidden",
    "SELECT nested::text FROM nested",
    "SELECT nested FROM nested",
    "SELECT n.*::text FROM nested n",
    "SELECT to_json(n), pg_typeof(n) FROM nested n",
    "SELECT (nested).line FROM nested",
    "SELECT line(nested) FROM nested",
    "SELECT nested.nested FROM nested",
    "SELECT public.nested.line FROM nested",
    "SELECT public.nested.* FROM public.nested",
    "SELECT line FROM nested FOR UPDATE",
    "SELECT line FROM nested FOR SHARE OF nested",
    "SELECT line FROM ONLY nested",
    "SELECT line FROM nested *",
    "SELECT line FROM nested, products WHERE products.id = 1",
    "SELECT a.line FROM nested a JOIN nested b ON a.line = b.line",
    "SELECT line FROM nested UNION ALL SELECT title FROM products",
    "SELECT DISTINCT line FROM nested",
    "SELECT line, count(*) FROM nested GROUP BY 1",
    "SELECT string_agg(line, ',') FROM nested",
    "SELECT title FROM products WHERE title IN (SELECT line FROM nested) OR id = 1",
    "SELECT (SELECT max(line) FROM nested) FROM products",
    "BEGIN; DECLARE c CURSOR FOR SELECT line FROM nested; FETCH 3 FROM c; COMMIT",
    "BEGIN; DECLARE c CURSOR FOR SELECT line FROM nested; FETCH 3 FROM c; UPDATE customers SET grade = grade WHERE CURRENT OF c; ROLLBACK",
    "BEGIN; UPDATE checked SET who = who WHERE who = 'Kim-1007' RETURNING who; ROLLBACK",
    "BEGIN; INSERT INTO products SELECT 90000, line, 1 FROM nested LIMIT 1 RETURNING title; ROLLBACK",
    "BEGIN; WITH d AS (DELETE FROM products WHERE id = 1 RETURNING id) SELECT line FROM nested; ROLLBACK",
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT line FROM nested; COMMIT",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT * FROM renamed; COMMIT",
    "BEGIN; CREATE TEMP VIEW nested AS SELECT name AS line FROM customers; SELECT line FROM nested; ROLLBACK",
    "BEGIN; CREATE TEMP TABLE nested (line text, more int); INSERT INTO nested SELECT name FROM customers;"
    " SELECT * FROM nested; ROLLBACK",
    "SET search_path = own, public; SELECT who FROM contact",
    "PREPARE p AS SELECT line FROM nested; EXECUTE p; DEALLOCATE p",
    "EXPLAIN (COSTS off) SELECT line FROM nested",
)
# Errors, with their places and hints, are those of the client's text.
FAILING = (
    "SELECT who FROM closed",
    "SELECT tel FROM half",
    "SELECT lien FROM nested",
    "SELECT n.lin FROM nested n",
    "SELECT line FROM nested n(a, b)",
    "SELECT nested.line FROM nested n",
    "SELECT line FROM nested ORDER BY 2",
    "SELECT ctid FROM nested",
    "SELECT nested.tableoid FROM nested",
    "SELECT pasu_key_1 FROM nested",
    "SELECT line::int FROM nested",
    "SELECT line FROM nested TABLESAMPLE SYSTEM (50)",
    "SELECT line FROM nested WHERE line = 1",
)


@harness.shared
def front():
    with shop.server().connect() as session:
        session.query(BEFORE + EXTRA)
        session.terminate()
    return shop.front("views", more={"personal_data": PERSONAL})


def extended(sql, formats=(), limit=0):
    return wire.parse(sql) + wire.bind(results=formats) + wire.describe() + wire.execute(limit) + wire.execute() + wire.SYNC


def ways(sql):
    """How a text can be asked."""
    yield "simple", wire.query(sql)
    if ";" not in sql and not sql.startswith("COPY"):
        yield "extended", extended(sql)
        yield "binary", extended(sql, (1,))
        yield "in parts", extended(sql, (), 3)
        yield "undescribed", wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC
        yield "statement", wire.parse(sql, "s") + wire.describe("S", "s") + wire.bind(name="s") + wire.execute() + wire.SYNC


def columns(body, is_blurred):
    """What a RowDescription says; a temporary table has another number each time."""
    (count,), at, said = struct.unpack_from("!H", body), 2, []
    for _ in range(count):
        name, at = wire.read_text(body, at)
        table, *rest = struct.unpack_from("!IhIhih", body, at)
        at += 18
        said.append((name, min(table, 16384) if is_blurred else table, *rest))
    assert at == len(body)
    return said


def heard(address, name, data, is_blurred=False):
    """All messages, without what differs from session to session."""
    said = []
    with wire.login(address, user="app", application_name=name) as session:
        session.send(data)
        while True:
            kind, body = session.receive()
            if kind == "E":
                body = {key: value for key, value in wire.read_fields(body).items() if key in "SCMDHPpq"}
            if kind == "T":
                body = columns(body, is_blurred)
            said.append((kind, body))
            if kind == "Z":
                break
        session.terminate()
    return said


def difference(one, other):
    for left, right in zip(one, other):
        if left != right:
            return f"{str(left)[:300]}\n    but {str(right)[:300]}"
    return None if len(one) == len(other) else f"{len(one)} messages, but {len(other)}"


def keys_in(messages):
    return {next(filter(None, found)).decode() for kind, body in messages if kind in "Dd" for found in SEEN.findall(body)}


def judge(name, sort, sql, seen, shown):
    """What is wrong with what the ledger says."""
    keys = shown.keys["customer"]
    if sort == "exact" and (keys != seen or shown.unknown or shown.flags - {"copy"} or not seen):
        yield f"{name}: {sql}\n    {len(seen)} seen, {len(keys)} named, {shown.unknown} unknown, {shown.flags}"
    if len(seen - keys) > shown.unknown:
        yield f"{name}: {sql}: SHOWN UNCOUNTED"
    if keys - seen:
        yield f"{name}: {sql}: {len(keys - seen)} named, not shown"


@test(gateway=True, limit=300)
def test_views():
    """What comes is the same where views are read through, and whom the ledger names are those who were shown"""
    problems, cases = [], []
    texts = [("exact", sql) for sql in EXACT] + [("bounded", sql) for sql in BOUNDED] + [("failing", sql) for sql in FAILING]
    front()
    for number, (sort, sql) in enumerate(texts):
        for way, data in ways(sql):
            name = f"{sort} {number} {way}"
            direct = heard(shop.server().address, name, data, "TEMP" in sql)
            through = heard(front().address, name, data, "TEMP" in sql)
            if difference(direct, through):
                problems.append(f"{name}: {sql}\n    {difference(direct, through)}")
            if sort != "bounded" and (sort == "failing") != any(kind == "E" for kind, _ in direct):
                problems.append(f"{name}: {sql}: {direct[-2:]}")
            cases.append((name, sort, sql, keys_in(through)))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, sort, sql, seen in cases:
        if name in said or seen:
            problems.extend(judge(name, sort, sql, seen, said[name]))
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:40])


# What others do to the catalog behind the gateway's back, after a statement was prepared: the rows are those that the
# server itself has for the text, whatever is known by then.
CHANGES = (
    "CREATE OR REPLACE VIEW turned AS SELECT 'nobody' AS who, 'x' AS other, 'y' AS number",
    "CREATE OR REPLACE VIEW turned AS SELECT other AS who, other, number, 1 AS more FROM below",
    "CREATE OR REPLACE VIEW below AS SELECT other AS name, name AS other, lower(name) AS number FROM turning",
    "ALTER TABLE turning RENAME name TO was; ALTER TABLE turning RENAME other TO name; ALTER TABLE turning RENAME was TO other",
    "ALTER TABLE turning RENAME TO gone; ALTER TABLE twin RENAME TO turning",
    "ALTER SCHEMA turns RENAME TO gone; ALTER SCHEMA twins RENAME TO turns",
    "ALTER VIEW turned RENAME who TO was; ALTER VIEW turned RENAME other TO who",
    "ALTER VIEW turned RENAME TO gone; CREATE VIEW turned AS SELECT 'nobody' AS who, 'x' AS other, 'y' AS number;"
    " GRANT SELECT ON turned TO app",
    "DROP VIEW turned; CREATE VIEW turned AS SELECT name AS who, other, name AS number FROM turning WHERE id < 2000;"
    " GRANT SELECT ON turned TO app",
    "CREATE VIEW before.turned AS SELECT 'nobody' AS who, 'x' AS other, 'y' AS number; GRANT SELECT ON before.turned TO app",
    "ALTER VIEW turned SET (security_barrier)",
    "ALTER VIEW turned SET (security_invoker = true); REVOKE SELECT ON below FROM app",
    "ALTER TABLE turning ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE turning ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON turning TO app USING (id > 2500)",
    "REVOKE SELECT ON turned FROM app",
    "REVOKE SELECT ON turning FROM maker",
    "DROP VIEW turned",
    "DELETE FROM turning WHERE id > 2000",
)
if postgres.MAJOR < 15:
    CHANGES = tuple(change for change in CHANGES if "security_invoker" not in change)
TURNS = """
CREATE SCHEMA before; CREATE SCHEMA turns; CREATE SCHEMA twins;
GRANT USAGE ON SCHEMA before, turns, twins TO app, maker;
CREATE TABLE turning (id bigint, name text, other text);
INSERT INTO turning SELECT id, name, 'not ' || id FROM public.customers WHERE id BETWEEN 1000 AND 3000 ORDER BY id;
CREATE TABLE turns.turning (id bigint, name text, other text);
INSERT INTO turns.turning SELECT * FROM turning;
CREATE TABLE twin (id bigint, name text, other text);
INSERT INTO twin SELECT id + 7, 'twin', 'twin' FROM turning;
CREATE TABLE twins.turning (id bigint, name text, other text);
INSERT INTO twins.turning SELECT * FROM twin;
CREATE VIEW below AS SELECT name, other, lower(name) AS number FROM {0}.turning;
GRANT SELECT ON ALL TABLES IN SCHEMA public, turns, twins TO app, maker;
ALTER VIEW below OWNER TO maker;
CREATE VIEW turned AS SELECT name AS who, other, number FROM below WHERE number > '';
ALTER VIEW turned OWNER TO maker;
GRANT SELECT ON turned TO app;
"""
MANY = "SELECT who FROM turned"


def rows_of(session, data):
    session.send(data)
    said = []
    while True:
        kind, body = session.receive()
        if kind == "E":
            body = wire.read_fields(body)["C"]
        said.append((kind, body))
        if kind == "Z":
            return [one for one in said if one[0] in "DE"]


class Turning:
    """A database with what is changed, a session through the gateway that has prepared a statement, and the truth."""

    def __init__(self, number, change):
        self.name, self.change = f"turn{number}", change
        shop.server().sql(f"CREATE DATABASE {self.name} TEMPLATE turnable")
        with wire.login(shop.server().address, database=self.name) as session:
            session.query(TURNS.format("turns" if "SCHEMA" in change else "public"))
            session.query(f"ALTER DATABASE {self.name} SET search_path = before, public")
            session.terminate()

    def through(self):
        return wire.login(turning_front().address, user="app", database=self.name, application_name=self.name)

    def play(self):
        """What is other than it is without pasu."""
        prepare = wire.parse(MANY, "s") + wire.bind(name="s") + wire.execute() + wire.SYNC
        again = wire.bind(name="s") + wire.execute() + wire.SYNC
        with self.through() as one, self.through() as other, \
                wire.login(shop.server().address, user="app", database=self.name) as direct:
            before = rows_of(direct, prepare)
            seen = [rows_of(one, prepare), rows_of(other, wire.query(MANY))]
            with wire.login(shop.server().address, database=self.name) as owner:
                assert not owner.query(self.change).code
                owner.terminate()
            turned = [rows_of(one, again), rows_of(other, wire.query(MANY)), rows_of(one, again)]
            after = rows_of(direct, again), rows_of(direct, wire.query(MANY))
            for session in (one, other, direct):
                session.terminate()
        assert before and seen == [before, before], self.change
        for got, wanted in zip(turned, (after[0], after[1], after[0])):
            if got != wanted:
                yield f"{self.change}: {len(wanted)} {str(wanted)[:200]}\n    but {len(got)} {str(got)[:200]}"


@harness.shared
def turning_front():
    shop.server().sql("CREATE ROLE maker")
    shop.server().sql("CREATE DATABASE turnable TEMPLATE template0")
    with wire.login(shop.server().address, database="turnable") as session:
        session.query("CREATE TABLE customers AS SELECT 1000 + 7 * i AS id, 'Kim-' || 1000 + 7 * i AS name FROM generate_series(1, 400) i")
        session.terminate()
    tables = ["turning", "twin"]
    more = [shop.personal(table, "customer", "id", {"name": "name", "other": "name"}) for table in tables]
    more += [{**one, "table": f"{schema}.turning"} for one in more[:1] for schema in ("turns", "twins")]
    return shop.front("turning", more={"personal_data": shop.CONFIG["personal_data"] + more})


@test(gateway=True, limit=300)
def test_turns():
    """Whatever becomes of a view and of what it reads, behind the gateway's back: the rows are the server's own"""
    turning_front()
    problems = [problem for number, change in enumerate(CHANGES) for problem in Turning(number, change).play()]
    assert not problems, f"{len(problems)}\n" + "\n".join(problems)


if __name__ == "__main__":
    harness.main()
