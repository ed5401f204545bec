/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/interner.h"

#include "base/memory.h"

enum { ALIGNMENT = 8 };

void
interner_release(struct interner *in)
{
    map_release(&in->places);
    memory_free(in->bytes);
    memory_free(in->items);
    *in = (struct interner){.places.seed = in->places.seed};
}

static uint64_t
hash_of(const struct interner *in, struct view s)
{
    uint64_t hash = in->places.seed ^ s.length;

    for (size_t at = 0; at < s.length; at += 8) {
        uint64_t word = 0;

        memcpy(&word, s.bytes + at, s.length - at < 8 ? s.length - at : 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return hash;
}

/* Its number, or 0 and the hash where it belongs. */
static uint32_t
find(const struct interner *in, struct view s, uint64_t *hash)
{
    uint32_t number;

    for (*hash = hash_of(in, s); in->count > 0 && map_get(&in->places, *hash, &number); ++*hash)
        if (view_equal(interner_string(in, number), s))
            return number;
    return 0;
}

uint32_t
interner_find(const struct interner *in, struct view s)
{
    uint64_t hash;

    return find(in, s, &hash);
}

static bool
make_room(struct interner *in, size_t length)
{
    if (in->count == in->space) {
        size_t space = in->space * 2 + 16;
        struct interned *items = memory_resize(in->items, space, sizeof(*items));

        if (items == NULL)
            return false;
        in->items = items;
        in->space = space;
    }
    if (in->bytes_space - in->used < length) {
        size_t space = in->bytes_space * 2 + length;
        uint8_t *bytes = memory_resize(in->bytes, space, 1);

        if (bytes == NULL)
            return false;
        in->bytes = bytes;
        in->bytes_space = space;
    }
    return true;
}

uint32_t
interner_number(struct interner *in, struct view s)
{
    size_t room = (s.length + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    uint64_t hash;
    uint32_t number = find(in, s, &hash);

    if (number != 0)
        return number;
    if (in->count >= UINT32_MAX - 1 || !make_room(in, room) ||
        map_put(&in->places, hash, (uint32_t)in->count + 1) != 0)
        return 0;
    if (s.length > 0)
        memcpy(in->bytes + in->used, s.bytes, s.length);
    in->items[in->count++] = (struct interned){in->used, s.length};
    in->used += room;
    return (uint32_t)in->count;
}

int
interner_copy(struct interner *copy, const struct interner *in)
{
    *copy = (struct interner){.bytes = memory_new(in->used + 1, 1),
                              .items = memory_new(in->count + 1, sizeof(*copy->items))};
    if (copy->bytes == NULL || copy->items == NULL) {
        interner_release(copy);
        return PASU_E_NOMEM;
    }
    if (in->count > 0) {
        memcpy(copy->bytes, in->bytes, in->used);
        memcpy(copy->items, in->items, in->count * sizeof(*in->items));
    }
    copy->used = in->used;
    copy->count = in->count;
    return 0;
}

struct view
interner_string(const struct interner *in, uint32_t number)
{
    if (number == 0 || number > in->count)
        return view_of(NULL, 0);
    return view_of(in->bytes + in->items[number - 1].at, in->items[number - 1].length);
}
