/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function called by message (FunctionCall). What it can return stands in the catalog; what it
 * does beside that (it fills tables, renames, keeps, notifies) is what a SELECT of it does, and is
 * read from the plan of one.
 */
#ifndef PASU_GATE_CALL_H
#define PASU_GATE_CALL_H

#include "gate/ask.h"
#include "gate/expose.h"

/* The plan of a function, held; NULL: it is one of those that show nothing. The errors of
 * plan_cache_get. */
PASU_MUST_USE int call_peek(struct session *session, uint32_t function, struct plan **plan);
/* Of a call that is on its way to the server: its function is known, and not refused as such. What
 * it would keep out of sight is counted, or it is refused. 0; the errors of keep_ask. */
PASU_MUST_USE int call_plan(struct session *session, struct exchange_request *request);
/* What its message, whole, says of its arguments: the keys that they pin. PASU_E_NOMEM; the errors
 * of ordinal_of. */
PASU_MUST_USE int call_pins(struct asking *asking, struct exchange_request *request,
                            struct view body);
/* Its result (bytes NULL: null, or not known) is about to leave. 0, also where a budget
 * has no room for it; or what expose_words says. */
PASU_MUST_USE int call_result(struct session *session, struct exchange_request *request,
                              struct view value, struct judgement *judgement);
/* It has succeeded. 0; the errors of result_effects. */
PASU_MUST_USE int call_done(struct session *session, const struct exchange_request *request);

#endif
