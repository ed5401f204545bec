#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Values that are put where neither rows nor marks show them: names, comments, labels, sequences,
settings, tables that code fills. Whoever puts them there is counted, by name or as a bound, before it
happens, and refused where a budget has no room for it; what migrations do stays quiet."""
import harness
import shop
import wire
from stage import equal, test

ONE = "SELECT reverse(name) FROM customers WHERE id = 1350"
COMMENT = f"EXECUTE format('COMMENT ON SCHEMA :s IS %L', ({ONE}))"
READ = "SELECT obj_description(':s'::regnamespace, 'pg_namespace')"
MADE = "CREATE FUNCTION :s.f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN {} ; RETURN; END $$"
TRIGGER = "CREATE FUNCTION :s.t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} RETURN NEW; END $$"
FIRE = "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION :s.t()"


def do(code):
    return f"DO $$ BEGIN {code} ; END $$"


# (name, steps): of each, somebody is shown. ":s" is a schema of the case's own, what is in it has names of
# its own: code is read by the names in it, in whatever schema.
SHOWN = (
    ("comment by DO", (do(COMMENT), READ)),
    ("comment by a function without rows", (MADE.format(COMMENT), "SELECT * FROM :s.f()", READ)),
    ("comment by what no snapshot shows", ("BEGIN", MADE.format(COMMENT), "SELECT * FROM :s.f()", "DROP FUNCTION :s.f", "COMMIT", READ)),
    ("comment by a trigger", ("CREATE TABLE :s.x (x int)", TRIGGER.format(COMMENT + ";"), FIRE.format(":s.x"), "INSERT INTO :s.x VALUES (1)", READ)),
    ("comment by one's own format", (f"CREATE FUNCTION :S.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'COMMENT ON SCHEMA :s IS ' || "
                                     f"quote_literal(({ONE})) $$", "SET search_path = :s, public, pg_catalog",
                                     do("EXECUTE format('DROP TABLE IF EXISTS %I', 'x')"), READ,
                                     "DROP FUNCTION :S.format(text, text)")),
    ("column's name", (do(f"EXECUTE format('CREATE TABLE :s.x (%I int)', ({ONE}))"), "SELECT * FROM :s.x")),
    ("enum's label", (do(f"EXECUTE format('CREATE TYPE :s.x AS ENUM (%L)', ({ONE}))"), "SELECT enum_range(NULL::text)")),
    ("channel's name", (do(f"EXECUTE format('LISTEN %I', ({ONE}))"), "SELECT pg_listening_channels()")),
    ("sequence", ("CREATE SEQUENCE :s.x", do("PERFORM setval(':s.x', (SELECT substr(phone, 5)::bigint FROM customers WHERE id = 1350))"),
                  "SELECT last_value FROM :s.x")),
    ("sequence in a condition", ("CREATE SEQUENCE :s.x", "SELECT 1 FROM customers WHERE id = 1350 AND setval(':s.x', substr(phone, 5)::bigint) < 0",
                                 "SELECT last_value FROM :s.x")),
    ("table that DO fills", ("CREATE TABLE :s.x (v text)", do(f"INSERT INTO :s.x {ONE}"), "SELECT v FROM :s.x")),
    ("table that a function has filled", ("CREATE TABLE :s.x (v text)", f"CREATE PROCEDURE :s.p() LANGUAGE sql AS $$ INSERT INTO :s.x {ONE} $$",
                                          "CALL :s.p()", "DROP PROCEDURE :s.p", "SELECT v FROM :s.x")),
    ("table that was renamed at once", ("BEGIN", f"CREATE TABLE :s.x AS {ONE}", "ALTER TABLE :s.x RENAME TO y", "COMMIT", "SELECT * FROM :S.y")),
    ("table that a trigger fills", ("CREATE TABLE :s.x (v text)", TRIGGER.format("INSERT INTO :s.x VALUES (reverse(NEW.name));"),
                                    FIRE.format("customers"), "UPDATE customers SET grade = grade WHERE id = 1350", "DROP TRIGGER t ON customers",
                                    "SELECT v FROM :s.x")),
    ("column that a default fills", ("CREATE TABLE :s.x (i int)", "INSERT INTO :s.x VALUES (1)", "BEGIN",
                                     f"CREATE FUNCTION :s.f() RETURNS text LANGUAGE sql AS $$ {ONE} $$", "ALTER TABLE :s.x ADD v text DEFAULT :s.f()",
                                     "ALTER TABLE :s.x ALTER v DROP DEFAULT", "COMMIT", "SELECT v FROM :s.x")),
    ("column made of another", ("CREATE TABLE :s.x (v text)", "BEGIN", "ALTER TABLE customers ALTER region TYPE text USING reverse(name)",
                                "SELECT region FROM customers WHERE id = 1350", "ROLLBACK")),
    ("table that a rule fills", ("CREATE TABLE :s.x (v text)", "CREATE RULE r AS ON UPDATE TO customers DO ALSO INSERT INTO :s.x VALUES (reverse(NEW.name))",
                                 "UPDATE customers SET grade = grade WHERE id = 1350", "DROP RULE r ON customers", "SELECT v FROM :s.x")),
    ("arguments that a function keeps", ("CREATE TABLE :s.x (v text)", "CREATE FUNCTION :s.f(text) RETURNS bool LANGUAGE sql AS "
                                         "'INSERT INTO :s.x VALUES (reverse($1)); SELECT true'",
                                         "SELECT count(*) FROM customers WHERE id = 1350 AND :s.f(name)", "SELECT v FROM :s.x")),
    ("arguments that a function tells", ("CREATE FUNCTION :s.f(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; "
                                         "RETURN true; END $$", "SELECT grade FROM customers WHERE id = 1350 AND :s.f(reverse(name))")),
    ("event trigger", (f"CREATE FUNCTION :s.e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', ({ONE}); END $$",
                       "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION :s.e()", "CREATE TABLE :s.x (x int)", "DROP EVENT TRIGGER e")),
    ("cursor WITH HOLD at COMMIT", ("BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT email::int FROM customers WHERE id = 1350", "COMMIT")),
)
# Of these nothing is in the ledger: what migrations and drivers do.
QUIET = (
    ("migration", ("BEGIN", "CREATE TABLE :s.x (id serial PRIMARY KEY, at timestamptz, t text)", "CREATE INDEX ON :s.x (t)",
                   TRIGGER.format("NEW.at := now();"), FIRE.format(":s.x"), "INSERT INTO :s.x (t) VALUES ('x')", "UPDATE :s.x SET t = 'y'",
                   "ALTER TABLE customers ADD COLUMN extra int DEFAULT 0", "UPDATE customers SET extra = grade", "SELECT relname FROM pg_class",
                   "ALTER TABLE customers DROP COLUMN extra", "DROP TABLE IF EXISTS :s.nothing", "COMMIT", "SELECT t FROM :s.x")),
    ("DO", (do("CREATE TYPE :s.mood AS ENUM ('ok'); EXCEPTION WHEN duplicate_object THEN NULL"),
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = ':s' LOOP "
            "EXECUTE format('ALTER TABLE %I OWNER TO postgres', r.tablename); END LOOP; END $$",
            do("EXECUTE 'CREATE INDEX sight ON customers (grade)'"), do("EXECUTE 'DROP INDEX ' || quote_ident('sight') || ' CASCADE'"),
            do("PERFORM setval('orders_id_seq', (SELECT max(id) FROM orders))"), "SELECT 1")),
    ("partitions", ("CREATE TABLE :s.x (d int) PARTITION BY RANGE (d)", do("FOR i IN 1..3 LOOP EXECUTE format('CREATE TABLE :S.%I PARTITION OF :s.x "
                    "FOR VALUES FROM (%L) TO (%L)', 'part_of_sight' || i, i, i + 1); END LOOP"), "INSERT INTO :s.x VALUES (2)", "SELECT d FROM :s.x")),
    ("trigger that normalizes", (TRIGGER.format("NEW.email := lower(NEW.email); IF NEW.name IS NULL THEN RAISE EXCEPTION '%', NEW.email; END IF;"),
                                 FIRE.format("customers"), "UPDATE customers SET grade = grade WHERE id = 1357",
                                 "SELECT grade FROM customers WHERE id = 1357", "DROP TRIGGER t ON customers")),
    ("constants that are run", ("SELECT query_to_xml('SELECT title FROM products', true, false, '')", "SELECT table_to_xml('public.products'::regclass, true, false, '')",
                                "SELECT table_to_xmlschema('customers', true, false, '')", "SELECT query_to_xml('SELECT count(*) FROM customers', true, false, '')",
                                "SELECT word FROM ts_stat('SELECT to_tsvector(title) FROM products')")),
    ("statistics", ("SELECT * FROM pg_stats WHERE tablename = 'products'", "SELECT most_common_vals FROM pg_stats WHERE tablename = 'customers' AND attname = 'grade'",
                    "SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'public.products'::regclass")),
    ("COPY of one's own table", ("CREATE TEMP TABLE sight_own (name text)", "INSERT INTO sight_own VALUES ('x')", "COPY sight_own TO STDOUT",
                                 "COPY (SELECT name FROM sight_own) TO STDOUT")),
    ("catalog", ("SELECT obj_description(oid) FROM pg_class", "SELECT enumlabel FROM pg_enum", "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef",
                 "SELECT proname, prosrc FROM pg_proc WHERE oid >= 16384", "SELECT sequencename, last_value FROM pg_sequences",
                 "SELECT nothing(1)", "SELECT pg_get_triggerdef(oid) FROM pg_trigger", "SELECT definition FROM pg_views", "COPY customers (grade, region) TO STDOUT")),
)
# What is run or spoken of is somebody's, and these fields at most are counted.
NARROW = (
    ("SELECT query_to_xml('SELECT phone FROM customers', true, false, '')", {"phone"}),
    ("SELECT table_to_xml('orders', true, false, '')", {"order"}),
    ("SELECT word FROM ts_stat('SELECT to_tsvector(email) FROM customers WHERE grade = 1')", {"email"}),
    ("SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers' AND attname = 'email'", {"email"}),
    ("SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers' AND attname = 'name'", {"name"}),
)
REFUSED = (
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)",
    do("EXECUTE 'COPY customers TO PRO' || 'GRAM ''cat > /dev/null'''"),
    do("EXECUTE 'SELECT name FROM mem' || 'bers'"),
    "SELECT query_to_xml('SELECT name FROM mem' || 'bers', true, true, '')",
    "SELECT schema_to_xml('public', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
)


@harness.shared
def front():
    return shop.front("sight")


def run(number, name, steps):
    """Runs the steps in a session and a schema of their own; whether it went as far as it should."""
    schema = f"sight{number}"
    shop.server().sql(f"CREATE SCHEMA {schema}")
    with front().login(application_name=name) as session:
        for step in steps:
            session.exchange(wire.query(step.replace(":s.", f"{schema}.n{number}_").replace(":s", schema).replace(":S", schema)))


@test(gateway=True)
def test_narrow():
    """Of a query in a constant, and of statistics of one column, its fields count and no others"""
    for number, (sql, _) in enumerate(NARROW):
        with front().login(application_name=f"narrow {number}") as session:
            assert session.query(sql).rows, sql
            session.terminate()
    front().guard.until_sessions(0)
    shown = shop.export(front())
    for number, (sql, fields) in enumerate(NARROW):
        equal((set(shown[f"narrow {number}"].fields), shown[f"narrow {number}"].unknown > 0), (fields, True), sql)


@test(gateway=True)
def test_counted():
    """Each way to put a value out of sight counts whom it can be of"""
    for number, (name, steps) in enumerate(SHOWN):
        run(number, name, steps)
    shown = shop.export(front())
    missing = [name for name, _ in SHOWN if not shown[name].unknown and not shown[name].keys["customer"]]
    assert not missing, f"{missing}"


@test(gateway=True)
def test_quiet():
    """What migrations do leaves no line in the ledger, but of what administrators do: nobody is shown"""
    for number, (name, steps) in enumerate(QUIET, len(SHOWN)):
        run(number, name, steps)
    shown = shop.export(front())
    loud = {name: shown[name] for name, _ in QUIET
            if any(line["subjects"] or not (line["rule"] or "").startswith("administrators: ") for line in shown[name].lines)}
    assert not loud, f"{loud}"


@test(gateway=True)
def test_never_by_another_name():
    """Rows of a table that is shown to nobody do not come under a name that it was just given"""
    shop.server().sql("CREATE TABLE locked (v text); INSERT INTO locked VALUES ('secret'); ALTER TABLE locked OWNER TO analyst;"
                      "CREATE SCHEMA elsewhere AUTHORIZATION analyst")
    gate = shop.front("sight-origin", more={"personal_data": [shop.personal("customers", "customer", "id", shop.CUSTOMER_FIELDS)],
                                            "never": ["public.locked"]})
    with gate.login(user="analyst") as session:
        for change, sql in (("RENAME TO opened", "SELECT v FROM opened"), ("SET SCHEMA elsewhere", "SELECT 1, v FROM elsewhere.locked")):
            for data in (wire.query(sql), wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC,
                         wire.query(f"DECLARE c CURSOR FOR {sql}; FETCH c")):
                session.query("BEGIN")
                session.query(f"ALTER TABLE locked {change}")
                result = session.exchange(data)
                assert result.errors and result.errors[0]["C"] == "PS002", f"{sql}: {result.errors} {result.rows}"
                equal(result.rows, [])
                session.query("ROLLBACK")
        equal(session.value("SELECT 'goes on'"), "goes on")


@test(gateway=True)
def test_refused():
    """What leaves by the server, or names what is shown to nobody in pieces, is done where pasu is not asked, and is refused; calls by message are, too"""
    oid = int(shop.server().value("SELECT 'pg_read_file(text)'::regprocedure::oid"))
    with wire.login(shop.server().address, user="postgres") as session:
        for sql in REFUSED:
            session.query("BEGIN")
            result = session.exchange(wire.query(sql))
            equal((result.errors, "xml" not in sql or "Lee-" in repr(result.rows) or "Kim-" in repr(result.rows)), ([], True), f"{sql}: the harm")
            session.query("ROLLBACK")
        result = session.exchange(wire.function_call(oid, b"postgresql.conf"))
        assert not result.errors and "max_connections" in repr(result.values), f"{result.errors}: the harm"
    gate = shop.front("sight-never", more={"personal_data": [shop.personal("customers", "customer", "id", shop.CUSTOMER_FIELDS)],
                                           "never": ["public.members"]})
    with gate.login() as session:
        for sql in REFUSED:
            result = session.exchange(wire.query(sql))
            assert result.errors and result.errors[0]["C"] == "PS002", f"{sql}: {result.errors} {result.rows}"
        oid = int(session.value("SELECT 'pg_read_file(text)'::regprocedure::oid"))
        result = session.exchange(wire.function_call(oid, b"postgresql.conf"))
        equal((result.errors[0]["C"], result.types), ("PS002", "EZ"))
        equal(session.value("SELECT 'goes on'"), "goes on")


def is_cut_off(session, data):
    """Whether the session ends by that, with a refusal if the client comes to read it."""
    try:
        result = session.exchange(data)
    except (OSError, wire.Closed):
        return True
    except wire.ServerError as error:
        return error.code == "PS002"
    return bool(result.errors) and result.errors[0]["C"] == "PS002" and result.errors[0]["S"] == "FATAL"


@test(gateway=True)
def test_refused_in_pieces():
    """A text too long to be planned is refused as well, before the server has all of it; data of any length passes"""
    gate = shop.front("sight-long", more={"personal_data": [shop.personal("customers", "customer", "id", shop.CUSTOMER_FIELDS)],
                                          "never": ["public.members"]})
    padding = "/*" + "x" * (3 << 20) + "*/"
    for sql in (f"SELECT 1, (SELECT count(*) FROM members) {padding}", f"{padding} SELECT 1 FROM members", f"COPY customers TO {padding} PROGRAM 'cat'"):
        for data in (wire.query(sql), wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC):
            with gate.login(application_name="in pieces") as session:
                assert is_cut_off(session, data), sql[:40]
    equal(len(shop.export(gate)["in pieces"].lines), 6)
    with gate.login() as session:
        session.query("CREATE TEMP TABLE long (v text)")
        text = "members; COPY x TO PROGRAM ''y''; " * 100000
        session.query(f"INSERT INTO long VALUES ('{text}'), ($${text}$$)")
        equal(session.value("SELECT min(length(v)) FROM long"), str(len(text.replace("''", "'"))))


@test(gateway=True)
def test_not_understood():
    """attribution.unknown: block refuses what is not understood, also a text too long to be planned"""
    gate = shop.front("sight-unknown", more={"attribution": {"unknown": "block"}})
    with gate.login() as session:
        for sql in ("SELECT name FROM customers WHERE id = 1_0", "SELECT name FROM FROM customers"):
            for data in (wire.query(sql), wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC):
                result = session.exchange(data)
                equal(result.errors[0]["C"], "PS002")
                assert "unknown: block" in result.errors[0]["H"], result.errors
        equal(len(session.query("SELECT name FROM customers WHERE id = 1350").rows), 1)
    with gate.login() as session:
        assert is_cut_off(session, wire.query("SELECT 1 /*" + "x" * (3 << 20) + "*/"))


@test(gateway=True)
def test_beyond_a_budget():
    """Where a budget has no room for it, it is not done: by a text, and by a Bind"""
    shop.server().sql("CREATE SCHEMA beyond AUTHORIZATION analyst; CREATE TABLE beyond.x (x int); ALTER TABLE beyond.x OWNER TO analyst")
    sql = do(f"EXECUTE format('COMMENT ON TABLE beyond.x IS %L', ({ONE}))")
    gate = shop.front("sight-budget", more={"budgets": [{"principal": "analyst", "window": "day", "subjects": 10, "verdict": "block"}]})
    with gate.login(user="analyst", application_name="beyond") as session:
        for data in (wire.query(sql), wire.parse(sql) + wire.bind() + wire.execute() + wire.SYNC):
            result = session.exchange(data)
            equal(result.errors[0]["C"], "PS001")
        equal(session.value("SELECT obj_description('beyond.x'::regclass)"), None)
        equal(len(session.query("SELECT id, name FROM customers ORDER BY id LIMIT 10").rows), 10)
    shown = shop.export(gate)["beyond"]
    equal((len(shown.keys["customer"]), shown.unknown), (10, 0))
    assert {"kept", "budget"} <= shown.flags and "block" in shown.verdicts, shown


if __name__ == "__main__":
    harness.main()
