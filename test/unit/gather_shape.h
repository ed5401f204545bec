/* SPDX-License-Identifier: Apache-2.0 */
/* Results of made-up shapes and their rows, for the tests of gate/gather. */
#ifndef PASU_TEST_GATHER_SHAPE_H
#define PASU_TEST_GATHER_SHAPE_H

#include "base/memory.h"
#include "gate/gather.h"
#include "gate_ordinals.h"

enum { COLUMNS_MAX = 12, PARTS_MAX = 3, ROW_MAX = 512 };

static struct gate_ordinals world;
static struct gather gather;
static uint8_t outgoing[4096];

PASU_UNUSED static int
begin(void **state PASU_UNUSED)
{
    gate_ordinals_begin(&world);
    return 0;
}

PASU_UNUSED static int
end(void **state PASU_UNUSED)
{
    gate_ordinals_end(&world);
    return 0;
}

/* A result's shape, as showing_table.c would have made it. */
struct shape {
    struct showing showing;
    struct showing_entry entry;
    uint64_t column_fields[COLUMNS_MAX * PARTS_MAX];
    uint8_t sure[COLUMNS_MAX];
    uint8_t roles[COLUMNS_MAX];
};

/* The part with the only key, where that is a number in text form; else -1. */
PASU_UNUSED static int8_t
only_key_of(const struct showing *s)
{
    size_t keys = 0, only = 0;

    for (size_t p = 0; p < s->part_count; p++) {
        if (s->parts[p].source != SOURCE_OUTPUT && s->parts[p].source != SOURCE_HIDDEN)
            continue;
        keys++;
        only = p;
    }
    return keys == 1 && s->parts[only].key_type <= CATALOG_KEY_NUMERIC && s->parts[only].format == 0
               ? (int8_t)only
               : -1;
}

PASU_UNUSED static void
shape_settle(struct shape *shape)
{
    struct showing *s = &shape->showing;
    struct showing_entry *e = &shape->entry;

    s->column_fields = shape->column_fields;
    s->sure = shape->sure;
    memset(shape->sure, UINT8_MAX, sizeof(shape->sure));
    e->showing = s;
    e->roles = shape->roles;
    e->only_key = only_key_of(s);
    for (size_t p = 0; p < s->part_count; p++) {
        const struct showing_part *part = &s->parts[p];

        if (part->source == SOURCE_OUTPUT || part->source == SOURCE_HIDDEN) {
            shape->roles[part->column] |= SHOWING_ROLE_KEY;
            if (part->column > e->last_key)
                e->last_key = part->column;
            if (part->column > s->last_column)
                s->last_column = part->column;
        }
        for (uint16_t c = 0; c < s->column_count; c++) {
            uint64_t fields = shape->column_fields[c * s->part_count + p];

            e->wanted[p] |= fields;
            if (fields && c > s->last_column)
                s->last_column = c;
            if (fields)
                shape->roles[c] |= SHOWING_ROLE_FIELDS;
        }
    }
}

struct value {
    bool is_null;
    uint8_t bytes[16];
    size_t length;
};

struct row {
    struct value values[COLUMNS_MAX];
    uint8_t bytes[ROW_MAX];
    size_t length;
};

PASU_UNUSED static int
read_row(const struct shape *shape, const struct row *row, size_t length, uint32_t start)
{
    uint8_t *copy = memory_new(length ? length : 1, 1); /* a sanitizer sees each byte too many */
    int result;

    assert_non_null(copy);
    memcpy(copy, row->bytes, length);
    result = gather_row(&gather, &shape->entry, &world.ordinals, view_of(copy, length), start);
    memory_free(copy);
    return result;
}

/* One part, its key in column 0, a name in column 1. */
PASU_UNUSED static void
simple_shape(struct shape *shape)
{
    memset(shape, 0, sizeof(*shape));
    shape->showing.column_count = 2;
    shape->showing.part_count = 1;
    shape->showing.parts[0] =
        (struct showing_part){.source = SOURCE_OUTPUT, .key_type = CATALOG_KEY_INT8};
    shape->column_fields[1] = 1;
    shape_settle(shape);
}

PASU_UNUSED static void
simple_row(struct row *row, const char *key, const char *name)
{
    struct writer w = writer_of(row->bytes, sizeof(row->bytes));
    const char *texts[] = {key, name};

    writer_u16(&w, 2);
    for (int i = 0; i < 2; i++) {
        writer_u32(&w, texts[i] ? (uint32_t)strlen(texts[i]) : UINT32_MAX);
        if (texts[i])
            writer_bytes(&w, texts[i], strlen(texts[i]));
    }
    row->length = writer_length(&w);
}

PASU_UNUSED static int
gather_simple(const struct shape *shape, const char *key, const char *name, uint32_t start)
{
    struct row row;

    simple_row(&row, key, name);
    return read_row(shape, &row, row.length, start);
}

/* A message that goes out; where it begins. */
PASU_UNUSED static uint32_t
put_outgoing(uint32_t *at, char type, const uint8_t *body, size_t length)
{
    uint32_t start = *at;

    outgoing[start] = (uint8_t)type;
    bytes_put_u32(outgoing + start + 1, (uint32_t)length + 4);
    memcpy(outgoing + start + 5, body, length);
    *at += (uint32_t)length + 5;
    return start;
}

#endif
