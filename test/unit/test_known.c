/* SPDX-License-Identifier: Apache-2.0 */
/* Persons of one kind who are persons of another: what the index is asked, and that rows that were
 * read into it answer that. */
#include "base/memory_file.h"
#include "config/model.h"
#include "exposure/identity_names.h"
#include "exposure/identity_rows.h"
#include "gate/known.h"
#include "unit.h"

enum { RECIPIENT, CUSTOMER, CALLER, KINDS };

static const uint8_t secret[IDENTITY_SECRET_SIZE] = "0123456789abcdef0123456789abcde";
static const char *recipient_key[] = {"name", "phone"}, *customer_key[] = {"id"},
                  *caller_key[] = {"number"};
/* Written in another order than the key is. */
static struct config_field by_both[] = {{"phone", "mobile"}, {"name", "full_name"}},
                           by_number[] = {{"number", "mobile"}};
static struct config_field fields[] = {{"mobile", "phone"}};
static const char *const names[] = {"public.customers.mobile"};
static struct config_subject subjects[KINDS] = {
    {"recipient",
     "public.parcels",
     {recipient_key, 2},
     false,
     {true, "customer", by_both, 2, 0},
     0},
    {"customer", "shop.public.customers", {customer_key, 1}, false, {0}, 0},
    {"caller", "public.calls", {caller_key, 1}, false, {true, "customer", by_number, 1, 0}, 0},
};
static struct config_personal personal[] = {
    {"public.customers", "customer", {customer_key, 1}, fields, 1, 0}};

static struct config
config_of(size_t identities)
{
    return (struct config){.subjects = subjects,
                           .subject_count = KINDS,
                           .personal = personal,
                           .personal_count = 1,
                           .identity = {(const char **)(uintptr_t)names, identities}};
}

static void
columns_are_read_once_for_all_who_ask(void **state PASU_UNUSED)
{
    struct config config = config_of(0);
    struct identity_names found;
    char text[IDENTITY_NAME_SIZE];

    assert_true(identity_names_are_wanted(&config));
    assert_int_equal(identity_names_of(&found, &config), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].database, "shop");
    assert_string_equal(found.items[0].schema, "public");
    assert_string_equal(found.items[0].table, "customers");
    assert_string_equal(found.items[0].key, "id");
    identity_name_text(&found.items[0], text, sizeof(text));
    assert_string_equal(text, "full_name, mobile"); /* in the key's order */
    identity_name_text(&found.items[0], text, 12);
    assert_string_equal(text, "full_name, ");
    identity_names_release(&found);
    subjects[CUSTOMER].table = "public.customers";
    config = config_of(1); /* mobile is there already */
    assert_int_equal(identity_names_of(&found, &config), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].columns[0], "mobile");
    assert_int_equal(found.items[1].count, 2);
    identity_names_release(&found);
    for (size_t i = 0; i < KINDS; i++)
        subjects[i].known_as.is_there = false;
    assert_true(identity_names_are_wanted(&config));
    config = config_of(0);
    assert_false(identity_names_are_wanted(&config));
    subjects[RECIPIENT].known_as.is_there = subjects[CALLER].known_as.is_there = true;
}

static void
others_are_kinds_that_were_not_there(void **state PASU_UNUSED)
{
    struct config config = config_of(0);
    struct known known;

    known_init(&known, &config);
    assert_int_equal(known.kinds, 1 << RECIPIENT | 1 << CALLER);
    assert_int_equal(known_others(&known, 1 << RECIPIENT), 1 << CUSTOMER);
    assert_int_equal(known_others(&known, 1 << RECIPIENT | 1 << CUSTOMER), 0);
    assert_int_equal(known_others(&known, 1 << CUSTOMER), 0);
    assert_int_equal(known_others(&known, UINT64_MAX), 0);
}

/* ---- an index of two columns ---- */

static void
put_field(struct writer *w, const char *value)
{
    writer_u32(w, value ? (uint32_t)strlen(value) : UINT32_MAX);
    writer_bytes(w, value ? value : "", value ? strlen(value) : 0);
}

static void
put_row(struct writer *w, uint8_t key, const char *name, const char *phone)
{
    const uint8_t bytes[] = {0, key};

    writer_u16(w, 3);
    writer_u32(w, sizeof(bytes));
    writer_bytes(w, bytes, sizeof(bytes));
    put_field(w, name);
    put_field(w, phone);
}

