/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/controls.h"

#include "base/memory.h"
#include "config/key.h"
#include "policy/budget.h"
#include "policy/condition.h"
#include "policy/origins.h"
#include "policy/rule.h"
#include "postgres/plan.h"

/* A role that nobody has, and an address that no table has (RFC 5737). */
#define NOBODY  "pasu_doctor"
#define NOWHERE "192.0.2.1"

enum { ROLES_MAX = 200, COUNTRY_VALUES = 1 << 16 };

struct chooser {
    const struct config *config;
    const struct roster *roster;
    struct vocabulary vocabulary;
    struct rules *rules;
    struct origins *origins; /* NULL: nothing is known of addresses */
    struct rule_statement most;
    /* What is being looked for. */
    const struct config_rule *rule;
    struct chosen *chosen;
    const char *principal;
    bool is_found;
    int error;
    uint8_t seen[COUNTRY_VALUES / 8]; /* countries */
};

int
chooser_new(struct chooser **out, const struct config *config, const struct roster *roster)
{
    struct chooser *c = memory_new(1, sizeof(*c));
    struct sources sources;
    const char *failed;
    uint64_t kinds;
    uint8_t *bytes;
    size_t length;
    int result;

    *out = c;
    if (!c)
        return PASU_E_NOMEM;
    c->config = config;
    c->roster = roster;
    result = vocabulary_of_config(&c->vocabulary, config);
    if (result == 0)
        result = rules_new(&c->rules, config, &c->vocabulary);
    if (result != 0)
        return result;
    vocabulary_all(&c->vocabulary, &c->most.fields, &kinds);
    c->most.verbs = UINT64_C(1) << VERB_SELECT;
    c->most.purpose = "";
    c->most.minute = os_local_minute(os_realtime(&os_real));
    /* Databases that cannot be read are another finding; the guard has its own. */
    if (sources_open(&sources, config->sources.country_db.path, config->sources.asn_db.path,
                     &failed) != 0)
        return 0;
    result = origins_build(&bytes, &length, &sources);
    sources_close(&sources);
    if (result == 0)
        result = origins_take(&c->origins, bytes, length);
    return result;
}

void
chooser_free(struct chooser *c)
{
    if (!c)
        return;
    rules_free(c->rules);
    origins_release(c->origins);
    memory_free(c);
}

/* Whom the guard takes the doctor's session for (gate/session_rules.c): nothing is said yet. */
static const char *
actor_of(const struct config *config)
{
    const struct config_texts *from = &config->principals.actor_from;

    if (from->count == 0)
        return "";
    return from->count == 1 && strcmp(from->items[0], "application_name") == 0 ? "pasu doctor"
                                                                               : NULL;
}

/* Whether the rule decides about such a session. */
static bool
decides(struct chooser *c, const struct address *address)
{
    struct origin origin;
    const struct rule_asker asker = {
        .principal = c->principal,
        .kind = roster_kind(c->roster, c->principal),
        .actor = actor_of(c->config),
        .application = "pasu doctor",
        .address = address,
        .origin = &origin,
        .vocabulary = &c->vocabulary,
    };
    struct rule_scope scope = {0};
    struct ruling ruling;

    origins_look_up(c->origins, address, &origin);
    c->error = rule_scope_set(&scope, c->rules, &asker);
    if (c->error != 0)
        return false;
    rule_judge_session(&scope, c->most.minute, &ruling);
    if (ruling.verdict != VERDICT_BLOCK)
        rule_judge(&scope, &c->most, &ruling);
    if (c->rule->verdict == VERDICT_MASK)
        c->is_found = ruling.verdict != VERDICT_BLOCK && ruling.mask == c->rule;
    else
        c->is_found = ruling.verdict == c->rule->verdict && ruling.rule == c->rule;
    rule_scope_release(&scope);
    if (!c->is_found)
        return false;
    snprintf(c->chosen->principal, sizeof(c->chosen->principal), "%s", c->principal);
    address_text(c->chosen->address, sizeof(c->chosen->address), address);
    memcpy(c->chosen->country, origin.country, sizeof(origin.country));
    return true;
}

static bool
try_text(struct chooser *c, const char *text)
{
    struct endpoint endpoint = {0};
    struct address address;

    snprintf(endpoint.host, sizeof(endpoint.host), "%.*s", (int)strcspn(text, "/"), text);
    return endpoint_address(&address, &endpoint) == 0 && decides(c, &address);
}

/* One address of each country is enough; of none, NOWHERE. */
static bool
see_country(void *arg, const struct address *address, uint32_t value)
{
    struct chooser *c = arg;
    uint16_t at = (uint16_t)value;

    if (value == 0 || c->seen[at / 8] & 1 << at % 8)
        return true;
    c->seen[at / 8] |= (uint8_t)(1 << at % 8);
    return !decides(c, address) && c->error == 0;
}

