/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A showing: how to read the persons out of one result's rows. Made when the server's
 * RowDescription is there, from it and the statement's plan; used for every DataRow.
 *
 * The server's word beats ours: a column whose origin (table OID, attribute) is a mapped column
 * shows its fields, whatever the plan thought; a key whose column has another origin than the plan
 * says is no key. What then is not covered by a key or a pin becomes a bound part. Fields that a
 * column with origin 0, a view's or an unknown relation's column can show come from the plan, or
 * are the most that the statement can show.
 */
#ifndef PASU_POSTGRES_SHOWING_H
#define PASU_POSTGRES_SHOWING_H

#include "postgres/plan.h"

enum { SHOWING_COLUMNS_MAX = 1664 /* PostgreSQL's own limit */ };

/* One column of a RowDescription. */
struct row_column {
    uint32_t relation; /* 0: no origin */
    int16_t attribute;
    uint32_t type;
    int16_t format; /* 0 text, 1 binary */
};

/* A column of a part whose value says by itself whose it is, if it says so at all: a value of that
 * column of that table, whose row's key is in `key`. */
struct showing_identity {
    uint16_t column; /* of the server's row, hidden ones counted */
    uint32_t relation;
    int16_t attribute, key;
};
enum { SHOWING_IDENTITIES_MAX = 4 };

struct showing_part {
    uint8_t kind;
    uint8_t source;   /* enum plan_source */
    uint8_t key_type; /* enum catalog_key_type */
    uint8_t format;   /* of the key: 0 text, 1 binary */
    uint8_t tuple;    /* so many columns are the key together; 0: one is it */
    bool is_one_per_row, is_key_unique;
    uint8_t most_per_row; /* BOUND: a row shows at most so many persons; 0: not known */
    bool is_of_call;      /* as the plan's: of nobody where its columns are null */
    bool is_array;        /* the key is a one-dimensional array of keys */
    bool is_one;          /* and null where the row can be of several persons */
    bool is_perhaps;      /* what the rows show need not depend on the person of the key */
    bool needs_value;     /* a row in which all that shows the part is null need not, either */
    uint8_t shadows;      /* SHADOW: bits of the hidden columns that its keys are in */
    bool has_origin;      /* see showing_is_origin; null: the row shows nothing of this part */
    bool is_given;        /* the key is not in the row: it is the pin */
    uint16_t column;      /* of the server's row, hidden ones counted; of several the last one */
    uint16_t origin;      /* the column that has the OID of the table, if has_origin */
    uint32_t relation;    /* that it must be */
    struct showing_key {
        uint16_t column;
        uint8_t type, format;
    } keys[CATALOG_KEY_PARTS_MAX]; /* of several: each */
    uint64_t fields;  /* of all its columns; of a result without any, what the statement can show */
    uint64_t unknown; /* BOUND: at most so many persons (population) */
    uint32_t persons_most;       /* BOUND: at most so many, too; 0: that is not known */
    const struct plan_pin *pins; /* borrowed from the plan */
    size_t pin_count;
    /* BOUND: values that tell whom a row shows, if an index knows their columns: all of them
     * together (is_identity_all), or any one (is_identity_any). */
    uint8_t identity_count;
    bool is_identity_all; /* they are all that the row shows of the part */
    bool is_identity_any; /* all that it shows of the part is of the rows that have that value */
    struct showing_identity identities[SHOWING_IDENTITIES_MAX];
};

struct showing {
    const struct catalog *catalog; /* the plan's, or NULL */
    uint32_t flags;                /* enum plan_flag, in addition to the statement's */
    uint8_t hidden_count;
    uint8_t part_count;
    bool has_tuples;       /* some part's key is several columns */
    uint16_t column_count; /* of the server's row, hidden ones counted */
    struct showing_part parts[PLAN_PARTS_MAX];
    /* [column × part_count + part]: fields of that part that this column shows. */
    uint64_t *column_fields;
    uint8_t *sure; /* by column: bits of the parts whose person its value surely depends on */
    uint16_t last_column; /* highest column that any part needs; beyond it a row need not be read */
    bool is_nothing;      /* shows nothing personal */
    /* Of each hidden column, where keys are asked for as a whole (the plan's); or NULL. */
    const struct plan_shadow *shadows;
    bool is_shadow_exact;
    bool is_never; /* a column comes from a table that is shown to nobody */
};

/* `columns` as the server named them, hidden ones included; count 0: nothing is known of them, and
 * all that the statement can show is bound. PASU_E_NOMEM. `catalog` may be NULL. */
PASU_MUST_USE int showing_new(struct showing **showing, const struct plan_statement *statement,
                              const struct catalog *catalog, const struct row_column *columns,
                              size_t count);
/* The same, where the server has said that the statement's names mean what the plan took them for,
 * all of them. */
PASU_MUST_USE int showing_new_named(struct showing **showing,
                                    const struct plan_statement *statement,
                                    const struct catalog *catalog, const struct row_column *columns,
                                    size_t count);
/* Of a COPY's: they have no origins, but what the statement's names mean is known to be what the
 * plan took them for. */
PASU_MUST_USE int showing_new_copy(struct showing **showing, const struct plan_statement *statement,
                                   const struct catalog *catalog, const struct row_column *columns,
                                   size_t count);
/* Whether rows of the table with that OID have the part's keys: it is the table that was planned,
 * or one that inherits its mapping. */
bool showing_is_origin(const struct showing *showing, const struct showing_part *part,
                       uint32_t oid);
/* Whether a table is that one, or a partition or child of it. */
bool showing_is_descendant(const struct catalog *catalog, uint32_t parent, uint32_t oid);
/* Whether any column comes from it: that no temporary table has taken its name. */
bool showing_has_origin(uint32_t relation, const struct row_column *columns, size_t count);
void showing_free(struct showing *showing);

#endif