static struct identity *
read_rows(const struct identity_key *key)
{
    static const struct identity_section about = {.attribute = 2, .others = {3}};
    static const struct identity_moment moment = {1, 1};
    struct memory_files files;
    struct identity_rows rows = {0};
    struct identity *identity;
    uint8_t space[1024];
    struct writer w = writer_of(space, sizeof(space));
    size_t size;
    uint8_t *bytes;

    memory_files_init(&files, 64 << 20);
    assert_int_equal(identity_builder_new(&rows.builder, &files.os, -1, "index", 1, key), 0);
    assert_int_equal(identity_builder_begin(rows.builder, &about), 0);
    identity_rows_begin(&rows, 2);
    writer_bytes(&w, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    put_row(&w, 1, "a", "b");
    put_row(&w, 2, "a\",\"b", "c"); /* put behind each other without quotes they would be one */
    put_row(&w, 3, "a", "b\",\"c");
    put_row(&w, 4, "twin", "1");
    put_row(&w, 5, "twin", "1");
    put_row(&w, 6, "none", NULL);
    put_row(&w, 7, "", "");
    writer_u16(&w, UINT16_MAX);
    assert_int_equal(identity_rows_take(&rows, view_of(space, writer_length(&w))), 0);
    assert_int_equal(identity_rows_end(&rows), 0);
    assert_int_equal(identity_builder_end(rows.builder), 0);
    assert_int_equal(identity_builder_commit(rows.builder, &moment), 0);
    bytes = memory_files_take(&files, identity_builder_file(rows.builder), &size);
    assert_non_null(bytes);
    identity_builder_free(rows.builder);
    memory_files_release(&files);
    assert_int_equal(identity_take(&identity, bytes, size, key), 0);
    assert_int_equal(identity_section_columns(identity_section_at(identity, 0)), 2);
    return identity;
}

static void
assert_known(const struct identity *identity, const struct identity_key *key, const char *name,
             const char *phone, enum identity_found found, uint32_t due)
{
    struct config config = config_of(0);
    struct view values[] = {name ? view_of_text(name) : view_of(NULL, 0),
                            phone ? view_of_text(phone) : view_of(NULL, 0)};
    struct known_question question;
    struct known known;
    uint32_t ordinal = 0;

    known_init(&known, &config);
    known_ask(&question, &known.of[RECIPIENT], key, values, 2);
    assert_int_equal(question.state, KNOWN_HASHED);
    assert_int_equal(identity_find(identity, 0, question.hash, &ordinal), found);
    if (found == IDENTITY_ONE)
        assert_int_equal(ordinal, due);
}

static void
the_index_answers_by_all_values_together(void **state PASU_UNUSED)
{
    struct identity_key key;
    struct identity *identity;

    assert_int_equal(identity_key_init(&key, secret), 0);
    identity = read_rows(&key);
    assert_known(identity, &key, "a", "b", IDENTITY_ONE, 1);
    assert_known(identity, &key, "a\",\"b", "c", IDENTITY_ONE, 2);
    assert_known(identity, &key, "a", "b\",\"c", IDENTITY_ONE, 3);
    assert_known(identity, &key, "", "", IDENTITY_ONE, 7);
    assert_known(identity, &key, "twin", "1", IDENTITY_SEVERAL, 0);
    assert_known(identity, &key, "b", "a", IDENTITY_NONE, 0);
    assert_known(identity, &key, "none", "", IDENTITY_NONE, 0);
    assert_known(identity, &key, "A", "b", IDENTITY_NONE, 0);
    identity_release(identity);
}

static void
without_a_value_it_is_nobody_and_of_another_key_it_is_not_asked(void **state PASU_UNUSED)
{
    struct config config = config_of(0);
    struct view values[] = {VIEW("a"), {NULL, 0}};
    uint8_t bad[] = {'a', 0xff};
    struct known_question question;
    struct identity_key key;
    struct known known;

    assert_int_equal(identity_key_init(&key, secret), 0);
    known_init(&known, &config);
    known_ask(&question, &known.of[RECIPIENT], &key, values, 2);
    assert_int_equal(question.state, KNOWN_NOBODY);
    known_ask(&question, &known.of[RECIPIENT], &key, values, 1);
    assert_int_equal(question.state, KNOWN_UNASKED);
    values[1] = view_of(bad, sizeof(bad)); /* no text of UTF-8 */
    known_ask(&question, &known.of[RECIPIENT], &key, values, 2);
    assert_int_equal(question.state, KNOWN_UNASKED);
    known_ask(&question, &known.of[CALLER], &key, values, 1);
    assert_int_equal(question.state, KNOWN_HASHED);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_read_once_for_all_who_ask),
        cmocka_unit_test(others_are_kinds_that_were_not_there),
        cmocka_unit_test(the_index_answers_by_all_values_together),
        cmocka_unit_test(without_a_value_it_is_nobody_and_of_another_key_it_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
