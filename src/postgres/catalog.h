/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot of one database's catalog, as far as attribution needs it: relations, columns, what
 * views read, functions, operators, casts, who may read the keys, how many subjects there are; and
 * what the configuration says of them, by OID and column number.
 *
 * Immutable once finished; held by whoever uses it (catalog_hold, catalog_release), any thread. A
 * new snapshot is built from rows that the inspector reads (catalog_builder_query): this module
 * knows the queries and what their rows mean, not how they travel. The one thing that moves in a
 * finished snapshot is how many subjects there are (catalog_growth_row).
 *
 * What a mapping was resolved to stays: a table that is renamed keeps its OID, and its mapping goes
 * with it (`prior`). A mapping that finds no table waits for one of that name.
 *
 * Everything unknown is personal until shown otherwise: who asks for an OID that is not here gets
 * NULL and must treat it as the most it can be.
 */
#ifndef PASU_POSTGRES_CATALOG_H
#define PASU_POSTGRES_CATALOG_H

#include "base/bytes.h"

enum { /* OIDs of PostgreSQL's own */
       CATALOG_PG_CLASS = 1259,
       CATALOG_PG_ATTRIBUTE = 1249,
       CATALOG_PG_NAMESPACE = 2615,
       CATALOG_PG_REWRITE = 2618,
};
enum {
    CATALOG_NAME_SIZE = 64,
    CATALOG_FIELDS_MAX = 64,
    CATALOG_KINDS_MAX = 16,
    CATALOG_KEY_PARTS_MAX = 4, /* columns that name a person together */
};

/* What the configuration says, in the numbers of the vocabulary (exposure/vocabulary.h); the caller
 * translates. Texts are borrowed while the snapshot is built. */
struct catalog_mapping_field {
    const char *column;
    uint8_t field;
};
struct catalog_mapping {
    const char *table; /* "schema.table" or "database.schema.table" */
    const char *key;   /* column that holds the subject's key, or the first of its parts */
    uint8_t kind;
    const struct catalog_mapping_field *fields;
    size_t field_count;
    const char *more_keys[CATALOG_KEY_PARTS_MAX - 1]; /* the key's other parts; NULL: none */
};
struct catalog_policy {
    const struct catalog_mapping *mappings;
    size_t mapping_count;
    const char *const *never; /* tables shown to nobody */
    size_t never_count;
    const char *const *subject_tables; /* by kind: the table that has one row per subject */
    size_t kind_count;
};

enum catalog_key_type {
    CATALOG_KEY_NONE, /* a type that no key is read of: bound */
    CATALOG_KEY_INT2,
    CATALOG_KEY_INT4,
    CATALOG_KEY_INT8,
    CATALOG_KEY_NUMERIC,
    CATALOG_KEY_UUID,
    CATALOG_KEY_TEXT,  /* text, varchar */
    CATALOG_KEY_TUPLE, /* several of these together: exposure/tuple.h */
};

/* Where the number of a key's column stands: it has several, and none of them is the key. No column
 * has that number. */
#define CATALOG_KEY_SEVERAL INT16_MIN

/* One kind of subject that a relation shows: its key's column and its personal columns. */
struct catalog_show {
    uint8_t kind;
    int16_t key_column;     /* attnum; CATALOG_KEY_SEVERAL: key_parts; 0: it is not there */
    uint8_t key_type;       /* enum catalog_key_type; _TUPLE: of several, all of which are there */
    bool is_key_unique;     /* at most one row has a key */
    bool is_key_loose;      /* keys that are equal need not be the same bytes */
    uint8_t key_part_count; /* of several; else 0 */
    int16_t key_parts[CATALOG_KEY_PARTS_MAX];      /* attnums; 0: it is not there */
    uint8_t key_part_types[CATALOG_KEY_PARTS_MAX]; /* enum catalog_key_type */
    uint64_t fields;                               /* of all its columns */
    uint64_t *column_fields; /* [attnum], 0 where the column is not personal; column_count + 1 */
};

struct catalog_column {
    char name[CATALOG_NAME_SIZE];
    int16_t number;   /* attnum, from 1; dropped ones are left out */
    uint32_t type;    /* OID */
    uint32_t base;    /* its type is a domain over this one; 0: it is none */
    bool is_computed; /* generated: nobody writes it */
    bool is_text;     /* of a type of one's own whose values are texts: citext */
    bool is_loose;    /* values that are equal need not be the same bytes, by its collation */
};

/* The type that its values are of, be it that of a domain. */
static inline uint32_t
catalog_value_type(const struct catalog_column *column)
{
    return column->base ? column->base : column->type;
}

