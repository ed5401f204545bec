/* SPDX-License-Identifier: Apache-2.0 */
/* The queue and the names against a simple model of the server's rules. */
#include "base/memory.h"
#include "postgres/exchange.h"
#include "random.h"
#include "unit.h"

enum { NAMES = 4, PLANS = 5, QUEUE = 4096 };

static const char *const names[NAMES] = {"", "a", "b", "a longer name than any other here"};
static struct plan *plans[PLANS];

static int
make_plans(void **state PASU_UNUSED)
{
    static const char *const texts[PLANS] = {"SELECT 1", "SELECT name FROM customers",
                                             "SELECT 2; SELECT 3", "", "COMMIT"};
    const struct plan_environment environment = {.role = "app", .is_plain_dialect = true};

    for (size_t i = 0; i < PLANS; i++)
        if (plan_new(&plans[i], view_of_text(texts[i]), &environment) != 0)
            return -1;
    return 0;
}

static int
free_plans(void **state PASU_UNUSED)
{
    for (size_t i = 0; i < PLANS; i++)
        plan_release(plans[i]);
    return 0;
}

static const struct plan_statement *
first_of(const struct plan *plan)
{
    return plan && plan->statement_count > 0 ? &plan->statements[0] : NULL;
}

/* ---- the model ---- */

/* A message on its way to the server. */
struct sent {
    enum exchange_step step;
    int name, statement, plan; /* -1: none */
    bool is_portal;
    uint32_t id;
};

struct model {
    struct exchange exchange;
    struct random random;
    struct sent queue[QUEUE];
    size_t first, count;
    bool is_skipping, is_in_transaction;
    int prepared[NAMES], portals[NAMES]; /* plan, -1: none */
    uint32_t next_id;
};

static void
model_begin(struct model *m, uint64_t seed)
{
    memset(m, 0, sizeof(*m));
    m->random.state = seed;
    for (size_t i = 0; i < NAMES; i++)
        m->prepared[i] = m->portals[i] = -1;
}

static int
some(struct model *m, uint32_t most)
{
    return (int)random_below(&m->random, most);
}

/* The client says something; what it asks for goes into the queue. */
static void
client(struct model *m)
{
    static const enum exchange_step steps[] = {
        STEP_QUERY,   STEP_PARSE, STEP_PARSE, STEP_BIND, STEP_BIND,         STEP_DESCRIBE,
        STEP_EXECUTE, STEP_CLOSE, STEP_SYNC,  STEP_SYNC, STEP_FUNCTION_CALL};
    struct sent *sent = &m->queue[(m->first + m->count) % QUEUE];
    struct exchange_request *request;

    if (m->count == QUEUE)
        return;
    *sent = (struct sent){.step = steps[some(m, COUNT_OF(steps))],
                          .name = some(m, NAMES),
                          .statement = some(m, NAMES),
                          .plan = some(m, PLANS),
                          .is_portal = some(m, 2),
                          .id = ++m->next_id};
    request = exchange_add(&m->exchange, sent->step);
    assert_non_null(request);
    request->function = sent->id;
    request->is_portal = sent->is_portal;
    snprintf(request->name, sizeof(request->name), "%s", names[sent->name]);
    if (sent->step == STEP_QUERY || sent->step == STEP_PARSE)
        request->plan = plan_hold(plans[sent->plan]);
    if (sent->step == STEP_PARSE) {
        request->bytes = view_of(memory_dup(&sent->id, 4), 4);
        assert_non_null(request->bytes.bytes);
    }
    if (sent->step == STEP_BIND) {
        snprintf(request->statement, sizeof(request->statement), "%s", names[sent->statement]);
        for (int i = some(m, 3 * EXCHANGE_PINS_INLINE); i > 0; i--)
            assert_int_equal(pinned_add(&request->pinned, sent->id), 0);
        request->pinned.is_known[0] = true;
        request->pinned.ends[0] = request->pinned.count;
    }
    m->count++;
}

static void
gone(struct model *m)
{
    m->first = (m->first + 1) % QUEUE;
    m->count--;
}

static void
transaction_over(struct model *m)
{
    if (m->is_in_transaction)
        return;
    for (size_t i = 0; i < NAMES; i++)
        m->portals[i] = -1;
    exchange_drop_portals(&m->exchange);
}

