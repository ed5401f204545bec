/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lineage: what each column of a query's result carries.
 *
 * Our own reading of the SQL, used where the server's RowDescription has no word: expressions,
 * aggregates, sub-selects, set operations, names of WITH, views. Where it does not know it says
 * more, not less: a node that it does not know carries all that the statement touches.
 */
#ifndef PASU_POSTGRES_PLAN_LINEAGE_H
#define PASU_POSTGRES_PLAN_LINEAGE_H

#include "postgres/plan_scope.h"

/* Adds what an expression carries. */
typedef void carry_fn(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                      struct carry *into);
carry_fn expression_carry;
/* An expression that is evaluated, but whose value is not shown. */
void expression_judge(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node);
void expression_judge_all(struct plan_work *work, const struct scope *scope,
                          PgQuery__Node *const *nodes, size_t count);
/* Whether it is ''. */
bool expression_is_blank(const PgQuery__Node *node);
/* A condition: what it says of persons is noted. Adds what it carries. */
void compare_condition(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                       struct carry *into);
/* All conditions of a scope. */
void compare_conditions(struct plan_work *work, const struct scope *scope);
/* The column of an entry (NULL: any) carries this, too, and so do all that stand for it. */
void compare_give(struct plan_work *work, const struct scope *scope, struct entry *entry,
                  const struct output *output, const struct carry *carry);
/* How many rows come says what these carry: LIMIT and OFFSET, a function in FROM (adds it), rows of
 * two queries that are matched. */
void compare_limit(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node);
void compare_calls(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                   struct carry *into);
/* may_be_gone: a row that comes, or does not, tells that the other side has such a one. */
void compare_rows(struct plan_work *work, const struct outputs *left, const struct outputs *right,
                  bool may_be_gone);
/* Rows of one result can speak of many rows of that scope, by a reference so deep; or of any. */
void scope_note_aggregate(struct plan_work *work, const struct scope *scope, int depth,
                          bool is_stray);

/* One item of FROM: its entries are added to the scope, its columns are those of "*". `holds`: what
 * its inner joins demand holds for every row. */
struct outputs from_item(struct plan_work *work, struct scope *scope, const PgQuery__Node *node,
                         bool holds);
struct outputs from_join(struct plan_work *work, struct scope *scope, const PgQuery__JoinExpr *join,
                         bool holds);
/* A table by its name, as FROM has it. */
struct entry *from_table(struct plan_work *work, struct scope *scope,
                         const PgQuery__RangeVar *range);
/* What refers to other items of FROM may have more to carry, once they do. */
void from_look_again(struct plan_work *work, const struct scope *scope);
/* Looks at the conditions gathered so far. */
void from_judge(struct plan_work *work, struct scope *scope);
void from_add_condition(struct plan_work *work, struct scope *scope, const PgQuery__Node *node,
                        bool holds);

/* A SELECT, VALUES or set operation. The scope is that of its FROM (NULL for the others, and where
 * there is no memory). */
/* ---- plan_stored.c: expressions that give a value of a column as it is stored, or null ---- */
void stored_find(struct plan_work *work, const struct scope *scope, const PgQuery__Node *node,
                 struct plan_stored *stored);
/* What is true of either value, of both. NULL: nothing. */
void stored_unite(struct plan_stored *stored, const struct plan_stored *other);
/* A function of PostgreSQL's own that gives one of the values that it is given. */
bool stored_is_chooser(const struct plan_work *work, const PgQuery__FuncCall *call);

struct scope *query_columns(struct plan_work *work, const struct scope *outer,
                            const struct cte *ctes, const PgQuery__SelectStmt *select, bool is_top,
                            struct outputs *columns);
/* Any statement that can stand in WITH: also INSERT, UPDATE, DELETE with what they return. */
struct scope *statement_columns(struct plan_work *work, const struct scope *outer,
                                const struct cte *ctes, const PgQuery__Node *node, bool is_top,
                                struct outputs *columns);
/* The names of a WITH, over those known before. */
const struct cte *with_names(struct plan_work *work, const struct scope *outer,
                             const struct cte *ctes, const PgQuery__WithClause *with);
/* A list of ResTargets as columns. */
void target_columns(struct plan_work *work, const struct scope *scope,
                    PgQuery__Node *const *targets, size_t count, struct outputs *columns);
/* Where columns can be added (plan_reading.c); NULL: nowhere. */
const struct query *query_of_select(struct plan_work *work, const PgQuery__SelectStmt *select,
                                    const struct scope *scope, const struct outputs *columns);
const struct query *query_of_groups(struct plan_work *work, const PgQuery__SelectStmt *select,
                                    const struct scope *scope, const struct outputs *columns);
const struct query *query_of_keys(struct plan_work *work, const PgQuery__SelectStmt *select,
                                  const struct scope *scope, const struct outputs *columns);
const struct query *query_of_union(struct plan_work *work, const PgQuery__SelectStmt *select,
                                   const struct outputs *left, const struct outputs *right);
const struct query *query_of_change(struct plan_work *work, PgQuery__Node *const *returning,
                                    size_t count, const struct scope *scope,
                                    const struct outputs *columns);
const struct query *query_of_cte(struct plan_work *work, const struct outputs *columns,
                                 const PgQuery__CommonTableExpr *expression);
/* An entry has the rows of a query (NULL: of none that is known). */
void reading_note(struct plan_work *work, const struct scope *scope, struct entry *entry,
                  const struct query *query);
void star_note(struct plan_work *work, const struct scope *scope, PgQuery__Node *const *targets,
               size_t count, size_t item);

/* INSERT, UPDATE, DELETE. */
struct scope *change_columns(struct plan_work *work, const struct scope *outer,
                             const struct cte *ctes, const PgQuery__Node *node, bool is_top,
                             struct outputs *columns);
/* MERGE, which returns nothing: what it writes. */
void change_merge(struct plan_work *work, const PgQuery__MergeStmt *merge);

#endif
