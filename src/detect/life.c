/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/life.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/hashes.h"

enum { CAPACITY_FIRST = 4, BYTES = sizeof(uint64_t) + sizeof(uint16_t) };

static int
grow(struct life *l, size_t *held)
{
    size_t capacity = l->capacity == 0 ? CAPACITY_FIRST : (size_t)l->capacity * 2;
    uint64_t *hashes;
    uint16_t *days;

    if ((hashes = memory_resize(l->hashes, capacity, sizeof(*hashes))) == NULL)
        return PASU_E_NOMEM;
    l->hashes = hashes;
    if ((days = memory_resize(l->days, capacity, sizeof(*days))) == NULL)
        return PASU_E_NOMEM;
    l->days = days;
    *held += (capacity - l->capacity) * BYTES;
    l->capacity = (uint16_t)capacity;
    return 0;
}

static int
begin_sketch(struct life *l, size_t *held)
{
    if ((l->sketch = memory_new(1, sizeof(*l->sketch))) == NULL)
        return PASU_E_NOMEM;
    *held += sizeof(*l->sketch);
    for (size_t i = 0; i < l->count; i++)
        sketch_add(l->sketch, l->hashes[i]);
    return 0;
}

int
life_add(struct life *l, uint64_t hash, uint16_t day, size_t most, size_t *held)
{
    size_t at;

    if (l->sketch != NULL) {
        sketch_add(l->sketch, hash);
        if (hash > l->hashes[l->count - 1])
            return 0;
    }
    at = hashes_find(l->hashes, l->count, hash);
    if (at < l->count && l->hashes[at] == hash) {
        if (day > l->days[at])
            l->days[at] = day;
        return 0;
    }
    if (l->sketch != NULL || l->count >= most) {
        if (l->sketch == NULL && begin_sketch(l, held) < 0)
            return PASU_E_NOMEM;
        sketch_add(l->sketch, hash);
        if (at == l->count)
            return 1;
        l->count--;
    } else if (l->count == l->capacity && grow(l, held) < 0) {
        return PASU_E_NOMEM;
    }
    memmove(&l->hashes[at + 1], &l->hashes[at], (l->count - at) * sizeof(*l->hashes));
    memmove(&l->days[at + 1], &l->days[at], (l->count - at) * sizeof(*l->days));
    l->hashes[at] = hash;
    l->days[at] = day;
    l->count++;
    return 1;
}

int
life_unite(struct life *into, const struct life *from, size_t most, size_t *held)
{
    int r = 0;

    for (size_t i = 0; i < from->count && r >= 0; i++)
        r = life_add(into, from->hashes[i], from->days[i], most, held);
    if (r >= 0 && from->sketch != NULL) {
        r = into->sketch == NULL ? begin_sketch(into, held) : 0;
        if (r >= 0)
            sketch_unite(into->sketch, from->sketch);
    }
    return r < 0 ? r : 0;
}

void
life_release(struct life *l, size_t *held)
{
    *held -= l->capacity * BYTES + (l->sketch != NULL ? sizeof(*l->sketch) : 0);
    memory_free(l->hashes);
    memory_free(l->days);
    memory_free(l->sketch);
    *l = (struct life){0};
}

double
life_distinct(const struct life *l)
{
    double about;

    if (l->sketch == NULL)
        return l->count;
    about = sketch_count(l->sketch);
    return about > l->count ? about : l->count;
}
