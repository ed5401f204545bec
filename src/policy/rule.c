/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "base/memory.h"
#include "config/key.h"
#include "policy/condition.h"

struct rule {
    const struct config_rule *config;
    struct condition *conditions;
    size_t count;
};

struct rules {
    struct vocabulary names; /* that fields of conditions are in */
    size_t count;
    struct rule items[];
};

struct rule_left {
    const struct rule *rule;
    enum condition_truth truth; /* of what is the same for all of the session's statements */
};

/* ---- life ---- */

static int
compile(struct rule *rule, const struct config_rule *config, const struct vocabulary *vocabulary)
{
    int result = 0;

    rule->config = config;
    if (config->condition_count == 0)
        return 0;
    rule->conditions = memory_new(config->condition_count, sizeof(rule->conditions[0]));
    if (!rule->conditions)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < config->condition_count && result == 0; i++) {
        result = condition_compile(&rule->conditions[i], &config->conditions[i], vocabulary);
        rule->count = i + 1;
    }
    return result;
}

int
rules_new(struct rules **out, const struct config *config, const struct vocabulary *vocabulary)
{
    struct rules *rules =
        memory_new(1, sizeof(*rules) + config->rule_count * sizeof(rules->items[0]));
    int result = 0;

    if (!rules)
        return PASU_E_NOMEM;
    rules->names = *vocabulary;
    for (size_t i = 0; i < config->rule_count && result == 0; i++) {
        rules->count = i + 1;
        result = compile(&rules->items[i], &config->rules[i], vocabulary);
    }
    if (result == 0)
        *out = rules;
    else
        rules_free(rules);
    return result;
}

void
rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->count; i++) {
        for (size_t c = 0; c < rules->items[i].count; c++)
            condition_release(&rules->items[i].conditions[c]);
        memory_free(rules->items[i].conditions);
    }
    memory_free(rules);
}

/* ---- a session's ---- */

static enum condition_truth
both(enum condition_truth a, enum condition_truth b)
{
    return a < b ? a : b;
}

static enum condition_truth
judge_asker(const struct rule *rule, const struct rule_asker *asker)
{
    enum condition_truth truth = CONDITION_TRUE;

    for (size_t i = 0; i < rule->count && truth != CONDITION_FALSE; i++)
        if (condition_is_of_asker(&rule->conditions[i]))
            truth = both(truth, condition_of_asker(&rule->conditions[i], asker));
    return truth;
}

static void
translate(struct rule_scope *scope, const struct vocabulary *to, const struct vocabulary *from)
{
    scope->is_translated = to->id != from->id;
    for (uint32_t i = 0; scope->is_translated && i < from->field_count; i++)
        scope->fields[i] = (int8_t)vocabulary_field(to, from->fields[i]);
}

int
rule_scope_set(struct rule_scope *scope, const struct rules *rules, const struct rule_asker *asker)
{
    struct rule_scope next = {0};

    rule_scope_release(scope);
    if (!rules || rules->count == 0)
        return 0;
    next.left = memory_new(rules->count, sizeof(next.left[0]));
    if (!next.left)
        return PASU_E_NOMEM;
    translate(&next, &rules->names, asker->vocabulary);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        enum condition_truth truth = judge_asker(rule, asker);

        if (truth == CONDITION_FALSE)
            continue;
        next.left[next.count++] = (struct rule_left){rule, truth};
        next.has_durability |= rule->config->durability != DURABILITY_UNSAID;
    }
    *scope = next;
    if (scope->count == 0)
        rule_scope_release(scope);
    return 0;
}

void
rule_scope_release(struct rule_scope *scope)
{
    memory_free(scope->left);
    *scope = (struct rule_scope){0};
}

/* ---- a statement ---- */

/* A field that the rules' configuration does not name any more is one all the same. */
static struct condition_fields
fields_of(const struct rule_scope *scope, uint64_t fields)
{
    struct condition_fields named = {.bits = fields, .is_any = fields != 0};

    if (!scope->is_translated)
        return named;
    named.bits = 0;
    for (size_t i = 0; i < EXPOSURE_FIELDS_MAX; i++)
        if (fields >> i & 1 && scope->fields[i] >= 0)
            named.bits |= UINT64_C(1) << scope->fields[i];
    return named;
}

static enum condition_truth
judge(const struct rule_left *left, const struct rule_statement *statement,
      const struct condition_fields *fields)
{
    enum condition_truth truth = left->truth;

    for (size_t i = 0; i < left->rule->count && truth != CONDITION_FALSE; i++)
        if (!condition_is_of_asker(&left->rule->conditions[i]))
            truth =
                both(truth, condition_of_statement(&left->rule->conditions[i], statement, fields));
    return truth;
}

const struct config_rule *
rule_next(const struct rule_scope *scope, const struct rule_statement *statement, size_t *at,
          bool *is_certain)
{
    struct condition_fields fields = fields_of(scope, statement->fields);

    while (*at < scope->count) {
        const struct rule_left *left = &scope->left[(*at)++];
        enum condition_truth truth = judge(left, statement, &fields);

        *is_certain = truth == CONDITION_TRUE;
        if (truth != CONDITION_FALSE)
            return left->rule->config;
    }
    return NULL;
}

enum durability
rule_durability(const struct rule_scope *scope, const struct rule_statement *statement,
                enum durability other)
{
    enum durability most = DURABILITY_UNSAID;
    const struct config_rule *rule;
    bool is_certain = false;
    size_t at = 0;

    while (scope->has_durability && !is_certain &&
           (rule = rule_next(scope, statement, &at, &is_certain)) != NULL) {
        if (rule->durability > most)
            most = rule->durability;
        is_certain = is_certain && rule->durability != DURABILITY_UNSAID;
    }
    return is_certain || most > other ? most : other;
}

enum durability
rules_strictest(const struct rules *rules, enum durability other)
{
    enum durability most = other;

    for (size_t i = 0; rules && i < rules->count; i++)
        if (rules->items[i].config->durability > most)
            most = rules->items[i].config->durability;
    return most;
}

/* ---- what is to be said about them ---- */

static void
warn_flags(const struct config *config, const struct config_rule *rule, size_t index,
           struct config_faults *warnings)
{
    for (size_t c = 0; c < rule->condition_count; c++) {
        const struct config_condition *condition = &rule->conditions[c];

        for (size_t i = 0; strcmp(condition->name, "flags") == 0 && i < condition->values.count;
             i++)
            if (condition_flag(condition->values.items[i]) < 0)
                config_fault_add(
                    warnings, config->path, rule->line, 0,
                    "see the flags that pasu ledger export shows",
                    "rules[%zu].when.flags has \"%s\": no statement is given that flag", index,
                    condition->values.items[i]);
    }
}

void
rules_warn(const struct config *config, struct config_faults *warnings)
{
    const char *verdicts = config_key_at(KEY_rules_verdict)->allowed;

    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];

        if (rule->verdict != VERDICT_ALLOW) {
            struct view verdict = condition_word(verdicts, (size_t)rule->verdict);

            config_fault_add(warnings, config->path, rule->line, 0,
                             "until it is, use budgets, and rights on the server",
                             "rules[%zu].verdict is %.*s, which is not enforced in this version: "
                             "what matches \"%s\" is allowed",
                             i, (int)verdict.length, (const char *)verdict.bytes, rule->name);
        }
        warn_flags(config, rule, i, warnings);
    }
}
