/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/crowd.h"

#include "base/memory.h"

void
crowd_release(struct crowd *crowd)
{
    for (size_t t = 0; crowd->pages > 0 && t < CROWD_TABLES; t++) {
        for (size_t p = 0; crowd->tables[t] != NULL && p < CROWD_TABLES; p++)
            memory_free(crowd->tables[t][p]);
        memory_free(crowd->tables[t]);
    }
    *crowd = (struct crowd){0};
}

uint64_t *
crowd_page(struct crowd *crowd, uint16_t key)
{
    uint64_t ***table = &crowd->tables[key / CROWD_TABLES], **page;

    if (*table == NULL) {
        *table = memory_new(CROWD_TABLES, sizeof(uint64_t *));
        if (*table == NULL)
            return NULL;
    }
    page = &(*table)[key % CROWD_TABLES];
    if (*page == NULL) {
        *page = memory_new(CROWD_WORDS, sizeof(**page));
        crowd->pages += *page != NULL;
    }
    return *page;
}

const uint64_t *
crowd_next(const struct crowd *crowd, uint32_t *key)
{
    while (*key < CROWD_TABLES * CROWD_TABLES) {
        uint64_t *const *table = crowd->tables[*key / CROWD_TABLES];

        if (table == NULL)
            *key = (*key / CROWD_TABLES + 1) * CROWD_TABLES;
        else if (table[*key % CROWD_TABLES] != NULL)
            return table[*key % CROWD_TABLES];
        else
            ++*key;
    }
    return NULL;
}

int
crowd_add(struct crowd *crowd, const uint32_t *ordinals, size_t count)
{
    uint64_t *page = NULL;
    uint32_t key = UINT32_MAX;

    for (size_t i = 0; i < count; i++) {
        if (ordinals[i] >> 16 != key) {
            key = ordinals[i] >> 16;
            page = crowd_page(crowd, (uint16_t)key);
            if (page == NULL)
                return PASU_E_NOMEM;
        }
        page[ordinals[i] >> 6 & (CROWD_WORDS - 1)] |= UINT64_C(1) << (ordinals[i] & 63);
    }
    return 0;
}

int
crowd_unite(const struct crowd *crowd, struct persons **set)
{
    return crowd->pages > 0 ? persons_add_crowd(set, crowd) : 0;
}
