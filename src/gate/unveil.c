/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/unveil.h"

#include "gate/instruments.h"
#include "gate/session.h"
#include "gate/underway.h"

/* ---- which ---- */

/* The statement PREPARE that a name stands for; NULL where it is another one's, or hides nothing.
 */
static const struct plan_statement *
veil_of(const struct prepared *prepared)
{
    if (!prepared->plan || !prepared->statement || prepared->statement->hidden_count == 0)
        return NULL;
    for (size_t i = 0; i < prepared->plan->statement_count; i++)
        if (prepared->plan->statements[i].inner == prepared->statement)
            return &prepared->plan->statements[i];
    return NULL;
}

static bool
is_name(const char *seen, const struct prepared *prepared)
{
    return seen && strcmp(seen, prepared->name) == 0;
}

/* Whether the statement sees the columns of what has that name. */
static bool
is_seen_by(const struct plan_statement *statement, const struct prepared *prepared)
{
    return is_name(statement->tells, prepared) || is_name(statement->explains, prepared) ||
           (statement->flags & PLAN_OPAQUE && statement->special != SPECIAL_EXECUTE &&
            statement->special != SPECIAL_PREPARE);
}

static bool
is_seen(const struct plan *plan, const struct plan_statement *statement,
        const struct prepared *prepared)
{
    if (plan->sees_prepared || plan->borrows != BORROW_NOT)
        return true;
    if (statement)
        return is_seen_by(statement, prepared);
    for (size_t i = 0; i < plan->statement_count; i++)
        if (is_seen_by(&plan->statements[i], prepared))
            return true;
    return false;
}

/* ---- when ---- */

/* A Query takes what has no name with it. */
static bool
can_ask(const struct asking *a, uint8_t type)
{
    const struct exchange *x = &a->o->exchange;
    const struct prepared *unnamed = exchange_prepared(x, "");
    const struct portal *portal = exchange_portal(x, "");

    if (x->count > 0 || a->o->is_unsynced || a->s->transaction == 'E' || a->o->is_muted)
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
    *at = a->tools->out_length;
    return put(a, "Q\0\0\0", WALK_HEAD);
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
unveil(struct asking *a, struct prepared *prepared, const struct plan_statement *veil)
{
    const struct plan *was = prepared->plan;
    struct view source = was->statement_count == 1 ? was->text : veil->source;
    const struct plan_statement *statement;
    struct plan *plan;
    size_t at;
    int result = observer_plan_bare(a->s, was, &plan);

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
        result = put(a, source.bytes, source.length);
    if (result == 0)
        result = end(a, at);
    plan_release(prepared->plan);
    prepared->plan = plan;
    prepared->statement = statement;
    return result;
}

int
unveil_before(struct asking *a, uint8_t type, const struct plan *plan,
              const struct plan_statement *statement)
{
    int result;

    if (PASU_LIKELY(!a->o->hides_in_prepared) || !plan || !can_ask(a, type))
        return 0;
    result = ask_change(a);
    for (size_t i = 0; i < EXCHANGE_HEADS && result == 0; i++)
        for (struct prepared *p = a->o->exchange.prepared[i]; p && result == 0; p = p->next) {
            const struct plan_statement *veil = veil_of(p);

            if (veil && is_seen(plan, statement, p))
                result = unveil(a, p, veil);
        }
    return result;
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