struct catalog_relation {
    uint32_t oid;
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE];
    char kind;          /* pg_class.relkind */
    char persistence;   /* p, u, t */
    bool is_system;     /* in pg_catalog or information_schema */
    bool is_never;      /* or a view over such a relation */
    bool speaks_values; /* statistics, activity, large objects: values of other tables can be in it
                         */
    uint32_t file;      /* where its rows are; 0: nowhere */
    uint64_t first;     /* the version of the first snapshot that showed it, with this file */
    bool is_empty;      /* there was no row in it; asked of what catalog_relation_since tells */
    bool has_rules;     /* other than a view's own */
    bool is_filled;     /* what acts on it can change the rows that are written */
    bool is_guarded;    /* what acts on it acts when it is read, too: policies */
    bool is_exit;       /* a view that calls a function which is one */
    /* As of a function: a view that calls one which does. */
    bool fills, renames, twists, keeps;
    struct catalog_column *columns;
    size_t column_count;
    int16_t column_limit;       /* highest attnum */
    struct catalog_show *shows; /* of an ordinary table: what the mapping says (partitions and
                                   inheriting tables have their parents' mapping) */
    size_t show_count;
    /* What can be in it at most: its own mapping, what views read (through views and functions),
     * and marks. A table that is none of these has 0. */
    uint64_t fields, kinds;
    bool has_casts; /* a user's cast can speak where one of its values, or a row, is converted */
    uint64_t marked_fields, marked_kinds; /* of these, what marks say: in any of its columns */
    bool is_one_marked; /* that is all there is in it, and a row is of one person of each kind */
    bool is_mixed;      /* so it was marked, and something is there that can have changed it */
    uint32_t marked_persons; /* is_one_marked: all rows are of so many, at most; 0: not known */
    /* And of those, what functions and triggers can have put there: it stays when they go. */
    uint64_t filled_fields, filled_kinds;
    /* What functions bring that run when it is written (triggers, defaults): RETURNING shows it. */
    uint64_t written_fields, written_kinds;
    bool is_written_opaque;
    /* What can come out of what acts on it: triggers, rules, defaults, generated columns, checks,
     * indexes' expressions, policies. 0 where all of that is clean. */
    uint64_t act_fields, act_kinds;
    bool has_acts; /* there are any, clean or not: they can speak of the row */
    bool act_renames, act_twists, act_keeps; /* as of a function */
    const char *definition; /* of a view or materialized view: its query as pg_get_viewdef prints
                               it, with pg_catalog alone in the search_path; or NULL */
    /* Of a view, whose query that is: the rule, and the transaction that made its row's version. */
    uint32_t rule, rule_version;
    bool is_plain_view; /* it has no options */
};

/* The number of the column of that name; 0: there is none. */
static inline int16_t
catalog_column_number(const struct catalog_relation *relation, const char *name)
{
    for (size_t i = 0; i < relation->column_count; i++)
        if (strcmp(relation->columns[i].name, name) == 0)
            return relation->columns[i].number;
    return 0;
}

/* Whether a key is that column, or has it among its parts: who writes it writes another key. */
static inline bool
catalog_show_has_key(const struct catalog_show *show, int16_t column)
{
    for (size_t i = 0; i < show->key_part_count; i++)
        if (show->key_parts[i] == column)
            return true;
    return show->key_column == column;
}

/* A column of it, by which rights on the whole table are asked. */
static inline int16_t
catalog_show_column(const struct catalog_show *show)
{
    return show->key_part_count > 0 ? show->key_parts[0] : show->key_column;
}

struct catalog_function {
    uint32_t oid;
    char schema[CATALOG_NAME_SIZE], name[CATALOG_NAME_SIZE];
    bool is_system;
    bool returns_set;
    char kind; /* pg_proc.prokind: f, p, a, w */
    /* Not known to carry nothing. What can come out of it: all fields and kinds of the relations
     * that its text names, or of all. 0 for one whose inside was read and is clean. */
    bool is_opaque;
    bool is_exit;  /* reads files, other servers, runs programs */
    bool is_never; /* its text names a relation that is shown to nobody */
    bool fills;    /* it writes to tables */
    bool renames;  /* it can prepare statements, or open and close cursors */
    bool twists;   /* it can give a name another meaning: DDL of views, rules, triggers … */
    bool keeps;    /* it puts what it reads or is given where neither rows nor marks show it */
    uint32_t administers; /* PLAN_ADMINISTERS flags, by its words (administer.h) */
    uint64_t fields, kinds;
    const char *text; /* of a user's that can carry a trigger's row; else NULL */
};

