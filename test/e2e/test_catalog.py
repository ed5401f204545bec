#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The catalog snapshot of a real server: which fields of whom come out of which relation or function."""
import catalog
import harness
import inspector
import postgres
import process
import shop
import wire
from stage import Front, equal, test

ALL = catalog.ALL
CONTACT = {"name", "phone"}
CUSTOMER = {"name", "phone", "email", "address"}


@harness.shared
def server():
    made = postgres.Server(harness.folder(), "catalog")
    for role in ("app", "analyst"):
        made.sql(f"CREATE ROLE {role} LOGIN")
    return made


def database(name, *more):
    """A database with the shop in it, and SQL of the test's own."""
    server().sql(f"CREATE DATABASE {name}")
    for text in (catalog.TABLES, catalog.VIEWS, catalog.FUNCTIONS, *more):
        server().sql(text, name)
    return name


def dump(name, user="postgres", secret=None):
    return catalog.Dump(catalog.configuration(server(), f"catalog-{name}", user, secret), name)


def check_shop(shot):
    for name, fields in {"customers": CUSTOMER, "orders": {"order"}, "products": set(), "visits": {"order"},
                         "visits_2024": {"order"}, "address_book": {"name", "phone", "door_code"},
                         "v_contact": CONTACT, "v_renamed": {"email"}, "v_nested": CONTACT, "v_products": set(),
                         "mv_vip": {"name", "address"}, "f_sql": {"email"}, "f_all": CUSTOMER, "f_dyn": ALL,
                         "f_cursor": {"name"}, "f_notice": {"name"}, "f_clean": set()}.items():
        equal(shot.fields(name), fields, name)
    equal(shot.relations["address_book"].kinds, {"customer", "recipient"})
    equal(shot.relations["v_contact"].kinds, {"customer"})
    assert "speaks" in shot.relations["pg_catalog.pg_stats"].flags
    equal(shot.relations["pg_catalog.pg_stats"].fields, ALL)
    assert "never" in shot.relations["card_vault"].flags
    assert "opaque" in shot.functions["f_dyn"].flags and "opaque" not in shot.functions["f_clean"].flags
    assert "exit" in shot.functions["pg_catalog.pg_read_file"].flags
    equal(shot.shows["customers"], ["customer key=id type=3 unique name=name phone=phone email=email address=address"])
    equal(shot.shows["visits_2024"], ["customer key=customer_id type=3 note=order"])
    assert "defined" in shot.relations["v_contact"].flags and "defined" not in shot.relations["v_products"].flags


@test
def test_relations_and_functions_carry_what_their_columns_views_and_bodies_name():
    server().sql("CREATE ROLE super LOGIN SUPERUSER")
    name = database("shop", "GRANT SELECT ON customers TO app; GRANT SELECT (name) ON customers TO analyst")
    with dump(name, "super") as store:
        shot = store.first()
        check_shop(shot)
        assert "population customer 200 counted" in shot.lines and "population recipient 40 counted" in shot.lines
        equal(store.ask("may app customers id"), ["yes"])
        equal(store.ask("may analyst customers id"), ["no"])
        equal(store.ask("may nobody customers id"), ["no"])
        assert {"casts clean", "partial no"} <= set(shot.lines)


@test
def test_an_inspector_without_rights_sees_the_same():
    name = database("unprivileged")
    asked = inspector.install(server(), databases=("postgres", name))
    server().sql("ALTER ROLE pasu SET search_path = public; ALTER TABLE customers ENABLE ROW LEVEL SECURITY;", name)
    with dump(name, asked["user"], asked["password_file"]) as store:
        shot = store.first()
        check_shop(shot)
        assert "population customer 200 counted" in shot.lines
    server().sql("DROP FUNCTION pasu.population", name)
    with dump(name, asked["user"], asked["password_file"]) as store:
        line = [line for line in store.first().lines if line.startswith("population customer")][0].split(" ")
        assert int(line[2]) >= 200 and line[3] == "estimated", line


