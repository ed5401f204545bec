/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/keep.h"

#include "gate/budgets.h"
#include "gate/doubt.h"
#include "gate/expose.h"
#include "gate/hold.h"
#include "gate/session.h"
#include "gate/verdict.h"

/* What EXECUTE and FETCH will run, as far as can be told now. */
static const struct plan_statement *
followed(const struct exchange *x, const struct plan_statement *statement)
{
    const struct plan_statement *meant = statement;
    struct view types;

    if (statement->special == SPECIAL_EXECUTE || statement->is_executed)
        (void)exchange_expected(x, statement->name, &meant, &types);
    return meant ? meant : statement;
}

/* Code that no snapshot shows yet can be run by what calls any. */
static void
add_kept(const struct session *s, const struct plan_statement *statement, uint64_t *fields,
         uint64_t *kinds)
{
    const struct observer *o = s->observer;
    bool is_code = (statement->flags & (PLAN_CALLS | PLAN_OPAQUE)) != 0;

    *fields |= statement->kept_fields | (is_code ? o->unseen_fields : 0);
    *kinds |= statement->kept_kinds | (is_code ? o->unseen_kinds : 0);
}

/* Whether it will do what its plan says: nothing that is on its way can give its names another
 * meaning. */
static bool
is_sure(const struct session *s, const struct exchange_request *request,
        const struct plan_statement *statement)
{
    const struct exchange *x = &s->observer->exchange;
    const struct exchange_request *other;

    if (!request->plan || request->plan->statement_count != 1 ||
        statement != &request->plan->statements[0] || !doubt_is_none(s, request->plan))
        return false;
    for (uint32_t i = 0; (other = exchange_at(x, i)) != NULL; i++)
        if (other != request && (other->step == STEP_QUERY || other->step == STEP_EXECUTE ||
                                 other->step == STEP_FUNCTION_CALL))
            return false;
    return true;
}

static int
keep(struct session *s, struct exchange_request *request, const struct plan_statement *statement)
{
    struct result *r = &s->observer->result;
    const struct plan_statement *asked = statement;
    uint64_t fields = 0, kinds = 0, most;
    bool is_counted = r->is_counted; /* another result can be under way */
    struct judgement judgement;
    int result;

    statement = followed(&s->observer->exchange, statement);
    most =
        statement->kept_most && is_sure(s, request, statement) ? statement->kept_most : UINT64_MAX;
    /* Who listens hears of it before the client does. A function that was read through tells nobody
     * else. */
    if (!request->is_refused && !(statement->read && is_sure(s, request, statement)))
        observer_notifies(s, statement, most);
    add_kept(s, statement, &fields, &kinds);
    if (PASU_UNLIKELY(asked != statement)) { /* EXECUTE has arguments of its own */
        add_kept(s, asked, &fields, &kinds);
        most = asked->kept_fields ? UINT64_MAX : most;
    }
    if (PASU_LIKELY(fields == 0) || request->is_refused)
        return 0;
    r->is_counted = false;
    result = expose_few(s, statement, fields, kinds, most, FLAG_BIT(KEPT), &judgement);
    r->is_counted = is_counted;
    hold_ask(s);
    if (result == 0 && judgement.is_blocked)
        request->is_refused = request->is_beyond = true;
    if (result == 0)
        request->is_last = budgets_close(&judgement);
    if (result == 0 && judgement.ruling)
        verdict_refuse(s, request);
    s->observer->is_ending |= request->is_last;
    if (!request->is_refused)
        request->is_told = (statement->most_kinds & ~kinds) == 0;
    return result;
}

int
keep_ask(struct session *s, struct exchange_request *request, const struct plan *plan)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < plan->statement_count; i++)
        result = keep(s, request, &plan->statements[i]);
    request->is_told &= plan->statement_count == 1;
    return result;
}

int
keep_bind(struct session *s, struct exchange_request *request,
          const struct plan_statement *statement)
{
    return keep(s, request, statement);
}
