/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text of SQL can show, and of whom: planned once, used often.
 *
 * A plan is made from the text, the catalog snapshot and the session's environment: parsed with
 * libpg_query (tokens counted first: PLAN_TOKENS_MAX; the caller's thread must have a stack of
 * PLAN_STACK_SIZE, since the parser recurses), names resolved to all relations that they can mean.
 * Nothing here decides by name alone what a result column is: that is what the server's own
 * RowDescription says (postgres/showing.h), the plan says what the server does not: expressions,
 * which range-table entry a column belongs to, which keys are pinned.
 *
 * A text that is not understood (syntax that the parser does not know, too many tokens, a dialect
 * with two readings) has one statement, is_understood false: it can show whatever the relations
 * that its tokens could name hold, or everything where that cannot be said.
 *
 * Injected: where rows of the result are rows of tables whose keys are not in it, one by one, the
 * keys are added as hidden columns, by edits of the text: of tables in FROM, in queries in FROM and
 * in WITH, in arms of UNION ALL, and in RETURNING; where rows are groups, as arrays (plan_group.h),
 * which queries in FROM and in WITH hand on (plan_within.h). DISTINCT is made a GROUP BY where both
 * are the same (plan_distinct.h).
 * Also of a cursor that DECLARE opens, where nothing is known that could read it otherwise than by
 * FETCH (plan_borrow.h). Of a view, also a materialized one, the key is the column that it has;
 * views that have none are read through (plan_inline.h), where that is proven to be the same.
 * UNION, INTERSECT and EXCEPT are made a GROUP BY where both are the same (plan_setop.h); groups
 * can be of rows of queries in FROM (plan_pool.h); queries in the list of targets are asked once
 * more, for keys (plan_sublink.h). Not through groups of groups, recursion; nor inside of what
 * changes something for groups; not for FOR UPDATE OF, INTO, other views, tables whose key the role
 * may not read; nor where anything in the statement could see that a query has more columns
 * (plan_guard.c). Numbers of ORDER BY and GROUP BY are shifted. Hidden columns are always the first
 * of the result. SQL's PREPARE is given them, too, where the text itself sees none of them; what
 * comes later is gate/unveil.h's affair.
 *
 * Shadow: where all that a SELECT shows would be bound, and may_shadow: hidden columns of its first
 * row have the keys of all rows that it reads, or so many as can be named (plan_shadow.h). Either
 * the rows show each of these persons (is_shadow_exact), or nobody else.
 *
 * Immutable once made; counted holders; any thread. No sockets, no clock.
 */
#ifndef PASU_POSTGRES_PLAN_H
#define PASU_POSTGRES_PLAN_H

#include "postgres/catalog.h"
#include "postgres/claim.h"
#include "postgres/copy_row.h"

enum {
    PLAN_TOKENS_MAX = 32768,
    PLAN_TEXT_MAX = 1 << 20,
    PLAN_STACK_SIZE = 256 << 20,
    PLAN_PARTS_MAX = 8,
    PLAN_HIDDEN_MAX = 2 * PLAN_PARTS_MAX, /* a key, and of which table it is */
    PLAN_PINS_MAX = 4096,
    PLAN_SHADOW_KEYS = 4000,  /* that are asked for and named, of one table */
    PLAN_COPY_NAMES_MAX = 16, /* relations that one COPY names without their schemas */
};

enum plan_verb { /* the first word, as rules' `verbs` have it */
                 VERB_SELECT,
                 VERB_INSERT,
                 VERB_UPDATE,
                 VERB_DELETE,
                 VERB_MERGE,
                 VERB_TRUNCATE,
                 VERB_COPY,
                 VERB_CALL,
                 VERB_DO,
                 VERB_EXECUTE,
                 VERB_PREPARE,
                 VERB_DECLARE,
                 VERB_FETCH,
                 VERB_MOVE,
                 VERB_EXPLAIN,
                 VERB_CREATE,
                 VERB_ALTER,
                 VERB_DROP,
                 VERB_COMMENT,
                 VERB_GRANT,
                 VERB_REVOKE,
                 VERB_LOCK,
                 VERB_SET,
                 VERB_RESET,
                 VERB_SHOW,
                 VERB_LISTEN,
                 VERB_NOTIFY,
                 VERB_VACUUM,
                 VERB_ANALYZE,
                 VERB_CLUSTER,
                 VERB_REFRESH,
                 VERB_REINDEX,
                 VERB_IMPORT,
                 VERB_LOAD,
                 VERB_BEGIN,
                 VERB_COMMIT,
                 VERB_ROLLBACK,
                 VERB_OTHER,
};

