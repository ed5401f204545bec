/* SPDX-License-Identifier: Apache-2.0 */
/* What a name is expected to stand for while SQL that gives and takes names waits in the queue. */
#include "postgres/exchange.h"
#include "unit.h"

static const struct plan_environment environment = {.role = "app", .is_plain_dialect = true};

static struct exchange_request *
add(struct exchange *x, enum exchange_step step, const char *name, const char *text)
{
    struct exchange_request *request = exchange_add(x, step);

    assert_non_null(request);
    snprintf(request->name, sizeof(request->name), "%s", name);
    if (text) {
        assert_int_equal(plan_new(&request->plan, view_of_text(text), &environment), 0);
        request->bound = &request->plan->statements[0];
    }
    return request;
}

/* Each text is run by a Query, or by Bind and Execute. */
static void
ask(struct exchange *x, const char *text, bool by_messages)
{
    if (by_messages)
        add(x, STEP_BIND, "", text);
    exchange_note_names(
        x, add(x, by_messages ? STEP_EXECUTE : STEP_QUERY, "", by_messages ? NULL : text));
}

static void
names_that_waiting_sql_gives_and_takes_are_expected(void **state PASU_UNUSED)
{
    static const struct {
        const char *texts[4];
        const char *expected; /* NULL: nothing; else the beginning of the plan's text */
    } cases[] = {
        {{"SELECT 1"}, "SELECT name"},
        {{"DEALLOCATE b", "PREPARE b AS SELECT 7"}, "SELECT name"},
        {{"DEALLOCATE a"}, NULL},
        {{"DEALLOCATE ALL"}, NULL},
        {{"DISCARD ALL"}, NULL},
        {{"DEALLOCATE a", "PREPARE a AS SELECT 7"}, "PREPARE a"},
        {{"DEALLOCATE a", "PREPARE a AS SELECT 7", "DEALLOCATE ALL"}, NULL},
    };

    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        const char *expected = cases[i / 2].expected;
        const struct plan_statement *meant;
        const struct plan *plan;
        struct exchange x = {0};
        struct view types;

        add(&x, STEP_PARSE, "a", "SELECT name FROM customers");
        for (const char *const *text = cases[i / 2].texts; *text; text++)
            ask(&x, *text, i % 2);
        plan = exchange_expected(&x, "a", &meant, &types);
        assert_int_equal(plan != NULL, expected != NULL);
        assert_int_equal(meant != NULL, expected != NULL);
        if (plan)
            assert_memory_equal(plan->text.bytes, expected, strlen(expected));
        if (plan && plan->statements[0].inner)
            assert_ptr_equal(meant, plan->statements[0].inner);
        exchange_release(&x);
    }
}

static void
the_unnamed_statement_is_none_of_sql(void **state PASU_UNUSED)
{
    const struct plan_statement *meant;
    struct exchange x = {0};
    struct view types;

    add(&x, STEP_PARSE, "", "SELECT name FROM customers");
    ask(&x, "DEALLOCATE ALL", false);
    assert_non_null(exchange_expected(&x, "", &meant, &types));
    exchange_release(&x);
}

/* The same of cursors. */
static void
cursors_that_waiting_sql_opens_and_closes_are_expected(void **state PASU_UNUSED)
{
    static const struct {
        const char *texts[4];
        const char *expected; /* NULL: nothing; else the beginning of the plan's text */
    } cases[] = {
        {{"SELECT 1"}, "SELECT name"},
        {{"DECLARE b CURSOR FOR SELECT 7"}, "SELECT name"},
        {{"CLOSE a"}, NULL},
        {{"CLOSE ALL"}, NULL},
        {{"DISCARD ALL"}, NULL},
        {{"DECLARE a CURSOR FOR SELECT 7"}, "DECLARE a"},
        {{"DECLARE a CURSOR FOR SELECT 7; SELECT 8"}, "DECLARE a"},
        {{"DECLARE a CURSOR FOR SELECT 7", "CLOSE b", "DECLARE a CURSOR WITH HOLD FOR SELECT 8"},
         "DECLARE a CURSOR WITH HOLD"},
        {{"DECLARE a CURSOR FOR SELECT 7; CLOSE a"}, NULL},
    };

    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        const char *expected = cases[i / 2].expected;
        const struct plan_statement *meant;
        const struct plan *plan;
        struct exchange x = {0};

        if (i % 2 && strchr(cases[i / 2].texts[0], ';'))
            continue; /* a message has one statement */
        add(&x, STEP_BIND, "a", "SELECT name FROM customers");
        for (const char *const *text = cases[i / 2].texts; *text; text++)
            ask(&x, *text, i % 2);
        plan = exchange_expected_portal(&x, "a", &meant);
        if ((plan != NULL) != (expected != NULL) || (meant != NULL) != (expected != NULL))
            fail_msg("%s", cases[i / 2].texts[0]);
        if (plan)
            assert_memory_equal(plan->text.bytes, expected, strlen(expected));
        if (plan && plan->statements[0].inner)
            assert_ptr_equal(meant, plan->statements[0].inner);
        assert_true(!expected || strncmp(expected, "DECLARE", 7) != 0 ||
                    exchange_must_describe(&x, "a"));
        add(&x, STEP_BIND, "a", "SELECT 9"); /* the last one counts */
        assert_ptr_equal(exchange_expected_portal(&x, "a", &meant),
                         exchange_at(&x, x.count - 1)->plan);
        while (x.count > 0)
            exchange_done(&x);
        assert_int_equal(x.declaring, 0);
        exchange_release(&x);
    }
}

