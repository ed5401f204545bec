/* SPDX-License-Identifier: Apache-2.0 */
/* A byte is found where a look at each byte finds it, with the machine's vectors and without. */
#include "scan/find.h"

#include "random.h"
#include "unit.h"

enum { SPAN = 70, ROUNDS = 200000 };

static const uint8_t *
slowly(const uint8_t *at, const uint8_t *end, struct find_kind kind)
{
    while (at < end && !find_is(kind, *at))
        at++;
    return at;
}

/* Bytes near those that are looked for, and near where carries of words begin. */
static uint8_t
some_byte(struct random *random)
{
    static const uint8_t bytes[] = {0, 1, 0x1f, 0x20, 0x21, '"', '\\', ',', 0x7f, 0x80, 0x81, 0xff};

    return random_below(random, 4) == 0 ? bytes[random_below(random, sizeof(bytes))]
                                        : (uint8_t)(0x23 + random_below(random, 8));
}

static void
all_ways_find_the_same(void **state PASU_UNUSED)
{
    struct random random = {1};

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[SPAN];
        size_t from = random_below(&random, 20), to = from + random_below(&random, SPAN - 19);
        struct find_kind kind = {{0},
                                 random_below(&random, 2) == 0 ? 0 : some_byte(&random) & 0x7f};
        const uint8_t *due;

        for (size_t i = 0; i < SPAN; i++)
            bytes[i] = some_byte(&random);
        for (size_t i = 0; i < 4; i++)
            kind.byte[i] = some_byte(&random);
        due = slowly(bytes + from, bytes + to, kind);
        assert_ptr_equal(find_any(bytes + from, bytes + to, kind), due);
        assert_ptr_equal(find_in_words(bytes + from, bytes + to, kind), due);
    }
}

/* Up to what differs between letters of either case. */
static const uint8_t *
slow_pair(const uint8_t *at, const uint8_t *end, uint8_t first, uint8_t second)
{
    for (; end - at > 1; at++)
        if ((at[0] | 0x20) == (first | 0x20) && (at[1] | 0x20) == (second | 0x20))
            return at;
    return end;
}

static void
two_bytes_are_found_where_they_stand_together(void **state PASU_UNUSED)
{
    static const uint8_t letters[] = {'m', 'M', 'e', 'E', 0x80, 0xcd};
    struct random random = {2};

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[SPAN], first = letters[random_below(&random, sizeof(letters))];
        uint8_t second = letters[random_below(&random, sizeof(letters))];
        size_t from = random_below(&random, 20), to = from + random_below(&random, SPAN - 19);

        for (size_t i = 0; i < SPAN; i++)
            bytes[i] = random_below(&random, 3) == 0 ? letters[random_below(&random, 6)] : '_';
        assert_ptr_equal(find_pair(bytes + from, bytes + to, first, second),
                         slow_pair(bytes + from, bytes + to, first, second));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_find_the_same),
        cmocka_unit_test(two_bytes_are_found_where_they_stand_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
