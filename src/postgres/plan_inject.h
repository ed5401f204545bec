/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hidden columns: keys that a statement returns besides what the client has asked for, of the rows
 * that it shows. Each is added to the list of targets it belongs to: before the others where the
 * rows are the statement's result, behind them further inside, where their places count.
 */
#ifndef PASU_POSTGRES_PLAN_INJECT_H
#define PASU_POSTGRES_PLAN_INJECT_H

#include "postgres/plan_rewrite.h"
#include "postgres/plan_scope.h"

/*
 * Names of hidden columns: nobody else may have one, nor come so close to one that the server's
 * hint to a name that it does not know would speak of it (it does up to three characters of
 * difference). Those further inside have four parts: one of them would be the same.
 */
#define HIDDEN_NAME        PLAN_HIDDEN_NAME
#define HIDDEN_NAME_WITHIN HIDDEN_NAME "%zu_pasuhidden_pasugateway_pasucolumn"

struct hidden {
    const char *expression; /* as it is written: "c"."id" */
    size_t number;          /* of its name */
    const char *type;       /* of a view that is read through: what it is cast to; else NULL */
};

/* The columns that one list of targets gets. */
struct addition {
    struct addition *next;
    struct target_list list;
    const PgQuery__SelectStmt *select; /* whose ORDER BY counts its columns; or NULL */
    bool is_result;                    /* they come first */
    bool is_defined;                   /* the list is that of a view's definition */
    struct hidden hidden[PLAN_HIDDEN_MAX];
    size_t count;
};

/* A star in whose place the columns stand that it means without those that are added. */
struct expansion {
    struct expansion *next;
    const struct star *star;
    const struct entry *entry; /* that it speaks of */
    const char *columns;
    size_t last; /* where in them the last one begins */
};

/* A hidden column of a query further inside. */
struct relay {
    struct relay *next;
    const void *query;         /* its targets, or of UNION ALL its tree */
    uint64_t tables;           /* their bits of carry.tables within that query */
    uint64_t found;            /* those of them whose keys it has */
    bool is_origin;            /* not the key, but the OID of the table */
    bool is_united;            /* a UNION ALL lies between */
    bool is_inlined;           /* a view does that is read through */
    const struct output *view; /* struct taken_key */
    const char *name;
};

/* A view that is read through (plan_inline.h). */
struct inlined {
    struct inlined *next;
    const struct entry *entry;
};

/* One statement's. */
struct injection {
    struct injection *next; /* those of the text, in the order of its statements */
    struct addition *additions;
    struct addition *result;           /* of the client's columns, or of those of the first arm */
    const PgQuery__SelectStmt *united; /* the whole UNION ALL, or NULL */
    struct expansion *expansions;
    struct relay *relays;
    struct inlined *inlined;
    const PgQuery__CopyStmt *copy; /* of a table, whose list of columns gets the keys; or NULL */
    size_t column_count;           /* of the client's columns; 0: not known */
    size_t numbers;                /* names given */
};

struct injections {
    struct injection *first, *last;
};

/* Begins one, or NULL where this SELECT can have none; `regroups`: DISTINCT can be a GROUP BY. */
struct injection *injection_begin(struct plan_work *work, const PgQuery__SelectStmt *select,
                                  bool regroups);
/* The same of a change, by what it returns. */
struct injection *injection_begin_change(struct plan_work *work, PgQuery__Node *const *returning,
                                         size_t count);
/* The same of a COPY of columns of a table: its list gets names of columns, nothing else. */
struct injection *injection_begin_copy(struct plan_work *work, const PgQuery__CopyStmt *copy);
/* All that was added so far, to go back to. */
struct injection_mark {
    struct injection injection;
    struct addition *additions; /* copies, in their order */
};
/* False where there is no memory. */
bool injection_remember(struct plan_work *work, const struct injection *injection,
                        struct injection_mark *mark);
void injection_go_back(struct injection *injection, const struct injection_mark *mark);
/* The columns that a list gets, none so far; NULL where there is no memory. */
struct addition *injection_list(struct plan_work *work, struct injection *injection,
                                PgQuery__Node *const *targets, size_t count);
/* The hidden column of the result with that key, made if it is not there; -1 where it cannot be
 * had. */
int injection_add(struct plan_work *work, struct injection *injection, const struct scope *scope,
                  const struct entry *entry, int16_t attribute);
/* The same of any expression; it must neither fail nor change what the statement does. */
int injection_add_expression(struct injection *injection, struct addition *addition,
                             const char *expression);
/* Adds a hidden column, whether or not there is one with that expression; -1 where there is no
 * room. */
int injection_put(struct addition *addition, const char *expression, size_t number);
/* How a column of an entry is written, "c"."id": NULL where another one could be meant. */
const char *injection_column(struct plan_work *work, const struct scope *scope,
                             const struct entry *entry, const char *column);
/* The same by the name that stands in FROM; `table` NULL: as it is written without one. */
const char *injection_named(struct plan_work *work, const char *table, const char *column);
/* The same of the key of a table, or (is_origin) of the OID of the table that a row is of, where
 * the role may read it. */
const char *injection_of_table(struct plan_work *work, const struct scope *scope,
                               const struct entry *entry, int16_t attribute, bool is_origin);
/* Of a key's column whose table's name can mean others (is_guarded), an expression that does not
 * fail where it means one without such a column: it is null then. */
const char *injection_guarded(struct plan_work *work, const struct scope *scope,
                              const struct entry *entry, int16_t attribute);
/* The same of a key that may have several columns: of these an array of all, as text. */
const char *injection_of_key(struct plan_work *work, const struct scope *scope,
                             const struct entry *entry, const struct catalog_show *show,
                             bool is_origin);
/* What a name of FROM means in the statement, 'customers'::regclass::oid; NULL for names that would
 * need quotes. */
const char *injection_meaning(struct plan_work *work, const PgQuery__RangeVar *range);
/* The name of a hidden column; NULL where there is no memory. */
const char *injection_name(struct plan_work *work, const struct addition *addition, size_t number);
/* How all columns of a list are written, with commas between them; NULL where there is no memory.
 */
const char *injection_write(struct plan_work *work, const struct addition *addition);
/* How many columns the result has before the client's. */
static inline size_t
injection_count(const struct injection *injection)
{
    return injection && injection->result ? injection->result->count : 0;
}
void injections_append(struct plan_work *work, struct injections *injections,
                       struct injection *injection);
/* Makes the plan's new text and edits. `tree` is the client's text's. False where the result is not
 * what it should be, or there is no memory: then nothing may be hidden. */
bool injections_apply(struct plan_work *work, const struct injections *injections,
                      const PgQuery__ParseResult *tree, struct plan *plan);

#endif
