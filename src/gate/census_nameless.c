/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/exposure.h"
#include "gate/census_server.h"

/* So long a session that was counted may take until it is seen. */
#define NAMED_AFTER  (1500 * NANOSECONDS_PER_MILLISECOND)
#define CLOCKS_APART (100 * NANOSECONDS_PER_MILLISECOND)

enum { SEVERITY_NAMELESS = 3 };

/* One that has stood for a while before it could be said whose it is, or that a gate before has
 * seen, can be one of those that an alert has told of: it then counts once, or else the next one
 * that nobody sees would be taken for it. One that has begun since is none of them, although the
 * server's count may lag behind (gate/reconcile.h). */
void
census_count_named(struct census_server *server, const struct message_bypass *who, int64_t began)
{
    for (size_t i = 0; i < server->database_count && !who->replication; i++) {
        struct census_database *database = &server->databases[i];

        if (strcmp(database->database, who->database) != 0 ||
            began < database->based - CLOCKS_APART) /* it was there before anything was counted */
            continue;
        if (database->alerted > 0 && began <= database->alerted_by + CLOCKS_APART &&
            database->named + database->alerted >= database->reconcile.at_least)
            database->alerted--;
        database->named++;
    }
}

void
census_tell_nameless(struct census_room *room, const struct census_server *server,
                     struct census_database *database, enum census_when when, int64_t now)
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
    if (server->answer.may_see && when != CENSUS_LAST && at - database->nameless < NAMED_AFTER)
        return;
    alert.count = past - known;
    database->alerted += alert.count;
    database->alerted_by = server->answer.asked;
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
