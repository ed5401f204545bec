/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of showing.c: which columns of a bound part tell by their values whom it shows. */
#ifndef PASU_POSTGRES_SHOWING_IDENTITY_H
#define PASU_POSTGRES_SHOWING_IDENTITY_H

#include "postgres/showing.h"

/* What is known of the part's columns in this result. */
struct showing_columns {
    const struct catalog *catalog;
    const struct row_column *columns; /* as the server named them */
    size_t count, hidden;
    const uint64_t *fields; /* of this part, by column */
    size_t step;            /* from one column's to the next one's */
};

/*
 * Fills the part's identities: columns whose values are stored as they are in a table's. Each shows
 * exactly the fields that the mapping says of the column that its values stand in: nothing else
 * came to them.
 */
void showing_identities(struct showing_part *part, const struct plan_part *plan,
                        const struct showing_columns *columns);

#endif