/* What is remarkable about a statement, as bits; the gate turns them into exposure flags. */
enum plan_flag {
    PLAN_UNPARSED = 1,       /* not understood */
    PLAN_OPAQUE = 2,         /* runs something whose inside is not known */
    PLAN_DIALECT = 4,        /* two readings */
    PLAN_UNKNOWN_TABLE = 8,  /* a relation that the snapshot does not know */
    PLAN_STATISTICS = 16,    /* reads statistics, other sessions' texts, large objects */
    PLAN_SERVER_EXIT = 32,   /* data can leave by the server itself */
    PLAN_PROBE = 64,         /* a condition on a personal field pins one person */
    PLAN_MARKS = 128,        /* writes personal values to a table without a mapping */
    PLAN_UNATTRIBUTED = 256, /* showing: a key was not what the plan took it for */
    PLAN_RENAMES = 512,      /* names of statements and cursors can stand for others afterwards */
    PLAN_TWISTS = 2048,      /* and of relations: see `twists` */
    PLAN_CALLS = 1024,       /* runs a user's function, which can speak of what it is given */
    /* What administrators do (plan_administer.h). */
    PLAN_GRANTS = 1 << 12,
    PLAN_ROLES = 1 << 13,
    PLAN_OWNERS = 1 << 14,
    PLAN_DEFINERS = 1 << 15,
    PLAN_EXTENSIONS = 1 << 16,
    PLAN_SERVER = 1 << 17,
    PLAN_TRIGGERS = 1 << 18,
    PLAN_ROW_SECURITY = 1 << 19,
    PLAN_PUBLISHES = 1 << 20,
    PLAN_FOREIGN = 1 << 21,
    PLAN_SETS_USER = 1 << 22, /* SET SESSION AUTHORIZATION */
    PLAN_SETS_ROLE =
        1 << 23, /* `becomes` says which; whether that is more, only the server knows */
};
#define PLAN_ADMINISTERS                                                                           \
    (PLAN_GRANTS | PLAN_ROLES | PLAN_OWNERS | PLAN_DEFINERS | PLAN_EXTENSIONS | PLAN_SERVER |      \
     PLAN_TRIGGERS | PLAN_ROW_SECURITY | PLAN_PUBLISHES | PLAN_FOREIGN | PLAN_SETS_USER |          \
     PLAN_SETS_ROLE)

/* Whether a text can see the columns of a cursor otherwise than by FETCH (plan_borrow.h). */
enum plan_borrow {
    BORROW_NOT,
    BORROW_PERHAPS, /* it runs, or makes, what can do anything */
    BORROW_READS,   /* it speaks of it, or makes what does */
};

/* Whether a parameter's value, given to code that runs it as SQL, reads a cursor. */
bool borrow_by_value(struct view value);

/* The names of hidden columns of a result begin so, and a number follows. */
#define PLAN_HIDDEN_NAME "pasu_key_"

/* A table by its name; schema NULL where it is not said. */
struct plan_table {
    const char *schema, *name;
    bool is_temporary, is_brief; /* brief: it is gone when the transaction is over */
};

/* Tables that a session has just made, and in which no values are that a snapshot would have to
 * tell of (gate/blank.h). */
struct plan_blank {
    const struct plan_table *tables;
    size_t count;
};

/* Of the secret key under which fingerprints are made (plan_fingerprint.c). */
enum { PLAN_SHAPE_KEY_SIZE = 16 };

