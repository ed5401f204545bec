/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/crowd.h"

#include "base/memory.h"

void
crowd_release(struct crowd *crowd)
{
    if (!crowd->is_used)
        return;
    for (size_t t = 0; t < CROWD_TABLES; t++) {
        for (size_t p = 0; crowd->tables[t] != NULL && p < CROWD_TABLES; p++)
            memory_free(crowd->tables[t][p]);
        memory_free(crowd->tables[t]);
    }
    *crowd = (struct crowd){0};
}

/* Where the page is, or belongs; NULL where there is no memory. */
static uint64_t **
place_of(struct crowd *crowd, uint32_t key)
{
    uint64_t ***table = &crowd->tables[key / CROWD_TABLES];

    if (*table == NULL) {
        *table = memory_new(CROWD_TABLES, sizeof(uint64_t *));
        if (*table == NULL)
            return NULL;
        crowd->is_used = true;
    }
    return &(*table)[key % CROWD_TABLES];
}

uint64_t *
crowd_page(struct crowd *crowd, uint16_t key)
{
    uint64_t **page = place_of(crowd, key);

    if (page == NULL)
        return NULL;
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

/* A page of another's, which has it no more. */
static int
take_page(struct crowd *crowd, uint32_t key, uint64_t **from)
{
    uint64_t **page = place_of(crowd, key);

    if (page == NULL)
        return PASU_E_NOMEM;
    if (*page == NULL) {
        *page = *from;
        *from = NULL;
        crowd->pages++;
        return 0;
    }
    for (size_t w = 0; w < CROWD_WORDS; w++)
        (*page)[w] |= (*from)[w];
    return 0;
}

int
crowd_take(struct crowd *crowd, struct crowd *other)
{
    int result = 0;
    uint32_t key = 0;

    for (; result == 0 && crowd_next(other, &key) != NULL; key++)
        result = take_page(crowd, key, &other->tables[key / CROWD_TABLES][key % CROWD_TABLES]);
    crowd_release(other);
    return result;
}

int
crowd_unite(const struct crowd *crowd, struct persons **set)
{
    return crowd->pages > 0 ? persons_add_crowd(set, crowd) : 0;
}
