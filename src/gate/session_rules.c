/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/session_rules.h"

#include "base/memory.h"
#include "gate/observer.h"
#include "gate/session.h"

/* Where no configuration has been put in force (tests), the session's own. */
const struct settings *
session_rules_settings(struct session *s)
{
    const struct settings *now = worker_settings(s->worker);

    return now ? now : s->settings;
}

/* Whom the application says that it acts for: by the first of its sources that is there. Only
 * application_name is read. */
static const char *
actor_of(const struct session *s)
{
    const struct config_texts *sources = &s->settings->config->principals.actor_from;

    if (sources->count == 0)
        return "";
    if (strcmp(sources->items[0], "application_name") != 0)
        return NULL;
    return sources->count == 1 || s->application[0] != '\0' ? s->application : NULL;
}

static int
make_scope(struct session *s, const struct settings *settings, struct rule_scope *scope)
{
    struct origin origin;
    const struct rule_asker asker = {
        .principal = s->user,
        .kind = roster_kind(settings->roster, s->user),
        .actor = actor_of(s),
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
    return make_scope(s, session_rules_settings(s), scope);
}

int
session_rules_renew(struct session *s)
{
    const struct settings *settings = session_rules_settings(s);
    struct session_rules *rules = &s->observer->rules;
    int result;

    if (PASU_LIKELY(rules->is_set && rules->turn == s->worker->turn))
        return 0;
    result = make_scope(s, settings, &rules->scope);
    rules->turn = s->worker->turn;
    rules->is_set = result == 0;
    return result;
}

void
session_rules_release(struct session_rules *rules)
{
    rule_scope_release(&rules->scope);
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
