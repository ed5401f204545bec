/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/budget.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>

/* What people are told of each window. */
static const struct {
    const char *name; /* as the configuration writes it */
    const char *span;
    const char *wait; /* what to wait for */
} windows[] = {
    [WINDOW_MINUTE] = {"minute", "in one minute", "wait for the next minute"},
    [WINDOW_HOUR] = {"hour", "in one hour", "wait for the next full hour"},
    [WINDOW_DAY] = {"day", "in one day", "wait until midnight of the gateway's clock"},
    [WINDOW_30D] = {"30d", "in 30 days", "wait until some were last shown 30 days ago"},
    [WINDOW_180D] = {"180d", "in 180 days", "wait until some were last shown 180 days ago"},
};

static_assert(COUNT_OF(windows) == TALLY_WINDOWS && (int)WINDOW_MINUTE == TALLY_MINUTE &&
                  (int)WINDOW_HOUR == TALLY_HOUR && (int)WINDOW_DAY == TALLY_DAY &&
                  (int)WINDOW_30D == TALLY_30_DAYS && (int)WINDOW_180D == TALLY_180_DAYS,
              "budgets and tallies have the same windows");

static bool
is_concerned(const struct config_budget *budget, const char *principal, const char *kind)
{
    if (budget->principal)
        return strcmp(budget->principal, principal) == 0;
    return !budget->kind || strcmp(budget->kind, kind) == 0;
}

/* Those that can be told of: their indexes are numbers of 16 bits. */
static size_t
count_of(const struct config *config)
{
    return config->budget_count <= INT16_MAX ? config->budget_count : (size_t)INT16_MAX + 1;
}

/* The first one of several that allow the same number is named, of those that stop one that does so
 * for good. */
static void
apply(uint64_t *limit, int16_t *by, uint64_t subjects, int16_t index)
{
    if (*by >= 0 && subjects >= *limit)
        return;
    *limit = subjects;
    *by = index;
}

static void
apply_stop(struct budget *budget, const struct config *config, const struct config_budget *b,
           int16_t index)
{
    int16_t *by = &budget->block_by[b->window];

    if (*by >= 0 && b->subjects == budget->limits.block[b->window] && b->verdict == VERDICT_BLOCK &&
        config->budgets[*by].verdict == VERDICT_HOLD)
        *by = index;
    else
        apply(&budget->limits.block[b->window], by, b->subjects, index);
}

static void
apply_alert(struct budget *budget, const struct config_budget *b, int16_t index)
{
    if (b->subjects > budget->limits.alert_last[b->window])
        budget->limits.alert_last[b->window] = b->subjects;
    apply(&budget->limits.alert[b->window], &budget->alert_by[b->window], b->subjects, index);
}

void
budget_of(struct budget *budget, const struct config *config, const struct roster *roster,
          const char *principal, bool is_approved)
{
    const char *kind;

    budget->kind = roster_kind(roster, principal);
    kind = principal_kind_text(budget->kind);
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        budget->limits.block[w] = budget->limits.alert[w] = UINT64_MAX;
        budget->clear[w] = UINT64_MAX;
        budget->limits.alert_last[w] = 0;
        budget->block_by[w] = budget->alert_by[w] = budget->clear_by[w] = -1;
    }
    budget->masks = budget->holds = false;
    for (size_t i = 0; i < count_of(config); i++) {
        const struct config_budget *b = &config->budgets[i];

        if (b->verdict == VERDICT_ALLOW || !is_concerned(b, principal, kind) ||
            (b->verdict == VERDICT_HOLD && is_approved))
            continue;
        if (b->verdict == VERDICT_ALERT)
            apply_alert(budget, b, (int16_t)i);
        else if (b->verdict == VERDICT_MASK)
            apply(&budget->clear[b->window], &budget->clear_by[b->window], b->subjects, (int16_t)i);
        else
            apply_stop(budget, config, b, (int16_t)i);
    }
    for (unsigned w = 0; w < TALLY_WINDOWS; w++) {
        int by = budget->block_by[w];

        budget->holds |= by >= 0 && config->budgets[by].verdict == VERDICT_HOLD;
        if (budget->clear[w] >= budget->limits.block[w]) {
            budget->clear[w] = budget->limits.block[w];
            budget->clear_by[w] = budget->block_by[w];
        } else {
            budget->masks = true;
        }
    }
}

int
budget_told(const struct budget *budget, const struct config *config, const char *principal,
            const struct tally_outcome *outcome, size_t *at)
{
    const char *kind = principal_kind_text(budget->kind);
    const size_t count = count_of(config);

    while (outcome->alerts != 0 && *at < count * TALLY_WINDOWS) {
        const size_t w = *at / count, i = *at % count;
        const struct config_budget *b = &config->budgets[i];

        *at += outcome->alerts >> w & 1 ? 1 : count;
        if (outcome->alerts >> w & 1 && b->verdict == VERDICT_ALERT && b->window == w &&
            b->subjects >= outcome->alert_from[w] && b->subjects < outcome->alert_to[w] &&
            is_concerned(b, principal, kind))
            return (int)i;
    }
    return -1;
}

void
budget_rule_text(char text[EXPOSURE_TEXT_MAX], const struct config_budget *budget)
{
    char tail[32];
    const char *whom = budget->principal ? budget->principal : budget->kind;
    const char *head = budget->principal ? "budget " : whom ? "budget kind " : "budget everybody";
    size_t room;

    snprintf(tail, sizeof(tail), " %s %" PRIu64, windows[budget->window].name, budget->subjects);
    if (!whom)
        whom = "";
    room = EXPOSURE_TEXT_MAX - 1 - strlen(head) - strlen(tail);
    snprintf(text, EXPOSURE_TEXT_MAX, "%s%.*s%s", head, (int)utf8_cut(whom, room), whom, tail);
}

void
budget_message(char *text, size_t size, const struct config_budget *budget)
{
    char whom[96] = "one role";

    if (budget->principal)
        snprintf(whom, sizeof(whom), "role \"%.*s\"", (int)utf8_cut(budget->principal, 63),
                 budget->principal);
    else if (budget->kind)
        snprintf(whom, sizeof(whom), "one role of kind %.*s", (int)utf8_cut(budget->kind, 63),
                 budget->kind);
    snprintf(text, size,
             "this would show more than %" PRIu64 " different person%s %s to %s (the budget on "
             "line %u of the gateway's configuration); %s, or ask whoever owns the budget to raise "
             "it",
             budget->subjects, budget->subjects == 1 ? "" : "s", windows[budget->window].span, whom,
             budget->line, windows[budget->window].wait);
}
