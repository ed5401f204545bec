/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that pasu's own commands are about to make to a server as its inspector, past pasu:
 * `pasu check --connect`, `doctor`, `explain` and their kin announce each over the control socket,
 * and get a token, which stands in its application's name. As many sessions with it as were
 * announced are no alert; they are recorded as sessions past pasu all the same. One that is over
 * before anybody can see whose it was is taken off those that nobody has seen, once.
 *
 * Whoever may use the control socket can announce one; each is a record (SEGMENT_ASKED, "visit").
 * The main thread adds, the census's takes.
 */
#ifndef PASU_GATE_VISIT_H
#define PASU_GATE_VISIT_H

#include "base/os.h"
#include "ledger/message.h"

#include <pthread.h>

enum { VISITS_MAX = 64, VISIT_SECONDS = 60, VISIT_COUNT_MAX = 4 };

#define VISIT_PREFIX "pasu check " /* and the token, in sixteen digits */

struct visit {
    uint64_t token;
    uint32_t left; /* how many are to come; 0: free */
    int64_t until; /* monotonic */
    char gateway[GATEWAY_NAME_SIZE], database[NAME_SIZE];
};

struct visits {
    pthread_mutex_t lock;
    struct visit items[VISITS_MAX];
};

typedef bool visit_leads(const void *arg, const char *gateway);

void visits_init(struct visits *visits);
/* One that finds no room is an alert. */
void visits_add(struct visits *visits, const struct message_try *asked, int64_t now);
/* Whether a session is one of these, by its application's name, which is cut to the command's: then
 * one less is to come. */
bool visits_take(struct visits *visits, char *application, int64_t now);
/* How many of `most` sessions of a database can be such; they are used up. `leads`: whether a
 * gateway's sessions are those of the server that is asked about. */
uint64_t visits_take_unseen(struct visits *visits, const char *database, uint64_t most, int64_t now,
                            visit_leads *leads, const void *arg);

#endif