@test
def test_views_show_whole_rows_and_what_runs_queries_as_everything_they_could_be():
    name = database("views", """
        CREATE VIEW v_row AS SELECT c, c.id FROM customers c;
        CREATE VIEW v_json AS SELECT row_to_json(c) AS j, c.id FROM customers c;
        CREATE VIEW v_count AS SELECT count(*) FROM customers;
        CREATE VIEW v_keys AS SELECT id, grade FROM customers;
        CREATE VIEW v_xml AS SELECT query_to_xml('SELECT * FROM customers', true, false, '');
        CREATE VIEW v_stats AS SELECT most_common_vals::text AS m FROM pg_stats;
        CREATE VIEW v_statistic AS SELECT stavalues1::text AS s FROM pg_statistic;
        CREATE VIEW v_function AS SELECT f_sql(100007);
        CREATE VIEW v_deep AS SELECT * FROM v_function, v_nested;
        CREATE VIEW v_never AS SELECT count(*) FROM card_vault;
        CREATE VIEW v_file AS SELECT pg_read_file('/etc/hostname');
        CREATE FUNCTION f_never() RETURNS text LANGUAGE sql AS 'SELECT card_number FROM card_vault';
        CREATE RULE r AS ON UPDATE TO products DO ALSO SELECT name FROM customers;""")
    with dump(name) as store:
        shot = store.first()
        for view, fields in {"v_row": CUSTOMER, "v_json": CUSTOMER, "v_keys": set(), "v_xml": ALL, "v_stats": ALL,
                             "v_statistic": ALL, "v_function": {"email"}, "v_deep": {"email", "name", "phone"},
                             "v_file": ALL}.items():
            equal(shot.fields(view), fields, view)
        assert "never" in shot.relations["v_never"].flags and "never" in shot.functions["f_never"].flags
        assert "exit" in shot.relations["v_file"].flags
        assert "rules" in shot.relations["products"].flags and "rules" not in shot.relations["v_keys"].flags


@test
def test_functions_carry_what_they_use_however_they_reach_it():
    name = database("functions", r"""
        SET check_function_bodies = off;
        CREATE FUNCTION g_alias() RETURNS customers LANGUAGE sql AS 'SELECT x FROM customers x';
        CREATE FUNCTION g_table() RETURNS SETOF customers LANGUAGE sql AS 'TABLE customers';
        CREATE FUNCTION g_row() RETURNS text LANGUAGE sql AS 'SELECT customers::text FROM customers';
        CREATE FUNCTION g_dot() RETURNS json LANGUAGE sql AS 'SELECT customers.row_to_json FROM customers';
        CREATE FUNCTION g_plain() RETURNS text LANGUAGE sql AS
            '/* * */ SELECT public.customers.phone FROM public.customers WHERE id = 1 -- name';
        CREATE FUNCTION g_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM customers';
        CREATE FUNCTION g_case() RETURNS text LANGUAGE sql AS 'SELECT NAME FROM CUSTOMERS';
        CREATE FUNCTION g_escape() RETURNS text LANGUAGE sql AS 'SELECT U&"n\0061me" FROM customers';
        CREATE FUNCTION g_quote() RETURNS text LANGUAGE sql AS $$SELECT '\' || id || '\' FROM customers$$;
        CREATE FUNCTION g_deep() RETURNS text LANGUAGE sql AS 'SELECT g_deeper(0)';
        CREATE OR REPLACE FUNCTION g_deeper(n int) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN IF n > 3 THEN RETURN g_deep(); END IF; RETURN f_sql(n); END $$;
        CREATE FUNCTION g_view() RETURNS text LANGUAGE sql AS 'SELECT line FROM v_nested';
        CREATE FUNCTION g_xml() RETURNS xml LANGUAGE sql AS $$SELECT query_to_xml('SELECT 1', true, false, '')$$;
        CREATE FUNCTION g_do() RETURNS void LANGUAGE sql AS $$DO 'BEGIN END'$$;
        CREATE FUNCTION g_copy() RETURNS void LANGUAGE sql AS $$COPY products TO '/nowhere'$$;
        CREATE FUNCTION g_upsert() RETURNS void LANGUAGE sql AS
            'INSERT INTO products VALUES (1, ''x'', 1) ON CONFLICT (id) DO UPDATE SET price = 2';
        CREATE FUNCTION g_atomic() RETURNS text BEGIN ATOMIC SELECT address FROM customers LIMIT 1; END;
        CREATE FUNCTION g_add(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || f_sql(1)';
        CREATE AGGREGATE g_all(text) (SFUNC = g_add, STYPE = text);
        CREATE OPERATOR === (FUNCTION = g_add, LEFTARG = text, RIGHTARG = text);
        CREATE FUNCTION g_harmless(text, text) RETURNS bool LANGUAGE sql AS 'SELECT $1 = $2';
        CREATE OPERATOR ~~~ (FUNCTION = g_harmless, LEFTARG = text, RIGHTARG = text);
        CREATE FUNCTION g_operator(text) RETURNS text LANGUAGE sql AS $$SELECT 'a'===$1$$;
        CREATE FUNCTION g_given(a int, b text DEFAULT f_sql(1)) RETURNS int LANGUAGE sql AS 'SELECT a -- comment';
        CREATE FUNCTION g_given_atomic(b xml DEFAULT query_to_xml('SELECT 1', true, false, '')) RETURNS xml RETURN b;
        CREATE FUNCTION g_given_plain(b text DEFAULT lower('A'), c int DEFAULT 1) RETURNS text LANGUAGE sql AS 'SELECT b';
        CREATE EXTENSION pgcrypto; CREATE EXTENSION citext; CREATE EXTENSION dblink; CREATE EXTENSION tablefunc;
    """)
    with dump(name) as store:
        shot = store.first()
        for function, fields in {
                "g_alias": CUSTOMER, "g_table": CUSTOMER, "g_row": CUSTOMER, "g_dot": CUSTOMER, "g_plain": {"phone"},
                "g_count": set(), "g_case": {"name"}, "g_escape": ALL, "g_quote": ALL, "g_deep": {"email"},
                "g_deeper": {"email"}, "g_view": CONTACT, "g_xml": ALL, "g_do": ALL, "g_copy": set(),
                "g_upsert": set(), "g_atomic": {"address"}, "g_add": {"email"}, "g_all": {"email"},
                "g_operator": {"email"}, "g_given": {"email"}, "g_given_atomic": ALL, "g_given_plain": set(), "digest": set(), "dblink": ALL, "crosstab": ALL, "citext_eq": set()}.items():
            equal(shot.fields(function), fields, function)
        assert "exit" in shot.functions["g_copy"].flags and "exit" in shot.functions["dblink"].flags
        assert {"operator === foreign", "operator ~~~ clean", "operator = clean", "casts clean"} <= set(shot.lines)


