/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/map.h"

#include "base/memory.h"

enum { FIRST_SIZE = 64 };

/* The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
 * 2014): every bit of the key reaches every bit of the place. */
static size_t
home_of(const struct map *map, uint64_t key)
{
    key ^= map->seed;
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(key ^ key >> 31) & (map->size - 1);
}

/* The key's slot, or the free one where it belongs. There is one: the table is half empty. */
static size_t
find(const struct map *map, uint64_t key)
{
    size_t at = home_of(map, key);

    while (map->slots[at].is_used && map->slots[at].key != key)
        at = (at + 1) & (map->size - 1);
    return at;
}

static int
grow(struct map *map)
{
    struct map next = *map;

    next.size = map->size > 0 ? map->size * 2 : FIRST_SIZE;
    next.slots = memory_new(next.size, sizeof(*next.slots));
    if (next.slots == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].is_used)
            next.slots[find(&next, map->slots[i].key)] = map->slots[i];
    memory_free(map->slots);
    *map = next;
    return 0;
}

void
map_release(struct map *map)
{
    memory_free(map->slots);
    *map = (struct map){.seed = map->seed};
}

int
map_put(struct map *map, uint64_t key, uint32_t value)
{
    size_t at;

    if (2 * (map->count + 1) > map->size && grow(map) != 0)
        return PASU_E_NOMEM;
    at = find(map, key);
    map->count += !map->slots[at].is_used;
    map->slots[at] = (struct map_slot){key, value, 1};
    return 0;
}

bool
map_get(const struct map *map, uint64_t key, uint32_t *value)
{
    size_t at;

    if (map->count == 0)
        return false;
    at = find(map, key);
    if (map->slots[at].is_used)
        *value = map->slots[at].value;
    return map->slots[at].is_used;
}

/* Frees the key's slot and moves back those behind it that would not be found any more. */
void
map_remove(struct map *map, uint64_t key)
{
    size_t mask = map->size - 1, hole, at;

    if (map->count == 0)
        return;
    hole = at = find(map, key);
    if (!map->slots[at].is_used)
        return;
    for (;;) {
        at = (at + 1) & mask;
        if (!map->slots[at].is_used)
            break;
        if (((at - home_of(map, map->slots[at].key)) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    map->count--;
}
