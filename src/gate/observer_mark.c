/* SPDX-License-Identifier: Apache-2.0 */
/* What a session's statements have put where the mapping does not look: marks, and who hears of it.
 */
#include "base/memory.h"
#include "gate/catalog_clear.h"
#include "gate/doubt.h"
#include "gate/fresh_marks.h"
#include "gate/session.h"

#include <stdatomic.h>

bool
observer_knows(const struct observer *o, const struct plan_mark *mark)
{
    const struct catalog_relation *relation =
        o->catalog && mark->relation ? catalog_relation(o->catalog, mark->relation) : NULL;

    if (!relation || catalog_clear_covers(o->place, relation->oid, catalog_version(o->catalog)))
        return false;
    if (mark->column > 0 && mark->column <= relation->column_limit) {
        uint64_t fields[CATALOG_KINDS_MAX] = {0};
        bool is_there = relation->show_count > 0;

        for (size_t i = 0; i < relation->show_count; i++)
            fields[relation->shows[i].kind % CATALOG_KINDS_MAX] |=
                relation->shows[i].column_fields[mark->column];
        for (size_t k = 0; k < CATALOG_KINDS_MAX; k++)
            is_there &= !(mark->kinds >> k & 1) || (mark->fields & ~fields[k]) == 0;
        return is_there;
    }
    if (relation->is_one_marked) /* rows, or persons, that nobody knows of */
        return false;
    if (relation->show_count > 0)
        return (mark->fields & ~relation->marked_fields) == 0 &&
               (mark->kinds & ~relation->marked_kinds) == 0;
    return (mark->fields & ~relation->fields) == 0 && (mark->kinds & ~relation->kinds) == 0;
}

/* What is known by that name can have made place for another since the snapshot was made, by this
 * session's own doing. */
static bool
may_be_another(const struct observer *o)
{
    return o->change != TOUCH_NONE || !catalog_store_serves(o->place, o->touched);
}

static bool
is_marked(const struct observer *o, const struct plan_mark *mark)
{
    return observer_knows(o, mark) && !may_be_another(o);
}

bool
observer_is_new(const struct session *s, const struct plan_mark *mark)
{
    return mark->fields && !is_marked(s->observer, mark);
}

/* A table that has got no row says so, too: 0 is that nobody knows. */
static uint64_t
persons_of(const struct plan_mark *m, uint64_t written)
{
    if (!m->is_one || !m->is_counted || written == 0)
        return 0;
    return written > 1 ? written - 1 : 1;
}

static int
mark_one(struct session *s, const struct plan_mark *m, uint32_t relation, uint64_t written)
{
    const struct catalog_mark one = {.relation = relation,
                                     .schema = m->schema,
                                     .name = m->name,
                                     .column = m->column,
                                     .fields = m->fields,
                                     .kinds = m->kinds,
                                     .is_one = m->is_one,
                                     .persons = persons_of(m, written)};

    catalog_store_open(s->worker->shared->catalogs, s->observer->place, &s->observer->marking);
    return catalog_store_mark(s->worker->shared->catalogs, s->observer->place, &one,
                              s->settings->vocabulary.id);
}

static int
mark(struct session *s, const struct plan_statement *statement, uint64_t written)
{
    struct catalog_store *store = s->worker->shared->catalogs;
    struct catalog_place *place = s->observer->place;
    const struct plan_move *move = statement->move;
    bool is_new = false;
    int result = 0;

    for (const struct plan_mark *m = &statement->mark; m && result == 0; m = m->next) {
        if (m->fields && !m->is_lasting) /* before it is asked whether it is marked */
            catalog_store_open(store, place, &s->observer->marking);
        if (!m->fields || (!m->is_lasting && is_marked(s->observer, m)))
            continue;
        result = mark_one(s, m, m->relation, written);
        if (result == 0 && m->relation != 0 && may_be_another(s->observer))
            result = mark_one(s, m, 0, written);
        is_new = true;
    }
    if (result == 0 && move) {
        catalog_store_open(store, place, &s->observer->marking);
        result = catalog_store_move(
            store, place, &(struct catalog_mark){.schema = move->schema, .name = move->name},
            &(struct catalog_mark){.schema = move->to_schema, .name = move->to_name});
        is_new = true;
    }
    return result == 0 && is_new ? hold_marks(s) : result;
}

