/* SPDX-License-Identifier: Apache-2.0 */
/* What acts on relations, what functions can do beside returning values, marks. */
#include "small_shop.h"

static void
what_acts_on_a_table_is_followed(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RELATIONS, "20010|public|audit|r|p|f|f"},
        {ROWS_COLUMNS, "20010|1|line|25"},
        FUNCTION(22001, "on_write", "plpgsql",
                 "BEGIN INSERT INTO audit SELECT name FROM customers; RETURN NEW; END"),
        FUNCTION(22002, "stamp", "plpgsql", "BEGIN NEW.at := now(); RETURN NEW; END"),
        {ROWS_ACTS, "20006|f|t|public.on_write"},
        {ROWS_ACTS, "20003|f|f|public.on_write"},
        {ROWS_ACTS, "20004|f|t| WHEN (new.at IS NULL) public.stamp"},
        {ROWS_RULES, "31001|20010|700|f|f"},
        {ROWS_TREES, "31001|f|f|f"},
        {ROWS_DEPENDENCIES, "31001|r|20001|3"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    const struct catalog_relation *r = relation(c, "products");

    assert_int_equal(r->act_fields, NAME | PHONE); /* through the rule of what it fills */
    assert_true(r->is_filled && r->has_acts);
    assert_int_equal(r->fields, NAME | PHONE); /* a trigger can change the row */
    assert_int_equal(relation(c, "audit")->act_fields, PHONE);
    assert_int_equal(relation(c, "audit")->fields & NAME, NAME); /* filled by the function */
    r = relation(c, "visits");
    assert_int_equal(r->act_fields, NAME | PHONE); /* a partition's are the parent's */
    assert_int_equal(r->marked_fields, 0);         /* which cannot change the row */
    r = relation(c, "book");
    assert_int_equal(r->act_fields, 0);
    assert_true(r->has_acts);
    assert_int_equal(r->marked_fields, 0);
    catalog_release(c);
}

static void
what_can_change_names_and_fill_tables_is_known_of_functions(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "f_plain", "plpgsql", "BEGIN RETURN 1; END"),
        FUNCTION(22002, "f_swap", "plpgsql", "BEGIN CLOSE c; OPEN c FOR SELECT 1; END"),
        FUNCTION(22003, "f_calls", "sql", "SELECT f_swap()"),
        FUNCTION(22004, "f_fill", "sql", "INSERT INTO nowhere VALUES ($1)"),
        FUNCTION(22005, "f_read", "plpgsql", "BEGIN SELECT 1 INTO x; RETURN x; END"),
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_false(catalog_function(c, 22001)->renames || catalog_function(c, 22001)->fills);
    assert_true(catalog_function(c, 22002)->renames);
    assert_true(catalog_function(c, 22003)->renames);
    assert_true(catalog_function(c, 22004)->fills);
    assert_false(catalog_function(c, 22005)->fills);
    catalog_release(c);
}

static void
what_gives_relations_other_names_is_known_of_functions(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "f_view", "plpgsql",
                 "BEGIN CREATE OR REPLACE VIEW v AS SELECT name FROM customers; END"),
        FUNCTION(22002, "f_rename", "plpgsql", "BEGIN ALTER TABLE book RENAME TO b; END"),
        FUNCTION(22003, "f_calls", "sql", "SELECT f_rename()"),
        FUNCTION(22004, "f_turn", "plpgsql", "BEGIN ALTER SCHEMA a RENAME TO b; END"),
        FUNCTION(22005, "f_table", "plpgsql", "BEGIN CREATE TEMP TABLE t (x int); END"),
        FUNCTION(22006, "f_column", "plpgsql", "BEGIN ALTER TABLE book ADD COLUMN x int; END"),
        FUNCTION(22007, "f_word", "plpgsql", "BEGIN UPDATE book SET rename = 1; END"),
        FUNCTION(22008, "f_on_write", "plpgsql",
                 "BEGIN CREATE RULE r AS ON INSERT TO book DO NOTHING; RETURN NEW; END"),
        {ROWS_ACTS, "20006|f|f|public.f_on_write"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_true(catalog_function(c, 22001)->twists);
    assert_true(catalog_function(c, 22002)->twists);
    assert_true(catalog_function(c, 22003)->twists);
    assert_true(catalog_function(c, 22004)->twists); /* of names that it does not say */
    assert_int_equal(catalog_function(c, 22004)->fields & (NAME | PHONE), NAME | PHONE);
    assert_false(catalog_function(c, 22005)->twists);
    assert_false(catalog_function(c, 22006)->twists);
    assert_false(catalog_function(c, 22007)->twists);
    assert_true(relation(c, "products")->act_twists);
    assert_false(relation(c, "book")->act_twists);
    catalog_release(c);
}

