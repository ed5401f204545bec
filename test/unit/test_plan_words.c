/* SPDX-License-Identifier: Apache-2.0 */
/* Whom errors and notices can speak of: of which statements that is known. */
#include "big_stack.h"
#include "plan_case.h"

static void
print_words(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *s = &plan->statements[0];
    const struct plan_part *part = &s->parts[s->words.part];
    static const char *const told[] = {"", " told by input", " told by RAISE"};

    if (s->words.fields == 0) {
        snprintf(text, size, "anybody");
        return;
    }
    snprintf(text, size, "fields %llu of %zu pins%s%s", (unsigned long long)s->words.fields,
             part->pin_count, s->words.is_certain ? " certain" : "", told[s->words.told]);
}

static void
check(const struct plan_case *cases, size_t count)
{
    struct plan_environment environment = shop_environment();

    check_printed(cases, count, &environment, print_words);
}

static void
what_is_selected_is_of_the_rows_that_a_pin_lets_through(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "fields 1 of 1 pins told by input"},
        {"SELECT name::int FROM public.customers WHERE id = $1",
         "fields 1 of 1 pins certain told by input"},
        {"SELECT c.email::date AS d FROM customers c WHERE 7 = c.id",
         "fields 4 of 1 pins told by input"},
        {"SELECT name::int, phone FROM customers WHERE id = 7", "fields 3 of 1 pins"},
        {"SELECT (name || '0')::int FROM customers WHERE id = 7 AND grade > 0",
         "fields 1 of 1 pins"},
        {"SELECT name::int FROM customers WHERE id IN (7, 14)", "fields 1 of 2 pins"},
        {"SELECT name::int FROM customers WHERE id = 7 ORDER BY email::int LIMIT 1",
         "fields 1 of 1 pins"},
        {"SELECT note::int FROM visits WHERE customer_id = 7", "fields 16 of 1 pins told by input"},
        /* The server reads the parameter's text when it runs the statement. */
        {"SELECT name::int FROM customers WHERE id = $1::bigint", "fields 1 of 1 pins"},
        /* Not every type's input function quotes what it is given. */
        {"SELECT name::json FROM customers WHERE id = 7", "fields 1 of 1 pins"},
        {"SELECT amount::smallint FROM orders WHERE customer_id = 7", "fields 16 of 1 pins"},
    };

    check(cases, COUNT_OF(cases));
}

static void
conditions_look_at_anybody(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name::int FROM customers", "anybody"},
        {"SELECT name::int FROM customers WHERE id > 7", "anybody"},
        {"SELECT name FROM customers WHERE id = 7 AND phone::int = 3", "anybody"},
        {"SELECT name FROM customers WHERE phone::int = 3 AND id = 7", "anybody"},
        {"SELECT name FROM customers c WHERE id = 7 AND c IS NOT NULL", "anybody"},
        {"SELECT name FROM customers WHERE id = 7 AND EXISTS (SELECT FROM customers x WHERE "
         "x.name::int = 3)",
         "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 OR grade = 1", "anybody"},
        {"SELECT c.name::int FROM customers c JOIN orders o ON o.item::int = 1 WHERE c.id = 7",
         "anybody"},
        {"SELECT name, (SELECT max(name::int) FROM customers) FROM customers WHERE id = 7",
         "anybody"},
        {"SELECT max(name::int) FROM customers WHERE id = 7 HAVING max(name) > ''", "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 UNION SELECT 1", "anybody"},
        {"SELECT name::int INTO t FROM customers WHERE id = 7", "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7 FOR UPDATE", "anybody"},
        {"WITH w AS (SELECT name::int n FROM customers) SELECT name FROM customers WHERE id = 7",
         "anybody"},
    };

    check(cases, COUNT_OF(cases));
}

static void
what_runs_code_can_speak_of_anybody(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_sql(1), name::int FROM customers WHERE id = 7", "anybody"},
        {"SELECT nothing_known(name) FROM customers WHERE id = 7", "anybody"},
        {"SELECT name::work.mood FROM customers WHERE id = 7", "fields 1 of 1 pins"},
        {"SELECT histogram_bounds FROM pg_stats WHERE tablename = 'customers'", "anybody"},
        {"SELECT door_code::int FROM address_book WHERE customer_id = 7", "anybody"},
        {"SELECT name::int FROM nothing WHERE id = 7", "anybody"},
        {"SELECT who::int FROM v_contact", "anybody"},
    };

    check(cases, COUNT_OF(cases));
}