static int
fill(struct session *s, const struct plan_statement *statement, uint64_t fields, uint64_t kinds)
{
    bool is_new = false;
    int result = 0;

    for (const struct plan_mark *m = statement->fills; m && result == 0; m = m->next) {
        struct plan_mark one = *m;

        one.fields = fields;
        one.kinds = kinds;
        catalog_store_open(s->worker->shared->catalogs, s->observer->place, &s->observer->marking);
        if (is_marked(s->observer, &one))
            continue;
        result = mark_one(s, &one, one.relation, 0);
        if (result == 0 && one.relation != 0 && may_be_another(s->observer))
            result = mark_one(s, &one, 0, 0);
        is_new = true;
    }
    return result == 0 && is_new ? hold_marks(s) : result;
}

static int
mark_deferred(struct session *s, const struct deferred *deferred)
{
    return deferred->fields != 0 ? fill(s, deferred->statement, deferred->fields, deferred->kinds)
                                 : mark(s, deferred->statement, deferred->written);
}

/* In a transaction block that began before this request, nobody else sees it before its end. */
static bool
may_defer(struct session *s)
{
    struct observer *o = s->observer;

    if (s->transaction != 'T' || o->deferred_count == OBSERVER_DEFERRED_MAX)
        return false;
    if (!o->deferred)
        o->deferred = memory_new(OBSERVER_DEFERRED_MAX, sizeof(*o->deferred));
    return o->deferred != NULL;
}

static int
mark_in_turn(struct session *s, const struct deferred *one)
{
    struct observer *o = s->observer;

    if (may_defer(s)) {
        o->deferred[o->deferred_count] = *one;
        o->deferred[o->deferred_count++].plan = plan_hold(one->plan);
        return 0;
    }
    /* What waits was before. */
    if (o->deferred_count > 0) {
        int result = observer_marks_over(s, false);

        if (result != 0)
            return result;
    }
    return mark_deferred(s, one);
}

int
observer_mark(struct session *s, struct plan *plan, const struct plan_statement *statement,
              uint64_t written)
{
    struct observer *o = s->observer;

    for (const struct plan_mark *m = &statement->mark; m; m = m->next)
        if (m->fields && !is_marked(o, m))
            doubt_filled(s, m->fields, m->kinds);
    return mark_in_turn(s, &(struct deferred){plan, statement, written, 0, 0});
}

int
observer_fill(struct session *s, struct plan *plan, const struct plan_statement *statement,
              uint64_t fields, uint64_t kinds)
{
    doubt_filled(s, fields, kinds);
    return mark_in_turn(s, &(struct deferred){plan, statement, 0, fields, kinds});
}

int
observer_marks_over(struct session *s, bool is_rolled_back)
{
    struct observer *o = s->observer;
    int result = 0;

    if (is_rolled_back)
        fresh_marks_undo(s);
    else if (PASU_UNLIKELY(!fresh_is_empty(&o->fresh)))
        result = fresh_marks_over(s);
    for (uint8_t i = 0; i < o->deferred_count; i++) {
        if (result == 0 && !is_rolled_back)
            result = mark_deferred(s, &o->deferred[i]);
        plan_release(o->deferred[i].plan);
    }
    o->deferred_count = 0;
    return result;
}

void
observer_marks_mean(struct session *s, bool is_lost)
{
    struct observer *o = s->observer;
    bool is_open = o->marking.place != NULL;

    is_lost |= o->is_leaving;
    catalog_store_close(s->worker->shared->catalogs, &o->marking, is_lost);
    if (is_open && !is_lost && o->exchange.count > 0) /* what is under way can mark, too */
        catalog_store_open(s->worker->shared->catalogs, o->place, &o->marking);
}

void
observer_notifies(struct session *s, const struct plan_statement *statement, uint64_t persons)
{
    struct gate_shared *shared = s->worker->shared;
    uint64_t before = shared->notified_persons;

    if (!statement->may_notify || !statement->most_fields)
        return;
    if (!s->observer->has_notified)
        notified_forget(&shared->notified);
    s->observer->has_notified = true;
    while (!atomic_compare_exchange_weak(&shared->notified_persons, &before,
                                         before > UINT64_MAX - persons ? UINT64_MAX
                                                                       : before + persons))
        ;
    shared->notified_fields |= statement->most_fields;
    shared->notified_kinds |= statement->most_kinds;
}

void
observer_hears(struct session *s, const struct plan *plan)
{
    if (PASU_LIKELY(!s->observer->has_notified))
        notified_note(&s->worker->shared->notified, plan, s->server_process);
}