/* A user's function whose text says all that it does with its arguments: SQL or PL/pgSQL, all of
 * its arguments go in, of PostgreSQL's own types, none can be left out, and no setting changes with
 * it. */
enum { CATALOG_ARGUMENTS_MAX = 8, CATALOG_RESULTS_MAX = 16 };
struct catalog_routine {
    uint32_t function;
    bool is_plpgsql; /* else SQL */
    uint32_t result_type;
    uint32_t result_relation; /* whose rows it returns; 0: a value, or nothing */
    size_t argument_count;
    uint32_t argument_types[CATALOG_ARGUMENTS_MAX];
    const char *argument_names[CATALOG_ARGUMENTS_MAX]; /* "": none */
    /* What OUT parameters or TABLE say that a row of its result has; 0: nothing. */
    size_t result_count;
    const char *result_names[CATALOG_RESULTS_MAX];
    uint32_t result_types[CATALOG_RESULTS_MAX];
    const char *body;
    bool is_printed; /* as the server prints it: arguments as function.argument */
};

/* What is written to one relation comes to be in another. */
enum catalog_spill_kind {
    SPILL_CHILD, /* a partition, or a table that inherits */
    SPILL_VIEW,  /* `from` is a view, `to` what it reads */
    SPILL_ACT,   /* a trigger's function or a rule that can copy from it writes there */
    SPILL_KEY,   /* a foreign key with ON UPDATE CASCADE */
    SPILL_OWNER, /* a rule can put another key into a row of `to`; where that is `from`, and its
                    column 0: a trigger, into a row that is updated */
    SPILL_AWAY,  /* a foreign key with SET DEFAULT or SET NULL: rows of `to` get another key */
};
struct catalog_spill {
    uint32_t from, to;
    uint8_t kind;   /* enum catalog_spill_kind */
    int16_t column; /* of `from`; 0: any */
};

struct catalog;
struct catalog_builder;

/* ---- building, from the inspector's rows ---- */

/* `prior` (may be NULL) is the snapshot that this one follows; `marks` are relations known to carry
 * more than their mapping says. Policy and marks are borrowed until the builder is gone. */
#define CATALOG_TEMPORARY "pg_temp"
/* The column of a mark of all that has come to be since a snapshot: its name is catalog_since's
 * text. No column has that number. */
#define CATALOG_MADE INT16_MAX
#define CATALOG_EVER "0/0" /* the name of one of all that there are */
struct catalog_mark {
    uint32_t relation;         /* 0: all relations of that name */
    const char *schema, *name; /* schema NULL: in any; CATALOG_TEMPORARY: temporary ones */
    uint64_t fields, kinds;    /* what no mapping names is left out */
    int16_t column; /* of a mapped relation: there, and of the person of its key; 0: in any column,
                       of anybody */
    bool is_one;    /* each row is of one person of each kind, at most */
    uint64_t persons; /* is_one: all of these rows, of so many; 0: not known */
};
PASU_MUST_USE int catalog_builder_new(struct catalog_builder **builder,
                                      const struct catalog_policy *policy, struct catalog *prior,
                                      const struct catalog_mark *marks, size_t mark_count);
/*
 * The queries are asked one after the other, from 0 to catalog_query_count() - 1, on one connection
 * whose client_encoding is UTF8; what a later one asks depends on the rows of those before it. Each
 * is one Query message without parameters, whose results are texts; they run in one transaction,
 * which the first begins and a later one ends. The text is borrowed until the next call.
 */
size_t catalog_query_count(void);
PASU_MUST_USE int catalog_builder_query(struct catalog_builder *builder, size_t index,
                                        const char **sql);
/* Whether the server may answer that query with an error: the snapshot is then made without it,
 * and coarser (catalog_is_partial). Any other error makes the snapshot impossible. */
bool catalog_query_is_optional(size_t index);
void catalog_builder_skip(struct catalog_builder *builder, size_t index);
/* One row of query `index`; `values` have bytes NULL where the value is null. PASU_E_MALFORMED
 * where it is no such row. */
PASU_MUST_USE int catalog_builder_row(struct catalog_builder *builder, size_t index,
                                      const struct view *values, size_t count);
/* Resolves everything. The builder is gone afterwards, whatever happens. */
PASU_MUST_USE int catalog_builder_finish(struct catalog_builder *take_builder, uint64_t version,
                                         struct catalog **catalog);