static void
set(struct exchange *x, const char *name, bool is_held)
{
    struct portal *portal;

    assert_int_equal(exchange_set_portal(x, name, NULL, NULL, &portal), 0);
    portal->is_held = is_held;
}

/* A client that never closes them has no more than so many. */
static void
cursors_with_hold_outlive_their_transaction(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    uint32_t held = 0;

    set(&x, "", false);
    set(&x, "brief", false);
    set(&x, "held", true);
    assert_false(exchange_portal(&x, "held")->is_over);
    exchange_end_portals(&x);
    assert_true(exchange_portal(&x, "held")->is_over);
    assert_non_null(exchange_portal(&x, ""));
    assert_null(exchange_portal(&x, "brief"));
    assert_non_null(exchange_portal(&x, "held"));
    for (unsigned i = 0; i < 2 * EXCHANGE_HELD_MAX; i++) {
        char name[EXCHANGE_NAME_SIZE];

        (void)snprintf(name, sizeof(name), "c%u", i);
        set(&x, name, true);
    }
    exchange_end_portals(&x);
    for (const struct portal *p = x.portals; p; p = p->next)
        held += p->is_held;
    assert_int_equal(held, EXCHANGE_HELD_MAX);
    set(&x, "held", false); /* the name has another meaning */
    assert_false(exchange_portal(&x, "held")->is_over);
    exchange_drop_portals(&x);
    assert_null(exchange_portal(&x, "held"));
    exchange_release(&x);
}

static void
set_hiding(struct exchange *x, const char *name, bool is_held)
{
    set(x, name, is_held);
    exchange_portal(x, name)->is_hiding = true;
}

/* Whatever outlives its transaction: only what has hidden columns hides anything. */
static void
cursors_that_hide_something_are_known(void **state PASU_UNUSED)
{
    struct exchange x = {0};

    set(&x, "plain", true);
    assert_false(exchange_is_hiding(&x));
    set_hiding(&x, "brief", false);
    assert_true(exchange_is_hiding(&x));
    exchange_end_portals(&x);
    assert_false(exchange_is_hiding(&x));
    set_hiding(&x, "held", true);
    exchange_end_portals(&x);
    assert_true(exchange_is_hiding(&x));
    exchange_drop_portal(&x, "plain");
    assert_true(exchange_is_hiding(&x));
    set(&x, "held", true); /* the name has another meaning */
    assert_false(exchange_is_hiding(&x));
    exchange_release(&x);
}

/* Of so many that nobody knows which there are, one can hide something until all are closed. */
static void
a_cursor_that_is_lost_can_hide_something(void **state PASU_UNUSED)
{
    struct exchange x = {0};

    for (unsigned i = 0; i < 2 * EXCHANGE_HELD_MAX; i++) {
        char name[EXCHANGE_NAME_SIZE];

        (void)snprintf(name, sizeof(name), "c%u", i);
        if (i % 2)
            set(&x, name, true);
        else
            set_hiding(&x, name, true);
    }
    exchange_end_portals(&x);
    while (x.portals)
        exchange_drop_portal(&x, x.portals->name);
    assert_true(exchange_is_hiding(&x));
    exchange_drop_portals(&x);
    assert_false(exchange_is_hiding(&x));
    exchange_release(&x);
}

/* What EXECUTE or FETCH of a portal names is to be one thing, whenever it is asked for. */
static void
a_portal_whose_name_means_another_is_in_doubt(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct portal *portal, *cursor;

    set(&x, "c", false);
    set(&x, "p", false);
    portal = exchange_portal(&x, "p");
    cursor = exchange_portal(&x, "c");
    portal_names(portal, cursor->serial);
    portal_names(portal, cursor->serial);
    assert_false(portal->is_doubtful);
    set(&x, "c", false); /* declared anew */
    portal_names(portal, exchange_portal(&x, "c")->serial);
    assert_true(portal->is_doubtful);

    set(&x, "p", false);
    assert_false(portal->is_doubtful);
    portal_names(portal, 0); /* nothing is there */
    assert_false(portal->is_doubtful);
    portal_names(portal, exchange_portal(&x, "c")->serial);
    assert_true(portal->is_doubtful);
    exchange_drop_portals(&x);
    exchange_release(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_waiting_sql_gives_and_takes_are_expected),
        cmocka_unit_test(the_unnamed_statement_is_none_of_sql),
        cmocka_unit_test(cursors_that_waiting_sql_opens_and_closes_are_expected),
        cmocka_unit_test(cursors_with_hold_outlive_their_transaction),
        cmocka_unit_test(cursors_that_hide_something_are_known),
        cmocka_unit_test(a_cursor_that_is_lost_can_hide_something),
        cmocka_unit_test(a_portal_whose_name_means_another_is_in_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
