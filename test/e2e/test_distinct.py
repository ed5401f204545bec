#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""DISTINCT that is sent as a GROUP BY: where the two could be told apart, by the order of rows, by which of several
equal values comes, by an error that one of them reaches, or by a cursor that goes back, it stays a DISTINCT."""
import harness
import shop
from stage import equal, test
import wire

EXTRA = """
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN loosened AS text COLLATE loose;
CREATE TABLE valued (id bigint PRIMARY KEY, name text, kind int, amount numeric, nick text COLLATE loose, code char(9),
    weight float8, note jsonb, span interval, tag loosened);
INSERT INTO valued SELECT i, 'Kim-' || i % 2999, CASE WHEN i = 5998 THEN 0 ELSE 1 END, round((i % 997)::numeric, i % 3),
    CASE WHEN i % 2 = 0 THEN 'kim-' ELSE 'KIM-' END || i % 997, 'k' || i % 997, CASE WHEN i % 2 = 0 THEN '0' ELSE '-0' END::float8,
    jsonb_build_object('k', round((i % 997)::numeric, i % 3)),
    CASE WHEN i % 2 = 0 THEN make_interval(days => (i % 997)::int) ELSE make_interval(hours => (24 * (i % 997))::int) END,
    CASE WHEN i % 2 = 0 THEN 'kim-' ELSE 'KIM-' END || i % 997
    FROM generate_series(1, 5998) i;
