/* SPDX-License-Identifier: Apache-2.0 */
/* What a part of a plan says of an output column (0-based, hidden ones not counted). */
#ifndef PASU_POSTGRES_PLAN_COLUMN_H
#define PASU_POSTGRES_PLAN_COLUMN_H

#include "postgres/plan.h"

/* All fields that it shows of the part. */
static inline uint64_t
plan_fields(const struct plan_part *part, size_t column)
{
    uint64_t fields = 0;

    for (size_t i = 0; i < part->column_count; i++)
        if (part->columns[i].column == column)
            fields |= part->columns[i].fields;
    return fields;
}

/* Those that it shows as the part's own, or (is_lent) as what another column is equal to. */
static inline uint64_t
plan_fields_as(const struct plan_part *part, size_t column, bool is_lent)
{
    uint64_t fields = 0;

    for (size_t i = 0; i < part->column_count; i++)
        if (part->columns[i].column == column && part->columns[i].is_lent == is_lent)
            fields |= part->columns[i].fields;
    return fields;
}

static inline uint64_t
plan_own_fields(const struct plan_part *part, size_t column)
{
    return plan_fields_as(part, column, false);
}

static inline uint64_t
plan_lent_fields(const struct plan_part *part, size_t column)
{
    return plan_fields_as(part, column, true);
}

/* Whether it surely shows somebody of the part; also where it is null. */
static inline bool
plan_is_certain(const struct plan_part *part, size_t column)
{
    for (size_t i = 0; i < part->column_count; i++)
        if (part->columns[i].column == column && part->columns[i].is_certain)
            return true;
    return false;
}

/* Whether an outer join can make it null, whatever the row around it has. */
static inline bool
plan_is_outer(const struct plan_part *part, size_t column)
{
    for (size_t i = 0; i < part->column_count; i++)
        if (part->columns[i].column == column && part->columns[i].is_outer)
            return true;
    return false;
}

static inline bool
plan_tells_null(const struct plan_part *part, size_t column)
{
    for (size_t i = 0; i < part->column_count; i++)
        if (part->columns[i].column == column && part->columns[i].tells_null)
            return true;
    return false;
}

#endif
