/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/budgets.h"

#include "gate/instruments.h"
#include "gate/session.h"
#include "gate/verdict.h"

const char *
budgets_exempt(const struct observer *o)
{
    const struct exchange_request *request = exchange_first(&o->exchange);
    bool is = !o->actor.is_asking && request && request->exempt[0] &&
              (request->step != STEP_QUERY || o->exchange.statement == request->exempt_statement);

    return is ? request->exempt : "";
}

bool
budgets_close(const struct judgement *judgement)
{
    return judgement->is_blocked && !judgement->ruling && judgement->budget &&
           judgement->budget->session == CONFIG_SESSION_CLOSE;
}

static const struct budget *
budget_now(const struct session *s)
{
    const struct observer *o = s->observer;

    return budgets_exempt(o)[0] ? &o->approved_budget : &o->budget;
}

bool
budgets_mask(const struct session *s)
{
    return budget_now(s)->masks;
}

static void
log_budget(const struct session *s, enum log_event event, const char *rule)
{
    const struct log_field fields[] = {F_TEXT("rule", rule)};

    session_log_fields(s, event, fields, COUNT_OF(fields));
}

/* A record names one budget: another one that alerts has one of its own. */
static int
put_beside(struct session *s, struct exposure *e, const char *rule)
{
    const struct exposure kept = *e; /* there is room for one at a time */
    int result =
        expose_ruled(s, s->observer->result.statement, rule, VERDICT_OF_ALERT, 0, FLAG_BIT(BUDGET));

    *e = kept;
    return result;
}

/* Each that alerts is told; the record names the last one, which is of the longest window, where
 * neither what blocks nor what holds stands there. */
static int
tell_alerts(struct session *s, const struct tally_outcome *outcome, struct exposure *e)
{
    const struct config *config = s->observer->in_force->config;
    const struct budget *budget = budget_now(s);
    char rule[EXPOSURE_TEXT_MAX];
    size_t at = 0;
    int result = 0, by;

    by = budget_told(budget, config, s->user, outcome, &at);
    while (by >= 0 && result == 0) {
        budget_rule_text(rule, &config->budgets[by]);
        log_budget(s, EVENT_BUDGET_ALERT, rule);
        by = budget_told(budget, config, s->user, outcome, &at);
        if (by >= 0 || e->verdict >= VERDICT_OF_HOLD) {
            result = put_beside(s, e, rule);
            continue;
        }
        e->verdict = VERDICT_OF_ALERT;
        e->flags |= FLAG_BIT(BUDGET);
        memcpy(e->rule, rule, sizeof(e->rule));
    }
    return result;
}

/* `by`: the budget that blocks, or -1. */
static int
judge(struct session *s, const struct tally_outcome *outcome, int by, struct exposure *e,
      struct judgement *judgement)
{
    const struct config *config = s->observer->in_force->config;
    const char *exempt = budgets_exempt(s->observer);

    if (exempt[0] && e->verdict < VERDICT_OF_HOLD) {
        e->verdict = VERDICT_OF_HOLD;
        e->flags |= FLAG_BIT(BUDGET);
        snprintf(e->rule, sizeof(e->rule), "%s", exempt);
    }
    if (outcome->blocked_by >= 0) {
        judgement->is_blocked = true;
        judgement->budget = by >= 0 ? &config->budgets[by] : NULL;
        judgement->is_held = judgement->budget && s->observer->can_hold &&
                             judgement->budget->verdict == VERDICT_HOLD;
    }
    /* Of what is held, the request is recorded, and what comes of it. */
    if (judgement->is_blocked && !judgement->is_held) {
        e->verdict = VERDICT_OF_BLOCK;
        if (by >= 0) {
            e->flags |= FLAG_BIT(BUDGET);
            budget_rule_text(e->rule, &config->budgets[by]);
            log_budget(s, EVENT_BUDGET_BLOCKED, e->rule);
        }
    }
    return PASU_LIKELY(outcome->alerts == 0) ? 0 : tell_alerts(s, outcome, e);
}