void catalog_builder_free(struct catalog_builder *builder);

/* A query whose single value is another one than catalog_poll_value when a new snapshot is due. It
 * sees the whole catalog but temporary changes to columns of tables without a mapping. */
const char *catalog_poll_text(const struct catalog *catalog);
const char *catalog_poll_value(const struct catalog *catalog);
/* What another value than that says has changed. */
enum catalog_change {
    CATALOG_SAME,
    CATALOG_TEMPORARIES, /* temporary tables, which no session sees but their own */
    CATALOG_CHANGED,
};
enum catalog_change catalog_poll_change(const struct catalog *catalog, struct view value);
/*
 * A query whose rows say how much the tables of subjects have grown; NULL where nobody can say.
 * Asked every few seconds it keeps catalog_population an upper bound. Its rows taken, tables whose
 * number that leaves too vague are counted anew, by a query each (an iteration from *at = 0, NULL
 * at the end), which may fail: then what has grown is added. catalog_population changes at the end.
 */
const char *catalog_growth_text(const struct catalog *catalog);
PASU_MUST_USE int catalog_growth_row(struct catalog *catalog, const struct view *values,
                                     size_t count);
/* Rows that others know to be there, by kind: not by statistics, which come late. To be said before
 * tables are counted anew; those that were counted for this snapshot have them already. */
void catalog_growth_add(struct catalog *catalog, const uint64_t rows[CATALOG_KINDS_MAX]);
const char *catalog_growth_recount(const struct catalog *catalog, size_t *at);
PASU_MUST_USE int catalog_growth_count(struct catalog *catalog, const struct view *values,
                                       size_t count);
void catalog_growth_end(struct catalog *catalog);
/* Of rows that others number, how many the populations have in them: theirs to say, 0 at first.
 * Each snapshot has its own, so whoever still holds an old one adds to it what it has not. */
struct catalog_seen {
    _Atomic uint64_t rows[CATALOG_KINDS_MAX];
};
const struct catalog_seen *catalog_seen(const struct catalog *catalog);
struct catalog_seen *catalog_see(struct catalog *catalog);

struct catalog *catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* NULL is allowed */

/* ---- asking ---- */
uint64_t catalog_version(const struct catalog *catalog);
/* A newer snapshot has taken its place: whoever keeps things for later lets go of what is made with
 * this one, so that it does not outlive its use. Any thread. */
void catalog_supersede(struct catalog *catalog); /* NULL is allowed */
bool catalog_is_superseded(const struct catalog *catalog);
const struct catalog_relation *catalog_relation(const struct catalog *catalog, uint32_t oid);
/* All relations of a name (in any schema), or of a name in one schema: an iteration from *at = 0.
 */
const struct catalog_relation *catalog_relation_named(const struct catalog *catalog,
                                                      const char *schema, const char *name,
                                                      size_t *at);
/* The text by which what comes to be after this snapshot is known, here and in those after it. */
enum { CATALOG_SINCE_SIZE = 40 };
void catalog_since(const struct catalog *catalog, char text[CATALOG_SINCE_SIZE]);
/* Relations that were made, or got other files, after the snapshot of that text, and such as are
 * above all that it had: an iteration from *at = 0. Partitioned tables are not among them: what is
 * in them is in their partitions. Of a text that is none, all. */
const struct catalog_relation *catalog_relation_since(const struct catalog *catalog,
                                                      const char *since, size_t *at);
/* The same, of a mark: its schema may be CATALOG_TEMPORARY. */
const struct catalog_relation *catalog_relation_marked(const struct catalog *catalog,
                                                       const char *schema, const char *name,
                                                       size_t *at);
/* Where rows of a relation go on to: an iteration from *at = 0. */
const struct catalog_spill *catalog_spill(const struct catalog *catalog, uint32_t from, size_t *at);
/* Tables that a function fills, itself or by those that it calls: an iteration from *at = 0.
 * Function 0: those that operators, casts and types fill. */
const struct catalog_relation *catalog_fill(const struct catalog *catalog, uint32_t function,
                                            size_t *at);
/* Tables in whose rows a function's result can be: of triggers, defaults, generated columns. */
const struct catalog_relation *catalog_written_by(const struct catalog *catalog, uint32_t function,
                                                  size_t *at);
size_t catalog_relation_count(const struct catalog *catalog);
const struct catalog_relation *catalog_relation_at(const struct catalog *catalog, size_t index);
const struct catalog_function *catalog_function(const struct catalog *catalog, uint32_t oid);
const struct catalog_function *catalog_function_named(const struct catalog *catalog,
                                                      const char *schema, const char *name,
                                                      size_t *at);
