/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/exposure.h"
#include "gate/census_server.h"

/* So long a session that was counted may take until it is seen. */
#define NAMED_AFTER (1500 * NANOSECONDS_PER_MILLISECOND)

enum { SEVERITY_NAMELESS = 3 };

void
census_tell_nameless(struct census_room *room, const struct census_server *server,
                     struct census_database *database, int64_t now)
{
    const struct config *config = room->settings->config;
    uint64_t known = database->named + database->alerted, past = database->reconcile.at_least;
    struct message_alert alert = {.severity = SEVERITY_NAMELESS,
                                  .control = ALERT_OF_BYPASS,
                                  .verdict = VERDICT_OF_ALERT,
                                  .since = now,
                                  .rule = "sessions past pasu"};
    int64_t at = os_monotonic(room->shared->os);

    if (!database->is_guarded || past <= known) {
        database->nameless = 0;
        return;
    }
    if (database->nameless == 0)
        database->nameless = at;
    if (server->answer.may_see && at - database->nameless < NAMED_AFTER)
        return;
    alert.count = past - known;
    database->alerted += alert.count;
    database->nameless = 0;
    if (config->bypass.verdict == VERDICT_ALLOW || config->bypass.except_count > 0)
        return;
    snprintf(alert.text, sizeof(alert.text),
             "sessions went past pasu, database %s, gateway %s; nobody has seen whose they were",
             database->database, server->gateway);
    if (keeper_link_record(&room->shared->keeper, MESSAGE_ALERT, &alert, sizeof(alert)) != 0) {
        /* they are in the census */
    }
}
