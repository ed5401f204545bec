/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server says of its sessions when it is asked: how many it has counted in each database,
 * and, where the inspector's role may see them (pg_read_all_stats), who is connected.
 *
 * The census's thread alone. Room is made once, as much as a server needed at most, and kept.
 */
#ifndef PASU_GATE_CENSUS_ANSWER_H
#define PASU_GATE_CENSUS_ANSWER_H

#include "gate/inspector_link.h"
#include "ledger/message.h"

enum { CENSUS_ROWS_MAX = 20000 };

struct census_count {
    uint32_t oid;
    uint64_t sessions;
    int64_t reset; /* realtime ns; 0: never */
    char database[NAME_SIZE];
};

struct census_backend {
    int64_t age;           /* ns; it began no earlier than so long before the server was asked */
    int64_t statement_age; /* ns; so did its last statement. 0: it has none, or that is not known */
    bool is_idle;          /* it waits for its client */
    struct message_bypass who;
};

struct census_answer {
    /* Of the connection, asked once: */
    uint64_t system;  /* the server's identifier; 0: not known */
    int64_t started;  /* when the server was, by its clock */
    uint32_t version; /* as 150004 */
    bool is_pooled;   /* what is at the other end is not the process that it says it is */
    bool is_other;    /* it works as pg_read_all_stats */
    /* Asked each time: */
    int64_t asked; /* monotonic */
    bool may_see;
    int64_t counting; /* since when it has statistics */
    struct census_count *counts;
    struct census_backend *backends;
    size_t count, count_space, backend_count, backend_space;
};

void census_answer_release(struct census_answer *answer);
/* Over a link that has just been opened. Errors of inspector_link_query. */
PASU_MUST_USE int census_answer_greet(struct census_answer *answer, struct inspector_link *link);
/* Counts, and then backends; only those of sessions (and of replication, which is not counted).
 * PASU_E_RANGE: too many. */
PASU_MUST_USE int census_answer_ask(struct census_answer *answer, struct inspector_link *link);

#endif
