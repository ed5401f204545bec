/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/unveil.h"

#include "gate/hidden.h"
#include "gate/instruments.h"
#include "gate/session.h"
#include "gate/underway.h"

/* ---- which ---- */

/* Whether it is a PREPARE's, as far as is known, and has hidden columns. */
static bool
is_veiled(const struct prepared *prepared)
{
    const struct plan *plan = prepared->plan;

    return plan && prepared->statement && !prepared->is_doubtful &&
           prepared->statement->hidden_count > 0 && plan->statement_count == 1 &&
           plan->statements[0].inner == prepared->statement;
}

static bool
is_name(const char *seen, const struct prepared *prepared)
{
    return seen && strcmp(seen, prepared->name) == 0;
}

/* Whether the statement sees the columns of what has that name. */
static bool
is_told_by(const struct plan_statement *statement, const struct prepared *prepared)
{
    return is_name(statement->tells, prepared) || is_name(statement->explains, prepared);
}

/* What code sees that nobody knows, and what texts see that tell of everything. */
static bool
sees_all(const struct observer *o, const struct plan *plan, const struct plan_statement *statement)
{
    bool is_opaque = statement->flags & PLAN_OPAQUE;
    const struct plan *meant;

    if (plan->sees_prepared || plan->borrows != BORROW_NOT || is_opaque)
        return true;
    if (statement->special != SPECIAL_EXECUTE && statement->special != SPECIAL_FETCH)
        return false;
    meant = hidden_meant(o, plan, &statement);
    return !meant || meant->sees_prepared || meant->borrows != BORROW_NOT ||
           (statement->flags & PLAN_OPAQUE);
}

/* Whether the names of a text can mean others, or the text be read in another way, once it is done:
 * then the server, which plans anew what is prepared, finds no key any more, and the text cannot be
 * sent again. */
static bool
turns(const struct plan *plan, const struct plan_statement *statement)
{
    return plan->may_change_dialect || plan->turns_names || statement->special == SPECIAL_DDL ||
           statement->special == SPECIAL_SET_ROLE ||
           (statement->flags & (PLAN_SETS_ROLE | PLAN_SETS_USER | PLAN_TWISTS));
}

/* Which of what is prepared is seen: all, or what has a name. */
struct seer {
    const struct plan *plan;
    const struct plan_statement *statements;
    size_t count;
    bool is_all;
};

static struct seer
seer_of(const struct observer *o, const struct plan *plan, const struct plan_statement *statement)
{
    struct seer seer = {plan, statement ? statement : plan->statements,
                        statement ? 1 : plan->statement_count, false};

    seer.is_all = o->catalog && catalog_may_run_prepared(o->catalog);
    for (size_t i = 0; i < seer.count && !seer.is_all; i++)
        seer.is_all = sees_all(o, plan, &seer.statements[i]) || turns(plan, &seer.statements[i]);
    return seer;
}

/* What was prepared by another role may have a key that this one may not read. */
static bool
is_seen(const struct observer *o, const struct seer *seer, const struct prepared *prepared)
{
    if (seer->is_all || strcmp(prepared->plan->role, o->role) != 0)
        return true;
    for (size_t i = 0; i < seer->count; i++)
        if (is_told_by(&seer->statements[i], prepared))
            return true;
    return false;
}

/* ---- when ---- */

/* What a portal of EXECUTE runs is what the name stands for when it is run first: described, or
 * begun with hidden columns, it must keep them. */
static bool
is_being_executed(const struct exchange *x)
{
    for (const struct portal *p = x->portals; p; p = p->next)
        if (p->name[0] && (!p->statement || p->statement->special == SPECIAL_EXECUTE))
            return true;
    return false;
}

/* A Query takes what has no name with it. */
static bool
can_ask(const struct asking *a, uint8_t type)
{
    const struct exchange *x = &a->o->exchange;
    const struct prepared *unnamed = exchange_prepared(x, "");
    const struct portal *portal = exchange_portal(x, "");

    if (x->count > 0 || is_being_executed(x) || a->o->is_unsynced || a->s->transaction == 'E' ||
        a->o->is_muted)
        return false;
    return type == 'Q' || ((!unnamed || !unnamed->plan) && (!portal || !portal->plan));
}

/* ---- how ---- */

