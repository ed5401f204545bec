/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that fingerprints are made of: the columns that `identity` names, table by table, read
 * from their servers as the inspector, by COPY, so that no row is kept.
 */
#ifndef PASU_CLI_FINGERPRINT_ROWS_H
#define PASU_CLI_FINGERPRINT_ROWS_H

#include "cli/identity_columns.h"

enum { FINGERPRINT_COLUMNS_MAX = 16 };

/* A table; its columns are without those that names have together with others. */
struct fingerprint_table {
    const struct identity_wanted *wanted[FINGERPRINT_COLUMNS_MAX];
    size_t count;
    const char *columns[FINGERPRINT_COLUMNS_MAX]; /* each once */
    size_t column_count;
};

/* A row: its key, and its values (bytes NULL: null). A result other than 0 ends the reading. */
typedef int fingerprint_row_fn(void *arg, const struct fingerprint_table *table, struct view key,
                               const struct view *values);

/* All tables of what was found and is fit. 0; what `fn` returned; or 2, after a complaint. */
PASU_MUST_USE int fingerprint_rows_each(const struct identity_wants *wants, fingerprint_row_fn *fn,
                                        void *arg);

#endif
