/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of principals, against plain sets. */
#include "detect/accounts.h"
#include "detect/life.h"
#include "detect/logins.h"
#include "detect/sample.h"
#include "detect/slots.h"
#include "detect/walk.h"
#include "random.h"
#include "unit.h"

#include <math.h>

enum { SET = 3000 };

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* `count` numbers, each several times; sorted in `sorted` without doubles: how many. */
static size_t
make_hashes(struct random *r, uint64_t *hashes, size_t count, size_t distinct, uint64_t *sorted)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        hashes[i] = i < distinct ? random_u64(r) : hashes[random_below(r, (uint32_t)distinct)];
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = random_below(r, (uint32_t)i + 1);
        uint64_t hash = hashes[i];

        hashes[i] = hashes[other];
        hashes[other] = hash;
    }
    memcpy(sorted, hashes, count * sizeof(*hashes));
    qsort(sorted, count, sizeof(*sorted), compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || sorted[i] != sorted[i - 1])
            sorted[kept++] = sorted[i];
    return kept;
}

static void
test_a_sample_is_those_with_the_lowest_hashes(void **state)
{
    static uint64_t hashes[SET], sorted[SET];
    struct random r = {.state = 7};

    (void)state;
    for (size_t distinct = 1; distinct <= 1500; distinct = distinct * 3 / 2 + 1) {
        struct sample s = {0};
        size_t held = 0, count, kept;

        count = make_hashes(&r, hashes, distinct * 2, distinct, sorted);
        kept = count < SAMPLE_MOST ? count : SAMPLE_MOST;
        for (size_t i = 0; i < distinct * 2; i++) {
            struct sample_read read = {
                .number = hashes[i] >> 8, .second = (uint32_t)i, .flags = READ_SHOWN};

            assert_true(sample_add(&s, hashes[i], &read, false, &held) >= 0);
        }
        sample_settle(&s);
        assert_int_equal(s.count, kept);
        assert_int_equal(s.full, count > SAMPLE_MOST);
        for (size_t i = 0; i < kept; i++)
            assert_true(s.reads[i].number == s.hashes[i] >> 8);
        qsort(s.hashes, kept, sizeof(*s.hashes), compare);
        for (size_t i = 0; i < kept; i++)
            assert_true(s.hashes[i] == sorted[i]);
        if (!s.full)
            assert_true(sample_distinct(&s) == (double)count);
        else
            assert_true(fabs(sample_distinct(&s) / (double)count - 1) < 0.25); /* 4 sigma */
        sample_release(&s, &held);
        assert_int_equal(held, 0);
    }
}

static void
test_a_sample_that_may_not_grow_is_one_of_fewer(void **state)
{
    struct sample s = {0};
    struct random r = {.state = 8};
    size_t held = 0, before = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        struct sample_read read = {.flags = READ_SHOWN};

        assert_true(sample_add(&s, random_u64(&r), &read, i >= 64, &held) >= 0);
        if (i == 63)
            before = held;
    }
    assert_int_equal(held, before);
    sample_settle(&s);
    assert_int_equal(s.count, 64);
    assert_true(s.full);
    assert_true(sample_distinct(&s) > 500 && sample_distinct(&s) < 1500); /* 4 sigma */
    sample_release(&s, &held);
    assert_int_equal(held, 0);
}

static void
test_a_read_that_was_first_is_the_one_that_is_kept(void **state)
{
    struct sample s = {0};
    struct sample_read late = {.second = 50, .offset = 500, .flags = READ_MISSED};
    struct sample_read early = {.second = 5, .offset = 55, .flags = READ_SHOWN};
    size_t held = 0;

    (void)state;
    assert_int_equal(sample_add(&s, 9, &late, false, &held), 1);
    assert_int_equal(sample_add(&s, 9, &early, false, &held), 0);
    assert_int_equal(sample_add(&s, 9, &late, false, &held), 0);
    assert_int_equal(s.reads[0].second, 5);
    assert_int_equal(s.reads[0].offset, 55);
    assert_int_equal(s.reads[0].flags, READ_SHOWN | READ_MISSED);
    sample_release(&s, &held);
}

/* Those that are held, in order; how many. */
static size_t
persons_of(struct life *l, uint64_t *persons)
{
    size_t count = 0;

    life_settle(l);
    for (size_t i = 0; i < l->capacity; i++)
        if (l->hashes[i] != 0)
            persons[count++] = l->hashes[i];
    qsort(persons, count, sizeof(*persons), compare);
    return count;
}

