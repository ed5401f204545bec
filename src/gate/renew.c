/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/renew.h"

#include "gate/session.h"

/* The statement of the new plan that stands where the old one stands in the old plan; NULL where
 * there is none. SQL's PREPARE has it within another. */
static const struct plan_statement *
same_place(const struct plan *old, const struct plan_statement *statement, const struct plan *new)
{
    if (old->statement_count != new->statement_count)
        return NULL;
    for (size_t i = 0; i < old->statement_count; i++) {
        if (&old->statements[i] == statement)
            return &new->statements[i];
        if (old->statements[i].inner == statement)
            return new->statements[i].inner;
    }
    return NULL;
}

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
    statement = same_place(old, prepared->statement, new);
    if (!statement || statement->hidden_count != prepared->statement->hidden_count ||
        !view_equal(old->rewritten, new->rewritten) || new->refusal) {
        plan_release(new);
        return PASU_E_MEANING_CHANGED;
    }
    prepared->plan = new;
    prepared->statement = statement;
    plan_release(old);
    return 0;
}
