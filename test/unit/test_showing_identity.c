/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns of a result say by their values whom it shows. */
#include "base/memory.h"
#include "big_stack.h"
#include "plan_case.h"
#include "postgres/showing.h"

enum { TEXT = 25 };

#define FROM(oid, number)                                                                          \
    {                                                                                              \
        .relation = oid, .attribute = number, .type = TEXT                                         \
    }
#define MADE                                                                                       \
    {                                                                                              \
        .type = TEXT                                                                               \
    }

/* Of each bound part: "0=4 any" is a column, that of the table, and how they tell; "-" for none. */
static void
print_identities(const struct showing *s, char *text, size_t size)
{
    char *at = text, *end = text + size;

#define PUT(...) at += snprintf(at, (size_t)(end - at), __VA_ARGS__)
    text[0] = '\0';
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        PUT("%s", p > 0 ? "; " : "");
        if (part->identity_count == 0)
            PUT("-");
        for (size_t i = 0; i < part->identity_count; i++) {
            assert_int_equal(part->identities[i].relation, SHOP_CUSTOMERS);
            assert_int_equal(part->identities[i].key, 1);
            PUT("%s%u=%d", i > 0 ? " " : "", part->identities[i].column,
                part->identities[i].attribute);
        }
        if (part->identity_count > 0)
            PUT("%s%s", part->is_identity_all ? " all" : "", part->is_identity_any ? " any" : "");
    }
#undef PUT
}

static void
check(const char *sql, const struct row_column *columns, size_t count, const char *expected)
{
    struct plan_environment environment = shop_environment();
    struct plan *plan = plan_of(sql, &environment);
    struct showing *showing;
    char text[512];

    assert_int_equal(
        showing_new(&showing, &plan->statements[0], environment.catalog, columns, count), 0);
    print_identities(showing, text, sizeof(text));
    if (strcmp(text, expected) != 0)
        fail_msg("%s\n  is       %s\n  must be  %s", sql, text, expected);
    showing_free(showing);
    plan_release(plan);
}

#define CHECK(sql, expected, ...)                                                                  \
    do {                                                                                           \
        static const struct row_column columns[] = {__VA_ARGS__};                                  \
                                                                                                   \
        check(sql, columns, COUNT_OF(columns), expected);                                          \
    } while (0)

static void
a_value_as_it_is_stored_tells(void **state PASU_UNUSED)
{
    CHECK("SELECT DISTINCT email FROM customers", "0=4 all any", FROM(SHOP_CUSTOMERS, 4));
    CHECK("SELECT email FROM public.customers UNION SELECT email FROM public.customers", "0=4 all",
          MADE);
    CHECK("SELECT max(email), min(phone) FROM public.customers WHERE grade > 0", "0=4 1=3 all",
          MADE, MADE);
    CHECK("SELECT e FROM (SELECT DISTINCT email AS e FROM public.customers) s", "0=4 all",
          FROM(SHOP_CUSTOMERS, 4));
    CHECK("WITH s AS (SELECT DISTINCT email FROM public.customers) SELECT * FROM s", "0=4 all",
          MADE);
}

static void
of_one_row_any_of_its_values_does(void **state PASU_UNUSED)
{
    CHECK("SELECT DISTINCT name, email FROM customers", "0=2 1=4 all any", FROM(SHOP_CUSTOMERS, 2),
          FROM(SHOP_CUSTOMERS, 4));
    /* of many rows none does */
    CHECK("SELECT max(email), max(upper(name)) FROM public.customers", "-", MADE, MADE);
    CHECK("SELECT DISTINCT email, upper(name) FROM customers", "-", FROM(SHOP_CUSTOMERS, 4), MADE);
}

static void
a_value_that_was_made_does_not(void **state PASU_UNUSED)
{
    CHECK("SELECT DISTINCT lower(email) FROM customers", "-", MADE);
    CHECK("SELECT DISTINCT email || '' FROM customers", "-", MADE);
    CHECK("SELECT DISTINCT email::varchar FROM public.customers", "-", MADE);
    CHECK("SELECT DISTINCT email COLLATE \"C\" FROM public.customers", "-", MADE);
    CHECK("SELECT DISTINCT coalesce(email, phone) FROM public.customers", "-", MADE);
    CHECK("SELECT email FROM public.customers UNION SELECT phone FROM public.customers", "-", MADE);
    CHECK("SELECT email FROM public.customers UNION SELECT 'x'", "-", MADE);
    CHECK(
        "WITH RECURSIVE r AS (SELECT email FROM public.customers UNION SELECT lower(email) FROM r) "
        "SELECT email FROM r",
        "-", MADE);
}

static void
where_the_server_says_nothing_names_need_their_schema(void **state PASU_UNUSED)
{
    CHECK("SELECT email FROM customers UNION SELECT email FROM public.customers", "-", MADE);
    CHECK("SELECT max(email) FROM customers WHERE grade > 0", "-", MADE);
    CHECK("SELECT DISTINCT email FROM customers", "-", MADE);
    /* nor does a name help against its word */
    CHECK("SELECT DISTINCT email FROM public.customers", "-", FROM(SHOP_CUSTOMERS, 3));
}

static void
what_is_compared_with_another_does_not(void **state PASU_UNUSED)
{
    CHECK("SELECT DISTINCT a.email FROM public.customers a JOIN public.customers b "
          "ON lower(a.email) = lower(b.email)",
          "-; -", FROM(SHOP_CUSTOMERS, 4));
    CHECK("WITH s AS (SELECT DISTINCT email FROM public.customers) "
          "SELECT a.email FROM s a JOIN s b ON lower(a.email) > lower(b.email)",
          "-", MADE);
}

static void
beside_a_key_nothing_is_looked_up(void **state PASU_UNUSED)
{
    CHECK("SELECT DISTINCT id, email FROM customers", "-", FROM(SHOP_CUSTOMERS, 1),
          FROM(SHOP_CUSTOMERS, 4));
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_as_it_is_stored_tells),
        cmocka_unit_test(of_one_row_any_of_its_values_does),
        cmocka_unit_test(a_value_that_was_made_does_not),
        cmocka_unit_test(where_the_server_says_nothing_names_need_their_schema),
        cmocka_unit_test(what_is_compared_with_another_does_not),
        cmocka_unit_test(beside_a_key_nothing_is_looked_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
