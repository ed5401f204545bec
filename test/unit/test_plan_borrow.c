/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors have hidden keys, but where something can see their columns otherwise than by FETCH. */
#include "big_stack.h"
#include "plan_case.h"

#define DECLARE "DECLARE c CURSOR FOR SELECT name FROM customers"

static void
print_rewritten(const struct plan *plan, char *text, size_t size)
{
    snprintf(text, size, "%d %.*s", plan->hides_in_cursors, (int)plan->rewritten.length,
             plan->rewritten.bytes ? (const char *)plan->rewritten.bytes : "");
}

static void
a_cursor_has_hidden_keys(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {DECLARE, "1 DECLARE c CURSOR FOR SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM "
                  "customers"},
        {"DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT name FROM customers ORDER BY 1",
         "1 DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT \"customers\".\"id\" AS "
         "\"pasu_key_1\", name FROM customers ORDER BY 2"},
        {"BEGIN; " DECLARE " FOR UPDATE; FETCH 1 FROM c; COMMIT",
         "1 BEGIN; DECLARE c CURSOR FOR SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM "
         "customers FOR UPDATE; FETCH 1 FROM c; COMMIT"},
        {"DECLARE c CURSOR FOR SELECT id, name FROM customers", "0 "},
        {"DECLARE c CURSOR FOR SELECT title FROM products", "0 "},
        {"SELECT name FROM customers", "0 SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM "
                                       "customers"},
        {"PREPARE p AS SELECT name FROM customers",
         "0 PREPARE p AS SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM customers"},
        /* the text reads it itself */
        {DECLARE "; SELECT cursor_to_xml('c', 1, false, false, '')", "0 "},
        {DECLARE "; DO $$ DECLARE r refcursor := 'c'; BEGIN FETCH r INTO n; END $$", "0 "},
    };
    static struct catalog borrowing = {.may_borrow = true};
    static const struct plan_case none[] = {
        {DECLARE, "0 "},
        {"SELECT name FROM customers", "0 SELECT \"customers\".\"id\" AS \"pasu_key_1\", name FROM "
                                       "customers"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_rewritten);
    environment.catalog = &borrowing;
    check_printed(none, COUNT_OF(none), &environment, print_rewritten);
}

static void
what_can_read_a_cursor_is_known(void **state PASU_UNUSED)
{
    static const struct {
        const char *text;
        enum plan_borrow borrows;
    } cases[] = {
        {"SELECT 1", BORROW_NOT},
        {DECLARE, BORROW_NOT},
        {"FETCH 3 FROM c", BORROW_NOT},
        {"SELECT name FROM customers FETCH FIRST 3 ROWS ONLY", BORROW_NOT},
        {"SELECT cursor_to_xml('c', 1, false, false, '')", BORROW_READS},
        {"SELECT pg_catalog.\"cursor_to_xmlschema\"('c', false, false, '')", BORROW_READS},
        {"SELECT U&\"cursor\\005fto_xml\"('c', 1, false, false, '')", BORROW_READS},
        {"SELECT f('SELECT Cursor_To_Xml(…)')", BORROW_READS},
        {"CREATE VIEW v AS SELECT cursor_to_xml('c', 1, false, false, '')", BORROW_READS},
        {"DO $$ BEGIN UPDATE products SET price = 1; END $$", BORROW_NOT},
        {"DO $$ BEGIN FETCH c INTO r; END $$", BORROW_READS},
        {"DO 'DECLARE c CURSOR FOR SELECT 1; BEGIN OPEN c; FETCH c INTO r; END'", BORROW_NOT},
        {"DO $$ BEGIN EXECUTE 'FETCH c' INTO r; END $$", BORROW_READS},
        {"DO $$ BEGIN EXECUTE t; END $$", BORROW_PERHAPS},
        {"DO LANGUAGE plperl $$ spi_exec_query('FETCH c') $$", BORROW_READS},
        {"DO LANGUAGE plperl $$ 1 $$", BORROW_PERHAPS},
        {"CREATE FUNCTION f(r refcursor) RETURNS text LANGUAGE plpgsql AS 'BEGIN FETCH r INTO n; "
         "END'",
         BORROW_READS},
        {"CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN NULL; END'", BORROW_NOT},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE SQL AS 'SELECT 1'", BORROW_NOT},
        {"CREATE EXTENSION plperl", BORROW_PERHAPS},
        {"SELECT f_all('FETCH 1 FROM c')", BORROW_READS},
        {"SELECT f_all(E'\\n fetch 1 FROM c')", BORROW_NOT}, /* escapes: it says so if it must */
        {"SELECT f_all('  fetch all in c')", BORROW_READS},
        {"SELECT f_all('fetched'), f_all('to fetch c')", BORROW_NOT},
        {"SELECT upper('FETCH 1 FROM c')", BORROW_NOT},
        {"EXECUTE p('FETCH 1 FROM c')", BORROW_READS},
        {"SELEKT 1", BORROW_PERHAPS},
        {"SELEKT cursor_to_xml('c')", BORROW_READS},
    };
    struct plan_environment environment = shop_environment();

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct plan *plan = plan_of(cases[i].text, &environment);

        if (plan->borrows != cases[i].borrows)
            fail_msg("%s: %d, not %d", cases[i].text, plan->borrows, cases[i].borrows);
        plan_release(plan);
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_has_hidden_keys),
        cmocka_unit_test(what_can_read_a_cursor_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