/* What of a session changes the meaning of a text. */
struct plan_environment {
    struct catalog *catalog; /* NULL: no snapshot yet: everything is bound */
    const char *role; /* whose rights count now; "" where it is not known: nothing is injected */
    bool is_plain_dialect; /* standard_conforming_strings on, and an encoding in which no byte of a
                              longer character is ASCII */
    bool may_inject, may_shadow; /* the configuration's words */
    uint32_t shadow_persons;     /* of more of a kind it may not; 0: any number */
    bool asks_keys; /* the text is one of ours that asks for keys (plan_shadow.h): all are hidden,
                       each beside the OID of its table */
    bool refuses_unknown; /* the same: what is not understood, and can show somebody, is refused */
    bool has_foreign_parameters;    /* Parse declares one of a type that is not PostgreSQL's own */
    bool names_columns;             /* plans have `outputs`; the cache's have none */
    uint8_t hidden_count;           /* of plan_unknown: the columns that are known to be hidden */
    bool stores_nothing;            /* the same: what it is of puts nothing into tables */
    const struct plan_blank *blank; /* borrowed while the plan is made; NULL: none */
    const uint8_t
        *shape_key; /* of fingerprints, PLAN_SHAPE_KEY_SIZE bytes; borrowed; NULL: zeros */
};

enum plan_source {
    SOURCE_OUTPUT, /* the key is output column `column` */
    SOURCE_HIDDEN, /* the key is hidden column `column` */
    SOURCE_PINNED, /* the statement fixes it */
    SOURCE_SHADOW, /* `shadows`: hidden columns that have the keys of all rows together */
    SOURCE_BOUND,
};

/* Why a part has its source. */
enum plan_why {
#define X(name, text) WHY_##name,
#include "postgres/plan_why.def"
#undef X
    WHY_COUNT
};

/* A pinned key: a literal (its text), a parameter of Bind or EXECUTE ($1 = 1), or either as an
 * array
 * (= ANY($1)), of a literal the text form. */
struct plan_pin {
    struct view literal; /* bytes NULL: a parameter */
    uint16_t parameter;
    bool is_array;
    bool is_cast;   /* a parameter that the statement converts to the key's type */
    bool is_shared; /* one that stands elsewhere, too: only with a type that is said it is the key's
                     */
};

/* That a value is one which stands in a column of a table, byte for byte, and so in some row of it.
 * What the server says of its column must be the origin, or is_certain: then it may be nothing. */
struct plan_stored {
    uint32_t relation; /* 0: it need not be one */
    int16_t attribute;
    int16_t origin_attribute;
    uint32_t origin;
    bool is_certain; /* by names with their schemas */
};

/* An output column (0-based, hidden ones not counted) and the fields of one part that it can show.
 */
struct plan_column {
    uint16_t column;
    bool is_lent;    /* whatever table the column comes from: it is equal to one of the part's */
    bool is_certain; /* where it is not null, it surely depends on them */
    bool tells_null; /* where it is, too */
    bool is_outer;   /* an outer join can make it null beside their row, whatever its origin */
    uint64_t fields;
    struct plan_stored stored;
};

/* What an output column is, for people. */
struct plan_output {
    const char *name;  /* NULL: none that is known */
    uint32_t relation; /* it is that column of that relation; 0: an expression */
    int16_t attribute;
};

/* Where the server says that an output column comes from, unless it is sent the rewritten text. */
struct plan_origin {
    uint16_t column; /* 0-based, hidden ones not counted */
    int16_t attribute;
    uint32_t relation;
};

/* The columns of a key that has several, in its order. */
struct plan_tuple {
    uint8_t count; /* 0: the key is one column, or a hidden one has all of them as the text of an
                      array */
    uint8_t types[CATALOG_KEY_PARTS_MAX];    /* enum catalog_key_type */
    uint16_t columns[CATALOG_KEY_PARTS_MAX]; /* as `column` of a part */
    int16_t attributes[CATALOG_KEY_PARTS_MAX];
};

