/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY /* roaring.h includes malloc.h */
#include "breach/person_bytes.h"

#include "breach/roaring_bytes.h"

#include <roaring/roaring.h>

enum {
    FORM_RICE = 1,
    FORM_ROARING = 2,
    RICE_BITS_MAX = 31,
    ROARING_FROM = 64, /* below, the bitmap's own head is longer than a list */
};

/* ---- Golomb-Rice ---- */

/* The number of low bits for a set of that many up to `last`: log2 of the mean gap, about. */
static unsigned
rice_bits(uint32_t last, size_t count)
{
    uint64_t mean = last / count;

    return mean < 2 ? 0 : (unsigned)(63 - __builtin_clzll(mean));
}

static uint32_t
gap_before(const struct ordinals *o, size_t i)
{
    return i == 0 ? o->items[0] : o->items[i] - o->items[i - 1] - 1;
}

static uint64_t
rice_length(const struct ordinals *o, unsigned k)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < o->count; i++)
        bits += (gap_before(o, i) >> k) + 1 + k;
    return (bits + 7) / 8;
}

struct bits {
    uint8_t *at;
    uint64_t word;
    unsigned used; /* bits of it */
};

static void
bits_put(struct bits *b, uint64_t value, unsigned count)
{
    b->word |= value << b->used;
    b->used += count;
    for (; b->used >= 8; b->used -= 8) {
        *b->at++ = (uint8_t)b->word;
        b->word >>= 8;
    }
}

static void
rice_put(uint8_t *at, const struct ordinals *o, unsigned k)
{
    struct bits bits = {.at = at};

    for (size_t i = 0; i < o->count; i++) {
        uint32_t gap = gap_before(o, i), zeros = gap >> k;

        for (; zeros >= 32; zeros -= 32)
            bits_put(&bits, 0, 32);
        bits_put(&bits, UINT64_C(1) << zeros, zeros + 1);
        bits_put(&bits, gap & ((UINT64_C(1) << k) - 1), k);
    }
    if (bits.used > 0)
        *bits.at = (uint8_t)bits.word;
}

struct rice {
    const uint8_t *bytes;
    size_t length;
    uint64_t bit, end;
    uint64_t left;
    unsigned k;
    uint64_t next; /* the lowest that the next one can be */
};

/* At least 56 bits from there on; zeros behind the end. */
static inline uint64_t
rice_look(const struct rice *r)
{
    size_t at = (size_t)(r->bit >> 3), left = r->length - at;
    uint64_t word = 0;

    memcpy(&word, r->bytes + at, left < sizeof(word) ? left : sizeof(word));
    return word >> (r->bit & 7);
}

static bool
rice_begin(struct rice *rice, struct reader *r)
{
    *rice = (struct rice){.left = unpack_number(r), .k = reader_u8(r)};
    rice->length = reader_left(r);
    rice->bytes = reader_bytes(r, rice->length).bytes;
    rice->end = (uint64_t)rice->length * 8;
    return !r->failed && rice->k <= RICE_BITS_MAX && rice->left <= rice->end / (rice->k + 1);
}

/* 1: the next ordinal; 0: there is no more; PASU_E_CORRUPT. */
static int
rice_next(struct rice *r, uint32_t *ordinal)
{
    uint64_t zeros = 0, word, value;

    if (r->left == 0)
        return 0;
    for (;;) {
        unsigned run;

        if (r->bit >= r->end)
            return PASU_E_CORRUPT;
        word = rice_look(r) & ((UINT64_C(1) << 56) - 1);
        if (word != 0) {
            run = (unsigned)__builtin_ctzll(word);
            zeros += run;
            r->bit += run + 1;
            break;
        }
        zeros += 56;
        r->bit += 56;
    }
    if (r->bit + r->k > r->end)
        return PASU_E_CORRUPT;
    word = r->k > 0 ? rice_look(r) & ((UINT64_C(1) << r->k) - 1) : 0;
    r->bit += r->k;
    if (zeros >> (32 - r->k) != 0)
        return PASU_E_CORRUPT;
    value = r->next + (zeros << r->k | word);
    if (value > UINT32_MAX)
        return PASU_E_CORRUPT;
    r->next = value + 1;
    r->left--;
    *ordinal = (uint32_t)value;
    return 1;
}

static int
rice_list(struct reader *reader, struct ordinals *ordinals)
{
    struct rice rice;
    uint32_t *room;
    int result;

    if (!rice_begin(&rice, reader))
        return PASU_E_CORRUPT;
    room = ordinals_room(ordinals, (size_t)rice.left);
    if (room == NULL)
        return PASU_E_NOMEM;
    while ((result = rice_next(&rice, room)) == 1)
        room++;
    if (result == 0)
        ordinals->count = (size_t)(room - ordinals->items);
    return result;
}

/* ---- both forms ---- */