/* NULL: it is none of these. */
const struct catalog_routine *catalog_routine(const struct catalog *catalog, uint32_t function);
size_t catalog_function_count(const struct catalog *catalog);
const struct catalog_function *catalog_function_at(const struct catalog *catalog, size_t index);
/* Whether a user-defined operator of that name exists of which it is not known that it shows
 * nothing. */
bool catalog_operator_is_foreign(const struct catalog *catalog, const char *name);
/* Whether one is there whose function puts what it is given out of sight, or into tables. */
bool catalog_operator_keeps(const struct catalog *catalog, const char *name);
/* Whether somebody has defined "=" between two of PostgreSQL's own types: then it is not known what
 * a comparison with a key means. So it is not where there is no snapshot (NULL). */
bool catalog_has_own_equality(const struct catalog *catalog);
/* Whether code, or the policy, speaks of something by that name, be it there or not: it will mean
 * what is made by that name. True for some others, too. */
bool catalog_speaks_of(const struct catalog *catalog, const char *name);
/* Whether code can read what a session has opened or prepared, by its name: a cursor that the code
 * has not opened itself, or whatever else texts do that it runs and nobody knows. */
bool catalog_may_borrow(const struct catalog *catalog);
/* Whether code can see what SQL's PREPARE has made in the session: its text, or its rows. */
bool catalog_may_run_prepared(const struct catalog *catalog);
/* Whether there are event triggers, and what can come out of them. */
bool catalog_events(const struct catalog *catalog, uint64_t *fields, uint64_t *kinds);
/* Whether some user-defined cast, or type with functions of its own, is not known to be clean; true
 * where there is no snapshot (NULL). */
bool catalog_has_foreign_casts(const struct catalog *catalog);
/* Whether there is any user-defined cast, or type with functions of its own. */
bool catalog_has_casts(const struct catalog *catalog);
/* And whether code that is no extension's runs for one, of which it is not known that it shows
 * nothing. */
bool catalog_has_cast_code(const struct catalog *catalog);
/* And whether one puts what it is given out of sight, or into tables. */
bool catalog_has_keeping_casts(const struct catalog *catalog);
/* Whether triggers, or what else acts by itself, can put things anywhere. */
bool catalog_has_keeping_acts(const struct catalog *catalog);
/* Whether a role may read that column (itself or by its groups). False where it is not known. */
bool catalog_role_may_read(const struct catalog *catalog, const char *role, uint32_t relation,
                           int16_t column);
/* Whether it may read all columns of a table whose key that is, those of the system too. The same,
 * of column 1, of views without options and of the catalog's tables above; and, of its first
 * column, of a relation whose name such a table has, too. */
bool catalog_role_may_read_all(const struct catalog *catalog, const char *role, uint32_t relation,
                               int16_t key);
/* Whether it is known to have no right to look into the schema of a relation whose name a table
 * with a key has, too: a name without a schema cannot mean it, then. */
bool catalog_role_is_shut_out(const struct catalog *catalog, const char *role,
                              const struct catalog_relation *relation);
/*
 * How many subjects of a kind there are, at most (UINT32_MAX where unknown). The rows of its table
 * were counted when this snapshot or one before it was made, or at a later poll, and what has been
 * inserted since, as the server's statistics had it at the last poll, is added; deleted rows are
 * not taken away before the next count. Where rows cannot be counted it is what the table's files
 * have room for.
 */
uint64_t catalog_population(const struct catalog *catalog, uint8_t kind);
/* Kinds (bits) whose subjects' tables a normalized text can name. */
uint32_t catalog_subjects_named(const struct catalog *catalog, const char *sql);
bool catalog_population_is_counted(const struct catalog *catalog, uint8_t kind);
/* An optional query failed: definitions or bodies are missing, and stand for everything. */
bool catalog_is_partial(const struct catalog *catalog);
/* All fields and kinds that any mapping names. */
uint64_t catalog_all_fields(const struct catalog *catalog);
uint64_t catalog_all_kinds(const struct catalog *catalog);
/* Marks that say of relations and columns what the policy says, though it does not find them by
 * their names any more: an iteration from *at = 0, NULL at the end. */
const struct catalog_mark *catalog_renamed(const struct catalog *catalog, size_t *at);
/* Tables (and "table.column") of the policy that were not found: their names, one by one from
 * *at = 0; NULL at the end. */
const char *catalog_unresolved(const struct catalog *catalog, size_t *at);

#endif
