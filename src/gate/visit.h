/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that pasu's own commands, and the clerk, make to a server past the gate: `pasu check
 * --connect`, `doctor`, `explain`, `notify`, `index build` and their kin. They are pasu's own, and
 * counted as such (gate/through.h), because the command says so over the control socket:
 *
 *      VISIT     so many are coming: from here on the server may count them. A record
 *                (SEGMENT_ASKED, "visit"), and a token
 *      ARRIVAL   with the token: one is there, and which process of the server it has. A record
 *                (SEGMENT_BACKEND)
 *
 * It is the number of the process that makes one pasu's own: nothing that a client can say to the
 * server does. Whoever knows the inspector's password can log in as it, under any application's
 * name, and is past pasu. Who may use the control socket (root, the account that pasu runs as) can
 * name any process as a command's; each is in the ledger, with whose word it was.
 *
 * What was announced and does not come within a minute can still have been counted by the server:
 * it stays open in the census.
 *
 * A test of `pasu doctor` (TRIAL_OF_BYPASS) is announced, too, and then named as one that is to be
 * seen as somebody else's: it is counted as pasu's, and found past pasu. A process's number comes
 * again; so the test is the one that the server began at the moment that the command has asked it
 * for, and no other.
 *
 * The keeper keeps what was announced, and says it again to a gate that comes after one that died
 * (ledger/visitors.h).
 *
 * The main thread adds, the census's looks; behind a lock.
 */
#ifndef PASU_GATE_VISIT_H
#define PASU_GATE_VISIT_H

#include "gate/through.h"

enum { VISITS_MAX = 64, VISIT_SECONDS = 60, VISIT_COUNT_MAX = 4 };

struct visit {
    uint64_t token; /* 0: free */
    int64_t until;  /* monotonic */
    uint32_t pid;   /* of a test, which has been counted and is to be found; else 0 */
    uint32_t port;
    int64_t began;                                     /* of that process, by the server's clock */
    struct through_session *sessions[VISIT_COUNT_MAX]; /* that are to come; NULL: none */
    char gateway[GATEWAY_NAME_SIZE], database[NAME_SIZE], principal[NAME_SIZE];
};

struct visits {
    struct through *through;
    pthread_mutex_t lock;
    struct visit items[VISITS_MAX];
};

void visits_init(struct visits *visits, struct through *through);
/* What was to come does not: before through_release. */
void visits_release(struct visits *visits);
/* Those that find no room are sessions past pasu. */
void visits_announce(struct visits *visits, const struct message_try *asked, int64_t now);
/* One of them is there; its process 0: none of those that are left comes, nor was let in. True
 * where there is a record of it: `backend` is filled in. */
bool visits_arrive(struct visits *visits, const struct message_try *asked,
                   struct message_backend *backend);
/* One of them is there, and is to be found: TRIAL_OF_BYPASS. */
void visits_test(struct visits *visits, const struct message_try *asked);
/* Whether a session past pasu, of the server whose gateways `leads` knows, is such a one: from now
 * on it is pasu's, and there is a record of it. */
bool visits_find(struct visits *visits, const struct message_bypass *who, through_leads *leads,
                 const void *arg, struct message_backend *backend);
/* Gives up on those that should have come by now. */
void visits_look(struct visits *visits, int64_t now);

#endif