static bool
see_system(void *arg, const struct address *address, uint32_t value PASU_UNUSED)
{
    struct chooser *c = arg;

    return !decides(c, address) && c->error == 0;
}

static const struct config_condition *
condition_of(const struct config_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (strcmp(rule->conditions[i].name, name) == 0)
            return &rule->conditions[i];
    return NULL;
}

static bool
find_address(struct chooser *c)
{
    const struct config_condition *named = condition_of(c->rule, "address");

    memset(c->seen, 0, sizeof(c->seen));
    for (size_t i = 0; named && i < named->values.count && c->error == 0; i++)
        if (try_text(c, named->values.items[i]))
            return true;
    if (c->origins && c->error == 0 && !origins_each(c->origins, false, see_country, c))
        return c->is_found;
    if (c->origins && c->error == 0 && condition_of(c->rule, "asn") &&
        !origins_each(c->origins, true, see_system, c))
        return c->is_found;
    return c->error == 0 && try_text(c, NOWHERE);
}

/* The fields that it is for, where it names any: an earlier rule may be for others. */
static uint64_t
fields_of(const struct chooser *c, const struct config_rule *rule, uint64_t all)
{
    const struct config_condition *named = condition_of(rule, "fields");
    uint64_t fields = 0;

    for (size_t i = 0; named && !named->is_negated && i < named->values.count; i++) {
        int field = vocabulary_field(&c->vocabulary, named->values.items[i]);

        if (field >= 0)
            fields |= UINT64_C(1) << field;
    }
    return fields != 0 ? fields & all : all;
}

/* SELECT, but where the rule is for others. */
static uint32_t
verb_of(const struct config_rule *rule)
{
    const struct config_condition *named = condition_of(rule, "verbs");
    struct view word;

    if (!named || named->is_negated || named->values.count == 0)
        return VERB_SELECT;
    for (uint32_t verb = 0; verb < 63; verb++) {
        word = condition_word(config_key_at(KEY_rules_when_verbs)->allowed, verb);
        if (word.length > 0 && view_equal(word, view_of_text(named->values.items[0])))
            return verb;
    }
    return VERB_SELECT;
}

int
chooser_of_rule(struct chooser *c, const struct config_rule *rule, struct chosen *chosen,
                bool *is_found)
{
    const struct config_condition *named = condition_of(rule, "principal");
    int64_t now = os_realtime(&os_real);
    uint64_t kinds;

    vocabulary_all(&c->vocabulary, &c->most.fields, &kinds);
    if (!controls_is_of_source(rule)) { /* that one's test shows all fields */
        c->most.fields = fields_of(c, rule, c->most.fields);
        c->most.verbs = UINT64_C(1) << verb_of(rule);
    }
    chosen->fields = c->most.fields;
    chosen->verb = verb_of(rule);
    c->rule = rule;
    c->chosen = chosen;
    c->is_found = false;
    c->error = 0;
    for (size_t i = 0; named && !named->is_negated && i < named->values.count && !c->is_found;
         i++) {
        c->principal = named->values.items[i];
        if (roster_standing(c->roster, c->principal, now, c->config->principals.ownerless) !=
            STANDING_LEFT)
            (void)find_address(c);
    }
    c->principal = NOBODY;
    if (!c->is_found && c->error == 0)
        (void)find_address(c);
    for (size_t i = 0;
         !c->is_found && c->error == 0 && i < roster_count(c->roster) && i < ROLES_MAX; i++) {
        c->principal = roster_at(c->roster, i)->principal;
        if (roster_standing(c->roster, c->principal, now, c->config->principals.ownerless) !=
            STANDING_LEFT)
            (void)find_address(c);
    }
    *is_found = c->is_found;
    return c->error;
}

static bool
is_of_budget(const struct config *config, const struct roster *roster, size_t index,
             const char *principal)
{
    struct budget budget;

    budget_of(&budget, config, roster, principal, false);
    return budget.block_by[config->budgets[index].window] == (int16_t)index;
}

bool
chosen_of_budget(const struct config *config, const struct roster *roster, size_t index,
                 char principal[NAME_SIZE])
{
    const char *found = config->budgets[index].principal;

    if (!found)
        found = NOBODY;
    for (size_t i = 0; !is_of_budget(config, roster, index, found); i++) {
        if (i == roster_count(roster))
            return false;
        found = roster_at(roster, i)->principal;
    }
    snprintf(principal, NAME_SIZE, "%s", found);
    return true;
}

const char *
chosen_leaver(const struct config *config, const struct roster *roster)
{
    int64_t now = os_realtime(&os_real);

    for (size_t i = 0; i < roster_count(roster); i++) {
        const char *principal = roster_at(roster, i)->principal;

        if (roster_standing(roster, principal, now, config->principals.ownerless) == STANDING_LEFT)
            return principal;
    }
    return NULL;
}
