/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/person_bytes.h"
#include "random.h"
#include "unit.h"

enum { ROUNDS = 400, JUNK = 20000 };

/* Sparse or dense, with runs or without, near the ends of what there is. */
static void
some_set(struct random *r, struct ordinals *set, struct ordinals *scratch)
{
    static const uint32_t ranges[] = {50, 70000, 1000000, UINT32_MAX};
    uint32_t range = ranges[random_below(r, 4)], count = random_below(r, 3) == 0 ? 40000 : 300;

    set->count = 0;
    for (uint32_t i = random_below(r, count); i > 0; i--) {
        uint32_t one = random_below(r, 3) > 0 && set->count > 0
                           ? set->items[set->count - 1] + random_below(r, 3)
                           : random_below(r, range);

        if (random_below(r, 50) == 0)
            one = UINT32_MAX - random_below(r, 2);
        assert_int_equal(ordinals_add(set, &one, 1), 0);
    }
    assert_int_equal(ordinals_sort(set, scratch), 0);
}

static struct view
bytes_of(struct pack *pack, const struct ordinals *set)
{
    struct reader reader;
    struct view bytes;

    pack->used = 0;
    person_bytes_put(pack, set);
    assert_false(pack->failed);
    reader = reader_of(pack_view(pack));
    bytes = person_bytes_next(&reader);
    assert_int_equal(reader_end(&reader), 0);
    return bytes;
}

static void
sets_come_back(void **state PASU_UNUSED)
{
    struct random r = {.state = 3};
    struct ordinals set = {0}, scratch = {0}, back = {0};
    struct pack pack = {0};

    for (int round = 0; round < ROUNDS; round++) {
        struct persons *persons = NULL;
        struct crowd crowd = {0};
        struct view bytes;

        some_set(&r, &set, &scratch);
        bytes = bytes_of(&pack, &set);
        back.count = 0;
        assert_int_equal(person_bytes_list(bytes, 0, &back), 0);
        assert_int_equal(back.count, set.count);
        if (set.count > 0)
            assert_memory_equal(back.items, set.items, set.count * sizeof(*set.items));
        assert_true(person_bytes_most(bytes) >= set.count);
        assert_int_equal(person_bytes_pour(bytes, 0, &crowd), 0);
        assert_int_equal(crowd_unite(&crowd, &persons), 0);
        crowd_release(&crowd);
        assert_int_equal(persons_count(persons), set.count);
        for (int i = 0; i < 200; i++) {
            uint64_t rank;
            uint32_t one = set.count > 0 && i % 2 == 0
                               ? set.items[random_below(&r, (uint32_t)set.count)]
                               : random_below(&r, 70000);

            assert_int_equal(person_bytes_rank(bytes, one, &rank), persons_has(persons, one));
            if (persons_has(persons, one))
                assert_int_equal(set.items[rank], one);
        }
        persons_free(persons);
    }
    ordinals_release(&set);
    ordinals_release(&scratch);
    ordinals_release(&back);
    pack_release(&pack);
}

/* Whatever the bytes are: a set, or PASU_E_CORRUPT; never more than was there. */
static void
junk_is_refused(void **state PASU_UNUSED)
{
    struct random r = {.state = 9};
    struct ordinals set = {0}, scratch = {0}, back = {0};
    struct pack pack = {0};
    unsigned refused = 0;

    for (int round = 0; round < JUNK; round++) {
        struct crowd crowd = {0};
        struct view bytes;
        uint64_t rank;
        uint8_t *copy;
        size_t length;
        int result;

        if (round % 20 == 0)
            some_set(&r, &set, &scratch);
        bytes = bytes_of(&pack, &set);
        length =
            random_below(&r, 4) == 0 ? random_below(&r, (uint32_t)bytes.length + 1) : bytes.length;
        copy = memory_new(length + 1, 1); /* its end is the memory's, for a checker of memory */
        if (length > 0)
            memcpy(copy, bytes.bytes, length);
        for (uint32_t i = random_below(&r, 4); i > 0 && length > 0; i--)
            copy[random_below(&r,
                              random_below(&r, 2) == 0 && length > 40 ? 40 : (uint32_t)length)] ^=
                (uint8_t)(1 << random_below(&r, 8));
        back.count = 0;
        result = person_bytes_list(view_of(copy, length), 0, &back);
        assert_true(result == 0 || result == PASU_E_CORRUPT);
        refused += result != 0;
        for (size_t i = 1; result == 0 && i < back.count; i++)
            assert_true(back.items[i] > back.items[i - 1]);
        if (round % 4 == 0)
            assert_int_equal(person_bytes_pour(view_of(copy, length), 0, &crowd), result);
        (void)person_bytes_rank(view_of(copy, length), random_below(&r, 100000), &rank);
        crowd_release(&crowd);
        memory_free(copy);
    }
    assert_true(refused > JUNK / 10);
    ordinals_release(&set);
    ordinals_release(&scratch);
    ordinals_release(&back);
    pack_release(&pack);
}

/* Sets of a chunk are less its first ordinal: with it they are what they were, or refused where
 * that would be more than an ordinal is. */
static void
a_base_is_added_to_each(void **state PASU_UNUSED)
{
    static const uint32_t bases[] = {1 << 20, 5 << 20, UINT32_MAX - UINT16_MAX};
    struct random r = {.state = 11};
    struct ordinals set = {0}, scratch = {0}, back = {0};
    struct pack pack = {0};
    unsigned refused = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t base = bases[round % 3];
        struct crowd crowd = {0};
        struct persons *persons = NULL;
        struct view bytes;
        int result;

        some_set(&r, &set, &scratch);
        while (round % 2 == 0 && set.count > 0 && set.items[set.count - 1] > UINT32_MAX - base)
            set.count--;
        if (set.count == 0)
            continue;
        bytes = bytes_of(&pack, &set);
        back.count = 0;
        result = set.items[set.count - 1] > UINT32_MAX - base ? PASU_E_CORRUPT : 0;
        refused += result != 0;
        assert_int_equal(person_bytes_list(bytes, base, &back), result);
        assert_int_equal(person_bytes_pour(bytes, base, &crowd), result);
        assert_int_equal(crowd_unite(&crowd, &persons), 0);
        for (size_t i = 0; result == 0 && i < set.count; i++) {
            assert_int_equal(back.items[i], set.items[i] + base);
            assert_true(persons_has(persons, set.items[i] + base));
        }
        if (result == 0)
            assert_int_equal(persons_count(persons), set.count);
        persons_free(persons);
        crowd_release(&crowd);
    }
    assert_true(refused > 10);
    ordinals_release(&set);
    ordinals_release(&scratch);
    ordinals_release(&back);
    pack_release(&pack);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_come_back),
        cmocka_unit_test(junk_is_refused),
        cmocka_unit_test(a_base_is_added_to_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
