/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a snapshot share: its inside, and the builder's.
 *
 *      rows ──► builder ──► names and OIDs ──► mappings ──► what functions' texts name ──► taint
 *      (catalog_builder)   (catalog_resolve)  (…_resolve)  (…_function, …_body)       (…_taint)
 *
 * The steps after the rows run as soon as a query needs their outcome, at the latest in
 * catalog_builder_finish; each once.
 */
#ifndef PASU_POSTGRES_CATALOG_PART_H
#define PASU_POSTGRES_CATALOG_PART_H

#include "postgres/catalog.h"
#include "postgres/catalog_arena.h"
#include "postgres/catalog_scan.h"

enum {
    FIRST_USER_OID = 16384,      /* PostgreSQL: FirstNormalObjectId */
    CATALOG_SUBJECTS_MAX = 1024, /* tables of subjects; a kind that has more is unknown */
    CATALOG_SPOKEN_BITS = 1 << 16,
    CATALOG_READERS_MAX = 512, /* keys' columns of which it is asked who may read them */
};

enum catalog_query {
#define X(name, columns, is_optional, sql) QUERY_##name,
#include "postgres/catalog_query.def"
#undef X
    QUERY_COUNT
};

/* Numbers of an array by a hash of what they stand for; chained, built once. */
struct catalog_index {
    uint32_t *heads, *next; /* number + 1; 0: none */
    uint64_t mask;
};

/* What an entry of the policy was resolved to. Its texts tell it again in the next snapshot. */
enum catalog_entry { ENTRY_MAPPING, ENTRY_NEVER, ENTRY_SUBJECT };
struct catalog_place_of_column {
    const char *column;
    int16_t number;
};
struct catalog_binding {
    uint8_t entry;           /* enum catalog_entry */
    const char *table, *key; /* the parts of a key with a comma between them */
    uint32_t relation;
    struct catalog_place_of_column *columns; /* the key's first */
    size_t column_count;
    bool is_named; /* the relation has the entry's name still */
};

struct catalog_rule {
    uint32_t oid, relation;
    uint32_t xmin;
    bool is_view;       /* a view's own; else it acts on the relation */
    bool is_plain;      /* of a view without options */
    bool is_seen;       /* the ones below are known */
    bool is_whole;      /* speaks of a whole row somewhere */
    bool speaks, exits; /* uses something of PostgreSQL's own that does */
};

struct catalog_subject {
    uint32_t relation;
    uint32_t kinds;                   /* bits */
    uint8_t times[CATALOG_KINDS_MAX]; /* so many persons of that kind can one row name */
    char relkind;
    bool may_count, is_counted;
    bool has_base, has_room;
    const char *recount;  /* a query that counts its rows; NULL: nobody may */
    uint64_t count, base; /* rows, and insertions when they were counted */
    uint64_t added;       /* since then, as those say who inserted them */
    bool is_fresh;        /* counted for this snapshot */
    uint64_t inserted, room;
    uint64_t most;
};

struct catalog_reader_key {
    uint32_t relation;
    int16_t column;
};
struct catalog_reader {
    const char *role;
    const char *bits; /* '0' and '1', one a key */
};

/* A user's operator that is not known to show nothing. */
struct catalog_foreign {
    const char *name;
    bool keeps;
};

struct catalog {
    _Atomic uint32_t holders;
    _Atomic bool is_superseded;
    uint64_t version;
    struct catalog_arena arena;
    struct catalog_relation *relations;
    size_t relation_count;
    struct catalog_column *columns;
    struct catalog_function *functions;
    size_t function_count;
    struct catalog_index relation_oids, relation_names, function_oids, function_names;
    struct catalog_index operator_names, reader_names;
    struct catalog_pile bindings, rules, subjects; /* of the structs above */
    struct catalog_pile operators;                 /* struct catalog_foreign */
    struct catalog_pile reader_keys, readers;
    struct catalog_pile unresolved; /* const char * */
    struct catalog_pile renamed;    /* struct catalog_mark */
    struct catalog_pile spills;     /* of struct catalog_spill, by `from` */
    /* Words of code, and tables of the policy: a set of hashes. */
    uint64_t spoken[CATALOG_SPOKEN_BITS / 64];
    struct catalog_pile routines; /* struct catalog_routine, by function */
    struct catalog_pile fills;    /* struct catalog_pair: functions, and relations that they fill */
    struct catalog_pile written;  /* the same: relations whose rows they make */
    bool has_own_equality, has_keeping_acts, has_events, may_borrow, may_run_prepared;
    uint64_t event_fields, event_kinds;
    bool has_casts, has_foreign_casts, has_keeping_casts, has_cast_code, is_partial;
    uint32_t uncounted_kinds; /* bits: too many tables */
    uint64_t all_fields, all_kinds;
    uint32_t highest; /* of relations' OIDs and files */
    const char *poll_text, *growth_text;
    char poll_value[1024];
    _Atomic uint64_t populations[CATALOG_KINDS_MAX];
    struct catalog_seen seen;
    _Atomic bool is_counted[CATALOG_KINDS_MAX];
};

