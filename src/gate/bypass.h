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
 * What a gate that died has left behind (gate/left.h) is no session past pasu as long as it does
 * nothing but what it did then: it is recorded. Whoever goes on in it has the gate's connection.
 *
 * The server can have ended the process, and given its number to another one, since it was listed;
 * that is a matter of milliseconds, in which numbers do not come round. The census's thread alone.
 */
#ifndef PASU_GATE_BYPASS_H
#define PASU_GATE_BYPASS_H

#include "gate/census_server.h"

enum bypass_sort {
    BYPASS_PAST,
    BYPASS_LEFT,      /* by an earlier gate */
    BYPASS_LEFT_USED, /* and something is done in it since */
    BYPASS_TEST,      /* of `pasu doctor` (gate/visit.h) */
    BYPASS_OWN,       /* of a command, or a test that was found, as an earlier gate has recorded */
};

/* Does what is to be done about it, and says in who->verdict what was done: VERDICT_OF_ALLOW,
 * VERDICT_OF_ALERT or, where the server has told the process to end, VERDICT_OF_BLOCK. is_first: it
 * is logged where that could not be. */
void bypass_act(struct census_room *room, struct census_server *server, enum bypass_sort sort,
                bool is_first, struct message_bypass *who);
/* Whether bypass.except names it. */
bool bypass_is_excepted(const struct config *config, const struct message_bypass *who);
/* `why` "": there is none. */
void bypass_log(const struct census_room *room, enum log_event event,
                const struct message_bypass *who, const char *why);

#endif
