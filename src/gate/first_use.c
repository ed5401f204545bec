/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/first_use.h"

#include "exposure/tally.h"
#include "exposure/usage.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"

static bool
is_asked(const struct session *s)
{
    const struct session_rules *rules = &s->observer->rules;

    return rules->scope.asks_use || rules->claimed.asks_use;
}

/* The same few shapes come again and again, and what has been run once stays so: a worker looks at
 * the principal's set, which is there as long as the process, once for each. */
static uint64_t *
place_of(const struct session *s, uint64_t shape, uint64_t *word)
{
    const struct usage *usage = tally_usage(s->observer->tally);
    struct instruments *tools = s->worker->instruments;

    *word = shape ^ (uint64_t)(uintptr_t)usage * UINT64_C(0x9e3779b97f4a7c15);
    return &tools->used[*word % INSTRUMENTS_USED];
}

static bool
has(const struct session *s, uint64_t shape)
{
    uint64_t word, *place = place_of(s, shape, &word);

    if (PASU_LIKELY(*place == word))
        return true;
    if (!usage_has(tally_usage(s->observer->tally), shape))
        return false;
    *place = word;
    return true;
}

enum rule_use
first_use_of(const struct session *s, const struct plan_statement *meant)
{
    /* The shape of DO is that of any code. */
    if (PASU_LIKELY(!is_asked(s)) || !meant || meant->fingerprint == 0 || meant->verb == VERB_DO)
        return RULE_USE_UNKNOWN;
    return has(s, meant->fingerprint) ? RULE_USE_KNOWN : RULE_USE_FIRST;
}

enum rule_use
first_use_of_rows(struct session *s, const struct plan_statement *statement)
{
    struct result *r = &s->observer->result;

    if (!r->is_open || statement != r->statement)
        return first_use_of(s, statement);
    if (r->use == RULE_USE_UNKNOWN && is_asked(s))
        r->use = (uint8_t)first_use_of(s, statement);
    return (enum rule_use)r->use;
}

int
first_use_learn(struct session *s, const struct exposure *e)
{
    uint64_t word, *place;
    int result;

    if (!usage_is_use(e))
        return 0;
    place = place_of(s, e->shape, &word);
    if (PASU_LIKELY(*place == word))
        return 0;
    result = usage_add(tally_usage(s->observer->tally), e->shape);
    if (result == 0)
        *place = word;
    return result == PASU_E_RANGE ? 0 : result;
}
