/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQL that puts made-up persons into the table of a kind of subject: for the one who may write
 * there. pasu keeps no right to.
 *
 * It is one transaction. A function of the session's own fills what the configuration does not map
 * from the table itself: a key without a default gets the next number, or a random UUID; other
 * columns that must have a value and have no default, and dates, get that of some row. A personal
 * column that must have a value, and for which none is made up, is an error. Each person answers
 * with a line: {"key": …, "email": …, "phone": …}.
 */
#ifndef PASU_CLI_DECOY_SQL_H
#define PASU_CLI_DECOY_SQL_H

#include "cli/decoy_person.h"
#include "config/model.h"
#include "ledger/message.h"

#include <stdio.h>

enum { DECOY_COLUMNS_MAX = 64 };

struct decoy_column {
    const char *name, *field;
    const char *given; /* what all of them have; NULL: it is made up */
    bool is_left;      /* nothing is made up for it: its default, or none */
};

/* What is filled of a table. Borrowed from the configuration and the arguments. */
struct decoy_table {
    const struct config_subject *subject;
    char schema[NAME_SIZE], name[NAME_SIZE];
    struct decoy_column columns[DECOY_COLUMNS_MAX];
    size_t count;
    const char *role; /* who alone is to see them (decoy_sql_view); NULL: everybody */
};

/* PASU_E_RANGE: too many columns, or the persons are named by several; PASU_E_CONFIG: its rows
 * are about persons of another kind, too, and a made-up one would be about a real one. */
PASU_MUST_USE int decoy_table_of(struct decoy_table *table, const struct config *config,
                                 const struct config_subject *subject);
/* "column=value", of the table. PASU_E_MALFORMED, PASU_E_RANGE. */
PASU_MUST_USE int decoy_table_give(struct decoy_table *table, char *take_text);
/* What a style lacks for it: DECOY_FILLED where nothing does. Columns for which nothing is made up
 * are left. */
enum decoy_fill decoy_table_check(struct decoy_table *table, const struct decoy_style *style);

/* Up to the first person, one, and behind the last. PASU_E_NOMEM. */
void decoy_sql_begin(FILE *file, const struct decoy_table *table);
PASU_MUST_USE int decoy_sql_person(FILE *file, const struct decoy_table *table,
                                   const struct decoy_style *style,
                                   const struct decoy_person *person);
void decoy_sql_end(FILE *file);
/* A view beside the table, named with _copy behind it, which shows all rows but those that are for
 * the copy of another role; and the table that says which these are. */
void decoy_sql_view(FILE *file, const struct decoy_table *table);

#endif
