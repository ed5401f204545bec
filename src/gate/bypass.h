/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done about a session that reaches a server around its gateway, as `bypass` says: nothing
 * but to record it, an alert, or its end.
 *
 * It is ended by pg_terminate_backend over the census's connection, with the right to signal others
 * that the inspector's role may have (pg_signal_backend, which ends no superuser's session; a
 * superuser can). Never what can be one of pasu's own: what is not certain, or has the inspector's
 * role, which pasu's commands connect as, too.
 *
 * The server can have ended the process, and given its number to another one, since it was listed;
 * that is a matter of milliseconds, in which numbers do not come round. The census's thread alone.
 */
#ifndef PASU_GATE_BYPASS_H
#define PASU_GATE_BYPASS_H

#include "gate/census_answer.h"

/* VERDICT_OF_ALLOW, VERDICT_OF_ALERT or VERDICT_OF_BLOCK: of a session that `who` says all about.
 */
enum verdict bypass_verdict(const struct config *config, const struct config_gateway *gateway,
                            const struct message_bypass *who);
/* Ends the process. 0: the server has told it to end; PASU_E_NOTFOUND: it is not there any more;
 * PASU_E_DENIED: that is not allowed, and link->detail says why; else as of inspector_link_query.
 */
PASU_MUST_USE int bypass_end(struct inspector_link *link, const struct census_answer *answer,
                             uint32_t pid);

#endif
