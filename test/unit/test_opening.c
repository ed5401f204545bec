/* SPDX-License-Identifier: Apache-2.0 */
/* Openings: their roots are those that the format makes, each leaf is proved, and nothing else is.
 */
#include "hashes.h"
#include "ledger/opening.h"
#include "random.h"
#include "unit.h"

static uint32_t ordinals[EXPOSURE_ORDINALS_MAX];

static struct exposure
exposure_of(size_t count)
{
    return (struct exposure){
        .part_count = 2,
        .parts = {{.missed = ordinals, .missed_count = 1},
                  {.ordinals = ordinals, .ordinal_count = count, .missed_count = 0}}};
}

static const struct opening_list second_part = {.record = 9, .part = 1, .which = 0};

static struct payload_opening
opening_of(const struct exposure *exposure, const struct opening_list *list)
{
    struct payload_opening opening = {0};

    for (size_t i = 0; i < sizeof(opening.seed); i++)
        opening.seed[i] = (uint8_t)i;
    assert_int_equal(opening_make(&opening, &hasher, exposure, list), 0);
    return opening;
}

static void
count_from(uint32_t first)
{
    for (uint32_t i = 0; i < COUNT_OF(ordinals); i++)
        ordinals[i] = first + i;
}

/* The roots were computed by a program of another language, from the format's page. */
static void
roots_and_salts_are_those_that_the_format_makes(void **state PASU_UNUSED)
{
    struct exposure e = exposure_of(5);
    struct payload_opening opening;
    struct opening_leaf leaf;

    count_from(42);
    opening = opening_of(&e, &second_part);
    assert_hash(&opening.root, "d67b2bbf3f328510da4d5e96a36f2c578573079c6b312a6e46e58b4fb5d1729e");
    assert_int_equal(opening.record, 9);
    assert_int_equal(opening.part, 1);
    assert_int_equal(opening.count, 5);
    assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, 4), 0);
    assert_memory_equal(leaf.salt,
                        ((const uint8_t[]){0x33, 0x83, 0x40, 0x1a, 0xf5, 0x6b, 0xcd, 0x58, 0x78,
                                           0xce, 0xcb, 0xee, 0x93, 0x76, 0x47, 0x38}),
                        OPENING_SALT);
    count_from(100);
    e = exposure_of(EXPOSURE_ORDINALS_MAX);
    opening = opening_of(&e, &second_part);
    assert_hash(&opening.root, "cc37af2bdfe706fe37b7b81924943c9215929f5711f756708e13752fde04be2b");
    ordinals[0] = 7;
    opening = opening_of(&e, &(struct opening_list){.record = 9, .part = 0, .which = 1});
    assert_hash(&opening.root, "3dd0f15cfd9039e4ce88bb5173846badc6b93867827a67c29e1ebee2fdc38600");
    assert_int_equal(opening.which, 1);
}

static void
fill(struct random *random, size_t count)
{
    uint32_t next = (uint32_t)random_u64(random);

    for (size_t i = 0; i < count; i++)
        ordinals[i] = next = random_below(random, 3) ? next + 1 : (uint32_t)random_u64(random);
}

static void
each_ordinal_of_any_list_is_proved(void **state PASU_UNUSED)
{
    struct random random = {.state = 3};
    struct opening_leaf leaf;

    for (size_t round = 0; round < 120; round++) {
        size_t count = round < 40 ? round + 1 : 1 + random_below(&random, 300);
        uint32_t step = (uint32_t)count / 8 + 1;
        struct exposure e = exposure_of(count);
        struct payload_opening opening;

        fill(&random, count);
        opening = opening_of(&e, &second_part);
        for (uint32_t i = 0; i < count; i += step) {
            assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, i), 0);
            assert_int_equal(leaf.ordinal, ordinals[i]);
            assert_int_equal(opening_verify(&hasher, &opening, &leaf), 0);
        }
        assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, (uint32_t)count),
                         PASU_E_RANGE);
    }
    count_from(1);
    for (uint32_t i = 0; i < EXPOSURE_ORDINALS_MAX; i += 1999) {
        struct exposure e = exposure_of(EXPOSURE_ORDINALS_MAX);
        struct payload_opening opening = opening_of(&e, &second_part);

        assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, i), 0);
        assert_int_equal(opening_verify(&hasher, &opening, &leaf), 0);
    }
}