static int
put(struct asking *a, const void *bytes, size_t length)
{
    return instruments_put(a->tools, bytes, length);
}

static int
put_name(struct asking *a, const char *name)
{
    int result = put(a, "DEALLOCATE \"", 12);

    for (; *name && result == 0; name++) {
        result = *name == '"' ? put(a, "\"", 1) : 0;
        if (result == 0)
            result = put(a, name, 1);
    }
    return result == 0 ? put(a, "\"", 1) : result;
}

/* A Query of ours, of which the text is put between the two; what the client has asked comes behind
 * it. Its length is known when all of it is there. */
static int
begin(struct asking *a, size_t *at)
{
    int result = ask_change(a);

    *at = a->tools->out_length;
    return result == 0 ? put(a, "Q\0\0\0", WALK_HEAD) : result;
}

static int
end(struct asking *a, size_t at)
{
    struct pipeline *p = &a->s->pipeline;
    uint16_t asked = p->asked;
    struct exchange_request *request;
    int result = put(a, "", 1);

    if (result != 0)
        return result;
    bytes_put_u32(a->tools->out + at + 1, (uint32_t)(a->tools->out_length - at - 1));
    request = exchange_add(&a->o->exchange, STEP_QUERY);
    if (!request)
        return PASU_E_NOMEM;
    request->is_ours = true;
    p->asked = 0;
    pipeline_end_unit(p, false);
    p->asked = asked;
    return 0;
}

/* The text without hidden columns; what the name stands for is then its plan's. */
static int
unveil(struct asking *a, struct prepared *prepared)
{
    const struct plan *was = prepared->plan;
    const struct plan_statement *statement;
    struct plan *plan;
    size_t at;
    int result;

    if (!observer_reads_again(a->s, was))
        return 0;
    result = observer_plan_bare(a->s, was, &plan);
    if (result != 0)
        return result;
    statement = plan_counterpart(plan, was, prepared->statement);
    if (!statement || statement->hidden_count > 0 || plan->refusal) {
        plan_release(plan);
        return 0;
    }
    result = begin(a, &at);
    if (result == 0)
        result = put_name(a, prepared->name);
    if (result == 0)
        result = end(a, at);
    if (result == 0)
        result = begin(a, &at);
    if (result == 0)
        result = put(a, was->text.bytes, was->text.length);
    if (result == 0)
        result = end(a, at);
    plan_release(prepared->plan);
    prepared->serial = ++a->o->exchange.serials;
    prepared->plan = plan;
    prepared->statement = statement;
    return result;
}

/* All that is seen; seer NULL: all. */
static int
unveil_seen(struct asking *a, const struct seer *seer)
{
    int result = 0;

    for (size_t i = 0; i < EXCHANGE_HEADS && result == 0; i++)
        for (struct prepared *p = a->o->exchange.prepared[i]; p && result == 0; p = p->next)
            if (is_veiled(p) && (!seer || is_seen(a->o, seer, p)))
                result = unveil(a, p);
    return result;
}

int
unveil_before(struct asking *a, uint8_t type, const struct plan *plan,
              const struct plan_statement *statement)
{
    struct plan *held;
    struct seer seer;
    int result;

    if (PASU_LIKELY(!a->o->hides_in_prepared) || !plan || !can_ask(a, type))
        return 0;
    held = plan_hold((struct plan *)(uintptr_t)plan); /* it can be one that is prepared anew */
    seer = seer_of(a->o, plan, statement);
    result = unveil_seen(a, &seer);
    plan_release(held);
    return result;
}

int
unveil_all(struct asking *a, uint8_t type)
{
    return PASU_LIKELY(!a->o->hides_in_prepared) || !can_ask(a, type) ? 0 : unveil_seen(a, NULL);
}

/* ---- its answers ---- */

int
unveil_answer(struct session *s, uint8_t type)
{
    struct observer *o = s->observer;

    switch (type) {
    case 'C':
    case 'N':
        return 0;
    case 'E': /* one of them may be gone */
        if (s->transaction != 'I')
            o->blank.is_failed = o->actor.is_failed = true;
        exchange_doubt(&o->exchange);
        return 0;
    case 'Z':
        exchange_ready(&o->exchange);
        underway_answered(s);
        return 0;
    default:
        return PASU_E_UPSTREAM_PROTOCOL;
    }
}
