/* SPDX-License-Identifier: Apache-2.0 */
/* Handwritten rows for a catalog snapshot: each is a query's name and values, told apart by '|'. */
#ifndef PASU_TEST_CATALOG_ROWS_H
#define PASU_TEST_CATALOG_ROWS_H

#include "base/memory.h"
#include "postgres/catalog.h"

enum catalog_rows_query { /* as postgres/catalog_query.def has them */
#define X(name, columns, is_optional, sql) ROWS_##name,
#include "postgres/catalog_query.def"
#undef X
};

struct catalog_row {
    enum catalog_rows_query query;
    const char *values; /* "~" is null */
};

enum { CATALOG_ROW_COLUMNS = 16, CATALOG_ROW_SIZE = 4096 };

static inline int
catalog_rows_give(struct catalog_builder *builder, const struct catalog_row *row)
{
    struct view values[CATALOG_ROW_COLUMNS];
    size_t count = 0;

    for (const char *at = row->values; count < CATALOG_ROW_COLUMNS; at++) {
        size_t length = strcspn(at, "|");

        values[count++] = length == 1 && *at == '~' ? (struct view){0} : view_of(at, length);
        at += length;
        if (*at == '\0')
            break;
    }
    return catalog_builder_row(builder, row->query, values, count);
}

/* Asks all queries in order and answers them with the rows; the first error ends it. */
static inline int
catalog_rows_build(struct catalog **catalog, const struct catalog_policy *policy,
                   struct catalog *prior, const struct catalog_mark *marks, size_t mark_count,
                   const struct catalog_row *rows, size_t row_count)
{
    struct catalog_builder *builder;
    static uint64_t version;
    int result = catalog_builder_new(&builder, policy, prior, marks, mark_count);

    if (result != 0)
        return result;
    for (size_t query = 0; result == 0 && query < catalog_query_count(); query++) {
        const char *sql;

        result = catalog_builder_query(builder, query, &sql);
        for (size_t i = 0; result == 0 && i < row_count; i++)
            if (rows[i].query == query)
                result = catalog_rows_give(builder, &rows[i]);
    }
    if (result == 0)
        return catalog_builder_finish(builder, ++version, catalog);
    catalog_builder_free(builder);
    return result;
}

/* A snapshot of a database without mapped tables; NULL: these are no rows of one. */
static inline struct catalog *
catalog_rows_snapshot(const struct catalog_row *rows, size_t count)
{
    static const struct catalog_policy nothing;
    struct catalog *c = NULL;

    return catalog_rows_build(&c, &nothing, NULL, NULL, 0, rows, count) == 0 ? c : NULL;
}

#define CATALOG_ROWS_SERVER                                                                        \
    {ROWS_SERVER, "150020|shop|UTF8|f|t|8192"},                                                    \
    {                                                                                              \
        ROWS_POLL, "x"                                                                             \
    }

#endif
