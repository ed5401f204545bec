/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers of many things, sets of days, and both together, as bytes and back. */
#include "breach/column_bytes.h"

#include "base/memory.h"
#include "breach/moments.h"
#include "random.h"
#include "unit.h"

enum { ROUNDS = 400, JUNK = 4000, MOST = 300, KINDS = 4 };

/* All the same, a few, in stretches, or any. */
static uint8_t
some_number(struct random *r, int kind, uint32_t i, unsigned bits, const uint8_t *before)
{
    static const uint8_t few[] = {7, 2, 5};

    switch (kind) {
    case 0:
        return i > 0 ? before[i - 1] : (uint8_t)random_below(r, UINT32_C(1) << bits);
    case 1:
        return few[random_below(r, 3)];
    case 2:
        return i > 0 && random_below(r, 60) > 0 ? before[i - 1]
                                                : (uint8_t)random_below(r, UINT32_C(1) << bits);
    default:
        return (uint8_t)random_below(r, UINT32_C(1) << bits);
    }
}

static void
check_column(struct view bytes, unsigned bits, const uint8_t *numbers, uint32_t count)
{
    uint8_t back[MOST], one;
    uint64_t counted, naive[1 << COLUMN_BITS_MAX] = {0};

    assert_int_equal(column_list(bytes, bits, back, count), 0);
    assert_memory_equal(back, numbers, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(column_get(bytes, bits, i, &one), 0);
        assert_int_equal(one, numbers[i]);
        assert_int_equal(column_count(bytes, bits, i, numbers[0], &counted), 0);
        assert_int_equal(counted, naive[numbers[0]]);
        naive[numbers[i]]++;
    }
}

static void
columns_come_back(void **state PASU_UNUSED)
{
    struct random r = {.state = 5};
    struct pack pack = {0};

    for (int round = 0; round < ROUNDS; round++) {
        unsigned bits = round % 2 == 0 ? COLUMN_PART_BITS : COLUMN_DAY_BITS;
        uint32_t count = 1 + random_below(&r, MOST);
        uint8_t numbers[MOST], back[MOST], one;
        int kind = round / 2 % KINDS;

        for (uint32_t i = 0; i < count; i++)
            numbers[i] = some_number(&r, kind, i, bits, numbers);
        pack.used = 0;
        column_put(&pack, numbers, count, bits);
        assert_false(pack.failed);
        check_column(pack_view(&pack), bits, numbers, count);
        assert_int_equal(column_get(view_of(pack.bytes, 0), bits, 0, &one), PASU_E_CORRUPT);
        /* What there is less of is written shorter. */
        assert_true(pack.used <= 1 + (count * bits + 7) / 8);
        if (kind == 0)
            assert_int_equal(pack.used, 1);
        if (kind == 1)
            assert_true(pack.used <= 3 + (count * 2 + 7) / 8);
        if (pack.used == 1)
            continue;
        assert_int_equal(column_list(view_of(pack.bytes, pack.used - 1), bits, back, count),
                         PASU_E_CORRUPT);
        assert_int_equal(column_get(view_of(pack.bytes, pack.used - 1), bits, count - 1, &one),
                         PASU_E_CORRUPT);
        assert_int_equal(column_get(pack_view(&pack), bits, UINT64_MAX, &one), PASU_E_CORRUPT);
        assert_int_equal(column_get(pack_view(&pack), bits, UINT64_MAX / 8, &one), PASU_E_CORRUPT);
    }
    pack_release(&pack);
}

/* As few as there can be, and as many; now and then those of the one before. */
static uint32_t
some_days(struct random *r, bool is_several)
{
    uint32_t days = UINT32_C(1) << random_below(r, DAYS_OF_MONTH);

    for (uint32_t more = is_several ? 1 + random_below(r, random_below(r, 2) == 0 ? 4 : 60) : 0;
         more > 0; more--)
        days |= UINT32_C(1) << random_below(r, DAYS_OF_MONTH);
    if (is_several && (days & (days - 1)) == 0)
        days ^= days == 1 ? 2 : 1;
    return days;
}

static void
sets_of_days_come_back(void **state PASU_UNUSED)
{
    struct random r = {.state = 6};
    struct pack pack = {0};

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t sets[MOST], back[MOST], set, count = 1 + random_below(&r, MOST);
        uint64_t before, days = 0;

        for (uint32_t i = 0; i < count; i++)
            sets[i] = i > 0 && round % 2 == 0 && random_below(&r, 30) > 0 ? sets[i - 1]
                                                                          : some_days(&r, true);
        pack.used = 0;
        days_put(&pack, sets, count);
        assert_false(pack.failed);
        assert_int_equal(days_list(pack_view(&pack), back, count), 0);
        assert_memory_equal(back, sets, count * sizeof(*sets));
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(days_find(pack_view(&pack), i, &before, &set), 0);
            assert_int_equal(set, sets[i]);
            assert_int_equal(before, days);
            days += (unsigned)__builtin_popcount(sets[i]);
        }
        assert_int_equal(days_find(pack_view(&pack), count, &before, NULL), 0);
        assert_int_equal(before, days);
        assert_int_equal(days_list(view_of(pack.bytes, pack.used - 1), back, count),
                         PASU_E_CORRUPT);
        assert_int_equal(days_list(pack_view(&pack), back, count - 1 > 0 ? count / 2 : 2),
                         PASU_E_CORRUPT);
        assert_int_equal(days_find(pack_view(&pack), UINT64_MAX, &before, &set), PASU_E_CORRUPT);
    }
    pack_release(&pack);
}

