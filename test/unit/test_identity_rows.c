/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory_file.h"
#include "exposure/identity_rows.h"
#include "exposure/key.h"
#include "unit.h"

#include <sys/mman.h>

enum { LIMIT = 64 << 20, VALUES = 20000, COPY_SIZE = 4096 };

static const uint8_t secret[IDENTITY_SECRET_SIZE] = "0123456789abcdef0123456789abcde";
static const struct identity_section emails = {.table = "public.people", .column = "email"};
static const struct identity_moment moment = {1700000000000000000, 12345};

/* An index in memory, while rows go into it. */
struct making {
    struct memory_files files;
    struct identity_key key;
    struct identity_rows rows;
};

static int
begin(struct making *m, size_t limit)
{
    int result;

    *m = (struct making){0};
    memory_files_init(&m->files, limit);
    assert_int_equal(identity_key_init(&m->key, secret), 0);
    result = identity_builder_new(&m->rows.builder, &m->files.os, -1, "index", 1, &m->key);
    if (result == 0)
        result = identity_builder_begin(m->rows.builder, &emails);
    identity_rows_begin(&m->rows, 1);
    return result;
}

static void
end(struct making *m)
{
    identity_builder_free(m->rows.builder);
    memory_files_release(&m->files);
}

/* Its bytes, a map of `size`. */
static uint8_t *
finish(struct making *m, size_t *size)
{
    uint8_t *bytes;

    assert_int_equal(identity_builder_end(m->rows.builder), 0);
    assert_int_equal(identity_builder_commit(m->rows.builder, &moment), 0);
    bytes = memory_files_take(&m->files, identity_builder_file(m->rows.builder), size);
    assert_non_null(bytes);
    end(m);
    return bytes;
}

/* ---- what the server sends ---- */

