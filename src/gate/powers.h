/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which roles of a server have more rights than others, as the census reads them: superusers and
 * the like, and who can become one. Of a gateway that has not been asked yet, or has no inspector,
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
};

struct powers {
    pthread_mutex_t lock;
    struct list gateways; /* struct power_list */
    _Atomic uint64_t turn;
};

void powers_init(struct powers *powers);
void powers_release(struct powers *powers);
/* Asks an open link, whose search_path is pg_catalog, and keeps what it says of the gateway.
 * Errors of inspector_link_query: what was known stays. */
PASU_MUST_USE int powers_ask(struct powers *powers, const char *gateway,
                             struct inspector_link *link);
/* Bits of a role. */
unsigned powers_of(struct powers *powers, const char *gateway, const char *role);

#endif