/* One kind of subject, of one range-table entry (or, bound, of the statement as a whole). */
struct plan_part {
    uint8_t kind;
    uint8_t source;       /* enum plan_source */
    uint8_t why;          /* enum plan_why */
    uint8_t key_type;     /* enum catalog_key_type */
    bool is_one_per_row;  /* proven: a row shows at most one subject of this part */
    uint8_t most_per_row; /* BOUND: proven: at most so many; 0: that is not known */
    bool is_key_unique;   /* PINNED: at most one row per key */
    uint16_t column;      /* OUTPUT, HIDDEN; of several the last one */
    struct plan_tuple tuple;
    bool is_derived; /* of a table further inside: its columns are its own, whatever their origin */
    bool is_array;   /* HIDDEN: of keys, of all persons that the row shows */
    bool is_one;     /* the same: null where there are several */
    bool is_of_sets; /* the same: of grouping sets; a row of nulls need not show any of them */
    bool has_origin; /* HIDDEN: `origin` has the OID of the row's table; null: it shows nobody */
    uint16_t origin;
    bool is_given; /* HIDDEN: the key is the pin; `column` says of which table, as `origin` */
    uint32_t key_relation; /* what the server must say of the key's column: its origin; any
                              partition or child of it is fine as well */
    int16_t key_attribute;
    uint32_t relation;      /* whose columns these are; 0: of no one table */
    uint16_t show;          /* which of its mapping's kinds of persons, by number */
    uint8_t shadows;        /* SHADOW: bits of them */
    bool is_grouped;        /* rows of the table that one row shows agree in its columns */
    bool is_relation_alone; /* it stands in the statement once */
    /* Of a function that was read through (`read` below): what its columns are of, no origin says,
     * and of nobody where they are null. */
    bool is_of_call;
    bool is_relation_certain; /* named with its schema. Else a temporary table can stand for it, and
                                 only a column's origin proves that none does */
    uint64_t fields;          /* of all its columns; BOUND without columns: whatever comes */
    uint64_t loose_fields;    /* of these, what can be in columns that are not the table's own */
    const struct plan_column *columns;
    size_t column_count;
    const struct plan_pin *pins;
    size_t pin_count;
    bool are_pins_parts; /* one key, of which each pin is a part, of these types */
    uint8_t pin_types[CATALOG_KEY_PARTS_MAX];
};

/* When an error's or a notice's text surely shows the one person of whom it can be. */
enum plan_told {
    TOLD_PERHAPS,  /* there need be no value of theirs in it */
    TOLD_BY_INPUT, /* it quotes what a type's input function could not read */
    TOLD_BY_RAISE, /* RAISE put it between `before` and `after`, unless it was null: "<NULL>" */
};

/* Whom errors, and notices of code that is called, can speak of, where that is proven to be less
 * than all that the statement touches: the persons of one part's pins, and nobody else. */
struct plan_words {
    uint64_t fields; /* 0: it is not less */
    uint8_t part;
    uint8_t told;    /* enum plan_told */
    bool is_certain; /* its table was named with its schema. Else a column's origin must say that no
                        temporary one stands for it */
    struct view before, after;
};

/* Of whom errors can speak where they are of one row at a time of one table, which holds nothing
 * but what its mapping says: at most so many persons of a kind. */
struct plan_row_words {
    uint32_t relation;
    uint8_t persons; /* 0: errors can be of any rows */
    bool is_certain; /* as that of plan_words */
};

enum plan_special {
    SPECIAL_NONE,
    SPECIAL_PREPARE,    /* `name`; `inner` is the statement */
    SPECIAL_EXECUTE,    /* `name`; `arguments` */
    SPECIAL_DEALLOCATE, /* `name`, "" for all */
    SPECIAL_DECLARE,    /* `name`; `inner` */
    SPECIAL_FETCH,      /* `name`: rows are those of that portal. MOVE shows none */
    SPECIAL_CLOSE,      /* `name`, "" for all */
    SPECIAL_COPY_OUT,   /* rows leave as CopyData: `copy` says how */
    SPECIAL_COPY_IN,
    SPECIAL_SET_ROLE, /* `name`: the role, "" for none (RESET), "?" where it cannot be told */
    SPECIAL_DISCARD,  /* DISCARD ALL */
    SPECIAL_DDL,      /* the catalog changes: a new snapshot is due when it has succeeded */
    SPECIAL_END,      /* COMMIT, ROLLBACK: portals are gone */
    SPECIAL_LAY_BY,   /* PREPARE TRANSACTION: so are they; what it changed will be seen later */
    SPECIAL_TAKE_UP,  /* COMMIT PREPARED: now it is */
};

/* How many persons there are at most whose values a statement puts under another's key. */
enum plan_moved {
    MOVED_ONE,
    MOVED_ONE_PER_ROW, /* of those that the command tag tells */
    MOVED_MANY,        /* any number */
};

