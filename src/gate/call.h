/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function called by message (FunctionCall). What it can return stands in the catalog; what it
 * does beside that (it fills tables, renames, keeps, notifies) is what a SELECT of it does, and is
 * read from the plan of one.
 */
#ifndef PASU_GATE_CALL_H
#define PASU_GATE_CALL_H

#include "gate/observer.h"

/* Of a call that is on its way to the server: its function is known, and not refused as such. What
 * it would keep out of sight is counted, or it is refused. 0; the errors of keep_ask. */
PASU_MUST_USE int call_plan(struct session *session, struct exchange_request *request);
/* It has succeeded. 0; the errors of result_effects. */
PASU_MUST_USE int call_done(struct session *session, const struct exchange_request *request);

#endif