static void
who_writes_to_the_catalog_or_makes_slots_exits(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RELATIONS, "1255|pg_catalog|pg_proc|r|p|t|f"},
        {ROWS_RELATIONS, "12001|pg_catalog|pg_settings|v|p|t|f"},
        {ROWS_FUNCTIONS, "3786|pg_catalog|pg_create_logical_replication_slot|internal|f|f|f|f|~|~"},
        FUNCTION(22001, "f_update", "plpgsql",
                 "BEGIN UPDATE ONLY pg_catalog.pg_proc SET prosrc = 1; END"),
        FUNCTION(22002, "f_insert", "sql", "INSERT INTO pg_proc SELECT * FROM pg_proc"),
        FUNCTION(22003, "f_delete", "sql", "DELETE FROM pg_proc"),
        FUNCTION(22004, "f_read", "sql", "SELECT proname FROM pg_proc"),
        FUNCTION(22005, "f_set", "sql", "UPDATE pg_settings SET setting = 1"),
        FUNCTION(22006, "f_own", "sql", "UPDATE book SET x = 1"),
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_true(catalog_function(c, 3786)->is_exit);
    assert_true(catalog_function(c, 22001)->is_exit);
    assert_true(catalog_function(c, 22002)->is_exit);
    assert_true(catalog_function(c, 22003)->is_exit);
    assert_false(catalog_function(c, 22004)->is_exit);
    assert_false(catalog_function(c, 22005)->is_exit);
    assert_false(catalog_function(c, 22006)->is_exit);
    catalog_release(c);
}

static void
what_functions_put_out_of_sight_is_known(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "f_plain", "plpgsql",
                 "BEGIN SELECT name INTO x FROM customers; RETURN x; END"),
        FUNCTION(22002, "f_made", "plpgsql",
                 "BEGIN SELECT name INTO x FROM customers; EXECUTE format('LISTEN %I', x); END"),
        FUNCTION(22003, "f_open", "plpgsql", "BEGIN EXECUTE x; END"),
        FUNCTION(22004, "f_quiet", "plpgsql",
                 "BEGIN EXECUTE 'CREATE INDEX ON products (title)'; END"),
        FUNCTION(22005, "f_within", "plpgsql", "BEGIN EXECUTE 'SELECT phone FROM customers'; END"),
        FUNCTION(22006, "f_reads", "plpgsql", "BEGIN EXECUTE format('SELECT x FROM %I', t); END"),
        FUNCTION(22007, "f_calls", "sql", "SELECT f_made()"),
        FUNCTION(22008, "f_sets", "sql", "SELECT setval('s', phone::int) FROM customers"),
        FUNCTION(22009, "f_grants", "plpgsql", "BEGIN GRANT EXECUTE ON FUNCTION f TO r; END"),
        FUNCTION(22010, "f_perl", "plperl", "spi_exec_query($_[0])"),
    };
    static const struct {
        const char *name;
        bool keeps;
        uint64_t fields;
    } cases[] = {
        {"f_plain", false, NAME}, {"f_made", true, NAME},     {"f_open", true, ALL},
        {"f_quiet", false, 0},    {"f_within", false, PHONE}, {"f_reads", true, ALL},
        {"f_calls", true, NAME},  {"f_sets", true, PHONE},    {"f_grants", false, 0},
        {"f_perl", true, ALL},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t at = 0;
        const struct catalog_function *f = catalog_function_named(c, NULL, cases[i].name, &at);

        if (f->keeps != cases[i].keeps || f->fields != cases[i].fields)
            fail_msg("%s: %d %#lx", f->name, f->keeps, (unsigned long)f->fields);
    }
    catalog_release(c);
}

