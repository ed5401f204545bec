/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction makes, uses and drops: which tables its code can have filled. */
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/fresh.h"

enum { STATEMENTS_MAX = 8, TEXT_SIZE = 512 };

struct story {
    const char *statements[STATEMENTS_MAX];
    const char *expected; /* "table=fields …", in the order in which they were found */
};

#define ONE "SELECT reverse(name) FROM customers WHERE id = 5"
#define TRIGGER(body)                                                                              \
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " body " END $$"
#define ON(when) "CREATE TRIGGER t " when " FOR EACH ROW EXECUTE FUNCTION f()"

static void
add_fields(char *text, uint64_t fields)
{
    static const char *const names[] = {"name", "phone", "email", "address", "order", "door_code"};
    const char *before = "=";

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (fields >> i & 1) {
            size_t length = strlen(text);

            snprintf(text + length, TEXT_SIZE - length, "%s%s", before, names[i]);
            before = "+";
        }
}

static void
tell(const struct story *story, char *text)
{
    struct plan_environment environment = shop_environment();
    struct fresh fresh = {0};

    text[0] = '\0';
    for (size_t i = 0; i < STATEMENTS_MAX && story->statements[i]; i++) {
        struct plan *plan = plan_of(story->statements[i], &environment);

        for (size_t s = 0; s < plan->statement_count; s++)
            assert_int_equal(fresh_see(&fresh, plan, &plan->statements[s], &shop), 0);
        plan_release(plan);
    }
    for (size_t i = 0; i < fresh.mark_count; i++) {
        size_t length = strlen(text);

        if (fresh.marks[i].fields == 0)
            continue;
        snprintf(text + length, TEXT_SIZE - length, "%s%s", length > 0 ? " " : "",
                 fresh.marks[i].name);
        add_fields(text, fresh.marks[i].fields);
    }
    fresh_clear(&fresh);
    assert_true(fresh_is_empty(&fresh));
}

