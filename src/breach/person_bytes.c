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
    FORM_SLICES = 3,
    ROARING_FROM = 64, /* below, the bitmap's own head is longer than a list */
    SLICE_FROM = 64,   /* on average, below, the heads make too much of it */
    SLICE_HEAD = 8,    /* key (2), persons − 1 (2), end (4) */
    SLICE_MAX = 1 << 16,
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
    rice_put(room, o->items, o->count, 0);
    pack->used += (size_t)length;
}

/* Those from `from` on that are of one slice. */
struct slice {
    size_t from, count;
    uint32_t base;
    uint64_t length;
};

static struct slice
slice_at(const struct ordinals *o, size_t from)
{
    struct slice s = {.from = from, .base = o->items[from] & ~UINT32_C(0xffff)};

    while (from + s.count < o->count && o->items[from + s.count] - s.base < SLICE_MAX)
        s.count++;
    s.length = rice_length(o->items + from, s.count, s.base);
    return s;
}

struct cut {
    struct slice *slices;
    size_t count;
    uint64_t length; /* 0: there would be too few in each, or there is no memory */
};

/* The slices are to be freed. */
static struct cut
cut_slices(const struct ordinals *o)
{
    size_t most = o->count / SLICE_FROM;
    struct cut cut = {.slices = memory_new(most, sizeof(*cut.slices))};

    for (size_t at = 0; cut.slices != NULL && at < o->count; cut.count++) {
        if (cut.count == most) {
            cut.length = 0;
            return cut;
        }
        cut.slices[cut.count] = slice_at(o, at);
        cut.length += SLICE_HEAD + cut.slices[cut.count].length;
        at += cut.slices[cut.count].count;
    }
    cut.length += cut.length > 0 ? pack_number_length(cut.count) : 0;
    if (cut.length > UINT32_MAX)
        cut.length = 0;
    return cut;
}

static void
put_slices(struct pack *pack, const struct ordinals *o, const struct cut *cut)
{
    uint32_t end = 0;

    pack_number(pack, 1 + cut->length);
    pack_u8(pack, FORM_SLICES);
    pack_number(pack, cut->count);
    for (size_t i = 0; i < cut->count; i++) {
        const struct slice *s = &cut->slices[i];

        end += (uint32_t)s->length;
        pack_u32(pack, s->base >> 16 | (uint32_t)(s->count - 1) << 16);
        pack_u32(pack, end);
    }
    for (size_t i = 0; i < cut->count; i++) {
        const struct slice *s = &cut->slices[i];
        uint8_t *room = pack_room(pack, (size_t)s->length + BITS_ROOM);

        if (room == NULL)
            return;
        rice_put(room, o->items + s->from, s->count, s->base);
        pack->used += (size_t)s->length;
    }
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
person_bytes_put(struct pack *pack, const struct ordinals *o, size_t dense)
{
    struct cut cut = {0};
    uint64_t length;

    if (o->count == 0) {
        pack_number(pack, 0);
        return;
    }
    if (o->count > dense && o->count >= SLICE_FROM)
        cut = cut_slices(o);
    length = cut.length > 0 ? cut.length : rice_length(o->items, o->count, 0);
    if (put_roaring(pack, o, length))
        ;
    else if (cut.length > 0)
        put_slices(pack, o, &cut);
    else
        put_rice(pack, o, length);
    memory_free(cut.slices);
}

/* ---- reading ---- */

struct view
person_bytes_next(struct reader *reader)
{
    return reader_bytes(reader, unpack_count(reader));
}

bool
person_bytes_is_short(struct view bytes)
{
    return bytes.length > 0 && bytes.bytes[0] == FORM_RICE;
}

static int
list_rice(struct reader *r, struct ordinals *ordinals)
{
    uint64_t count = unpack_number(r);
    uint32_t *room;
    int result;

    if (r->failed || !rice_fits(count, reader_left(r)))
        return PASU_E_CORRUPT;
    room = ordinals_room(ordinals, (size_t)count);
    if (room == NULL)
        return PASU_E_NOMEM;
    result = rice_get(reader_bytes(r, reader_left(r)), 0, room, (size_t)count);
    if (result == 0)
        ordinals->count += (size_t)count;
    return result;
}

struct slices {
    struct view heads, bits;
    uint32_t count;
};

static int
slices_begin(struct slices *s, struct reader *r)
{
    uint64_t count = unpack_number(r);

    if (r->failed || count > SLICE_MAX)
        return PASU_E_CORRUPT;
    s->count = (uint32_t)count;
    s->heads = reader_bytes(r, (size_t)count * SLICE_HEAD);
    s->bits = reader_bytes(r, reader_left(r));
    return r->failed ? PASU_E_CORRUPT : 0;
}

static uint32_t
head_at(const struct slices *s, uint32_t i, uint32_t *end)
{
    uint32_t head;

    memcpy(&head, s->heads.bytes + (size_t)i * SLICE_HEAD, sizeof(head));
    memcpy(end, s->heads.bytes + (size_t)i * SLICE_HEAD + sizeof(head), sizeof(*end));
    return head;
}

/* The slice's ordinals into `items`, of which there is room for SLICE_MAX; how many. */
static int
slice_list(const struct slices *s, uint32_t i, uint32_t *items)
{
    uint32_t end, from = 0, head = head_at(s, i, &end), before = 0;
    size_t count = (head >> 16) + UINT32_C(1);
    int result;

    if (i > 0)
        before = head_at(s, i - 1, &from);
    if (from >= end || end > s->bits.length || (i > 0 && (uint16_t)head <= (uint16_t)before))
        return PASU_E_CORRUPT;
    result = rice_get(view_of(s->bits.bytes + from, end - from), head << 16, items, count);
    if (result != 0)
        return result;
    return items[count - 1] >> 16 == (uint16_t)head ? (int)count : PASU_E_CORRUPT;
}

/* Each slice into `items`, then to `take`. */
static int
each_slice(struct reader *r, uint32_t *items,
           int (*take)(void *arg, const uint32_t *items, size_t count), void *arg)
{
    struct slices s;
    uint32_t end = 0;
    int result = slices_begin(&s, r);

    for (uint32_t i = 0; result == 0 && i < s.count; i++) {
        int count = slice_list(&s, i, items);

        result = count < 0 ? count : take(arg, items, (size_t)count);
    }
    if (result == 0 && s.count > 0)
        head_at(&s, s.count - 1, &end);
    return result != 0 ? result : end == s.bits.length ? 0 : PASU_E_CORRUPT;
}

static int
take_into_list(void *arg, const uint32_t *items, size_t count)
{
    return ordinals_add(arg, items, count);
}

static int
take_into_crowd(void *arg, const uint32_t *items, size_t count)
{
    uint64_t *page = crowd_page(arg, (uint16_t)(items[0] >> 16));

    if (page == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        page[(uint16_t)items[i] >> 6] |= UINT64_C(1) << (items[i] & 63);
    return 0;
}

static int
each_of_slices(struct reader *r, int (*take)(void *arg, const uint32_t *items, size_t count),
               void *arg)
{
    uint32_t *items = memory_new(SLICE_MAX, sizeof(*items));
    int result = items == NULL ? PASU_E_NOMEM : each_slice(r, items, take, arg);

    memory_free(items);
    return result;
}

static int
list_roaring(struct view bytes, struct ordinals *ordinals)
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
    if (room != NULL) {
        roaring_bitmap_to_uint32_array(bitmap, room);
        ordinals->count += (size_t)count;
    }
    roaring_bitmap_free(bitmap);
    return room != NULL ? 0 : PASU_E_NOMEM;
}

int
person_bytes_list(struct view bytes, struct ordinals *ordinals)
{
    struct reader reader = reader_of(bytes);

    if (bytes.length == 0)
        return 0;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        return list_rice(&reader, ordinals);
    case FORM_ROARING:
        return list_roaring(view_of(bytes.bytes + 1, bytes.length - 1), ordinals);
    case FORM_SLICES:
        return each_of_slices(&reader, take_into_list, ordinals);
    default:
        return PASU_E_CORRUPT;
    }
}

