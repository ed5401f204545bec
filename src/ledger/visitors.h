/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to servers that pasu's own commands have announced (gate/visit.h), as the keeper
 * keeps them: a gate that dies has forgotten them, and to the next one they would be sessions past
 * pasu. So that one is told of them again, before anything else: which are still to come, and which
 * have come and of which it has not recorded that they are a command's. What it has recorded the
 * next one reads in the ledger.
 *
 * Where the keeper dies with the gate what has no record yet is lost: a command asks over one
 * connection after the other and does not notice. Its session is one past pasu then, a false alarm.
 *
 * For a minute, as the gate does. No memory is allocated. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_VISITORS_H
#define PASU_LEDGER_VISITORS_H

#include "base/channel.h"
#include "base/os.h"
#include "ledger/message.h"

enum { VISITORS_MAX = 64, VISITOR_SECONDS = 60, VISITOR_COUNT_MAX = 4 };

struct visitor {
    struct message_try visit; /* its token 0: free; its count: of those that no record has */
    int64_t since;            /* monotonic */
    struct message_try arrived[VISITOR_COUNT_MAX];
    uint32_t arrived_count; /* of these */
};

struct visitors {
    struct visitor items[VISITORS_MAX];
};

/* TRY_OF_VISIT. The one that is the oldest makes room. */
void visitors_announce(struct visitors *visitors, const struct message_try *visit, int64_t now);
/* TRY_OF_ARRIVAL. */
void visitors_arrive(struct visitors *visitors, const struct message_try *arrival);
/* The gate has recorded it. */
void visitors_recorded(struct visitors *visitors, const struct message_backend *backend);
/* Another gate is there. */
void visitors_tell(struct visitors *visitors, struct channel *gate, int64_t now);

#endif
