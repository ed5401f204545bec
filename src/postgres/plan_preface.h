/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the names in a COPY, or in some queries, mean, in the server's own words.
 *
 * Rows of a COPY come without a RowDescription: nothing says that no temporary table has taken the
 * place of the one that the plan means, be it one that this connection made for somebody else (a
 * pooler before the server lends it to many). So the server is asked in the same Query:
 *
 *      SELECT pg_catalog.to_regclass('"customers"')::pg_catalog.oid; COPY customers TO STDOUT
 *
 * It answers by the same search_path, and has no error for it. Not asked where all names have
 * their schemas, where one can mean several relations, or where the text is more than the COPY.
 */
#ifndef PASU_POSTGRES_PLAN_PREFACE_H
#define PASU_POSTGRES_PLAN_PREFACE_H

#include "postgres/plan_work.h"

/* Of a COPY whose names are in work->names: whether they are certain, or else what to ask. */
void preface_names(struct plan_work *work, struct plan_statement *statement);
/* Of a query whose names are in work->names, and that shows values which would say whose they are
 * (showing_identity.h), of which the server says no origin (set operations, min, max): what to ask,
 * where nothing in the query can see that another one goes before it. */
void preface_query(struct plan_work *work, const PgQuery__SelectStmt *select,
                   struct plan_statement *statement);
/* The text to ask with, for a plan that is one COPY, or one such query. */
void preface_write(struct plan_work *work, struct plan *plan);

#endif
