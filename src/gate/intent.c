/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/intent.h"
#include "gate/identity_use.h"

#include "base/memory.h"
#include "gate/hold.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"

enum { INTENTS_MAX = 4096 };

struct putting {
    struct recorder *recorder;
    enum durability durability;
};

static int
put_mark(void *arg, struct ring_mark *mark)
{
    const struct putting *putting = arg;
    uint64_t position;

    return recorder_put_mark(putting->recorder, mark, putting->durability, &position);
}

/* ---- what is intended ---- */

static bool
is_covered(const struct ring_mark *known, const struct ring_mark *mark)
{
    return known->relation == mark->relation && known->column == mark->column &&
           strcmp(known->schema, mark->schema) == 0 && strcmp(known->name, mark->name) == 0 &&
           (mark->fields & ~known->fields) == 0 && (mark->kinds & ~known->kinds) == 0;
}

static int
add(struct session *s, const struct catalog_mark *one)
{
    struct intents *in = &s->observer->intents;
    size_t size = in->size ? 2 * in->size : 8;
    struct ring_mark mark = {.what = RING_MARK_INTENDED,
                             .fields = one->fields,
                             .kinds = one->kinds,
                             .vocabulary = s->settings->vocabulary.id,
                             .relation = one->relation,
                             .column = one->column},
                     *more;
    struct putting putting = {&s->worker->instruments->recorder, durability_of_marks(s->worker, s)};

    if (one->relation == 0) {
        snprintf(mark.schema, sizeof(mark.schema), "%s", one->schema ? one->schema : "");
        snprintf(mark.name, sizeof(mark.name), "%s", one->name);
    }
    for (size_t i = 0; i < in->count; i++)
        if (is_covered(&in->items[i], &mark))
            return 0;
    if (in->count == INTENTS_MAX)
        return 0; /* the mark itself comes with the answer */
    if (in->count == in->size) {
        more = memory_resize(in->items, size, sizeof(*more));
        if (!more)
            return PASU_E_NOMEM;
        in->items = more;
        in->size = size;
    }
    mark.number = in->number;
    if (catalog_store_put(s->worker->shared->catalogs, s->observer->place, &mark, put_mark,
                          &putting) == 0)
        in->number = mark.number;
    in->items[in->count++] = mark;
    return 0;
}

/* A table that is filled by this transaction's own code, or that takes another one's name. */
static int
add_asked(struct session *s, const struct plan_statement *statement)
{
    struct fresh *f = &s->observer->intents.asked;
    const struct plan_move *move = statement->move;
    int result = 0;

    for (size_t i = 0; i < f->mark_count && result == 0; i++) {
        struct fresh_mark *mark = &f->marks[i];
        struct catalog_mark one = {.schema = mark->schema[0] ? mark->schema : NULL,
                                   .name = mark->name,
                                   .fields = mark->fields,
                                   .kinds = mark->kinds};

        if ((mark->fields & ~mark->sent_fields) != 0 || (mark->kinds & ~mark->sent_kinds) != 0)
            result = add(s, &one);
        mark->sent_fields = mark->fields;
        mark->sent_kinds = mark->kinds;
        if (!move || !move->name || !move->to_name || strcmp(move->name, mark->name) != 0)
            continue;
        one.schema = move->to_schema;
        one.name = move->to_name;
        one.fields |= mark->held_fields;
        one.kinds |= mark->held_kinds;
        if (result == 0 && one.fields != 0)
            result = add(s, &one);
    }
    return result;
}

