#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plans made with the snapshot of a real server: hidden columns change nothing, everyday traffic raises nothing, and
what functions bring in by other ways than a query's text is seen."""
import re
import subprocess

import catalog
import harness
import postgres
from stage import equal, test


@harness.shared
def server():
    made = postgres.Server(harness.folder(), "plan")
    for role in ("app", "analyst", "narrow"):
        made.sql(f"CREATE ROLE {role} LOGIN")
    for text in (catalog.TABLES, catalog.VIEWS, catalog.FUNCTIONS):
        made.sql(text)
    made.sql("INSERT INTO orders (customer_id, item, amount) SELECT id, 'item ' || id, grade FROM customers;"
             "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app; GRANT SELECT (name, grade) ON customers TO narrow")
    return made


@harness.shared
def snapshot():
    made = catalog.Dump(catalog.configuration(server(), "plan"))
    made.first()
    return made


def plan(sql, role="app"):
    """What a statement is planned as, and the text that is sent for it."""
    first, *more = snapshot().ask(f"plan {role} {' '.join(sql.split())}")
    return first, more[0].removeprefix("sends ") if more else sql


@test
def test_hidden_columns_stand_before_the_same_rows():
    for sql, hidden in {
            "SELECT name, phone FROM customers ORDER BY 1 DESC, 2 LIMIT 7 OFFSET 3": 1,
            "SELECT c.name, o.item FROM customers c JOIN orders o ON o.customer_id = c.id WHERE amount = 2 ORDER BY 2": 2,
            "SELECT a.name, b.name AS id FROM customers a, customers b WHERE a.id = b.id + 7 ORDER BY id, 1 LIMIT 20": 2,
            "SELECT ALL upper(name) AS grade, grade AS id FROM customers c ORDER BY id, 1 FETCH FIRST 3 ROWS WITH TIES": 1,
            "SELECT c FROM customers c ORDER BY c.phone": 1,
            "SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id), name FROM customers c ORDER BY 2": 1,
            "SELECT x.y FROM customers AS x(i, y) ORDER BY i": 1,
            "SELECT name, generate_series(1, 2) FROM customers WHERE grade = 1 ORDER BY 1, 2": 1,
            "SELECT name FROM customers WHERE grade = 0 ORDER BY phone FOR UPDATE": 1,
            "SET work_mem = '8MB'; SELECT name FROM customers WHERE grade = 3 ORDER BY 1": 1,
            "SELECT recipient, door_code FROM address_book ORDER BY id": 2,
            "SELECT name FROM customers LEFT JOIN (SELECT 1 AS one) q ON grade = one ORDER BY 1": 1,
            "SELECT l.up FROM customers c, LATERAL (SELECT upper(c.name) AS up) l ORDER BY 1": 1}.items():
        shown, sent = plan(sql)
        assert f"hidden@{hidden - 1}" in shown and sent != sql, (sql, shown)
        with server().connect() as session:
            expected = session.query(sql).rows
            rows = session.query(sent).rows
        equal([row[hidden:] for row in rows], expected, sql)
        assert rows and all(int(key) > 0 for row in rows for key in row[:hidden]), (sql, rows[0])


@test
def test_a_key_is_hidden_only_where_the_role_may_read_it():
    equal(plan("SELECT name FROM customers", "narrow"), ("customer bound1: 0=name", "SELECT name FROM customers"))
    with server().connect(user="app") as session:
        equal(len(session.query(plan("SELECT name FROM customers")[1]).rows), 200)


