/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of plan_call.h: a call, the function that it calls, and what that one's text shows. */
#ifndef PASU_POSTGRES_PLAN_CALL_PART_H
#define PASU_POSTGRES_PLAN_CALL_PART_H

#include "postgres/plan_call.h"
#include "postgres/plan_code.h"

enum {
    CALL_COLUMNS_MAX = 1600,  /* PostgreSQL's own limit of a table */
    CALL_ARGUMENT_0 = 0xff00, /* a pin's parameter: the first argument of a call that is run for
                                 each row; no parameter has these numbers */
};

/* The call, and which of the function's columns stand in the result. */
struct call {
    const PgQuery__FuncCall *function;
    const char *name; /* by which FROM knows its columns; NULL: it stands in the select list */
    PgQuery__Node *const *targets;
    size_t target_count;
    const struct catalog_routine *routine;
    const struct catalog_relation *row; /* whose rows it returns; NULL: values */
    bool returns_set;
    bool is_of_rows; /* it is run for each row: its arguments are columns */
};

/* The columns of the function's rows, and how FROM calls them. */
size_t call_columns(const struct call *call);
const char *call_column_name(const struct call *call, size_t column);
/* A call of a function, and no more; NULL: it is none. */
const PgQuery__FuncCall *call_of(const PgQuery__Node *node);
/* Finds the function in the snapshot: false where it is not one whose text says all. */
bool call_find(const struct plan_work *work, struct call *call);
/* Whether nothing else that runs code, or puts anything anywhere, stands in the statement. */
bool call_is_alone(const struct plan_work *work);
/* Plans the query of the function's text, with the call's arguments. */
bool call_plan_text(struct plan_work *work, const struct call *call, const struct code *code,
                    struct outputs *columns, struct plan_statement *body);
/* The second reading, so far without parts. NULL where there is no memory. */
struct plan_statement *call_reading(struct plan_work *work, const struct plan_statement *statement,
                                    const struct plan_statement *body);
/* All fields of a part, and of how they show it. */
struct plan_column call_column(const struct plan_part *part, int16_t from);
/* Whether columns that may be named in a condition say nothing of anybody, and no code runs. */
bool call_condition_is_plain(struct plan_work *work, const struct call *call,
                             const PgQuery__Node *condition, const struct plan_statement *body);

/* FROM f(…) [AS name] */
bool call_read_from(const PgQuery__RangeFunction *range, struct call *call);
/* A constant of which nothing is known: no parameter has that number. */
PgQuery__Node *call_unknown(struct plan_work *work, int32_t number);
/* Puts these in the place of a query's arguments. False where it has others, or converts them. */
bool call_substitute(const struct call *call, PgQuery__Node *const *values,
                     const PgQuery__SelectStmt *query);

/* ---- plan_call_rows.c ---- */
/* SELECT f(c.id) FROM customers c: in the same way. */
void call_read_rows(struct plan_work *work, const PgQuery__SelectStmt *select,
                    const struct place *place, struct plan_statement *statement);

#endif