static void
put_rice(struct pack *pack, const struct ordinals *o, unsigned k, uint64_t length)
{
    uint8_t *room;

    pack_number(pack, 1 + pack_number_length(o->count) + 1 + length);
    pack_u8(pack, FORM_RICE);
    pack_number(pack, o->count);
    pack_u8(pack, (uint8_t)k);
    room = pack_room(pack, (size_t)length);
    if (room == NULL)
        return;
    rice_put(room, o, k);
    pack->used += (size_t)length;
}

void
person_bytes_put(struct pack *pack, const struct ordinals *o, size_t dense)
{
    unsigned k = o->count == 0 ? 0 : rice_bits(o->items[o->count - 1], o->count);
    uint64_t length = o->count == 0 ? 0 : rice_length(o, k);
    roaring_bitmap_t *bitmap = NULL;

    if (o->count == 0) {
        pack_number(pack, 0);
        return;
    }
    if (o->count >= ROARING_FROM) {
        bitmap = roaring_bitmap_of_ptr(o->count, o->items);
        if (bitmap != NULL)
            roaring_bitmap_run_optimize(bitmap);
    }
    if (bitmap != NULL &&
        (o->count > dense || roaring_bitmap_portable_size_in_bytes(bitmap) <= length)) {
        size_t size = roaring_bitmap_portable_size_in_bytes(bitmap);
        uint8_t *room;

        pack_number(pack, 1 + size);
        pack_u8(pack, FORM_ROARING);
        room = pack_room(pack, size);
        if (room != NULL)
            pack->used += roaring_bitmap_portable_serialize(bitmap, (char *)room);
    } else {
        put_rice(pack, o, k, length);
    }
    if (bitmap != NULL)
        roaring_bitmap_free(bitmap);
}

struct view
person_bytes_next(struct reader *reader)
{
    return reader_bytes(reader, unpack_count(reader));
}

/* The bitmap of checked bytes, or NULL with *error. */
static roaring_bitmap_t *
bitmap_of_bytes(struct view bytes, int *error)
{
    uint64_t count;
    roaring_bitmap_t *bitmap = NULL;

    *error = PASU_E_CORRUPT;
    if (!roaring_bytes_check(bytes, &count))
        return NULL;
    bitmap = roaring_bitmap_portable_deserialize_safe((const char *)bytes.bytes, bytes.length);
    if (bitmap == NULL)
        *error = PASU_E_NOMEM;
    return bitmap;
}

bool
person_bytes_is_list(struct view bytes)
{
    return bytes.length > 0 && bytes.bytes[0] == FORM_RICE;
}

int
person_bytes_unite(struct view bytes, struct persons **set)
{
    struct ordinals list = {0};
    roaring_bitmap_t *bitmap;
    int result;

    if (bytes.length == 0)
        return 0;
    if (bytes.bytes[0] != FORM_ROARING) {
        result = person_bytes_list(bytes, &list);
        if (result == 0)
            result = persons_add(set, list.items, list.count);
        ordinals_release(&list);
        return result;
    }
    bitmap = bitmap_of_bytes(view_of(bytes.bytes + 1, bytes.length - 1), &result);
    if (bitmap == NULL)
        return result;
    if (*set == NULL) {
        *set = (struct persons *)(void *)bitmap;
        return 0;
    }
    result = persons_unite(set, (const struct persons *)(void *)bitmap);
    roaring_bitmap_free(bitmap);
    return result;
}

int
person_bytes_list(struct view bytes, struct ordinals *ordinals)
{
    struct reader reader = reader_of(bytes);
    roaring_bitmap_t *bitmap;
    uint32_t *room;
    int result;

    if (bytes.length == 0)
        return 0;
    switch (reader_u8(&reader)) {
    case FORM_RICE:
        return rice_list(&reader, ordinals);
    case FORM_ROARING:
        break;
    default:
        return PASU_E_CORRUPT;
    }
    bitmap = bitmap_of_bytes(view_of(bytes.bytes + 1, bytes.length - 1), &result);
    if (bitmap == NULL)
        return result;
    room = ordinals_room(ordinals, (size_t)roaring_bitmap_get_cardinality(bitmap));
    if (room != NULL) {
        roaring_bitmap_to_uint32_array(bitmap, room);
        ordinals->count += (size_t)roaring_bitmap_get_cardinality(bitmap);
    }
    roaring_bitmap_free(bitmap);
    return room != NULL ? 0 : PASU_E_NOMEM;
}

bool
person_bytes_has(struct view bytes, uint32_t ordinal)
{
    struct reader reader = reader_of(bytes);
    struct rice rice;
    uint32_t at;

    if (bytes.length == 0)
        return false;
    if (reader_u8(&reader) == FORM_ROARING)
        return roaring_bytes_has(view_of(bytes.bytes + 1, bytes.length - 1), ordinal);
    if (bytes.bytes[0] != FORM_RICE || !rice_begin(&rice, &reader))
        return false;
    while (rice_next(&rice, &at) == 1)
        if (at >= ordinal)
            return at == ordinal;
    return false;
}
