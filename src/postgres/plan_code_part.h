/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of plan_code.h: a text while it is read, and the query in it. */
#ifndef PASU_POSTGRES_PLAN_CODE_PART_H
#define PASU_POSTGRES_PLAN_CODE_PART_H

#include "postgres/plan_code.h"

enum { CODE_TOKENS_MAX = 1024, CODE_VARIABLES_MAX = 16 };

struct reading {
    struct plan_work *work;
    const struct catalog_routine *routine;
    bool returns_set;
    const char *text;
    const struct sql_token *at, *end;
    struct view variables[CODE_VARIABLES_MAX]; /* names */
    bool are_records[CODE_VARIABLES_MAX];
    struct code_row {
        struct view table; /* whose row it is; empty: any query's */
        struct view schema;
    } rows[CODE_VARIABLES_MAX]; /* of a record */
    size_t variable_count;
    struct view value;  /* the variable that the query's value goes into; empty: none */
    struct view record; /* the one that its row goes into */
    bool is_in_loop;    /* over the query's rows */
    struct view columns[CATALOG_RESULTS_MAX]; /* of the query's row, that the result's are; empty:
                                                 null */
    size_t column_count;                      /* 0: none was said */
    struct code *code;
};

/* ---- plan_code.c: tokens ---- */
bool code_is_word_at(const struct reading *r, const struct sql_token *token, const char *word);
bool code_take_word(struct reading *r, const char *word);
/* A name in lower case that needs no quotes: what a variable is called. */
bool code_take_name(struct reading *r, struct view *name);
struct view code_text_of(const struct reading *r, const struct sql_token *token);
/* Up to where the statement at hand goes; NULL: it has no end. */
const struct sql_token *code_semicolon(const struct reading *r);
bool code_is_variable(const struct reading *r, struct view name);
/* Among the variables: SIZE_MAX where it is no record. */
size_t code_record_named(const struct reading *r, struct view name);
/* Among the result's columns; SIZE_MAX: none. */
size_t code_result_named(const struct catalog_routine *routine, struct view name);

/* ---- plan_code_query.c: the query, and what its row goes into ---- */
const PgQuery__SelectStmt *code_parse(struct plan_work *work, const char *text);
/* The text from `start` up to `end`, without the tokens from `out` to `out_end`. False where it is
 * no query, or not the only one. */
bool code_take_query(struct reading *r, const struct sql_token *start, const struct sql_token *end,
                     const struct sql_token *out, const struct sql_token *out_end);
/* EXECUTE 'SELECT …' [INTO n] [USING k]; `target` NULL: no INTO. */
bool code_take_executed(struct reading *r, struct view *target);
/* (SELECT …) up to the semicolon. */
bool code_take_nested(struct reading *r);
/* Names with commas between them. */
bool code_take_targets(struct reading *r, struct view names[CATALOG_RESULTS_MAX], size_t *count);
/* What the query's row goes into: a record, a variable of one value, or all columns of the result
 * in their order. */
bool code_set_targets(struct reading *r, const struct view *names, size_t count);
/* r.name, of the record that has the row. */
bool code_take_field(struct reading *r, struct view *field);
bool code_read_select(struct reading *r);
bool code_read_execute(struct reading *r);
bool code_read_assignment(struct reading *r);
/* At the end: the query's columns are the result's. */
bool code_settle(struct reading *r);

#endif
