/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When sessions have last written to which table of a database, or can have: what the identity
 * index says of a table holds as long as nobody has written to it since it was read.
 *
 *      session   UPDATE customers …    open + 1, written = now     before the server hears of it
 *                its transaction ends  written = now, open - 1     whatever became of it
 *
 * Tables are told apart by their OIDs' last bits: one that is taken for another is written more
 * often. What adds rows, and takes or changes none, is kept apart: where the server allows no value
 * twice, rows that are added have none of those that are there.
 *
 * One for all places that are one database (gate/catalog_store.h). Any thread, without a lock; what
 * a session has open is its worker's.
 */
#ifndef PASU_GATE_IDENTITY_WATCH_H
#define PASU_GATE_IDENTITY_WATCH_H

#include "base/os.h"
#include "postgres/catalog.h"
#include "postgres/plan.h"

enum { IDENTITY_WATCH_TABLES = 64 };

struct identity_bell;

struct identity_stamp {
    _Atomic uint32_t open; /* transactions */
    _Atomic int64_t at;    /* monotonic; 0: never */
};

struct identity_watch {
    struct identity_stamp changed[IDENTITY_WATCH_TABLES], added[IDENTITY_WATCH_TABLES];
    struct identity_stamp unwatched; /* sessions, for want of an index in their settings */
    struct identity_bell *bell;      /* rung when something that has written is over; or NULL */
};

/* Of one session's transaction: bits of tables. */
struct identity_share {
    uint64_t changed, added;
};

/* A statement is about to go to the server. `catalog` and `statement` may be NULL: it can write to
 * any table. */
void identity_watch_ask(struct identity_watch *watch, struct identity_share *share,
                        const struct os *os, const struct catalog *catalog,
                        const struct plan_statement *statement);
/* The session's transaction is over. */
void identity_watch_settle(struct identity_watch *watch, struct identity_share *share,
                           const struct os *os);
/* A session begins that says nothing of what it writes; it ends. */
void identity_watch_miss(struct identity_watch *watch);
void identity_watch_missed(struct identity_watch *watch, const struct os *os);
/* Whether nothing has been written to the table since (monotonic), nor is being. */
bool identity_watch_is_quiet(const struct identity_watch *watch, uint32_t relation, bool is_unique,
                             int64_t since);

/* Whether somebody is writing to it, or may be. */
bool identity_watch_is_open(const struct identity_watch *watch, uint32_t relation);

#endif
