/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/requests.h"

#include "base/error.h"
#include "base/memory.h"

enum { SIZE_FIRST = 64, SPARE = 8 /* how much larger than needed a table may stay */ };

static size_t
place_of(const struct requests *t, uint64_t key)
{
    size_t at = key & (t->size - 1);

    while (t->counts[at].key != 0 && t->counts[at].key != key)
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
    struct requests larger = {.count = t->count, .size = next_size(t)};

    larger.counts = memory_new_table(larger.size, sizeof(*larger.counts));
    if (larger.counts == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < t->size; i++)
        if (t->counts[i].key != 0)
            larger.counts[place_of(&larger, t->counts[i].key)] = t->counts[i];
    *held += bytes_of(&larger) - bytes_of(t);
    memory_free_table(t->counts, t->size, sizeof(*t->counts));
    *t = larger;
    return 0;
}

int
requests_add(struct requests *t, uint64_t key, size_t limit, size_t *held)
{
    if (is_full(t)) {
        if (*held - bytes_of(t) + next_size(t) * sizeof(*t->counts) > limit)
            return 0;
        if (grow(t, held) < 0)
            return PASU_E_NOMEM;
    }
    t->counts[place_of(t, key)] = (struct request_count){key, 1};
    t->count++;
    return 1;
}

uint64_t
requests_of(const struct requests *t, uint64_t key)
{
    return t->size == 0 ? 0 : t->counts[place_of(t, key)].count;
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
    t->count = 0;
}

void
requests_release(struct requests *t, size_t *held)
{
    *held -= bytes_of(t);
    memory_free_table(t->counts, t->size, sizeof(*t->counts));
    *t = (struct requests){0};
}
