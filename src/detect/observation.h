/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An observation: one line of a log, or one exposure of the gateway, as the detectors see it. Made
 * by a source (scan's readers, the gateway's stream), read by src/detect.
 *
 * It holds no personal value: whoever makes it replaces names, addresses and keys by a keyed hash
 * (SipHash with a secret of this run), because whoever is watched chooses them. 0 is "not known";
 * a hash that happens to be 0 is written as 1.
 */
#ifndef PASU_DETECT_OBSERVATION_H
#define PASU_DETECT_OBSERVATION_H

#include "base/attributes.h"

#include <assert.h>

/* The lattice of principals: one read is judged on each axis that is known. */
enum axis {
    AXIS_ACCOUNT, /* who is logged in, or the database's role */
    AXIS_TOKEN,   /* the key or issuer that a token names, not the single token */
    AXIS_SESSION, /* one login: a cookie, the single token, a database session */
    AXIS_ADDRESS,
    AXIS_NETWORK, /* the /24, or the /48, that the address is in */
    AXIS_ASN,
    AXIS_AGENT, /* the client program as it names itself */
    AXIS_COUNT,
};

/* Who shares it are as many as it happens, one home or a carrier's thousands, one script or half of
 * all browsers: its numbers are of several kinds. */
static inline bool
axis_is_shared(enum axis axis)
{
    return axis == AXIS_NETWORK || axis == AXIS_ASN || axis == AXIS_AGENT;
}

enum observed {
    OBSERVED_SHOWN, /* fields of the subject were shown */
    OBSERVED_MISS,  /* a subject was asked for and there is none: 404, 403, no row */
    OBSERVED_LOGIN, /* the account, session (or both) logged in, or was refreshed */
    OBSERVED_OTHER, /* any other request: pages, images, searches; subject 0 */
    OBSERVED_BOUND, /* fields of persons were shown whom nobody names: of `number` at most; subject
                       0 */
};

enum { OBSERVED_COUNT = OBSERVED_BOUND + 1 };

#define NUMBER_NONE UINT64_MAX /* the subject's key is no whole number */

struct observation {
    int64_t time;             /* nanoseconds since 1970-01-01 UTC */
    uint64_t subject;         /* hash of kind and key; 0: none */
    uint64_t number;          /* the key itself where it is a whole number, else NUMBER_NONE;
                                 OBSERVED_BOUND: how many persons */
    uint64_t who[AXIS_COUNT]; /* hashes; 0: not known */
    uint64_t fields;          /* one bit for each field that was shown, as in the vocabulary */
    uint64_t offset;          /* where the line begins in its file */
    uint32_t file;            /* the source's number for the file */
    uint32_t asn;             /* 0: not known */
    uint16_t country;         /* two letters, the first in the upper byte; 0: not known */
    uint8_t kind;             /* kind of subject */
    uint8_t what;             /* enum observed */
    uint32_t spare;           /* 0 */
};

static_assert(sizeof(struct observation) == 8 * (4 + AXIS_COUNT + 1) + 16,
              "no holes: it is cached");

#endif
