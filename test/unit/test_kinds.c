/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds keep their slots for the life of the process, however vocabularies number them. */
#include "exposure/kinds.h"
#include "unit.h"

static struct vocabulary
vocabulary_of(const char *const *names, uint32_t count)
{
    struct vocabulary v = {.kind_count = count};

    for (uint32_t i = 0; i < count; i++)
        snprintf(v.kinds[i], sizeof(v.kinds[i]), "%s", names[i]);
    return v;
}

static void
a_kind_keeps_its_slot_when_it_is_numbered_anew(void **state PASU_UNUSED)
{
    static const char *const first[] = {"customer", "recipient"};
    static const char *const second[] = {"employee", "recipient", "customer"};
    struct vocabulary v = vocabulary_of(first, 2);
    struct kinds kinds = {0};
    uint8_t slots[EXPOSURE_KINDS_MAX];

    assert_int_equal(kinds_of(&kinds, &v, slots), 0);
    assert_true(slots[0] == 0 && slots[1] == 1);
    v = vocabulary_of(second, 3);
    assert_int_equal(kinds_of(&kinds, &v, slots), 0);
    assert_true(slots[0] == 2 && slots[1] == 1 && slots[2] == 0);
    v = vocabulary_of(first, 2); /* a kind that is not configured for a while */
    assert_int_equal(kinds_of(&kinds, &v, slots), 0);
    assert_true(slots[0] == 0 && slots[1] == 1);
    assert_int_equal(kinds.count, 3);
}

static void
there_are_so_many_slots_and_no_more(void **state PASU_UNUSED)
{
    struct kinds kinds = {0};
    uint8_t slots[EXPOSURE_KINDS_MAX];
    char name[16];

    for (int i = 0; i < EXPOSURE_KINDS_MAX; i++) {
        const char *one = name;
        struct vocabulary v;

        snprintf(name, sizeof(name), "kind%d", i);
        v = vocabulary_of(&one, 1);
        assert_int_equal(kinds_of(&kinds, &v, slots), 0);
        assert_int_equal(slots[0], i);
    }
    for (int round = 0; round < 2; round++) {
        static const char *const more[] = {"kind3", "another"};
        struct vocabulary v = vocabulary_of(more, 2);

        assert_int_equal(kinds_of(&kinds, &v, slots), PASU_E_RANGE);
        v = vocabulary_of(more, 1); /* those that have one keep it */
        assert_int_equal(kinds_of(&kinds, &v, slots), 0);
        assert_int_equal(slots[0], 3);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kind_keeps_its_slot_when_it_is_numbered_anew),
        cmocka_unit_test(there_are_so_many_slots_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
