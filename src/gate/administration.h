/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What administrators do in a session (postgres/plan_administer.h): each such statement is recorded
 * before it is sent, whether it touches a person or not, and so whether or not it then succeeds;
 * and, unless the configuration says otherwise, it is an alert. So is that a superuser, a role with
 * BYPASSRLS or an administrator of the roster is shown persons.
 *
 * Of SET ROLE, which poolers do all the time, only the server knows what it is: it counts where the
 * role has more rights than the one that has logged in (gate/powers.h), or where it cannot be told
 * which role it is, and it could be such a one. All of a session's worker.
 */
#ifndef PASU_GATE_ADMINISTRATION_H
#define PASU_GATE_ADMINISTRATION_H

#include "postgres/exchange.h"

#include <stdint.h>

struct exposure;
struct session;

/* Of an observer. */
struct administration {
    uint64_t turn;  /* of the powers that `power` is of; 0: of none */
    unsigned power; /* of the role that has logged in */
    bool is_raised; /* SET ROLE may have given it more */
    bool has_acted; /* in its transaction, rights may have been changed */
};

/* FLAG_BITs of a statement that is one; 0: it is none. */
uint64_t administration_of(struct session *session, const struct plan_statement *statement);
/* FLAG_BIT(PRIVILEGED), where whoever is shown persons now is such a one; else 0. */
uint64_t administration_reader(struct session *session);
/* Records what the request is about to run, unless it is refused. Errors as of expose_act. */
PASU_MUST_USE int administration_ask(struct session *session,
                                     const struct exchange_request *request,
                                     const struct plan *plan);
/* The same of one statement; NULL: nobody knows which. */
PASU_MUST_USE int administration_execute(struct session *session,
                                         const struct plan_statement *statement);
/* SET ROLE, RESET ROLE, DISCARD ALL have succeeded. */
void administration_done(struct session *session, const struct plan_statement *statement);
/* Its transaction is over. */
void administration_over(struct session *session);
/* Whether a record of these flags, about which no rule and no budget has decided, is an alert. */
bool administration_alerts(struct session *session, uint64_t flags);

#endif
