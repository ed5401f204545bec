/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What planning costs: of a statement that is in the cache, and of ten everyday ones that are not.
 * CPU time of the thread, so that a busy machine does not count.
 */
#include "shop_catalog.h"

#include "postgres/plan.h"

#include <pthread.h>
#include <time.h>

enum { ROUNDS_MAX = 10000, HITS = 2000000, HIT_TARGET_NS = 100, PLAN_TARGET_US = 150 };

static const char *const statements[] = {
    "SELECT 1",
    "BEGIN",
    "SELECT title, price FROM products WHERE id = $1",
    "SELECT name, phone FROM customers WHERE id = $1",
    "SELECT name, phone FROM customers WHERE region = $1 ORDER BY 1 LIMIT 20",
    "SELECT o.id, o.item, o.amount, c.name, c.address FROM orders o JOIN customers c "
    "ON c.id = o.customer_id WHERE o.ordered_at > $1 AND c.grade = $2 ORDER BY o.ordered_at DESC "
    "LIMIT 50 OFFSET 100",
    "UPDATE customers SET name = $1, phone = $2, email = $3 WHERE id = $4 RETURNING id, name",
    "INSERT INTO orders (customer_id, item, amount, ordered_at) VALUES ($1, $2, $3, now())",
    "WITH w AS (SELECT customer_id, sum(amount) AS total FROM orders GROUP BY customer_id) "
    "SELECT c.id, c.name, w.total FROM customers c JOIN w ON w.customer_id = c.id "
    "WHERE w.total > 10000 ORDER BY w.total DESC",
    "SELECT line FROM v_nested WHERE line LIKE $1",
};

static uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool
bench_statement(const char *sql, const struct plan_environment *environment, size_t rounds)
{
    static uint64_t times[ROUNDS_MAX];
    double median;

    for (size_t i = 0; i < rounds; i++) {
        uint64_t before = now_ns();
        struct plan *plan;

        if (plan_new(&plan, view_of_text(sql), environment) != 0)
            return false;
        times[i] = now_ns() - before;
        plan_release(plan);
    }
    qsort(times, rounds, sizeof(times[0]), compare);
    median = (double)times[rounds / 2] / 1000;
    printf("%8.1f %8.1f %8.1f  %.60s\n", (double)times[0] / 1000, median,
           (double)times[rounds - 1] / 1000, sql);
    return median <= PLAN_TARGET_US;
}

static bool
bench_hits(const struct plan_environment *environment)
{
    enum { TEXTS = COUNT_OF(statements), BATCH = 1000, BATCHES = HITS / BATCH };
    static uint64_t times[BATCHES];
    struct plan_cache *cache;
    double median;

    if (plan_cache_new(&cache, 4096, 64 << 20) != 0)
        return false;
    for (size_t b = 0; b < BATCHES; b++) {
        uint64_t before = now_ns();

        for (size_t i = 0; i < BATCH; i++) {
            struct plan *plan;

            if (plan_cache_get(cache, view_of_text(statements[i % TEXTS]), environment, &plan) != 0)
                return false;
            plan_release(plan);
        }
        times[b] = now_ns() - before;
    }
    plan_cache_free(cache);
    qsort(times, BATCHES, sizeof(times[0]), compare);
    median = (double)times[BATCHES / 2] / BATCH;
    printf("%8.1f %8.1f %8.1f  found in the cache, ten texts in turn\n", (double)times[0] / BATCH,
           median, (double)times[BATCHES - 1] / BATCH);
    return median <= HIT_TARGET_NS;
}

struct job {
    size_t rounds;
    bool is_well;
};

static void *
run(void *argument)
{
    struct job *job = argument;
    struct plan_environment environment = {
        .catalog = &shop, .role = "app", .is_plain_dialect = true, .may_inject = true};

    job->is_well = true;
    printf("ns of CPU time: min, median, max of batches of 1,000 (target: median %d)\n",
           HIT_TARGET_NS);
    job->is_well &= bench_hits(&environment);
    printf("us of CPU time, not cached: min, median, max of %zu (target: median %d)\n", job->rounds,
           PLAN_TARGET_US);
    for (size_t i = 0; i < COUNT_OF(statements); i++)
        job->is_well &= bench_statement(statements[i], &environment, job->rounds);
    return NULL;
}

int
main(int argc, char **argv)
{
    struct job job = {.rounds = 1000};
    pthread_attr_t attributes;
    pthread_t thread;

    if (argc == 3 && strcmp(argv[1], "--rounds") == 0)
        job.rounds = strtoul(argv[2], NULL, 10);
    else if (argc != 1)
        job.rounds = 0;
    if (job.rounds < 1 || job.rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench/plan [--rounds N]   (1 to %d)\n", ROUNDS_MAX);
        return 2;
    }
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, PLAN_STACK_SIZE) != 0 ||
        pthread_create(&thread, &attributes, run, &job) != 0)
        return 2;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return job.is_well ? 0 : 1;
}
