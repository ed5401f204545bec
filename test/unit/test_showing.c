/* SPDX-License-Identifier: Apache-2.0 */
/* Showings: the server's word about columns against the plan's. */
#include "base/memory.h"
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/showing.h"

enum { TEXT = 25, BIGINT = 20, NO_SUCH = 99999 };

#define FROM(oid, number)                                                                          \
    {                                                                                              \
        .relation = oid, .attribute = number, .type = TEXT                                         \
    }
#define MADE                                                                                       \
    {                                                                                              \
        .type = TEXT                                                                               \
    }

/* As "customer key@0: 1=name; customer bound 2000: 2=phone !unattributed", "-" for nothing. */
static void
print_showing(const struct showing *s, char *text, size_t size)
{
    static const char *const kinds[] = {"customer", "recipient"};
    static const char *const fields[] = {"name", "phone", "email", "address", "order", "door_code"};
    char *at = text, *end = text + size;

#define PUT(...) at += snprintf(at, (size_t)(end - at), __VA_ARGS__)
    text[0] = '\0';
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];
        uint64_t all = 0;

        PUT("%s%s ", p > 0 ? "; " : "", kinds[part->kind]);
        if (part->source == SOURCE_PINNED)
            PUT("pinned:");
        else if (part->source == SOURCE_BOUND)
            PUT("bound%s %lu:", part->is_one_per_row ? "1" : "", (unsigned long)part->unknown);
        else
            PUT("key@%u%s:", part->column, part->format ? " binary" : "");
        for (size_t c = 0; c < s->column_count; c++) {
            uint64_t shown = s->column_fields[c * s->part_count + p];
            const char *between = "";

            all |= shown;
            if (shown)
                PUT(" %zu=%s", c, shown == 63 ? "all" : "");
            for (size_t f = 0; shown != 63 && f < COUNT_OF(fields); f++)
                if (shown >> f & 1) {
                    PUT("%s%s", between, fields[f]);
                    between = "+";
                }
        }
        /* Nothing is of no column in particular: what is masked is. */
        assert_true(s->column_count == 0 || part->fields == all);
        if (s->column_count == 0)
            PUT(" %#lx", (unsigned long)part->fields);
    }
    PUT("%s", s->part_count == 0 ? "-" : "");
    PUT("%s%s%s", s->flags & PLAN_UNATTRIBUTED ? " !unattributed" : "",
        s->flags & PLAN_UNKNOWN_TABLE ? " !unknown_table" : "",
        s->flags & PLAN_STATISTICS ? " !statistics" : "");
#undef PUT
    assert_int_equal(s->is_nothing, s->part_count == 0);
}

static void
check_in(const struct plan_environment *environment, const char *sql,
         const struct row_column *columns, size_t count, const char *expected)
{
    struct plan *plan = plan_of(sql, environment);
    struct showing *showing;
    char text[2048];

    assert_int_equal(
        showing_new(&showing, &plan->statements[0], environment->catalog, columns, count), 0);
    print_showing(showing, text, sizeof(text));
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n  is       %s\n  must be  %s", sql, text, expected);
    showing_free(showing);
    plan_release(plan);
}

static void
check(const char *sql, const struct row_column *columns, size_t count, const char *expected)
{
    struct plan_environment environment = shop_environment();

    check_in(&environment, sql, columns, count, expected);
}

#define CHECK(sql, expected, ...)                                                                  \
    do {                                                                                           \
        static const struct row_column columns[] = {__VA_ARGS__};                                  \
                                                                                                   \
        check(sql, columns, COUNT_OF(columns), expected);                                          \
    } while (0)