/* No one but in the last bit that is looked at: more zeros than any number of days has. */
static void
sets_that_are_none_are_refused(void **state PASU_UNUSED)
{
    uint8_t bytes[17] = {0};
    uint32_t set;

    for (unsigned bit = 5; bit < 64; bit++) {
        memset(bytes, 0, sizeof(bytes));
        bytes[1 + bit / 8] = (uint8_t)(1 << bit % 8);
        assert_int_equal(days_list(view_of(bytes, sizeof(bytes)), &set, 1), PASU_E_CORRUPT);
    }
}

/* Of some who were there when; with the parts, each day's at its number. */
struct told {
    uint32_t days[MOST];
    uint8_t parts[MOST][DAYS_OF_MONTH];
    uint32_t count;
};

static void
tell(struct random *r, struct told *told, struct moments *moments)
{
    uint32_t several = random_below(r, 4);

    moments_clear(moments);
    told->count = 1 + random_below(r, MOST);
    for (uint32_t i = 0; i < told->count; i++) {
        told->days[i] = some_days(r, random_below(r, 4) < several);
        for (unsigned d = 0; d < DAYS_OF_MONTH; d++)
            told->parts[i][d] = (uint8_t)random_below(r, 1 << COLUMN_PART_BITS);
        assert_int_equal(moments_add(moments, told->days[i], told->parts[i]), 0);
    }
}

static void
moments_come_back(void **state PASU_UNUSED)
{
    struct random r = {.state = 7};
    struct moments moments = {0}, back = {0};
    struct moments_scratch scratch = {0};
    struct pack pack = {0};
    static struct told told;

    for (int round = 0; round < ROUNDS / 4; round++) {
        uint32_t asked = some_days(&r, round % 2 == 0);
        struct moments_view view;
        struct reader reader;

        tell(&r, &told, &moments);
        pack.used = 0;
        assert_int_equal(moments_write(&moments, &pack, &scratch), 0);
        reader = reader_of(pack_view(&pack));
        assert_int_equal(moments_view_of(&view, &reader), 0);
        moments_clear(&back);
        assert_int_equal(moments_read(&back, &view, told.count, &scratch), 0);
        assert_int_equal(back.part_count, moments.part_count);
        assert_memory_equal(back.parts, moments.parts, moments.part_count);
        assert_int_equal(moments_on(&view, told.count, asked, &scratch), 0);
        for (uint32_t i = 0; i < told.count; i++) {
            uint8_t parts[DAYS_OF_MONTH];
            uint32_t days;

            assert_int_equal(back.days.items[i], told.days[i]);
            assert_int_equal(scratch.numbers[i], (told.days[i] & asked) != 0);
            assert_int_equal(moments_find(&view, i, &days, parts), 0);
            assert_int_equal(days, told.days[i]);
            for (; days != 0; days &= days - 1)
                assert_int_equal(parts[__builtin_ctz(days)], told.parts[i][__builtin_ctz(days)]);
        }
    }
    moments_release(&moments);
    moments_release(&back);
    moments_scratch_release(&scratch);
    pack_release(&pack);
}

/* Whatever the bytes are: an answer, or PASU_E_CORRUPT; nothing behind them is read. */
static void
junk_is_refused(void **state PASU_UNUSED)
{
    struct random r = {.state = 8};
    struct moments moments = {0}, back = {0};
    struct moments_scratch scratch = {0};
    struct pack pack = {0};
    static struct told told;
    unsigned refused = 0;

    for (int round = 0; round < JUNK; round++) {
        struct moments_view view;
        struct reader reader;
        uint8_t parts[DAYS_OF_MONTH], *copy;
        uint32_t days;
        size_t length;
        int result;

        if (round % 20 == 0)
            tell(&r, &told, &moments);
        pack.used = 0;
        assert_int_equal(moments_write(&moments, &pack, &scratch), 0);
        length = random_below(&r, 4) == 0 ? random_below(&r, (uint32_t)pack.used + 1) : pack.used;
        copy = memory_new(length + 1, 1); /* its end is the memory's, for a checker of memory */
        if (length > 0)
            memcpy(copy, pack.bytes, length);
        for (uint32_t i = 1 + random_below(&r, 4); i > 0 && length > 0; i--)
            copy[random_below(&r, random_below(&r, 2) == 0 && length > 9 ? 9 : (uint32_t)length)] ^=
                (uint8_t)(1 << random_below(&r, 8));
        reader = reader_of(view_of(copy, length));
        moments_clear(&back);
        result = moments_view_of(&view, &reader);
        if (result == 0) {
            (void)!moments_find(&view, random_below(&r, told.count + 9), &days, parts);
            (void)!moments_on(&view, told.count, 5, &scratch);
            result = moments_read(&back, &view, told.count, &scratch);
        }
        assert_true(result == 0 || result == PASU_E_CORRUPT);
        refused += result != 0;
        memory_free(copy);
    }
    assert_true(refused > JUNK / 10);
    moments_release(&moments);
    moments_release(&back);
    moments_scratch_release(&scratch);
    pack_release(&pack);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_come_back),
        cmocka_unit_test(sets_of_days_come_back),
        cmocka_unit_test(sets_that_are_none_are_refused),
        cmocka_unit_test(moments_come_back),
        cmocka_unit_test(junk_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
