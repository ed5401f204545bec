/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which database it is that an inspector's link is connected to, in the server's own words, and how
 * far the server's transactions are: asked before each snapshot.
 */
#ifndef PASU_GATE_CATALOG_ORIGIN_H
#define PASU_GATE_CATALOG_ORIGIN_H

#include "gate/inspector_link.h"

struct catalog_origin {
    uint64_t system;   /* of the cluster, and of its copies; 0: the server does not say */
    uint32_t database; /* OID: the same when it is renamed */
    bool is_standby;   /* what it shows can be behind what others know */
    uint64_t oldest;   /* of its transactions: all before this one are over */
};

/* Errors of inspector_link_query. */
PASU_MUST_USE int catalog_origin_ask(struct inspector_link *link, struct catalog_origin *origin);
/* A number that is higher than those of all transactions that have begun to write. It uses one up;
 * a standby has none to give. 0 where the server gives none. Errors of inspector_link_query. */
PASU_MUST_USE int catalog_origin_next(struct inspector_link *link, uint64_t *next);

#endif