@test
def test_what_was_resolved_stays_with_a_table_and_column_that_are_renamed():
    name = database("renamed")
    with dump(name) as store:
        store.wait()
        server().sql("ALTER TABLE customers RENAME TO people; ALTER TABLE people RENAME COLUMN name TO n; "
                     "CREATE SCHEMA other; ALTER TABLE card_vault SET SCHEMA other", name)
        shot = store.fresh()
        equal(shot.relations["people"].fields, CUSTOMER)
        equal(shot.shows["people"], ["customer key=id type=3 unique n=name phone=phone email=email address=address"])
        equal(shot.relations["v_contact"].fields, CONTACT)
        assert "never" in shot.relations["other.card_vault"].flags
        server().sql("CREATE TABLE customers (id bigint, name text)", name)
        shot = store.fresh()
        equal(shot.relations["customers"].fields, {"name"})
        equal(shot.relations["people"].fields, CUSTOMER)
        assert "unresolved public.card_vault" not in shot.lines
        before = store.get().lines
        store.ask("config " + str(catalog.configuration(server(), "catalog-again")))
        equal(store.first().lines, before, "a reload of the configuration")


@test
def test_generated_columns_children_and_parents_carry_what_they_are_made_of():
    name = database("inherited", """
        ALTER TABLE customers ADD label text GENERATED ALWAYS AS (name || '/' || grade) STORED;
        CREATE TABLE base (id bigint PRIMARY KEY, note text);
        CREATE TABLE kid (extra text) INHERITS (base);
        CREATE TABLE all_items (item text);
        ALTER TABLE orders INHERIT all_items;
        CREATE TABLE more_customers () INHERITS (customers);""")
    with dump(name) as store:
        shot = store.first()
        assert " label=name" in shot.shows["customers"][0], shot.shows["customers"]
        equal(shot.relations["all_items"].fields, {"order"})
        equal(shot.relations["more_customers"].fields, CUSTOMER)
        assert "unique" not in shot.shows["customers"][0], "rows of two tables"
        equal(shot.relations["kid"].fields, set())


