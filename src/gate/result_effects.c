/* SPDX-License-Identifier: Apache-2.0 */
/* What a request's success, or its failure, does to names, to the catalog and to what is known. */
#include "gate/doubt.h"
#include "gate/fresh_marks.h"
#include "gate/identity_use.h"
#include "gate/mask.h"
#include "gate/pins.h"
#include "gate/renew.h"
#include "gate/result.h"
#include "gate/session.h"

static int
bound(struct session *s, struct exchange_request *request)
{
    struct observer *o = s->observer;
    struct prepared *prepared = exchange_prepared(&o->exchange, request->statement);
    struct portal *portal;
    struct plan *plan;
    bool is_same, is_as_asked;
    int result = prepared ? renew_prepared(s, prepared) : 0;

    if (result != 0)
        return result;
    plan = prepared ? prepared->plan : NULL;
    is_same = plan && request->plan &&
              doubt_is_same(plan, prepared->statement, request->plan, request->bound);
    is_as_asked = is_same && request->plan->catalog == plan->catalog;
    /* Of two plans that say the same, the one that the keys were read for. */
    result = exchange_set_portal(&o->exchange, request->name, is_as_asked ? request->plan : plan,
                                 is_as_asked ? request->bound
                                 : prepared  ? prepared->statement
                                             : NULL,
                                 &portal);
    if (result != 0)
        return result;
    request->is_doubtful |= prepared && prepared->is_doubtful;
    portal->is_doubtful = request->is_doubtful;
    portal->is_told = request->is_told && is_as_asked;
    portal->results = request->bytes;
    request->bytes = view_of(NULL, 0);
    /* The keys were read for the statement that it was taken for; a snapshot that has come since
     * need not have changed them. */
    if (is_as_asked || (is_same && prepared->statement && request->bound &&
                        doubt_has_same_keys(prepared->statement, request->bound)))
        pinned_move(&portal->pinned, &request->pinned);
    return 0;
}

int
result_confirm(struct session *s, struct exchange_request *request)
{
    struct exchange *x = &s->observer->exchange;

    switch (request->step) {
    case STEP_PARSE:
        return exchange_set_prepared(
            x, request->name, request->plan,
            request->plan->statement_count > 0 ? &request->plan->statements[0] : NULL,
            request->bytes);
    case STEP_BIND:
        return bound(s, request);
    case STEP_CLOSE:
        if (request->is_portal)
            exchange_drop_portal(x, request->name);
        else
            exchange_drop_prepared(x, request->name);
        return 0;
    default:
        return 0;
    }
}

/* What values the rest of the transaction can speak of: deferred triggers do at its end, and a
 * cursor WITH HOLD is run then. */
static void
remember_speech(struct observer *o, const struct plan_statement *statement)
{
    if (statement->may_speak &&
        ((statement->flags & (PLAN_OPAQUE | PLAN_CALLS)) || statement->speaks_later ||
         (statement->verb >= VERB_INSERT && statement->verb <= VERB_MERGE))) {
        o->speaks_fields |= statement->most_fields;
        o->speaks_kinds |= statement->most_kinds;
    }
}

/* Whose concern it is what a statement does to the catalog. */
static enum catalog_touch
touch_of(const struct plan_statement *statement, bool is_known)
{
    if (statement->mark.fields != 0)
        return TOUCH_ALL;
    if (is_known || statement->effect == EFFECT_ROWS)
        return TOUCH_NONE;
    if (statement->is_own)
        return TOUCH_OWN;
    return statement->effect == EFFECT_ANY ? TOUCH_ALL : TOUCH_ADDS;
}

/* What has been added may be what code waits for that others have made since the snapshot. */
static enum catalog_touch
touch_at_end(const struct observer *o)
{
    bool is_doubtful = catalog_store_shifts(o->place) != o->shifts;

    return o->change == TOUCH_ADDS && is_doubtful ? TOUCH_ALL : (enum catalog_touch)o->change;
}