static void
triggers_carry_their_row_where_they_put_it(void **state PASU_UNUSED)
{
    static const struct {
        const char *body;
        uint64_t own, other; /* what is beyond the mapping of customers and of products */
    } cases[] = {
        {"BEGIN NEW.grade := length(NEW.name); RETURN NEW; END", NAME, 0},
        {"BEGIN NEW.grade = NEW.phone; RETURN NEW; END", PHONE, 0},
        {"DECLARE v text; BEGIN v := NEW.name; NEW.grade := v; RETURN NEW; END", NAME, 0},
        {"BEGIN NEW := other(OLD); RETURN NEW; END", NAME | PHONE, 0},
        {"BEGIN INSERT INTO products VALUES (NEW.phone); RETURN NULL; END", 0, PHONE},
        {"BEGIN INSERT INTO public.products SELECT OLD.*; RETURN NULL; END", 0, NAME | PHONE},
        {"BEGIN UPDATE products SET title = NEW.name; RETURN NULL; END", 0, NAME},
        {"BEGIN NEW.grade := CASE WHEN true THEN length(NEW.name) ELSE 0 END; RETURN NEW; END",
         NAME, 0},
        /* nothing of it */
        {"BEGIN NEW.grade := 1; RETURN NEW; END", 0, 0},
        {"BEGIN NEW.name := lower(NEW.name); RETURN NEW; END", 0, 0},
        {"BEGIN IF NEW.name <> OLD.name THEN NEW.grade := 2; END IF; RETURN NEW; END", 0, 0},
        {"BEGIN IF NEW IS DISTINCT FROM OLD THEN NEW.grade := 2; END IF; RETURN NEW; END", 0, 0},
        {"BEGIN IF NEW.phone IS NULL THEN RAISE EXCEPTION 'none: %', NEW.name; END IF; "
         "NEW.grade := 3; RETURN NEW; END",
         0, 0},
        {"BEGIN PERFORM pg_notify('x', NEW.name); NEW.grade := 3; RETURN NEW; END", 0, 0},
        {"BEGIN INSERT INTO products VALUES (NEW.id); RETURN NULL; END", 0, 0},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char function[512];
        struct catalog_row rows[] = {
            SHOP,
            {ROWS_FUNCTIONS, function},
            {ROWS_ACTS, "20001|f|t| public.on_write"},
        };
        const struct catalog_relation *r;
        struct catalog *c;

        snprintf(function, sizeof(function), "22001|public|on_write|plpgsql|f|f|f|f|%s|~",
                 cases[i].body);
        c = build(NULL, rows, COUNT_OF(rows));
        r = relation(c, "customers");
        if (r->marked_fields != cases[i].own || r->filled_fields != cases[i].own)
            fail_msg("%s: %#lx", cases[i].body, (unsigned long)r->marked_fields);
        r = relation(c, "products");
        if (r->fields != cases[i].other || r->filled_fields != cases[i].other)
            fail_msg("%s: products %#lx", cases[i].body, (unsigned long)r->fields);
        catalog_release(c);
    }
}

static void
event_triggers_are_of_no_relation(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "on_ddl", "plpgsql",
                 "BEGIN RAISE NOTICE '%', (SELECT name FROM customers); END"),
        {ROWS_ACTS, "0|f|f|on_ddl"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    uint64_t fields, kinds;

    assert_true(catalog_events(c, &fields, &kinds));
    assert_int_equal(fields, NAME);
    assert_int_equal(kinds, CUSTOMER);
    catalog_release(c);
    c = build(NULL, rows, COUNT_OF(rows) - 1);
    assert_false(catalog_events(c, &fields, &kinds));
    catalog_release(c);
}

/* Names that nothing has yet: what is made by one will be what code means. */
static void
what_code_speaks_of_is_known(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "reads", "sql", "SELECT v FROM Awaited, s.\"Quoted One\""),
        FUNCTION(22002, "runs", "plpgsql",
                 "BEGIN EXECUTE 'INSERT INTO inside SELECT 1'; END /* not_this */"),
        {ROWS_ACTS, "20001|f|f| on_write(later)"},
    };
    static const char *const spoken[] = {"awaited", "Quoted One", "inside", "later", "customers"};
    static const char *const others[] = {"Awaited", "not_this", "quoted", "nothing", ""};
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));
    size_t by_chance = 0;

    for (size_t i = 0; i < COUNT_OF(spoken); i++)
        if (!catalog_speaks_of(c, spoken[i]))
            fail_msg("%s", spoken[i]);
    for (size_t i = 0; i < COUNT_OF(others); i++) /* a hash can be another's by chance */
        by_chance += catalog_speaks_of(c, others[i]);
    assert_true(by_chance < COUNT_OF(others) - 1);
    catalog_release(c);
}

