/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of SASL inside PostgreSQL's messages, read: which mechanisms a server offers, and
 * which one a client chose. The views are message bodies, without type byte and length; they are
 * hostile.
 */
#ifndef PASU_POSTGRES_SASL_H
#define PASU_POSTGRES_SASL_H

#include "base/bytes.h"

/* What a server offers of what we speak; it may offer other mechanisms beside. */
struct sasl_offer {
    bool scram;      /* SCRAM-SHA-256 */
    bool scram_plus; /* SCRAM-SHA-256-PLUS */
};

/* Reads AuthenticationSASL after its code 10: names, each with a zero byte, and a last zero byte.
 * PASU_E_MALFORMED, also where no name is there. */
PASU_MUST_USE int sasl_offer_parse(struct sasl_offer *offer, struct view names);
/*
 * Reads SASLInitialResponse: the mechanism's name and the first message (both borrow).
 * PASU_E_MALFORMED, also where there is no first message: the protocol allows that for mechanisms
 * in which the server speaks first, no SCRAM client does it.
 */
PASU_MUST_USE int sasl_initial_parse(struct view body, struct view *mechanism, struct view *data);

#endif