/* These fields go into that relation (by name, schema NULL where it is not said): INTO, CREATE
 * TABLE AS, INSERT … SELECT, UPDATE, materialized views. One can fill several (`next`). */
struct plan_mark {
    const char *schema, *name;
    uint32_t relation; /* 0 where it is not there yet, or one of several of that name */
    int16_t column;    /* of its own row, there alone (catalog.h); 0: of anybody, anywhere in it */
    uint64_t fields, kinds;
    bool is_lasting; /* also where the mapping says so: by a name that the relation is losing */
    bool is_one;     /* each row that goes in has values of one person of each kind, at most */
    bool is_counted; /* and these are the rows that the command tag tells */
    const struct plan_mark *next;
};

/* Which tables' rows a statement can change (plan_writes.h). */
enum plan_writes {
    WRITES_ANY,     /* any */
    WRITES_NAMED,   /* those that its text names, and what follows from that */
    WRITES_ROWS,    /* the same, and none that were there: it adds some */
    WRITES_NOTHING, /* none */
};

/* What a statement does to what other statements' names mean (plan_effect.def). */
enum plan_effect {
    EFFECT_ANY,   /* it can be anything */
    EFFECT_DROPS, /* tables are gone that the snapshot does not show, or that are temporary */
    EFFECT_ADDS,  /* there is more in the catalog, and no name that was known means anything else */
    EFFECT_ROWS,  /* nothing */
};

/* A relation gets another name or schema; a schema another name (names NULL). Schema NULL: not
 * said.
 */
struct plan_move {
    const char *schema, *name;
    const char *to_schema, *to_name;
};

/* What a statement makes that others of its transaction can run or write through, and that no
 * snapshot shows before its end: fresh.h says what follows. One statement can make several. */
struct plan_fresh {
    const char *name;              /* by which texts use it; NULL: it acts by itself */
    const char *on;                /* the relation whose rows it is given; NULL: of none */
    const char *text;              /* its words say what it uses: SQL */
    uint64_t fields, kinds;        /* what it reads of what the snapshot shows */
    const struct plan_mark *fills; /* the tables that it writes to; their fields say nothing */
    bool is_called;                /* it is given what who names it names */
    bool is_unnamed;               /* so it is by everybody: an operator, a cast */
    bool is_link;                  /* what it reads is not what it writes: a view, a partition */
    bool is_filling;               /* what it reads can be in the rows of `on` */
    bool is_trigger;               /* and what its text puts there of the row itself */
    bool is_whole;                 /* the row by other names than its columns' */
    bool is_seen;                  /* a snapshot shows what it does, unless it is dropped before */
    const struct plan_fresh *next;
};

/* What a statement sets a setting of a name of its own kind (pasu.actor) to: by SET, RESET,
 * DISCARD, or set_config among the columns of its rows. One statement can set several. */
struct plan_setting {
    const char *name;  /* NULL: all of them are reset */
    const char *value; /* "" as it was at first; NULL: what the column says, or nobody knows */
    int column;        /* of its rows; -1: none */
    bool is_local;     /* to the transaction */
    const struct plan_setting *next;
};

/* Whose keys a hidden column has, with those of its rows of which no key can be read. */
struct plan_shadow {
    uint8_t kind;
    uint8_t key_type;  /* enum catalog_key_type */
    uint32_t relation; /* that they must be of; any partition or child of it is fine as well */
};