static void
a_key_counts_if_the_server_says_that_it_is_one(void **state PASU_UNUSED)
{
    CHECK("SELECT id, name, grade FROM customers", "customer key@0: 1=name",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2), FROM(SHOP_CUSTOMERS, 6));
    CHECK("SELECT name FROM customers", "customer key@0: 1=name", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 2));
    /* another column, or another table, in its place */
    CHECK("SELECT id, name FROM customers", "customer bound1 2000: 1=name !unattributed",
          FROM(SHOP_CUSTOMERS, 6), FROM(SHOP_CUSTOMERS, 2));
    CHECK("SELECT id, upper(name) FROM customers", "customer bound1 2000: 1=name !unattributed",
          MADE, MADE);
    CHECK("SELECT id, name FROM customers",
          "customer bound 2000: 0=all 1=all; recipient bound 400: 0=all 1=all !unattributed "
          "!unknown_table",
          FROM(NO_SUCH, 1), FROM(NO_SUCH, 2));
    CHECK("SELECT name FROM customers",
          "customer bound 2000: 1=all; recipient bound 400: 1=all !unattributed !unknown_table",
          FROM(NO_SUCH, 1), FROM(NO_SUCH, 2));
    /* a partition */
    CHECK("SELECT customer_id, note FROM visits", "customer key@0: 1=order",
          FROM(SHOP_VISITS_2024, 1), FROM(SHOP_VISITS_2024, 3));
}

/* Its origin says where a value is stored, not whose it is equal to. */
static void
a_column_that_is_equal_to_a_persons_shows_it_wherever_it_is_from(void **state PASU_UNUSED)
{
    CHECK("SELECT p.title FROM products p JOIN customers c ON c.email = p.title",
          "customer key@0: 1=email", FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_PRODUCTS, 2));
    CHECK("SELECT q.title FROM (SELECT title FROM products) q JOIN customers c ON c.email = title",
          "customer key@0: 1=email", FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_PRODUCTS, 2));
    CHECK("SELECT title FROM products WHERE title IN (SELECT email FROM customers)",
          "customer bound 2000: 0=email", FROM(SHOP_PRODUCTS, 2));
}

static void
a_key_is_read_in_the_format_that_it_comes_in(void **state PASU_UNUSED)
{
    static const struct row_column columns[] = {
        {.relation = SHOP_CUSTOMERS, .attribute = 1, .type = BIGINT, .format = 1},
        {.relation = SHOP_CUSTOMERS, .attribute = 2, .type = TEXT, .format = 1},
    };

    check("SELECT id, name FROM customers", columns, 2, "customer key@0 binary: 1=name");
}

static void
a_pin_counts_if_the_table_is_the_one(void **state PASU_UNUSED)
{
    CHECK("SELECT email FROM customers WHERE id = 5", "customer pinned: 0=email",
          FROM(SHOP_CUSTOMERS, 4));
    CHECK("SELECT email, upper(name) FROM customers WHERE id = 5",
          "customer pinned: 0=email 1=name", FROM(SHOP_CUSTOMERS, 4), MADE);
    CHECK("SELECT upper(name) FROM public.customers WHERE id = 5", "customer pinned: 0=name", MADE);
    /* a temporary table of the same name */
    CHECK("SELECT email, upper(name) FROM customers WHERE id = 5",
          "customer bound1 2000: 1=name; customer bound 2000: 0=all; recipient bound 400: 0=all "
          "!unattributed !unknown_table",
          FROM(NO_SUCH, 4), MADE);
    CHECK("SELECT grade, upper(name) FROM customers WHERE id = 5", "customer pinned: 1=name",
          FROM(SHOP_CUSTOMERS, 6), MADE);
}

