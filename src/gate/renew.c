/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/renew.h"

#include "gate/doubt.h"
#include "gate/session.h"

int
renew_prepared(struct session *s, struct prepared *prepared)
{
    struct plan *old = prepared->plan, *new;
    const struct plan_statement *statement;
    int result;

    observer_renew(s);
    if (!old || !prepared->statement || old->catalog == s->observer->catalog)
        return 0;
    result = doubt_renew(s, old, prepared->statement, &new, &statement);
    if (result < 0)
        return result;
    if (result == 0) {
        prepared->plan = new;
        prepared->statement = statement;
        new = old;
    }
    plan_release(new);
    return result == DOUBT_REFUSED ? PASU_E_MEANING_CHANGED : 0;
}
