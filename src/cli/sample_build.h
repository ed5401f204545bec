/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leaked sample row by row, from columns with names and values to whose it is and which fields it
 * has (breach/leaked.h). What a column is, its name says, or what its first value looks like:
 *
 *      customer_id, key …      the key, as the database has it
 *      phone, 휴대폰, …          a field of the configuration, by its own name, that of a mapped
 *                              column, or by what names and values look like (policy/looks.h)
 *      ordered_at 2026-05-03   a mapped column with dates: the field was not read before
 *      not_before, not_after   of all of the row
 *
 * Of several keys or values that a row has, the one counts that stands further out, as place says;
 * then the one whose column is surer to be so; then the first one. A person's own key within a list
 * of things is that of a thing, and names nobody.
 *
 *      {"id": 31, "orders": [{"id": 7, "customer_id": 9}]}       31
 *      {"id": 7, "customer": {"id": 31}}                         31: it is called as the kind is
 *      id,customer_id,item                                       customer_id: id is the order's
 *
 * A row without a key names its person by values of the identity index, one after the other. A row
 * without either, all of whose fields are dated in it, goes on with the person before it, as the
 * further orders of a customer do. A value that a decoy alone has names that decoy. Values are
 * looked at, hashed and forgotten.
 */
#ifndef PASU_CLI_SAMPLE_BUILD_H
#define PASU_CLI_SAMPLE_BUILD_H

#include "breach/leaked.h"
#include "cli/decoy_search.h"
#include "cli/sample_identity.h"
#include "policy/spelling.h"

enum { SAMPLE_COLUMNS_MAX = 128, SAMPLE_DEPTH_MAX = 16, SAMPLE_RANK_MAX = 4 };

enum sample_role {
    ROLE_UNKNOWN, /* no value has been seen that tells */
    ROLE_IGNORED,
    ROLE_KEY,
    ROLE_FIELD,
    ROLE_NOT_BEFORE,
    ROLE_NOT_AFTER,
};

struct sample_column {
    char name[VOCABULARY_NAME_SIZE];
    enum sample_role role;
    unsigned rank; /* how sure it is that it is that: up to SAMPLE_RANK_MAX */
    unsigned field;
    uint64_t dates, values;
};

/* Where in the row values stand: all 0 in CSV and words. */
struct sample_place {
    unsigned depth; /* less than SAMPLE_DEPTH_MAX */
    bool is_listed; /* in an array: one of several */
    bool is_person; /* directly in what is called as the kind */
};

struct sample_build {
    struct evidence *evidence;
    struct leaked *sample;
    struct sample_identity identity;
    struct decoy_search decoys; /* which are in it by e-mail address or telephone number */
    bool is_undated;            /* dates are not looked at */
    int64_t now;
    struct sample_column columns[SAMPLE_COLUMNS_MAX];
    size_t column_count, left_out; /* columns that there was no room for */
    /* The row that is read. */
    struct sample_place place; /* of the values that come, by who reads */
    char key[KEY_TEXT_SIZE];
    unsigned key_standing; /* 0: there is no key */
    bool has_key, has_cell;
    uint16_t fields, dated; /* bits; dated, whether that counts or not */
    int32_t since[LEAKED_FIELDS_MAX], not_before, not_after;
    uint8_t values[LEAKED_FIELDS_MAX][SPELLING_SIZE]; /* of fields, to identify by */
    size_t lengths[LEAKED_FIELDS_MAX];
    unsigned standings[LEAKED_FIELDS_MAX]; /* of the values */
    int person;                            /* of the row before; -1: none */
    /* What came of it. */
    uint64_t rows, by_key, by_identity, continued, ambiguous, unknown;
    uint64_t by_field[LEAKED_FIELDS_MAX];
};

/* The sample is initialized, and both outlive it. 0, or the exit status. */
PASU_MUST_USE int sample_build_begin(struct sample_build *build, struct evidence *evidence,
                                     struct leaked *sample);
void sample_build_end(struct sample_build *build);
/* The column of that name, made where there is none; -1: there are too many. */
int sample_build_column(struct sample_build *build, const char *name);
/* A value of the row; an empty one is none. 0, or the exit status. */
PASU_MUST_USE int sample_build_cell(struct sample_build *build, int column, const char *value);
/* The row has the field, whatever its value; not before that day (INT32_MIN: any). */
void sample_build_has(struct sample_build *build, unsigned field, int32_t since);
/* Its end. 0, or the exit status. */
PASU_MUST_USE int sample_build_row(struct sample_build *build);
/* The field that a word means, or -1: as of a column's name. */
int sample_build_field(struct sample_build *build, const char *word);
/* The first day on which a date can have been so, anywhere on earth. False: it is none. */
bool sample_build_day(const char *text, int32_t *first, int32_t *last);

#endif
