/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cancel keys: what the client was given, and which server's session it stands for.
 *
 * The client gets the server's process number and a secret of our own, of the same length as the
 * server's; the server's secret never leaves the gate. A cancel request finds its entry by number,
 * secret and gateway, and goes to the very address that the session is connected to. One table for
 * all workers, behind a lock that is taken once a session and once a cancel request.
 *
 * Source: PostgreSQL manual, "Canceling Requests in Progress"; keys of 4 to 256 bytes since 3.2.
 */
#ifndef PASU_GATE_CANCEL_H
#define PASU_GATE_CANCEL_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/os.h"

#include <pthread.h>

enum { CANCEL_KEY_MAX = 256 };

struct worker;

struct cancel_entry {
    struct cancel_entry *next;
    struct worker *holder; /* its statement waits to be approved: whose session it is; or NULL */
    uint64_t session;
    uint32_t pid, gateway;
    struct address server;
    uint16_t length;
    uint8_t keys[]; /* the client's, then the server's */
};

/* Where a request goes. */
struct cancel_target {
    struct worker *holder; /* not NULL: there is nothing on the server that it could cancel */
    uint64_t session;
    struct address server;
    uint32_t pid;
    uint16_t length;
    uint8_t key[CANCEL_KEY_MAX];
};

struct cancel_table {
    pthread_mutex_t lock;
    const struct os *os;
    struct cancel_entry *heads[1024];
};

void cancel_init(struct cancel_table *table, const struct os *os);
void cancel_release(struct cancel_table *table);
/* A new entry with a random key, at `*entry`; the client's key is entry->keys, `key.length` bytes.
 * PASU_E_NOMEM, PASU_E_CRYPTO, PASU_E_RANGE for a key longer than CANCEL_KEY_MAX. */
PASU_MUST_USE int cancel_add(struct cancel_table *table, struct cancel_entry **entry,
                             uint32_t gateway, uint32_t pid, struct view key,
                             const struct address *server);
/* Removes and frees; NULL is allowed. */
void cancel_remove(struct cancel_table *table, struct cancel_entry *entry);
/* What the session asks for waits in the gate, or (NULL) no more. `entry` may be NULL. */
void cancel_hold(struct cancel_table *table, struct cancel_entry *entry, struct worker *holder,
                 uint64_t session);
/* 0, or PASU_E_CANCEL_UNKNOWN. Keys are compared in constant time. */
PASU_MUST_USE int cancel_find(struct cancel_table *table, struct cancel_target *target,
                              uint32_t gateway, uint32_t pid, struct view key);

#endif
