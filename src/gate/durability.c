/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/durability.h"

#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"

/* Where no configuration has been put in force (tests), the session's own. */
static const struct settings *
in_force(struct session *s)
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
    return sources->count == 1 || s->observer->actor.application[0] != '\0'
               ? s->observer->actor.application
               : NULL;
}

static int
take_rules(struct session *s, const struct settings *settings)
{
    struct durability_rules *rules = &s->observer->rules;
    const struct rule_asker asker = {
        .principal = s->user,
        .kind = roster_kind(settings->roster, s->user),
        .actor = actor_of(s),
        .application = s->application,
        .address = &s->address,
        .vocabulary = &s->settings->vocabulary,
    };
    int result = rule_scope_set(&rules->scope, settings->rules, &asker);

    rules->generation = settings->generation;
    rules->is_set = result == 0;
    return result;
}

/* The place of its verb in the list of rules' verbs; rows of these are another statement's. */
static int
verb_of(const struct plan_statement *statement)
{
    if (!statement || statement->verb == VERB_EXECUTE || statement->verb == VERB_PREPARE ||
        statement->verb == VERB_DECLARE || statement->verb == VERB_FETCH ||
        statement->verb == VERB_MOVE)
        return -1;
    return statement->verb;
}

int
durability_of_exposure(struct session *s, const struct exposure *e,
                       const struct plan_statement *statement, enum durability *durability)
{
    const struct settings *settings = in_force(s);
    struct durability_rules *rules = &s->observer->rules;
    struct rule_statement asked;

    *durability = settings->config->ledger.durability;
    if (PASU_UNLIKELY(!rules->is_set || rules->generation != settings->generation)) {
        int result = take_rules(s, settings);

        if (result != 0)
            return result;
    }
    if (PASU_LIKELY(!rules->scope.has_durability))
        return 0;
    asked = (struct rule_statement){
        .flags = e->flags,
        .verb = verb_of(statement),
        .minute = instruments_minute(s->worker->instruments, e->time),
    };
    for (size_t p = 0; p < e->part_count; p++)
        asked.fields |= e->parts[p].clear | e->parts[p].masked | e->parts[p].null;
    *durability = rule_durability(&rules->scope, &asked, *durability);
    return 0;
}

enum durability
durability_of_marks(struct worker *w, const struct session *s)
{
    const struct settings *now = worker_settings(w);

    if (!now)
        now = s ? s->settings : NULL;
    return now ? rules_strictest(now->rules, now->config->ledger.durability) : DURABILITY_GROUP;
}

void
durability_release(struct durability_rules *rules)
{
    rule_scope_release(&rules->scope);
}
