/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One statement of the plan, from its tree and its tokens.
 */
#ifndef PASU_POSTGRES_PLAN_BUILD_H
#define PASU_POSTGRES_PLAN_BUILD_H

#include "postgres/plan_inject.h"
#include "postgres/plan_text.h"

struct build {
    struct token_range range;
    struct injections *injections; /* NULL: nothing may be hidden in it */
    bool
        may_go_back; /* a cursor's, which can be read backward where the server's plan for it can */
};

/* Adds to what a statement keeps. */
void build_kept(struct plan_statement *statement, const struct reach *kept);
/* A statement that is understood. */
void build_statement(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                     struct plan_statement *statement);
/* The whole text as one that is not. */
void build_unparsed(struct plan_work *work, bool is_scanned, uint32_t flags,
                    struct plan_statement *statement);
/* Statements that are more, or other, than a query: false where it is none of them. */
bool build_special(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                   struct plan_statement *statement);
/* A query or a change as it stands in another statement (PREPARE, DECLARE, EXPLAIN, COPY). */
void build_query(struct plan_work *work, const struct build *build, const PgQuery__Node *node,
                 struct plan_statement *statement);
void build_copy(struct plan_work *work, const struct build *build, const PgQuery__CopyStmt *copy,
                struct plan_statement *statement);
/* Names, the most that there is, refusals. */
void build_names(struct plan_work *work, const ProtobufCMessage *tree,
                 struct plan_statement *statement);
/* All that the rows of a query can carry, and how; work->names are its own. */
struct reach build_reach(struct plan_work *work, const PgQuery__Node *query,
                         struct mark_rows *rows);
/* Whether the query read last asks whether somebody is so. */
bool build_is_probe(const struct plan_work *work);
/* Before the lineage of a statement. */
void build_begin(struct plan_work *work);
/* Rows go into a relation, those that are so (`where`, or NULL), and nothing comes of it but
 * errors. */
void build_filled(struct plan_work *work, const PgQuery__RangeVar *relation,
                  const PgQuery__Node *where, struct plan_statement *statement);

#endif