@test
def test_what_psql_asks_of_the_catalog_raises_nothing():
    commands = (r"\d", r"\d customers", r"\d+ visits", r"\d+ v_contact", r"\dt+", r"\df", r"\df+ f_sql", r"\dv", r"\dm",
                r"\di", r"\ds", r"\dn+", r"\du+", r"\l+", r"\dp", r"\dT", r"\dT+ int4", r"\do", r"\dC", r"\dx", r"\dD",
                r"\drds", r"\dE", r"\dy", r"\dL", r"\dc", r"\sf f_sql", r"\dRp", r"\dF", r"\dX")
    for command in commands:
        done = subprocess.run(
            [server().binaries / "psql", "-X", "-E", "-h", server().folder, "-p", str(server().port), "-U", "postgres",
             "-d", "postgres", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True)
        queries = re.findall(r"^\*+ QUERY \*+$(.*?)^\*+$", done.stdout, re.M | re.S)
        assert queries, command
        for sql in queries:
            equal(plan(sql)[0], "-", f"{command}: {sql}")


@test
def test_everyday_functions_raise_nothing():
    for sql in ("SELECT now(), version(), current_setting('x', true), pg_backend_pid(), gen_random_uuid()",
                "SELECT lower(title), coalesce(price, 0)::numeric(10, 2), price IN (1, 2) FROM products",
                "SELECT count(*), max(grade), min(created) FROM customers, (SELECT now() AS created) n",
                "SELECT pg_table_size('products'), pg_size_pretty(pg_database_size(current_database()))",
                "SELECT count(*) FROM pg_stat_activity", "SELECT pid, state FROM pg_stat_activity",
                "SELECT * FROM pg_locks", "SELECT nspname FROM pg_namespace", "SELECT * FROM information_schema.tables",
                "SELECT title FROM products WHERE title ILIKE 'p%' AND price BETWEEN 1 AND 2 ORDER BY price DESC",
                "SELECT row_number() OVER (ORDER BY price), extract(year FROM now()), substring(title, 1, 2) FROM products",
                "SELECT to_char(now(), 'YYYY'), date_trunc('day', now()), interval '1 day', f_clean(2)",
                "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT sum(n) FROM t",
                "SELECT json_build_object('a', price), jsonb_agg(title) FROM products GROUP BY price"):
        equal(plan(sql)[0], "-", sql)
    equal(plan("SELECT id, title FROM v_products")[0], "-")
    equal(plan("SELECT a, c FROM v_renamed")[0], "-")


@test
def test_what_triggers_and_defaults_bring_is_seen_where_it_comes_back():
    server().sql("""
        CREATE SCHEMA work;
        CREATE TABLE work.plain (a text, at timestamptz DEFAULT now());
        CREATE TABLE work.triggered (a text); CREATE TABLE work.child () INHERITS (work.triggered);
        CREATE TABLE work.parent (a text);
        CREATE TABLE work.defaulted (a text DEFAULT f_sql(100007));
        CREATE TABLE work.spoken (a text DEFAULT query_to_xml('SELECT name FROM customers', true, false, '')::text);
        CREATE TABLE work.touched (a text, at timestamptz);
        CREATE FUNCTION work.tell() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN SELECT phone INTO NEW.a FROM public.customers LIMIT 1; RETURN NEW; END $$;
        CREATE FUNCTION work.touch() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON work.triggered FOR EACH ROW EXECUTE FUNCTION work.tell();
        CREATE TRIGGER t BEFORE INSERT ON work.touched FOR EACH ROW EXECUTE FUNCTION work.touch()""")
    shot = snapshot().fresh()
    assert any(line.startswith("relation work.triggered r") and " written=" in line for line in shot.lines)
    for table, expected in {"plain": "-", "touched": "-", "triggered": "customer bound: 0=phone !opaque",
                            "defaulted": "customer bound: 0=email !opaque",
                            "spoken": "customer bound: 0=all; recipient bound: 0=all !opaque"}.items():
        # In that column, or in any.
        got = plan(f"INSERT INTO work.{table} (a) VALUES (DEFAULT) RETURNING a")[0]
        equal(got.replace("*=", "0="), expected, table)
    server().sql("CREATE TRIGGER u BEFORE UPDATE ON work.touched FOR EACH ROW EXECUTE FUNCTION work.tell()")
    snapshot().wait()
    equal(plan("UPDATE work.touched SET a = 'x' RETURNING a")[0].replace("*=", "0="),
          "customer bound: 0=phone !opaque")


@test
def test_what_runs_unasked_speaks():
    """Triggers of TRUNCATE, triggers of those that refer to a table, functions of statistics, indexes"""
    server().sql("""
        CREATE SCHEMA kept;
        CREATE FUNCTION kept.tell() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE NOTICE '%', (SELECT phone FROM public.customers LIMIT 1); RETURN OLD; END $$;
        CREATE FUNCTION kept.phone(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN RAISE NOTICE '%', (SELECT phone FROM public.customers LIMIT 1); RETURN 1; END $$;
        CREATE TABLE kept.plain (a int PRIMARY KEY, b int); CREATE STATISTICS kept.two ON a, b FROM kept.plain;
        CREATE TABLE kept.emptied (a int PRIMARY KEY);
        CREATE TRIGGER t BEFORE TRUNCATE ON kept.emptied EXECUTE FUNCTION kept.tell();
        CREATE TABLE kept.top (a int PRIMARY KEY);
        CREATE TABLE kept.middle (a int PRIMARY KEY REFERENCES kept.top ON DELETE CASCADE);
        CREATE TABLE kept.low (a int REFERENCES kept.middle ON UPDATE CASCADE);
        CREATE TRIGGER t BEFORE UPDATE ON kept.low FOR EACH ROW EXECUTE FUNCTION kept.tell();
        CREATE TABLE kept.asked (a int PRIMARY KEY); CREATE TABLE kept.asking (a int REFERENCES kept.asked);
        CREATE TRIGGER t BEFORE UPDATE ON kept.asking FOR EACH ROW EXECUTE FUNCTION kept.tell();
        CREATE TABLE kept.counted (a int, b int);
        CREATE STATISTICS kept.one ON (kept.phone(a)) FROM kept.counted;
        CREATE TABLE kept.indexed (a int); CREATE INDEX i ON kept.indexed (kept.phone(a));""")
    snapshot().fresh()
    for sql in ("TRUNCATE kept.emptied", "TRUNCATE kept.plain, kept.emptied", "DELETE FROM kept.top",
                "UPDATE kept.middle SET a = 2", "ANALYZE kept.counted", "VACUUM (ANALYZE) kept.counted", "VACUUM",
                "VACUUM FULL kept.indexed", "CLUSTER kept.indexed", "CLUSTER", "ANALYZE kept.plain, kept.indexed"):
        equal(plan(sql)[0], "- !opaque", sql)
    for sql in ("TRUNCATE kept.plain", "TRUNCATE kept.asked", "DELETE FROM kept.asked", "VACUUM kept.plain",
                "ANALYZE customers", "VACUUM FULL customers", "CLUSTER kept.plain USING plain_pkey"):
        equal(plan(sql)[0], "-", sql)


@test
def test_marks_reach_the_columns_that_no_mapping_names():
    equal(plan("UPDATE customers SET region = name")[0], "- !marks mark(customers#7=name)")
    equal(plan("SELECT region FROM customers")[0], "-")
    snapshot().ask("mark customers name customer")
    snapshot().fresh()
    shown, _ = plan("SELECT region FROM customers")
    equal(shown, "customer bound: 0=name")


@test
def test_nobodys_tables_and_the_servers_exits_are_refused():
    for sql in ("SELECT * FROM card_vault", "SELECT pg_read_file('x')", "SELECT lo_export(1, 'x')",
                "SELECT pg_ls_dir('.')", "COPY customers TO PROGRAM 'cat'", "SELECT * FROM card_vault WHERE 1_0 = 10"):
        assert plan(sql)[0].endswith(" REFUSED"), sql
    equal(plan("SELECT lo_get(1)")[0].partition(":")[0], "customer bound")
    for sql in ("SELECT lo_create(7)", "SELECT lo_put(7, 0, 'x')", "SELECT lo_from_bytea(0, 'x')", "SELECT 'card_vault'", "INSERT INTO card_vault VALUES (1, 'x')", "SELECT 1_0"):
        assert not plan(sql)[0].endswith(" REFUSED"), sql


if __name__ == "__main__":
    harness.main()
