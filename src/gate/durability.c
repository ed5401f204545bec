/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/durability.h"

#include "gate/first_use.h"
#include "gate/instruments.h"
#include "gate/observer.h"
#include "gate/session.h"

int
durability_of_exposure(struct session *s, const struct exposure *e,
                       const struct plan_statement *statement, enum durability *durability)
{
    const struct session_rules *rules = &s->observer->rules;
    struct rule_statement asked;
    int result = session_rules_renew(s);

    *durability = session_rules_settings(s)->config->ledger.durability;
    if (result != 0 || PASU_LIKELY(!rules->has_durability))
        return result;
    asked = (struct rule_statement){
        .flags = e->flags,
        .verbs = statement ? session_rules_verbs(s, statement) : 0,
        .purpose = actor_purpose(s),
        .use = first_use_of_rows(s, statement),
        .minute = instruments_minute(s->worker->instruments, e->time),
    };
    for (size_t p = 0; p < e->part_count; p++)
        asked.fields |= e->parts[p].clear | e->parts[p].masked | e->parts[p].null;
    *durability = session_rules_durability(rules, &asked, *durability);
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
