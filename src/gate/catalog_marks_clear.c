/* SPDX-License-Identifier: Apache-2.0 */
/* Marks that somebody takes away. See catalog_marks.h. */
#include "gate/catalog_marks_part.h"

/* Whether this name can become a mark of the relation: a transaction that gave it can be open. */
static bool
is_of(const struct marked *mark, const struct catalog *catalog, uint32_t relation)
{
    const char *schema = mark->schema[0] != '\0' ? mark->schema : NULL;
    bool is_made = mark->column == CATALOG_MADE;
    const struct catalog_relation *r;
    size_t at = 0;

    while ((r = is_made ? catalog_relation_since(catalog, mark->name, &at)
                        : catalog_relation_marked(catalog, schema, mark->name, &at)) != NULL)
        if (r->oid == relation)
            return true;
    return false;
}

int
catalog_marks_clear_look(const struct catalog_marks *marks, const struct catalog *catalog,
                         uint32_t relation)
{
    int result = PASU_E_NOTFOUND;

    for (size_t i = 0; i < marks->count; i++) {
        const struct marked *m = &marks->items[i];

        if (m->relation == 0 && is_of(m, catalog, relation))
            return PASU_E_AGAIN;
        if (m->relation != relation)
            continue;
        if ((m->fields & ~m->recorded_fields) != 0 || (m->kinds & ~m->recorded_kinds) != 0)
            return PASU_E_AGAIN;
        result = 0;
    }
    return result == 0 && marks->gone_count > 0 ? PASU_E_AGAIN : result;
}

void
catalog_marks_clear_begin(struct catalog_marks *marks, uint32_t relation)
{
    for (size_t i = 0; i < marks->count; i++)
        marks->items[i].is_clearing |= marks->items[i].relation == relation;
}

void
catalog_marks_clear_end(struct catalog_marks *marks, uint32_t relation, bool is_done)
{
    for (size_t i = 0; i < marks->count;) {
        struct marked mark = marks->items[i];

        if (mark.relation != relation || !mark.is_clearing) {
            i++;
            continue;
        }
        marks->items[i] = marks->items[--marks->count];
        if (is_done)
            continue;
        mark.is_clearing = false;
        mark.recorded_fields = mark.recorded_kinds = 0; /* behind what can have been recorded */
        if (catalog_marks_put_in(marks, &mark) != 0) {
            /* cannot be: there is room for the one that was there */
        }
        i = 0;
    }
}

bool
catalog_marks_is_clearing(const struct catalog_marks *marks, uint32_t relation)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].is_clearing && marks->items[i].relation == relation)
            return true;
    return false;
}

bool
catalog_marks_each(const struct catalog_marks *marks, size_t *at, struct ring_mark *mark)
{
    const struct marked *m = &marks->items[*at];

    if (*at == marks->count)
        return false;
    *mark = (struct ring_mark){.what = RING_MARK_CARRIES,
                               .relation = m->relation,
                               .vocabulary = m->vocabulary,
                               .column = m->column,
                               .fields = m->fields,
                               .kinds = m->kinds};
    snprintf(mark->schema, sizeof(mark->schema), "%s", m->schema);
    snprintf(mark->name, sizeof(mark->name), "%s", m->name);
    ++*at;
    return true;
}