static void
test_a_life_is_exact_up_to_its_size_and_then_counts_all(void **state)
{
    static uint64_t hashes[60000], sorted[60000], persons[2][2 * LIFE_MOST];
    struct random r = {.state = 11};

    (void)state;
    for (size_t distinct = 1; distinct < 30000; distinct = distinct * 3 + 1) {
        struct life a = {0}, all = {0};
        size_t most = distinct % 2 == 0 ? LIFE_LEAST : LIFE_MOST;
        size_t held = 0, count = make_hashes(&r, hashes, distinct * 2, distinct, sorted);

        for (size_t i = 0; i < distinct * 2; i++) {
            assert_true(life_add(&a, hashes[i], (uint16_t)(i % 100), most, &held) >= 0);
            assert_true(life_add(&all, hashes[distinct * 2 - 1 - i], 1, most, &held) >= 0);
        }
        assert_int_equal(a.count, count < most ? count : most);
        assert_int_equal(persons_of(&a, persons[0]), a.count);
        assert_int_equal(persons_of(&all, persons[1]), a.count);
        for (size_t i = 0; i < a.count; i++)
            assert_true(persons[0][i] == sorted[i] && persons[1][i] == sorted[i]);
        assert_true(life_limit(&a) == (count <= most ? UINT64_MAX : sorted[most - 1]));
        if (count <= most)
            assert_true(life_distinct(&a) == (double)count);
        else
            assert_true(fabs(life_distinct(&a) / (double)count - 1) < 0.13); /* 4 sigma */
        /* In whichever order. */
        assert_true(life_distinct(&a) == life_distinct(&all));
        life_release(&a, &held);
        life_release(&all, &held);
        assert_int_equal(held, 0);
    }
}

static void
test_a_life_knows_when_a_person_was_shown_last(void **state)
{
    struct life l = {0};
    size_t held = 0;

    (void)state;
    assert_int_equal(life_add(&l, 5, 100, LIFE_LEAST, &held), 1);
    assert_int_equal(life_add(&l, 5, 300, LIFE_LEAST, &held), 0);
    assert_int_equal(life_add(&l, 5, 200, LIFE_LEAST, &held), 0);
    assert_int_equal(l.count, 1);
    for (size_t i = 0; i < l.capacity; i++)
        assert_int_equal(l.days[i], l.hashes[i] == 5 ? 300 : 0);
    life_release(&l, &held);
}

/* ---- settled in between ---- */

struct read_of_one {
    uint64_t hash, offset;
};

static int
by_subject(const void *a, const void *b)
{
    const struct read_of_one *x = a, *y = b;

    return (x->hash > y->hash) - (x->hash < y->hash);
}

static size_t
reads_of(struct sample *s, struct read_of_one *reads)
{
    sample_settle(s);
    for (size_t i = 0; i < s->count; i++)
        reads[i] = (struct read_of_one){s->hashes[i], s->reads[i].offset};
    qsort(reads, s->count, sizeof(*reads), by_subject);
    return s->count;
}

static void
test_when_it_is_settled_changes_no_sample(void **state)
{
    struct read_of_one once[SAMPLE_MOST], often[SAMPLE_MOST];
    struct random r = {.state = 17};
    struct sample a = {0}, b = {0};
    size_t held = 0;

    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t hash = random_below(&r, 4000) * UINT64_C(0x9E3779B97F4A7C15);
        struct sample_read read = {.offset = i, .file = 1};

        assert_true(sample_add(&a, hash, &read, false, &held) >= 0);
        assert_true(sample_add(&b, hash, &read, false, &held) >= 0);
        if (random_below(&r, 10) == 0)
            sample_settle(&b);
        if (i % 1000 != 0)
            continue;
        assert_int_equal(reads_of(&a, once), reads_of(&b, often));
        for (size_t j = 0; j < a.count; j++)
            assert_true(once[j].hash == often[j].hash && once[j].offset == often[j].offset);
        assert_true(sample_distinct(&a) == sample_distinct(&b));
    }
    sample_release(&a, &held);
    sample_release(&b, &held);
    assert_int_equal(held, 0);
}

