/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many sessions of a database went past pasu: what its server has counted, less those that came
 * through pasu. Both counts only grow, and everything is taken from the first census on, so that
 * what one cannot settle the next ones do:
 *
 *      server   sessions − base
 *      through  at least those that are ready and began after the first census,
 *               at most all that had not ended well before it
 *      past     server − at most  <=  past  <=  server − at least
 *
 * The lower end is a proof, whenever a session is counted: it is in the server's figure once, and
 * in ours from before its start-up packet. It never falls. The upper end holds where the server
 * counts a session before it says that it is ready (PostgreSQL 15 and later; earlier ones within a
 * second: `ready` is then of the census before), but for a backend that lost a race for the
 * statistics' lock: the next censuses have it.
 *
 * Where the server's figure cannot be compared with the one before, it begins anew. Pure; any
 * thread.
 */
#ifndef PASU_GATE_RECONCILE_H
#define PASU_GATE_RECONCILE_H

#include "ledger/message.h"

/* What a figure of the server's can be compared with: others of the same. */
struct reconcile_epoch {
    uint64_t system;   /* which server; 0: it does not say */
    uint32_t database; /* OID */
    int64_t counting;  /* since when the server has statistics: another time after a crash */
    int64_t reset;     /* when those of the database were last set to nothing; 0: never */
    uint64_t moves;    /* of gateways from one server to another, by this gate */
};

struct reconcile_sight {
    struct reconcile_epoch epoch;
    int64_t at; /* realtime ns */
    uint64_t sessions;
    uint64_t ready; /* of pasu's, before the server was asked: it has counted them */
    uint64_t began; /* after it has answered: it has counted no others */
    uint64_t ended; /* at the census before: they were counted before this one */
    bool is_open;   /* the server can still count sessions of a gate that died: what nothing else
                       explains can be those */
};

struct reconcile {
    bool is_begun;
    struct reconcile_epoch epoch;
    int64_t since, at; /* of the first and the last census; a clock that goes back stands still */
    uint64_t base, sessions;
    uint64_t carried_least, carried_most; /* through, by the gates before */
    uint64_t began_before, ended_before;  /* of this gate's, before the first census */
    uint64_t through_least, through_most;
    uint64_t at_least, at_most; /* past */
};

/* Goes on from the last census of an earlier gate, which must have been its last word. */
void reconcile_go_on(struct reconcile *reconcile, const struct message_census *last);
/* 0, or why this begins anew: enum census_what. */
enum census_what reconcile_take(struct reconcile *reconcile, const struct reconcile_sight *sight);
/* Writes the figures. */
void reconcile_tell(const struct reconcile *reconcile, struct message_census *census);

#endif
