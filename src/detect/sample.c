/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sample.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/hashes.h"

enum { CAPACITY_FIRST = 4, BYTES = sizeof(uint64_t) + sizeof(struct sample_read) + 1 };

static_assert(SAMPLE_MOST <= UINT8_MAX + 1, "a place is one byte");

static int
grow(struct sample *s, size_t *held)
{
    size_t capacity = s->capacity == 0 ? CAPACITY_FIRST : (size_t)s->capacity * 4;
    uint64_t *hashes;
    struct sample_read *reads;
    uint8_t *place;

    if ((hashes = memory_resize(s->hashes, capacity, sizeof(*hashes))) == NULL)
        return PASU_E_NOMEM;
    s->hashes = hashes;
    if ((reads = memory_resize(s->reads, capacity, sizeof(*reads))) == NULL)
        return PASU_E_NOMEM;
    s->reads = reads;
    if ((place = memory_resize(s->place, capacity, 1)) == NULL)
        return PASU_E_NOMEM;
    s->place = place;
    *held += (capacity - s->capacity) * BYTES;
    s->capacity = (uint16_t)capacity;
    return 0;
}

static void
merge_read(struct sample_read *known, const struct sample_read *read)
{
    known->flags |= read->flags;
    if (read->second < known->second) {
        known->second = read->second;
        known->file = read->file;
        known->offset = read->offset;
    }
}

int
sample_add(struct sample *s, uint64_t hash, const struct sample_read *read, bool tight,
           size_t *held)
{
    const size_t most = s->full || (tight && s->capacity > 0) ? s->capacity : SAMPLE_MOST;
    size_t at, where;

    if (s->count == most && hash > s->hashes[most - 1]) {
        s->full = true;
        return 0;
    }
    at = hashes_find(s->hashes, s->count, hash);
    if (at < s->count && s->hashes[at] == hash) {
        merge_read(&s->reads[s->place[at]], read);
        return 0;
    }
    if (s->count == most) {
        s->full = true;
        s->count--;
        where = s->place[s->count]; /* of the highest hash, which goes */
    } else {
        where = s->count;
        if (s->count == s->capacity && grow(s, held) < 0)
            return PASU_E_NOMEM;
    }
    memmove(&s->hashes[at + 1], &s->hashes[at], (s->count - at) * sizeof(*s->hashes));
    memmove(&s->place[at + 1], &s->place[at], s->count - at);
    s->hashes[at] = hash;
    s->place[at] = (uint8_t)where;
    s->reads[where] = *read;
    s->count++;
    return 1;
}

void
sample_release(struct sample *s, size_t *held)
{
    *held -= (size_t)s->capacity * BYTES;
    memory_free(s->hashes);
    memory_free(s->reads);
    memory_free(s->place);
    *s = (struct sample){0};
}

double
sample_distinct(const struct sample *s)
{
    if (!s->full)
        return s->count;
    return (s->count - 1) / ((double)s->hashes[s->count - 1] / 0x1p64);
}
