/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/rights.h"

#include "exposure/administration.h"
#include "gate/powers.h"

enum { SEVERITY = 4 };

static const char *
what_of(const struct power_change *change)
{
    unsigned more = change->after & ~change->before;

    return more & POWER_OVER      ? "is a superuser, or no row-level security holds for it"
           : more & POWER_MORE    ? "may make roles, replicate, or read or write everything"
           : more & POWER_BECOMES ? "can become a role with more rights"
                                  : "has no longer the rights that it had";
}

void
rights_tell(struct census_room *room, const struct census_server *server, int64_t now)
{
    struct gate_shared *shared = room->shared;
    struct power_change change;

    while (shared->powers &&
           powers_take_change(shared->powers, server->gateway, shared->acted, now, &change)) {
        struct message_alert alert = {.count = 1,
                                      .since = os_realtime(shared->os),
                                      .severity = SEVERITY,
                                      .control = ALERT_OF_ADMINISTRATORS,
                                      .verdict = VERDICT_OF_ALERT,
                                      .rule = ADMINISTRATION_AROUND};

        LOG_EVENT(&shared->log, RIGHTS_CHANGED, F_TEXT("gateway", server->gateway),
                  F_TEXT("principal", change.role), F_TEXT("what", what_of(&change)));
        if (room->settings->config->administrators.verdict == VERDICT_ALLOW)
            continue;
        memcpy(alert.principal, change.role, sizeof(alert.principal));
        snprintf(alert.text, sizeof(alert.text),
                 "role %.63s %s, and no statement through pasu says so", change.role,
                 what_of(&change));
        if (keeper_link_record(&shared->keeper, MESSAGE_ALERT, &alert, sizeof(alert)) != 0) {
            /* it is counted in the gap, and in the log */
        }
    }
}
