/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/identity_rows.h"

#include "exposure/key.h"
#include "exposure/tuple.h"

enum { HEADER_SIZE = 19 };

_Static_assert((int)IDENTITY_VALUES_MAX == (int)TUPLE_PARTS_MAX, "they are keys of several parts");

static int
fail(struct identity_rows *r, const char *text)
{
    r->error = text;
    return PASU_E_UPSTREAM_PROTOCOL;
}

/* A number of 2, 4 or 8 bytes as an ordinal. */
static uint32_t
ordinal_of(struct view key)
{
    int64_t number =
        key.length == 2   ? (int16_t)bytes_get_u16(key.bytes)
        : key.length == 4 ? (int32_t)bytes_get_u32(key.bytes)
        : key.length == 8
            ? (int64_t)((uint64_t)bytes_get_u32(key.bytes) << 32 | bytes_get_u32(key.bytes + 4))
            : -1;

    return number >= 0 && number < KEY_ORDINAL_FIRST ? (uint32_t)number : IDENTITY_NOBODY;
}

static int
add(struct identity_rows *r, struct view key, struct view value)
{
    uint32_t ordinal = IDENTITY_NOBODY;
    int result = 0;

    if (key.bytes && r->ordinal)
        result = r->ordinal(r->arg, key, &ordinal);
    else if (key.bytes)
        ordinal = ordinal_of(key);
    return result == 0 ? identity_builder_add(r->builder, value, ordinal) : result;
}

static bool
take_field(struct reader *reader, struct view *value)
{
    uint32_t length = reader_u32(reader);

    *value = view_of(NULL, 0);
    if (length != UINT32_MAX)
        *value = reader_bytes(reader, length);
    return !reader->failed;
}

/* The values of a row as one; bytes NULL: it has none, or none that could be a key (tuple.h). */
static bool
take_values(struct identity_rows *r, struct reader *reader, uint8_t space[TUPLE_TEXT_MAX],
            struct view *value)
{
    struct tuple tuple = {.count = r->values};
    bool has_all = true;

    for (size_t i = 0; i < r->values; i++) {
        if (!take_field(reader, &tuple.parts[i]))
            return false;
        has_all &= tuple.parts[i].bytes != NULL;
    }
    *value = tuple.parts[0];
    if (r->values > 1 && (!has_all || tuple_write(&tuple, space, value) != 0))
        *value = view_of(NULL, 0);
    for (size_t i = 0; value->bytes != NULL && i < r->values; i++)
        identity_builder_shape(r->builder, i, tuple.parts[i]);
    return true;
}

void
identity_rows_begin(struct identity_rows *r, size_t columns)
{
    r->values = columns;
    r->has_header = r->is_over = false;
}

int
identity_rows_take(struct identity_rows *r, struct view bytes)
{
    static const uint8_t signature[] = "PGCOPY\n\377\r\n";
    uint8_t space[TUPLE_TEXT_MAX] PASU_UNINITIALIZED;
    struct reader reader = reader_of(bytes);
    struct view key, value;
    int result = 0;

    if (!r->has_header) {
        struct view header = reader_bytes(&reader, HEADER_SIZE);

        if (reader.failed || memcmp(header.bytes, signature, sizeof(signature)) != 0)
            return fail(r, "the server sends no binary COPY");
        r->has_header = true;
    }
    while (result == 0 && reader_left(&reader) > 0) {
        uint16_t count = reader_u16(&reader);

        if (r->is_over || reader.failed)
            return fail(r, "the server sends rows behind the end");
        r->is_over = count == UINT16_MAX;
        if (r->is_over)
            continue;
        if (count != r->values + 1 || !take_field(&reader, &key) ||
            !take_values(r, &reader, space, &value))
            return fail(r, "the server sends rows of another form");
        if (value.bytes)
            result = add(r, key, value);
        r->rows++;
    }
    return result;
}

int
identity_rows_end(struct identity_rows *r)
{
    return r->is_over ? 0 : fail(r, "the server's COPY has no end");
}
