/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/ordinals.h"

#include "base/memory.h"

/* Below SHORT, insertion is faster than three passes over 11 bits each. */
enum { FIRST_SPACE = 4, SHORT = 96, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3 };

void
ordinals_release(struct ordinals *o)
{
    memory_free(o->items);
    *o = (struct ordinals){0};
}

uint32_t *
ordinals_room(struct ordinals *o, size_t count)
{
    if (o->items == NULL || o->space - o->count < count) {
        size_t space = o->space * 2 > o->count + count ? o->space * 2 : o->count + count;
        uint32_t *items;

        if (space < FIRST_SPACE)
            space = FIRST_SPACE;
        items = memory_resize(o->items, space, sizeof(*items));
        if (items == NULL)
            return NULL;
        o->items = items;
        o->space = space;
    }
    return o->items + o->count;
}

int
ordinals_add(struct ordinals *o, const uint32_t *items, size_t count)
{
    uint32_t *room;

    if (count == 0)
        return 0;
    room = ordinals_room(o, count);
    if (room == NULL)
        return PASU_E_NOMEM;
    memcpy(room, items, count * sizeof(*items));
    o->count += count;
    return 0;
}

static void
sort_short(uint32_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t item = items[i];
        size_t at = i;

        for (; at > 0 && items[at - 1] > item; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void
sort_pass(const uint32_t *from, uint32_t *to, size_t count, unsigned shift)
{
    size_t ends[DIGITS] = {0};
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        ends[from[i] >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t n = ends[d];

        ends[d] = at;
        at += n;
    }
    for (size_t i = 0; i < count; i++)
        to[ends[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

static bool
is_sorted(const uint32_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (items[i - 1] >= items[i])
            return false;
    return true;
}

int
ordinals_sort(struct ordinals *o, struct ordinals *scratch)
{
    size_t kept = 0;

    if (is_sorted(o->items, o->count))
        return 0;
    if (o->count < SHORT) {
        sort_short(o->items, o->count);
    } else {
        struct ordinals whole;

        scratch->count = 0;
        if (ordinals_room(scratch, o->count) == NULL)
            return PASU_E_NOMEM;
        sort_pass(o->items, scratch->items, o->count, 0);
        sort_pass(scratch->items, o->items, o->count, DIGIT_BITS);
        sort_pass(o->items, scratch->items, o->count, (PASSES - 1) * DIGIT_BITS);
        scratch->count = o->count;
        whole = *scratch;
        *scratch = *o;
        *o = whole;
    }
    for (size_t i = 0; i < o->count; i++)
        if (kept == 0 || o->items[i] != o->items[kept - 1])
            o->items[kept++] = o->items[i];
    o->count = kept;
    return 0;
}