static void
the_origin_of_a_column_says_what_it_shows(void **state PASU_UNUSED)
{
    /* through a sub-select */
    CHECK("SELECT n FROM (SELECT name AS n FROM customers) q", "customer key@0: 1=name",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2));
    CHECK("SELECT n FROM (SELECT DISTINCT name AS n FROM customers) q",
          "customer bound 2000: 0=name", FROM(SHOP_CUSTOMERS, 2));
    /* one person a row is not proven of what the plan did not see */
    CHECK("SELECT n, title FROM (SELECT name AS n FROM customers) q, products",
          "customer key@0: 1=name; customer bound 2000: 2=order", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 2), FROM(SHOP_ORDERS, 3));
    /* the key of another table, or of no table */
    CHECK("SELECT n FROM (SELECT name AS n FROM customers) q",
          "customer bound1 2000: 1=name !unattributed", FROM(SHOP_ORDERS, 2),
          FROM(SHOP_CUSTOMERS, 2));
    CHECK("SELECT n FROM (SELECT name AS n FROM customers) q",
          "customer bound1 2000: 1=name !unattributed", MADE, FROM(SHOP_CUSTOMERS, 2));
    /* a table of another schema, which holds nothing */
    CHECK("SELECT id, name FROM people", "-", FROM(1016, 1), FROM(1016, 2));
    CHECK("SELECT title FROM products", "-", FROM(SHOP_PRODUCTS, 2));
    /* the plan took it for something else */
    CHECK("SELECT title FROM products", "customer bound 2000: 0=name", FROM(SHOP_CUSTOMERS, 2));
    /* a whole row; a system column; a column that is younger than the snapshot */
    CHECK("SELECT c FROM customers c", "customer key@0: 1=name+phone+email+address",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 0));
    CHECK("SELECT ctid FROM customers", "-", FROM(SHOP_CUSTOMERS, -1));
    CHECK("SELECT id, newcomer FROM customers", "customer bound 2000: 1=name+phone+email+address",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 9));
    /* what the statement itself has written there */
    CHECK("UPDATE customers SET region = (SELECT max(phone) FROM customers) RETURNING region",
          "customer bound 2000: 0=phone", FROM(SHOP_CUSTOMERS, 7));
    CHECK("SELECT k FROM junk", "customer bound 2000: 0=phone", FROM(1011, 1));
}

static void
each_row_of_a_self_join_has_two_persons(void **state PASU_UNUSED)
{
    CHECK("SELECT a.id, a.name, b.id, b.name FROM customers a, customers b",
          "customer key@0: 1=name; customer key@2: 3=name", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 2), FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2));
    CHECK("SELECT a.id, b.name FROM customers a, customers b", "customer key@0: 2=name",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2));
    /* what one row lends another's column leaves that column its own person */
    CHECK("SELECT b.email FROM customers a, customers b WHERE a.id = 5 AND a.email <> b.email",
          "customer key@0: 2=email; customer key@1: 2=email", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 4));
    CHECK("SELECT (c).*, x.name FROM customers c, (SELECT name FROM customers) x WHERE c.id = 5",
          "customer bound 2000: 1=name 2=name 3=name", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2), FROM(SHOP_CUSTOMERS, 2));
}

static void
a_views_columns_are_the_plans(void **state PASU_UNUSED)
{
    CHECK("SELECT * FROM v_renamed", "customer key@0: 1=email", FROM(SHOP_V_RENAMED, 1),
          FROM(SHOP_V_RENAMED, 2), FROM(SHOP_V_RENAMED, 3));
    CHECK("SELECT b FROM (SELECT a, b FROM v_renamed) q", "customer key@0: 1=email",
          FROM(SHOP_V_RENAMED, 1), FROM(SHOP_V_RENAMED, 2));
    /* another view's column, or another column */
    CHECK("SELECT * FROM v_renamed", "customer bound1 2000: 1=email !unattributed",
          FROM(SHOP_V_RENAMED, 3), FROM(SHOP_V_RENAMED, 2), FROM(SHOP_V_RENAMED, 3));
    CHECK("SELECT * FROM v_renamed", "customer bound1 2000: 1=email !unattributed",
          FROM(SHOP_V_CONTACT, 1), FROM(SHOP_V_RENAMED, 2), FROM(SHOP_V_RENAMED, 3));
    CHECK("SELECT a, c FROM v_renamed", "-", FROM(SHOP_V_RENAMED, 1), FROM(SHOP_V_RENAMED, 3));
    CHECK("FETCH 1 FROM c", "customer bound 2000: 0=email", FROM(SHOP_V_RENAMED, 3));
    CHECK("SELECT tablename FROM pg_stats", "-", FROM(2600, 2));
    CHECK("FETCH 1 FROM c", "customer bound 2000: 0=all; recipient bound 400: 0=all !statistics",
          FROM(2600, 4));
}

