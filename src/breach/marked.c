/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/marked.h"

#include "base/memory.h"

/* Below SHORT, insertion is faster than passes over 11 bits each. */
enum { FIRST_SPACE = 16, SHORT = 64, DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, BITS = 32 };

void
marked_release(struct marked *m)
{
    memory_free(m->items);
    *m = (struct marked){0};
}

static bool
make_room(struct marked *m, size_t count)
{
    size_t space = m->space * 2 > m->count + count ? m->space * 2 : m->count + count;
    uint64_t *items;

    if (m->space - m->count >= count)
        return true;
    if (space < FIRST_SPACE)
        space = FIRST_SPACE;
    items = memory_resize(m->items, space, sizeof(*items));
    if (items == NULL)
        return false;
    m->items = items;
    m->space = space;
    return true;
}

int
marked_add(struct marked *m, const uint32_t *ordinals, size_t count, unsigned mark)
{
    uint64_t *to;

    if (!make_room(m, count))
        return PASU_E_NOMEM;
    to = m->items + m->count;
    for (size_t i = 0; i < count; i++)
        to[i] = (uint64_t)ordinals[i] << MARK_BITS | mark;
    m->count += count;
    return 0;
}

int
marked_append(struct marked *m, const struct marked *more, unsigned bits)
{
    uint64_t *to;

    if (!make_room(m, more->count))
        return PASU_E_NOMEM;
    to = m->items + m->count;
    for (size_t i = 0; i < more->count; i++)
        to[i] = more->items[i] | bits;
    m->count += more->count;
    return 0;
}

static void
sort_short(uint64_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t item = items[i];
        size_t at = i;

        for (; at > 0 && items[at - 1] >> MARK_BITS > item >> MARK_BITS; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* By one digit; false where all have the same, and nothing was done. */
static bool
sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t ends[DIGITS] = {0}, at = 0;

    for (size_t i = 0; i < count; i++)
        ends[from[i] >> shift & (DIGITS - 1)]++;
    if (ends[from[0] >> shift & (DIGITS - 1)] == count)
        return false;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t n = ends[d];

        ends[d] = at;
        at += n;
    }
    for (size_t i = 0; i < count; i++)
        to[ends[from[i] >> shift & (DIGITS - 1)]++] = from[i];
    return true;
}

static bool
is_sorted(const uint64_t *items, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (items[i - 1] >> MARK_BITS > items[i] >> MARK_BITS)
            return false;
    return true;
}

int
marked_sort(struct marked *m, struct marked *scratch)
{
    if (is_sorted(m->items, m->count))
        return 0;
    if (m->count < SHORT) {
        sort_short(m->items, m->count);
        return 0;
    }
    scratch->count = 0;
    if (!make_room(scratch, m->count))
        return PASU_E_NOMEM;
    scratch->count = m->count;
    for (unsigned shift = MARK_BITS; shift < MARK_BITS + BITS; shift += DIGIT_BITS)
        if (sort_pass(m->items, scratch->items, m->count, shift)) {
            struct marked sorted = *scratch;

            *scratch = *m;
            *m = sorted;
        }
    return 0;
}
