/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/underway.h"

#include "gate/expose.h"
#include "gate/result.h"
#include "gate/session.h"

/* What the requests come to. */
struct underway {
    uint64_t fields, kinds; /* that others can come to see where no snapshot shows them */
    bool is_commit;         /* a transaction can have been committed */
    bool is_any;
};

typedef void underway_visit(struct session *session, struct underway *underway, struct plan *plan,
                            const struct plan_statement *statement);

static void
visit(struct session *s, struct underway *u, struct plan *plan,
      const struct plan_statement *statement, underway_visit *each)
{
    const struct plan_statement *meant;
    struct view types;

    each(s, u, plan, statement);
    if (statement->special != SPECIAL_EXECUTE && !statement->is_executed)
        return;
    plan = (struct plan *)(uintptr_t)exchange_expected(&s->observer->exchange, statement->name,
                                                       &meant, &types);
    if (plan && meant)
        each(s, u, plan, meant);
}

/* Every statement that is on its way, from that place of the queue on, with what it stands for. */
static void
walk(struct session *s, uint32_t from, struct underway *u, underway_visit *each)
{
    const struct exchange *x = &s->observer->exchange;

    for (uint32_t place = from; place < x->count; place++) {
        const struct exchange_request *request = exchange_at(x, place);
        const struct plan_statement *statement = NULL;
        struct plan *plan = request->plan;

        if (request->is_refused)
            continue;
        if (request->step == STEP_EXECUTE) {
            plan = exchange_executed(x, place, &statement);
            if (plan && statement)
                visit(s, u, plan, statement, each);
        } else if (plan && (request->step == STEP_QUERY || request->step == STEP_FUNCTION_CALL)) {
            for (size_t i = place == 0 ? x->statement : 0; i < plan->statement_count; i++)
                visit(s, u, plan, &plan->statements[i], each);
        }
    }
}

static bool
may_commit(const struct plan_statement *statement)
{
    return !statement->is_understood || statement->special == SPECIAL_TAKE_UP ||
           (statement->special == SPECIAL_END && statement->verb != VERB_ROLLBACK);
}

/* Whether others can find names changed afterwards. */
static bool
changes(const struct observer *o, const struct plan_statement *statement)
{
    bool is_ddl =
        statement->special == SPECIAL_DDL && !statement->is_own && statement->effect == EFFECT_ANY;

    return is_ddl || statement->twists || !statement->is_understood || statement->verb == VERB_DO ||
           statement->verb == VERB_CALL || (may_commit(statement) && o->change == TOUCH_ALL);
}

static void
look(struct session *s, struct underway *u, struct plan *plan,
     const struct plan_statement *statement)
{
    const struct observer *o = s->observer;
    uint64_t fields = 0, kinds = 0;

    (void)plan;
    u->is_commit |= may_commit(statement);
    if (changes(o, statement) || (may_commit(statement) && o->deferred_count > 0))
        observer_all(s, &fields, &kinds);
    for (const struct plan_mark *m = &statement->mark; m; m = m->next)
        if (observer_is_new(s, m)) {
            fields |= m->fields;
            kinds |= m->kinds;
        }
    u->fields |= fields;
    u->kinds |= kinds;
    u->is_any |= fields != 0 || statement->moved_fields || statement->move;
}

bool
underway_is_any(const struct session *s)
{
    struct underway u = {0};

    walk((struct session *)(uintptr_t)s, 0, &u, look);
    return u.is_any;
}

void
underway_wait(struct session *s)
{
    struct observer *o = s->observer;
    const struct exchange *x = &o->exchange;
    uint32_t new = x->added - o->looked;
    struct underway u = {0};

    if (PASU_LIKELY(new == 0 || x->count == 0))
        return;
    o->looked = x->added;
    walk(s, new < x->count ? x->count - new : 0, &u, look);
    if (u.fields == 0)
        return;
    catalog_store_hang(s->worker->shared->catalogs, o->place, u.fields, u.kinds, !o->is_hanging);
    o->is_hanging = true;
}

void
underway_answered(struct session *s)
{
    struct observer *o = s->observer;

    if (PASU_LIKELY(!o->is_hanging) || (o->exchange.count > 0 && underway_is_any(s)) ||
        written_is_waiting(o))
        return;
    o->is_hanging = false;
    catalog_store_unhang(s->worker->shared->catalogs, o->place);
}

static void
take(struct session *s, struct underway *u, struct plan *plan,
     const struct plan_statement *statement)
{
    int result = 0;

    u->is_commit |= may_commit(statement);
    /* It may not come to it. */
    if (statement->special == SPECIAL_END && !may_commit(statement))
        return;
    if (statement->moved_fields)
        result = expose_moved(s, statement, UINT64_MAX);
    if (result == 0)
        result = result_done(s, plan, statement);
    if (result != 0)
        session_log(s, EVENT_INTERNAL, result, "what a session that ends has done");
}

void
underway_end(struct session *s)
{
    struct observer *o = s->observer;
    struct underway u = {0};

    if (!o)
        return;
    if (written_lost(s) != 0)
        session_log(s, EVENT_INTERNAL, PASU_E_NOMEM, "what a session that ends has written");
    if (o->exchange.count > 0) {
        o->is_leaving = true;
        observer_use(s);
        walk(s, 0, &u, take);
        while (o->exchange.count > 0)
            exchange_done(&o->exchange);
        /* What was not committed before, nor is now, never was. */
        if ((s->transaction != 'T' || u.is_commit) && result_transaction_over(s) != 0)
            session_log(s, EVENT_INTERNAL, PASU_E_NOMEM, "what a session that ends has done");
    }
    underway_answered(s);
}