static void
ready(struct model *m)
{
    gone(m);
    m->is_skipping = false;
    m->is_in_transaction = some(m, 2);
    exchange_ready(&m->exchange);
    transaction_over(m);
}

/* The server has done what the message asks for, and says so. */
static void
confirm(struct model *m, const struct sent *sent, struct exchange_request *request)
{
    struct exchange *x = &m->exchange;
    struct portal *portal;

    switch (sent->step) {
    case STEP_PARSE:
        m->prepared[sent->name] = sent->plan;
        assert_int_equal(exchange_set_prepared(x, request->name, request->plan,
                                               first_of(request->plan), request->bytes),
                         0);
        break;
    case STEP_BIND:
        m->portals[sent->name] = m->prepared[sent->statement];
        assert_int_equal(exchange_set_portal(x, request->name,
                                             m->prepared[sent->statement] < 0
                                                 ? NULL
                                                 : plans[m->prepared[sent->statement]],
                                             NULL, &portal),
                         0);
        pinned_move(&portal->pinned, &request->pinned);
        /* However the ring has grown meanwhile, the keys are those of this message. */
        for (uint16_t i = 0; i < portal->pinned.count; i++)
            assert_int_equal(portal->pinned.ordinals[i], sent->id);
        break;
    case STEP_CLOSE:
        if (sent->is_portal) {
            m->portals[sent->name] = -1;
            exchange_drop_portal(x, names[sent->name]);
        } else {
            m->prepared[sent->name] = -1;
            exchange_drop_prepared(x, names[sent->name]);
        }
        break;
    default:
        break;
    }
    gone(m);
    exchange_done(x);
}

/* The server reads one message and answers. */
static void
server(struct model *m)
{
    struct sent sent = m->queue[m->first];
    struct exchange_request *request;
    bool is_error = some(m, 6) == 0;

    if (m->count == 0)
        return;
    if (m->is_skipping && sent.step != STEP_SYNC) { /* also a Query */
        gone(m);
        return;
    }
    request = exchange_first(&m->exchange);
    if (!m->is_skipping) {
        assert_non_null(request);
        assert_int_equal(request->function, sent.id);
    }
    switch (sent.step) {
    case STEP_SYNC:
    case STEP_QUERY:
    case STEP_FUNCTION_CALL:
        if (is_error)
            exchange_failed(&m->exchange);
        assert_true(m->is_skipping || exchange_first(&m->exchange)->function == sent.id);
        ready(m);
        break;
    default:
        if (is_error) {
            m->is_skipping = true;
            gone(m);
            exchange_failed(&m->exchange);
        } else {
            confirm(m, &sent, request);
        }
    }
}

static void
assert_names(const struct model *m)
{
    for (size_t i = 0; i < NAMES; i++) {
        const struct prepared *prepared = exchange_prepared(&m->exchange, names[i]);
        const struct portal *portal = exchange_portal(&m->exchange, names[i]);

        if (m->prepared[i] < 0)
            assert_null(prepared);
        else
            assert_ptr_equal(prepared->plan, plans[m->prepared[i]]);
        /* The unnamed portal stays as an empty one. */
        assert_ptr_equal(portal ? portal->plan : NULL,
                         m->portals[i] < 0 ? NULL : plans[m->portals[i]]);
    }
}

/* What a name will stand for when the server does all that waits. */
static void
assert_expected(const struct model *m)
{
    for (size_t i = 0; i < NAMES; i++) {
        int plan = m->prepared[i];
        const struct plan_statement *meant;
        struct view types;

        if (m->is_skipping)
            return; /* what waits will not be done */
        for (size_t k = 0; k < m->count; k++) {
            const struct sent *sent = &m->queue[(m->first + k) % QUEUE];

            if (sent->name != (int)i || sent->is_portal)
                continue;
            if (sent->step == STEP_PARSE)
                plan = sent->plan;
            else if (sent->step == STEP_CLOSE)
                plan = -1;
        }
        assert_ptr_equal(exchange_expected(&m->exchange, names[i], &meant, &types),
                         plan < 0 ? NULL : plans[plan]);
    }
}