static void
an_own_cast_may_say_anything(void **state PASU_UNUSED)
{
    static const struct plan_case clean[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "fields 1 of 1 pins"},
    };
    static const struct plan_case foreign[] = {
        {"SELECT name::date FROM customers WHERE id = 7", "anybody"},
        {"SELECT name::int FROM customers WHERE id = 7", "fields 1 of 1 pins"},
        {"SELECT name::work.mood FROM customers WHERE id = 7", "anybody"},
    };
    static const struct plan_case equal[] = {
        {"SELECT name::int FROM customers WHERE id = 7", "anybody"},
    };

    shop.has_clean_casts = true;
    check(clean, COUNT_OF(clean));
    shop.has_clean_casts = false;
    shop.has_foreign_casts = true;
    check(foreign, COUNT_OF(foreign));
    shop.has_foreign_casts = false;
    shop.has_foreign_equal = true;
    check(equal, COUNT_OF(equal));
    shop.has_foreign_equal = false;
    shop.has_own_equality = true;
    check(equal, COUNT_OF(equal));
    shop.has_own_equality = false;
}

/* The statement as it is where its function is the snapshot's. */
static void
print_read(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *read = plan->statements[0].read;
    struct plan one = {.statements = read, .statement_count = read ? 1 : 0};
    size_t length;

    if (!read) {
        snprintf(text, size, "opaque");
        return;
    }
    plan_print(&one, text, size);
    length = strlen(text);
    if (read->words.fields)
        length += (size_t)snprintf(text + length, size - length, " / ");
    if (read->words.fields)
        print_words(&one, text + length, size - length);
}

