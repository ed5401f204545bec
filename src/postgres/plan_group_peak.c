/* SPDX-License-Identifier: Apache-2.0 */
/* min and max over a group: of which column they are, or of what that is made of the row's. */
#include "postgres/plan_distinct.h"
#include "postgres/plan_group_shown.h"
#include "postgres/plan_one.h"

/* The column, by the name that it has here. */
static const char *
value_of_column(struct shown *s, const PgQuery__ColumnRef *reference, enum peak_family *family)
{
    bool had_stray = s->work->has_stray;
    const struct catalog_relation *place;
    int16_t attribute = 0;
    struct found found;

    scope_find(s->work, s->scope, reference, &found);
    s->work->has_stray = had_stray;
    if (!found.output && !found.named)
        return NULL;
    place = output_place(s->work, found.output ? found.output : found.named, &attribute);
    *family = peak_family_of(place, attribute);
    return *family != PEAK_NONE && shown_add_column(s, reference, true) ? s->rows.values[0] : NULL;
}

/* A text that is made of columns, as it stands in the client's: it cannot fail, is the same each
 * time, and null where one of them is. An index can have the values of a function, or a column's
 * cast to what it is. */
static const char *
value_of_text(struct shown *s, const PgQuery__FuncCall *call, enum peak_family *family)
{
    enum { TEXT = 25 };
    const PgQuery__Node *argument = call->args[0];

    *family = PEAK_TEXT;
    if ((argument->node_case != PG_QUERY__NODE__NODE_A_EXPR && peak_is_alone(s->work, s->select)) ||
        distinct_type_of(s->work, s->scope, argument) != TEXT ||
        !group_is_fixed(s->work, s->scope, &argument->base) ||
        !shown_add_nulls(s, argument, false) || s->rows.count == 0)
        return NULL;
    return group_argument(s->work, call);
}

static bool
find_value(struct shown *s, const PgQuery__FuncCall *call)
{
    const PgQuery__Node *argument = call->args[0];
    enum peak_family family = PEAK_NONE;

    s->rows = (struct group_rows){.count = 0};
    if (argument->node_case != PG_QUERY__NODE__NODE_COLUMN_REF) {
        s->peak.value = value_of_text(s, call, &family);
    } else if (!peak_is_alone(s->work, s->select) || call->agg_filter) {
        s->peak.value = value_of_column(s, argument->column_ref, &family);
    }
    s->peak.family = (uint8_t)family;
    return s->peak.value && group_filter(s->work, s->scope, call, &s->rows.filter);
}

bool
shown_add_peak(struct shown *s, const PgQuery__Node *value)
{
    const PgQuery__FuncCall *call;
    bool is_max;

    if (!s->select || !one_has_key(s->show) || !(call = peak_call(s->work, value, &is_max)))
        return false;
    s->peak.is_max = is_max;
    if (find_value(s, call))
        return true;
    s->peak.value = NULL;
    s->rows = (struct group_rows){.count = 0};
    return false;
}
