/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/admission.h"

#include "gate/session.h"
#include "gate/standing.h"

static bool
may_replicate(const struct session *s)
{
    const struct config_texts *allowed = &s->gateway->config->replication;

    for (size_t i = 0; i < allowed->count; i++)
        if (strcmp(allowed->items[i], s->user) == 0)
            return true;
    return false;
}

int
admission_check(const struct session *s)
{
    if (!s->client.tls && s->gateway->config->tls.mode == TLS_REQUIRE &&
        s->address.u.any.sa_family != AF_UNIX)
        return PASU_E_TLS_REQUIRED;
    if (standing_of(s) == STANDING_LEFT)
        return PASU_E_LEFT;
    return s->is_replication && !may_replicate(s) ? PASU_E_REPLICATION_REFUSED : 0;
}
