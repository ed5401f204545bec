/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what the columns of a result carry to the parts of a plan: whose key says whose fields these
 * are, and where nothing does, what bounds them.
 */
#ifndef PASU_POSTGRES_PLAN_SHAPE_H
#define PASU_POSTGRES_PLAN_SHAPE_H

#include "postgres/plan_key.h"
#include "postgres/plan_scope.h"

/* How rows of the result relate to rows of the top level's tables. */
enum shape_rows {
    ROWS_SINGLE,  /* one of each table */
    ROWS_GROUPED, /* one or many, which agree in every column that stands in the result */
    ROWS_ANY,     /* none, one or many */
};

struct shape {
    struct scope *scope; /* NULL where there is no table of the top level's own */
    struct outputs *columns;
    enum shape_rows rows;
    struct injection *injection;        /* where hidden columns may be added; or NULL */
    const PgQuery__SelectStmt *groups;  /* whose rows are groups, to which they can be; or NULL */
    const PgQuery__SelectStmt *windows; /* whose windows' functions can be followed; or NULL */
    bool takes_pins;                    /* conditions hold for the rows that come */
};

/* The rows of a SELECT. */
enum shape_rows shape_rows_of(const PgQuery__SelectStmt *select, const struct scope *scope);
/* The type of a whole number's column as a key; `otherwise` of any other. */
uint8_t shape_key_type(const struct output *output, uint8_t otherwise);
/* Fills parts, hidden_count, flags and the number of columns. */
void shape_parts(struct plan_work *work, const struct shape *shape,
                 struct plan_statement *statement);
/* Whether what is carried is of one row of one table inside, for each kind, and of no more. */
bool shape_is_of_one(const struct plan_work *work, const struct carry *carry);
/* The same, where it may be a row of the top level's tables, too: of one person of each kind. */
bool shape_is_one_each(const struct plan_work *work, const struct carry *carry);
/* Parts that say: whatever comes, it is one of these. */
void shape_bound(struct plan_work *work, const struct reach *reach,
                 struct plan_statement *statement);
/* The same of certain columns: 0 to `count` - 1. */
void shape_bound_columns(struct plan_work *work, const struct reach *reach, size_t count,
                         struct plan_statement *statement);

#endif