static int
catalog_effects(struct session *s, struct plan *plan, const struct plan_statement *statement,
                bool is_known)
{
    struct observer *o = s->observer;
    enum catalog_touch touch = touch_of(statement, is_known);
    bool is_change = statement->special == SPECIAL_DDL || statement->twists ||
                     (statement->flags & PLAN_OPAQUE) || statement->verb == VERB_DO ||
                     statement->verb == VERB_CALL;
    bool is_end = statement->special == SPECIAL_END || statement->special == SPECIAL_LAY_BY;
    int result = fresh_marks_take(s, plan, statement);

    if (result == 0 && (statement->mark.fields || statement->move))
        result = observer_mark(s, plan, statement, o->result.written);
    if (result == 0 && is_end) {
        result = observer_marks_over(s, statement->verb == VERB_ROLLBACK && !o->may_be_committed);
        observer_marks_mean(s, statement->special == SPECIAL_LAY_BY);
    }
    if ((is_change || statement->mark.fields) && touch > o->change)
        o->change = (uint8_t)touch;
    /* What is only added, or only its own, is nobody's concern before the transaction's end. */
    if (o->change != TOUCH_NONE && (is_end || (is_change && touch == TOUCH_ALL)))
        observer_touch(s, touch_at_end(o));
    /* Others see it now, and the next transaction may have begun already (AND CHAIN). */
    if (statement->special == SPECIAL_END && statement->verb != VERB_ROLLBACK &&
        o->change == TOUCH_ALL)
        doubt_committed(s);
    if (o->change != TOUCH_NONE && statement->special == SPECIAL_LAY_BY)
        catalog_store_lay_by(o->place);
    if (statement->special == SPECIAL_TAKE_UP && catalog_store_has_laid_by(o->place)) {
        observer_touch(s, TOUCH_ALL);
        doubt_committed(s);
    }
    return result;
}

/* A cursor is as doubtful as the statement that declares it. */
static int
declare(struct session *s, struct plan *plan, const struct plan_statement *statement,
        const struct exchange_request *request)
{
    struct observer *o = s->observer;
    const struct portal *own =
        request->step == STEP_EXECUTE ? exchange_portal(&o->exchange, request->name) : NULL;
    bool is_doubtful = own && own->is_doubtful;
    struct portal *portal;
    int result =
        exchange_set_portal(&o->exchange, statement->name, plan, statement->inner, &portal);

    if (result == 0)
        result = result_pin_literals(s, plan, statement->inner, NULL, NULL);
    if (result != 0)
        return result;
    pinned_move(&portal->pinned, &o->result.own);
    portal->is_doubtful = is_doubtful;
    portal->is_held = statement->speaks_later;
    portal->is_hiding = statement->inner && statement->inner->hidden_count > 0;
    o->hides_in_cursors |= portal->is_hiding;
    return 0;
}

/* What a text of one statement sets outside of a transaction stays set, until another one does;
 * what is set in one goes with it, if that is rolled back. */
static void
become(struct session *s, const struct plan *plan, const struct plan_statement *statement,
       const struct exchange_request *request)
{
    struct observer *o = s->observer;
    bool stays = request->step == STEP_QUERY && plan->statement_count == 1 && s->transaction == 'I';
    bool is_all = statement->special == SPECIAL_DISCARD; /* and the session's user is its own */
    const char *role = is_all ? "" : statement->name;

    if (is_all)
        o->is_other_user = !stays;
    else if (strcmp(role, "?") == 0)
        o->is_other_user = true;
    if (role[0] == '\0' && !o->is_other_user)
        role = s->user;
    if (!stays || strcmp(role, "?") == 0 || strlen(role) >= sizeof(o->role))
        role = "";
    memmove(o->role, role, strlen(role) + 1);
    o->is_role_new = true;
    administration_done(s, statement);
}

static int
name_effects(struct session *s, struct plan *plan, const struct plan_statement *statement,
             const struct exchange_request *request)
{
    struct observer *o = s->observer;
    struct exchange *x = &o->exchange;

    switch ((enum plan_special)statement->special) {
    case SPECIAL_PREPARE:
        return exchange_set_prepared(x, statement->name, plan, statement->inner, view_of(NULL, 0));
    case SPECIAL_DECLARE:
        return declare(s, plan, statement, request);
    case SPECIAL_DEALLOCATE:
        if (statement->name[0])
            exchange_drop_prepared(x, statement->name);
        else
            exchange_drop_all_prepared(x);
        return 0;
    case SPECIAL_CLOSE:
        if (statement->name[0])
            exchange_drop_portal(x, statement->name);
        else
            exchange_drop_portals(x);
        return 0;
    case SPECIAL_DISCARD:
        exchange_drop_all_prepared(x);
        exchange_drop_portals(x);
        become(s, plan, statement, request);
        return 0;
    case SPECIAL_SET_ROLE:
        become(s, plan, statement, request);
        return 0;
    default:
        return 0;
    }
}

