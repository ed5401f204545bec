/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "breach/day.h"
#include "breach/mark_bytes.h"
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
bytes_of(struct pack *pack, const struct ordinals *set, size_t dense)
{
    struct reader reader;
    struct view bytes;

    pack->used = 0;
    person_bytes_put(pack, set, dense);
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
        bytes = bytes_of(&pack, &set, round % 2 == 0 ? PERSON_BYTES_DENSE : 0);
        back.count = 0;
        assert_int_equal(person_bytes_list(bytes, &back), 0);
        assert_int_equal(back.count, set.count);
        if (set.count > 0)
            assert_memory_equal(back.items, set.items, set.count * sizeof(*set.items));
        assert_int_equal(person_bytes_pour(bytes, &crowd, &scratch), 0);
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
        bytes = bytes_of(&pack, &set, round % 2 == 0 ? PERSON_BYTES_DENSE : 0);
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
        result = person_bytes_list(view_of(copy, length), &back);
        assert_true(result == 0 || result == PASU_E_CORRUPT);
        refused += result != 0;
        for (size_t i = 1; result == 0 && i < back.count; i++)
            assert_true(back.items[i] > back.items[i - 1]);
        if (round % 4 == 0)
            assert_int_equal(person_bytes_pour(view_of(copy, length), &crowd, &scratch), result);
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

static uint32_t
some_part(struct random *r, int kind, uint32_t i, uint32_t count, const uint32_t *before)
{
    static const uint32_t few[] = {7, 2, 5, 3};

    switch (kind) {
    case 0: /* all the same */
        return i > 0 ? before[0] : random_below(r, DAY_PART_NONE + 1);
    case 1:
        return few[random_below(r, 2 + count % 3)];
    case 2: /* rising */
        return i * (DAY_PART_NONE + 1) / count;
    default:
        return random_below(r, DAY_PART_NONE + 1);
    }
}

/* As many days as there can be, and as few; one part for all, a few, rising ones, or any. */
static void
marks_come_back(void **state PASU_UNUSED)
{
    enum { MOST = 300 };
    struct random r = {.state = 5};
    struct pack pack = {0};

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t days[MOST], parts[MOST], count = 1 + random_below(&r, MOST);
        struct reader reader;
        struct view written;
        unsigned part;

        for (uint32_t i = 0; i < count; i++) {
            days[i] = UINT32_C(1) << random_below(&r, 31);
            for (uint32_t more = random_below(&r, 3) == 0 ? random_below(&r, 31) : 0; more > 0;
                 more--)
                days[i] |= UINT32_C(1) << random_below(&r, 31);
            parts[i] = some_part(&r, round % 5, i, count, parts);
        }
        pack.used = 0;
        month_days_put(&pack, days, count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t back = 0;

            assert_int_equal(month_days_get(pack_view(&pack), i, &back), 0);
            assert_int_equal(back, days[i]);
        }
        assert_int_equal(month_days_get(pack_view(&pack), UINT64_MAX / 8, days), PASU_E_CORRUPT);
        assert_int_equal(month_days_get(view_of(pack.bytes, pack.used - 1), count - 1, days),
                         PASU_E_CORRUPT);
        pack.used = 0;
        day_parts_put(&pack, parts, count);
        reader = reader_of(pack_view(&pack));
        written = reader_bytes(&reader, unpack_count(&reader));
        assert_int_equal(reader_end(&reader), 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(day_parts_get(written, i, &part), 0);
            assert_int_equal(part, parts[i]);
        }
        assert_int_equal(day_parts_get(view_of(written.bytes, 0), 0, &part), PASU_E_CORRUPT);
        if (written.length > 1)
            assert_int_equal(
                day_parts_get(view_of(written.bytes, written.length - 1), count - 1, &part),
                PASU_E_CORRUPT);
        /* What there is less of is written shorter. */
        if (round % 5 == 0)
            assert_int_equal(written.length, 1);
        if (round % 5 == 1)
            assert_true(written.length <= 2 + (count * 2 + 7) / 8);
        if (round % 5 == 2)
            assert_true(written.length <= 1 + 2 * (DAY_PART_NONE + 1));
    }
    pack_release(&pack);
}

/* No one but in the last bit that is looked at: more zeros than any number of days has. */
static void
days_that_are_none_are_refused(void **state PASU_UNUSED)
{
    uint8_t bytes[16] = {0};
    uint32_t days;

    for (unsigned bit = 6; bit < 64; bit++) {
        memset(bytes, 0, sizeof(bytes));
        bytes[bit / 8] = (uint8_t)(1 << bit % 8);
        assert_int_equal(month_days_get(view_of(bytes, sizeof(bytes)), 0, &days), PASU_E_CORRUPT);
        assert_int_equal(month_days_get(view_of(bytes, 8), 0, &days), PASU_E_CORRUPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_come_back),
        cmocka_unit_test(junk_is_refused),
        cmocka_unit_test(marks_come_back),
        cmocka_unit_test(days_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