/* ---- what the builder collects ---- */

struct catalog_raw_column {
    uint32_t relation;
    struct catalog_column column;
};
struct catalog_pair {
    uint32_t a, b;
};
struct catalog_generated {
    uint32_t relation;
    int16_t column, source;
};
struct catalog_domain {
    uint32_t relation, type;
    int16_t column;
};
struct catalog_operator {
    const char *name;
    uint32_t function;
};
struct catalog_act {
    uint32_t relation;
    bool is_guard, is_filling;
    const char *text;
};
struct catalog_trigger {
    uint32_t relation, function;
    bool has_tables; /* REFERENCING: it sees all of what was written */
    bool may_change; /* it acts before a row is updated */
};
struct catalog_dependency {
    uint32_t rule, object;
    bool is_function;
    int16_t column;
};
/* What is not in struct catalog_function; same number. */
enum catalog_language {
    LANGUAGE_SQL,
    LANGUAGE_PLPGSQL,
    LANGUAGE_NATIVE, /* c, internal */
    LANGUAGE_TRUSTED,
    LANGUAGE_UNTRUSTED
};
struct catalog_source {
    const char *body, *extension; /* or NULL */
    uint8_t language;
    char kind; /* prokind */
    bool has_query_body;
    bool speaks, exits; /* by its name: catalog_system.def */
};

/* What can come out of a relation or function. */
struct catalog_taint {
    uint64_t fields, kinds;
    bool is_opaque, is_exit, is_never, renames, twists, fills, keeps;
    uint32_t administers;
    /* Of marks (`marked`): how many there are, and what they say of rows. */
    uint32_t marks;
    bool is_many, is_uncounted;
    uint64_t persons;
};

struct catalog_builder {
    const struct catalog_policy *policy;
    struct catalog *prior; /* held */
    const struct catalog_mark *marks;
    size_t mark_count;
    struct catalog *catalog;
    struct catalog_arena scratch;
    char *sql; /* of the last query asked; memory_free */
    /* the server */
    uint32_t version, block_size;
    char database[CATALOG_NAME_SIZE];
    bool is_utf8, has_population, may_restrict, has_own_concatenation;
    /* rows */
    struct catalog_pile relations, functions; /* become the catalog's */
    struct catalog_pile files;                /* struct catalog_pair: relation, file */
    struct catalog_pile sources, columns, inherits, keys, loose, texts, domains, computed,
        generated, aggregates, operators, casts;
    struct catalog_pile dependencies, writers, acts, triggers;
    struct catalog_pile fills;  /* struct catalog_pair: the text of node `a` fills relation `b` */
    struct catalog_pile called; /* struct catalog_pair: function node `a` calls `b` */
    struct catalog_pile forms;  /* struct catalog_pair: relation `a` can be cast by function `b` */
    bool has_cast_code;         /* casts' functions can be read: those of no extension */
    bool skipped[QUERY_COUNT];
    /* steps done */
    bool is_resolved, is_tainted;
    int failure; /* of one of them: it stays */
    /* by number: relations first, then functions, then what acts on relations */
    struct catalog_taint *taints;
    struct catalog_taint *marked; /* by relation: what its marks alone say */
    struct catalog_pile edges;    /* struct catalog_pair: what is in `a` can come out of `b` */
    struct catalog_index operator_index; /* of `operators` */
    struct catalog_pile tokens, names;   /* of the body that is being read */
    uint32_t stamp;                      /* of the body that was read last */
    uint32_t *stamps;                    /* by relation, then function: the body that named it */
    uint8_t *is_whole;                   /* by relation: its row as a whole */
};

/* ---- catalog.c ---- */
PASU_MUST_USE int catalog_index_init(struct catalog_index *index, struct catalog_arena *arena,
                                     size_t count);