static void
put_header(struct writer *w)
{
    writer_bytes(w, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

static void
put_row(struct writer *w, const void *key, uint32_t key_length, const char *value)
{
    writer_u16(w, 2);
    writer_u32(w, key ? key_length : UINT32_MAX);
    writer_bytes(w, key ? key : "", key ? key_length : 0);
    writer_u32(w, value ? (uint32_t)strlen(value) : UINT32_MAX);
    writer_bytes(w, value ? value : "", value ? strlen(value) : 0);
}

static int
take(struct making *m, const struct writer *w)
{
    return identity_rows_take(&m->rows, view_of(w->start, writer_length(w)));
}

/* Of rows that are fit to be taken. */
static struct identity *
read_rows(const struct writer *w)
{
    struct identity *identity;
    struct making m;
    size_t size;
    uint8_t *bytes;

    assert_int_equal(begin(&m, LIMIT), 0);
    assert_int_equal(take(&m, w), 0);
    assert_int_equal(identity_rows_end(&m.rows), 0);
    bytes = finish(&m, &size);
    assert_int_equal(identity_take(&identity, bytes, size, &m.key), 0);
    return identity;
}

static enum identity_found
look_up(const struct identity *identity, const char *value, uint32_t *ordinal)
{
    struct identity_key key;

    assert_int_equal(identity_key_init(&key, secret), 0);
    return identity_look_up(identity, &key, 0, view_of_text(value), ordinal);
}

static void
keys_of_all_lengths_are_persons_and_others_are_nobody(void **state PASU_UNUSED)
{
    uint8_t space[COPY_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    struct identity *identity;
    uint32_t ordinal;

    put_header(&w);
    put_row(&w, "\0\7", 2, "short");
    put_row(&w, "\0\0\1\0", 4, "int");
    put_row(&w, "\0\0\0\0\0\1\0\0", 8, "long");
    put_row(&w, "\377\377", 2, "negative");
    put_row(&w, "\0\0\0\1\0\0\0\0", 8, "too large");
    put_row(&w, "1.5", 3, "no number");
    put_row(&w, NULL, 0, "no key");
    put_row(&w, "\0\11", 2, NULL);
    writer_u16(&w, UINT16_MAX);
    identity = read_rows(&w);
    assert_int_equal(look_up(identity, "short", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 7);
    assert_int_equal(look_up(identity, "int", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 256);
    assert_int_equal(look_up(identity, "long", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 65536);
    assert_int_equal(look_up(identity, "negative", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "too large", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "no number", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "no key", &ordinal), IDENTITY_SEVERAL);
    assert_int_equal(look_up(identity, "", &ordinal), IDENTITY_NONE);
    assert_int_equal(identity_section_at(identity, 0)->rows, 7);
    identity_release(identity);
}

static void
what_is_no_such_copy_is_refused(void **state PASU_UNUSED)
{
    uint8_t space[COPY_SIZE];
    struct making m;

    for (size_t what = 0; what < 6; what++) {
        struct writer w = writer_of(space, sizeof(space));

        if (what != 0)
            put_header(&w);
        if (what == 1)
            writer_u16(&w, 3);
        put_row(&w, "\0\7", 2, "value");
        if (what == 2)
            writer_u8(&w, 0); /* half of a count */
        if (what == 3) {
            writer_u16(&w, UINT16_MAX);
            put_row(&w, "\0\10", 2, "behind");
        }
        if (what == 4) {
            writer_u16(&w, 2);
            writer_u32(&w, 100); /* longer than what is there */
            writer_u32(&w, 0);
        }
        assert_int_equal(begin(&m, LIMIT), 0);
        if (what == 5) { /* all well, but for the end */
            assert_int_equal(take(&m, &w), 0);
            assert_int_equal(identity_rows_end(&m.rows), PASU_E_UPSTREAM_PROTOCOL);
        } else {
            assert_int_equal(take(&m, &w), PASU_E_UPSTREAM_PROTOCOL);
        }
        assert_non_null(m.rows.error);
        end(&m);
    }
}

/* ---- memory ---- */

static int
add_many(struct making *m)
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < VALUES; i++) {
        char value[32];

        snprintf(value, sizeof(value), "person%u@mail.example", i);
        result = identity_builder_add(m->rows.builder, view_of_text(value), i);
    }
    return result;
}

static void
an_index_in_memory_is_whole_or_refused(void **state PASU_UNUSED)
{
    struct identity *identity;
    struct making m;
    size_t size, at[] = {0, 50, 200, 700, 0};
    uint32_t ordinal;

    for (size_t i = 0; i <= COUNT_OF(at); i++) {
        uint8_t *bytes;

        assert_int_equal(begin(&m, LIMIT), 0);
        assert_int_equal(add_many(&m), 0);
        bytes = finish(&m, &size);
        if (i == COUNT_OF(at)) {
            assert_int_equal(identity_take(&identity, bytes, size, &m.key), 0);
            break;
        }
        at[COUNT_OF(at) - 1] = size - 1;
        bytes[at[i]] ^= 1;
        assert_int_not_equal(identity_take(&identity, bytes, size, &m.key), 0);
        assert_null(identity);
    }
    assert_int_equal(identity_size(identity), size);
    assert_int_equal(look_up(identity, "person19999@mail.example", &ordinal), IDENTITY_ONE);
    assert_int_equal(ordinal, 19999);
    identity_release(identity);
}

static void
more_than_the_limit_is_an_error_and_all_is_given_back(void **state PASU_UNUSED)
{
    struct making m;
    int result;

    for (size_t limit = 1 << 10; limit < 1 << 17; limit *= 4) {
        result = begin(&m, limit);
        if (result == 0)
            result = add_many(&m);
        if (result == 0)
            result = identity_builder_end(m.rows.builder);
        if (result == 0)
            result = identity_builder_commit(m.rows.builder, &moment);
        assert_int_equal(result, PASU_E_DISKFULL);
        end(&m);
    }
}

/* What is in a column has one of its shapes. */
static void
shapes_are_those_of_the_rows(void **state PASU_UNUSED)
{
    static const char *const values[] = {"010-1234-5678", "02-123-4567", "ada@x.kr"};
    uint8_t space[COPY_SIZE];
    struct writer w = writer_of(space, sizeof(space));
    const struct identity_section *section;
    struct identity *identity;

    put_header(&w);
    for (size_t i = 0; i < COUNT_OF(values); i++)
        put_row(&w, "\0\0\0\7", 4, values[i]);
    put_row(&w, "\0\0\0\7", 4, NULL);
    writer_u16(&w, UINT16_MAX);
    identity = read_rows(&w);
    section = identity_section_at(identity, 0);
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_true(identity_may_have(section, 0, view_of_text(values[i])));
    assert_true(identity_may_have(section, 0, view_of_text("010-9999-0000")));
    assert_false(identity_may_have(section, 0, view_of_text("01012345678")));
    assert_false(identity_may_have(section, 0, view_of_text("+82-10-1234-5678")));
    assert_int_equal(section->shapes[1], 0);
    identity_release(identity);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_those_of_the_rows),
        cmocka_unit_test(keys_of_all_lengths_are_persons_and_others_are_nobody),
        cmocka_unit_test(what_is_no_such_copy_is_refused),
        cmocka_unit_test(an_index_in_memory_is_whole_or_refused),
        cmocka_unit_test(more_than_the_limit_is_an_error_and_all_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
