/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/renew.h"

#include "gate/session.h"

int
renew_prepared(struct session *s, struct prepared *prepared)
{
    struct plan *old = prepared->plan, *new;
    const struct plan_statement *statement;
    struct plan_environment environment;
    int result;

    observer_renew(s);
    if (!old || !prepared->statement || old->catalog == s->observer->catalog)
        return 0;
    environment = (struct plan_environment){.catalog = s->observer->catalog,
                                            .role = old->role,
                                            .is_plain_dialect = old->is_plain_dialect,
                                            .may_inject = old->may_inject};
    result = plan_cache_get(s->worker->shared->plans, old->text, &environment, &new);
    if (result != 0)
        return result;
    if (new->refusal) {
        plan_release(new);
        return PASU_E_MEANING_CHANGED;
    }
    statement = plan_counterpart(new, old, prepared->statement);
    if (!statement || statement->hidden_count != prepared->statement->hidden_count ||
        !view_equal(old->rewritten, new->rewritten)) {
        plan_release(new);
        return 0;
    }
    prepared->plan = new;
    prepared->statement = statement;
    plan_release(old);
    return 0;
}
