/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/cancel.h"

#include "base/memory.h"

void
cancel_init(struct cancel_table *table, const struct os *os)
{
    memset(table, 0, sizeof(*table));
    table->os = os;
    pthread_mutex_init(&table->lock, NULL);
}

static void
entry_free(struct cancel_entry *entry)
{
    memory_wipe(entry->keys, 2u * entry->length);
    memory_free(entry);
}

void
cancel_release(struct cancel_table *table)
{
    for (size_t i = 0; i < COUNT_OF(table->heads); i++)
        while (table->heads[i]) {
            struct cancel_entry *entry = table->heads[i];

            table->heads[i] = entry->next;
            entry_free(entry);
        }
    pthread_mutex_destroy(&table->lock);
}

static struct cancel_entry **
head_of(struct cancel_table *table, uint32_t pid)
{
    return &table->heads[pid % COUNT_OF(table->heads)];
}

int
cancel_add(struct cancel_table *table, struct cancel_entry **entry, uint32_t gateway, uint32_t pid,
           struct view key, const struct address *server)
{
    struct cancel_entry *e, **head = head_of(table, pid);

    *entry = NULL;
    if (key.length > CANCEL_KEY_MAX)
        return PASU_E_RANGE;
    e = memory_new(1, sizeof(*e) + 2 * key.length);
    if (!e)
        return PASU_E_NOMEM;
    e->pid = pid;
    e->gateway = gateway;
    e->server = *server;
    e->length = (uint16_t)key.length;
    memcpy(e->keys + key.length, key.bytes, key.length);
    if (table->os->random(table->os->arg, e->keys, key.length) != 0) {
        entry_free(e);
        return PASU_E_CRYPTO;
    }
    pthread_mutex_lock(&table->lock);
    e->next = *head;
    *head = e;
    pthread_mutex_unlock(&table->lock);
    *entry = e;
    return 0;
}

void
cancel_remove(struct cancel_table *table, struct cancel_entry *entry)
{
    struct cancel_entry **at;

    if (!entry)
        return;
    pthread_mutex_lock(&table->lock);
    for (at = head_of(table, entry->pid); *at; at = &(*at)->next)
        if (*at == entry) {
            *at = entry->next;
            break;
        }
    pthread_mutex_unlock(&table->lock);
    entry_free(entry);
}

void
cancel_hold(struct cancel_table *table, struct cancel_entry *entry, struct worker *holder,
            uint64_t session)
{
    if (!entry)
        return;
    pthread_mutex_lock(&table->lock);
    entry->holder = holder;
    entry->session = session;
    pthread_mutex_unlock(&table->lock);
}

int
cancel_find(struct cancel_table *table, struct cancel_target *target, uint32_t gateway,
            uint32_t pid, struct view key)
{
    int result = PASU_E_CANCEL_UNKNOWN;

    pthread_mutex_lock(&table->lock);
    for (struct cancel_entry *e = *head_of(table, pid); e; e = e->next)
        if (e->pid == pid && e->gateway == gateway && e->length == key.length &&
            memory_equal_secret(e->keys, key.bytes, key.length)) {
            target->holder = e->holder;
            target->session = e->session;
            target->server = e->server;
            target->pid = pid;
            target->length = e->length;
            memcpy(target->key, e->keys + e->length, e->length);
            result = 0;
            break;
        }
    pthread_mutex_unlock(&table->lock);
    return result;
}
