/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_server.h"
#include "gate/rights.h"

#include <stdatomic.h>

#define LAST_MOST (500 * NANOSECONDS_PER_MILLISECOND) /* the supervisor does not wait for long */

/* What is not shown by any server any more is over; one that has not answered may show it. */
static void
forget(struct census_room *room, int64_t began)
{
    struct through *through = room->shared->through;
    bool is_missed = false;

    list_each (at, &room->servers) {
        const struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        is_missed |= !server->is_answered && server->answer.may_see;
    }
    pthread_mutex_lock(&through->lock);
    through_forget(through, is_missed ? began - CENSUS_KEPT_FOR : began, began);
    pthread_mutex_unlock(&through->lock);
}

void
census_round(struct census_room *room, struct settings *settings, enum census_when when)
{
    struct through *through = room->shared->through;
    int64_t began = os_monotonic(room->shared->os);

    room->settings = settings;
    visits_look(&room->shared->visits, began);
    census_server_keep(room, settings);
    pthread_mutex_lock(&through->lock);
    through_look(through);
    pthread_mutex_unlock(&through->lock);
    list_each (at, &room->servers)
        LIST_ENTRY(at, struct census_server, link)->is_answered = false;
    for (size_t i = 0; i < settings->gateway_count; i++) {
        const struct gateway *gateway = &settings->gateways[i];
        struct census_server *server = census_server_get(room, gateway->config->name);

        if (when == CENSUS_LAST ? os_monotonic(room->shared->os) - began > LAST_MOST
                                : atomic_load(&room->is_stopping))
            break;
        if (server)
            census_server_ask(room, server, settings, gateway, when == CENSUS_LAST);
    }
    census_server_lead(room);
    list_each (at, &room->servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        if (server->is_answered && server->leader == server && server->told == CENSUS_COUNTED)
            census_tell(room, server, when);
        if (server->is_answered && server->leader == server)
            rights_tell(room, server, began);
    }
    forget(room, began);
}