static void
test_when_it_is_settled_changes_no_life(void **state)
{
    static uint64_t once[2 * LIFE_MOST], often[2 * LIFE_MOST];
    struct random r = {.state = 18};
    struct life a = {0}, b = {0};
    size_t held = 0;

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        uint64_t hash = (1 + random_below(&r, 30000)) * UINT64_C(0x9E3779B97F4A7C15);

        assert_true(life_add(&a, hash, (uint16_t)(i / 1000), LIFE_MOST, &held) >= 0);
        assert_true(life_add(&b, hash, (uint16_t)(i / 1000), LIFE_MOST, &held) >= 0);
        if (random_below(&r, 50) == 0)
            life_settle(&b);
    }
    assert_int_equal(persons_of(&a, once), LIFE_MOST);
    assert_int_equal(persons_of(&b, often), LIFE_MOST);
    assert_memory_equal(once, often, LIFE_MOST * sizeof(*once));
    assert_true(life_limit(&a) == life_limit(&b) && life_limit(&a) == once[LIFE_MOST - 1]);
    for (size_t i = 0; i < a.capacity; i++)
        for (size_t j = life_home(&b, a.hashes[i]); a.hashes[i] != 0; j = (j + 1) % b.capacity)
            if (b.hashes[j] == a.hashes[i]) {
                assert_int_equal(a.days[i], b.days[j]);
                break;
            }
    life_release(&a, &held);
    life_release(&b, &held);
    assert_int_equal(held, 0);
}

static void
test_an_account_is_an_orphan_until_one_of_its_reads_has_a_login(void **state)
{
    struct accounts a = {0};
    size_t held = 0;

    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        assert_int_equal(accounts_add(&a, i << 40, true, false, &held), 0);
    assert_int_equal(accounts_orphans(&a), 100);
    assert_int_equal(accounts_add(&a, UINT64_C(7) << 40, false, false, &held), 0);
    assert_int_equal(accounts_add(&a, UINT64_C(7) << 40, true, false, &held), 0);
    assert_int_equal(accounts_orphans(&a), 99);
    assert_int_equal(accounts_add(&a, UINT64_C(8) << 40, true, false, &held), 0);
    assert_int_equal(accounts_add(&a, UINT64_C(8) << 40, false, false, &held), 0);
    assert_int_equal(accounts_orphans(&a), 98); /* though it was the last one, too */
    assert_true(accounts_distinct(&a) == 100);
    accounts_release(&a, &held);
    assert_int_equal(held, 0);
}

/* ---- walks ---- */

struct naive {
    uint64_t ring[WALK_DEPTH];
    size_t count;
    uint32_t steps, beside, near;
};

/* How long ago; 0: not known. */
static size_t
ago(const struct naive *n, uint64_t number)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->ring[n->count - 1 - i] == number)
            return i + 1;
    return 0;
}

static void
naive_add(struct naive *n, uint64_t number)
{
    size_t before = ago(n, number - 1);

    if (ago(n, number) != 0)
        return;
    n->steps++;
    n->beside += before != 0;
    n->near += before != 0 && before <= WALK_NEAR;
    if (n->count == WALK_DEPTH)
        memmove(n->ring, n->ring + 1, --n->count * sizeof(*n->ring));
    n->ring[n->count++] = number;
}

static void
test_a_walk_counts_as_a_list_that_is_searched(void **state)
{
    static struct walk w;
    static struct naive n;
    struct random r = {.state = 3};
    uint64_t step = 100;

    (void)state;
    w = (struct walk){.seed = UINT64_C(0x9E3779B97F4A7C15)};
    for (size_t i = 0; i < 20000; i++) {
        /* A walk hidden among numbers that jump about, with no distance that comes again. */
        uint64_t number = i % 13 == 0 ? step++ : random_below(&r, 8000) * 97 + 5000;

        walk_add(&w, number);
        naive_add(&n, number);
        w.votes = 0; /* strides apart */
    }
    assert_int_equal(w.steps, n.steps);
    assert_int_equal(w.beside, n.beside);
    assert_int_equal(w.near, n.near);
    assert_true(n.beside > 1500 && n.near > 1500);
}

static void
test_a_walk_in_strides_is_one_too(void **state)
{
    static struct walk w;

    (void)state;
    w = (struct walk){.seed = UINT64_C(0x9E3779B97F4A7C15)};
    for (uint64_t i = 0; i < 500; i++)
        walk_add(&w, 1000 + i * 37);
    assert_int_equal(w.steps, 500);
    assert_true(w.beside >= 495);
}

