/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How certain it is that a value shows the persons whom it is made of (struct certainty in
 * reach.h): what functions and operators leave of that. Expressions put the rest together.
 */
#ifndef PASU_POSTGRES_PLAN_CERTAIN_H
#define PASU_POSTGRES_PLAN_CERTAIN_H

#include "postgres/plan_compare.h"

/* Whether a function is null where an argument is: most of PostgreSQL's own. */
bool certain_is_strict(const struct function_facts *facts);
/* Whether it is a document of its arguments, never null, whatever they are. */
bool certain_is_built(const PgQuery__FuncCall *call, const struct function_facts *facts);
/* Whether such a call can make something of a null that is none. */
bool certain_takes_nulls(const PgQuery__FuncCall *call, const struct function_facts *facts,
                         bool is_aggregate);
/* What of its arguments' certainty an aggregate, a window or another special call has. */
void certain_call(const PgQuery__FuncCall *call, const struct function_facts *facts,
                  bool is_aggregate, struct certainty *certain);
/* What of its operands' certainty an operator's has. */
void certain_operator(const struct plan_work *work, const PgQuery__AExpr *expression,
                      struct side sides[2]);

#endif