/* What a UNION ALL returns has no origin: the rows say of which table they are. */
static void
the_rows_of_a_set_say_whose_they_are(void **state PASU_UNUSED)
{
    enum { OID = 26 };
    static const struct row_column told[] = {{.type = BIGINT}, {.type = OID}, MADE};
    static const struct row_column untold[] = {{.type = BIGINT}, {.type = BIGINT}, MADE};
    static const struct row_column no_key[] = {MADE, {.type = OID}, MADE};
    const char *sql = "SELECT title FROM products UNION ALL SELECT name FROM customers";
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);
    struct showing *showing;

    check(sql, told, COUNT_OF(told), "customer key@0: 2=name");
    check(sql, untold, COUNT_OF(untold), "customer bound1 2000: 2=name !unattributed");
    check(sql, no_key, COUNT_OF(no_key), "customer bound1 2000: 2=name !unattributed");
    assert_int_equal(showing_new(&showing, &plan->statements[0], &shop, told, COUNT_OF(told)), 0);
    assert_true(showing->parts[0].has_origin && showing->parts[0].origin == 1);
    assert_true(showing_is_origin(showing, &showing->parts[0], SHOP_CUSTOMERS));
    assert_false(showing_is_origin(showing, &showing->parts[0], SHOP_ORDERS));
    assert_false(showing_is_origin(showing, &showing->parts[0], NO_SUCH));
    assert_false(showing_is_origin(showing, &showing->parts[0], 0));
    showing_free(showing);
    plan_release(plan);
    /* a partition is its table */
    plan = plan_of("SELECT note FROM visits UNION ALL SELECT title FROM products", &environment);
    assert_int_equal(showing_new(&showing, &plan->statements[0], &shop, told, COUNT_OF(told)), 0);
    assert_true(showing_is_origin(showing, &showing->parts[0], SHOP_VISITS_2024));
    assert_false(showing_is_origin(showing, &showing->parts[0], SHOP_CUSTOMERS));
    showing_free(showing);
    plan_release(plan);
}

static void
what_the_plan_does_not_know_the_origins_say(void **state PASU_UNUSED)
{
    CHECK("EXECUTE p", "-", FROM(SHOP_PRODUCTS, 1), FROM(SHOP_CUSTOMERS, 6));
    CHECK("EXECUTE p", "customer bound 2000: 0=name", FROM(SHOP_CUSTOMERS, 2));
    CHECK("EXECUTE p", "customer bound 2000: 0=all; recipient bound 400: 0=all", MADE);
    CHECK("SELECT item IS JSON FROM orders", "customer bound 2000: 0=order", MADE);
    CHECK("SELECT title IS JSON FROM products", "-", MADE);
    CHECK("SELECT * FROM f_all()", "customer bound 2000: 0=name+phone+email+address", MADE);
    /* nobody knows how many columns g has, but the key is hidden in front of all */
    CHECK("SELECT c.name, g.* FROM customers c, generate_series(1, 2) g",
          "customer key@0: 1=name; customer bound 2000: 2=name", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 2), MADE);
}

/* A column more or less than planned: nobody can say which is which. */
static void
another_number_of_columns_makes_the_plan_void(void **state PASU_UNUSED)
{
    CHECK("SELECT id, upper(name) FROM customers",
          "customer bound 2000: 1=name+phone+email+address 2=name+phone+email+address "
          "!unattributed",
          FROM(SHOP_CUSTOMERS, 1), MADE, MADE);
    CHECK("SELECT * FROM customers", "customer bound1 2000: 1=name !unattributed",
          FROM(SHOP_CUSTOMERS, 1), FROM(SHOP_CUSTOMERS, 2));
}

