/* SPDX-License-Identifier: Apache-2.0 */
/* Of which table a row is, where the row itself says so. */
#include "postgres/showing.h"

enum { DEPTH_MAX = 8 };

static bool
is_within(const struct catalog *catalog, uint32_t parent, uint32_t oid, unsigned depth)
{
    const struct catalog_spill *spill;
    size_t at = 0;

    if (parent == oid)
        return true;
    while (depth < DEPTH_MAX && (spill = catalog_spill(catalog, parent, &at)) != NULL)
        if (spill->kind == SPILL_CHILD && is_within(catalog, spill->to, oid, depth + 1))
            return true;
    return false;
}

bool
showing_is_descendant(const struct catalog *catalog, uint32_t parent, uint32_t oid)
{
    return catalog && parent != 0 && oid != 0 && is_within(catalog, parent, oid, 0);
}

/* A child that has come to be one since the snapshot is none of these: its rows are not known to be
 * of the same persons. */
bool
showing_is_origin(const struct showing *showing, const struct showing_part *part, uint32_t oid)
{
    return (oid != 0 && part->relation == oid) ||
           showing_is_descendant(showing->catalog, part->relation, oid);
}

bool
showing_has_origin(uint32_t relation, const struct row_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (columns[i].relation == relation && relation != 0)
            return true;
    return false;
}
