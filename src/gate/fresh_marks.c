/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/fresh_marks.h"

#include "gate/doubt.h"
#include "gate/session.h"

static void
doubt(struct session *s)
{
    struct fresh *f = &s->observer->fresh;

    for (size_t i = 0; i < f->mark_count; i++) {
        struct fresh_mark *mark = &f->marks[i];

        if ((mark->fields & ~mark->told_fields) == 0 && (mark->kinds & ~mark->told_kinds) == 0)
            continue;
        doubt_filled(s, mark->fields, mark->kinds);
        mark->told_fields = mark->fields;
        mark->told_kinds = mark->kinds;
    }
}

int
fresh_marks_over(struct session *s)
{
    struct fresh *f = &s->observer->fresh;
    bool is_any = false;
    int result = 0;

    f->is_kept = f->thing_count > 0;
    for (size_t i = 0; i < f->mark_count && result == 0; i++) {
        struct fresh_mark *mark = &f->marks[i];
        const struct catalog_mark one = {.schema = mark->schema[0] ? mark->schema : NULL,
                                         .name = mark->name,
                                         .fields = mark->fields,
                                         .kinds = mark->kinds};

        if ((mark->fields & ~mark->sent_fields) == 0 && (mark->kinds & ~mark->sent_kinds) == 0)
            continue;
        is_any = true;
        mark->sent_fields = mark->fields;
        mark->sent_kinds = mark->kinds;
        catalog_store_open(s->worker->shared->catalogs, s->observer->place, &s->observer->marking);
        result = catalog_store_mark(s->worker->shared->catalogs, s->observer->place, &one,
                                    s->settings->vocabulary.id);
    }
    return result == 0 && is_any ? hold_marks(s) : result;
}

int
fresh_marks_take(struct session *s, struct plan *plan, const struct plan_statement *statement)
{
    struct observer *o = s->observer;
    int result;

    if (PASU_LIKELY(!fresh_is_due(&o->fresh, statement)))
        return 0;
    result = fresh_see(&o->fresh, plan, statement, o->catalog);
    if (result != 0)
        return result;
    doubt(s);
    /* Of a transaction block that is open the end is waited for. */
    return s->transaction == 'T' ? 0 : fresh_marks_over(s);
}

void
fresh_marks_undo(struct session *s)
{
    if (!s->observer->fresh.is_kept)
        fresh_clear(&s->observer->fresh);
}

void
fresh_marks_settle(struct session *s)
{
    struct observer *o = s->observer;

    if (PASU_LIKELY(fresh_is_empty(&o->fresh)))
        return;
    if (s->transaction == 'I' && o->exchange.count == 0 && !observer_is_stale(s))
        fresh_clear(&o->fresh);
}
