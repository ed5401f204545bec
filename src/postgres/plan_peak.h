/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peaks: min and max of a column, or of a text that is made of columns, over the rows of a group,
 * and the one person whose row has that value.
 *
 *     SELECT region, max(name) FROM customers GROUP BY region
 *     → CASE WHEN … THEN ARRAY[((max(ARRAY["customers"."name", (5000000000 +
 * "customers"."id")::text]) FILTER (WHERE "customers"."name" IS DISTINCT FROM NULL))[2]::numeric
 *                              - 5000000000)::int4] END
 *
 * PostgreSQL compares arrays element by element, each as the column's own type and collation would,
 * so that the greatest array has the greatest value, and of those that have it the greatest key.
 * The same is asked with the keys in the opposite order: where both find one key, all rows with
 * that value are of one person. Else the array is null, and so it is where a row has no key: then
 * it can be anybody's.
 *
 * One pass over the rows that are aggregated anyway, and no memory. Where the server could take the
 * value from an index instead, which min and max alone of one table allow (of a column, or of a
 * function of it), nothing is added, but where there is a FILTER.
 *
 * Sources: PostgreSQL's array_userfuncs.c and arrayfuncs.c (array_larger, array_cmp), planagg.c
 * (preprocess_minmax_aggregates), parse_collate.c.
 */
#ifndef PASU_POSTGRES_PLAN_PEAK_H
#define PASU_POSTGRES_PLAN_PEAK_H

#include "postgres/plan_group_text.h"
#include "postgres/plan_scope.h"

enum peak_family {
    PEAK_NONE,
    PEAK_TEXT,
    PEAK_NUMBER,
    PEAK_DATE,
    PEAK_TIME, /* of day, without a zone or with one */
    PEAK_ZONED,
};

struct peak {
    const char *value; /* how the column or text is written; NULL: it is no peak */
    bool is_max;
    uint8_t family; /* enum peak_family */
};

/* min or max of one thing, where that is all that a value is; NULL: it is neither. */
const PgQuery__FuncCall *peak_call(struct plan_work *work, const PgQuery__Node *value,
                                   bool *is_max);
/* Whether a call is min or max. */
bool peak_is_call(const struct plan_work *work, const PgQuery__FuncCall *call, bool *is_max);
/* Whether nothing but such a value is asked of one table, or of what may become one. */
bool peak_is_alone(const struct plan_work *work, const PgQuery__SelectStmt *select);
/* How values of a column's type can stand in an array with a number. */
enum peak_family peak_family_of(const struct catalog_relation *relation, int16_t attribute);
/* The array of that person's key, of these rows; `type`: enum catalog_key_type, of a whole number.
 * NULL where there is no memory. */
const char *peak_write(struct plan_work *work, const struct peak *peak,
                       const struct group_rows *rows, const char *key, unsigned type);

#endif
