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

static bool
has_replication(const struct settings *settings, const char *gateway)
{
    for (size_t i = 0; i < settings->gateway_count; i++)
        if (strcmp(settings->gateways[i].config->name, gateway) == 0)
            return settings->gateways[i].config->replication.count > 0;
    return false;
}

static void
tell(struct gate_shared *shared, const struct message_alert *alert)
{
    if (keeper_link_record(&shared->keeper, MESSAGE_ALERT, alert, sizeof(*alert)) != 0) {
        /* it is counted in the gap, and in the log */
    }
}

static void
tell_slot(struct census_room *room, const struct census_server *server,
          const struct power_change *change)
{
    struct gate_shared *shared = room->shared;
    bool is_sure = !has_replication(room->settings, server->gateway);
    struct message_alert alert = {.count = 1,
                                  .since = os_realtime(shared->os),
                                  .severity = is_sure ? SEVERITY : SEVERITY - 1,
                                  .control = ALERT_OF_BYPASS,
                                  .verdict = VERDICT_OF_ALERT,
                                  .rule = "replication slot"};

    LOG_EVENT(&shared->log, SLOT_MADE, F_TEXT("gateway", server->gateway),
              F_TEXT("slot", change->role));
    if (room->settings->config->bypass.verdict == VERDICT_ALLOW)
        return;
    snprintf(alert.text, sizeof(alert.text),
             "the server has a new replication slot, %.63s: by it all that is written can be "
             "fetched, %s",
             change->role,
             is_sure ? "and it was not made through pasu"
                     : "and it need not have been made through pasu");
    tell(shared, &alert);
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

        if (change.after & ~change.before & POWER_SLOT)
            tell_slot(room, server, &change);
        if (((change.before ^ change.after) & ~(unsigned)POWER_SLOT) == 0)
            continue;
        LOG_EVENT(&shared->log, RIGHTS_CHANGED, F_TEXT("gateway", server->gateway),
                  F_TEXT("principal", change.role), F_TEXT("what", what_of(&change)));
        if (room->settings->config->administrators.verdict == VERDICT_ALLOW)
            continue;
        memcpy(alert.principal, change.role, sizeof(alert.principal));
        snprintf(alert.text, sizeof(alert.text),
                 "role %.63s %s, and no statement through pasu says so", change.role,
                 what_of(&change));
        tell(shared, &alert);
    }
}