static void
the_queue_follows_the_server_through_errors_and_syncs(void **state PASU_UNUSED)
{
    static struct model m;

    for (uint64_t seed = 1; seed <= 300; seed++) {
        model_begin(&m, seed);
        for (int step = 0; step < 400; step++) {
            /* Pipelines of very different depths: the ring grows, wraps, and empties. */
            if (some(&m, 100) < (int)(20 + seed % 60))
                client(&m);
            else
                server(&m);
            assert_names(&m);
            if (step % 8 == 0)
                assert_expected(&m);
        }
        while (m.count > 0)
            server(&m);
        assert_names(&m);
        exchange_release(&m.exchange);
    }
}

/* ---- one by one ---- */

static struct exchange_request *
add(struct exchange *x, enum exchange_step step, const char *name, struct plan *plan)
{
    struct exchange_request *request = exchange_add(x, step);

    assert_non_null(request);
    snprintf(request->name, sizeof(request->name), "%s", name);
    request->plan = plan ? plan_hold(plan) : NULL;
    request->bound = first_of(plan);
    return request;
}

static void
a_name_is_defined_only_when_the_server_says_so(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    const struct plan_statement *meant;
    struct view types;

    add(&x, STEP_PARSE, "s", plans[1]);
    assert_null(exchange_prepared(&x, "s"));
    assert_ptr_equal(exchange_expected(&x, "s", &meant, &types), plans[1]);
    assert_ptr_equal(meant, first_of(plans[1]));
    exchange_failed(&x);
    assert_null(exchange_prepared(&x, "s"));
    assert_null(exchange_expected(&x, "s", &meant, &types));
    exchange_release(&x);
}

static void
an_error_skips_queries_and_calls_up_to_the_sync(void **state PASU_UNUSED)
{
    struct exchange x = {0};

    add(&x, STEP_PARSE, "", plans[0]);
    add(&x, STEP_QUERY, "", plans[1]);
    add(&x, STEP_FUNCTION_CALL, "", NULL);
    exchange_failed(&x);
    assert_null(exchange_first(&x));
    /* What comes after the error but before the Sync is skipped, too. */
    add(&x, STEP_QUERY, "", plans[1]);
    add(&x, STEP_SYNC, "", NULL);
    add(&x, STEP_QUERY, "next", plans[0]);
    exchange_ready(&x);
    assert_int_equal(x.count, 1);
    assert_string_equal(exchange_first(&x)->name, "next");
    exchange_release(&x);
}

static void
a_query_with_an_error_waits_for_its_ready(void **state PASU_UNUSED)
{
    struct exchange x = {0};

    add(&x, STEP_QUERY, "first", plans[0]);
    add(&x, STEP_QUERY, "second", plans[0]);
    x.statement = 1;
    exchange_failed(&x);
    assert_string_equal(exchange_first(&x)->name, "first");
    exchange_ready(&x);
    assert_string_equal(exchange_first(&x)->name, "second");
    assert_int_equal(x.statement, 0);
    exchange_ready(&x);
    exchange_ready(&x); /* one that nobody asked for */
    assert_int_equal(x.count, 0);
    exchange_release(&x);
}

static void
rows_that_can_show_something_are_described_once(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct exchange_request *request;
    struct portal *portal;

    assert_true(exchange_must_describe(&x, "unknown"));
    add(&x, STEP_BIND, "p", plans[1]);
    assert_true(exchange_must_describe(&x, "p"));
    assert_true(exchange_must_describe(&x, "")); /* another one */
    request = add(&x, STEP_DESCRIBE, "p", NULL);
    assert_true(exchange_must_describe(&x, "p")); /* a statement of that name was described */
    request->is_portal = true;
    assert_false(exchange_must_describe(&x, "p"));
    add(&x, STEP_BIND, "p", plans[1]); /* bound again: what was described is gone */
    assert_true(exchange_must_describe(&x, "p"));
    add(&x, STEP_BIND, "p", plans[4]); /* COMMIT has no rows */
    assert_false(exchange_must_describe(&x, "p"));
    add(&x, STEP_BIND, "p", NULL); /* of a statement that nobody knows */
    assert_true(exchange_must_describe(&x, "p"));
    exchange_release(&x);

    assert_int_equal(exchange_set_portal(&x, "p", plans[1], first_of(plans[1]), &portal), 0);
    assert_true(exchange_must_describe(&x, "p"));
    assert_int_equal(portal_describe(portal, VIEW("\0\0")), 0);
    assert_false(exchange_must_describe(&x, "p"));
    assert_int_equal(exchange_set_portal(&x, "p", plans[1], first_of(plans[1]), &portal), 0);
    assert_true(exchange_must_describe(&x, "p"));
    exchange_release(&x);

    /* what is not known can be another one at any time */
    assert_int_equal(exchange_set_portal(&x, "p", NULL, NULL, &portal), 0);
    assert_int_equal(portal_describe(portal, VIEW("\0\0")), 0);
    assert_true(exchange_must_describe(&x, "p"));
    request = add(&x, STEP_DESCRIBE, "p", NULL);
    request->is_portal = true;
    assert_true(exchange_must_describe(&x, "p"));
    exchange_release(&x);
}

