/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/requests.h"

#include "base/error.h"
#include "base/memory.h"

enum {
    SIZE_FIRST = 64,
    SIZE_BITS = 6,
    SPARE = 8, /* how much larger than needed a table may stay */
    MORE_FIRST = 16,
};

static size_t
place_of(const struct requests *t, uint64_t key)
{
    size_t at = key >> t->shift;

    while (t->counts[at] != 0 && (t->counts[at] ^ key) >> REQUESTS_BITS != 0)
        at = (at + 1) & (t->size - 1);
    return at;
}

static bool
is_full(const struct requests *t)
{
    return t->count >= t->size / 4 * 3;
}

static size_t
next_size(const struct requests *t)
{
    return t->size == 0 ? SIZE_FIRST : t->size * 2;
}

static size_t
bytes_of(const struct requests *t)
{
    return t->size * sizeof(*t->counts);
}

static int
grow(struct requests *t, size_t *held)
{
    struct requests larger = *t;

    larger.size = next_size(t);
    larger.shift = t->size == 0 ? 64 - SIZE_BITS : t->shift - 1;
    larger.counts = memory_new_table(larger.size, sizeof(*larger.counts));
    if (larger.counts == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < t->size; i++)
        if (t->counts[i] != 0)
            larger.counts[place_of(&larger, t->counts[i])] = t->counts[i];
    *held += bytes_of(&larger) - bytes_of(t);
    memory_free_table(t->counts, t->size, sizeof(*t->counts));
    *t = larger;
    return 0;
}

/* Where it is in the list, or is to be put. */
static size_t
more_place(const struct requests *t, uint64_t key)
{
    size_t low = 0, high = t->more_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (t->more[middle].key < key >> REQUESTS_BITS)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
has_more(const struct requests *t, size_t place, uint64_t key)
{
    return place < t->more_count && t->more[place].key == key >> REQUESTS_BITS;
}

static int
grow_more(struct requests *t, size_t *held)
{
    size_t room = t->more_room == 0 ? MORE_FIRST : t->more_room * 2;
    struct requests_more *more = memory_resize(t->more, room, sizeof(*more));

    if (more == NULL)
        return PASU_E_NOMEM;
    *held += (room - t->more_room) * sizeof(*more);
    t->more = more;
    t->more_room = room;
    return 0;
}

/* The count of the place is full: it goes on at 1. */
static int
carry(struct requests *t, size_t at, size_t *held)
{
    size_t place = more_place(t, t->counts[at]);

    if (!has_more(t, place, t->counts[at])) {
        if (t->more_count == t->more_room && grow_more(t, held) < 0)
            return PASU_E_NOMEM;
        memmove(&t->more[place + 1], &t->more[place], (t->more_count - place) * sizeof(*t->more));
        t->more[place] = (struct requests_more){.key = t->counts[at] >> REQUESTS_BITS};
        t->more_count++;
    }
    t->more[place].count += REQUESTS_MOST;
    t->counts[at] -= REQUESTS_MOST - 1;
    return 1;
}

int
requests_add(struct requests *t, uint64_t key, size_t limit, size_t *held)
{
    size_t at = t->size > 0 ? place_of(t, key) : 0;

    if (t->size > 0 && t->counts[at] != 0) {
        if ((t->counts[at] & REQUESTS_MOST) == REQUESTS_MOST)
            return carry(t, at, held);
        t->counts[at]++;
        return 1;
    }
    if (is_full(t)) {
        if (*held - bytes_of(t) + next_size(t) * sizeof(*t->counts) > limit)
            return 0;
        if (grow(t, held) < 0)
            return PASU_E_NOMEM;
    }
    t->counts[place_of(t, key)] = (key & ~(uint64_t)REQUESTS_MOST) | 1;
    t->count++;
    return 1;
}

uint64_t
requests_of(const struct requests *t, uint64_t key)
{
    uint64_t found = t->size == 0 ? 0 : t->counts[place_of(t, key)];
    size_t place = found == 0 ? 0 : more_place(t, key);

    if (found != 0 && has_more(t, place, key))
        return (found & REQUESTS_MOST) + t->more[place].count;
    return found & REQUESTS_MOST;
}

void
requests_clear(struct requests *t, size_t *held)
{
    if (t->count < t->size / SPARE) {
        requests_release(t, held);
        return;
    }
    if (t->size > 0)
        memset(t->counts, 0, bytes_of(t));
    t->count = t->more_count = 0;
}

void
requests_release(struct requests *t, size_t *held)
{
    *held -= bytes_of(t) + t->more_room * sizeof(*t->more);
    memory_free_table(t->counts, t->size, sizeof(*t->counts));
    memory_free(t->more);
    *t = (struct requests){0};
}
