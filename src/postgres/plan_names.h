/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the names in a statement can mean: relations, functions, operators, casts. A name without a
 * schema means every one of that name in any schema, since search_path is the session's own affair;
 * a name that the snapshot does not know can be anything.
 *
 * The sum is the most that the statement can show. It does not matter here where a name stands.
 */
#ifndef PASU_POSTGRES_PLAN_NAMES_H
#define PASU_POSTGRES_PLAN_NAMES_H

#include "postgres/reach.h"
#include "postgres/sql.h"

struct plan_work;

/* A function that is called; 0: one behind an operator or a cast. */
struct filler {
    uint32_t function;
    const struct filler *next;
};

/* A relation that is read or written, by its name as it stands. */
struct named {
    const PgQuery__RangeVar *range;
    const struct named *next;
};

struct names {
    const struct named *named; /* the last one first; not those of WITH */
    struct reach most;         /* of all that is named */
    struct reach functions;    /* of functions, operators and casts alone */
    struct reach kept;         /* of functions that put it where neither rows nor marks show it */
    struct reach made;         /* of code that acts by itself and can do so: triggers, views' */
    struct reach code;         /* of code, by the columns that it names */
    bool calls_code;           /* some of `made` stands in a view: not triggers alone */
    bool keeps;                /* code calls one that does so with what it is given */
    const struct filler *fillers; /* functions that write to tables; or NULL */
    uint32_t flags; /* PLAN_OPAQUE, PLAN_UNKNOWN_TABLE, PLAN_STATISTICS, PLAN_ADMINISTERS */
    /* Of what is shown to nobody, or lets data leave by the server: the last one named, or NULL. */
    const struct catalog_relation *never_relation, *exit_relation;
    const struct catalog_function *never_function, *exit_function;
    bool sets_role;      /* by set_config */
    const char *becomes; /* to which: one constant, in the tree; NULL: it cannot be told */
    bool sets;           /* set_config, whatever it sets */
    bool has_blank;      /* a table is named that the session has just made */
    bool has_temporary;
    bool has_rules; /* a table that is written to has rules */
    bool is_filled; /* one is written to whose triggers and defaults can put values into its rows */
};

/* How a system function treats its arguments. */
enum function_class {
    FUNCTION_PLAIN,   /* carries them */
    FUNCTION_MEASURE, /* carries them, as a number of which a bound says little */
    FUNCTION_NULLS,   /* shows which of them are null */
    FUNCTION_EXTENT,  /* shows how many parts one has, or of which kind it is */
    FUNCTION_SILENT,  /* shows nothing of them */
    FUNCTION_COUNT,   /* an aggregate that shows nothing of them */
    FUNCTION_SUM,     /* an aggregate that carries them */
    FUNCTION_KEEPER,  /* puts its arguments where they can be read by other ways than the result */
    FUNCTION_SETTING, /* set_config: such a one */
};

struct function_facts {
    struct reach reach; /* what it brings by itself */
    enum function_class class;
    bool is_opaque;
    bool renames, twists;
    bool fills;           /* one of them writes to tables, perhaps what it is given */
    bool keeps;           /* or puts it elsewhere */
    bool is_user;         /* one of them is a user's */
    uint32_t administers; /* PLAN_ADMINISTERS flags */
    bool may_aggregate;
    bool is_known; /* the snapshot shows one of that name */
    const char *schema, *name;
    const struct catalog_function *exit, *never;
};

/* All functions that a name (of one or two parts) can mean, together. */
struct function_facts function_facts(const struct plan_work *work, PgQuery__Node *const *names,
                                     size_t count);
/* The same of a name as text; schema NULL: in any. */
struct function_facts function_facts_named(const struct plan_work *work, const char *schema,
                                           const char *name);
/* Whether a call is of PostgreSQL's own function of one of these names, and no user's has it. */
bool function_is_one_of(const struct plan_work *work, const PgQuery__FuncCall *call,
                        const char *const *names, size_t count);
/* Operators of that name, of which it is not known that they show nothing; NULL: casts. */
void names_add_foreign(struct plan_work *work, const char *operator);
/* Whether the text between two operands can be a user's operator. */
bool names_is_foreign_operator(const struct plan_work *work, PgQuery__Node *const *names,
                               size_t count);
/* Whether a type's name is one of PostgreSQL's own types'. */
bool names_is_builtin_type(const PgQuery__TypeName *type);
/* Of the last part of a type's name (NULL: none). */
bool names_is_builtin_name(const char *name);
/* Whether newer servers take a call by it, without a schema or quotes, for what they have in their
 * grammar (newer_word.def), whatever function a user has of that name. */
bool names_is_newer_function(const char *name);
/* Whether a cast to that type can run something unknown. */
bool names_is_foreign_type(const struct plan_work *work, const PgQuery__TypeName *type);

/* The same of the columns that FROM declares of a function, and of what PREPARE or Parse declares
 * of a parameter. */
bool names_has_foreign_column(const struct plan_work *work, PgQuery__Node *const *columns,
                              size_t count);
bool names_is_foreign_parameter(const struct plan_work *work, int32_t number);

/* The relations that a name can mean, one by one from *at = 0; system ones only where they speak
 * values of other tables. */
const struct catalog_relation *names_next_relation(const struct plan_work *work, const char *schema,
                                                   const char *name, size_t *at);
/* What functions bring that run when one of them is written; true where not all of it is known. */
bool names_written(const struct plan_work *work, const PgQuery__RangeVar *range,
                   struct reach *reach);
/* What a relation holds, statistics' texts included. */
struct reach names_reach(const struct plan_work *work, const struct catalog_relation *relation);
/* Whether a column of a relation that speaks values can hold some. */
bool names_column_speaks(const struct catalog_relation *relation, const char *column);

/* Fills work->names with what a tree names. */
void names_collect(struct plan_work *work, const ProtobufCMessage *tree);
/* Adds a relation by its name: how names_collect and the token scan see one. False where the
 * snapshot does not know it. */
bool names_add_relation(struct plan_work *work, const char *schema, const char *name);
/* The table of that name, as it is written, that the session has just made; NULL where there is
 * none, or the name can mean what the snapshot shows. */
const struct plan_table *names_blank(const struct plan_work *work, const char *schema,
                                     const char *name);
/* What acts on a relation of that name: triggers, rules, policies. */
void names_add_acts(struct plan_work *work, const char *schema, const char *name, bool is_written);
void names_add_everything(struct plan_work *work, uint32_t flag);
void names_add_function(struct plan_work *work, const struct function_facts *facts);

#endif
