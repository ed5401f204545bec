/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/session_rules.h"

#include "base/memory.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/standing.h"

const struct settings *
session_rules_settings(const struct session *s)
{
    const struct settings *now;

    if (s->observer)
        return s->observer->in_force;
    now = worker_settings(s->worker);
    /* Where no configuration has been put in force (tests), the session's own. */
    return now ? now : s->settings;
}

/* Whom a session that nobody observes acts for: nobody reads what it says later. NULL: it is not
 * known. */
static const char *
actor_at_start(const struct session *s)
{
    const struct config_texts *sources = &s->settings->config->principals.actor_from;

    if (sources->count == 0)
        return "";
    return sources->count == 1 && strcmp(sources->items[0], "application_name") == 0
               ? s->application
               : NULL;
}

/* `claim` NULL: the address is the connection's. */
static int
make_scope(struct session *s, const struct settings *settings, const char *actor,
           const struct source_claim *claim, bool is_source_open, struct rule_scope *scope)
{
    const struct address *address = claim ? &claim->address : &s->address;
    bool is_known = address->length > 0;
    struct origin origin;
    const struct rule_asker asker = {
        .principal = s->user,
        .kind = standing_kind(s),
        .actor = actor,
        .application = s->application,
        .address = address,
        .origin = is_known ? &origin : NULL,
        .is_source_open = is_source_open,
        .vocabulary = &s->settings->vocabulary,
    };

    if (is_known)
        origins_look_up(s->observer ? s->observer->origins : s->worker->origins, address, &origin);
    return rule_scope_set(scope, settings->rules, &asker);
}

/* Nobody reads what a session says that nobody observes. */
int
session_rules_scope(struct session *s, bool may_claim, struct rule_scope *scope)
{
    const struct settings *settings = session_rules_settings(s);

    return make_scope(s, settings, actor_at_start(s), NULL,
                      may_claim && source_claim_may_count(s->settings->config), scope);
}

static void
sum_up(struct session_rules *rules)
{
    rules->has_verdicts = rules->scope.has_verdicts || rules->claimed.has_verdicts;
    rules->has_durability = rules->scope.has_durability || rules->claimed.has_durability;
    rules->can_block = rules->scope.can_block || rules->claimed.can_block;
    rules->can_mask = rules->scope.can_mask || rules->claimed.can_mask;
}

static int
make_scopes(struct session *s, const struct settings *settings)
{
    struct session_rules *rules = &s->observer->rules;
    const struct source_claim *claim = rules->source.text[0] ? &rules->source : NULL;
    int result = make_scope(s, settings, rules->actor, claim && claim->is_signed ? claim : NULL,
                            false, &rules->scope);

    rules->judged.is_set = false;
    rules->passed = NULL;
    rule_scope_release(&rules->claimed);
    if (result == 0 && claim && !claim->is_signed)
        result = make_scope(s, settings, rules->actor, claim, false, &rules->claimed);
    sum_up(rules);
    return result;
}

static bool
is_same_source(const struct source_claim *a, const struct source_claim *b)
{
    return a->is_signed == b->is_signed && a->doubt == b->doubt && strcmp(a->text, b->text) == 0;
}

/* A claimed source is as old as the text that it comes with: it is looked at each time. */
static void
note_actor(const struct session *s, struct session_rules *rules)
{
    rules->is_of_settings = rules->source.text[0] == '\0' && !actor_is_claimed(s);
    rules->actor_version = s->observer->actor.version;
}

/* Nearly always: of no text that says for whom it is, and settings say what they said. */
static bool
is_unchanged(const struct session *s, const struct session_rules *rules)
{
    return rules->is_set && rules->turn == s->observer->turn && rules->kind == s->observer->kind &&
           rules->is_of_settings && rules->actor_version == s->observer->actor.version &&
           !actor_is_claimed(s);
}

static int
renew(struct session *s)
{
    const struct settings *settings = session_rules_settings(s);
    struct session_rules *rules = &s->observer->rules;
    struct source_claim source = {.text = ""};
    char actor[EXPOSURE_TEXT_MAX] = "";
    int result;

    if (PASU_UNLIKELY(rules_ask_actor(settings->rules)))
        actor_now(s, actor);
    if (PASU_UNLIKELY(rules_ask_source(settings->rules)))
        source_claim_now(s, &source);
    if (PASU_LIKELY(rules->is_set && rules->turn == s->observer->turn &&
                    rules->kind == s->observer->kind && strcmp(rules->actor, actor) == 0 &&
                    is_same_source(&rules->source, &source))) {
        note_actor(s, rules);
        return 0;
    }
    memcpy(rules->actor, actor, sizeof(actor));
    rules->source = source;
    result = make_scopes(s, settings);
    rules->turn = s->observer->turn;
    rules->kind = s->observer->kind;
    rules->is_set = result == 0;
    note_actor(s, rules);
    return result;
}

