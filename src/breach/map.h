/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table from 64-bit keys (session identities, fingerprints) to 32-bit places in an array of its
 * owner's. Open addressing, at most half full; a random seed keeps whoever chooses the keys from
 * choosing where they fall. Zeroed is empty. One thread.
 */
#ifndef PASU_BREACH_MAP_H
#define PASU_BREACH_MAP_H

#include "base/error.h"

struct map_slot {
    uint64_t key;
    uint32_t value;
    uint32_t is_used;
};

struct map {
    uint64_t seed; /* the owner's, set before the first key or left 0 */
    struct map_slot *slots;
    size_t size, count;
};

void map_release(struct map *map);
/* Adds the key or gives it another value. PASU_E_NOMEM: the table is as before. */
PASU_MUST_USE int map_put(struct map *map, uint64_t key, uint32_t value);
/* Whether the key is there; then its value. */
bool map_get(const struct map *map, uint64_t key, uint32_t *value);
void map_remove(struct map *map, uint64_t key);

#endif
