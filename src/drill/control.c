/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/control.h"

#include "base/error.h"
#include "base/memory.h"

static const struct {
    const char *name, *text;
} controls[] = {
#define X(id, name, what) {name, what},
#include "drill/control.def"
#undef X
};

/* Conditions that a control is about. */
static const struct {
    const char *condition;
    unsigned bit;
} conditions[] = {
    {"country", DRILL_BIT(COUNTRY)}, {"asn", DRILL_BIT(COUNTRY)},
    {"address", DRILL_BIT(COUNTRY)}, {"hours", DRILL_BIT(HOURS)},
    {"days", DRILL_BIT(HOURS)},      {"first_use", DRILL_BIT(FIRST_USE)},
};

const char *
drill_control_name(enum drill_control control)
{
    return controls[control].name;
}

const char *
drill_control_text(enum drill_control control)
{
    return controls[control].text;
}

enum drill_control
drill_control_find(const char *name)
{
    size_t i = 0;

    while (i < DRILL_CONTROLS && strcmp(controls[i].name, name) != 0)
        i++;
    return (enum drill_control)i;
}

unsigned
control_of_rule(const struct config_rule *rule)
{
    unsigned bits = 0;

    if (rule->shadow || rule->verdict == VERDICT_ALLOW)
        return 0;
    for (size_t c = 0; c < rule->condition_count; c++)
        for (size_t i = 0; i < COUNT_OF(conditions); i++)
            if (strcmp(rule->conditions[c].name, conditions[i].condition) == 0)
                bits |= conditions[i].bit;
    if (rule->verdict == VERDICT_HOLD)
        bits |= DRILL_BIT(APPROVAL);
    return bits != 0 ? bits : DRILL_BIT(RULES);
}

unsigned
control_of_budget(const struct config_budget *budget)
{
    return budget->verdict == VERDICT_HOLD ? DRILL_BIT(APPROVAL) : DRILL_BIT(BUDGETS);
}

unsigned
controls_of(const struct config *config)
{
    unsigned bits = DRILL_BIT(DETECTORS);

    if (config->principals.roster.path != NULL || config->principals.scim.enabled)
        bits |= DRILL_BIT(LEAVER);
    if (config->bypass.verdict != VERDICT_ALLOW)
        bits |= DRILL_BIT(CENSUS);
    for (size_t i = 0; i < config->rule_count; i++)
        bits |= control_of_rule(&config->rules[i]);
    for (size_t i = 0; i < config->budget_count; i++)
        bits |= control_of_budget(&config->budgets[i]);
    return bits;
}

int
controlled_init(struct controlled *c, const struct config *config, unsigned on, unsigned off)
{
    *c = (struct controlled){.config = *config, .on = on & ~off};
    c->config.rule_count = c->config.budget_count = 0;
    c->config.rules = memory_new(config->rule_count + 1, sizeof(*c->config.rules));
    c->config.budgets = memory_new(config->budget_count + 1, sizeof(*c->config.budgets));
    if (c->config.rules == NULL || c->config.budgets == NULL) {
        controlled_release(c);
        return PASU_E_NOMEM;
    }
    for (size_t i = 0; i < config->rule_count; i++) {
        unsigned of = control_of_rule(&config->rules[i]);

        if (of == 0 || ((of & on) != 0 && (of & off) == 0))
            c->config.rules[c->config.rule_count++] = config->rules[i];
    }
    for (size_t i = 0; i < config->budget_count; i++) {
        unsigned of = control_of_budget(&config->budgets[i]);

        if ((of & on) != 0 && (of & off) == 0)
            c->config.budgets[c->config.budget_count++] = config->budgets[i];
    }
    return 0;
}

void
controlled_release(struct controlled *c)
{
    memory_free(c->config.rules);
    memory_free(c->config.budgets);
    c->config.rules = NULL;
    c->config.budgets = NULL;
}
