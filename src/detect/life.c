/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/life.h"

#include "base/error.h"
#include "base/memory.h"

#include <assert.h>

enum {
    CAPACITY_FIRST = 4,
    CAPACITY_MOST = 2 * LIFE_MOST,
    BYTES = sizeof(uint64_t) + sizeof(uint16_t)
};

/* ---- the table ---- */

/* Three fourths of it: searches are short. */
static size_t
room_of(const struct life *l)
{
    return (size_t)l->capacity / 4 * 3;
}

static_assert(CAPACITY_MOST / 4 * 3 >= LIFE_MOST + LIFE_MOST / 4, "room for more than are held");

/* Where the hash is, or where it is to be put. */
static size_t
place_of(const struct life *l, uint64_t hash)
{
    size_t at = life_home(l, hash);

    while (l->hashes[at] != 0 && l->hashes[at] != hash)
        at = (at + 1) & ((size_t)l->capacity - 1);
    return at;
}

static void
put(struct life *l, size_t at, uint64_t hash, uint16_t day)
{
    l->hashes[at] = hash;
    l->days[at] = day;
}

static int
grow(struct life *l, size_t *held)
{
    struct life larger = *l;

    larger.capacity = (uint16_t)(l->capacity == 0 ? CAPACITY_FIRST : l->capacity * 2);
    larger.hashes = memory_new(larger.capacity, sizeof(*larger.hashes));
    larger.days = memory_new(larger.capacity, sizeof(*larger.days));
    if (larger.hashes == NULL || larger.days == NULL) {
        memory_free(larger.hashes);
        memory_free(larger.days);
        return PASU_E_NOMEM;
    }
    for (size_t i = 0; i < l->capacity; i++)
        if (l->hashes[i] != 0)
            put(&larger, place_of(&larger, l->hashes[i]), l->hashes[i], l->days[i]);
    *held += ((size_t)larger.capacity - l->capacity) * BYTES;
    memory_free(l->hashes);
    memory_free(l->days);
    *l = larger;
    return 0;
}

/* ---- more than are held ---- */

/* The one before which `rank` are smaller; puts them in another order (Hoare 1961, "Find"). */
static uint64_t
select_hash(uint64_t *hashes, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;

    while (low < high) {
        uint64_t pivot = hashes[low + (high - low) / 2];
        size_t i = low, j = high;

        for (;; i++, j--) {
            uint64_t hash;

            while (hashes[i] < pivot)
                i++;
            while (hashes[j] > pivot)
                j--;
            if (i >= j)
                break;
            hash = hashes[i];
            hashes[i] = hashes[j];
            hashes[j] = hash;
        }
        if (rank <= j)
            high = j;
        else
            low = j + 1;
    }
    return hashes[rank];
}

void
life_settle(struct life *l)
{
    PASU_UNINITIALIZED uint64_t hashes[CAPACITY_MOST / 4 * 3], order[CAPACITY_MOST / 4 * 3];
    PASU_UNINITIALIZED uint16_t days[CAPACITY_MOST / 4 * 3];
    size_t filled = 0;

    if (l->filled == l->count)
        return;
    for (size_t i = 0; i < l->capacity; i++)
        if (l->hashes[i] != 0) {
            hashes[filled] = order[filled] = l->hashes[i];
            days[filled++] = l->days[i];
        }
    l->limit = select_hash(order, filled, (size_t)l->count - 1);
    memset(l->hashes, 0, l->capacity * sizeof(*l->hashes));
    for (size_t i = 0; i < filled; i++)
        if (hashes[i] <= l->limit)
            put(l, place_of(l, hashes[i]), hashes[i], days[i]);
    l->filled = l->count;
}

static int
begin_sketch(struct life *l, size_t *held)
{
    if (room_of(l) < (size_t)l->count + l->count / 4 && grow(l, held) < 0)
        return PASU_E_NOMEM;
    if ((l->sketch = memory_new(1, sizeof(*l->sketch))) == NULL)
        return PASU_E_NOMEM;
    *held += sizeof(*l->sketch);
    for (size_t i = 0; i < l->capacity; i++)
        if (l->hashes[i] != 0) {
            sketch_add(l->sketch, l->hashes[i]);
            l->limit = l->hashes[i] > l->limit ? l->hashes[i] : l->limit;
        }
    return 0;
}

/* One that is not there, of which there is a sketch. */
static void
put_if_low(struct life *l, uint64_t hash, uint16_t day)
{
    if (l->filled == room_of(l))
        life_settle(l);
    if (hash > l->limit)
        return;
    put(l, place_of(l, hash), hash, day);
    l->filled++;
}

int
life_add(struct life *l, uint64_t hash, uint16_t day, size_t most, size_t *held)
{
    size_t at = 0;

    if (l->sketch != NULL) {
        sketch_add(l->sketch, hash);
        if (hash > l->limit)
            return 0;
    }
    if (l->capacity > 0) {
        at = place_of(l, hash);
        if (l->hashes[at] == hash) {
            if (day > l->days[at])
                l->days[at] = day;
            return 0;
        }
    }
    if (l->sketch == NULL && l->count < most) {
        if (l->filled == room_of(l)) {
            if (grow(l, held) < 0)
                return PASU_E_NOMEM;
            at = place_of(l, hash);
        }
        put(l, at, hash, day);
        l->count++;
        l->filled++;
        return 1;
    }
    if (l->sketch == NULL) {
        if (begin_sketch(l, held) < 0)
            return PASU_E_NOMEM;
        sketch_add(l->sketch, hash);
    }
    put_if_low(l, hash, day);
    return 1;
}

void
life_release(struct life *l, size_t *held)
{
    *held -= (size_t)l->capacity * BYTES + (l->sketch != NULL ? sizeof(*l->sketch) : 0);
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
