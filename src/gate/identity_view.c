/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_view.h"

#include "base/memory.h"
#include "postgres/identity_column.h"

#include <stdlib.h>

enum { SQL_SIZE = 1 << 15, ROWS_MAX = 1 << 16 };

/* Both clocks have gone on together since then, but for what a clock is set by: else the machine
 * was started in between, and all that sessions have written since the gate began came later. */
static int64_t
since_of(const struct identity_moment *moment, int64_t now, int64_t realtime)
{
    int64_t difference = (realtime - now) - (moment->realtime - moment->monotonic);

    return moment->monotonic <= now && difference < NANOSECONDS_PER_SECOND &&
                   difference > -NANOSECONDS_PER_SECOND
               ? moment->monotonic
               : 0;
}

int
identity_view_new(struct identity_view **view, struct identity *identity,
                  const struct identity_key *key, const char *gateway,
                  const struct catalog_origin *origin, int64_t now, int64_t realtime)
{
    struct identity_view *v = memory_new(1, sizeof(*v));

    *view = NULL;
    if (!v)
        return PASU_E_NOMEM;
    v->holders = 1;
    v->identity = identity_hold(identity);
    v->key = *key;
    v->since = since_of(identity_moment(identity), now, realtime);
    for (size_t i = 0; i < identity_section_count(identity) && v->count < COUNT_OF(v->columns);
         i++) {
        const struct identity_section *s = identity_section_at(identity, i);
        struct identity_column *column = &v->columns[v->count];

        if (strcmp(s->gateway, gateway) != 0 || s->system != origin->system ||
            s->database_oid != origin->database || origin->is_standby)
            continue;
        column->relation = s->relation;
        column->attribute = s->attribute;
        column->key = s->key_attribute;
        column->section = (uint16_t)i;
        column->is_unique = s->is_unique;
        column->is_text = s->is_text;
        column->is_alone = identity_section_columns(s) == 1;
        memcpy(column->definition, s->definition, sizeof(column->definition));
        column->is_stale = column->is_grown = true;
        v->count++;
    }
    if (v->count == 0)
        identity_view_release(v);
    else
        *view = v;
    return 0;
}

struct identity_view *
identity_view_hold(struct identity_view *view)
{
    if (view)
        view->holders++;
    return view;
}

void
identity_view_release(struct identity_view *view)
{
    if (!view || --view->holders > 0)
        return;
    identity_release(view->identity);
    identity_key_release(&view->key);
    memory_free(view);
}

/* ---- what the server says ---- */

struct check {
    struct identity_view *view;
    uint8_t same[IDENTITY_COLUMNS_MAX]; /* how many columns of each are as they were, */
    uint8_t full[IDENTITY_COLUMNS_MAX]; /* with as many rows inserted */
};

static int
take_column(void *arg, const struct view *values, size_t count)
{
    struct check *check = arg;
    uint64_t n[IDENTITY_COLUMN_VALUES];
    const struct identity_column *column;
    const struct identity_section *section;

    if (count != IDENTITY_COLUMN_VALUES)
        return PASU_E_MALFORMED;
    for (size_t i = 0; i < count; i++)
        if (!inspector_take_number(values[i], &n[i]))
            return PASU_E_MALFORMED;
    if (n[IDENTITY_COLUMN_NUMBER] >= check->view->count)
        return PASU_E_MALFORMED;
    column = &check->view->columns[n[IDENTITY_COLUMN_NUMBER]];
    section = identity_section_at(check->view->identity, column->section);
    if (n[IDENTITY_COLUMN_IS_FIT] == 1 &&
        (!column->is_unique || n[IDENTITY_COLUMN_IS_UNIQUE] == 1) &&
        (column->is_unique || n[IDENTITY_COLUMN_INSERTED] == section->counters.inserted) &&
        n[IDENTITY_COLUMN_UPDATED] == section->counters.updated &&
        n[IDENTITY_COLUMN_DELETED] == section->counters.deleted &&
        n[IDENTITY_COLUMN_RESET] == (uint64_t)section->counters.reset &&
        n[IDENTITY_COLUMN_FILE] == section->counters.file)
        check->same[n[IDENTITY_COLUMN_NUMBER]]++;
    if (n[IDENTITY_COLUMN_INSERTED] == section->counters.inserted)
        check->full[n[IDENTITY_COLUMN_NUMBER]]++;
    return 0;
}

int
identity_view_check(struct identity_view *view, struct inspector_link *link, size_t *changed)
{
    struct check check = {.view = view};
    char list[SQL_SIZE / 2] = "", sql[SQL_SIZE];
    size_t used = 0, most = ROWS_MAX;
    int result, n;

    *changed = 0;
    for (size_t i = 0; i < view->count; i++)
        used += identity_section_list(identity_section_at(view->identity, view->columns[i].section),
                                      i, list + used, sizeof(list) - used);
    if (used + 1 >= sizeof(list))
        return PASU_E_RANGE;
    n = snprintf(sql, sizeof(sql), IDENTITY_COLUMN_SQL("%s"), list);
    if (n < 0 || (size_t)n >= sizeof(sql))
        return PASU_E_RANGE;
    result = inspector_link_query(link, sql, take_column, &check, &most);
    for (size_t i = 0; i < view->count; i++) {
        struct identity_column *column = &view->columns[i];
        size_t columns =
            identity_section_columns(identity_section_at(view->identity, column->section));
        bool is_stale = result != 0 || check.same[i] != columns;

        column->is_grown = is_stale || check.full[i] != columns;
        *changed += !atomic_exchange(&column->is_stale, is_stale) && is_stale;
    }
    return result;
}

void
identity_view_doubt(struct identity_view *view)
{
    for (size_t i = 0; view && i < view->count; i++)
        view->columns[i].is_stale = view->columns[i].is_grown = true;
}

/* ---- asking ---- */

int64_t
identity_view_at(const struct identity_view *view)
{
    return identity_moment(view->identity)->realtime;
}

size_t
identity_view_current(const struct identity_view *view)
{
    size_t current = 0;

    for (size_t i = 0; i < view->count; i++)
        current += !view->columns[i].is_stale;
    return current;
}

int
identity_view_find(const struct identity_view *view, uint32_t relation, int16_t attribute,
                   int16_t key)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->columns[i].is_alone && view->columns[i].relation == relation &&
            view->columns[i].attribute == attribute && view->columns[i].key == key)
            return (int)i;
    return -1;
}

int
identity_view_find_named(const struct identity_view *view,
                         const uint8_t definition[IDENTITY_DEFINITION_SIZE])
{
    for (size_t i = 0; i < view->count; i++)
        if (memcmp(view->columns[i].definition, definition, IDENTITY_DEFINITION_SIZE) == 0)
            return (int)i;
    return -1;
}

bool
identity_view_is_behind(const struct identity_view *view, const struct identity_watch *watch)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct identity_column *c = &view->columns[i];

        if ((c->is_stale || c->is_grown ||
             !identity_watch_is_quiet(watch, c->relation, false, view->since)) &&
            !identity_watch_is_open(watch, c->relation))
            return true;
    }
    return false;
}

bool
identity_view_is_current(const struct identity_view *view, const struct identity_watch *watch,
                         int column)
{
    const struct identity_column *c = &view->columns[column];

    return !c->is_stale && identity_watch_is_quiet(watch, c->relation, c->is_unique, view->since);
}

bool
identity_view_is_complete(const struct identity_view *view, const struct identity_watch *watch,
                          int column)
{
    const struct identity_column *c = &view->columns[column];

    return !c->is_stale && !c->is_grown &&
           identity_watch_is_quiet(watch, c->relation, false, view->since);
}
