/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "config/key.h"
#include "policy/condition.h"
#include "policy/origins.h"

struct rule {
    const struct config_rule *config;
    struct condition *conditions; /* those of the asker first */
    size_t count, asker_count;
};

struct rules {
    struct vocabulary names; /* that fields of conditions are in */
    struct holidays holidays;
    bool asks_actor, asks_source, can_hold;
    size_t count;
    struct rule items[];
};

struct rule_left {
    const struct rule *rule;
    enum condition_truth truth; /* of what is the same for all of the session's statements */
    bool is_open;               /* it asks for what only the statements will tell */
};

/* ---- life ---- */

static int
compile(struct rule *rule, const struct config_rule *config, const struct rules *rules)
{
    int result = 0;

    rule->config = config;
    if (config->condition_count == 0)
        return 0;
    rule->conditions = memory_new(config->condition_count, sizeof(rule->conditions[0]));
    if (!rule->conditions)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < config->condition_count && result == 0; i++) {
        struct condition *c = &rule->conditions[i];

        result = condition_compile(c, &config->conditions[i], &rules->names, &rules->holidays);
        rule->count = i + 1;
        if (condition_is_of_asker(c)) {
            const struct condition own = *c;

            *c = rule->conditions[rule->asker_count];
            rule->conditions[rule->asker_count++] = own;
        }
    }
    return result;
}

static bool
asks_actor(const struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        if (condition_is_of_actor(&rule->conditions[i]))
            return true;
    return false;
}

static bool
asks_source(const struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        if (condition_is_of_source(&rule->conditions[i]))
            return true;
    return false;
}

