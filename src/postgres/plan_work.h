/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What planning one text needs, passed through all of its parts.
 *
 * Nothing that fails for want of memory says so itself: `memory` and `keep` do (arena.h), and
 * plan_new asks once. Analysis that would take too long gives up in the same manner (`effort`): the
 * statement is then bound by all that it touches.
 */
#ifndef PASU_POSTGRES_PLAN_WORK_H
#define PASU_POSTGRES_PLAN_WORK_H

#include "postgres/plan_names.h"
#include "postgres/reach.h"
#include "postgres/sql.h"

enum {
    /* Comparisons and columns made, in well under 100 ms. Real statements need a few thousand. */
    PLAN_EFFORT_MAX = 500000,
    PLAN_EQUALITIES_MAX = 32,
    PLAN_VIEW_DEPTH_MAX = 16,
};

struct entry;
struct literal;
struct note;
struct pool;
struct query;
struct reference;
struct scope;
struct statistics;

/* One kind of subject of one table in the top level's FROM. */
struct direct {
    const struct entry *entry;
    const struct catalog_show *show;
};

enum { PLAN_TABLES_MAX = 64, PLAN_COPIES_MAX = 16, PLAN_CALLED_MAX = 8 };

/* A table further inside. */
struct inner {
    const struct entry *entry; /* NULL where it stands for others */
    const struct scope *scope; /* that the entry is of */
    const struct catalog_show *show;
    uint64_t arms; /* a row of UNION ALL is of one of these (plan_union.h) */
    /* Rows of that query are groups of its rows, and a row shows the persons of a group; NULL: of
     * one row. How their keys are written in it, and (or NULL) the OID of the table of all. */
    const struct query *group;
    const char *keys, *origin;
    const struct pool *pool; /* of rows that come out of a query: `keys` is NULL (plan_pool.h) */
    bool is_in_view;         /* it stands in a view's definition: its name is not the statement's */
    bool is_aggregate;       /* what shows them all shows a part of them when it is cut */
    bool is_one;             /* the group is of one person, or nobody knows of whom */
};

/* How what is marked comes into a table (struct plan_mark). */
struct mark_rows {
    bool is_one, is_counted;
};

/* A view whose definition was parsed already. */
struct parsed_view {
    struct parsed_view *next;
    const struct catalog_relation *view;
    const PgQuery__SelectStmt *query; /* NULL: it could not be */
    struct sql_tokens tokens;
};

enum { PLAN_PARAMETERS_KNOWN = 64 }; /* so many are counted */

/* How often a parameter stands in the statement, and how often of these under a cast to a type of
 * keys, or to an array of it. */
struct parameter_uses {
    uint32_t count;
    uint32_t casts[2][CATALOG_KEY_TEXT + 1];
};

/* A table that stands in the statement, each time that it does. */
struct named_table {
    struct named_table *next;
    const struct catalog_relation *relation;
    size_t count;
};

struct plan_work {
    struct arena memory; /* gone when the plan is made */
    struct arena *keep;  /* the plan's own */
    const struct plan_environment *environment;
    const struct catalog *catalog; /* may be NULL */
    struct reach everything;
    const char *text; /* ends with a zero */
    size_t length;
    struct sql_tokens tokens;
    size_t effort;
    struct parsed_view *views;
    size_t injection_count;
    const char *stand_in; /* the tree of what stands for a view's query (plan_inline_text.c) */
    uint8_t why; /* enum plan_why: that there is no hidden key, the last time it was asked */
    const ProtobufCMessage *statement; /* the query or change at hand */
    struct reading *readings;          /* of queries further inside, in FROM: plan_scope.h */
    struct star *stars;                /* that stand in lists of targets */
    unsigned view_depth;
    struct statistics *statistics; /* that conditions speak of (plan_statistics.c) */
    struct literal *literals;      /* constants that are run as queries (plan_literal.c) */
    unsigned literal_depth;

    /* Of the statement at hand. */
    struct names names;
    PgQuery__Node *const *parameter_types; /* TypeNames that PREPARE declares */
    size_t parameter_type_count;
    bool is_preparing; /* the statement of PREPARE */
    bool is_declaring; /* the query of DECLARE */
    struct parameter_uses parameters[PLAN_PARAMETERS_KNOWN];
    struct direct direct[PLAN_PARTS_MAX];
    size_t direct_count;
    struct named_table *tables;
    /* Tables further inside, by their bit in carry.tables: the kind of subject. */
    uint8_t inner_kinds[PLAN_TABLES_MAX];
    struct inner inner[PLAN_TABLES_MAX];
    size_t inner_count;
    bool may_group;    /* groups further inside may be known by arrays of keys */
    bool sees_order;   /* but not those of which it can be seen in which order they come */
    bool may_regroup;  /* DISTINCT may be GROUP BY, as far as the whole statement goes */
    bool keeps_parts;  /* a column that shows all of a group goes into what shows part of it */
    bool keeps_rows;   /* an aggregate's arguments are looked at, not what it makes of them */
    bool has_probe;    /* a condition compares a personal field with a constant */
    bool has_pin;      /* one compares a key with a constant */
    bool has_test;     /* one depends on a personal field */
    bool has_given;    /* a column carries what it is compared with */
    bool is_assumed;   /* the columns of "*" are those of a table whose name can mean others */
    bool has_lent;     /* one does, also inside of a view, and be it what it is itself */
    bool is_holding;   /* what is looked at is true of each row that comes of it */
    size_t references; /* columns seen */
    size_t constants;  /* literals and parameters seen */
    struct plan_stored sublink_stored; /* of the last one that gives one value: it */
    size_t sublinks;                   /* queries within expressions, whose values were looked at */
    struct reference *referred;        /* columns seen, the last first, while `collecting` */
    unsigned collecting;
    uint64_t reference_depths; /* bits of the scopes' depths that columns were found in */
    /* Queries of functions' texts that stand in the place of calls (plan_call_within.c). */
    const PgQuery__SelectStmt *called[PLAN_CALLED_MAX];
    size_t called_count;
    struct reach kept;                        /* what functions have put elsewhere */
    struct plan_copy copies[PLAN_COPIES_MAX]; /* pieces of the text that are put into it once more:
                                                 where they stand, and how long they are */
    size_t copy_count;
    bool tells_others;             /* rows of EXCEPT say whose values they are not */
    bool has_strict_columns;       /* all columns of a set operation have a strict_type */
    bool has_stray;                /* a column was found nowhere */
    struct note *marks;            /* plan_mark.c */
    struct mark_rows rows_written; /* by the INSERT at hand */
    bool writes_values;            /* what is written to a table is made of what is in one */
    struct {                       /* plan_move.c */
        struct reach reach;
        uint64_t places, tables; /* of the rows that they are of */
        uint8_t most;            /* enum plan_moved */
    } moved;
    struct plan *plan; /* that is being made */
};

/* Counts work; false where it was too much. */
static inline bool
work_spend(struct plan_work *work, size_t effort)
{
    work->effort += effort;
    return work->effort < PLAN_EFFORT_MAX && !work->memory.failed;
}

static inline bool
work_is_exhausted(const struct plan_work *work)
{
    return work->effort >= PLAN_EFFORT_MAX || work->memory.failed;
}

#endif
