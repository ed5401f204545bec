/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What planning costs: of a statement that is in the cache, of ten everyday ones that are not, and
 * of a long one. CPU time of the thread, so that a busy machine does not count.
 */
#include "shop_catalog.h"

#include "postgres/plan.h"

#include <pthread.h>
#include <time.h>

enum {
    ROUNDS_MAX = 10000,
    HITS = 2000000,
    HIT_TARGET_NS = 100,
    PLAN_TARGET_US = 150,
    MAPPER_TARGET_US = 1000
};

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

/* What an object-relational mapper writes, 2.4 KB: every column by a name of its own, and hardly a
 * key of a person. */
static const char mapper[] =
    "SELECT \"o1_0\".\"id\" AS \"orders_id_1_\", \"o1_0\".\"item\" AS "
    "\"orders_item_2_\", \"o1_0\".\"amount\" AS \"orders_amount_3_\", "
    "\"o1_0\".\"ordered_at\" AS \"orders_ordered_at_4_\", \"c1_0\".\"name\" AS "
    "\"customers_name_5_\", \"c1_0\".\"phone\" AS \"customers_phone_6_\", "
    "\"c1_0\".\"email\" AS \"customers_email_7_\", \"c1_0\".\"address\" AS "
    "\"customers_address_8_\", \"c1_0\".\"grade\" AS \"customers_grade_9_\", "
    "\"c1_0\".\"region\" AS \"customers_region_10_\", \"c1_0\".\"created_at\" AS "
    "\"customers_created_at_11_\", \"a1_0\".\"id\" AS \"address_book_id_12_\", "
    "\"a1_0\".\"customer_id\" AS \"address_book_customer_id_13_\", "
    "\"a1_0\".\"recipient\" AS \"address_book_recipient_14_\", "
    "\"a1_0\".\"recipient_phone\" AS \"address_book_recipient_phone_15_\", "
    "\"a1_0\".\"door_code\" AS \"address_book_door_code_16_\", \"v1_0\".\"day\" AS "
    "\"visits_day_17_\", \"v1_0\".\"note\" AS \"visits_note_18_\", \"p1_0\".\"id\" AS "
    "\"products_id_19_\", \"p1_0\".\"title\" AS \"products_title_20_\", "
    "\"p1_0\".\"price\" AS \"products_price_21_\", \"c2_0\".\"name\" AS "
    "\"customers_name_22_\", \"c2_0\".\"phone\" AS \"customers_phone_23_\", "
    "\"c2_0\".\"email\" AS \"customers_email_24_\", \"c2_0\".\"address\" AS "
    "\"customers_address_25_\", \"c2_0\".\"grade\" AS \"customers_grade_26_\", "
    "\"c2_0\".\"region\" AS \"customers_region_27_\", \"c2_0\".\"created_at\" AS "
    "\"customers_created_at_28_\" FROM \"public\".\"orders\" AS \"o1_0\" INNER JOIN"
    " \"public\".\"customers\" AS \"c1_0\" ON (\"c1_0\".\"id\" = "
    "\"o1_0\".\"customer_id\") LEFT OUTER JOIN \"public\".\"address_book\" AS "
    "\"a1_0\" ON (\"a1_0\".\"customer_id\" = \"c1_0\".\"id\") LEFT OUTER JOIN "
    "\"public\".\"visits\" AS \"v1_0\" ON (\"v1_0\".\"customer_id\" = \"c1_0\".\"id\" AND"
    " \"v1_0\".\"day\" >= $1) LEFT OUTER JOIN \"public\".\"products\" AS \"p1_0\" ON "
    "(\"p1_0\".\"title\" = \"o1_0\".\"item\") LEFT OUTER JOIN \"public\".\"customers\" "
    "AS \"c2_0\" ON (\"c2_0\".\"id\" = \"a1_0\".\"customer_id\" AND \"c2_0\".\"grade\" > "
    "\"c1_0\".\"grade\") WHERE (\"c1_0\".\"region\" IN ($2, $3, $4) AND "
    "\"c1_0\".\"grade\" >= $5 AND NOT (\"c1_0\".\"created_at\" IS NULL) AND "
    "\"o1_0\".\"ordered_at\" BETWEEN $6 AND $7 AND (\"o1_0\".\"amount\" > $8 OR "
    "\"c1_0\".\"email\" LIKE $9) AND EXISTS (SELECT 1 FROM \"public\".\"orders\" AS"
    " \"o2_0\" WHERE (\"o2_0\".\"customer_id\" = \"c1_0\".\"id\" AND \"o2_0\".\"amount\" "
    "< $10)) AND NOT (\"c1_0\".\"id\" IN (SELECT \"v2_0\".\"customer_id\" FROM "
    "\"public\".\"visits\" AS \"v2_0\" WHERE (\"v2_0\".\"day\" = $11 AND "
    "\"v2_0\".\"note\" IS NOT NULL))) AND \"c2_0\".\"region\" IS DISTINCT FROM "
    "\"c1_0\".\"region\" AND \"p1_0\".\"price\" IS NOT NULL AND "
    "\"a1_0\".\"recipient_phone\" LIKE $14) ORDER BY \"o1_0\".\"ordered_at\" DESC, "
    "\"c1_0\".\"name\" ASC, \"o1_0\".\"id\" ASC LIMIT $12 OFFSET $13";

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
bench_statement(const char *sql, const struct plan_environment *environment, size_t rounds,
                double target)
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
    return median <= target;
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
        job->is_well &= bench_statement(statements[i], &environment, job->rounds, PLAN_TARGET_US);
    printf("the same, of a text of %zu bytes (target: median %d)\n", sizeof(mapper) - 1,
           MAPPER_TARGET_US);
    job->is_well &= bench_statement(mapper, &environment, job->rounds, MAPPER_TARGET_US);
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
