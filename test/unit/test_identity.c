/* SPDX-License-Identifier: Apache-2.0 */
#include "disk.h"
#include "exposure/identity_build.h"
#include "exposure/key.h"

static const uint8_t secret[IDENTITY_SECRET_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t other_secret[IDENTITY_SECRET_SIZE] = "0123456789abcdef0123456789abcdE";

struct row {
    const char *value;
    uint32_t ordinal;
};

static const struct identity_section emails = {.gateway = "main",
                                               .database = "shop",
                                               .table = "public.customers",
                                               .column = "email",
                                               .system = 7000000000000000001u,
                                               .database_oid = 16384,
                                               .relation = 16400,
                                               .attribute = 3,
                                               .key_attribute = 1,
                                               .definition = {0xe6, 0xfc, 0x13, 0x15, 0xf7, 0x65,
                                                              0x1b, 0xa1, 0x0f, 0x46, 0xd4, 0xca,
                                                              0xe6, 0x8f, 0x71, 0x3b},
                                               .is_unique = true,
                                               .counters = {10, 20, 30, 40}};
static const struct identity_moment moment = {1700000000000000000, 12345};

static struct identity_key
key_of(const uint8_t *of)
{
    struct identity_key key;

    assert_int_equal(identity_key_init(&key, of), 0);
    return key;
}

static int
open_file(struct disk *d, struct identity **identity, const uint8_t *with)
{
    struct identity_key key = key_of(with);
    int fd = openat(d->directory, "index", O_RDONLY | O_CLOEXEC), result;

    assert_true(fd >= 0);
    result = identity_open(identity, fd, &key);
    close(fd);
    return result;
}

static int
build(struct disk *d, const struct row *rows, size_t count)
{
    struct identity_key key = key_of(secret);
    struct identity_builder *builder;
    int result = identity_builder_new(&builder, &d->os, d->directory, "index", 1, &key);

    if (result != 0)
        return result;
    result = identity_builder_begin(builder, &emails);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = identity_builder_add(builder, view_of_text(rows[i].value), rows[i].ordinal);
    if (result == 0)
        result = identity_builder_end(builder);
    if (result == 0)
        result = identity_builder_commit(builder, &moment);
    identity_builder_free(builder);
    return result;
}

static enum identity_found
look_up(const struct identity *identity, const char *value, uint32_t *ordinal)
{
    struct identity_key key = key_of(secret);

    *ordinal = 0;
    return identity_look_up(identity, &key, 0, view_of_text(value), ordinal);
}

static const struct row few[] = {
    {"ada@mail.example", 1},
    {"bob@mail.example", 2},
    {"shared@mail.example", 3},
    {"shared@mail.example", 4},
    {"twice@mail.example", 5},
    {"twice@mail.example", 5},
    {"lost@mail.example", IDENTITY_NOBODY},
    {"half@mail.example", 6},
    {"half@mail.example", IDENTITY_NOBODY},
    {"", 7},
    {"text@mail.example", UINT32_MAX}, /* the directory's first */
};

/* ---- tests ---- */

static void
a_value_is_found_with_the_one_person_that_has_it(void **state)
{
    struct identity *identity;
    uint32_t ordinal;

    assert_int_equal(build(*state, few, COUNT_OF(few)), 0);
    assert_int_equal(open_file(*state, &identity, secret), 0);
    assert_int_equal(look_up(identity, "ada@mail.example", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 1);
    assert_int_equal(look_up(identity, "twice@mail.example", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 5);
    assert_int_equal(look_up(identity, "", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 7);
    assert_int_equal(look_up(identity, "text@mail.example", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, UINT32_MAX);
    assert_int_equal(look_up(identity, "Ada@mail.example", &ordinal), IDENTITY_NONE);
    assert_int_equal(look_up(identity, "ada@mail.example ", &ordinal), IDENTITY_NONE);
    identity_release(identity);
}

static void
what_several_have_or_somebody_without_an_ordinal_is_nobodys(void **state)
{
    struct identity *identity;
    const struct identity_section *section;
    uint32_t ordinal;

    assert_int_equal(build(*state, few, COUNT_OF(few)), 0);
    assert_int_equal(open_file(*state, &identity, secret), 0);
    assert_int_equal(look_up(identity, "shared@mail.example", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "lost@mail.example", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "half@mail.example", &ordinal), IDENTITY_SEVERAL);
    section = identity_section_at(identity, 0);
    assert_int_equal(section->rows, 11);
    assert_int_equal(section->values, 8);
    assert_int_equal(section->several, 3);
    assert_int_equal(section->unkeyed, 2);
    identity_release(identity);
}

static void
what_was_said_of_the_column_is_in_the_file(void **state)
{
    struct identity *identity;
    const struct identity_section *section;

    assert_int_equal(build(*state, few, COUNT_OF(few)), 0);
    assert_int_equal(open_file(*state, &identity, secret), 0);
    section = identity_section_at(identity, 0);
    assert_int_equal(identity_section_count(identity), 1);
    assert_memory_equal(identity_moment(identity), &moment, sizeof(moment));
    assert_string_equal(section->gateway, "main");
    assert_string_equal(section->database, "shop");
    assert_string_equal(section->table, "public.customers");
    assert_string_equal(section->column, "email");
    assert_int_equal(section->system, emails.system);
    assert_int_equal(section->database_oid, 16384);
    assert_int_equal(section->relation, 16400);
    assert_int_equal(section->attribute, 3);
    assert_int_equal(section->key_attribute, 1);
    assert_true(section->is_unique);
    assert_memory_equal(&section->counters, &emails.counters, sizeof(emails.counters));
    identity_release(identity);
}

/* So many that portions are spooled, and one value that a third of the rows have. */
static void
many_values_are_found_one_by_one_and_together(void **state)
{
    enum { ROWS = 1500000, STEP = 997, ASKED = 50 };
    struct disk *d = *state;
    struct identity_key key = key_of(secret);
    struct identity_builder *builder;
    struct identity *identity;
    struct identity_question questions[2 * ASKED];
    char text[32];
    uint32_t ordinal;

    assert_int_equal(identity_builder_new(&builder, &d->os, d->directory, "index", 1, &key), 0);
    assert_int_equal(identity_builder_begin(builder, &emails), 0);
    for (uint32_t i = 0; i < ROWS; i++) {
        snprintf(text, sizeof(text), i % 3 == 0 ? "none" : "person %u", i);
        assert_int_equal(identity_builder_add(builder, view_of_text(text), i), 0);
    }
    assert_int_equal(identity_builder_end(builder), 0);
    assert_int_equal(identity_builder_commit(builder, &moment), 0);
    identity_builder_free(builder);
    assert_int_equal(open_file(d, &identity, secret), 0);
    assert_int_equal(identity_section_at(identity, 0)->values, ROWS / 3 * 2 + 1);
    assert_in_range(identity_size(identity), 12 * (ROWS / 3 * 2), 14 * (ROWS / 3 * 2));
    assert_int_equal(look_up(identity, "none", &ordinal), IDENTITY_SEVERAL);
    for (uint32_t i = 1; i < ROWS; i += STEP) {
        snprintf(text, sizeof(text), "person %u", i);
        if (i % 3 == 0) {
            assert_int_equal(look_up(identity, text, &ordinal), IDENTITY_NONE);
            continue;
        }
        assert_int_equal(look_up(identity, text, &ordinal), IDENTITY_ONE);
        assert_int_equal(ordinal, i);
    }
    for (uint32_t i = 0; i < 2 * ASKED; i++) {
        snprintf(text, sizeof(text), i < ASKED ? "person %u" : "nobody %u", 3 * i + 1);
        questions[i] =
            (struct identity_question){.hash = identity_hash_of(&key, view_of_text(text))};
    }
    identity_find_many(identity, questions, 2 * ASKED);
    for (uint32_t i = 0; i < 2 * ASKED; i++) {
        assert_int_equal(questions[i].found, i < ASKED ? IDENTITY_ONE : IDENTITY_NONE);
        assert_true(i >= ASKED || questions[i].ordinal == 3 * i + 1);
    }
    identity_release(identity);
}

static void
no_file_has_a_value_in_it(void **state)
{
    struct disk *d = *state;
    uint8_t bytes[4096];
    ssize_t n;
    int fd;

    assert_int_equal(build(d, few, COUNT_OF(few)), 0);
    fd = openat(d->directory, "index", O_RDONLY | O_CLOEXEC);
    n = pread(fd, bytes, sizeof(bytes), 0);
    assert_true(n > 0);
    assert_null(memmem(bytes, (size_t)n, "mail.example", 12));
    assert_null(memmem(bytes, (size_t)n, "shared", 6));
    close(fd);
}

/* docs/spec/identity.md has the same bytes. */
static void
the_file_is_as_the_specification_shows_it(void **state)
{
    static const struct row rows[] = {{"ada@mail.example", 1},
                                      {"bob@mail.example", 2},
                                      {"both@mail.example", 3},
                                      {"both@mail.example", 4}};
    static const uint8_t head[] = "pasuiden\3\0\0\0\1\0\0\0\xa8\x03\0\0\0\0\0\0"
                                  "\0\0\x2a\x36\xfe\x9c\x97\x17\x39\x30\0\0\0\0\0\0"
                                  "\x15\x45\x1c\xab\x0a\x3a\xd7\x3a";
    static const uint8_t tag[] = "\xc3\x66\xeb\x79\x5f\x4a\x9e\x25\x87\x84\x71\x58\x52\xce\xb1\xd0"
                                 "\xd7\xbf\x7d\x63\x97\x40\x89\x9c\xc0\x78\xe2\xd2\x8e\xda\xf0\xe6";
    static const uint8_t tag_of_2[] =
        "\xca\x18\xbd\x64\x01\x76\x5e\xab\xf4\xaf\x3a\x67\x2d\xd2\xfe\x55"
        "\x34\xfd\xe5\x11\xc4\x9c\x55\xdf\x55\x66\x2e\xa4\xee\x9c\x25\x3e";
    static const uint8_t definition[] =
        "\xe6\xfc\x13\x15\xf7\x65\x1b\xa1\x0f\x46\xd4\xca\xe6\x8f\x71\x3b";
    static const uint8_t entries[] = "\x0b\x39\x24\xc1\x19\x0c\x6c\xd5\2\0\0\0"
                                     "\x66\xb9\xb5\x02\x62\xee\xeb\xc8\0\0\0\xf0"
                                     "\xfb\x92\xf3\x89\x38\xf6\x6b\x18\1\0\0\0";
    struct disk *d = *state;
    struct identity *identity;
    uint8_t bytes[1024];
    int fd;

    assert_int_equal(build(d, rows, COUNT_OF(rows)), 0);
    fd = openat(d->directory, "index", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), 936);
    assert_memory_equal(bytes, head, sizeof(head) - 1);
    assert_memory_equal(bytes + 96, tag, sizeof(tag) - 1);
    assert_memory_equal(bytes + 128 + 452, definition, sizeof(definition) - 1);
    assert_memory_equal(bytes + 640, entries, sizeof(entries) - 1);
    /* Those of version 2 are read for ever. */
    assert_int_equal(pwrite(fd, "\2", 1, 8), 1);
    assert_int_equal(pwrite(fd, tag_of_2, sizeof(tag_of_2) - 1, 96), sizeof(tag_of_2) - 1);
    assert_int_equal(open_file(d, &identity, secret), 0);
    assert_true(identity_may_have(identity_section_at(identity, 0), 0, view_of_text("any")));
    identity_release(identity);
    assert_int_equal(pwrite(fd, "\4", 1, 8), 1);
    assert_int_equal(open_file(d, &identity, secret), PASU_E_NOTFOUND);
    close(fd);
}

static void
a_file_of_another_secret_is_refused(void **state)
{
    struct identity *identity;

    assert_int_equal(build(*state, few, COUNT_OF(few)), 0);
    assert_int_equal(open_file(*state, &identity, other_secret), PASU_E_DENIED);
    assert_null(identity);
}

/* Whatever byte is another one, or missing, or too many. */
static void
a_file_that_is_not_as_it_was_written_is_refused(void **state)
{
    struct disk *d = *state;
    struct identity *identity;
    int fd;
    off_t size;

    assert_int_equal(build(d, few, COUNT_OF(few)), 0);
    fd = openat(d->directory, "index", O_RDWR | O_CLOEXEC);
    size = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < size; at++) {
        uint8_t byte, other;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        for (unsigned bit = 0; bit < 8; bit += 7) {
            other = (uint8_t)(byte ^ 1u << bit);
            assert_int_equal(pwrite(fd, &other, 1, at), 1);
            assert_true(open_file(d, &identity, secret) < 0);
            assert_null(identity);
        }
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_int_equal(open_file(d, &identity, secret), 0);
    identity_release(identity);
    assert_int_equal(ftruncate(fd, size + 1), 0);
    assert_int_equal(open_file(d, &identity, secret), PASU_E_CORRUPT);
    for (off_t length = size - 1; length >= 0; length--) {
        assert_int_equal(ftruncate(fd, length), 0);
        assert_true(open_file(d, &identity, secret) < 0);
    }
    close(fd);
}

/* Until the new one is whole, the old one is in place, and nothing else is left. */
static void
whatever_call_fails_the_file_that_was_there_stays(void **state)
{
    struct disk *d = *state;
    static const struct row before = {"old@mail.example", 9};
    struct identity *identity;
    uint32_t ordinal;
    bool is_done = false;

    for (int left = 0; !is_done; left++) {
        int result;

        d->calls_left = -1;
        assert_int_equal(build(d, &before, 1), 0);
        d->calls_left = left;
        result = build(d, few, COUNT_OF(few));
        is_done = d->calls_left >= 0;
        d->calls_left = -1;
        assert_int_equal(open_file(d, &identity, secret), 0);
        if (result == 0)
            assert_int_equal(look_up(identity, "ada@mail.example", &ordinal), IDENTITY_ONE);
        else if (look_up(identity, "old@mail.example", &ordinal) != IDENTITY_ONE)
            assert_int_equal(look_up(identity, "ada@mail.example", &ordinal), IDENTITY_ONE);
        identity_release(identity);
        assert_int_equal(faccessat(d->directory, "index.spool", F_OK, 0), -1);
    }
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, disk_make, disk_remove)
    const struct CMUnitTest tests[] = {
        T(a_value_is_found_with_the_one_person_that_has_it),
        T(what_several_have_or_somebody_without_an_ordinal_is_nobodys),
        T(what_was_said_of_the_column_is_in_the_file),
        T(many_values_are_found_one_by_one_and_together),
        T(no_file_has_a_value_in_it),
        T(the_file_is_as_the_specification_shows_it),
        T(a_file_of_another_secret_is_refused),
        T(a_file_that_is_not_as_it_was_written_is_refused),
        T(whatever_call_fails_the_file_that_was_there_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
