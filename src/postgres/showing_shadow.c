/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/showing_shadow.h"

#include "postgres/plan_column.h"

bool
showing_has_shadows(const struct plan_statement *statement, const struct row_column *columns,
                    size_t count)
{
    enum { TEXT_ARRAY = 1009 };

    if (!statement->shadows || statement->hidden_count > count)
        return false;
    for (size_t i = 0; i < statement->hidden_count; i++)
        if (columns[i].type != TEXT_ARRAY)
            return false;
    return true;
}

bool
showing_is_asked(const struct plan_statement *statement, size_t part, size_t column,
                 uint64_t fields)
{
    if (part >= statement->part_count || column < statement->hidden_count)
        return false;
    return (fields & ~plan_fields(&statement->parts[part], column - statement->hidden_count)) == 0;
}
