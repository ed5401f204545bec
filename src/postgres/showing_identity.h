/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of showing.c: which columns of a bound part tell by their values whom it shows. */
#ifndef PASU_POSTGRES_SHOWING_IDENTITY_H
#define PASU_POSTGRES_SHOWING_IDENTITY_H

#include "postgres/showing.h"

/* A whole row is column 0 of its table; system columns show nothing. */
static inline uint64_t
showing_fields_of(const struct catalog_show *show, const struct catalog_relation *relation,
                  int16_t attribute)
{
    if (attribute == 0)
        return show->fields;
    if (attribute < 0)
        return 0;
    /* A column that is younger than the snapshot. */
    return attribute > relation->column_limit ? show->fields : show->column_fields[attribute];
}

/* What is known of the columns of this result. */
struct showing_columns {
    const struct catalog *catalog;
    const struct row_column *columns; /* as the server named them */
    size_t count;
    const uint64_t *fields; /* [column × step + part] */
    size_t step;
    bool is_named; /* names without a schema mean what the plan took them for, as the server says */
};

/*
 * Fills the parts' identities, where no part has a key: columns whose values are stored as they are
 * in a table's. Each shows exactly the fields that the mapping says of the column that its values
 * stand in: nothing else came to them. The statement's parts are the first of these.
 */
void showing_identities(struct showing_part *parts, size_t count,
                        const struct plan_statement *statement,
                        const struct showing_columns *columns);

#endif
