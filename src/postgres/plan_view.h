/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of views, parsed once a text: what their columns carry is what their queries' columns
 * do.
 */
#ifndef PASU_POSTGRES_PLAN_VIEW_H
#define PASU_POSTGRES_PLAN_VIEW_H

#include "postgres/plan_work.h"

/* The query of a view, or NULL where it is not known or not understood. */
const PgQuery__SelectStmt *plan_view_query(struct plan_work *work,
                                           const struct catalog_relation *view);

/* The tokens of its definition, once that was read. */
struct sql_tokens plan_view_tokens(struct plan_work *work, const struct catalog_relation *view);

#endif