/* "DEALLOCATE s; PREPARE s AS …" and a Bind of s that follows at once. */
static void
a_query_on_its_way_can_change_what_is_bound(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct exchange_request *bind;

    add(&x, STEP_QUERY, "", plans[1]);
    bind = add(&x, STEP_BIND, "p", plans[4]);
    assert_false(exchange_must_describe(&x, "p")); /* the unnamed statement: no SQL names it */
    snprintf(bind->statement, sizeof(bind->statement), "s");
    assert_true(exchange_must_describe(&x, "p"));
    exchange_done(&x);
    assert_false(exchange_must_describe(&x, "p"));
    add(&x, STEP_PARSE, "s", plans[4]); /* it can fail, and s is what it was */
    assert_true(exchange_must_describe(&x, "p"));
    exchange_release(&x);
}

static void
keys_of_a_former_binding_are_forgotten(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct portal *portal;

    for (uint32_t count = 1; count < 200; count += 100) {
        assert_int_equal(exchange_set_portal(&x, "", plans[1], first_of(plans[1]), &portal), 0);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(pinned_add(&portal->pinned, i), 0);
        portal->pinned.is_known[0] = true;
        portal->pinned.ends[0] = portal->pinned.count;
        assert_int_equal(exchange_set_portal(&x, "", plans[0], NULL, &portal), 0);
        assert_false(portal->pinned.is_known[0]);
        assert_int_equal(portal->pinned.ends[0], 0);
        assert_int_equal(portal->pinned.count, 0);
    }
    exchange_release(&x);
}

static void
pins_are_counted_up_to_their_limit(void **state PASU_UNUSED)
{
    struct pinned pinned = {0}, other = {0};

    for (uint32_t i = 0; i < PLAN_PINS_MAX; i++)
        assert_int_equal(pinned_add(&pinned, i), 0);
    assert_int_equal(pinned_add(&pinned, 0), PASU_E_RANGE);
    pinned_move(&other, &pinned);
    for (uint32_t i = 0; i < PLAN_PINS_MAX; i++)
        assert_int_equal(other.ordinals[i], i);
    assert_int_equal(pinned.count, 0);
    assert_int_equal(pinned_add(&pinned, 7), 0);
    pinned_move(&other, &pinned);
    assert_ptr_equal(other.ordinals, other.space);
    assert_int_equal(other.ordinals[0], 7);
    pinned_release(&other);
    pinned_release(&pinned);
}

static void
names_that_code_in_the_server_can_change_are_doubted_until_set_anew(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct portal *portal;
    struct view none = view_of(NULL, 0);

    assert_int_equal(exchange_set_prepared(&x, "s", plans[0], first_of(plans[0]), none), 0);
    assert_int_equal(exchange_set_prepared(&x, "", plans[0], first_of(plans[0]), none), 0);
    assert_int_equal(exchange_set_portal(&x, "p", plans[0], first_of(plans[0]), &portal), 0);
    assert_false(exchange_must_describe(&x, "p"));
    exchange_doubt(&x);
    assert_true(exchange_prepared(&x, "s")->is_doubtful);
    assert_false(exchange_prepared(&x, "")->is_doubtful);
    assert_true(portal->is_doubtful);
    assert_true(exchange_must_describe(&x, "p"));
    assert_int_equal(exchange_set_prepared(&x, "s", plans[0], first_of(plans[0]), none), 0);
    assert_false(exchange_prepared(&x, "s")->is_doubtful);
    assert_int_equal(exchange_set_portal(&x, "p", plans[0], first_of(plans[0]), &portal), 0);
    assert_false(portal->is_doubtful);
    exchange_release(&x);
}

