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

static struct requests_more *
more_of(const struct requests *t, uint64_t key)
{
    for (size_t i = 0; i < t->more_count; i++)
        if ((t->more[i].key ^ key) >> REQUESTS_BITS == 0)
            return &t->more[i];
    return NULL;
}

/* The count of the place is full: it goes on at 1. */
static int
carry(struct requests *t, size_t at, size_t *held)
{
    struct requests_more *more = more_of(t, t->counts[at]);

    if (more == NULL && t->more_count == t->more_room) {
        size_t room = t->more_room == 0 ? MORE_FIRST : t->more_room * 2;

        more = memory_resize(t->more, room, sizeof(*more));
        if (more == NULL)
            return PASU_E_NOMEM;
        *held += (room - t->more_room) * sizeof(*more);
        t->more = more;
        t->more_room = room;
        more = NULL;
    }
    if (more == NULL) {
        more = &t->more[t->more_count++];
        *more = (struct requests_more){.key = t->counts[at] & ~(uint64_t)REQUESTS_MOST};
    }
    more->count += REQUESTS_MOST;
    t->counts[at] -= REQUESTS_MOST - 1;
    return 1;
}

int
requests_add(struct requests *t, uint64_t key, size_t limit, size_t *held)
{
    size_t at;

    if (t->size > 0 && t->counts[at = place_of(t, key)] != 0)
        return carry(t, at, held);
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
    const struct requests_more *more = found == 0 ? NULL : more_of(t, key);

    return (found & REQUESTS_MOST) + (more == NULL ? 0 : more->count);
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
