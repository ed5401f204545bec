/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that can put values where neither rows nor marks show them later: code that makes
 * names, comments or defaults of them, sequences, settings. Nobody can say afterwards what was put
 * there and who reads it: they count as having shown all that they can read, to whoever runs them,
 * before they are sent on; where a budget has no room for that, or a rule blocks it, they are refused, and where the
 * ledger has none, they wait (gate/hold.h).
 */
#ifndef PASU_GATE_KEEP_H
#define PASU_GATE_KEEP_H

#include "gate/observer.h"

/* Counts what the statements of a plan keep that the request is about to run; sets is_refused and
 * is_beyond, or is_told. 0, or what expose_words says. */
PASU_MUST_USE int keep_ask(struct session *session, struct exchange_request *request,
                           const struct plan *plan);
/* The same of the one statement that a Bind is of. */
PASU_MUST_USE int keep_bind(struct session *session, struct exchange_request *request,
                            const struct plan_statement *statement);

#endif