int
result_done(struct session *s, struct plan *plan, const struct plan_statement *statement)
{
    bool is_known = blank_run(s, statement, false);

    remember_speech(s->observer, statement);
    mask_note_done(s, statement);
    /* Of few persons it was counted when it was asked for. */
    if (!statement->kept_most || !s->observer->result.is_sure)
        observer_notifies(s, statement, UINT64_MAX);
    doubt_done(s, statement);
    actor_run(&s->observer->actor, statement);
    return catalog_effects(s, plan, statement, is_known);
}

/* It has called a function of which it is known that it does nothing else. */
static bool
is_read(const struct result *r)
{
    return r->is_open && r->statement && r->statement->is_read;
}

/* What EXECUTE runs stores its parameters: what these are of that it is given. */
static int
filled(struct session *s, const struct plan_statement *execute, struct plan *plan,
       const struct plan_statement *run)
{
    if (execute->kept_fields == 0 || !run->fills)
        return 0;
    s->observer->change = TOUCH_ALL;
    return observer_fill(s, plan, run, execute->kept_fields, execute->kept_kinds);
}

int
result_effects(struct session *s, const struct exchange_request *request)
{
    const struct result *r = &s->observer->result;
    const struct plan_statement *statement, *run;
    struct plan *plan = result_plan(s->observer, request, &statement);
    int result;

    if (!plan || !statement) {
        blank_spoil(s->observer);
        return 0;
    }
    run = statement->special == SPECIAL_EXECUTE ? r->statement : NULL;
    result = (r->is_blank || is_read(r)) && !run ? result_done(s, r->plan, r->statement)
                                                 : result_done(s, plan, statement);
    if (result == 0 && run)
        result = result_done(s, r->plan, run);
    if (result == 0 && run)
        result = filled(s, statement, r->plan, run);
    if (result == 0 && run && run->special != SPECIAL_NONE) /* what was prepared by message */
        result = name_effects(s, r->plan, run, request);
    if (result == 0 && statement->is_executed) {
        const struct prepared *prepared =
            exchange_prepared(&s->observer->exchange, statement->name);

        if (prepared && prepared->plan && prepared->statement)
            result = result_done(s, prepared->plan, prepared->statement);
        if (result == 0 && prepared && prepared->plan && prepared->statement)
            result = filled(s, statement, prepared->plan, prepared->statement);
    }
    if (result != 0 || statement->special == SPECIAL_NONE)
        return result;
    return name_effects(s, plan, statement, request);
}

static void
failed(struct session *s, const struct plan_statement *statement)
{
    (void)blank_run(s, statement, true);
    doubt_done(s, statement);
}

/* Code that may have committed something before it failed. */
static int
committed(struct session *s, struct plan *plan, const struct plan_statement *statement)
{
    bool may_commit = statement->verb == VERB_DO || statement->verb == VERB_CALL;

    return may_commit && s->transaction != 'T' ? result_done(s, plan, statement) : 0;
}

int
result_failed(struct session *s, const struct exchange_request *request)
{
    const struct plan_statement *statement;
    struct plan *plan = result_plan(s->observer, request, &statement);

    if (request->step == STEP_FUNCTION_CALL)
        doubt_called(s, request->function);
    if (statement && (request->step == STEP_QUERY || request->step == STEP_EXECUTE ||
                      request->step == STEP_FUNCTION_CALL)) {
        const struct plan_statement *followed = result_followed(s->observer, statement);

        if (followed == statement && is_read(&s->observer->result))
            followed = statement = s->observer->result.statement;
        failed(s, statement);
        if (followed)
            failed(s, followed);
        return committed(s, plan, statement);
    }
    return 0;
}

int
result_transaction_over(struct session *s)
{
    struct observer *o = s->observer;
    int result = observer_marks_over(s, false); /* none is left where it was ended by its name */

    o->speaks_fields = o->speaks_kinds = 0;
    o->may_have_moved = o->may_be_committed = false;
    actor_over(&o->actor, false);
    observer_marks_mean(s, false);
    growth_settle(catalog_store_growth(o->place), &o->grown);
    if (o->exchange.count == 0)
        identity_use_over(s);
    blank_over(o, false);
    o->change = (uint8_t)touch_at_end(o);
    if (o->change != TOUCH_NONE)
        observer_touch(s, (enum catalog_touch)o->change);
    if (o->change == TOUCH_ALL)
        doubt_committed(s);
    o->change = TOUCH_NONE;
    if (o->exchange.count == 0)
        intent_over(s);
    exchange_end_portals(&o->exchange);
    return result;
}
