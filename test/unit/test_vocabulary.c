/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/vocabulary.h"
#include "unit.h"

static struct config_field customer_fields[] = {{"name", "name"}, {"mail", "email"}},
                           order_fields[] = {
                               {"item", "order"}, {"amount", "order"}, {"to", "name"}};
static struct config_personal personal[] = {
    {.table = "public.customers", .fields = customer_fields, .field_count = 2},
    {.table = "public.orders", .fields = order_fields, .field_count = 3},
};
static struct config_subject subjects[] = {{.name = "customer"}, {.name = "courier"}};

static struct vocabulary
example(void)
{
    const struct config config = {.personal = personal,
                                  .personal_count = COUNT_OF(personal),
                                  .subjects = subjects,
                                  .subject_count = COUNT_OF(subjects)};
    struct vocabulary v;

    assert_int_equal(vocabulary_of_config(&v, &config), 0);
    return v;
}

static void
names_are_numbered_in_the_order_in_which_they_come_first(void **state PASU_UNUSED)
{
    struct vocabulary v = example();

    assert_int_equal(v.field_count, 3);
    assert_int_equal(v.kind_count, 2);
    assert_int_equal(vocabulary_field(&v, "name"), 0);
    assert_int_equal(vocabulary_field(&v, "email"), 1);
    assert_int_equal(vocabulary_field(&v, "order"), 2);
    assert_int_equal(vocabulary_field(&v, "customer"), -1);
    assert_int_equal(vocabulary_kind(&v, "customer"), 0);
    assert_int_equal(vocabulary_kind(&v, "courier"), 1);
    assert_int_equal(vocabulary_kind(&v, ""), -1);
}

/* The id is in ledgers: the same names have it for ever, other names another. */
static void
the_id_follows_from_the_names_and_their_order(void **state PASU_UNUSED)
{
    struct vocabulary v = example(), w;
    const struct config empty = {0};

    assert_int_equal(v.id, 0x2f9d61aa);
    assert_int_equal(example().id, v.id);
    subjects[0].name = "courier";
    subjects[1].name = "customer";
    w = example();
    subjects[0].name = "customer";
    subjects[1].name = "courier";
    assert_int_not_equal(v.id, w.id);
    assert_int_equal(vocabulary_of_config(&w, &empty), 0);
    assert_int_not_equal(w.id, 0);
}

static void
what_is_encoded_is_decoded_and_nothing_else_is(void **state PASU_UNUSED)
{
    struct vocabulary v = example(), d;
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    ssize_t length = vocabulary_encode(&v, bytes, sizeof(bytes));

    assert_int_equal(length, 6 + 5 + 6 + 6 + 9 + 8);
    assert_int_equal(vocabulary_decode(&d, view_of(bytes, (size_t)length)), 0);
    assert_memory_equal(&d, &v, sizeof(v));
    assert_int_equal(vocabulary_encode(&v, bytes, (size_t)length - 1), PASU_E_RANGE);
    assert_int_equal(vocabulary_encode(&v, bytes, sizeof(bytes)), length);
    for (size_t cut = 0; cut < (size_t)length; cut++)
        assert_int_equal(vocabulary_decode(&d, view_of(bytes, cut)), PASU_E_MALFORMED);
    for (size_t bit = 0; bit < (size_t)length * 8; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
        assert_int_equal(vocabulary_decode(&d, view_of(bytes, (size_t)length)), PASU_E_MALFORMED);
        assert_int_equal(d.field_count, 0);
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1U << bit % 8);
    }
    bytes[length] = 0;
    assert_int_equal(vocabulary_decode(&d, view_of(bytes, (size_t)length + 1)), PASU_E_MALFORMED);
}

static void
too_many_or_too_long_names_are_refused(void **state PASU_UNUSED)
{
    static char names[EXPOSURE_FIELDS_MAX + 1][8];
    struct config_subject kinds[EXPOSURE_KINDS_MAX + 1];
    struct config_field fields[EXPOSURE_FIELDS_MAX + 1];
    struct config_personal all = {.fields = fields, .field_count = EXPOSURE_FIELDS_MAX};
    struct config config = {.subjects = kinds,
                            .subject_count = EXPOSURE_KINDS_MAX,
                            .personal = &all,
                            .personal_count = 1};
    uint8_t bytes[VOCABULARY_ENCODED_MAX];
    struct vocabulary v, d;
    char name[VOCABULARY_NAME_SIZE + 1];

    for (size_t i = 0; i < COUNT_OF(names); i++)
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        fields[i] = (struct config_field){"column", names[i]};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        kinds[i] = (struct config_subject){.name = names[i]};
    assert_int_equal(vocabulary_of_config(&v, &config), 0);
    ssize_t length = vocabulary_encode(&v, bytes, sizeof(bytes));
    assert_int_equal(vocabulary_decode(&d, view_of(bytes, (size_t)length)), 0);
    assert_memory_equal(&d, &v, sizeof(v));
    all.field_count++;
    assert_int_equal(vocabulary_of_config(&v, &config), PASU_E_RANGE);
    all.field_count--;
    config.subject_count++;
    assert_int_equal(vocabulary_of_config(&v, &config), PASU_E_RANGE);
    config.subject_count--;
    memset(name, 'x', sizeof(name));
    name[VOCABULARY_NAME_SIZE - 1] = '\0';
    kinds[0].name = name;
    assert_int_equal(vocabulary_of_config(&v, &config), 0);
    name[VOCABULARY_NAME_SIZE - 1] = 'x';
    name[VOCABULARY_NAME_SIZE] = '\0';
    assert_int_equal(vocabulary_of_config(&v, &config), PASU_E_RANGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_numbered_in_the_order_in_which_they_come_first),
        cmocka_unit_test(the_id_follows_from_the_names_and_their_order),
        cmocka_unit_test(what_is_encoded_is_decoded_and_nothing_else_is),
        cmocka_unit_test(too_many_or_too_long_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