static void
all_but_the_unnamed_statement_can_be_dropped(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct view none = view_of(NULL, 0);
    char name[16];

    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(exchange_set_prepared(&x, name, plans[0], NULL, none), 0);
    }
    assert_int_equal(exchange_set_prepared(&x, "", plans[0], NULL, none), 0);
    assert_int_equal(x.name_count, 501);
    exchange_drop_all_prepared(&x);
    assert_null(exchange_prepared(&x, "s77"));
    assert_non_null(exchange_prepared(&x, ""));
    assert_int_equal(x.name_count, 1);
    exchange_release(&x);
}

static void
a_session_has_so_many_names_and_requests_and_no_more(void **state PASU_UNUSED)
{
    struct exchange x = {0};
    struct portal *portal;
    char name[16];

    for (int i = 0; i < EXCHANGE_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(exchange_set_prepared(&x, name, NULL, NULL, view_of(NULL, 0)), 0);
    }
    assert_int_equal(exchange_set_prepared(&x, "more", NULL, NULL, view_of(NULL, 0)), PASU_E_NOMEM);
    assert_int_equal(exchange_set_portal(&x, "more", NULL, NULL, &portal), PASU_E_NOMEM);
    assert_int_equal(exchange_set_prepared(&x, "s1", NULL, NULL, view_of(NULL, 0)), 0);
    exchange_release(&x);
    for (int i = 0; i < EXCHANGE_REQUESTS_MAX; i++)
        assert_non_null(exchange_add(&x, STEP_SYNC));
    assert_null(exchange_add(&x, STEP_SYNC));
    for (int i = 0; i < EXCHANGE_REQUESTS_MAX; i++)
        exchange_ready(&x);
    assert_null(x.requests); /* an idle session keeps no large ring */
    exchange_release(&x);
}

/* All of it, with the nth allocation failing: nothing leaks, nothing is half done. */
static int
do_all(struct exchange *x)
{
    static const uint8_t description[10000];
    struct exchange_request *request;
    struct portal *portal;
    int result = 0;

    for (int i = 0; result == 0 && i < 20; i++) {
        request = exchange_add(x, STEP_BIND);
        result = request ? 0 : PASU_E_NOMEM;
        for (uint32_t pin = 0; result == 0 && pin < 10; pin++)
            result = pinned_add(&request->pinned, pin);
    }
    if (result == 0)
        result = exchange_set_prepared(x, "s", plans[0], NULL, VIEW("\0\0\0\1"));
    if (result == 0)
        result = exchange_set_prepared(x, "s", plans[1], NULL, VIEW("\0\0\0\2"));
    if (result == 0)
        result = exchange_set_portal(x, "p", plans[1], NULL, &portal);
    if (result == 0)
        result = portal_describe(portal, view_of(description, 100));
    if (result == 0)
        result = portal_describe(portal, view_of(description, sizeof(description)));
    return result;
}

static void
memory_that_runs_out_is_an_error_and_nothing_else(void **state PASU_UNUSED)
{
    int result = PASU_E_NOMEM;

    for (uint64_t nth = 1; result != 0; nth++) {
        struct exchange x = {0};

        assert_true(nth < 200);
        memory_fail_at(nth);
        result = do_all(&x);
        assert_true(result == 0 || result == PASU_E_NOMEM);
        memory_fail_at(0);
        exchange_release(&x);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_follows_the_server_through_errors_and_syncs),
        cmocka_unit_test(a_name_is_defined_only_when_the_server_says_so),
        cmocka_unit_test(an_error_skips_queries_and_calls_up_to_the_sync),
        cmocka_unit_test(a_query_with_an_error_waits_for_its_ready),
        cmocka_unit_test(rows_that_can_show_something_are_described_once),
        cmocka_unit_test(a_query_on_its_way_can_change_what_is_bound),
        cmocka_unit_test(keys_of_a_former_binding_are_forgotten),
        cmocka_unit_test(pins_are_counted_up_to_their_limit),
        cmocka_unit_test(names_that_code_in_the_server_can_change_are_doubted_until_set_anew),
        cmocka_unit_test(all_but_the_unnamed_statement_can_be_dropped),
        cmocka_unit_test(a_session_has_so_many_names_and_requests_and_no_more),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, make_plans, free_plans);
}
