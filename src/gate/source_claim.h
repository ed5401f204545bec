/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an application says that its user is: the first that is there of the sources that the
 * configuration names (sources.claimed_from), read as those of the actor are (gate/actor.h).
 *
 *      ADDRESS                       a claim of who holds the connection. Rules must let both pass:
 *                                    the connection's address and it
 *      ADDRESS;TIME;SIGNATURE        TIME in seconds since 1970, SIGNATURE the HMAC-SHA-256 (RFC
 *                                    2104), in hexadecimal, of "ADDRESS;TIME" with the key of
 *                                    sources.claim_key_file: all of its 64 digits, or the first 32
 *                                    (HMAC-SHA-256-128), for which application_name has room,
 *                                    with an IPv4 address. Where that is right, and TIME is no
 *                                    farther from the gateway's clock than sources.claim_age, it
 *                                    counts instead of the connection's address; else as without
 *
 * A claim is as old as it was when its statement began: a result that takes long, and one that
 * waits to be approved, are judged by one claim as a whole. Each Execute and each FETCH begins
 * anew.
 *
 * What is there and no address is a claim of nowhere: no network has it, no database knows it. A
 * signature says that who has the key has made it, not whose statement it is for: whoever sees one
 * can use it as long as it is fresh.
 */
#ifndef PASU_GATE_SOURCE_CLAIM_H
#define PASU_GATE_SOURCE_CLAIM_H

#include "base/address.h"
#include "exposure/exposure.h"

struct config;
struct session;

/* Why a claim that is there does not count instead of the connection's address. */
enum source_doubt { SOURCE_NO_DOUBT, SOURCE_NOWHERE, SOURCE_UNSIGNED, SOURCE_WRONG, SOURCE_STALE };

struct source_claim {
    char text[EXPOSURE_SOURCE_MAX]; /* as records have it; "": there is none */
    bool is_signed;
    enum source_doubt doubt; /* of one that is not signed, where a key is configured */
    struct address address;  /* length 0: it is none */
};

/* A client's message is in hand: its statements begin now, or, of one that has waited to be
 * approved, when that was asked. */
void source_claim_begin(struct session *session);
/* Now, as far as what is being asked is judged by the time: when it came, where that is known, and
 * it has not waited since. */
int64_t source_claim_moment(const struct session *session);
/* What it has asked for is in the exchange. */
void source_claim_asked(struct session *session);
/* Of what is being asked, or answered. Only where the configuration reads any; else none. */
void source_claim_now(const struct session *session, struct source_claim *claim);
/* Whether statements may make claims that count instead of the connection's address. */
bool source_claim_may_count(const struct config *config);
/* What a client is told besides of a rule about where somebody is: "; what was said ..."; "" where
 * there is nothing to say. */
const char *source_claim_trouble(const struct source_claim *claim);
/* Reads a claim's text, at that time (realtime ns). */
void source_claim_read(struct source_claim *claim, const char *text, const struct config *config,
                       int64_t now);

#endif