static void
check(const struct story *stories, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        char text[TEXT_SIZE];

        tell(&stories[i], text);
        if (strcmp(text, stories[i].expected) == 0)
            continue;
        print_error("%s\n  is       %s\n  must be  %s\n", stories[i].statements[0], text,
                    stories[i].expected);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void
code_fills_what_it_writes_to(void **state PASU_UNUSED)
{
    static const struct story stories[] = {
        {{"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t " ONE " $$"},
         "t=name"},
        {{"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (now()) $$"},
         ""},
        /* what is called may be made before or after */
        {{"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ " ONE " $$",
          "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (g()) $$"},
         "t=name"},
        {{"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES "
          "(g()); END $$",
          "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ " ONE " $$"},
         "t=name"},
        {{"CREATE VIEW v AS " ONE,
          "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t SELECT * FROM v $$"},
         "t=name"},
        {{"CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES ($1); SELECT "
          "1'",
          "SELECT f(c.email) FROM customers c"},
         "t=name+phone+email+address"},
        {{"CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES ($1); SELECT "
          "1'",
          "SELECT f(title) FROM public.v_none", "DROP FUNCTION f(customers)"},
         ""},
        {{"DO $$ BEGIN INSERT INTO t " ONE "; END $$"}, "t=name"},
        {{"CREATE PROCEDURE f() BEGIN ATOMIC INSERT INTO t " ONE "; END"}, "t=name"},
        {{"CREATE FUNCTION f() RETURNS void LANGUAGE plperl AS 'INSERT INTO t x'"},
         "t=name+phone+email+address+order+door_code"},
    };

    check(stories, COUNT_OF(stories));
}

static void
triggers_and_rules_are_given_rows(void **state PASU_UNUSED)
{
    static const struct story stories[] = {
        {{TRIGGER("INSERT INTO t VALUES (NEW.name); RETURN NEW;"), ON("AFTER UPDATE ON customers")},
         "t=name"},
        {{TRIGGER("INSERT INTO t VALUES (NEW.id); RETURN NEW;"), ON("AFTER UPDATE ON customers")},
         ""},
        {{TRIGGER("INSERT INTO t VALUES (row_to_json(NEW)); RETURN NEW;"),
          ON("AFTER UPDATE ON customers")},
         "t=name+phone+email+address"},
        {{TRIGGER("INSERT INTO t VALUES (NEW.id); RETURN COALESCE(NEW, OLD);"),
          "CREATE TRIGGER t AFTER UPDATE OF name ON customers FOR EACH ROW WHEN (OLD.* IS DISTINCT "
          "FROM NEW.*) EXECUTE FUNCTION f()"},
         ""},
        {{TRIGGER("PERFORM g(NEW.email); RETURN NEW;"),
          "CREATE FUNCTION g(text) RETURNS void LANGUAGE sql AS 'INSERT INTO t VALUES ($1)'",
          ON("AFTER UPDATE ON customers")},
         "t=email"},
        {{TRIGGER("INSERT INTO t SELECT n FROM x; RETURN NULL;"),
          "CREATE TRIGGER t AFTER UPDATE ON orders REFERENCING NEW TABLE AS x FOR EACH STATEMENT "
          "EXECUTE FUNCTION f()"},
         "t=order"},
        /* one that a snapshot shows fills products */
        {{"CREATE TRIGGER t AFTER UPDATE ON customers FOR EACH ROW WHEN (NEW.name <> '') EXECUTE "
          "FUNCTION f_log()"},
         ""},
        /* the row itself */
        {{TRIGGER("NEW.region := NEW.name; RETURN NEW;"), ON("BEFORE UPDATE ON customers")},
         "customers=name"},
        {{TRIGGER("NEW.name := upper(NEW.name); RETURN NEW;"), ON("BEFORE UPDATE ON customers")},
         ""},
        {{TRIGGER("RETURN jsonb_populate_record(NEW, x);"), ON("BEFORE UPDATE ON customers")},
         "customers=name+phone+email+address"},
        {{TRIGGER("NEW.v := (" ONE "); RETURN NEW;"), ON("BEFORE INSERT ON t")}, "t=name"},
        {{"CREATE RULE r AS ON UPDATE TO customers DO ALSO INSERT INTO t VALUES (NEW.email)"},
         "t=email"},
        {{"CREATE RULE r AS ON UPDATE TO customers DO ALSO INSERT INTO t VALUES (NEW.id)"}, ""},
        {{"CREATE RULE r AS ON INSERT TO x DO ALSO INSERT INTO t VALUES (NEW.v)",
          "INSERT INTO x SELECT phone FROM customers"},
         "t=phone"},
        /* a snapshot says what such a trigger does, unless it is gone before */
        {{"CREATE TRIGGER w BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION "
          "tsvector_update_trigger(ts, 'pg_catalog.simple', name)"},
         ""},
        {{"CREATE TRIGGER w BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION "
          "tsvector_update_trigger(ts, 'pg_catalog.simple', name)",
          "DROP TRIGGER w ON customers"},
         "customers=name"},
    };

    check(stories, COUNT_OF(stories));
}

static void
defaults_and_links_pass_on(void **state PASU_UNUSED)
{
    static const struct story stories[] = {
        {{"ALTER TABLE t ADD v text DEFAULT f_sql(5)"}, "t=name+phone+email+address"},
        {{"ALTER TABLE t ADD v text DEFAULT f_clean(5)"}, ""},
        {{"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ " ONE " $$",
          "CREATE DOMAIN d AS text DEFAULT g()", "ALTER TABLE t ADD v d"},
         "t=name"},
        {{"CREATE TABLE part PARTITION OF whole DEFAULT",
          "INSERT INTO whole SELECT name FROM customers"},
         "part=name"},
        {{"ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES x ON UPDATE CASCADE",
          "UPDATE x SET v = (SELECT max(phone) FROM customers)"},
         "t=phone"},
        {{"CREATE VIEW v AS SELECT title FROM products",
          "INSERT INTO v SELECT email FROM customers"},
         "products=email"},
        {{"CREATE VIEW v AS SELECT name, title FROM products, customers", "SELECT * FROM v"}, ""},
        /* from a table that the transaction has filled itself */
        {{"INSERT INTO work.products SELECT 1, name FROM customers",
          "INSERT INTO t SELECT title FROM products"},
         "t=name"},
        {{"INSERT INTO work.products SELECT 1, name FROM customers",
          "UPDATE products SET price = 1"},
         ""},
    };

    check(stories, COUNT_OF(stories));
}

/* Beyond all reason: then what is filled can hold anything. */
static void
too_much_code_fills_with_everything(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct fresh fresh = {0};

    for (size_t i = 0; i <= FRESH_THINGS_MAX; i++) {
        char text[64];
        struct plan *plan;

        snprintf(text, sizeof(text), "DO $$ BEGIN INSERT INTO t VALUES (%zu); END $$", i);
        plan = plan_of(text, &environment);
        for (int again = 0; again < 2; again++)
            assert_int_equal(fresh_see(&fresh, plan, &plan->statements[0], &shop), 0);
        assert_int_equal(fresh.is_full, i == FRESH_THINGS_MAX);
        plan_release(plan);
    }
    assert_int_equal(fresh.plan_count, FRESH_THINGS_MAX);
    assert_int_equal(fresh.thing_count, FRESH_THINGS_MAX);
    assert_int_equal(fresh.mark_count, 1);
    assert_int_equal(fresh.marks[0].fields, 63);
    fresh_clear(&fresh);
}

static int
run(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_fills_what_it_writes_to),
        cmocka_unit_test(triggers_and_rules_are_given_rows),
        cmocka_unit_test(defaults_and_links_pass_on),
        cmocka_unit_test(too_much_code_fills_with_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
