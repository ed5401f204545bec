/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes: which names are known at a place of a query, and what they carry.
 *
 *     scope ──outer──▶ scope ──outer──▶ …          one for each query, the innermost first
 *       ├── entries    what stands in FROM, each with its columns
 *       ├── ctes       names of WITH, the innermost first
 *       ├── conditions that hold for every row (WHERE, ON of inner joins)
 *       └── columns    what "*" means
 *
 * A column list that is `open` has more columns than are known: any other name can be one, and it
 * carries `rest`. All in the planner's arena.
 */
#ifndef PASU_POSTGRES_PLAN_SCOPE_H
#define PASU_POSTGRES_PLAN_SCOPE_H

#include "postgres/plan_work.h"

enum { SCOPE_DEPTHS = 64 }; /* that are told apart */

struct output {
    struct output *next;
    const char *name;          /* NULL: none */
    const struct carry *carry; /* NULL: nothing */
    const struct entry *entry; /* it is exactly that column of that table; NULL: it is not */
    int16_t attribute;
    const struct entry *view; /* it is that column of that view, as the server sees it; or NULL */
    int16_t view_attribute;
    bool is_plain; /* a value as it is stored: of whether it is null nobody learns who it is */
    bool is_key;   /* whose key a mapping names */
    const struct output *of; /* the same column of the same scope in another list; NULL: none */
    bool
        is_written; /* the statement has put another value there: it says no more whose row it is */
    uint64_t keys;  /* tables further inside (bits of carry.tables) whose key it is exactly */
    uint64_t groups; /* groups further inside (the same) of whose persons it shows all */
    struct plan_stored stored;
    uint32_t strict_type; /* of values that are the same bytes where they are equal; 0: not known */
};

/*
 * A query, or a change with RETURNING, as far as columns can be added to what it returns: where
 * each of its rows is one row of each table of its FROM, or of UNION ALL of such.
 */
struct query {
    PgQuery__Node *const *targets;
    size_t target_count;
    const PgQuery__SelectStmt *select; /* NULL: a change */
    const struct scope *scope;         /* of its FROM; NULL: it has arms, or nothing can be added */
    const struct query *arms[2];       /* of UNION ALL */
    size_t column_count;
    const char *cte;                     /* its name in WITH, or NULL */
    const struct catalog_relation *view; /* whose definition it is (plan_inline.h); or NULL */
    bool is_outermost;                   /* and that is not read within another */
    bool is_grouped;                     /* only arrays can be added to it (plan_within.h) */
    bool is_fixed;                       /* nor these */
};

struct outputs {
    struct output *first, *last;
    const struct query *query;  /* whose columns they are; NULL: not known */
    const struct query *groups; /* the same where rows are groups (plan_within.h) */
    size_t count;
    bool is_open;
    struct carry rest;
};

struct entry {
    struct entry *next;
    const char *name;           /* its alias, or the relation's own name; NULL: none */
    bool is_hidden;             /* inside a join with an alias: cannot be named */
    const PgQuery__Alias *join; /* the innermost such; NULL: none */
    bool is_qualified_only;
    /* Of a table or view of the catalog: */
    const struct catalog_relation *relation; /* NULL where it is none, or cannot be told */
    const PgQuery__RangeVar *range;
    bool is_only;    /* the name can mean no other relation here */
    bool is_guarded; /* it can, but all of them can be read whole, and only this one holds anything
                      */
    bool is_certain; /* named with its schema: no temporary table can stand for it */
    uint64_t tables; /* its bits of carry.tables; 0 in the top level */
    struct outputs columns;
    const struct query *query; /* whose rows it has; NULL: of none that columns can be added to */
    const uint8_t *renewed;    /* by the query's bits of carry.tables: its own, and 1; 0: none */
    size_t alias_count;        /* columns that its alias names */
    /* What may refer to columns of other entries, and so carry what they are given. */
    const PgQuery__RangeSubselect *lateral;
    const PgQuery__RangeFunction *function;
    bool is_optional; /* an outer join can leave it empty, beside rows that it refers to */
};

/* The relation in which a column's values stand as they come out of it, and its number there: the
 * table's, or a materialized view's; NULL: they stand in none that is known. */
static inline const struct catalog_relation *
output_place(const struct plan_work *work, const struct output *output, int16_t *attribute)
{
    const struct catalog_relation *view = output->view ? output->view->relation : NULL;

    if (output->entry && output->entry->relation) {
        *attribute = output->attribute;
        return output->entry->relation;
    }
    if (view && view->kind == 'm') {
        *attribute = output->view_attribute;
        return view;
    }
    *attribute = output->stored.attribute;
    return catalog_relation(work->catalog, output->stored.relation);
}

struct cte {
    const struct cte *outer;
    const char *name;
    const struct query *query; /* or NULL */
    size_t alias_count;
    struct outputs columns;
};

struct condition {
    struct condition *next;
    const PgQuery__Node *node;
    bool holds;                 /* for every row of the result */
    const PgQuery__Alias *join; /* within a join with that alias, the innermost; NULL: none */
};

/* Two columns that are equal in every row. */
struct equality {
    const struct entry *left_entry, *right_entry;
    int16_t left, right;
};

/* Two columns that JOIN USING makes one. */
struct merged {
    struct merged *next;
    struct output *left, *right, *one;
};