@test
def test_marks_follow_a_table_and_show_in_what_reads_it():
    name = database("marked", "CREATE TABLE copies (k int, v text); CREATE VIEW v_copies AS SELECT v FROM copies;"
                              "CREATE FUNCTION f_copies() RETURNS text LANGUAGE sql AS 'SELECT v FROM copies'")
    with dump(name) as store:
        equal(store.first().fields("copies"), set())
        store.ask("mark copies phone customer")
        store.ask("mark later email customer")
        store.wait()
        shot = store.get()
        for one in ("copies", "v_copies", "f_copies"):
            equal(shot.fields(one), {"phone"}, one)
        server().sql("ALTER TABLE copies RENAME TO elsewhere; CREATE TABLE later (x text)", name)
        shot = store.fresh()
        equal((shot.fields("elsewhere"), shot.fields("later")), ({"phone"}, {"email"}))
        server().sql("DROP TABLE later; CREATE TABLE later (x text)", name)
        equal(store.fresh().fields("later"), set(), "another table of that name")
        store.ask("config " + str(catalog.configuration(server(), "catalog-marked")))
        equal(store.first().fields("elsewhere"), {"phone"}, "the same vocabulary")


@test
def test_changes_made_elsewhere_are_seen_by_themselves():
    name = database("elsewhere")
    with dump(name) as store:
        store.wait()
        for sql, function, fields in (
                ("CREATE OR REPLACE VIEW v_products AS SELECT p.id, p.title FROM products p, customers c WHERE c.name = p.title",
                 "v_products", {"name"}),
                ("CREATE OR REPLACE FUNCTION f_clean(x int) RETURNS int LANGUAGE sql AS 'SELECT 1 FROM customers c'",
                 "f_clean", CUSTOMER),
                ("ALTER TABLE orders RENAME COLUMN item TO thing", "orders", {"order"}),
                ("CREATE VIEW v_new AS SELECT address FROM customers", "v_new", {"address"})):
            server().sql(sql, name)
            store.wait()
            shot = store.get()
            equal(shot.fields(function), fields, sql)
        assert "thing=order" in shot.shows["orders"][0]
        server().sql("GRANT SELECT ON orders TO analyst", name)
        store.wait()
        equal(store.ask("may analyst orders customer_id"), ["yes"])


@test
def test_a_population_grows_without_a_new_snapshot():
    name = database("growing")
    with dump(name) as store:
        version = store.wait()
        server().sql("INSERT INTO customers SELECT 1000 + i, 'n', 'p' || i, 'm' || i, 'a', 1, 'r' "
                     "FROM generate_series(1, 50) i", name)

        def population():
            return [line for line in store.get().lines if line.startswith("population customer")][0]
        process.until(lambda: population() == "population customer 250 counted", "the insertions", 30)
        equal(store.fresh().lines.count("population customer 250 counted"), 1)
        assert version == 1


@test
def test_rows_that_statistics_tell_of_late_do_not_count_twice():
    name = database("late")

    def inserted():
        return int(server().sql("SELECT pg_stat_get_tuples_inserted('customers'::regclass)", name)[0][0])
    before = inserted()
    with server().connect(name) as session:
        session.query("SELECT 1")  # reported; what follows within a second is kept back
        session.query("INSERT INTO customers SELECT 1000 + i, 'n', 'p' || i, 'm' || i, 'a', 1, 'r' FROM generate_series(1, 2000) i")
        with dump(name) as store:
            store.wait()

            def population():
                return [line for line in store.get().lines if line.startswith("population customer")][0]
            equal((population(), inserted()), ("population customer 2200 counted", before))
            session.query("SELECT pg_sleep(1.1)")
            process.until(lambda: session.query("SELECT 1") and inserted() == before + 2000, "the report", 30)
            server().sql("INSERT INTO customers VALUES (1, 'n', 'p', 'm', 'a', 1, 'r')", name)
            process.until(lambda: population() == "population customer 2201 counted", "the last insertion", 10)


