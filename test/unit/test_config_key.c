/* SPDX-License-Identifier: Apache-2.0 */
/* The registry holds together, and the documentation made from it says all of it. */
#include "config/help.h"
#include "config/parse.h"
#include "config_text.h"

#define EACH_KEY(key)                                                                              \
    for (const struct config_key *key = config_key_at(0); key < config_key_at(0) + KEY_COUNT; key++)

/* The key that this one is a child of, NULL for the file itself; the test fails if there is none.
 */
static const struct config_key *
parent_of(const struct config_key *key)
{
    if (config_key_is_child(NULL, key))
        return NULL;
    EACH_KEY(parent)
    if (config_key_is_child(parent, key))
        return parent;
    fail_msg("%s has no parent", key->path);
    return NULL;
}

static void
every_key_has_a_place_in_the_tree_of_keys(void **state PASU_UNUSED)
{
    EACH_KEY(key)
    {
        const struct config_key *parent = parent_of(key);

        assert_ptr_equal(config_key_child(parent, config_key_name(key)), key);
        if (parent != NULL) {
            assert_true(parent < key);
            assert_true(parent->form != FORM_ONE && parent->form != FORM_MANY &&
                        parent->form != FORM_PAIRS);
            assert_string_equal(config_key_rest(parent, key), config_key_name(key));
        }
        assert_null(config_key_rest(key, key));
    }
    assert_null(config_key_child(NULL, "mode"));
    assert_null(config_key_child(config_key_at(KEY_gateway), "nam"));
    assert_string_equal(
        config_key_rest(config_key_at(KEY_gateway), config_key_at(KEY_gateway_tls_mode)),
        "tls.mode");
}

static void
what_is_stored_is_as_large_as_its_place(void **state PASU_UNUSED)
{
    EACH_KEY(key)
    {
        bool is_value = key->form == FORM_ONE || key->form == FORM_MANY;
        const struct config_key *parent = parent_of(key);

        if (!is_value || (parent != NULL && parent->form == FORM_CONDITIONS))
            continue;
        if (key->type == TYPE_WORD)
            assert_true(key->place.size == sizeof(int) || key->place.size == sizeof(bool));
        else if (key->type == TYPE_COUNT)
            assert_true(key->place.size == 4 || key->place.size == 8);
        else
            assert_int_equal(key->place.size, config_type_size(key->type));
        assert_true((key->form == FORM_MANY) == (key->place.count_offset != 0));
    }
    assert_int_equal(offsetof(struct config_subject, name), 0);
}

/* A range whose ends are refused, or a preset outside it, would be found at somebody else's place.
 */
static void
every_preset_is_a_value_that_its_key_takes(void **state PASU_UNUSED)
{
    struct config_faults faults = {0};
    struct config config = {0};
    struct store store = {0};
    struct parse *parse = store_new(&store, 1, sizeof(*parse));

    assert_non_null(parse);
    parse->config = &config;
    parse->store = parse->scratch = &store;
    parse->faults = &faults;
    parse->path = "pasu.yaml";
    parse->processors = 1;
    EACH_KEY(key)
    {
        struct yaml_node node = {.kind = YAML_TEXT, .text = key->preset};
        _Alignas(16) uint8_t slot[512];

        if (key->preset == NULL)
            continue;
        assert_int_equal(key->form, FORM_ONE);
        assert_true(key->place.size <= sizeof(slot));
        if (!value_parse(parse, key, &node, slot))
            fail_msg("%s: %s", key->path, faults.items[0].text);
    }
    store_release(&store);
}

static void
every_key_is_explained(void **state PASU_UNUSED)
{
    EACH_KEY(key)
    {
        size_t length = strlen(key->help);

        assert_true(length > 0 && key->help[length - 1] == '.');
        assert_true(key->type == TYPE_NONE || config_type_what(key->type)[0] != '\0');
        assert_true((key->type == TYPE_WORD || key->type == TYPE_WORD_TEXT) ==
                    (strchr(key->allowed, '|') != NULL));
    }
}

static void
the_reference_lists_every_key_and_its_example_has_no_fault(void **state PASU_UNUSED)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    config_help_print(out);
    fclose(out);
    EACH_KEY(key)
    {
        char item[128];

        snprintf(item, sizeof(item), "\n- `%s`: ", key->path);
        if (strstr(text, item) == NULL)
            fail_msg("%s is not in the reference", key->path);
    }
    assert_non_null(strstr(text, config_help_example()));
    free(text);
    config_free(model_of(config_help_example()));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_place_in_the_tree_of_keys),
        cmocka_unit_test(what_is_stored_is_as_large_as_its_place),
        cmocka_unit_test(every_preset_is_a_value_that_its_key_takes),
        cmocka_unit_test(every_key_is_explained),
        cmocka_unit_test(the_reference_lists_every_key_and_its_example_has_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