struct plan_statement {
    uint8_t verb;    /* enum plan_verb */
    uint8_t special; /* enum plan_special */
    bool is_understood;
    bool may_return_rows;
    /* Values can come by other ways than rows: errors, notices, notifications, column names. What
     * they can be of: */
    bool may_speak;
    bool twists;       /* afterwards names can mean others than the snapshot says */
    bool is_executed;  /* EXPLAIN ANALYZE EXECUTE: it runs what was prepared as `name` */
    bool speaks_later; /* until the transaction's end: a cursor WITH HOLD runs at COMMIT */
    bool may_notify;   /* values can go into notifications */
    const char *channel, *payload; /* constants that NOTIFY sends; NULL: none (plan_notify.h) */
    bool misses_table; /* it names a relation that the snapshot does not show and that is not blank
                        */
    bool has_blank, may_be_blank; /* one that is; that may be, as far as the snapshot goes */
    uint8_t effect, writes;       /* enum plan_effect, enum plan_writes */
    uint64_t verbs;               /* plan_verbs_of (plan_writes.h) */
    bool is_own;                  /* whatever it changes in the catalog, only this session sees */
    /* The table that it makes, where that can be nothing but new and empty; name NULL: none. */
    struct plan_table makes;
    const struct plan_table *drops; /* the tables that are gone */
    size_t drop_count;
    uint32_t flags; /* enum plan_flag */
    uint64_t fingerprint;
    const char *sql; /* normalized, without literals */
    /* The most that it can show, of any relation or function it names: rows whose columns the parts
     * do not cover, errors, notices. 0: nothing personal is touched. */
    uint64_t most_fields, most_kinds;
    struct plan_words words;
    struct plan_row_words row_words;
    /* Of how many persons of each kind all can be that it reads; 0: of any number (population). */
    uint32_t persons_most[CATALOG_KINDS_MAX];
    uint32_t deletes_from; /* DELETE: the relation whose rows go, where it is certain; else 0 */
    uint32_t changes;      /* UPDATE: the same of those that change and keep their keys; else 0 */
    uint32_t target;       /* INSERT, UPDATE: whose rows the command tag counts; 0: not certain */
    bool calls_code;       /* it names code itself that can put things anywhere: not its triggers */
    /* What it can put where neither rows nor marks show it later: into names, comments, defaults,
     * sequences, settings. */
    uint64_t kept_fields, kept_kinds;
    uint16_t kept_most; /* of so many persons of each kind, each time that it is run; 0: of any */
    struct plan_part parts[PLAN_PARTS_MAX];
    size_t part_count;
    uint8_t hidden_count;
    /* Of each hidden column, where the keys are asked for as a whole (plan_shadow.h); or NULL. */
    const struct plan_shadow *shadows;
    bool is_shadow_exact; /* the rows show each of them; else nobody else */
    /* Whether it is known which columns the result has, and how many (hidden ones not counted).
     * Else parts have no columns. */
    bool has_columns;
    bool is_assumed; /* if a name means what it is taken for: the server's number of columns says so
                      */
    uint16_t column_count;
    const struct plan_output *outputs; /* column_count, or NULL */
    const struct plan_origin *origins; /* of columns of views that are read through */
    size_t origin_count;
    const char *name;
    const char
        *becomes;      /* PLAN_SETS_ROLE: the role; NULL: it cannot be told, or is one of several */
    const char *tells; /* a prepared statement whose columns it keeps, or describes; or NULL */
    const char *explains; /* one of which it shows how it is run; or NULL */
    const struct plan_statement *inner;
    /* The same statement, where the function that it calls is the one that the snapshot shows:
     * read through, it does nothing but to show these rows, and to speak of these persons. */
    const struct plan_statement *read;
    bool is_read;                     /* this is such a reading */
    const struct plan_pin *arguments; /* EXECUTE: literals; a parameter where it is none */
    size_t argument_count;
    struct {
        struct copy_format format;
        bool is_readable;             /* its rows can be told apart, and the fields of a row */
        bool is_of_query, is_certain; /* not of a table; all are named with their schemas */
        bool runs_code; /* a user's function can run before it is fixed how rows are encoded */
        const char *encoding; /* of the rows, as PostgreSQL names it; NULL: the client's */
    } copy;
    /* What names without a schema must mean (plan->preface), by its columns; 0: it is not asked. */
    const uint32_t *asked;
    size_t asked_count;
    struct plan_mark mark;         /* fields 0: none */
    const struct plan_mark *fills; /* where parameters can go, by whose arguments; or NULL */
    bool writes_values; /* it writes what it makes of personal values, be it into the same column */
    const struct plan_move *move;        /* or NULL */
    const struct plan_setting *settings; /* or NULL */
    const struct plan_fresh *fresh;      /* what it makes, or NULL */
    /* What it puts under other persons' keys, where a mapping names it; of a text that is not
     * understood, anywhere (plan_unread.h). Counted when it is done. */
    uint64_t moved_fields, moved_kinds;
    uint8_t moved_most; /* enum plan_moved */
};

