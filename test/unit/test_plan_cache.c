/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "big_stack.h"
#include "plan_case.h"

static struct plan *
get(struct plan_cache *cache, const char *sql, const struct plan_environment *environment)
{
    struct plan *plan;

    assert_int_equal(plan_cache_get(cache, view_of_text(sql), environment, &plan), 0);
    return plan;
}

static void
the_same_text_is_planned_once(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct plan_cache_counts counts;
    struct plan_cache *cache;
    struct plan *a, *b;
    uint64_t allocations;

    assert_int_equal(plan_cache_new(&cache, 100, 1 << 20), 0);
    a = get(cache, "SELECT name FROM customers", &environment);
    allocations = memory_allocations();
    b = get(cache, "SELECT name FROM customers", &environment);
    assert_ptr_equal(a, b);
    assert_int_equal(memory_allocations(), allocations);
    plan_cache_count(cache, &counts);
    assert_int_equal(counts.hits, 1);
    assert_int_equal(counts.misses, 1);
    assert_int_equal(counts.plans, 1);
    plan_release(b);
    plan_cache_free(cache);
    /* lives as long as its holder */
    assert_string_equal(a->statements[0].sql, "SELECT name FROM customers");
    plan_release(a);
}

/* All that changes what a text means makes another plan of it. */
static void
what_differs_is_never_shared(void **state PASU_UNUSED)
{
    struct plan_environment environments[5];
    static struct catalog other;
    struct plan *plans[6];
    struct plan_cache *cache;

    assert_int_equal(plan_cache_new(&cache, 100, 1 << 20), 0);
    for (size_t i = 0; i < COUNT_OF(environments); i++)
        environments[i] = shop_environment();
    environments[1].role = "narrow";
    environments[2].may_inject = false;
    environments[3].is_plain_dialect = false;
    environments[4].catalog = &other;
    for (size_t i = 0; i < COUNT_OF(environments); i++)
        plans[i] = get(cache, "SELECT name FROM customers", &environments[i]);
    plans[5] = get(cache, "SELECT name FROM customers ", &environments[0]);
    for (size_t i = 0; i < COUNT_OF(plans); i++)
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(plans[i], plans[k]);
    for (size_t i = 0; i < COUNT_OF(plans); i++)
        plan_release(plans[i]);
    plan_cache_free(cache);
}

static void
plans_and_bytes_are_bounded(void **state PASU_UNUSED)
{
    static const struct {
        size_t plans, bytes;
    } limits[] = {{64, 64 << 20}, {100000, 256 << 10}, {1, 64 << 20}, {1000, 1}};

    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct plan_environment environment = shop_environment();
        struct plan_cache_counts counts;
        struct plan_cache *cache;

        assert_int_equal(plan_cache_new(&cache, limits[i].plans, limits[i].bytes), 0);
        for (int n = 0; n < 1000; n++) {
            char sql[64];
            struct plan *plan;

            snprintf(sql, sizeof(sql), "SELECT name FROM customers WHERE id = %d", n);
            plan = get(cache, sql, &environment);
            assert_int_equal(plan->statements[0].part_count, 1);
            plan_release(plan);
            plan_cache_count(cache, &counts);
            assert_true(counts.plans <= (limits[i].plans < 16 ? 16 : limits[i].plans));
            assert_true(counts.bytes <= limits[i].bytes);
        }
        assert_int_equal(counts.misses, 1000);
        plan_cache_free(cache);
    }
}

/* The clock passes over what was asked for since it came by. */
static void
what_is_used_stays(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct plan_cache_counts counts;
    struct plan_cache *cache;

    assert_int_equal(plan_cache_new(&cache, 160, 64 << 20), 0);
    for (int n = 0; n < 1000; n++) {
        char sql[64];

        plan_release(get(cache, "SELECT name FROM customers", &environment));
        snprintf(sql, sizeof(sql), "SELECT %d", n);
        plan_release(get(cache, sql, &environment));
    }
    plan_cache_count(cache, &counts);
    assert_int_equal(counts.hits, 999);
    plan_cache_free(cache);
}

