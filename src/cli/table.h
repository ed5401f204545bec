/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of text for a terminal: rows of cells, columns aligned, fitted to a width.
 *
 * Where the rows are wider than the terminal, columns that may be cut are cut first, the widest
 * first; then columns are left out, the ones with the highest `rank` first (rank 0
 * is never left out), and a last line names them. Memory is on the heap; when it runs out, the
 * table stays as it is and table_print says so with its result.
 */
#ifndef PASU_CLI_TABLE_H
#define PASU_CLI_TABLE_H

#include "base/error.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table_column {
    const char *title; /* ASCII */
    bool is_right;     /* numbers */
    unsigned least;    /* may be cut to this width, or its title's; 0: never cut */
    unsigned rank;     /* 0: always shown; higher goes first */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* escaped, each with room for an ellipsis */
    size_t count, space;
    int error;
};

/* The columns (at most TABLE_COLUMNS_MAX) must outlive the table. */
void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_release(struct table *table);
/* Adds the next cell, row by row; a NULL text is shown as "-". The text is escaped and copied. */
void table_add(struct table *table, const char *text);
/* Adds a number as "1,234". */
void table_add_count(struct table *table, uint64_t n);
/* Prints titles and rows, each line begun with `indent` spaces and at most `width` wide, 0 for
 * unlimited. 0 or PASU_E_NOMEM. Cells may have been cut afterwards: print once. */
PASU_MUST_USE int table_print(struct table *table, FILE *file, size_t indent, size_t width);

#endif
