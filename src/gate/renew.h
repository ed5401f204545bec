/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements live longer than the catalog that they were planned with. The server plans
 * them anew when what they name has changed; so does the gate, before they are used again.
 */
#ifndef PASU_GATE_RENEW_H
#define PASU_GATE_RENEW_H

#include "gate/observer.h"

/* Plans the statement for the present snapshot, if it is another. PASU_E_NOMEM;
 * PASU_E_MEANING_CHANGED: other hidden columns would be needed than the server was given. */
PASU_MUST_USE int renew_prepared(struct session *session, struct prepared *prepared);

#endif