/* Plans hold their catalog: those of one that a newer one has replaced go, and none comes back. */
static void
what_is_superseded_goes(void **state PASU_UNUSED)
{
    struct plan_environment now = shop_environment(), before = shop_environment();
    struct catalog old = *before.catalog;
    struct plan_cache_counts counts;
    struct plan_cache *cache;
    struct plan *held;

    before.catalog = &old;
    assert_int_equal(plan_cache_new(&cache, 1000, 64 << 20), 0);
    for (int n = 0; n < 50; n++) {
        char sql[64];

        snprintf(sql, sizeof(sql), "SELECT name FROM customers WHERE id = %d", n);
        plan_release(get(cache, sql, &before));
        plan_release(get(cache, sql, &now));
    }
    held = get(cache, "SELECT name FROM customers WHERE id = 1", &before);
    plan_cache_sweep(cache);
    plan_cache_count(cache, &counts);
    assert_int_equal(counts.plans, 100);

    old.is_superseded = true;
    plan_cache_sweep(cache);
    plan_cache_count(cache, &counts);
    assert_int_equal(counts.plans, 50);
    plan_release(get(cache, "SELECT phone FROM customers", &before));
    plan_cache_count(cache, &counts);
    assert_int_equal(counts.plans, 50);
    assert_true(view_equal(held->text, VIEW("SELECT name FROM customers WHERE id = 1")));
    plan_release(held);
    plan_cache_free(cache);
}

struct threads {
    struct plan_cache *cache;
    unsigned seed;
    bool is_well;
};

static void *
ask(void *argument)
{
    struct threads *t = argument;
    struct plan_environment environment = shop_environment();

    t->is_well = true;
    for (unsigned n = 0; n < 2000; n++) {
        char sql[64], expected[64];
        struct plan *plan;

        t->seed = t->seed * 1664525 + 1013904223;
        snprintf(sql, sizeof(sql), "SELECT name FROM customers WHERE id = %u", t->seed >> 26);
        snprintf(expected, sizeof(expected), "%u", t->seed >> 26);
        if (plan_cache_get(t->cache, view_of_text(sql), &environment, &plan) != 0)
            return NULL;
        t->is_well &=
            view_equal(plan->statements[0].parts[0].pins[0].literal, view_of_text(expected));
        plan_release(plan);
    }
    return NULL;
}

static void
threads_share_it(void **state PASU_UNUSED)
{
    struct threads threads[4];
    pthread_t ids[4];
    pthread_attr_t attributes;
    struct plan_cache *cache;

    assert_int_equal(plan_cache_new(&cache, 32, 1 << 20), 0);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, PLAN_STACK_SIZE), 0);
    for (unsigned i = 0; i < 4; i++) {
        threads[i] = (struct threads){cache, i * 977, false};
        assert_int_equal(pthread_create(&ids[i], &attributes, ask, &threads[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(ids[i], NULL);
        assert_true(threads[i].is_well);
    }
    pthread_attr_destroy(&attributes);
    plan_cache_free(cache);
}

static void
no_allocation_may_be_missing(void **state PASU_UNUSED)
{
    struct plan_environment environment = shop_environment();
    struct plan_cache *cache;
    struct plan *plan;

    for (uint64_t nth = 1; nth <= 34; nth++) {
        memory_fail_at(nth);
        assert_int_equal(plan_cache_new(&cache, 10, 1 << 20), PASU_E_NOMEM);
        memory_fail_at(0);
        assert_null(cache);
    }
    assert_int_equal(plan_cache_new(&cache, 10, 1 << 20), 0);
    memory_fail_at(1);
    assert_int_equal(plan_cache_get(cache, VIEW("SELECT 1"), &environment, &plan), PASU_E_NOMEM);
    memory_fail_at(0);
    plan_cache_free(cache);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_is_planned_once),
        cmocka_unit_test(what_differs_is_never_shared),
        cmocka_unit_test(plans_and_bytes_are_bounded),
        cmocka_unit_test(what_is_used_stays),
        cmocka_unit_test(what_is_superseded_goes),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(no_allocation_may_be_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return on_big_stack(run);
}