static void
a_call_shows_what_its_query_does(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_email(7)", "customer pinned 7: 0=email / fields 4 of 1 pins certain"},
        {"SELECT f_email($1) AS e", "customer pinned $1: 0=email / fields 4 of 1 pins certain"},
        {"SELECT f_email('7')", "customer pinned 7: 0=email / fields 4 of 1 pins certain"},
        {"SELECT * FROM f_email(7) AS e",
         "customer pinned 7: 0=email / fields 4 of 1 pins certain"},
        {"SELECT public.f_told(7)",
         "customer pinned 7: *= / fields 1 of 1 pins certain told by RAISE"},
        {"SELECT f_failed(7)", "customer pinned 7: *= / fields 8 of 1 pins certain told by RAISE"},
        {"SELECT name FROM f_rows(2)", "customer hidden@0: 0=name"},
        {"SELECT f.name, f.id FROM f_rows(2) f", "customer key@1: 0=name"},
        {"SELECT * FROM f_rows(2) LIMIT 3", "customer key@0: 1=name 2=phone 3=email 4=address"},
        {"SELECT f_rows(2)", "customer bound1: 0=name+phone+email+address"},
        {"SELECT f_whoever(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT f_more(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT phone FROM f_own(7)", "customer pinned 7: 0=phone / fields 15 of 1 pins certain"},
        {"SELECT grade FROM f_own(7)", "customer pinned 7: *= / fields 15 of 1 pins certain"},
        {"SELECT f_code('x')", "customer bound1: 0=name"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

/* Loops over the query's rows, records, and texts that are run. */
static void
a_body_returns_its_query_s_row(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT nm FROM f_loop(2)", "customer hidden@0: 0=name"},
        {"SELECT nm, cid FROM f_loop(2)", "customer key@1: 0=name"},
        {"SELECT nm FROM f_loop_of_two(2)", "customer hidden@0: 0=name"},
        {"SELECT nm FROM f_loop_late(2)", "opaque"},
        {"SELECT nm FROM f_loop_behind(2)", "opaque"},
        {"SELECT nm FROM f_loop_sum(2)", "opaque"},
        {"SELECT nm FROM f_loop_row(2)", "opaque"},
        {"SELECT cid FROM f_loop_call(2)", "opaque"},
        {"SELECT nm FROM f_out(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT nm FROM f_out_turned(7)", "opaque"},
        {"SELECT nm FROM f_run(2)", "customer hidden@0: 0=name"},
        {"SELECT nm FROM f_run_made(2)", "opaque"},
        {"SELECT nm FROM f_run_other(2)", "opaque"},
        {"SELECT f_nested(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT f_given(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT f_field(7)", "customer pinned 7: 0=email / fields 4 of 1 pins certain"},
        {"SELECT f_wrong_field(7)", "opaque"},
        {"SELECT f_executed(7)", "customer pinned 7: 0=name / fields 1 of 1 pins certain"},
        {"SELECT f_key_changed(7)", "opaque"},
        {"SELECT f_two_rows(7)", "opaque"},
        {"SELECT f_other_record(7)", "opaque"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

#define BLOCK(text) "DO $$ DECLARE n text; BEGIN " text " END $$"

static void
a_block_is_a_call(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; RAISE NOTICE '%', n;"),
         "customer pinned 7: *= / fields 1 of 1 pins certain told by RAISE"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; RAISE '%', n;"),
         "customer pinned 7: *= / fields 1 of 1 pins certain told by RAISE"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; RAISE INFO 'x% %', n, n;"),
         "customer pinned 7: *= / fields 1 of 1 pins certain"},
        {BLOCK("RAISE NOTICE '%', n; SELECT name INTO n FROM customers WHERE id = 7;"),
         "customer pinned 7: *= / fields 1 of 1 pins certain"},
        {BLOCK("SELECT name INTO n FROM customers WHERE grade = 7; RAISE NOTICE '%', n;"),
         "customer bound1: *="},
        {BLOCK("RAISE NOTICE '%', (SELECT name FROM customers WHERE id = 7);"), "opaque"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; RAISE NOTICE '%', n || 'x';"),
         "opaque"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; RAISE NOTICE 'x' USING HINT = n;"),
         "opaque"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; n := 'x'; RAISE NOTICE '%', n;"),
         "opaque"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; EXECUTE n;"), "opaque"},
        {BLOCK("SELECT name INTO n FROM customers WHERE id = 7; PERFORM f_log();"), "opaque"},
        {BLOCK("SELECT name, phone INTO n FROM customers WHERE id = 7; RAISE NOTICE '%', n;"),
         "opaque"},
        {BLOCK("SELECT max(name) INTO n FROM customers WHERE id = 7; RAISE NOTICE '%', n;"),
         "opaque"},
        {"DO LANGUAGE sql $$ SELECT name FROM customers WHERE id = 7 $$", "opaque"},
        {"DO $$ DECLARE n work.mood; BEGIN SELECT name INTO n FROM customers WHERE id = 7; END $$",
         "opaque"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

static void
what_does_more_is_opaque(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_twice(7)", "opaque"},
        {"SELECT f_branch(7)", "opaque"},
        {"SELECT f_max(7)", "opaque"},
        {"SELECT f_join(7)", "opaque"},
        {"SELECT f_sql(7)", "opaque"},
        {"SELECT f_alias(7)", "opaque"},
        {"SELECT f_row(7)", "opaque"},
        {"SELECT f_column(7)", "opaque"},
        {"SELECT f_third(7)", "opaque"},
        {"SELECT f_email(7, 8)", "opaque"},
        {"SELECT f_email(k => 7)", "opaque"},
        {"SELECT f_email(f_clean(7))", "opaque"},
        {"SELECT * FROM f_email(7), products", "opaque"},
        {"SELECT * FROM f_email(7) WITH ORDINALITY", "opaque"},
        {"SELECT max(name) FROM f_rows(2)", "opaque"},
        {"SELECT DISTINCT name FROM f_rows(2)", "opaque"},
        {"SELECT name FROM f_rows(2) AS f(name, id)", "opaque"},
        {"SELECT f_email(7) INTO t", "opaque"},
        {"INSERT INTO work.people(name) SELECT f_email(7)", "opaque"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

/* The argument is hidden: it is the key of whom the row shows. */
static void
a_call_for_each_row_shows_whose_key_it_is_given(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_email(id) FROM customers", "customer hidden@0: 0=email"},
        {"SELECT c.grade, f_email(c.id) AS e FROM customers c WHERE grade > 2 LIMIT 7",
         "customer hidden@0: 1=email"},
        {"SELECT f_email(customer_id), id FROM orders ORDER BY 2", "customer hidden@0: 0=email"},
        {"SELECT f_email(p.id) FROM products p, customers c", "customer hidden@0: 0=email"},
        /* Of groups. */
        {"SELECT f_email(c.id), c.f_sql FROM customers c", "opaque"},
        {"SELECT f_email(id) FROM customers WHERE f_clean(1) = 1", "opaque"},
        {"SELECT f_email(id) FROM customers GROUP BY id", "opaque"},
        {"SELECT DISTINCT f_email(id) FROM customers", "opaque"},
        {"SELECT f_email(max(id)) FROM customers", "opaque"},
        {"SELECT f_email(id), pg_notify('c', name) FROM customers", "opaque"},
        {"SELECT f_twice(id) FROM customers", "opaque"},
        {"SELECT f_branch(id) FROM customers", "opaque"},
        {"SELECT f_join(id) FROM customers", "opaque"},
    };
    struct plan_environment environment = shop_environment();

    environment.may_inject = true;
    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

/* TABLE and OUT parameters say what the columns of a row are called; the server's own printing of a
 * text says whose argument one is. */
static void
columns_of_a_result_have_the_names_that_it_declares(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT nm FROM f_table(2)", "customer hidden@0: 0=name"},
        {"SELECT t.nm, t.cid FROM f_table(2) t WHERE cid < 7", "customer key@1: 0=name"},
        {"SELECT * FROM f_table(2)", "customer key@0: 1=name"},
        {"SELECT f_table(2)", "customer bound1: 0=name"},
        {"SELECT nm FROM f_text_table(2)", "customer bound1: 0=name"}, /* no key of its type */
        {"SELECT nm FROM f_vague_table(2)", "opaque"},
        {"SELECT nm FROM f_short_table(2)", "opaque"},
        {"SELECT name FROM f_table(2)", "opaque"},
        {"SELECT f_printed(7)", "customer pinned 7: 0=email / fields 4 of 1 pins certain"},
        {"SELECT f_printed(id) FROM customers", "customer hidden@0: 0=email"},
    };
    struct plan_environment environment = shop_environment();

    environment.may_inject = true;
    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

/* Of columns that are nobody's it may be asked whom it shows. */
static void
rows_of_a_call_can_be_chosen_from(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT name FROM f_rows(2) WHERE id < 7", "customer hidden@0: 0=name"},
        {"SELECT name FROM f_rows(2) f WHERE f.id IN (7, 8) AND grade IS NOT NULL LIMIT 3",
         "customer hidden@0: 0=name"},
        {"SELECT name FROM f_rows(2) WHERE id < length(email)", "opaque"},
    };
    struct plan_environment environment = shop_environment();

    environment.may_inject = true;
    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

/* Where a call stands in a query, the function's query is read in its place. */
static void
calls_within_a_query_show_what_theirs_do(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT f_email(7) || 'x'", "customer pinned 7: 0=email"},
        {"SELECT f_email(7), f_email(8)", "customer pinned 7: 0=email; customer pinned 8: 1=email"},
        {"SELECT f_email($1), id FROM products", "customer pinned $1: 0=email"},
        {"SELECT f_email(7) WHERE 1 = 2", "customer pinned 7: 0=email"},
        {"SELECT o.item, upper(f_email(o.id)) FROM orders o",
         "customer hidden@0: 0=order; customer hidden@1: 1=email"},
        {"SELECT f_email(customer_id), item FROM orders",
         "customer hidden@0: 1=order; customer hidden@0: 0=email"},
        /* Whose key it is given is not known: one person a row. */
        {"SELECT f_email((SELECT max(id) FROM customers))", "customer bound1: 0=email"},
        {"SELECT f_email(c.id + 1) FROM customers c", "customer bound1: 0=email"},
        {"SELECT f_email(c.id) FROM customers c WHERE EXISTS (SELECT f_email(id) FROM orders)",
         "customer hidden@0: 0=email"},
        {"SELECT f_email(id), name FROM customers",
         "customer hidden@0: 1=name; customer hidden@0: 0=email"},
        {"SELECT f_email(customers.id), f_printed(id) FROM public.customers",
         "customer hidden@0: 0=email; customer hidden@0: 1=email"},
        {"SELECT upper(f_email(id)) FROM customers FOR UPDATE", "customer hidden@0: 0=email"},
        {"SELECT f_email(length(c.name)::bigint) FROM customers c", "opaque"}, /* the name, too */
        {"SELECT f_email(id) FROM customers UNION ALL SELECT f_email(id) FROM customers",
         "customer bound1: 0=email"},
        {"WITH c AS (SELECT 7 AS id) SELECT f_email(id) FROM c", "customer bound1: 0=email"},
        /* In FROM: the key that it returns, or one person a row. */
        {"SELECT name FROM f_rows(2) WHERE email = 'x'", "customer hidden@0: 0=name"},
        {"SELECT f FROM f_rows(2) f", "customer hidden@0: 0=name+phone+email+address"},
        {"SELECT p.id, f.name FROM products p LEFT JOIN f_rows(2) f ON f.grade = p.id",
         "customer hidden@0: 1=name"},
        {"SELECT f.id, f.name FROM f_rows(2) f, products p", "customer key@0: 1=name"},
        {"SELECT name FROM f_rows(2) WHERE id IN (SELECT id FROM customers)",
         "customer hidden@0: 0=name"},
        {"SELECT t.nm || 'x' FROM f_table(2) t", "customer hidden@0: 0=name"},
        {"SELECT t.nm || 'x' FROM f_text_table(2) t", "opaque"},
        {"SELECT n FROM (SELECT name AS n FROM f_rows(2)) k", "customer bound1: 0=name"},
        {"SELECT f.name FROM customers c, f_rows(c.grade) f", "opaque"},
        /* Beside what runs anything else. */
        {"SELECT f_email(7), f_clean(1)", "opaque"},
        {"SELECT f_email(7), pg_notify('c', phone) FROM customers", "opaque"},
        {"SELECT f_more(7), id FROM products", "opaque"},
    };
    struct plan_environment environment = shop_environment();

    environment.may_inject = true;
    check_printed(cases, COUNT_OF(cases), &environment, print_read);
}

static void
print_kept(const struct plan *plan, char *text, size_t size)
{
    const struct plan_statement *s = &plan->statements[0];

    snprintf(text, size, "%s",
             !s->kept_fields     ? "nothing"
             : s->kept_most == 1 ? "one"
             : s->kept_most > 1  ? "few"
                                 : "many");
}

static void
what_is_put_into_a_notification_is_of_one(void **state PASU_UNUSED)
{
    static const struct plan_case cases[] = {
        {"SELECT pg_notify('c', (SELECT email FROM customers WHERE id = 7))", "one"},
        {"SELECT pg_notify('c', lower((SELECT email || name FROM customers LIMIT 1)))", "one"},
        {"SELECT pg_notify('c', 'x')", "nothing"},
        {"SELECT pg_notify('c', (SELECT max(email) FROM customers))", "many"},
        {"SELECT pg_notify('c', ARRAY(SELECT email FROM customers)::text)", "many"},
        {"SELECT pg_notify('c', email) FROM customers WHERE id = 7", "one"},
        {"SELECT set_config('my.x', email, false), grade FROM customers WHERE id = 7 AND grade > 0",
         "one"},
        {"SELECT pg_notify('c', email) FROM customers WHERE id IN (7, 8, $1)", "few"},
        {"SELECT pg_notify('c', email) FROM customers WHERE id = ANY ($1)", "many"},
        {"SELECT pg_notify('c', email) FROM customers WHERE id = 7 OR grade = 1", "many"},
        {"SELECT pg_notify('c', email) FROM customers LIMIT 1", "many"},
        {"SELECT pg_notify('c', item) FROM orders WHERE customer_id = 7", "many"},
        {"SELECT pg_notify('c', string_agg(email, ',')) FROM customers WHERE id = 7", "many"},
        {"SELECT pg_notify('c', c.email || (SELECT max(d.email) FROM customers d)) FROM customers "
         "c WHERE c.id = 7",
         "many"},
        {"SELECT pg_notify('c', d.email) FROM customers c, customers d WHERE c.id = 7", "many"},
        {"SELECT pg_notify('c', (SELECT email FROM customers WHERE id = p.id)) FROM products p",
         "many"},
        {"SELECT pg_notify('c', (SELECT email FROM customers WHERE id = 7)), generate_series(1, 9)",
         "many"},
        {"SELECT pg_notify('c', (SELECT email FROM customers WHERE id = 7) || (SELECT name FROM "
         "customers WHERE id = 8))",
         "many"},
        {"SELECT pg_notify('c', (SELECT email FROM customers UNION SELECT 'x'))", "many"},
        {"SELECT pg_notify('c', f_sql(7))", "many"},
        {"WITH w AS (SELECT string_agg(email, ',') e FROM customers) SELECT pg_notify('c', (SELECT "
         "e FROM w))",
         "many"},
    };
    struct plan_environment environment = shop_environment();

    check_printed(cases, COUNT_OF(cases), &environment, print_kept);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_selected_is_of_the_rows_that_a_pin_lets_through),
        cmocka_unit_test(conditions_look_at_anybody),
        cmocka_unit_test(what_runs_code_can_speak_of_anybody),
        cmocka_unit_test(an_own_cast_may_say_anything),
        cmocka_unit_test(a_call_shows_what_its_query_does),
        cmocka_unit_test(a_body_returns_its_query_s_row),
        cmocka_unit_test(a_block_is_a_call),
        cmocka_unit_test(what_does_more_is_opaque),
        cmocka_unit_test(a_call_for_each_row_shows_whose_key_it_is_given),
        cmocka_unit_test(columns_of_a_result_have_the_names_that_it_declares),
        cmocka_unit_test(rows_of_a_call_can_be_chosen_from),
        cmocka_unit_test(calls_within_a_query_show_what_theirs_do),
        cmocka_unit_test(what_is_put_into_a_notification_is_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