static void
without_a_description_the_plan_is_all_there_is(void **state PASU_UNUSED)
{
    check("SELECT id, name FROM customers", NULL, 0, "customer bound1 2000: 0x1 !unattributed");
    check("COPY (SELECT name, email FROM customers) TO STDOUT", NULL, 0,
          "customer bound1 2000: 0x5 !unattributed");
    check("COPY (SELECT id, name FROM public.customers) TO STDOUT", NULL, 0, "customer key@0: 0x1");
    check("EXECUTE p", NULL, 0, "customer bound 2000: 0x3f; recipient bound 400: 0x3f");
    check("SELECT title FROM products", NULL, 0, "-");
}

static void
check_copy(const char *sql, const struct row_column *columns, size_t count, const char *expected)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);
    struct showing *showing;
    char text[2048];

    assert_int_equal(
        showing_new_copy(&showing, &plan->statements[0], environment.catalog, columns, count), 0);
    print_showing(showing, text, sizeof(text));
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n  is       %s\n  must be  %s", sql, text, expected);
    showing_free(showing);
    plan_release(plan);
}

static void
columns_of_a_copy_are_what_the_plan_says(void **state PASU_UNUSED)
{
    static const struct row_column columns[3] = {{0}, {0}, {0}};
    static const struct row_column binary[2] = {{.format = 1}, {.format = 1}};

    check_copy("COPY customers (phone, id) TO STDOUT", columns, 2, "customer key@1: 0=phone");
    check_copy("COPY customers (id, phone) TO STDOUT BINARY", binary, 2,
               "customer key@0 binary: 1=phone");
    check_copy("COPY (SELECT name, email FROM customers) TO STDOUT", columns, 3,
               "customer key@0: 1=name 2=email");
    check_copy("COPY (SELECT name FROM customers WHERE id = 5) TO STDOUT", columns, 1,
               "customer pinned: 0=name");
    check_copy("COPY products TO STDOUT", columns, 3, "-");
    /* other columns than these */
    check_copy("COPY customers (phone, id) TO STDOUT", columns, 3,
               "customer bound 2000: 0=name+phone+email+address 1=name+phone+email+address "
               "2=name+phone+email+address !unattributed");
}

static void
without_a_snapshot_all_columns_show_everything(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    static const struct row_column columns[] = {FROM(SHOP_PRODUCTS, 2)};
    struct plan *plan;
    struct showing *showing;

    environment.catalog = NULL;
    plan = plan_of("SELECT title FROM products", &environment);
    assert_int_equal(showing_new(&showing, &plan->statements[0], NULL, columns, 1), 0);
    assert_int_equal(showing->part_count, PLAN_PARTS_MAX);
    assert_int_equal(showing->column_fields[0], UINT64_MAX);
    assert_int_equal(showing->parts[0].unknown, UINT32_MAX);
    showing_free(showing);
    plan_release(plan);
}

static void
a_row_need_be_read_no_further_than_anything_is_shown(void **state PASU_UNUSED)
{
    static const struct row_column columns[] = {FROM(SHOP_CUSTOMERS, 6), FROM(SHOP_CUSTOMERS, 1),
                                                FROM(SHOP_CUSTOMERS, 2), FROM(SHOP_CUSTOMERS, 7)};
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of("SELECT grade, id, name, region FROM customers", &environment);
    struct showing *showing;

    assert_int_equal(showing_new(&showing, &plan->statements[0], &shop, columns, 4), 0);
    assert_int_equal(showing->last_column, 2);
    showing_free(showing);
    plan_release(plan);
}

