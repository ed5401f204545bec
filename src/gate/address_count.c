/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/address_count.h"

#include "base/memory.h"

struct address_entry {
    struct address_entry *next;
    uint8_t bytes[16];
    uint32_t count;
};

void
address_count_init(struct address_count *counts)
{
    memset(counts, 0, sizeof(*counts));
    pthread_mutex_init(&counts->lock, NULL);
}

void
address_count_release(struct address_count *counts)
{
    for (size_t i = 0; i < COUNT_OF(counts->heads); i++)
        while (counts->heads[i]) {
            struct address_entry *entry = counts->heads[i];

            counts->heads[i] = entry->next;
            memory_free(entry);
        }
    pthread_mutex_destroy(&counts->lock);
}

/* FNV-1a: the table's chains are bounded by the connections there are, whatever the hash does. */
static struct address_entry **
find(struct address_count *counts, const uint8_t bytes[16])
{
    uint32_t hash = 2166136261u;
    struct address_entry **at;

    for (int i = 0; i < 16; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    at = &counts->heads[(hash ^ hash >> 16) % COUNT_OF(counts->heads)];
    while (*at && memcmp((*at)->bytes, bytes, 16) != 0)
        at = &(*at)->next;
    return at;
}

int
address_count_add(struct address_count *counts, const struct address *address, uint32_t limit)
{
    struct address_entry **at;
    uint8_t bytes[16];
    int result = 0;

    if (address->length == 0 || address->u.any.sa_family == AF_UNIX)
        return 0;
    address_bytes(bytes, address);
    pthread_mutex_lock(&counts->lock);
    at = find(counts, bytes);
    if (!*at) {
        *at = memory_new(1, sizeof(**at));
        if (*at)
            memcpy((*at)->bytes, bytes, 16);
    }
    if (!*at)
        result = PASU_E_NOMEM;
    else if ((*at)->count >= limit)
        result = PASU_E_TOO_MANY_FROM_ADDRESS;
    else
        (*at)->count++;
    pthread_mutex_unlock(&counts->lock);
    return result;
}

void
address_count_remove(struct address_count *counts, const struct address *address)
{
    struct address_entry **at, *entry;
    uint8_t bytes[16];

    if (address->length == 0 || address->u.any.sa_family == AF_UNIX)
        return;
    address_bytes(bytes, address);
    pthread_mutex_lock(&counts->lock);
    at = find(counts, bytes);
    entry = *at;
    if (entry && --entry->count == 0) {
        *at = entry->next;
        memory_free(entry);
    }
    pthread_mutex_unlock(&counts->lock);
}