static bool
asks_use(const struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        if (condition_is_of_use(&rule->conditions[i]))
            return true;
    return false;
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
    result = holidays_make(&rules->holidays, config);
    for (size_t i = 0; i < config->rule_count && result == 0; i++) {
        rules->count = i + 1;
        result = compile(&rules->items[i], &config->rules[i], rules);
        rules->asks_actor |= result == 0 && asks_actor(&rules->items[i]);
        rules->can_hold |= config->rules[i].verdict == VERDICT_HOLD && !config->rules[i].shadow;
        rules->asks_source |= result == 0 && asks_source(&rules->items[i]);
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
    holidays_release(&rules->holidays);
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

    for (size_t i = 0; i < rule->asker_count && truth != CONDITION_FALSE; i++)
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
        next.left[next.count++] =
            (struct rule_left){rule, truth,
                               (asker->actor == NULL && asks_actor(rule)) ||
                                   (asker->is_source_open && asks_source(rule))};
        next.has_verdicts |= rule->config->verdict != VERDICT_ALLOW;
        next.asks_use |= asks_use(rule);
        if (rule->config->shadow)
            continue;
        next.has_durability |= rule->config->durability != DURABILITY_UNSAID;
        next.can_block |= rule->config->verdict >= VERDICT_HOLD;
        next.can_mask |= rule->config->verdict == VERDICT_MASK;
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

    for (size_t i = left->rule->asker_count; i < left->rule->count && truth != CONDITION_FALSE; i++)
        truth = both(truth, condition_of_statement(&left->rule->conditions[i], statement, fields));
    return truth;
}

/* The next one that can match. */
static const struct rule_left *
next_of(const struct rule_scope *scope, const struct rule_statement *statement, size_t *at,
        bool *is_certain)
{
    struct condition_fields fields = fields_of(scope, statement->fields);

    while (*at < scope->count) {
        const struct rule_left *left = &scope->left[(*at)++];
        enum condition_truth truth = judge(left, statement, &fields);

        *is_certain = truth == CONDITION_TRUE;
        if (truth != CONDITION_FALSE)
            return left;
    }
    return NULL;
}

const struct config_rule *
rule_next(const struct rule_scope *scope, const struct rule_statement *statement, size_t *at,
          bool *is_certain)
{
    const struct rule_left *left = next_of(scope, statement, at, is_certain);

    return left ? left->rule->config : NULL;
}

/* Of the fields, those that the rule decides about. */
static uint64_t
meant_of(const struct rule_scope *scope, const struct rule *rule, uint64_t fields)
{
    for (int i = 0; i < EXPOSURE_FIELDS_MAX; i++) {
        int field = scope->is_translated ? scope->fields[i] : i;

        for (size_t c = 0; fields >> i & 1 && c < rule->count; c++)
            if (!condition_means_field(&rule->conditions[c], field))
                fields &= ~(UINT64_C(1) << i);
    }
    return fields;
}

/* Of rules that can be meant the strictest decides. The last one is the first that is. */
static void
consider(struct ruling *ruling, const struct config_rule *rule, bool is_certain)
{
    enum config_verdict verdict = rule->verdict;

    if (ruling->rule && verdict <= ruling->verdict)
        return;
    ruling->rule = rule;
    ruling->verdict = verdict;
    ruling->is_certain = is_certain;
}

/* A rule that masks. Whether all is decided: what it surely means is taken from what is left. */
static bool
consider_mask(struct ruling *ruling, const struct rule_scope *scope, const struct rule *rule,
              bool is_certain, uint64_t *left)
{
    uint64_t meant = meant_of(scope, rule, *left);

    if (meant != 0 && !ruling->mask) {
        ruling->mask = rule->config;
        ruling->is_mask_certain = is_certain;
    }
    ruling->masked |= meant;
    if (is_certain)
        *left &= ~meant;
    return is_certain && *left == 0;
}

void
rule_judge(const struct rule_scope *scope, const struct rule_statement *statement,
           struct ruling *ruling)
{
    struct rule_statement rest = *statement;
    const struct rule_left *left;
    bool is_certain = false, is_decided = false;
    size_t at = 0;

    *ruling = (struct ruling){.verdict = VERDICT_ALLOW};
    while (!is_decided && scope->has_verdicts &&
           (left = next_of(scope, &rest, &at, &is_certain)) != NULL) {
        const struct config_rule *rule = left->rule->config;

        if (rule->shadow) {
            if (!ruling->shadow && rule->verdict != VERDICT_ALLOW)
                ruling->shadow = rule;
        } else if (rule->verdict == VERDICT_MASK) {
            is_decided = consider_mask(ruling, scope, left->rule, is_certain, &rest.fields);
        } else {
            consider(ruling, rule, is_certain);
            is_decided = is_certain;
        }
    }
}

void
ruling_block_masked(struct ruling *ruling)
{
    if (!ruling->mask || ruling->verdict == VERDICT_BLOCK)
        return;
    ruling->verdict = VERDICT_BLOCK;
    ruling->rule = ruling->mask;
    ruling->is_certain = ruling->is_mask_certain;
}

/* Of a rule's conditions on the session and the time; *is_more: it has others. */
static enum condition_truth
judge_session(const struct rule_left *left, uint32_t minute, bool *is_more)
{
    const struct rule_statement now = {.minute = minute};
    const struct condition_fields none = {0};
    enum condition_truth truth = left->truth;

    *is_more = left->is_open;
    for (size_t i = 0; i < left->rule->count && truth != CONDITION_FALSE; i++) {
        const struct condition *c = &left->rule->conditions[i];

        if (!condition_is_of_session(c))
            *is_more = true;
        else if (!condition_is_of_asker(c))
            truth = both(truth, condition_of_statement(c, &now, &none));
    }
    return truth;
}

void
rule_judge_session(const struct rule_scope *scope, uint32_t minute, struct ruling *ruling)
{
    struct ruling all = {.verdict = VERDICT_ALLOW};

    *ruling = all;
    for (size_t i = 0; scope->can_block && i < scope->count; i++) {
        const struct config_rule *rule = scope->left[i].rule->config;
        bool is_more;
        enum condition_truth truth = judge_session(&scope->left[i], minute, &is_more);

        if (rule->shadow || truth == CONDITION_FALSE)
            continue;
        if (is_more) {
            if (rule->verdict != VERDICT_BLOCK)
                return;
            continue;
        }
        consider(&all, rule, truth == CONDITION_TRUE);
        if (truth == CONDITION_TRUE || all.verdict == VERDICT_BLOCK)
            break;
    }
    *ruling = all;
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
        if (rule->shadow)
            is_certain = false;
        else if (rule->durability > most)
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
        if (!rules->items[i].config->shadow && rules->items[i].config->durability > most)
            most = rules->items[i].config->durability;
    return most;
}

bool
rules_ask_actor(const struct rules *rules)
{
    return rules && rules->asks_actor;
}

bool
rules_can_hold(const struct rules *rules)
{
    return rules && rules->can_hold;
}

bool
rules_ask_source(const struct rules *rules)
{
    return rules && rules->asks_source;
}

bool
rules_have_verdicts(const struct rules *rules)
{
    for (size_t i = 0; rules && i < rules->count; i++)
        if (rules->items[i].config->verdict != VERDICT_ALLOW)
            return true;
    return false;
}

/* ---- what is to be said about them ---- */

static struct view
verdict_word(const struct config_rule *rule)
{
    return condition_word(config_key_at(KEY_rules_verdict)->allowed, (size_t)rule->verdict);
}

void
rule_text(char text[EXPOSURE_TEXT_MAX], const struct config_rule *rule)
{
    static const char head[] = "shadow rule ";
    struct view verdict = verdict_word(rule);
    size_t room = EXPOSURE_TEXT_MAX - 1 - sizeof(head) - strlen(": ") - verdict.length;

    if (rule->shadow)
        snprintf(text, EXPOSURE_TEXT_MAX, "%s%.*s: %.*s", head, (int)utf8_cut(rule->name, room),
                 rule->name, (int)verdict.length, (const char *)verdict.bytes);
    else
        snprintf(text, EXPOSURE_TEXT_MAX, "rule %.*s", (int)utf8_cut(rule->name, room), rule->name);
}

void
rule_message(char *text, size_t size, const struct ruling *ruling)
{
    const struct config_rule *rule = ruling->rule;
    char reason[192] = "", word[96] = "";

    if (rule->reason && *rule->reason)
        snprintf(reason, sizeof(reason), ": %.*s", (int)utf8_cut(rule->reason, sizeof(reason) - 3),
                 rule->reason);
    if (rule->verdict == VERDICT_MASK)
        snprintf(word, sizeof(word), "; it masks, and this cannot be masked");
    snprintf(text, size, "rule \"%.*s\" (line %u of the gateway's configuration)%s%s%s",
             (int)utf8_cut(rule->name, 96), rule->name, rule->line, reason, word,
             ruling->is_certain
                 ? ""
                 : "; it asks for what is not known here, and so it counts as matched");
}

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

/* Conditions that nothing decides: the rule counts as matched where that is safer. */
static void
warn_unknown(const struct config *config, const struct config_rule *rule, size_t index,
             struct config_faults *warnings)
{
    for (size_t c = 0; c < rule->condition_count; c++) {
        const char *name = rule->conditions[c].name, *hint = NULL;

        if (strcmp(name, "country") == 0 && config->sources.country_db.path == NULL &&
            !origins_are_carried())
            hint = "set sources.country_db to a database in MaxMind's format";
        else if (strcmp(name, "asn") == 0 && config->sources.asn_db.path == NULL)
            hint = "set sources.asn_db to a database in MaxMind's format";
        if (strcmp(name, "first_use") == 0 && rule->verdict == VERDICT_MASK)
            config_fault_add(warnings, config->path, rule->line, 0, "write hold, or block",
                             "rules[%zu] masks a first use: the same statement is known, and not "
                             "masked, the second time",
                             index);
        if (hint)
            config_fault_add(warnings, config->path, rule->line, 0, hint,
                             "rules[%zu].when.%s: nothing says that of anybody: the rule counts "
                             "as matched where it restricts, and as not matched where it allows",
                             index, name);
    }
}

/* What elsewhere stands for all is somebody's word here. */
static void
warn_purpose(const struct config *config, const struct config_rule *rule, size_t index,
             struct config_faults *warnings)
{
    for (size_t c = 0; c < rule->condition_count; c++) {
        const struct config_condition *condition = &rule->conditions[c];

        if (strcmp(condition->name, "purpose") != 0)
            continue;
        for (size_t v = 0; v < condition->values.count; v++)
            if (strcmp(condition->values.items[v], "any") == 0)
                config_fault_add(warnings, config->path, rule->line, 0,
                                 "write {not: none} for whatever purpose, or leave it out",
                                 "rules[%zu].when.purpose is the word any, which a statement would "
                                 "have to give: /*purpose=any*/",
                                 index);
    }
}

void
rules_warn(const struct config *config, struct config_faults *warnings)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];

        warn_unknown(config, rule, i, warnings);
        warn_flags(config, rule, i, warnings);
        warn_purpose(config, rule, i, warnings);
    }
}