void catalog_index_add(struct catalog_index *index, uint64_t hash, size_t number);
uint64_t catalog_hash_oid(uint32_t oid);
/* `seed`: an address that whoever chooses names does not know. */
uint64_t catalog_hash_name(const void *seed, const char *name, size_t length);
/* Code says that word, or the policy names a table so. */
void catalog_speak(struct catalog *catalog, const char *name);
/* The next number of that hash after `at` (0: the first), or 0; numbers from 1. */
static inline uint32_t
catalog_index_next(const struct catalog_index *index, uint64_t hash, size_t at)
{
    if (!index->heads)
        return 0;
    return at == 0 ? index->heads[hash & index->mask] : index->next[at - 1];
}
/* Positions in the arrays, or SIZE_MAX. */
size_t catalog_relation_number(const struct catalog *catalog, uint32_t oid);
size_t catalog_function_number(const struct catalog *catalog, uint32_t oid);
void catalog_free(struct catalog *catalog);

/* ---- catalog_query.c ---- */
extern const uint8_t catalog_query_columns[QUERY_COUNT];

/* ---- catalog_builder.c ---- */
void catalog_rules_sort(struct catalog *catalog);
/* Of sorted ones; or NULL. */
struct catalog_rule *catalog_rule_find(const struct catalog *catalog, uint32_t oid);

/* ---- catalog_resolve.c ---- */
/* Indexes, mappings, inheritance, never, subjects' tables. */
PASU_MUST_USE int catalog_resolve(struct catalog_builder *builder);

/* ---- catalog_binding.c ---- */
/* The policy's entries to relations and columns, by name and by what they were before. */
PASU_MUST_USE int catalog_bind(struct catalog_builder *builder);

/* What of it the next snapshot would not find again without this one. */
PASU_MUST_USE int catalog_bind_renamed(struct catalog_builder *builder);

/* ---- catalog_inherit.c ---- */
/* Children carry what their parents carry, by their columns' names; generated columns what they are
 * made of. */
PASU_MUST_USE int catalog_inherit(struct catalog_builder *builder);
/* The columns of a key: one, or several. */
struct catalog_key {
    int16_t parts[CATALOG_KEY_PARTS_MAX];
    size_t count;
};
/* The relation's show of that kind and key, made where there is none; NULL: no memory. */
struct catalog_show *catalog_show_of(struct catalog_builder *builder,
                                     struct catalog_relation *relation, uint8_t kind,
                                     const struct catalog_key *key);
void catalog_show_add(struct catalog_show *show, int16_t column, uint64_t fields);

/* ---- catalog_function.c ---- */
/* What functions are by their name, language and extension; user's texts are read. */
PASU_MUST_USE int catalog_functions_read(struct catalog_builder *builder);
bool catalog_relation_speaks(const struct catalog_relation *relation);
/* Whether a function of that name is one that shows anything or reaches out of the database. It is
 * looked up once for each row: a load goes through all of PostgreSQL's own several times. */
void catalog_source_name(struct catalog_source *source, const char *name);

/* ---- catalog_routine.c ---- */
PASU_MUST_USE int catalog_routine_row(struct catalog *catalog, const struct view *values);

/* ---- catalog_body.c ---- */
/* The node of what acts on relation `number`. */
static inline size_t
catalog_act_node(const struct catalog_builder *b, size_t number)
{
    return b->catalog->relation_count + b->catalog->function_count + number;
}
/* Of event triggers. */
static inline size_t
catalog_event_node(const struct catalog_builder *b)
{
    return catalog_act_node(b, b->catalog->relation_count);
}
/* Whether function `number` is written in C: what it does, its extension says. */
static inline bool
catalog_is_native(const struct catalog_builder *b, size_t number)
{
    return ((const struct catalog_source *)b->sources.items)[number].language == LANGUAGE_NATIVE;
}
/* Of casts, and of what else is run for a type without being named: any text can do so. */
static inline size_t
catalog_cast_node(const struct catalog_builder *b)
{
    return catalog_event_node(b) + 1;
}
/* The text of a node (a function, or what acts on a relation): taints and edges for what it names,
 * and for what it fills. */
PASU_MUST_USE int catalog_body_read(struct catalog_builder *builder, size_t node, struct view text);
/* is_made: the text is run by another one. */
PASU_MUST_USE int catalog_body_read_made(struct catalog_builder *builder, size_t node,
                                         struct view text, bool is_made);