static int
ask(struct session *s, struct plan *plan, const struct plan_statement *statement)
{
    struct observer *o = s->observer;
    struct intents *in = &o->intents;
    int result;

    identity_use_ask(s, statement);
    if (PASU_LIKELY(!fresh_is_due(&in->asked, statement) && !statement->move))
        return 0;
    result = fresh_see(&in->asked, plan, statement, o->catalog);
    for (const struct plan_mark *m = &statement->mark; m && result == 0; m = m->next) {
        const struct catalog_mark one = {.relation = m->relation,
                                         .schema = m->schema,
                                         .name = m->name,
                                         .column = m->column,
                                         .fields = m->fields,
                                         .kinds = m->kinds};

        if (m->fields) /* before it is asked whether it is marked */
            catalog_store_open(s->worker->shared->catalogs, o->place, &o->marking);
        if (m->fields && (m->is_lasting || !observer_knows(o, m)))
            result = add(s, &one);
    }
    return result == 0 ? add_asked(s, statement) : result;
}

/* Where what EXECUTE is given goes. */
static int
ask_filled(struct session *s, const struct plan_statement *execute,
           const struct plan_statement *meant)
{
    int result = 0;

    for (const struct plan_mark *m = execute->kept_fields != 0 ? meant->fills : NULL;
         m && result == 0; m = m->next)
        result = add(s, &(struct catalog_mark){.relation = m->relation,
                                               .schema = m->schema,
                                               .name = m->name,
                                               .fields = execute->kept_fields,
                                               .kinds = execute->kept_kinds});
    return result;
}

int
intent_ask(struct session *s, const struct plan *plan, const struct plan_statement *statement)
{
    const struct plan_statement *meant;
    struct view types;
    int result;

    if (!plan || !statement) {
        identity_use_ask(s, NULL);
        return 0;
    }
    result = ask(s, (struct plan *)(uintptr_t)plan, statement);
    if (result != 0 ||
        PASU_LIKELY(statement->special != SPECIAL_EXECUTE && !statement->is_executed))
        return result;
    plan = exchange_expected(&s->observer->exchange, statement->name, &meant, &types);
    if (!plan || !meant)
        identity_use_ask(s, NULL);
    result = plan && meant ? ask(s, (struct plan *)(uintptr_t)plan, meant) : 0;
    return plan && meant && result == 0 ? ask_filled(s, statement, meant) : result;
}

/* ---- the end ---- */

static void
clear(struct intents *in)
{
    fresh_clear(&in->asked);
    memory_free(in->items);
    *in = (struct intents){0};
}

static void
end_intents(struct session *s)
{
    struct observer *o = s->observer;
    struct intents *in = &o->intents;
    struct ring_mark over = {.what = RING_MARK_OVER, .number = in->number};
    /* Where it is lost, the intention stays in the ledger, in vain. */
    struct putting putting = {&s->worker->instruments->recorder, DURABILITY_OS};

    if (o->hold.is_marking) /* what has come of it is not recorded yet */
        return;
    if (in->number != 0 &&
        catalog_store_put(s->worker->shared->catalogs, o->place, &over, put_mark, &putting) != 0)
        return; /* the next time that it is idle */
    clear(in);
}

void
intent_over(struct session *s)
{
    const struct intents *in = &s->observer->intents;

    if (PASU_UNLIKELY(in->count != 0 || !fresh_is_empty(&in->asked)))
        end_intents(s);
}

void
intent_leave(struct session *s)
{
    struct observer *o = s->observer;
    struct intents *in = &o->intents;
    int result = 0;

    for (size_t i = 0; o->exchange.count > 0 && i < in->count && result == 0; i++) {
        const struct ring_mark *mark = &in->items[i];
        const struct catalog_mark one = {.relation = mark->relation,
                                         .schema = mark->schema[0] ? mark->schema : NULL,
                                         .name = mark->name,
                                         .column = mark->column,
                                         .fields = mark->fields,
                                         .kinds = mark->kinds};

        catalog_store_open(s->worker->shared->catalogs, o->place, &o->marking);
        result = catalog_store_mark(s->worker->shared->catalogs, o->place, &one, mark->vocabulary);
    }
    if (o->exchange.count > 0 && in->count > 0)
        hold_marks_of_worker(s->worker);
    else if (in->number != 0)
        intent_over(s); /* else it stays in the ledger, in vain */
    clear(in);
}
