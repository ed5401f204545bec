/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that pasu itself has with servers, clients' and its own, as the server counts them:
 * by gateway and database. What the server has counted beyond them went past pasu
 * (gate/reconcile.h).
 *
 *      began   the server may count it from here on: the start-up packet has been sent
 *      ready   it has: PostgreSQL reports a session before its first ReadyForQuery
 *      ended   the connection is closed
 *
 * A session that the server has refused, or still waited to be authenticated, is taken back: it
 * will never be counted. One that is carried without a record (on_failure: open) is never ready:
 * whether the keeper has still written it down nobody knows, so it can have gone past pasu.
 *
 * Sessions of pasu's own commands, which go to a server past the gate, are counted as well
 * (gate/visit.h): guests. They make no database one that is looked after.
 *
 * Each session's process number is kept until the server does not show it any more, so that it can
 * be told from those of others. Any thread, behind one lock, which is taken a few times a session.
 */
#ifndef PASU_GATE_THROUGH_H
#define PASU_GATE_THROUGH_H

#include "base/list.h"
#include "base/os.h"
#include "gate/left.h"
#include "ledger/message.h"

#include <pthread.h>

/* What was known at a time. */
struct through_sight {
    uint64_t ready, ended, nameless;
};

enum { THROUGH_PLACES_MAX = 1000, THROUGH_ENDED_MAX = 100000 };

/* One database behind one gateway; database "": any of those that clients have named beyond so
 * many. The owner of the table may read all of it under the lock. */
struct through_place {
    struct list link;
    char gateway[GATEWAY_NAME_SIZE], database[NAME_SIZE];
    uint64_t began, ready, ended;
    uint64_t guests;           /* of these that began */
    uint64_t starting;         /* have begun, and their process is not known yet */
    struct list pending;       /* struct through_session: these, the oldest first */
    int64_t lost, lost_before; /* monotonic: when the first one began that ended nameless since
                                  `last` was, and between `settled` and it; 0: none did */
    uint64_t nameless;         /* began, and ended without their process ever being known */
    struct through_sight now, last, settled; /* settled: some seconds before `last` */
    bool has_past;                           /* the ledger has a census of it: */
    struct message_census past;              /* the last */
};

struct through {
    const struct os *os;
    int64_t looked; /* monotonic */
    pthread_mutex_t lock;
    struct list places;
    size_t place_count;
    struct list processes[1024]; /* struct through_session, by pid */
    size_t ended_count;          /* of these */
    int64_t forgotten;           /* monotonic: when there were too many of these; 0: never */
    struct left left;            /* of the gates before */
    bool has_died;               /* the gate before did not end in order */
};

/* A session's; NULL: it is not counted. */
struct through_session;

void through_init(struct through *through, const struct os *os);
void through_release(struct through *through);

/* A session begins; is_counted: by the server (replication is not). NULL: no memory; it must not go
 * on. */
PASU_MUST_USE struct through_session *through_begin(struct through *through, const char *gateway,
                                                    const char *database, bool is_counted);
/* One of pasu's own commands is about to begin; NULL: no memory. */
PASU_MUST_USE struct through_session *
through_begin_guest(struct through *through, const char *gateway, const char *database);
/* The server has counted it, and its process is not told: whoever sees that is to take it for
 * somebody else's, until through_process. */
void through_hide(struct through_session *session);
/* Which process of the server it is. */
void through_process(struct through_session *session, uint32_t pid);
void through_ready(struct through_session *session);
/* It is carried, and may not be recorded. */
void through_disown(struct through_session *session);
/* Its connection is closed; `is_refused`: the server cannot have counted it. NULL is allowed. */
void through_end(struct through_session *take_session, bool is_refused);

/* ---- for the census, with the lock held ---- */

/* A place, made where there is none; NULL: no memory. */
struct through_place *through_place(struct through *through, const char *gateway,
                                    const char *database);
/* Whether the sessions of a gateway can be those of the server that is asked about. */
typedef bool through_leads(const void *arg, const char *gateway);
/* Whether a backend of that server, which began at `began` (monotonic ns, to a second) or later, is
 * one of pasu's. */
bool through_is_ours(struct through *through, uint32_t pid, int64_t began, through_leads *leads,
                     const void *arg);
/* Monotonic: what began earlier at the server is none of the place's sessions whose process is not
 * known; INT64_MAX: there are no such sessions. */
int64_t through_unclear(const struct through_place *place);
/* Before the servers are asked: keeps what is known now, and what was some seconds ago (settled:
 * all that the server has to tell of these it has told). */
void through_look(struct through *through);
/* Forgets the processes of sessions that ended, and were not seen, since `then` (monotonic); where
 * there are more than THROUGH_ENDED_MAX, since `at_most`. What began before `forgotten` may be one
 * of them. */
void through_forget(struct through *through, int64_t then, int64_t at_most);
/* While the past is read: the ledger's last census of a database, and the processes of sessions. */
void through_remember(struct through *through, const struct message_census *census);
void through_remember_process(struct through *through, const struct message_backend *backend);

#endif
