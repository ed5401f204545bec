/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections of each address wait for authentication. One table for all workers, behind a
 * lock; an address with none has no entry. Unix sockets are not counted.
 */
#ifndef PASU_GATE_ADDRESS_COUNT_H
#define PASU_GATE_ADDRESS_COUNT_H

#include "base/address.h"

#include <pthread.h>

struct address_entry;

struct address_count {
    pthread_mutex_t lock;
    struct address_entry *heads[4096];
};

void address_count_init(struct address_count *counts);
void address_count_release(struct address_count *counts);
/* Counts one more: 0, PASU_E_TOO_MANY_FROM_ADDRESS at `limit`, or PASU_E_NOMEM. */
PASU_MUST_USE int address_count_add(struct address_count *counts, const struct address *address,
                                    uint32_t limit);
/* One less. */
void address_count_remove(struct address_count *counts, const struct address *address);

#endif