int
session_rules_renew(struct session *s)
{
    return PASU_LIKELY(is_unchanged(s, &s->observer->rules)) ? 0 : renew(s);
}

const char *
session_rules_trouble(const struct session *s, const struct config_rule *rule)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (strcmp(rule->conditions[i].name, "address") == 0 ||
            strcmp(rule->conditions[i].name, "country") == 0 ||
            strcmp(rule->conditions[i].name, "asn") == 0)
            return source_claim_trouble(&s->observer->rules.source);
    return "";
}

/* ---- judgement ---- */

/* Mostly there is none. */
static bool
is_same_purpose(const char *a, const char *b)
{
    return a[0] == b[0] && (a[0] == '\0' || strcmp(a, b) == 0);
}

static bool
is_judged(const struct rule_judged *judged, const struct rule_statement *statement)
{
    const struct rule_statement *last = &judged->statement;

    return judged->is_set && last->fields == statement->fields && last->flags == statement->flags &&
           last->verbs == statement->verbs && last->use == statement->use &&
           last->minute == statement->minute && !last->purpose == !statement->purpose &&
           (!statement->purpose || is_same_purpose(judged->purpose, statement->purpose));
}

static void
note_judged(struct rule_judged *judged, const struct rule_statement *statement,
            const struct ruling *ruling)
{
    int length = statement->purpose
                     ? snprintf(judged->purpose, sizeof(judged->purpose), "%s", statement->purpose)
                     : 0;

    judged->statement = *statement;
    judged->ruling = *ruling;
    judged->is_set = length >= 0 && (size_t)length < sizeof(judged->purpose);
}

static void
judge(const struct session_rules *rules, const struct rule_statement *statement,
      struct ruling *ruling)
{
    struct ruling claimed;

    rule_judge(&rules->scope, statement, ruling);
    if (PASU_LIKELY(rules->claimed.count == 0))
        return;
    rule_judge(&rules->claimed, statement, &claimed);
    if (!claimed.shadow)
        claimed.shadow = ruling->shadow;
    if (ruling->mask) { /* what either masks is */
        claimed.mask = ruling->mask;
        claimed.is_mask_certain = ruling->is_mask_certain;
    }
    claimed.masked |= ruling->masked;
    ruling->mask = claimed.mask;
    ruling->is_mask_certain = claimed.is_mask_certain;
    ruling->masked = claimed.masked;
    if (claimed.verdict > ruling->verdict)
        *ruling = claimed;
    else if (!ruling->shadow)
        ruling->shadow = claimed.shadow;
}

void
session_rules_judge(struct session_rules *rules, const struct rule_statement *statement,
                    struct ruling *ruling)
{
    if (is_judged(&rules->judged, statement)) {
        *ruling = rules->judged.ruling;
        return;
    }
    judge(rules, statement, ruling);
    note_judged(&rules->judged, statement, ruling);
}

enum durability
session_rules_durability(const struct session_rules *rules, const struct rule_statement *statement,
                         enum durability other)
{
    enum durability durability = rule_durability(&rules->scope, statement, other), claimed;

    if (PASU_LIKELY(rules->source.text[0] == '\0' || rules->source.is_signed))
        return durability;
    claimed = rule_durability(&rules->claimed, statement, other);
    return claimed > durability ? claimed : durability;
}

void
session_rules_release(struct session_rules *rules)
{
    rule_scope_release(&rules->scope);
    rule_scope_release(&rules->claimed);
    memory_free(rules->blocked);
    rules->blocked = NULL;
    memory_free(rules->told);
    rules->told = NULL;
    rules->told_count = 0;
}

uint64_t
session_rules_verbs(const struct session *s, const struct plan_statement *statement)
{
    const struct result *r = &s->observer->result;

    if (!statement)
        return RULE_NO_VERB;
    return r->is_open && statement == r->statement ? r->verbs : statement->verbs;
}