struct scope {
    const struct scope *outer;
    const struct cte *ctes;
    struct entry *entries, *last;
    struct outputs columns;
    struct condition *conditions;
    struct merged *merged;
    struct equality equalities[PLAN_EQUALITIES_MAX];
    size_t equality_count;
    int depth;
    bool merges_open; /* what USING or NATURAL make one may be a column that is not known */
    bool is_top;      /* its tables' rows can be told apart */
    bool is_copied;   /* of a COPY of a table: its columns are named without the table, and alone */
    bool is_pooled;   /* what is looked at speaks of groups, made of a whole table */
    bool *has_aggregate; /* a row of its result can speak of many rows */
    size_t *given;       /* how often its columns were given more to carry (plan_compare.c) */
};

/* An entry that has the rows of a query, and where it stands. */
struct reading {
    struct reading *next;
    const struct scope *scope;
    const struct entry *entry;
};

/* "*" or "s.*" in a list of targets. */
struct star {
    struct star *next;
    const struct scope *scope;
    PgQuery__Node *const *targets;
    size_t count, item;
    const PgQuery__ColumnRef *reference;
};

/* A column that an expression names. */
struct reference {
    struct reference *next;
    const struct scope *scope;
    struct entry *entry;
    struct output *output; /* NULL: any column of the entry */
};

/* NULL where there is no memory; so all of these. */
struct scope *scope_new(struct plan_work *work, const struct scope *outer, const struct cte *ctes);
struct entry *scope_add(struct plan_work *work, struct scope *scope, const char *name);
struct output *outputs_add(struct plan_work *work, struct outputs *outputs, const char *name,
                           const struct carry *carry);
/* The same column again, as an item of another list. */
struct output *outputs_add_again(struct plan_work *work, struct outputs *outputs,
                                 const struct output *output);
/* Moves `tail` behind. */
void outputs_append(struct outputs *outputs, struct outputs *tail);
/* All that a list carries. */
void outputs_carry(struct plan_work *work, const struct outputs *outputs, struct carry *into);
/* As columns of another thing: what they carry, not which columns they are. */
void outputs_copy(struct plan_work *work, struct outputs *into, const struct outputs *from);
/* The same columns again, as items of another list of the same scope. */
void outputs_share(struct plan_work *work, struct outputs *into, const struct outputs *from);
/* A row of them may show many rows of what is inside. */
void outputs_widen(struct plan_work *work, struct outputs *outputs);
/* They come from other rows of the same tables. `renewed` tells the new bits by the old ones, each
 * and 1; 0: none. */
void outputs_renew(struct plan_work *work, struct outputs *outputs,
                   uint8_t renewed[PLAN_TABLES_MAX]);
/* A new bit for a table further inside, or 0. */
uint64_t inner_table(struct plan_work *work, uint8_t kind);
/* Columns that are not all known have no positions: any name can be any of them. */
void outputs_blur(struct plan_work *work, struct outputs *outputs);
/* Renames the first of them (a list of String nodes). */
void outputs_rename(struct plan_work *work, struct outputs *outputs, PgQuery__Node *const *names,
                    size_t count);
/* What they are called and where they come from, in the plan's arena; NULL: there are none. */
const struct plan_output *outputs_tell(struct plan_work *work, const struct outputs *outputs);
/* A carry in the arena, or NULL where it is empty. */
const struct carry *carry_keep(struct plan_work *work, const struct carry *carry);
/* What a plain relation's column carries; makes `direct` places for a table of the top level. */
void entry_fill_table(struct plan_work *work, const struct scope *scope, struct entry *entry);
/* Whether that was done once for it, in the whole statement. */
bool entry_is_alone(const struct plan_work *work, const struct catalog_relation *relation);

/* ---- finding ---- */
struct found {
    struct carry carry;
    const struct output *output; /* exactly that one column of a table */
    const struct output *named;  /* the one that is named, wherever it comes from */
    bool is_plain, is_key;       /* as in struct output */
    uint64_t keys;               /* output.keys */
    uint64_t groups;             /* output.groups */
    struct plan_stored stored;   /* output.stored */
};
/* A column reference in an expression: what it carries. */
void scope_find(struct plan_work *work, const struct scope *scope,
                const PgQuery__ColumnRef *reference, struct found *found);
/* ctid, tableoid and the like, which each table has. */
bool scope_is_system_column(const char *name);
/* What `alias.*` stands for, or NULL. `schema` is NULL where it is not said. */
const struct entry *scope_entry(const struct scope *scope, const char *schema, const char *name);
/* The names that a condition can use: inside a join with an alias its tables have theirs, and no
 * other has. After it, those of the scope as a whole. */
void scope_enter(const struct scope *scope, const struct condition *condition);
void scope_leave(const struct scope *scope, const struct condition *condition);
/* Columns of tables, of types of which values that are equal are the same number or uuid. */
bool scope_is_exact(const struct output *left, const struct output *right);
/* Two columns whose values are the same in every row, where their types make that certain. */
void scope_note_equal(struct scope *scope, const struct output *left, const struct output *right);
/* Whether they are, by one equality or several. */
bool scope_is_equal(const struct scope *scope, const struct entry *a, int16_t x,
                    const struct entry *b, int16_t y);

#endif
