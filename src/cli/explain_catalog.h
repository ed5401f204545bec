/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog snapshot that the gate would plan with, loaded by a command: by the gate's own store
 * (gate/catalog_store.h), as the gateway's inspector, with the marks that the ledger has.
 *
 * What a running gate has seen in passing and the ledger has not been told of yet (a mapped table
 * that was renamed since it started) this snapshot does not know. One thread.
 */
#ifndef PASU_CLI_EXPLAIN_CATALOG_H
#define PASU_CLI_EXPLAIN_CATALOG_H

#include "cli/ask.h"
#include "gate/catalog_store.h"

#include <pthread.h>

struct explain_catalog {
    struct settings *settings;
    struct catalog *catalog; /* held */
    bool has_marks;          /* the ledger was read, or there is none */
    /* its own */
    struct catalog_store *store;
    struct catalog_place *place;
    struct log log;
    pthread_mutex_t lock;
    pthread_cond_t told;
    uint32_t gateway;
    uint64_t visit; /* by which the guard knows that it comes */
    int result;     /* 1: not told yet */
};

/* Takes the model out of `ask`, with its files; `database` NULL: the inspector's. 0, or the exit
 * status after a complaint. Close it in any case. */
PASU_MUST_USE int explain_catalog_open(struct explain_catalog *e, struct ask *ask, size_t gateway,
                                       const char *database);
void explain_catalog_close(struct explain_catalog *e);

#endif
