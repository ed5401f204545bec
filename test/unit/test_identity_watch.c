/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables a statement can write to, and for how long that counts. */
#include "big_stack.h"
#include "gate/identity_bell.h"
#include "gate/identity_watch.h"
#include "plan_case.h"

static int64_t now = 1000;

/* The shop's snapshot is whole (shop_catalog.c has the rest). */
bool
catalog_is_partial(const struct catalog *catalog PASU_UNUSED)
{
    return false;
}

static int64_t
monotonic(void *arg PASU_UNUSED)
{
    return now;
}

static struct os
os_of_test(void)
{
    struct os os = os_real;

    os.monotonic = monotonic;
    return os;
}

static void
ask(struct identity_watch *watch, struct identity_share *share, const char *sql)
{
    struct plan_environment environment = shop_environment();
    struct os os = os_of_test();
    struct plan *plan = plan_of(sql, &environment);

    for (size_t i = 0; i < plan->statement_count; i++)
        identity_watch_ask(watch, share, &os, &shop, &plan->statements[i]);
    plan_release(plan);
}

static void
settle(struct identity_watch *watch, struct identity_share *share)
{
    struct os os = os_of_test();

    identity_watch_settle(watch, share, &os);
}

/* What becomes of customers after the statement: 'q' quiet, 'a' rows were added, 'c' changed. */
static char
after(const char *sql)
{
    static struct identity_watch watch;
    struct identity_share share = {0};
    bool is_quiet;

    memset(&watch, 0, sizeof(watch));
    ask(&watch, &share, sql);
    settle(&watch, &share);
    is_quiet = identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, false, now);
    return is_quiet ? 'q' : identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now) ? 'a' : 'c';
}

static void
a_statement_writes_to_the_tables_that_it_names(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        char expected;
    } cases[] = {
        {"SELECT * FROM customers", 'q'},
        {"SELECT email FROM customers WHERE id = 1 FOR UPDATE", 'q'},
        {"SELECT email FROM customers FOR NO KEY UPDATE", 'q'},
        {"BEGIN; SET work_mem = 1; COMMIT", 'q'},
        {"COPY customers TO STDOUT", 'q'},
        {"UPDATE products SET title = 'x'", 'q'},
        {"INSERT INTO products VALUES (1)", 'q'},
        {"INSERT INTO customers VALUES (1)", 'a'},
        {"COPY customers FROM STDIN", 'a'},
        {"INSERT INTO customers VALUES (1) ON CONFLICT (id) DO UPDATE SET name = 'x'", 'c'},
        {"UPDATE customers SET name = 'x'", 'c'},
        {"UPDATE \"customers\" SET name = 'x'", 'c'},
        {"UPDATE U&\"c\\0075stomers\" SET name = 'x'", 'c'},
        {"DELETE FROM public.customers", 'c'},
        {"TRUNCATE customers", 'c'},
        {"MERGE INTO customers c USING products p ON false WHEN NOT MATCHED THEN INSERT VALUES (1)",
         'c'},
        {"WITH w AS (UPDATE customers SET name = 'x' RETURNING 1) SELECT 1", 'c'},
        {"EXPLAIN ANALYZE UPDATE customers SET name = 'x'", 'c'},
        {"UPDATE v_contact SET tel = 'x'", 'c'},
        {"ALTER TABLE customers RENAME TO others", 'c'},
        {"DROP INDEX some_index", 'c'},
        {"PREPARE p AS UPDATE customers SET name = 'x'", 'q'}, /* until it is executed */
        {"PREPARE TRANSACTION 'x'", 'c'},
        {"COMMIT PREPARED 'x'", 'c'},
        {"DO 'BEGIN END'", 'c'},
        {"CALL some_procedure()", 'c'},
        {"this is no SQL", 'c'},
    };
    size_t wrong = 0;

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (after(cases[i].sql) != cases[i].expected) {
            print_error("%s: %c, not %c\n", cases[i].sql, after(cases[i].sql), cases[i].expected);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}