@test(gateway=True)
def test_bounds_hold_for_rows_that_were_just_inserted():
    front = shop.front("grown")
    insert = "INSERT INTO customers SELECT {0} + i, 'n', 'p', '{0} ' || i, 'a', 77, 'r' FROM generate_series(1, 3000) i"
    show = "SELECT DISTINCT name FROM customers"

    def bound(name, *texts):
        with front.login(user="app", application_name=name) as session:
            for text in texts:
                assert not session.exchange(wire.query(text)).errors, text
            session.terminate()
        front.guard.until_sessions(0)
        return shop.export(front, "--application", name)[name].unknown
    try:
        equal(bound("grown before", show), shop.CUSTOMERS)
        equal(bound("grown in a transaction", "BEGIN", insert.format(910000), show, "ROLLBACK"), shop.CUSTOMERS + 3000)
        equal(bound("grown", insert.format(900000), show, "INSERT INTO products VALUES (9999, 't', 1)") >= shop.CUSTOMERS + 3000, True)
        numbers = iter(range(1000))
        process.until(lambda: bound(f"grown later {next(numbers)}", show) == shop.CUSTOMERS + 3000, "a count of them", 10)
        # One more past the gate: when it is seen, the server's statistics have told of the others as well.
        shop.server().sql("INSERT INTO customers VALUES (990000, 'n', 'p', 'past', 'a', 77, 'r')")
        process.until(lambda: bound(f"grown later {next(numbers)}", show) == shop.CUSTOMERS + 3001, "a count of one more", 20)
    finally:
        shop.server().sql("DELETE FROM customers WHERE grade = 77; DELETE FROM products WHERE id = 9999")


@test
def test_a_lock_on_a_table_makes_the_snapshot_coarser_and_does_not_stop_it():
    name = database("locked", "CREATE FUNCTION g_atomic() RETURNS text BEGIN ATOMIC SELECT address FROM customers; END")
    with server().connect(name) as session:
        session.query("BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
        with dump(name) as store:
            shot = store.first()
            assert "partial yes" in shot.lines, shot.lines[-5:]
            equal((shot.fields("v_contact"), shot.fields("g_atomic")), (CONTACT, ALL))
            session.query("COMMIT")
            store.wait()
            shot = store.get()
            assert "partial no" in shot.lines
            equal(shot.fields("g_atomic"), {"address"})


@test
def test_a_server_that_is_gone_leaves_the_snapshot_which_is_stale_until_it_is_back():
    own = postgres.Server(harness.folder(), "vanishing")
    for text in (catalog.TABLES, catalog.VIEWS, catalog.FUNCTIONS):
        own.sql(text)
    store = catalog.Dump(catalog.configuration(own, "vanishing"))
    check_shop(store.first())
    own.stop()
    store.ask("touch")
    result = store.ask("wait")[0]
    assert result.startswith("result 1 ") and not result.endswith(" ok"), result
    equal(store.ask("stale"), ["yes"])
    check_shop(store.get())
    own.start()
    version = store.wait()
    equal(store.ask("stale"), ["no"])
    check_shop(store.get())
    logged = store.close()
    equal((version > 1, logged.count("inspector_failed")), (True, 1), logged)
    own.stop()


@test
def test_a_database_that_is_not_there_is_told_to_who_waits():
    store = catalog.Dump(catalog.configuration(server(), "nowhere"), "no_such_database")
    result = store.ask("wait")[0]
    assert result.startswith("result 0 ") and not result.endswith(" ok"), result
    assert 'no_such_database' in store.close()


@test(gateway=True)
def test_the_gate_reads_the_inspectors_own_database_when_it_starts_and_after_a_reload():
    asked = inspector.install(server(), databases=("postgres",))
    personal = [{"table": "public.customers", "subject": "customer", "key": "id", "fields": {"name": "name"}}]
    front = Front(server(), "loading", inspector=asked,
                  more={"subjects": {"customer": {"table": "public.customers", "key": "id"}},
                        "personal_data": personal})
    front.process.wait_line("catalog_loaded")
    mark = len(front.process.lines)
    personal[0]["fields"] = {"phone": "phone"}
    equal(front.reload(), "config_reloaded")
    front.process.wait_line("catalog_loaded", start=mark)
    assert not any("inspector_failed" in line for line in front.process.lines)
    front.stop()


@harness.long_only
@test(limit=300)
def test_five_thousand_tables_are_read_in_little_time():
    server().sql("CREATE DATABASE large")
    for start in range(1, 5001, 250):
        server().sql("".join(f"CREATE TABLE t{i} (id bigint PRIMARY KEY, a text, b text, c int, d int, e date, f text);"
                             for i in range(start, start + 250)), "large")
    server().sql(catalog.TABLES, "large")
    with dump("large") as store:
        store.wait()
        equal(store.fresh().relations["customers"].fields, CUSTOMER)
        nanoseconds = int(store.ask("time customers")[0].split(" ")[0])
        assert nanoseconds < 1000, nanoseconds


if __name__ == "__main__":
    harness.main()