static void
a_rule_writes_to_what_it_names(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        {ROWS_RULES, "31001|20001|700|f|f"},
        {ROWS_TREES, "31001|f|f|f"},
        {ROWS_DEPENDENCIES, "31001|r|20001|2"},
        {ROWS_DEPENDENCIES, "31001|r|20006|0"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_int_equal(relation(c, "products")->fields, NAME);
    assert_int_equal(relation(c, "products")->filled_fields, NAME);
    assert_int_equal(relation(c, "customers")->marked_fields, 0);
    catalog_release(c);
}

static void
operators_are_foreign_by_what_their_functions_do(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "f_clean", "sql", "SELECT 1"),
        FUNCTION(22002, "f_reads", "sql", "SELECT name FROM customers"),
        FUNCTION(22003, "f_keeps", "plpgsql", "BEGIN EXECUTE format('SET x = %L', $1); END"),
        {ROWS_OPERATORS, "23001|+++|22001|25|25"},
        {ROWS_OPERATORS, "23002|---|22002|25|25"},
        {ROWS_OPERATORS, "23003|@@@|22003|25|25"},
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_false(catalog_operator_is_foreign(c, "+++"));
    assert_true(catalog_operator_is_foreign(c, "---") && !catalog_operator_keeps(c, "---"));
    assert_true(catalog_operator_is_foreign(c, "@@@") && catalog_operator_keeps(c, "@@@"));
    catalog_release(c);
}

static void
ones_own_format_makes_texts_of_any_shape(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP,
        FUNCTION(22001, "format", "sql", "SELECT 'anything'"),
        FUNCTION(22002, "f", "plpgsql", "BEGIN EXECUTE format('DROP TABLE %I', x); END"),
    };
    struct catalog *c = build(NULL, rows, COUNT_OF(rows));

    assert_int_equal(function_fields(c, "f"), ALL);
    catalog_release(c);
}

static void
a_cursor_that_a_function_has_not_opened_can_be_anybodys(void **state PASU_UNUSED)
{
    static const char *const borrowed[] = {
        "DECLARE c refcursor := 'cc'; BEGIN FETCH c INTO r; RETURN r; END",
        "BEGIN FETCH c INTO r; RETURN r; END", /* an argument */
        "BEGIN EXECUTE 'FETCH 1 FROM cc' INTO r; RETURN r; END",
        "BEGIN RETURN QUERY FETCH ALL FROM cc; END",
        "BEGIN FOR r IN FETCH ALL FROM cc LOOP NULL; END LOOP; END",
        "FETCH FORWARD 5 FROM cc",
        "DECLARE c CURSOR FOR SELECT 1; BEGIN FETCH c INTO r; END",
        "DECLARE c CURSOR FOR SELECT 1; BEGIN c := 'cc'; OPEN c; FETCH c INTO r; END",
        "DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; SELECT 'cc' INTO c; FETCH c INTO r; END",
        "DECLARE c refcursor; BEGIN IF a THEN OPEN c FOR SELECT 1; END IF; FETCH c INTO r; END",
        "DECLARE c refcursor = 'cc'; BEGIN OPEN c FOR SELECT 1; FETCH c INTO r; END",
        ("DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; EXCEPTION WHEN OTHERS THEN FETCH c INTO "
         "r;"
         " END"),
        "BEGIN FETCH c INTO r; DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; END; END",
        "DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; FETCH f.c INTO r; END",
    };
    static const char *const own[] = {
        "DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; "
        "END LOOP; CLOSE c; END",
        "DECLARE c NO SCROLL CURSOR (k int) FOR SELECT k; BEGIN OPEN c(1); FETCH NEXT FROM c INTO "
        "r; "
        "RAISE EXCEPTION 'x'; END",
        "DECLARE c refcursor; BEGIN OPEN c FOR SELECT 1; MOVE FORWARD FROM c; FETCH c INTO r; END",
        "SELECT 1 ORDER BY 1 FETCH FIRST 5 ROWS ONLY",
        "SELECT 1 FETCH NEXT ROW ONLY",
        "SELECT x.fetch AS fetch FROM nowhere x FETCH FIRST (1 + 2) ROWS WITH TIES",
    };

    for (size_t i = 0; i < COUNT_OF(borrowed) + COUNT_OF(own); i++) {
        bool is_own = i >= COUNT_OF(borrowed);
        const char *body = is_own ? own[i - COUNT_OF(borrowed)] : borrowed[i];
        char row[512];
        const struct catalog_row rows[] = {SHOP, {ROWS_FUNCTIONS, row}};
        struct catalog *c;

        (void)snprintf(row, sizeof(row), "22001|public|f|plpgsql|f|f|f|f|%s|~", body);
        c = build(NULL, rows, COUNT_OF(rows));
        if (function_fields(c, "f") != (is_own ? 0 : ALL))
            fail_msg("%s: %llx", body, (unsigned long long)function_fields(c, "f"));
        if (catalog_may_borrow(c) == is_own)
            fail_msg("%s: %d", body, !is_own);
        catalog_release(c);
    }
}