/* What is over a budget that masks is masked, or, where it cannot be, blocked: also where it shows
 * nobody who was not counted before, since they may have been counted as masked. The budget that
 * blocks, or -1. */
static int
apply(const struct session *s, const struct tally_clear *clear, struct tally_outcome *outcome,
      struct judgement *judgement)
{
    const struct budget *budget = budget_now(s);
    int window = clear->stopped_by;
    int by = outcome->blocked_by >= 0 ? budget->block_by[outcome->blocked_by] : -1;

    /* Where as many may be clear as may be shown at all, what stops is blocked. */
    if (window < 0 || budget->clear[window] == budget->limits.block[window])
        return by;
    if (!judgement->can_mask) {
        outcome->blocked_by = (int8_t)window;
        outcome->taken = clear->count;
        return budget->clear_by[window];
    }
    if (!judgement->masks) {
        judgement->masks = &s->observer->in_force->config->budgets[budget->clear_by[window]];
        judgement->clear = clear->count;
    }
    return by;
}

int
budgets_take(struct session *s, uint32_t now, const struct tally_item *items, size_t count,
             struct exposure *e, struct judgement *judgement, struct tally_outcome *outcome)
{
    const struct budget *budget = budget_now(s);
    struct observer *o = s->observer;
    struct tally_clear clear = {.stopped_by = -1};
    int result = tally_take_clear(o->tally, now, items, count, budget->masks ? budget->clear : NULL,
                                  &budget->limits, outcome, &clear);
    int by = apply(s, &clear, outcome, judgement);
    int told = judge(s, outcome, by, e, judgement);

    o->seen += outcome->fresh;
    return result != 0 ? result : told;
}

int
budgets_take_unknown(struct session *s, uint32_t now, uint8_t kind, uint64_t count,
                     struct exposure *e, struct judgement *judgement)
{
    const struct budget *budget = budget_now(s);
    struct observer *o = s->observer;
    struct tally_outcome outcome = {.blocked_by = -1};
    struct tally_clear clear = {.stopped_by = -1};
    int result, told;

    if (count == 0 || judgement->is_blocked)
        return 0;
    result = tally_take_unknown_clear(o->tally, now, s->worker->instruments->ordinals.slots[kind],
                                      count, budget->masks ? budget->clear : NULL, &budget->limits,
                                      &outcome, &clear);
    told = judge(s, &outcome, apply(s, &clear, &outcome, judgement), e, judgement);
    return result != 0 ? result : told;
}

int
budgets_add_moved(struct session *s, uint32_t now, uint8_t kind, uint64_t count, struct exposure *e,
                  struct judgement *judgement)
{
    const struct budget *budget = budget_now(s);
    struct observer *o = s->observer;
    struct tally_outcome outcome = {.blocked_by = -1};
    int result, told;

    if (count == 0 || judgement->is_blocked)
        return 0;
    result = tally_add_moved(o->tally, now, s->worker->instruments->ordinals.slots[kind], count,
                             &budget->limits, &outcome);
    told = judge(s, &outcome, outcome.blocked_by >= 0 ? budget->block_by[outcome.blocked_by] : -1,
                 e, judgement);
    return result != 0 ? result : told;
}

int
budgets_note_masked(struct session *s, uint32_t minute, struct exposure *e,
                    const struct judgement *judgement)
{
    char rule[EXPOSURE_TEXT_MAX];

    budget_rule_text(rule, judgement->masks);
    e->flags |= FLAG_BIT(BUDGET);
    if (e->verdict == VERDICT_OF_ALLOW || e->verdict == VERDICT_OF_MASK) {
        e->verdict = VERDICT_OF_MASK;
        memcpy(e->rule, rule, sizeof(e->rule));
    }
    return verdict_masked(s, rule, minute);
}
