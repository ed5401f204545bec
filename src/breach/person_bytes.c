/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY /* roaring.h includes malloc.h */
#include "breach/person_bytes.h"

#include "base/memory.h"
#include "breach/rice.h"
#include "breach/roaring_bytes.h"

#include <roaring/roaring.h>

enum {
    FORM_RICE = 1,
    FORM_ROARING = 2,
    ROARING_FROM = 64, /* below, the bitmap's own head is longer than a list */
};

/* ---- writing ---- */

static void
put_rice(struct pack *pack, const struct ordinals *o, uint64_t length)
{
    uint8_t *room;

    pack_number(pack, 1 + pack_number_length(o->count) + length);
    pack_u8(pack, FORM_RICE);
    pack_number(pack, o->count);
    room = pack_room(pack, (size_t)length + BITS_ROOM);
    if (room == NULL)
        return;
    rice_put(room, o->items, o->count);
    pack->used += (size_t)length;
}

/* The bitmap, if it is not longer than that. */
static bool
put_roaring(struct pack *pack, const struct ordinals *o, uint64_t most)
{
    roaring_bitmap_t *bitmap;
    size_t size;
    uint8_t *room = NULL;

    if (o->count < ROARING_FROM || roaring_bytes_length(o->items, o->count) > most)
        return false;
    bitmap = roaring_bitmap_of_ptr(o->count, o->items);
    if (bitmap == NULL)
        return false;
    roaring_bitmap_run_optimize(bitmap);
    size = roaring_bitmap_portable_size_in_bytes(bitmap);
    if (size <= most) {
        pack_number(pack, 1 + size);
        pack_u8(pack, FORM_ROARING);
        room = pack_room(pack, size);
    }
    if (room != NULL)
        pack->used += roaring_bitmap_portable_serialize(bitmap, (char *)room);
    roaring_bitmap_free(bitmap);
    return size <= most;
}

void
person_bytes_put(struct pack *pack, const struct ordinals *o)
{
    uint64_t length;

    if (o->count == 0) {
        pack_number(pack, 0);
        return;
    }
    length = rice_length(o->items, o->count);
    if (!put_roaring(pack, o, length))
        put_rice(pack, o, length);
}

/* ---- reading ---- */

struct view
person_bytes_next(struct reader *reader)
{
    return reader_bytes(reader, unpack_count(reader));
}

static int
list_rice(struct reader *r, uint32_t base, struct ordinals *ordinals)
{
    uint64_t count = unpack_number(r);
    uint32_t *room;
    int result;

    if (r->failed || !rice_fits(count, reader_left(r)))
        return PASU_E_CORRUPT;
    room = ordinals_room(ordinals, (size_t)count);
    if (room == NULL)
        return PASU_E_NOMEM;
    result = rice_get(reader_bytes(r, reader_left(r)), base, room, (size_t)count);
    if (result == 0)
        ordinals->count += (size_t)count;
    return result;
}

struct pouring {
    struct crowd *crowd;
    uint32_t base; /* a multiple of 2^16 */
};

/* Of two pages or more. */
static int
take_far(const struct pouring *p, const uint32_t *items, size_t count)
{
    uint32_t ordinals[RICE_BLOCK];

    for (size_t i = 0; i < count; i++)
        ordinals[i] = items[i] + p->base;
    return crowd_add(p->crowd, ordinals, count);
}

/* A block's ordinals rise: mostly all are of one page. */
static int
take_block(void *arg, const uint32_t *items, size_t count)
{
    const struct pouring *p = arg;
    uint64_t *page;

    if (items[count - 1] > UINT32_MAX - p->base)
        return PASU_E_CORRUPT;
    if (items[0] >> 16 != items[count - 1] >> 16)
        return take_far(p, items, count);
    page = crowd_page(p->crowd, (uint16_t)((items[0] + p->base) >> 16));
    if (page == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        page[(uint16_t)items[i] >> 6] |= UINT64_C(1) << (items[i] & 63);
    return 0;
}

static int
pour_rice(struct reader *r, uint32_t base, struct crowd *crowd)
{
    struct pouring pouring = {crowd, base};
    uint64_t count = unpack_number(r);

    if (r->failed || !rice_fits(count, reader_left(r)))
        return PASU_E_CORRUPT;
    return rice_each(reader_bytes(r, reader_left(r)), (size_t)count, take_block, &pouring);
}

static int
list_roaring(struct view bytes, uint32_t base, struct ordinals *ordinals)
{
    roaring_bitmap_t *bitmap;
    uint64_t count;
    uint32_t *room;

    if (!roaring_bytes_check(bytes, &count))
        return PASU_E_CORRUPT;
    bitmap = roaring_bitmap_portable_deserialize_safe((const char *)bytes.bytes, bytes.length);
    if (bitmap == NULL)
        return PASU_E_NOMEM;
    room = ordinals_room(ordinals, (size_t)count);
    if (room != NULL)
        roaring_bitmap_to_uint32_array(bitmap, room);
    roaring_bitmap_free(bitmap);
    if (room == NULL)
        return PASU_E_NOMEM;
    if (count > 0 && room[count - 1] > UINT32_MAX - base)
        return PASU_E_CORRUPT;
    for (uint64_t i = 0; i < count; i++)
        room[i] += base;
    ordinals->count += (size_t)count;
    return 0;
}

int
person_bytes_list(struct view bytes, uint32_t base, struct ordinals *ordinals)
{
    struct reader reader = reader_of(bytes);

    if (bytes.length == 0)
        return 0;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        return list_rice(&reader, base, ordinals);
    case FORM_ROARING:
        return list_roaring(view_of(bytes.bytes + 1, bytes.length - 1), base, ordinals);
    default:
        return PASU_E_CORRUPT;
    }
}

int
person_bytes_pour(struct view bytes, uint32_t base, struct crowd *crowd)
{
    struct reader reader = reader_of(bytes);

    if (bytes.length == 0)
        return 0;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        return pour_rice(&reader, base, crowd);
    case FORM_ROARING:
        return roaring_bytes_pour(view_of(bytes.bytes + 1, bytes.length - 1), base, crowd);
    default:
        return PASU_E_CORRUPT;
    }
}

uint64_t
person_bytes_most(struct view bytes)
{
    struct reader reader = reader_of(bytes);
    uint64_t count;

    if (bytes.length == 0)
        return 0;
    if (reader_u8(&reader) != FORM_RICE)
        return UINT64_MAX;
    count = unpack_number(&reader);
    return reader.failed ? 0 : count;
}

/* ---- one ordinal ---- */

static bool
rank_in_rice(struct reader *r, uint32_t ordinal, uint64_t *rank)
{
    uint64_t count = unpack_number(r);
    struct rice_found found = {0};

    if (!r->failed && rice_fits(count, reader_left(r)))
        found = rice_find(reader_bytes(r, reader_left(r)), (size_t)count, 0, ordinal);
    *rank = found.place;
    return found.count > 0;
}

bool
person_bytes_rank(struct view bytes, uint32_t ordinal, uint64_t *rank)
{
    struct reader reader = reader_of(bytes);

    if (bytes.length == 0)
        return false;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        return rank_in_rice(&reader, ordinal, rank);
    case FORM_ROARING:
        return roaring_bytes_rank(view_of(bytes.bytes + 1, bytes.length - 1), ordinal, rank);
    default:
        return false;
    }
}