static void
more_parts_than_there_is_room_for_are_united(void **state PASU_UNUSED)
{
    struct row_column columns[40];
    struct plan_environment environment = shop_environment();
    struct plan *plan;
    struct showing *showing;
    char sql[2048], *at = sql;
    uint64_t shown = 0;

    at += snprintf(at, 64, "SELECT 1");
    for (int i = 0; i < 12; i++)
        at += snprintf(at, 64, ", c%d.id, c%d.name, o%d.item", i, i, i);
    at += snprintf(at, 64, " FROM products");
    for (int i = 0; i < 12; i++)
        at += snprintf(at, 64, ", customers c%d, orders o%d", i, i);
    environment.may_inject = false;
    plan = plan_of(sql, &environment);
    assert_int_equal(plan->statements[0].part_count, PLAN_PARTS_MAX);
    for (size_t i = 0; i < 37; i++)
        columns[i] = (struct row_column){.type = TEXT};
    assert_int_equal(showing_new(&showing, &plan->statements[0], &shop, columns, 37), 0);
    assert_in_range(showing->part_count, 1, PLAN_PARTS_MAX);
    for (size_t c = 0; c < 37; c++) {
        uint64_t fields = 0;

        for (size_t p = 0; p < showing->part_count; p++)
            fields |= showing->column_fields[c * showing->part_count + p];
        shown |= fields;
        if (c >= 1)
            assert_int_equal(fields, (c - 1) % 3 == 1 ? NAME : (c - 1) % 3 == 2 ? ORDER : 0);
    }
    assert_int_equal(shown, NAME | ORDER);
    showing_free(showing);
    plan_release(plan);
}

static void
no_allocation_may_be_missing(void **state PASU_UNUSED)
{
    static const struct row_column columns[] = {FROM(SHOP_CUSTOMERS, 2)};
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of("SELECT name FROM v_contact", &environment);
    struct showing *showing;

    for (uint64_t nth = 1; nth <= 2; nth++) {
        memory_fail_at(nth);
        assert_int_equal(showing_new(&showing, &plan->statements[0], &shop, columns, 1),
                         PASU_E_NOMEM);
        memory_fail_at(0);
        assert_null(showing);
    }
    plan_release(plan);
}

static void
what_is_shown_to_nobody_is_told_by_its_origin(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    static const struct row_column of_never[] = {MADE, FROM(SHOP_CARD_VAULT, 2)};
    static const struct row_column others[] = {MADE, FROM(SHOP_CUSTOMERS, 2)};
    static const char sql[] = "SELECT 1, card_number FROM renamed";

    for (size_t i = 0; i < 2; i++) {
        struct plan *plan = plan_of(sql, &environment);
        struct showing *showing;

        assert_null(plan->refusal);
        assert_int_equal(showing_new(&showing, &plan->statements[0], environment.catalog,
                                     i == 0 ? of_never : others, 2),
                         0);
        assert_int_equal(showing->is_never, i == 0);
        showing_free(showing);
        plan_release(plan);
    }
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_counts_if_the_server_says_that_it_is_one),
        cmocka_unit_test(a_column_that_is_equal_to_a_persons_shows_it_wherever_it_is_from),
        cmocka_unit_test(a_key_is_read_in_the_format_that_it_comes_in),
        cmocka_unit_test(a_pin_counts_if_the_table_is_the_one),
        cmocka_unit_test(the_origin_of_a_column_says_what_it_shows),
        cmocka_unit_test(each_row_of_a_self_join_has_two_persons),
        cmocka_unit_test(a_views_columns_are_the_plans),
        cmocka_unit_test(the_rows_of_a_set_say_whose_they_are),
        cmocka_unit_test(what_the_plan_does_not_know_the_origins_say),
        cmocka_unit_test(another_number_of_columns_makes_the_plan_void),
        cmocka_unit_test(without_a_description_the_plan_is_all_there_is),
        cmocka_unit_test(columns_of_a_copy_are_what_the_plan_says),
        cmocka_unit_test(without_a_snapshot_all_columns_show_everything),
        cmocka_unit_test(a_row_need_be_read_no_further_than_anything_is_shown),
        cmocka_unit_test(more_parts_than_there_is_room_for_are_united),
        cmocka_unit_test(no_allocation_may_be_missing),
        cmocka_unit_test(what_is_shown_to_nobody_is_told_by_its_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
