/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of several kinds are found where a look at each byte finds them, with the machine's vectors
 * and without, and no byte behind the text is looked at. */
#include "scan/lanes.h"

#include "base/memory.h"
#include "random.h"
#include "unit.h"

enum { LONGEST = 300, ROUNDS = 30000 };

static uint8_t
some_byte(struct random *random)
{
    static const uint8_t bytes[] = {0, 1, 0x1f, 0x20, 0x21, '"', '\\', ',', 0x7f, 0x80, 0x81, 0xff};

    return bytes[random_below(random, sizeof(bytes))];
}

static struct lanes_wanted
some_kinds(struct random *random)
{
    struct lanes_wanted wanted = {.count = (uint8_t)(1 + random_below(random, LANES_KINDS))};

    for (size_t k = 0; k < wanted.count; k++)
        wanted.kinds[k] = some_byte(random);
    if (wanted.count < LANES_KINDS && random_below(random, 2) == 0)
        wanted.below = some_byte(random);
    return wanted;
}

static bool
is_of_kind(const struct lanes_wanted *wanted, size_t k, uint8_t byte)
{
    return k < wanted->count ? byte == wanted->kinds[k] : byte < wanted->below;
}

static void
check(struct view text, const struct lanes_wanted *wanted, const uint64_t (*found)[LANES_KINDS])
{
    size_t kinds = wanted->count + (size_t)(wanted->below != 0);

    for (size_t i = 0; i < LANES_WORDS(text.length) * LANES; i++)
        for (size_t k = 0; k < kinds; k++) {
            bool due = i < text.length && is_of_kind(wanted, k, text.bytes[i]);

            assert_int_equal(found[i / LANES][k] >> i % LANES & 1, due);
        }
}

static void
all_ways_find_the_same(void **state PASU_UNUSED)
{
    uint64_t found[LANES_WORDS(LONGEST)][LANES_KINDS];
    struct random random = {1};

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct lanes_wanted wanted = some_kinds(&random);
        size_t length = random_below(&random, LONGEST + 1);
        uint8_t *bytes = memory_new(length + 1, 1); /* sanitizers see what is read behind it */
        struct view text = view_of(bytes + 1, length);

        assert_non_null(bytes);
        for (size_t i = 0; i <= length; i++)
            bytes[i] = some_byte(&random);
        memset(found, 0xa5, sizeof(found));
        lanes_find(text, &wanted, found);
        check(text, &wanted, found);
        memset(found, 0xa5, sizeof(found));
        lanes_find_portable(text, &wanted, found);
        check(text, &wanted, found);
        memory_free(bytes);
    }
}

static void
the_next_is_the_first_of_two_kinds(void **state PASU_UNUSED)
{
    uint64_t found[LANES_WORDS(LONGEST)][LANES_KINDS];
    const struct lanes_wanted wanted = {{'"', ','}, 2, 0};
    struct random random = {2};
    uint8_t bytes[LONGEST];

    for (unsigned round = 0; round < ROUNDS / 100; round++) {
        size_t length = random_below(&random, LONGEST + 1);
        struct lanes lanes = {bytes, bytes + length, found};

        for (size_t i = 0; i < length; i++)
            bytes[i] = random_below(&random, 40) == 0 ? some_byte(&random) : 'x';
        lanes_find(view_of(bytes, length), &wanted, found);
        for (size_t from = 0; from <= length; from++) {
            size_t due = from;

            while (due < length && bytes[due] != '"' && bytes[due] != ',')
                due++;
            assert_ptr_equal(lanes_next(&lanes, bytes + from, 0, 1), bytes + due);
        }
    }
}

static void
places_are_those_of_the_bits(void **state PASU_UNUSED)
{
    enum { WORDS = 9 };
    uint16_t all[LANES_PLACES(WORDS * LANES)], portable[LANES_PLACES(WORDS * LANES)];
    struct random random = {3};

    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t count = random_below(&random, WORDS + 1), due = 0;
        uint64_t words[WORDS];

        for (size_t w = 0; w < count; w++) {
            words[w] = random_u64(&random); /* about half of the bits, a fourth, … */
            for (uint64_t less = random_below(&random, 6); less > 0; less--)
                words[w] &= random_u64(&random);
            if (random_below(&random, 16) == 0)
                words[w] = ~words[w];
        }
        assert_int_equal(lanes_places(words, count, all),
                         lanes_places_portable(words, count, portable));
        for (size_t i = 0; i < count * LANES; i++)
            if ((words[i / LANES] >> i % LANES & 1) != 0) {
                assert_int_equal(all[due], i);
                assert_int_equal(portable[due++], i);
            }
        assert_int_equal(lanes_places(words, count, all), due);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_find_the_same),
        cmocka_unit_test(the_next_is_the_first_of_two_kinds),
        cmocka_unit_test(places_are_those_of_the_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
