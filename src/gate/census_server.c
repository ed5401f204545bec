/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_server.h"

#include "base/memory.h"

enum {
    MESSAGE_MAX = 64 << 10,
    WAIT_MILLISECONDS = 1500,
    WAIT_LAST_MILLISECONDS = 300,
    VERSION_COUNTS = 140000, /* pg_stat_database.sessions */
    FAILURES_TOLD = 3,
};

struct census_server *
census_server_get(struct census_room *room, const char *gateway)
{
    struct census_server *server;

    list_each (at, &room->servers) {
        server = LIST_ENTRY(at, struct census_server, link);
        if (strcmp(server->gateway, gateway) == 0)
            return server;
    }
    server = memory_new(1, sizeof(*server));
    if (!server)
        return NULL;
    snprintf(server->gateway, sizeof(server->gateway), "%s", gateway);
    inspector_link_init(&server->inspector, room->shared->os, MESSAGE_MAX);
    server->leader = server;
    list_init(&server->link);
    list_append(&room->servers, &server->link);
    return server;
}

void
census_server_free(struct census_server *server)
{
    list_remove(&server->link);
    inspector_link_close(&server->inspector);
    census_answer_release(&server->answer);
    memory_free(server->databases);
    memory_free(server->backends);
    memory_free(server);
}

static int
ask_once(struct census_server *server, struct settings *settings, const struct gateway *gateway,
         bool is_last)
{
    struct inspector_link *link = &server->inspector;
    bool is_new = link->peer.fd < 0 || link->generation != settings->generation;
    int result;

    if (is_new && is_last)
        return PASU_E_UNAVAILABLE;
    link->wait = link->wait_answer = is_last ? WAIT_LAST_MILLISECONDS : WAIT_MILLISECONDS;
    result = inspector_link_open(link, settings, gateway, NULL);
    if (result == 0 && is_new) {
        result = census_answer_greet(&server->answer, link);
        server->is_known = server->is_known || result == 0;
    }
    if (result == 0 && !server->answer.is_pooled && server->answer.version >= VERSION_COUNTS)
        result = census_answer_ask(&server->answer, link);
    if (result != 0)
        inspector_link_close(link);
    return result;
}

void
census_server_ask(struct census_room *room, struct census_server *server, struct settings *settings,
                  const struct gateway *gateway, bool is_last)
{
    struct address addresses[UPSTREAM_ADDRESSES_MAX];
    bool was_open = server->inspector.peer.fd >= 0;
    int result;

    server->is_answered = false;
    if (!gateway->config->inspector.user) {
        census_tell_why(room, server, CENSUS_ALONE);
        return;
    }
    if (settings_addresses(settings, gateway, addresses) == 0)
        return; /* not yet */
    snprintf(server->inspected, sizeof(server->inspected), "%s",
             gateway->config->inspector.database);
    result = ask_once(server, settings, gateway, is_last);
    if (result != 0 && was_open && !is_last) /* it had ended meanwhile */
        result = ask_once(server, settings, gateway, is_last);
    server->failures = result == 0 ? 0 : server->failures + 1;
    server->is_answered = result == 0;
    if (result != 0 && server->failures >= FAILURES_TOLD)
        census_tell_why(room, server, CENSUS_UNASKED);
    else if (result == 0)
        census_tell_why(room, server,
                        server->answer.is_pooled                  ? CENSUS_POOLED
                        : server->answer.version < VERSION_COUNTS ? CENSUS_OLD
                                                                  : CENSUS_COUNTED);
}

void
census_server_lead(struct census_room *room)
{
    list_each (at, &room->servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        server->leader = server;
        for (struct list *before = room->servers.next; before != at && server->is_known;
             before = before->next) {
            struct census_server *other = LIST_ENTRY(before, struct census_server, link);

            if (other->is_known && other->answer.system == server->answer.system &&
                other->answer.started == server->answer.started) {
                server->leader = other->leader;
                break;
            }
        }
    }
}
