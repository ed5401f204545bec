/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts are folded, and none is lost. */
#include "ledger/folds.h"

#include "random.h"
#include "unit.h"

static struct message_alert
alert(const char *rule, const char *principal, uint64_t record)
{
    struct message_alert a = {.record = record,
                              .count = 1,
                              .since = (int64_t)record,
                              .rows = 2,
                              .subjects = 3,
                              .severity = 3,
                              .verdict = 1};

    snprintf(a.rule, sizeof(a.rule), "%s", rule);
    snprintf(a.principal, sizeof(a.principal), "%s", principal);
    return a;
}

static void
add(struct folds *f, const char *rule, const char *principal, uint64_t record)
{
    struct message_alert a = alert(rule, principal, record);

    folds_add(f, &a);
}

/* What is due, all of it: the sum of the counts. */
static uint64_t
take(struct folds *f, int64_t now)
{
    const struct message_alert *due;
    uint64_t count = 0;

    while ((due = folds_due(f, now)) != NULL) {
        count += due->count;
        folds_told(f, due, now);
    }
    return count;
}

static void
the_first_is_due_at_once_and_the_rest_of_a_minute_together(void **state PASU_UNUSED)
{
    static struct folds f;
    const struct message_alert *due;

    add(&f, "night", "bob", 7);
    assert_null(folds_due(&f, 10)); /* its record is not there yet */
    folds_keep(&f);
    due = folds_due(&f, 10);
    assert_int_equal(due->count, 1);
    assert_int_equal(due->record, 7);
    folds_told(&f, due, 10);
    assert_null(folds_due(&f, 10));
    assert_true(folds_first(&f) == UINT64_MAX);
    for (uint64_t i = 8; i < 18; i++)
        add(&f, "night", "bob", i);
    add(&f, "night", "eve", 18); /* another principal */
    add(&f, "day", "bob", 19);   /* another rule */
    folds_keep(&f);
    assert_int_equal(folds_first(&f), 8);
    assert_int_equal(take(&f, 11), 2);
    assert_int_equal(folds_wait(&f, 11, 1000000), 60000);
    assert_null(folds_due(&f, 9 + FOLDS_PAUSE));
    due = folds_due(&f, 10 + FOLDS_PAUSE);
    assert_int_equal(due->count, 10);
    assert_int_equal(due->record, 8);
    assert_int_equal(due->since, 8);
    assert_int_equal(due->rows, 20);
    assert_int_equal(due->subjects, 30);
    assert_string_equal(due->principal, "bob");
}

static void
what_is_dropped_was_never_there(void **state PASU_UNUSED)
{
    static struct folds f;

    add(&f, "night", "bob", 1);
    folds_keep(&f);
    add(&f, "night", "bob", 2);
    add(&f, "day", "bob", 3);
    folds_drop(&f);
    assert_int_equal(take(&f, 1), 1);
    assert_int_equal(take(&f, INT64_MAX), 0);
}

/* However many there are, and whatever is told meanwhile. */
static void
the_counts_add_up(void **state PASU_UNUSED)
{
    static struct folds f;
    struct random random = {.state = 7};
    uint64_t added = 0, told = 0;
    int64_t now = 1;

    for (int i = 0; i < 200000; i++) {
        char rule[16], principal[16];

        snprintf(rule, sizeof(rule), "r%u", random_below(&random, 60));
        snprintf(principal, sizeof(principal), "p%u", random_below(&random, 60));
        add(&f, rule, principal, (uint64_t)i);
        if (random_below(&random, 10) == 0) {
            folds_drop(&f);
        } else {
            folds_keep(&f);
            added++;
        }
        now += random_below(&random, 100) * NANOSECONDS_PER_MILLISECOND;
        if (random_below(&random, 50) == 0)
            told += take(&f, now);
        assert_int_equal(f.waiting, added - told);
    }
    assert_int_equal(told + take(&f, INT64_MAX), added);
    assert_true(f.count == FOLDS_MAX);
    assert_true(folds_first(&f) == UINT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_due_at_once_and_the_rest_of_a_minute_together),
        cmocka_unit_test(what_is_dropped_was_never_there),
        cmocka_unit_test(the_counts_add_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