/* ---- hostile ---- */

static void
assert_not_proved(const struct payload_opening *opening, const struct opening_leaf *leaf)
{
    int result = opening_verify(&hasher, opening, leaf);

    assert_true(result == PASU_E_CORRUPT || result == PASU_E_RANGE);
}

static void
no_changed_leaf_is_proved(void **state PASU_UNUSED)
{
    struct exposure e = exposure_of(11);
    struct payload_opening opening;
    struct opening_leaf good, leaf;

    count_from(500);
    opening = opening_of(&e, &second_part);
    assert_int_equal(opening_prove(&good, &hasher, &opening, &e, 6), 0);
    for (unsigned bit = 0; bit < 32; bit++) {
        leaf = good;
        leaf.ordinal ^= UINT32_C(1) << bit;
        assert_not_proved(&opening, &leaf);
        leaf = good;
        leaf.number ^= UINT32_C(1) << bit;
        assert_not_proved(&opening, &leaf);
    }
    for (size_t i = 0; i < OPENING_SALT; i++) {
        leaf = good;
        leaf.salt[i] ^= 1;
        assert_not_proved(&opening, &leaf);
    }
    for (size_t i = 0; i < good.count; i++) {
        leaf = good;
        leaf.path[i].bytes[i] ^= 1;
        assert_not_proved(&opening, &leaf);
    }
    for (size_t count = 0; count <= OPENING_PATH_MAX + 1; count++) {
        leaf = good;
        leaf.count = count;
        if (count != good.count)
            assert_not_proved(&opening, &leaf);
    }
    opening.count = 2;
    assert_not_proved(&opening, &good);
}

static void
what_is_no_list_is_not_opened(void **state PASU_UNUSED)
{
    static const struct opening_list none[] = {
        {.part = 1, .which = 1}, {.part = 0, .which = 0}, {.part = 2}, {.part = 8},
        {.part = 255},           {.part = 1, .which = 2}};
    struct exposure e = exposure_of(3);
    struct payload_opening opening = {0};

    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_int_equal(opening_make(&opening, &hasher, &e, &none[i]), PASU_E_NOTFOUND);
    e.parts[1].ordinal_count = EXPOSURE_ORDINALS_MAX + 1;
    assert_int_equal(opening_make(&opening, &hasher, &e, &second_part), PASU_E_NOTFOUND);
}

static void
an_opening_of_another_list_proves_nothing(void **state PASU_UNUSED)
{
    struct exposure e = exposure_of(11), shorter = exposure_of(10);
    struct payload_opening opening;
    struct opening_leaf leaf;

    count_from(500);
    opening = opening_of(&e, &second_part);
    assert_int_equal(opening_prove(&leaf, &hasher, &opening, &shorter, 1), PASU_E_CORRUPT);
    ordinals[10]++;
    assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, 1), PASU_E_CORRUPT);
    ordinals[10]--;
    opening.seed[31] ^= 1;
    assert_int_equal(opening_prove(&leaf, &hasher, &opening, &e, 1), PASU_E_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_salts_are_those_that_the_format_makes),
        cmocka_unit_test(each_ordinal_of_any_list_is_proved),
        cmocka_unit_test(no_changed_leaf_is_proved),
        cmocka_unit_test(what_is_no_list_is_not_opened),
        cmocka_unit_test(an_opening_of_another_list_proves_nothing),
    };

    return cmocka_run_group_tests(tests, make_hasher, release_hasher);
}
