/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/showing_identity.h"

static const struct plan_column *
planned(const struct plan_part *plan, size_t column)
{
    for (size_t i = 0; i < plan->column_count; i++)
        if (plan->columns[i].column == column)
            return &plan->columns[i];
    return NULL;
}

/* The only mapping of that kind; NULL where there are several. */
static const struct catalog_show *
show_of(const struct catalog_relation *relation, uint8_t kind)
{
    const struct catalog_show *found = NULL;

    for (size_t i = 0; i < relation->show_count; i++) {
        if (relation->shows[i].kind != kind)
            continue;
        if (found)
            return NULL;
        found = &relation->shows[i];
    }
    return found;
}

/* An ordinary table, in which nothing is that its mapping does not say. */
static bool
is_as_mapped(const struct catalog_relation *relation)
{
    return relation && relation->kind == 'r' && relation->marked_fields == 0;
}

/* Whether the server says of its column what the plan does. */
static bool
is_origin(const struct plan_stored *stored, const struct row_column *column, bool is_named)
{
    if (column->relation == stored->origin && stored->origin != 0)
        return column->attribute == stored->origin_attribute;
    return column->relation == 0 && (stored->is_certain || is_named);
}

static bool
find_identity(const struct showing_part *part, const struct plan_column *plan,
              const struct showing_columns *c, const uint64_t *fields, size_t at,
              struct showing_identity *identity)
{
    const struct plan_stored *stored = &plan->stored;
    const struct catalog_relation *relation, *origin;
    const struct catalog_show *show;

    if (stored->relation == 0 || !is_origin(stored, &c->columns[at], c->is_named))
        return false;
    relation = catalog_relation(c->catalog, stored->relation);
    origin = stored->origin != 0 ? catalog_relation(c->catalog, stored->origin) : relation;
    if (!is_as_mapped(relation) || !origin || origin->marked_fields != 0)
        return false;
    show = show_of(relation, part->kind);
    if (!show || stored->attribute <= 0 || stored->attribute > relation->column_limit ||
        show->column_fields[stored->attribute] != fields[at * c->step])
        return false;
    *identity = (struct showing_identity){(uint16_t)at, stored->relation, stored->attribute,
                                          show->key_column};
    return true;
}

static void
fill_part(struct showing_part *part, const struct plan_part *plan, size_t hidden,
          const struct showing_columns *c, const uint64_t *fields)
{
    struct showing_identity found[SHOWING_IDENTITIES_MAX];
    size_t count = 0, shown = 0;
    bool is_own = plan->relation != 0 && plan->is_grouped; /* all are of that table's row */

    part->identity_count = 0;
    for (size_t at = 0; at < c->count && c->catalog; at++) {
        const struct plan_column *column;

        if (fields[at * c->step] == 0)
            continue;
        column = at >= hidden ? planned(plan, at - hidden) : NULL;
        if (!column)
            return;
        shown++;
        is_own &= !column->is_lent;
        if (count < SHOWING_IDENTITIES_MAX &&
            find_identity(part, column, c, fields, at, &found[count]))
            count++;
    }
    if (count == 0 || (count < shown && !is_own))
        return;
    part->is_identity_all = count == shown;
    part->is_identity_any = is_own;
    for (size_t i = 0; i < count; i++)
        part->identities[i] = found[i];
    part->identity_count = (uint8_t)count;
}

void
showing_identities(struct showing_part *parts, size_t count, const struct plan_statement *statement,
                   const struct showing_columns *columns)
{
    for (size_t p = 0; p < count; p++)
        if (parts[p].source != SOURCE_BOUND && parts[p].fields != 0)
            return;
    for (size_t p = 0; p < statement->part_count; p++)
        fill_part(&parts[p], &statement->parts[p], statement->hidden_count, columns,
                  columns->fields + p);
}
