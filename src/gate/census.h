/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The census: a thread that asks each gateway's server, as the inspector, how many sessions it has
 * counted in each database and who is connected, and compares that with the sessions that pasu
 * knows of (gate/reconcile.h). At the start, every two seconds, when somebody looks at the status,
 * and last of all when every session has ended.
 *
 * What it finds goes to the keeper as records: MESSAGE_CENSUS when sessions went past pasu, when it
 * begins and ends, and every ten minutes; MESSAGE_BYPASS once for each backend that is not pasu's,
 * where the role may see it. Databases that pasu has no session in are nobody's business, but the
 * inspector's own.
 *
 * A server is one, whatever gateways lead to it: it is told of under the first one's name. Sessions
 * of a gateway whose server is not known, or has not answered, count for every server, so that none
 * of them can seem to have gone past pasu; where a gateway comes to lead to another server, all
 * begins anew.
 *
 * It costs a server two short statements each time; nobody waits for it.
 */
#ifndef PASU_GATE_CENSUS_H
#define PASU_GATE_CENSUS_H

#include "gate/worker.h"

/* The past has been read (shared->through). PASU_E_NOMEM, … */
PASU_MUST_USE int census_start(struct census **census, struct gate_shared *shared);
/* From now on these settings. */
void census_configure(struct census *census, struct settings *settings);
/* One is to be taken now; somebody wants to know: what it finds is recorded even where that is not
 * much. NULL is allowed. */
void census_soon(struct census *census, bool is_wanted);
/* Takes the last one. NULL is allowed. */
void census_stop(struct census *census);

#endif
