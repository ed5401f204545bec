/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: those that block by where somebody is, and all others. See controls.h. */
#include "cli/controls.h"

#include "policy/rule.h"

#define SAY(look, ...) snprintf((look)->text, sizeof((look)->text), __VA_ARGS__)

#define RUNS_ANOTHER                                                                               \
    "see whether the guard runs with this configuration: SIGHUP makes it read it again"

typedef bool rule_is_meant(const struct config_rule *rule);
typedef int rule_look(struct controls *c, struct chooser *chooser, const struct config_rule *rule,
                      const struct config_gateway *gateway);

/* Looks at each that is meant, at each gateway; `none`: where there is no such rule. */
static int
look_at_rules(struct controls *c, enum trial_control control, rule_is_meant *is_meant,
              rule_look *look_at, const char *none)
{
    struct chooser *chooser = NULL;
    struct control_look *look;
    size_t count = 0;
    int result = 0;

    for (size_t i = 0; i < c->config->rule_count && result == 0; i++) {
        if (!is_meant(&c->config->rules[i]))
            continue;
        if (count++ == 0)
            result = chooser_new(&chooser, c->config, c->roster);
        for (size_t g = 0; g < c->config->gateway_count && result == 0; g++)
            result = look_at(c, chooser, &c->config->rules[i], &c->config->gateways[g]);
    }
    chooser_free(chooser);
    if (result != 0 || count > 0)
        return result;
    look = controls_add(c, control, NULL, "rules");
    if (!look)
        return PASU_E_NOMEM;
    look->state = STATE_UNCONFIGURED;
    SAY(look, "%s", none);
    return 0;
}

/* ---- where from ---- */

bool
controls_is_of_source(const struct config_rule *rule)
{
    if (rule->shadow || rule->verdict != VERDICT_BLOCK)
        return false;
    for (size_t i = 0; i < rule->condition_count; i++) {
        const char *name = rule->conditions[i].name;

        if (strcmp(name, "country") == 0 || strcmp(name, "asn") == 0 ||
            strcmp(name, "address") == 0)
            return true;
    }
    return false;
}

static int
look_source(struct controls *c, struct chooser *chooser, const struct config_rule *rule,
            const struct config_gateway *gateway)
{
    char what[EXPOSURE_TEXT_MAX];
    struct control_try asked = {0};
    struct control_trial trial;
    struct control_look *look;
    struct chosen chosen = {0};
    const char *country;
    bool is_found;
    int result;

    rule_text(what, rule);
    look = controls_add(c, TRIAL_OF_SOURCE, gateway, what);
    result = look ? chooser_of_rule(chooser, rule, &chosen, &is_found) : PASU_E_NOMEM;
    if (result != 0)
        return result;
    if (!is_found) {
        SAY(look, "cannot be tried now: no SELECT that a made-up session could send is decided by "
                  "it, because of its other conditions, or of the rules before it");
        return 0;
    }
    memcpy(asked.principal, chosen.principal, sizeof(asked.principal));
    memcpy(asked.address, chosen.address, sizeof(asked.address));
    controls_knock(c, look, gateway, &asked, &trial);
    country = chosen.country[0] ? chosen.country : "no country";
    if (look->state == STATE_HELD)
        SAY(look, "a %s as %s, as if from %s (%s), was refused before the server was %s (%s)",
            trial.error == PASU_E_RULE ? "SELECT of all fields" : "connection", chosen.principal,
            chosen.address, country, trial.error == PASU_E_RULE ? "sent it" : "contacted",
            error_sqlstate(trial.error));
    else if (look->state == STATE_FAILED)
        SAY(look, "neither a connection as %s, as if from %s (%s), nor its SELECT was refused",
            chosen.principal, chosen.address, country);
    look->hint = RUNS_ANOTHER;
    return 0;
}

int
controls_sources(struct controls *c)
{
    return look_at_rules(c, TRIAL_OF_SOURCE, controls_is_of_source, look_source,
                         "no rule blocks by country, asn or address");
}

/* ---- all others ---- */

/* "SELECT of the rule's fields by analyst is …" */
static const char *const held[] = {
    [VERDICT_ALLOW] = "let pass", [VERDICT_ALERT] = "an alert",
    [VERDICT_MASK] = "masked",    [VERDICT_HOLD] = "held until somebody approves it",
    [VERDICT_BLOCK] = "refused",
};

static void
say(struct control_look *look, const struct config_rule *rule, const struct chosen *chosen)
{
    const char *last =
        rule->session == CONFIG_SESSION_CLOSE ? ", and its session ended with that" : "";

    if (look->state == STATE_HELD)
        SAY(look, "a statement of its fields, as %s from %s, is %s by it%s", chosen->principal,
            chosen->address, held[rule->verdict], last);
    else if (look->state == STATE_FAILED)
        SAY(look, "a statement of its fields, as %s from %s, is not %s by it%s", chosen->principal,
            chosen->address, held[rule->verdict], last);
}

static int
look_rule(struct controls *c, struct chooser *chooser, const struct config_rule *rule,
          const struct config_gateway *gateway)
{
    struct control_try asked = {0};
    char what[EXPOSURE_TEXT_MAX];
    struct chosen chosen = {0};
    struct control_trial trial;
    struct control_look *look;
    bool is_found = false;
    int result = 0;

    rule_text(what, rule);
    look = controls_add(c, TRIAL_OF_RULE, gateway, what);
    if (!look)
        return PASU_E_NOMEM;
    if (rule->shadow) {
        SAY(look, "is not tried: it is in shadow, it records and does nothing");
        return 0;
    }
    result = chooser_of_rule(chooser, rule, &chosen, &is_found);
    if (result != 0)
        return result;
    look->hint = RUNS_ANOTHER;
    if (!is_found) {
        SAY(look, "cannot be tried now: no statement that a made-up session could send is decided "
                  "by it, because of its other conditions, or of the rules before it");
        look->hint = "pasu check --replay says what it would have decided of what is recorded";
        return 0;
    }
    asked.count = rule_trial(rule);
    asked.number = chosen.fields;
    asked.port = chosen.verb;
    memcpy(asked.principal, chosen.principal, sizeof(asked.principal));
    memcpy(asked.address, chosen.address, sizeof(asked.address));
    controls_knock(c, look, gateway, &asked, &trial);
    say(look, rule, &chosen);
    return 0;
}

/* What is let pass is a control of nothing. */
static bool
is_control(const struct config_rule *rule)
{
    return rule->verdict != VERDICT_ALLOW && !controls_is_of_source(rule);
}

int
controls_rules(struct controls *c)
{
    return look_at_rules(
        c, TRIAL_OF_RULE, is_control, look_rule,
        "no rule alerts, masks, holds or blocks by anything but where somebody is");
}