int
person_bytes_pour(struct view bytes, struct crowd *crowd, struct ordinals *scratch)
{
    struct reader reader = reader_of(bytes);
    int result;

    if (bytes.length == 0)
        return 0;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        scratch->count = 0;
        result = list_rice(&reader, scratch);
        return result == 0 ? crowd_add(crowd, scratch->items, scratch->count) : result;
    case FORM_ROARING:
        return roaring_bytes_pour(view_of(bytes.bytes + 1, bytes.length - 1), crowd);
    case FORM_SLICES:
        return each_of_slices(&reader, take_into_crowd, crowd);
    default:
        return PASU_E_CORRUPT;
    }
}

/* ---- one ordinal ---- */

static bool
rank_in_rice(struct reader *r, uint32_t ordinal, uint64_t *rank)
{
    uint64_t count = unpack_number(r);

    return !r->failed && rice_fits(count, reader_left(r)) &&
           rice_rank(reader_bytes(r, reader_left(r)), 0, (size_t)count, ordinal, rank);
}

static bool
rank_in_slices(struct reader *r, uint32_t ordinal, uint64_t *rank)
{
    struct slices s;
    struct view bits;
    uint64_t before = 0;
    uint32_t end, from = 0;

    if (slices_begin(&s, r) != 0)
        return false;
    for (uint32_t i = 0; i < s.count; i++, from = end) {
        uint32_t head = head_at(&s, i, &end);

        if ((uint16_t)head < ordinal >> 16) {
            before += (head >> 16) + UINT64_C(1);
            continue;
        }
        if ((uint16_t)head > ordinal >> 16 || from >= end || end > s.bits.length)
            return false;
        bits = view_of(s.bits.bytes + from, end - from);
        if (!rice_rank(bits, head << 16, (head >> 16) + (size_t)1, ordinal, rank))
            return false;
        *rank += before;
        return true;
    }
    return false;
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
    case FORM_SLICES:
        return rank_in_slices(&reader, ordinal, rank);
    default:
        return false;
    }
}