struct plan {
    /* Its key in the cache. */
    struct view text;
    struct catalog *catalog; /* held; NULL where there was none */
    const char *role;
    bool is_plain_dialect, may_inject, may_shadow, refuses_unknown, has_foreign_parameters;
    uint32_t shadow_persons;

    /* Refused by what it does (a `never` table, a server-side exit): the text that a client is
     * told; NULL where it may pass. */
    const char *refusal;
    const char *refusal_hint;
    uint32_t refusal_flags; /* enum plan_flag */

    const struct claim *claim; /* what its text says of an end user; or NULL */

    uint8_t borrows;         /* enum plan_borrow */
    bool runs_values;        /* it calls code that may run what it is given */
    bool hides_in_cursors;   /* a cursor that it declares has hidden columns */
    bool hides_in_prepared;  /* so has what it prepares */
    bool sees_prepared;      /* it reads the texts of what is prepared */
    bool turns_names;        /* it can set search_path */
    bool wants_constants;    /* with constants in the place of its parameters it would say more */
    bool may_change_dialect; /* it can set standard_conforming_strings or client_encoding */

    const struct plan_statement *statements;
    size_t statement_count;
    /* The text to send instead (injected), zero bytes NULL where it is the text itself. */
    struct view rewritten;
    /* Where it differs: an error position (1-based characters) in `rewritten` as one in `text`. */
    const struct plan_edit *edits;
    size_t edit_count;
    const struct plan_copy *copies; /* of pieces of the text, within what is inserted */
    size_t copy_count;
    /* Of a text that is one COPY: a statement that goes before it in the same Query, and asks the
     * server what its names mean; bytes NULL: none is needed, or none helps. One row, of OIDs. */
    struct view preface;
};

/* `length` bytes at `at` of `rewritten` are those at `from` of the text. */
struct plan_copy {
    uint32_t at, length, from;
};

/* `inserted` bytes at `at` (offset in the text) stand where `removed` bytes stood. An error in them
 * is one of what is at `meant`. */
struct plan_edit {
    uint32_t at, removed, inserted, meant;
};

/* Makes a plan. PASU_E_NOMEM only: whatever the text is, there is a plan for it. The stack must be
 * large (see above). */
PASU_MUST_USE int plan_new(struct plan **plan, struct view text,
                           const struct plan_environment *environment);
/* The plan of a text that nobody has looked at: one statement, not understood, which can show
 * everything that the environment's catalog maps. */
PASU_MUST_USE int plan_unknown(struct plan **plan, const struct plan_environment *environment);
struct plan *plan_hold(struct plan *plan);
void plan_release(struct plan *plan);
/* The statement of `plan` that stands where `statement` stands in `was`; NULL where there is none.
 * SQL's PREPARE has it within another. Borrowed from `plan`. */
const struct plan_statement *plan_counterpart(const struct plan *plan, const struct plan *was,
                                              const struct plan_statement *statement);
/* The statement whose parts' pins are to be read. */
static inline const struct plan_statement *
plan_pinning(const struct plan_statement *statement)
{
    return statement->read ? statement->read : statement;
}
/* Whether one of its statements names a relation that the snapshot does not show, or is not
 * understood. */
bool plan_misses(const struct plan *plan);
uint32_t plan_error_position(const struct plan *plan, uint32_t position);

/*
 * The cache: bounded in plans and bytes, shared by the workers. A look-up compares the whole text
 * and environment: two texts never share a plan. Old plans go first; a plan in use stays alive with
 * its holders.
 */
struct plan_cache;
PASU_MUST_USE int plan_cache_new(struct plan_cache **cache, size_t plans_max, size_t bytes_max);
void plan_cache_free(struct plan_cache *cache);
/* A held plan, from the cache or new. The cache knows of no blank tables. */
PASU_MUST_USE int plan_cache_get(struct plan_cache *cache, struct view text,
                                 const struct plan_environment *environment, struct plan **plan);
/* Lets go of the plans whose catalogs are superseded: each holds its catalog. */
void plan_cache_sweep(struct plan_cache *cache);
struct plan_cache_counts {
    uint64_t hits, misses, plans, bytes;
};
void plan_cache_count(const struct plan_cache *cache, struct plan_cache_counts *counts);

#endif
