/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which roles of a server have more rights than others, as the census reads them: superusers and
 * the like, and who can become one; and which replication slots it has, by which all that is
 * written can be fetched later. Of a gateway that has not been asked yet, or has no inspector,
 * nothing is known: its roles have none.
 *
 * Any thread, behind one lock; `turn` tells without it whether something has changed.
 */
#ifndef PASU_GATE_POWERS_H
#define PASU_GATE_POWERS_H

#include "base/list.h"
#include "gate/inspector_link.h"
#include "ledger/message.h"

#include <pthread.h>
#include <stdatomic.h>

enum power {
    POWER_OVER = 1,    /* a superuser, or BYPASSRLS: no right and no policy holds it back */
    POWER_MORE = 2,    /* CREATEROLE, REPLICATION, pg_read_all_data and the like */
    POWER_BECOMES = 4, /* it is a member of such a role */
    POWER_SLOT = 8,    /* no role's: there is a replication slot of that name */
};

/* A role's bits have become others. */
struct power_change {
    char role[NAME_SIZE];
    unsigned before, after;
    int64_t since, seen; /* monotonic: of the last answer without it, and of the first with it */
};
enum { POWER_CHANGES_MAX = 64 }; /* that wait to be told; of more at once, the first ones */

struct powers {
    pthread_mutex_t lock;
    struct list gateways; /* struct power_list */
    _Atomic uint64_t turn;
};

void powers_init(struct powers *powers);
void powers_release(struct powers *powers);
/* Asks an open link, whose search_path is pg_catalog, and keeps what it says of the gateway, and
 * what has changed since it was asked before. Errors of inspector_link_query: what was known stays.
 */
PASU_MUST_USE int powers_ask(struct powers *powers, const char *gateway,
                             struct inspector_link *link, int64_t now);
/* Takes a change that was seen before `now` and that no statement explains which has come, or whose
 * transaction has ended, at `acted` (monotonic); false: there is none left. */
bool powers_take_change(struct powers *powers, const char *gateway, int64_t acted, int64_t now,
                        struct power_change *change);
/* Bits of a role. */
unsigned powers_of(struct powers *powers, const char *gateway, const char *role);

#endif
