/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements live longer than the catalog that they were planned with. The server plans
 * them anew when what they name has changed; so does the gate, before they are used again.
 */
#ifndef PASU_GATE_RENEW_H
#define PASU_GATE_RENEW_H

#include "gate/observer.h"

/*
 * Plans the statement for the present snapshot, if it is another. Where other hidden columns would
 * be needed than the server was given, the old plan stays, and is doubted when it is bound
 * (gate/doubt.h): the client gets what the server says, and it counts as the most it can be.
 * PASU_E_NOMEM; PASU_E_MEANING_CHANGED: it is refused by now.
 */
PASU_MUST_USE int renew_prepared(struct session *session, struct prepared *prepared);

#endif