/* ---- tables ---- */

static bool
is_old(void *arg, const struct slot *slot)
{
    return slot->last_day < *(uint16_t *)arg;
}

static void
test_slots_are_found_until_they_are_forgotten(void **state)
{
    struct slots s = {0};
    struct random r = {.state = 5};
    uint64_t keys[2000];
    uint16_t before = 10;
    size_t held = 0, old = 0, place;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct slot *slot;

        /* Many begin at the same place. */
        keys[i] = (random_u64(&r) & ~UINT64_C(0xFFF)) | random_below(&r, 64) | 1;
        assert_null(slots_find(&s, keys[i], &place));
        assert_non_null(slot = slots_add(&s, keys[i], place, &held));
        assert_int_equal((uintptr_t)slot % sizeof(*slot), 0); /* in one cache line */
        slot->last_day = (uint16_t)random_below(&r, 20);
        slot->reads = (uint32_t)i;
        old += slot->last_day < before;
    }
    assert_int_equal(slots_forget(&s, is_old, &before, &held), old);
    assert_int_equal(s.count, COUNT_OF(keys) - old);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct slot *slot = slots_find(&s, keys[i], &place);

        if (slot != NULL) {
            assert_true(slot->last_day >= before);
            assert_int_equal(slot->reads, i);
            old++;
        }
    }
    assert_int_equal(old, COUNT_OF(keys));
    slots_release(&s, &held);
    assert_int_equal(held, 0);
}

static void
test_a_login_is_good_for_its_window(void **state)
{
    struct logins l = {.limit = 1 << 20, .window = LOGINS_WINDOW};
    size_t held = 0;

    (void)state;
    assert_false(logins_has(&l, 5, 1000));
    assert_int_equal(logins_add(&l, 5, 1000, &held), 0);
    assert_int_equal(logins_add(&l, 5, 900, &held), 0); /* late, and changes nothing */
    assert_true(logins_has(&l, 5, 1000 + LOGINS_WINDOW));
    assert_false(logins_has(&l, 5, 1001 + LOGINS_WINDOW));
    assert_false(logins_has(&l, 6, 1000));
    assert_false(logins_has(&l, 0, 1000));
    assert_int_equal(logins_expire(&l, 1001 + LOGINS_WINDOW, &held), 0);
    assert_int_equal(l.count, 0);
    logins_release(&l, &held);
    assert_int_equal(held, 0);
}

static void
test_too_many_logins_shorten_the_window_and_then_are_none(void **state)
{
    struct logins l = {.limit = 4096, .window = LOGINS_WINDOW};
    size_t held = 0;

    (void)state;
    for (uint64_t i = 1; i <= 6000; i++)
        assert_int_equal(logins_add(&l, i, (uint32_t)(100000 + i * 10), &held), 0);
    assert_false(l.overflown);
    assert_true(l.window < LOGINS_WINDOW && l.window >= LOGINS_WINDOW_MIN);
    assert_true(logins_has(&l, 6000, 160000));
    for (uint64_t i = 6001; i <= 12000; i++)
        assert_int_equal(logins_add(&l, i, 160001, &held), 0);
    assert_true(l.overflown);
    assert_true(held <= 4096 * sizeof(struct login));
    logins_release(&l, &held);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sample_is_those_with_the_lowest_hashes),
        cmocka_unit_test(test_a_sample_that_may_not_grow_is_one_of_fewer),
        cmocka_unit_test(test_a_read_that_was_first_is_the_one_that_is_kept),
        cmocka_unit_test(test_a_life_is_exact_up_to_its_size_and_then_counts_all),
        cmocka_unit_test(test_a_life_knows_when_a_person_was_shown_last),
        cmocka_unit_test(test_when_it_is_settled_changes_no_sample),
        cmocka_unit_test(test_when_it_is_settled_changes_no_life),
        cmocka_unit_test(test_an_account_is_an_orphan_until_one_of_its_reads_has_a_login),
        cmocka_unit_test(test_a_walk_counts_as_a_list_that_is_searched),
        cmocka_unit_test(test_a_walk_in_strides_is_one_too),
        cmocka_unit_test(test_slots_are_found_until_they_are_forgotten),
        cmocka_unit_test(test_a_login_is_good_for_its_window),
        cmocka_unit_test(test_too_many_logins_shorten_the_window_and_then_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
