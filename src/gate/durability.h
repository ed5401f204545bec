/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How durable a session's records are to be before what they tell of is shown: by the rules of the
 * configuration in force (gate/session_rules.h), else by its ledger.durability.
 */
#ifndef PASU_GATE_DURABILITY_H
#define PASU_GATE_DURABILITY_H

#include "config/durability.h"
#include "exposure/exposure.h"

struct plan_statement;
struct session;
struct worker;

/* Of a record of the statement (NULL: of none that is known). PASU_E_NOMEM. */
PASU_MUST_USE int durability_of_exposure(struct session *session, const struct exposure *exposure,
                                         const struct plan_statement *statement,
                                         enum durability *durability);
/* Of marks, which concern whoever reads what is marked: the most that anybody's records are to be.
 * Without a session (NULL), what holds without rules. */
enum durability durability_of_marks(struct worker *worker, const struct session *session);

#endif