/* It reads the session's cursors by other ways than FETCH, or nobody knows how. */
static void
what_can_read_a_sessions_cursors_is_known(void **state PASU_UNUSED)
{
    static const struct {
        struct catalog_row row;
        bool may_borrow;
    } cases[] = {
        {FUNCTION(22001, "f", "sql", "SELECT cursor_to_xml($1, 1, false, false, '')"), true},
        {FUNCTION(22001, "f", "plpgsql", "BEGIN EXECUTE concat('FETCH 1 FROM ', $1) INTO r; END"),
         true},
        {FUNCTION(22001, "f", "plpgsql", "BEGIN EXECUTE $1; END"), false}, /* its caller's text */
        {FUNCTION(22001, "f", "plpgsql", "BEGIN EXECUTE concat('SELECT x FROM ', $1) INTO r; END"),
         false},
        {FUNCTION(22001, "f", "sql", "SELECT name FROM customers"), false},
        {FUNCTION(22001, "f", "plperl", "return 1"), true},
        {FUNCTION(22001, "f", "c", "~"), true},
        {{ROWS_FUNCTIONS, "22001|public|f|c|f|f|f|f|~|citext"}, false},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct catalog_row rows[] = {SHOP, cases[i].row};
        struct catalog *c = build(NULL, rows, COUNT_OF(rows));

        if (catalog_may_borrow(c) != cases[i].may_borrow)
            fail_msg("%s", cases[i].row.values);
        catalog_release(c);
    }
}

static void
marks_of_temporary_tables_are_theirs_alone(void **state PASU_UNUSED)
{
    static const struct catalog_row rows[] = {
        SHOP, {ROWS_RELATIONS, "20010|pg_temp_3|products|r|t|f|f"}, {ROWS_COLUMNS, "20010|1|v|25"}};
    static const struct catalog_mark marks[] = {
        {0, CATALOG_TEMPORARY, "products", NAME, CUSTOMER, 0, false, 0},
    };
    struct catalog *c = NULL;

    assert_int_equal(
        catalog_rows_build(&c, &policy, NULL, marks, COUNT_OF(marks), rows, COUNT_OF(rows)), 0);
    assert_int_equal(catalog_relation(c, 20006)->fields, 0);
    assert_int_equal(catalog_relation(c, 20010)->fields, NAME);
    catalog_release(c);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_acts_on_a_table_is_followed),
        cmocka_unit_test(what_can_change_names_and_fill_tables_is_known_of_functions),
        cmocka_unit_test(what_gives_relations_other_names_is_known_of_functions),
        cmocka_unit_test(who_writes_to_the_catalog_or_makes_slots_exits),
        cmocka_unit_test(what_functions_put_out_of_sight_is_known),
        cmocka_unit_test(triggers_carry_their_row_where_they_put_it),
        cmocka_unit_test(event_triggers_are_of_no_relation),
        cmocka_unit_test(what_code_speaks_of_is_known),
        cmocka_unit_test(a_rule_writes_to_what_it_names),
        cmocka_unit_test(operators_are_foreign_by_what_their_functions_do),
        cmocka_unit_test(ones_own_format_makes_texts_of_any_shape),
        cmocka_unit_test(a_cursor_that_a_function_has_not_opened_can_be_anybodys),
        cmocka_unit_test(what_can_read_a_sessions_cursors_is_known),
        cmocka_unit_test(marks_of_temporary_tables_are_theirs_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
