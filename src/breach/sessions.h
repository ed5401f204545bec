/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a session is, as its OPENED entry says: exposures name their session by its identity only.
 *
 * A session is known from its OPENED entry until an hour of the ledger's time after its CLOSED one
 * (what it showed last may be recorded a little later), so that memory is that of the sessions that
 * ran at one time, not of all. One whose OPENED is not in the ledger was carried unrecorded, or
 * stands in a damaged part: it is unknown, never guessed.
 */
#ifndef PASU_BREACH_SESSIONS_H
#define PASU_BREACH_SESSIONS_H

#include "breach/map.h"
#include "ledger/message.h"

struct session_info {
    uint64_t id;
    uint64_t seq;   /* of its OPENED entry; 0 where it is not known */
    int64_t opened; /* realtime ns */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];
    char database[NAME_SIZE];
    char application[APPLICATION_SIZE];
    char address[ADDRESS_SIZE];   /* "local" for a Unix socket */
    struct message_origin origin; /* of it, when the session began */
    uint32_t profile;             /* breach/index_names.h; 0: not asked for */
};

struct sessions {
    struct map places;
    struct session_place *items;
    size_t count, space;
    uint32_t free_list;                 /* 1-based, 0: none */
    uint32_t closed_first, closed_last; /* the closed ones in order; 1-based */
    int64_t closed;                     /* of the one that closed last, here or not, */
    bool has_closed;                    /* which is not forgotten yet */
};

struct session_place {
    struct session_info info;
    int64_t closed;
    uint32_t next; /* in its list; 1-based */
    bool is_closed;
};

void sessions_release(struct sessions *sessions);
/* The texts of the entry need not end with a zero. PASU_E_NOMEM. */
PASU_MUST_USE int sessions_open(struct sessions *sessions, uint64_t seq,
                                const struct message_session *opened);
/* They are forgotten in the order in which they close: where the clock was set back meanwhile, one
 * has closed no earlier than those before it that are still known. Whether it was open. */
bool sessions_close(struct sessions *sessions, uint64_t id, int64_t now);
/* One that is known to others closed: for who keeps only some of them. */
void sessions_close_other(struct sessions *sessions, int64_t now);
/* Forgets those that closed an hour ago. */
void sessions_forget(struct sessions *sessions, int64_t now);
/* Forgets one of them, the first that closed, and says which; false where there is none. For who
 * keeps something of each session. */
bool sessions_forget_one(struct sessions *sessions, int64_t now, uint64_t *id);
/* What the index calls it from now on; of one that is known. */
void sessions_mark(struct sessions *sessions, uint64_t id, uint32_t profile);
/* All that are known: the closed ones as they closed, with that time, then the others, with 0. What
 * `see` returned, if not 0. */
PASU_MUST_USE int
sessions_each(const struct sessions *sessions,
              int (*see)(void *arg, const struct session_info *session, int64_t closed), void *arg);
/* NULL where it is unknown; valid until the next call of the others. */
const struct session_info *sessions_get(const struct sessions *sessions, uint64_t id);

#endif