/* Which relations have come to be since the prior snapshot (catalog_since.c): before marks are
 * taken, and once the version is known. */
void catalog_since_take(struct catalog_builder *builder);
void catalog_since_settle(struct catalog *catalog);
PASU_MUST_USE int catalog_empty_row(struct catalog_builder *builder, const struct view *values);
/* Where a trigger of a relation carries its row: into marks of it, and taints of other tables. */
void catalog_trigger_read(struct catalog_builder *builder, size_t relation,
                          const struct catalog_act *act);
/* The texts that a text runs. */
PASU_MUST_USE int catalog_made_read(struct catalog_builder *builder, size_t node, struct view text);

/* ---- catalog_taint.c ---- */
/* Fields, kinds and the rest of every relation and function, through all that use others. */
PASU_MUST_USE int catalog_taint(struct catalog_builder *builder);
PASU_MUST_USE int catalog_edge_add(struct catalog_builder *builder, size_t from, size_t to);
void catalog_taint_everything(const struct catalog_builder *builder, struct catalog_taint *taint);
/* Adds what a column of an ordinary relation carries (0: the relation's marks alone). */
void catalog_taint_column(const struct catalog_builder *builder,
                          const struct catalog_relation *relation, int16_t column,
                          struct catalog_taint *taint);

/* ---- catalog_calls.c ---- */
enum { CATALOG_CALLED_MAX = 256 };
/* A function and those that it calls, as nodes. */
struct catalog_calls {
    uint32_t nodes[CATALOG_CALLED_MAX];
    size_t count;
};
void catalog_pairs_sort(struct catalog_pile *pairs);
/* Of sorted ones, the first with that `a`; the end where there is none. */
const struct catalog_pair *catalog_pairs_first(const struct catalog_pile *pairs, uint32_t a);
#define PAIRS_OF(pair, pairs, node)                                                                \
    for (const struct catalog_pair *                                                               \
             pair = catalog_pairs_first(pairs, node),                                              \
            *pair##_end = pair ? (const struct catalog_pair *)(pairs)->items + (pairs)->count      \
                               : NULL;                                                             \
         pair != pair##_end && pair->a == (node); pair++)
/* After the functions' texts were read. */
PASU_MUST_USE int catalog_calls_init(struct catalog_builder *builder);
void catalog_calls_of(const struct catalog_builder *builder, uint32_t node,
                      struct catalog_calls *calls);
/* After taints have spread: what functions fill, and the texts of those that can carry a row. */
PASU_MUST_USE int catalog_fills(struct catalog_builder *builder);

/* ---- catalog_spill.c ---- */
PASU_MUST_USE int catalog_spill_row(struct catalog_builder *builder, const struct view *values);
/* Where what is written goes on to; after the functions' texts were read. */
PASU_MUST_USE int catalog_spills(struct catalog_builder *builder);

/* ---- catalog_routine.c ---- */
/* What the server prints of a function without a text of its own. */
PASU_MUST_USE int catalog_routine_body(struct catalog *catalog, uint32_t function,
                                       struct view body);

/* ---- catalog_rows.c ---- */
/* Last of all: of which relations a row is of one person. */
void catalog_rows_judge(const struct catalog_builder *builder);

/* ---- catalog_population.c ---- */
PASU_MUST_USE int catalog_subject_row(struct catalog_pile *subjects, const struct view *values);
PASU_MUST_USE int catalog_count_row(struct catalog_builder *builder, const struct view *values);
/* Whether a subject is a table whose rows can be counted, and whether they should be now. */
bool catalog_subject_is_countable(const struct catalog_subject *subject);
bool catalog_subject_is_due(const struct catalog_builder *builder,
                            const struct catalog_subject *subject);
void catalog_populations_settle(const struct catalog_builder *builder);

/* ---- values of rows ---- */
PASU_MUST_USE bool catalog_value_u64(struct view value, uint64_t *number);
PASU_MUST_USE bool catalog_value_u32(struct view value, uint32_t *number);
PASU_MUST_USE bool catalog_value_i16(struct view value, int16_t *number);
PASU_MUST_USE bool catalog_value_bool(struct view value, bool *is);
/* A name that fits, without zero bytes. */
PASU_MUST_USE bool catalog_value_name(struct view value, char name[CATALOG_NAME_SIZE]);

#endif
