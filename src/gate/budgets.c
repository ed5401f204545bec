/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/budgets.h"

#include "gate/instruments.h"
#include "gate/session.h"
#include "gate/verdict.h"

/* Whether what is spent masks; else it blocks. */
static bool
can_mask(const struct session *s, const struct judgement *judgement)
{
    return s->observer->budget.masks && judgement->can_mask;
}

/* The limits that block: also those of budgets that mask, where that cannot be. */
static struct tally_limits
limits_of(const struct session *s, const struct judgement *judgement)
{
    const struct budget *budget = &s->observer->budget;
    struct tally_limits limits = budget->limits;

    if (budget->masks && !judgement->can_mask)
        memcpy(limits.block, budget->clear, sizeof(limits.block));
    return limits;
}

static void
judge(struct session *s, const struct tally_outcome *outcome, struct exposure *e,
      struct judgement *judgement)
{
    const struct config *config = s->settings->config;
    const struct budget *budget = &s->observer->budget;
    int by = -1;

    if (outcome->blocked_by >= 0) {
        by = judgement->can_mask ? budget->block_by[outcome->blocked_by]
                                 : budget->clear_by[outcome->blocked_by];
        judgement->is_blocked = true;
        judgement->budget = by >= 0 ? &config->budgets[by] : NULL;
        e->verdict = VERDICT_OF_BLOCK;
    } else if (outcome->alerts) {
        for (int window = 0; window < TALLY_WINDOWS; window++)
            if (outcome->alerts >> window & 1)
                by = budget->alert_by[window];
        if (e->verdict < VERDICT_OF_ALERT || e->verdict == VERDICT_OF_MASK)
            e->verdict = VERDICT_OF_ALERT; /* of what is masked nobody is alerted */
    }
    if (by < 0)
        return;
    e->flags |= FLAG_BIT(BUDGET);
    budget_rule_text(e->rule, &config->budgets[by]);
    session_log(s, outcome->blocked_by >= 0 ? EVENT_BUDGET_BLOCKED : EVENT_BUDGET_ALERT, 0,
                e->rule);
}

/* Items up to `clear->count` may be shown clear, if none before was stopped. */
static void
mask(const struct session *s, const struct tally_clear *clear, struct judgement *judgement)
{
    const struct budget *budget = &s->observer->budget;

    int window = clear->stopped_by;

    if (window < 0 || judgement->masks || budget->clear[window] == budget->limits.block[window])
        return; /* what stops there is blocked */
    judgement->masks = &s->settings->config->budgets[budget->clear_by[window]];
    judgement->clear = clear->count;
}

int
budgets_take(struct session *s, uint32_t now, const struct tally_item *items, size_t count,
             struct exposure *e, struct judgement *judgement, struct tally_outcome *outcome)
{
    struct observer *o = s->observer;
    const struct tally_limits limits = limits_of(s, judgement);
    struct tally_clear clear = {.stopped_by = -1};
    int result =
        tally_take_clear(o->tally, now, items, count,
                         can_mask(s, judgement) ? o->budget.clear : NULL, &limits, outcome, &clear);

    mask(s, &clear, judgement);
    judge(s, outcome, e, judgement);
    o->seen += outcome->fresh;
    return result;
}

int
budgets_take_unknown(struct session *s, uint32_t now, uint8_t kind, uint64_t count,
                     struct exposure *e, struct judgement *judgement)
{
    struct observer *o = s->observer;
    const struct tally_limits limits = limits_of(s, judgement);
    struct tally_outcome outcome = {.blocked_by = -1};
    struct tally_clear clear = {.stopped_by = -1};
    int result;

    if (count == 0 || judgement->is_blocked)
        return 0;
    result = tally_take_unknown_clear(o->tally, now, s->worker->instruments->ordinals.slots[kind],
                                      count, can_mask(s, judgement) ? o->budget.clear : NULL,
                                      &limits, &outcome, &clear);
    mask(s, &clear, judgement);
    judge(s, &outcome, e, judgement);
    return result;
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
