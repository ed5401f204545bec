/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many ReadyForQuery messages a server still owes, and so whether a session is idle.
 *
 * A client's messages are units, each ended by one that ReadyForQuery answers: Sync, Query or
 * FunctionCall. After an error in the extended protocol the server skips all up to the next Sync,
 * also a Query, which then is never answered:
 *
 *      Parse Bind Execute Query Sync        Execute fails: one ReadyForQuery, the Sync's
 *      Parse Bind Execute Query Sync        the Query fails: two
 *
 * While it takes COPY data, it ignores Sync: one that was sent ahead of the data is never answered.
 * (One that was sent behind the data's end is: clients send both before they know.)
 *
 *      Parse Bind Execute Sync   ◄ CopyInResponse   data CopyDone Sync         one ReadyForQuery
 *
 * Which of the two it was, after an error, says the number of answers that came before the error:
 * each message of the extended protocol but Flush and Sync has exactly one that ends it. Of a
 * client that is more than PIPELINE_UNITS units ahead only the number is known: a Query that is
 * skipped then leaves it too high, never too low.
 *
 * Source: PostgreSQL manual, "Message Flow"; postgres.c, ignore_till_sync. No memory, no sockets.
 */
#ifndef PASU_POSTGRES_PIPELINE_H
#define PASU_POSTGRES_PIPELINE_H

#include "base/attributes.h"

enum { PIPELINE_UNITS = 8 };

struct pipeline {
    uint32_t due; /* ReadyForQuery messages */
    /* A ring: four times the unit's messages, 2 where its end comes behind that of COPY data, and 1
     * for a Sync. */
    uint16_t units[PIPELINE_UNITS];
    uint8_t first, known; /* of the ring; known < due: the client is far ahead */
    uint16_t asked;       /* messages since the last unit's end */
    uint16_t answered;    /* of the first unit that is not over */
    bool is_skipping;     /* the server skips, and no Sync is on its way */
    bool is_copy_over;    /* CopyDone or CopyFail have been sent since the last Execute or Query */
    bool is_unclean; /* nor a Sync since a Query that stood behind others in its unit: the server
                        can be skipping, or is about to */
};

/* A message with an answer of its own: Parse, Bind, Describe, Execute, Close. */
static inline void
pipeline_ask(struct pipeline *p)
{
    p->asked = (uint16_t)(p->asked + (p->asked < UINT16_MAX / 4));
}

/* The answer of one: ParseComplete, BindComplete, CloseComplete, RowDescription, NoData,
 * CommandComplete, EmptyQueryResponse, PortalSuspended. */
static inline void
pipeline_answer(struct pipeline *p)
{
    p->answered = (uint16_t)(p->answered + (p->answered < UINT16_MAX / 4));
}

/* A unit's end: Sync, or Query or FunctionCall. */
static inline void
pipeline_end_unit(struct pipeline *p, bool is_sync)
{
    if (PASU_UNLIKELY(p->is_skipping)) {
        if (!is_sync)
            return; /* skipped, with what stands before it */
        p->is_skipping = false;
    }
    if (p->known == p->due && p->known < PIPELINE_UNITS)
        p->units[(p->first + p->known++) % PIPELINE_UNITS] =
            (uint16_t)(p->asked * 4u + p->is_copy_over * 2u + is_sync);
    p->due++;
    p->is_unclean = !is_sync && (p->is_unclean || p->asked > 0);
    p->asked = 0;
}

/* ReadyForQuery. True when none is due any more and nothing is on its way. */
static inline bool
pipeline_ready(struct pipeline *p)
{
    if (p->due > 0) {
        p->due--;
        if (p->known > 0) {
            p->known--;
            p->first = (uint8_t)((p->first + 1) % PIPELINE_UNITS);
        }
    }
    p->answered = 0;
    return p->due == 0 && p->asked == 0;
}

/* CopyInResponse: the server ignores the Syncs that are on its way to it ahead of the data. */
void pipeline_copy(struct pipeline *pipeline);
/* ErrorResponse. */
void pipeline_fail(struct pipeline *pipeline);

#endif