CREATE INDEX ON valued (name);
CREATE VIEW v_loose AS SELECT id, name COLLATE loose AS who FROM valued;
GRANT SELECT ON valued, v_loose TO app;
"""
FIELDS = {"name": "name", "amount": "order", "nick": "name", "code": "order", "weight": "order", "note": "order", "span": "order", "tag": "name"}
# The server has little memory, so that it hashes for DISTINCT and sorts for groups with arrays.
SETTINGS = "SET work_mem = '1MB'; SET max_parallel_workers_per_gather = 0"
GROUPED = (
    "SELECT DISTINCT name FROM valued ORDER BY name",
    "SELECT DISTINCT kind, name FROM valued WHERE id % 7 = 1 ORDER BY name DESC, kind",
    "SELECT DISTINCT upper(name), 'x' FROM valued ORDER BY 1 OFFSET 3",
    "SELECT DISTINCT name FROM valued WHERE name > 'Kim-3' ORDER BY 1 LIMIT 20",
    "SELECT n FROM (SELECT DISTINCT name AS n FROM valued ORDER BY n) q WHERE n > 'Kim-2'",
    # what it reads takes some of the rows, which is the server's choice
    "SELECT DISTINCT v.name FROM valued v JOIN (SELECT id FROM valued WHERE kind = 1 LIMIT 20) q ON q.id = v.id ORDER BY 1",
    "WITH w AS (SELECT id FROM valued WHERE id > 100 OFFSET 5800) SELECT DISTINCT name FROM valued WHERE id IN (SELECT id FROM w) ORDER BY 1",
    "SELECT DISTINCT name FROM valued WHERE id IN (SELECT DISTINCT ON (kind) id FROM valued) ORDER BY 1",
    "SELECT DISTINCT v.name FROM (SELECT id, row_number() OVER () AS k FROM valued) q JOIN valued v ON v.id = q.id WHERE q.k < 9 ORDER BY 1",
    "WITH w AS MATERIALIZED (SELECT DISTINCT name FROM valued ORDER BY 1 DESC LIMIT 30) SELECT lower(name) FROM w",
    "BEGIN; DECLARE c SCROLL CURSOR FOR SELECT DISTINCT name FROM valued ORDER BY name; FETCH 3 FROM c; FETCH BACKWARD 2 FROM c; COMMIT",
    "BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT DISTINCT name FROM valued ORDER BY name; FETCH 3 FROM c; COMMIT",
)
LEFT = (
    "SELECT DISTINCT name FROM valued",
    "SELECT DISTINCT name, kind FROM valued ORDER BY kind",
    "SELECT DISTINCT name FROM valued LIMIT 20",
    "SELECT n FROM (SELECT DISTINCT name AS n FROM valued) q LIMIT 20",
    "SELECT n, row_number() OVER () FROM (SELECT DISTINCT name AS n FROM valued) q",
    "SELECT n FROM (SELECT DISTINCT name AS n FROM valued ORDER BY n) q ORDER BY length(n) LIMIT 20",
    "SELECT q.n FROM (SELECT DISTINCT name AS n, kind FROM valued ORDER BY 1, 2) q JOIN products p ON p.id = q.kind",
    "WITH w AS (SELECT DISTINCT name FROM valued) SELECT name FROM w LIMIT 20",
    # equal, and not the same
    *(f"SELECT DISTINCT {column} FROM valued ORDER BY {column}" for column in ("amount", "nick", "code", "weight", "note", "span", "tag")),
    "SELECT DISTINCT name, amount FROM valued ORDER BY amount, name",
    "SELECT DISTINCT n FROM (SELECT amount AS n FROM valued) q ORDER BY n",
    "SELECT n FROM (SELECT DISTINCT nick AS n FROM valued ORDER BY n) q",
    "SELECT DISTINCT upper(nick) FROM valued ORDER BY 1",
    "SELECT DISTINCT name COLLATE loose FROM valued ORDER BY 1",
    "SELECT DISTINCT who FROM v_loose ORDER BY who",
    "SELECT n FROM (SELECT nick AS n, count(*) FROM valued GROUP BY nick) q ORDER BY n",
    "SELECT n FROM (SELECT amount AS n, count(*), max(kind) FROM valued GROUP BY 1) q ORDER BY 1",
    "SELECT DISTINCT coalesce(kind, 2.0), name FROM valued ORDER BY 1, 2",
    # an error that is not reached: row 5998 is the second one of its name
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashagg = off; SET enable_sort = off;"
    " SELECT DISTINCT name FROM valued WHERE 1 / kind = 1 ORDER BY name LIMIT 1",
    "SELECT DISTINCT name FROM valued WHERE 1 / kind = 1 ORDER BY name",
    # whether it can go back the server says by its plan
    "BEGIN; DECLARE c CURSOR FOR SELECT DISTINCT name FROM valued ORDER BY name; FETCH 3 FROM c; FETCH BACKWARD 2 FROM c; COMMIT",
)


@harness.shared
def front():
    shop.server().sql(EXTRA)
    shop.server().sql("VACUUM ANALYZE valued")
    return shop.front("distinct", more={"personal_data": shop.CONFIG["personal_data"] + [shop.personal("valued", "customer", "id", FIELDS)]})


def ask(session, data):
    """All messages of the answer, up to ReadyForQuery."""
    session.send(data)
    messages = []
    while not messages or messages[-1][0] != "Z":
        messages.append(session.receive())
    return messages


def forms(sql):
    yield "simple", wire.query(sql)
    if ";" not in sql:
        yield "extended", wire.parse(sql) + wire.describe("S") + wire.bind(results=(1,)) + wire.execute(50) + wire.execute() + wire.SYNC


def play(statements, group):
    """Name and statement; what came is what comes without pasu."""
    told = []
    for n, sql in enumerate(statements):
        for form, data in forms(sql):
            came = {}
            for address in (shop.server().address, front().address):
                with wire.login(address, user="app", application_name=f"{group} {n} {form}") as session:
                    session.query(SETTINGS)
                    came[address] = ask(session, data)
                    session.terminate()
            equal(came[front().address], came[shop.server().address], sql)
            told.append((f"{group} {n} {form}", sql))
    front().guard.until_sessions(0)
    return told


@test(gateway=True)
def test_what_has_one_order_and_one_value_for_each_row_is_grouped():
    told, said = play(GROUPED, "grouped"), shop.export(front())
    for name, sql in told:
        equal((said[name].attributions, said[name].unknown), ({"injected"}, 0), sql)


@test(gateway=True)
def test_what_could_come_otherwise_is_left_as_it_is():
    told, said = play(LEFT, "left"), shop.export(front())
    for name, sql in told:
        if "1 / kind = 1 ORDER BY name" not in sql or "LIMIT" in sql:
            assert name not in said or "injected" not in said[name].attributions, (sql, said[name].attributions)


harness.main()
