/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/administration.h"

#include "exposure/administration.h"
#include "gate/expose.h"
#include "gate/hold.h"
#include "gate/plan_flags.h"
#include "gate/powers.h"
#include "gate/session.h"
#include "gate/session_rules.h"
#include "gate/standing.h"
#include "gate/verdict.h"

/* ---- rights ---- */

static unsigned
power_of(struct session *s, const char *role)
{
    struct powers *powers = s->worker->shared->powers;

    return powers ? powers_of(powers, s->gateway->config->name, role) : 0;
}

/* Of the role that has logged in. */
static unsigned
own_power(struct session *s)
{
    struct administration *a = &s->observer->administration;
    const struct powers *powers = s->worker->shared->powers;
    uint64_t turn = powers ? atomic_load_explicit(&powers->turn, memory_order_relaxed) : 0;

    if (PASU_UNLIKELY(a->turn != turn)) {
        a->power = power_of(s, s->user);
        a->turn = turn;
    }
    return a->power;
}

static bool
raises(struct session *s, const char *role)
{
    unsigned own = own_power(s);

    if (own & POWER_OVER)
        return false;
    if (!role)
        return (own & POWER_BECOMES) != 0;
    return (power_of(s, role) & ~own & (POWER_OVER | POWER_MORE)) != 0;
}

uint64_t
administration_of(struct session *s, const struct plan_statement *statement)
{
    uint64_t flags;

    if (PASU_LIKELY(!statement || !(statement->flags & PLAN_ADMINISTERS)))
        return 0;
    flags = plan_flags(statement->flags & PLAN_ADMINISTERS);
    if (statement->flags & PLAN_SETS_ROLE && raises(s, statement->becomes))
        flags |= FLAG_BIT(SET_ROLE);
    return flags;
}

uint64_t
administration_reader(struct session *s)
{
    bool is_one = own_power(s) & POWER_OVER || s->observer->administration.is_raised ||
                  s->observer->kind == PRINCIPAL_ADMIN;

    return is_one ? FLAG_BIT(PRIVILEGED) : 0;
}

/* ---- before it is sent ---- */

int
administration_execute(struct session *s, const struct plan_statement *statement)
{
    const struct plan_statement *meant =
        statement ? verdict_followed(&s->observer->exchange, statement) : NULL;
    uint64_t flags = administration_of(s, statement) | administration_of(s, meant);
    int result;

    if (PASU_LIKELY(flags == 0))
        return 0;
    s->observer->administration.is_raised |= (flags & FLAG_BIT(SET_ROLE)) != 0;
    s->observer->administration.has_acted = true;
    s->worker->shared->acted = os_monotonic(s->worker->os);
    result = expose_act(s, statement, flags);
    hold_ask(s);
    return result;
}

int
administration_ask(struct session *s, const struct exchange_request *request,
                   const struct plan *plan)
{
    int result = 0;

    for (size_t i = 0; result == 0 && !request->is_refused && i < plan->statement_count; i++)
        result = administration_execute(s, &plan->statements[i]);
    return result;
}

void
administration_done(struct session *s, const struct plan_statement *statement)
{
    s->observer->administration.is_raised =
        (administration_of(s, statement) & FLAG_BIT(SET_ROLE)) != 0;
}

void
administration_over(struct session *s)
{
    if (PASU_LIKELY(!s->observer->administration.has_acted))
        return;
    s->observer->administration.has_acted = false;
    s->worker->shared->acted = os_monotonic(s->worker->os);
}

bool
administration_alerts(struct session *s, uint64_t flags)
{
    const struct config *config = session_rules_settings(s)->config;
    const struct config_texts *except = &config->administrators.except;

    if (!(flags & administration_flags()) || config->administrators.verdict == VERDICT_ALLOW)
        return false;
    for (size_t i = 0; i < except->count; i++)
        if (strcmp(except->items[i], s->user) == 0)
            return false;
    return true;
}
