/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/session_rules.h"

#include "base/memory.h"
#include "gate/observer.h"
#include "gate/session.h"
#include "gate/standing.h"

/* Where no configuration has been put in force (tests), the session's own. */
const struct settings *
session_rules_settings(struct session *s)
{
    const struct settings *now = worker_settings(s->worker);

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

static int
make_scope(struct session *s, const struct settings *settings, const char *actor,
           struct rule_scope *scope)
{
    struct origin origin;
    const struct rule_asker asker = {
        .principal = s->user,
        .kind = standing_kind(s),
        .actor = actor,
        .application = s->application,
        .address = &s->address,
        .origin = &origin,
        .vocabulary = &s->settings->vocabulary,
    };

    origins_look_up(s->worker->origins, &s->address, &origin);
    return rule_scope_set(scope, settings->rules, &asker);
}

int
session_rules_scope(struct session *s, struct rule_scope *scope)
{
    return make_scope(s, session_rules_settings(s), actor_at_start(s), scope);
}

int
session_rules_renew(struct session *s)
{
    const struct settings *settings = session_rules_settings(s);
    struct session_rules *rules = &s->observer->rules;
    char actor[EXPOSURE_TEXT_MAX] = "";
    int result;

    if (PASU_UNLIKELY(rules_ask_actor(settings->rules)))
        actor_now(s, actor);
    if (PASU_LIKELY(rules->is_set && rules->turn == s->worker->turn &&
                    rules->kind == s->observer->kind && strcmp(rules->actor, actor) == 0))
        return 0;
    memcpy(rules->actor, actor, sizeof(actor));
    result = make_scope(s, settings, rules->actor, &rules->scope);
    rules->turn = s->worker->turn;
    rules->kind = s->observer->kind;
    rules->is_set = result == 0;
    return result;
}

void
session_rules_release(struct session_rules *rules)
{
    rule_scope_release(&rules->scope);
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
