#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What PostgreSQL 16, 17 and 18 have and the parser does not know, or takes for something else: whoever is shown by it lies
within what the ledger says, the answer is the server's own, and nobody else is named. It is run with each of these servers
(PASU_E2E_SERVER)."""
import harness
import postgres
import shop
from stage import test
from test_groups import ask, seen_in
import wire

SCHEMA = """
CREATE TABLE papers (id bigint PRIMARY KEY, customer_id bigint NOT NULL, doc jsonb NOT NULL);
INSERT INTO papers SELECT row_number() OVER (ORDER BY id), id, jsonb_build_object('n', name, 'tags', jsonb_build_array('x', email)) FROM customers;
CREATE TABLE shelf (v text); CREATE TABLE own (id bigint, name text);
CREATE MATERIALIZED VIEW stored AS SELECT name AS who FROM customers;
CREATE FUNCTION public.json_array(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION public.json(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT name FROM public.customers WHERE id = $1::bigint';
CREATE FUNCTION public.json_scalar(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION public.json_arrayagg(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE SCHEMA other; CREATE VIEW other.products AS SELECT id, name AS title, grade AS price FROM public.customers;
CREATE TABLE heirs (id bigint PRIMARY KEY, name text);
INSERT INTO heirs SELECT id, name FROM customers WHERE grade = 1;
GRANT ALL ON ALL TABLES IN SCHEMA public TO app; GRANT USAGE ON SCHEMA other TO app; GRANT SELECT ON other.products TO app;
GRANT CREATE ON SCHEMA public TO app; ALTER TABLE heirs OWNER TO app; ALTER TABLE own OWNER TO app;
"""
SCHEMA_17 = """
CREATE VIEW tabled AS SELECT t.n FROM papers, JSON_TABLE(doc, '$' COLUMNS (n text PATH '$.n')) t;
CREATE FUNCTION newer() RETURNS SETOF text LANGUAGE sql AS $$ SELECT JSON_VALUE(doc, '$.n') FROM papers ORDER BY id LIMIT 9 $$;
CREATE FUNCTION atomic() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT JSON_VALUE(doc, '$.n') FROM papers ORDER BY id LIMIT 9; END;
GRANT SELECT ON tabled TO app;
"""
SCHEMA_18 = """
CREATE TABLE virtual (id bigint PRIMARY KEY, name text, loud text GENERATED ALWAYS AS (name || '!') VIRTUAL,
    twice text GENERATED ALWAYS AS (id::text) VIRTUAL);
INSERT INTO virtual (id, name) SELECT id, name FROM customers WHERE grade = 1;
CREATE VIEW of_virtual AS SELECT loud FROM virtual;
GRANT SELECT ON virtual, of_virtual TO app;
"""
PERSONAL = shop.CONFIG["personal_data"] + [shop.personal("papers", "customer", "customer_id", {"doc": "name"}),
                                           shop.personal("heirs", "customer", "id", {"name": "name"})]
IF_JSON = " AND name || 'x' IS NOT JSON"

# (since which version, statements): who is in the answer to the last one lies within what is said of all of them.
SHOWN = [
    (16, "SELECT name FROM customers WHERE name IS NOT JSON AND grade = 1"),
    (16, "SELECT id, name FROM customers WHERE name IS NOT JSON AND grade = 1"),
    (16, "SELECT name FROM customers WHERE id = 1350" + IF_JSON),
    (16, "SELECT name FROM customers WHERE id = 1_350"),
    (16, "SELECT name FROM customers WHERE id IN (0x546, 0b10000000000, 1_357)"),
    (16, "SELECT name FROM (SELECT name FROM customers WHERE grade = 1)"),
    (16, "SELECT any_value(name) FROM customers GROUP BY region"),
    (16, "SELECT any_value(name ORDER BY id) FILTER (WHERE grade = 1) FROM customers"),
    (16, "SELECT region, any_value(name) FROM customers GROUP BY DISTINCT ROLLUP (region), region"),
    (16, "SELECT array_sample(array_agg(name), 3) FROM customers"),
    (16, "SELECT array_shuffle(array_agg(name)) FROM customers WHERE grade = 2"),
    (16, "SELECT JSON_ARRAY(name, email) FROM customers WHERE id = 1350"),
    (16, "SELECT JSON_ARRAY(name, email NULL ON NULL) FROM customers WHERE id = 1350"),
    (16, "SELECT id, JSON_ARRAY(name, email NULL ON NULL) FROM customers WHERE grade = 1"),
    (16, "SELECT JSON_OBJECT('n': name, 'm' VALUE email ABSENT ON NULL) FROM customers WHERE grade = 1"),
    (16, "SELECT JSON_ARRAY(SELECT name FROM customers WHERE grade = 1 ORDER BY id)"),
    (16, "SELECT JSON_ARRAYAGG(name ORDER BY id) FROM customers WHERE grade = 1"),
    (16, "SELECT JSON_OBJECTAGG(id: name WITH UNIQUE KEYS) FROM customers WHERE grade = 1"),
    (16, "SELECT JSON_OBJECTAGG(name VALUE id) FROM customers WHERE grade = 1"),
    (16, "COPY (SELECT name FROM customers WHERE name IS NOT JSON) TO STDOUT"),
    (16, "BEGIN", "DECLARE c CURSOR FOR SELECT name FROM customers WHERE name IS NOT JSON", "FETCH 5 FROM c", "COMMIT"),
    (16, "PREPARE p AS SELECT name FROM customers WHERE name IS NOT JSON AND grade = 1", "EXECUTE p"),
    (16, "SELECT 1 WHERE '1' IS JSON; SELECT name FROM customers WHERE grade = 1"),
    (16, "SELECT 1 WHERE '1' IS JSON; SET search_path = other, public", "SELECT title FROM products"),
    (16, "SELECT 1 WHERE '1' IS JSON; CREATE TEMP VIEW products AS SELECT name AS title FROM customers", "SELECT title FROM products"),
    (16, "BEGIN; SELECT 1 WHERE '1' IS JSON; ALTER TABLE own RENAME TO gone; ALTER TABLE heirs RENAME TO own",
     "SELECT * FROM own", "ROLLBACK"),
    (16, "BEGIN", "CREATE TABLE wares AS SELECT name FROM customers WHERE name IS NOT JSON", "SELECT * FROM wares", "ROLLBACK"),
    (16, "BEGIN", "INSERT INTO shelf SELECT name FROM customers WHERE name IS NOT JSON", "SELECT v FROM shelf", "ROLLBACK"),
    (16, "BEGIN", "CREATE VIEW wares AS SELECT name FROM customers WHERE name IS NOT JSON", "SELECT * FROM wares", "ROLLBACK"),
    (16, "BEGIN", "CREATE FUNCTION pg_temp.f() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT name FROM customers WHERE name IS NOT JSON; END",
     "SELECT pg_temp.f()", "ROLLBACK"),
    # A function of one's own that has such a name is called only by its quotes: without them it is what the server knows.
    (16, "SELECT json_array(name, email) FROM customers WHERE grade = 1"),
    (17, "SELECT json_scalar(name) FROM customers WHERE id = 1350"),
    (16, "SELECT json_arrayagg(name) FROM customers WHERE grade = 1"),
    (17, "SELECT json_scalar(name) FROM customers WHERE grade = 1"),
    (17, "SELECT JSON_SCALAR(name) FROM customers WHERE grade = 1"),
    (17, "SELECT JSON_SERIALIZE(to_json(c)) FROM customers c WHERE grade = 1"),
    (17, "SELECT JSON(to_json(c)::text) FROM customers c WHERE grade = 1"),
    (17, "SELECT JSON(to_json(c)::text WITH UNIQUE KEYS) FROM customers c WHERE grade = 1"),
    (17, "SELECT JSON_VALUE(doc, '$.n') FROM papers WHERE id < 9"),
    (17, "SELECT JSON_VALUE(doc, '$.n' RETURNING text DEFAULT 'x' ON EMPTY) FROM papers WHERE id < 9"),
    (17, "SELECT customer_id, JSON_VALUE(doc, '$.n' DEFAULT 'x' ON EMPTY) FROM papers WHERE id < 9"),
    (17, "SELECT JSON_QUERY(doc, '$.tags[1]' WITH WRAPPER) FROM papers WHERE id < 9"),
    (17, "SELECT t.* FROM papers, JSON_TABLE(doc, '$' COLUMNS (n text PATH '$.n', NESTED PATH '$.tags[*]' COLUMNS (tag text PATH '$'))) t"),
    (17, "SELECT papers.customer_id, t.n FROM papers, JSON_TABLE(doc, '$' COLUMNS (n text PATH '$.n')) t WHERE papers.id < 9"),
    (17, "SELECT t.n FROM JSON_TABLE((SELECT jsonb_agg(doc) FROM papers), '$[*]' COLUMNS (n text PATH '$.n')) t"),
    (17, "SELECT n FROM tabled"),
    (17, "SELECT newer()"),
    (17, "SELECT * FROM atomic()"),
    (17, "MERGE INTO customers c USING (VALUES (1350), (1357)) v(id) ON c.id = v.id WHEN MATCHED THEN UPDATE SET grade = grade RETURNING c.name"),
    (17, "MERGE INTO customers c USING (VALUES (1350)) v(id) ON c.id = v.id WHEN MATCHED THEN UPDATE SET grade = grade"
     " RETURNING merge_action(), c.id, c.name"),
    (17, "MERGE INTO products p USING customers c ON p.id = c.grade + 1 WHEN MATCHED AND c.id = 1350 THEN UPDATE SET price = price RETURNING c.name"),
    (17, "WITH m AS (MERGE INTO customers c USING (VALUES (1350)) v(id) ON c.id = v.id WHEN MATCHED THEN DO NOTHING RETURNING c.*),"
     " n AS (SELECT name FROM customers WHERE grade = 1) SELECT * FROM n"),
    (17, "BEGIN", "MERGE INTO shelf s USING customers c ON false WHEN NOT MATCHED THEN INSERT VALUES (c.name) WHEN NOT MATCHED BY SOURCE THEN DELETE",
     "SELECT v FROM shelf", "ROLLBACK"),
    (17, "BEGIN", "MERGE INTO heirs h USING (VALUES (1)) v(i) ON false WHEN NOT MATCHED BY SOURCE THEN"
     " UPDATE SET name = (SELECT name FROM customers c WHERE c.id = h.id + 7)", "SELECT name FROM heirs", "ROLLBACK"),
    (17, "SELECT (now() AT LOCAL) IS NULL, name FROM customers WHERE grade = 1"),
    (18, "SELECT loud FROM virtual"),
    (18, "SELECT id, loud FROM virtual"),
    (18, "SELECT loud FROM of_virtual"),
    (18, "SELECT virtual FROM virtual"),
    (18, "COPY (SELECT loud FROM virtual) TO STDOUT"),
    (18, "COPY virtual TO STDOUT"),
    (18, "SELECT twice, name FROM virtual"),
    (18, "BEGIN", "ALTER TABLE heirs ADD loud text GENERATED ALWAYS AS (name || '!') VIRTUAL", "SELECT loud FROM heirs", "ROLLBACK"),
    (18, "BEGIN", "ALTER TABLE heirs ADD loud text GENERATED ALWAYS AS (name || '!')", "SELECT loud FROM heirs", "ROLLBACK"),
    (18, "BEGIN", "CREATE TABLE wares (id bigint, name text, loud text GENERATED ALWAYS AS (name || '!'))",
     "INSERT INTO wares SELECT id, name FROM customers", "SELECT loud FROM wares", "ROLLBACK"),
    (18, "BEGIN", "CREATE TABLE wares (who int8range, at int8range, v text, PRIMARY KEY (who, at WITHOUT OVERLAPS))",
     "INSERT INTO wares SELECT int8range(id, id + 1), int8range(1, 2), name FROM customers", "SELECT v FROM wares", "ROLLBACK"),
    (18, "COPY stored TO STDOUT"),
    (18, "SELECT array_reverse(array_agg(name)), array_sort(array_agg(email)) FROM customers WHERE grade = 1"),
    (18, "SELECT casefold(name) || name FROM customers WHERE grade = 1"),
    (18, "SELECT max(row(name, 1)) FROM customers WHERE grade = 1"),
    (18, "SELECT min(ARRAY[name]), max(name::bytea) FROM customers"),
]
# Nobody is shown, and nobody is named.
NOBODY = [(17, "SELECT json('1350')")]
# What comes back of rows as they were (18): the key that stands beside them need not be theirs.
OLD = [
    "UPDATE customers SET grade = grade WHERE id = 1350 RETURNING old.name",
    "UPDATE customers SET grade = grade WHERE grade = 1 RETURNING old.name, new.email",
    "UPDATE customers SET grade = grade WHERE grade = 1 RETURNING id, old.name",
    "UPDATE heirs SET id = id + 1000000 RETURNING id, old.name",
    "UPDATE heirs SET id = id + 1000000 RETURNING old.name",
    "UPDATE heirs SET id = id + 1000000 RETURNING new.id, old.name",
    "UPDATE heirs SET id = id + 1000000 RETURNING heirs.id, old.name, name",
    "UPDATE heirs SET id = id + 1000000 WHERE id > 2000 RETURNING heirs.id, old",
    "UPDATE heirs SET id = 3 WHERE id = 1357 RETURNING id, old.*",
    "UPDATE heirs SET id = 3 WHERE id = 1357 RETURNING to_jsonb(old), id",
    "UPDATE heirs SET id = id + 1000000, name = 'nobody' RETURNING id, name, old.name",
    "UPDATE heirs SET name = 'nobody' RETURNING id, old.name",
    "UPDATE heirs SET name = 'nobody' RETURNING old.name",
    "UPDATE heirs SET name = 'nobody' WHERE id = 1357 RETURNING old.name, new.name",
    "UPDATE heirs AS h SET name = NULL WHERE h.id = 1357 RETURNING old.name, h.name",
    "UPDATE heirs SET name = NULL RETURNING WITH (OLD AS o) o.name, id",
    "UPDATE heirs SET id = id + 1000000 RETURNING WITH (OLD AS o, NEW AS n) o.name, n.id",
    "DELETE FROM heirs RETURNING old.name",
    "DELETE FROM heirs RETURNING id, old.name",
    "DELETE FROM heirs WHERE id = 1357 RETURNING old.*",
    "DELETE FROM heirs RETURNING coalesce(new.name, old.name)",
    "INSERT INTO heirs VALUES (1357, 'nobody') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING old.name",
    "INSERT INTO heirs VALUES (1357, 'nobody') ON CONFLICT (id) DO UPDATE SET name = excluded.name, id = 3 RETURNING id, old.name",
    "INSERT INTO heirs VALUES (1357, 'nobody') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, old.*",
    "INSERT INTO heirs VALUES (1357, 'nobody') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING old",
    "WITH u AS (UPDATE heirs SET id = id + 1000000 RETURNING id AS k, old.name AS n) SELECT k, n FROM u",
    "WITH u AS (UPDATE heirs SET name = 'nobody' RETURNING id, old.name AS name) SELECT id, name FROM u",
    "MERGE INTO heirs h USING (VALUES (1357)) v(id) ON h.id = v.id WHEN MATCHED THEN UPDATE SET id = 3, name = 'nobody' RETURNING h.id, old.name",
    "MERGE INTO heirs h USING (VALUES (1357)) v(id) ON h.id = v.id WHEN MATCHED THEN DELETE RETURNING old.name",
    "UPDATE heirs SET id = c.id FROM customers c WHERE c.id = heirs.id + 14 RETURNING heirs.id, old.name",
    "UPDATE heirs SET id = heirs.id + 1000000 FROM customers old WHERE old.id = heirs.id + 7 RETURNING heirs.id, old.name",
    "BEGIN; UPDATE heirs SET id = id + 1000000 RETURNING (SELECT old.name), id; ROLLBACK",
    "UPDATE heirs SET id = id + 1000000 RETURNING (SELECT old.name || '?' FROM customers WHERE id = 1350), id",
    "PREPARE p AS UPDATE heirs SET id = id + 1000000 RETURNING id, old.name; EXECUTE p; DEALLOCATE p",
]


@harness.shared
def front():
    server = shop.server()
    server.sql(SCHEMA + (SCHEMA_17 if postgres.MAJOR >= 17 else "") + (SCHEMA_18 if postgres.MAJOR >= 18 else ""))
    more = [shop.personal("virtual", "customer", "id", {"name": "name"})] if postgres.MAJOR >= 18 else []
    return shop.front("newer", more={"personal_data": PERSONAL + more})


def by_message(text):
    return wire.parse(text) + wire.describe("S") + wire.bind() + wire.execute() + wire.SYNC


def undescribed(text):
    return wire.parse(text) + wire.bind() + wire.execute() + wire.SYNC


def heard(messages):
    """What the answers are, without the descriptions of columns: they have numbers of tables, of which some are new each time."""
    return [one for one in messages if one[0] != "T"]


def play(session, texts, sends):
    """All messages of all answers. What is changed is put back."""
    messages = []
    for text in texts:
        messages += ask(session, [(wire.query if ";" in text else sends)(text)])
    return messages


def cases():
    for since, *texts in SHOWN + NOBODY:
        if since <= postgres.MAJOR:
            yield texts
    for text in OLD if postgres.MAJOR >= 18 else ():
        yield ["BEGIN", text, "ROLLBACK"]


@harness.only_if(postgres.MAJOR >= 16, "needs PostgreSQL 16 or later")
@test(gateway=True, limit=240)
def test_whom_newer_syntax_shows_is_counted():
    told, problems = [], []
    front()
    for number, texts in enumerate(cases()):
        for way, sends in (("query", wire.query), ("message", by_message), ("undescribed", undescribed)):
            name, came = f"{way} {number}", []
            for address in (shop.server().address, front().address):
                with wire.login(address, user="app", application_name=name) as session:
                    came.append(play(session, texts, sends))
                    session.terminate()
            if heard(came[0]) != heard(came[1]) and "sample" not in texts[-1] and "shuffle" not in texts[-1]:
                problems.append(f"{name}: {texts}: {[m for m in came[1] if m not in came[0]][:2]}")
            if any(kind == "E" for kind, _ in came[0]):
                problems.append(f"{name}: {texts}: {[wire.read_fields(body) for kind, body in came[0] if kind == 'E']}")
            told.append((name, texts, seen_in(came[1]) | {key for kind, body in came[1] if kind == "d" for key in seen_in([("D", body)])}))
    front().guard.until_sessions(0)
    said = shop.export(front())
    for name, texts, seen in told:
        shown = said.get(name)
        keys, unknown = (shown.keys["customer"], shown.unknown) if shown else (set(), 0)
        if not seen and (17, *texts) not in NOBODY:
            problems.append(f"{name}: {texts}: nobody seen")
        elif seen and not shown or unknown and "bound" not in shown.flags:
            problems.append(f"{name}: {texts}: {shown and shown.flags}")
        if seen and "name" not in shown.fields and "email" not in shown.fields:
            problems.append(f"{name}: {texts}: {shown.fields}")
        if len(seen - keys) > unknown:
            problems.append(f"{name}: {texts}: SHOWN UNCOUNTED: {len(seen)} seen, {len(seen & keys)} named, {unknown} unknown, {shown and shown.flags}")
        if keys - seen and "kept" not in shown.flags:  # what was put under another's key counts as kept, and then as that one's
            problems.append(f"{name}: {texts}: {len(keys - seen)} named, not shown {sorted(keys - seen)[:2]}, {shown.attributions} {shown.flags}")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems)


if __name__ == "__main__":
    harness.main()
