/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inspector: a thread with a connection of its own to each guarded server, as the role that
 * gateway.inspector names, which reads what the gate must know: here, the password verifiers of
 * roles (function pasu.verifier, sql/inspector.sql). It waits for the server; workers never do. Its
 * sessions do not pass the gateway and are counted as nobody's.
 *
 * A lookup is answered by a TASK_VERIFIER for the session that asked: the verifier; a mock one
 * where the role has none; or an error. Connections are made at the first question and again after
 * a fault.
 */
#ifndef PASU_GATE_INSPECTOR_H
#define PASU_GATE_INSPECTOR_H

#include "gate/worker.h"

PASU_MUST_USE int inspector_start(struct inspector **inspector, struct gate_shared *shared);
/* Asks for the verifier of a role; the answer goes to `worker`. PASU_E_NOMEM, PASU_E_UNAVAILABLE
 * when too many questions wait. The settings are held until the answer. */
PASU_MUST_USE int inspector_ask(struct inspector *inspector, struct worker *worker,
                                uint64_t session, struct settings *settings, uint32_t gateway,
                                const char *role);
/* Connects ahead of the first question, so that a fault shows when pasu starts and not when the
 * first client comes: logs inspector_ready or inspector_failed. */
void inspector_warm(struct inspector *inspector, struct settings *settings, uint32_t gateway);
void inspector_stop(struct inspector *inspector);

#endif