/* As EXECUTE has it run. */
static void
what_is_prepared_writes_when_it_is_executed(void **state PASU_UNUSED)
{
    static const struct {
        const char *sql;
        enum plan_writes expected;
    } cases[] = {{"PREPARE p AS UPDATE customers SET name = $1", WRITES_NAMED},
                 {"PREPARE p AS INSERT INTO customers VALUES ($1)", WRITES_NAMED},
                 {"PREPARE p AS SELECT * FROM customers", WRITES_NOTHING},
                 {"DECLARE c CURSOR FOR SELECT * FROM customers", WRITES_NOTHING}};
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].sql, &environment);

        assert_non_null(plan->statements[0].inner);
        assert_int_equal(plan->statements[0].inner->writes, cases[i].expected);
        plan_release(plan);
    }
}

/* What stands behind the end of a text that is kept cut can be anything. */
static void
a_text_that_is_too_long_to_be_kept_can_write_to_all(void **state PASU_UNUSED)
{
    enum { COLUMNS = 2000 };
    char text[32 * COLUMNS] = "SELECT 1";
    size_t length = strlen(text);

    for (size_t i = 0; i < COLUMNS; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, ", a%zu", i);
    snprintf(text + length, sizeof(text) - length, " FROM products");
    assert_int_equal(after(text), 'c');
}

static void
what_nothing_is_known_of_can_write_to_all(void **state PASU_UNUSED)
{
    static struct identity_watch watch;
    struct identity_share share = {0};
    struct os os = os_of_test();

    identity_watch_ask(&watch, &share, &os, &shop, NULL);
    settle(&watch, &share);
    assert_false(identity_watch_is_quiet(&watch, SHOP_PRODUCTS, true, now));
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now));
}

static void
an_open_transaction_counts_whenever_it_began(void **state PASU_UNUSED)
{
    static struct identity_watch watch;
    struct identity_share one = {0}, other = {0};

    ask(&watch, &one, "UPDATE customers SET name = 'x'");
    ask(&watch, &other, "UPDATE customers SET name = 'y'");
    now += 10;
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now));
    settle(&watch, &one);
    now += 10;
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now));
    settle(&watch, &other);
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now)); /* its end was now */
    assert_true(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now + 1));
}

static void
a_session_that_is_not_watched_can_write_to_all(void **state PASU_UNUSED)
{
    static struct identity_watch watch;
    struct os os = os_of_test();

    identity_watch_miss(&watch);
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now + 1));
    identity_watch_missed(&watch, &os);
    assert_false(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now));
    assert_true(identity_watch_is_quiet(&watch, SHOP_CUSTOMERS, true, now + 1));
}

static void
who_has_written_rings_at_the_end_and_not_before(void **state PASU_UNUSED)
{
    struct identity_bell bell;
    struct identity_watch watch = {.bell = &bell};
    struct identity_share share = {0};
    uint32_t customers = catalog_relation_at(&shop, 0)->oid;

    identity_bell_init(&bell);
    for (size_t i = 0; i < catalog_relation_count(&shop); i++)
        if (strcmp(catalog_relation_at(&shop, i)->name, "customers") == 0)
            customers = catalog_relation_at(&shop, i)->oid;
    ask(&watch, &share, "SELECT 1 FROM customers");
    settle(&watch, &share);
    assert_false(bell.is_rung);
    assert_false(identity_watch_is_open(&watch, customers));
    ask(&watch, &share, "UPDATE customers SET name = 'x' WHERE id = 1");
    assert_true(identity_watch_is_open(&watch, customers));
    assert_false(bell.is_rung);
    settle(&watch, &share);
    assert_false(identity_watch_is_open(&watch, customers));
    assert_true(bell.is_rung);
    identity_bell_await(&bell, INT64_MAX); /* it does not wait */
    assert_false(bell.is_rung);
    identity_watch_miss(&watch);
    assert_true(identity_watch_is_open(&watch, customers));
    identity_watch_missed(&watch, &os_real);
    assert_true(bell.is_rung);
    identity_bell_release(&bell);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_writes_to_the_tables_that_it_names),
        cmocka_unit_test(what_is_prepared_writes_when_it_is_executed),
        cmocka_unit_test(a_text_that_is_too_long_to_be_kept_can_write_to_all),
        cmocka_unit_test(what_nothing_is_known_of_can_write_to_all),
        cmocka_unit_test(a_session_that_is_not_watched_can_write_to_all),
        cmocka_unit_test(an_open_transaction_counts_whenever_it_began),
        cmocka_unit_test(who_has_written_rings_at_the_end_and_not_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
