/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_server.h"

#include "base/memory.h"
#include "gate/powers.h"

enum {
    MESSAGE_MAX = 64 << 10,
    WAIT_MILLISECONDS = 1500,
    WAIT_LAST_MILLISECONDS = 300,
    ASK_MILLISECONDS = 4000, /* altogether, however slowly it answers: the end waits for it */
    ASK_LAST_MILLISECONDS = 500,
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

static void
leave(struct census_server *server)
{
    inspector_link_close(&server->inspector);
    server->answer.may_see = false; /* nothing is waited for */
}

static int
ask_once(struct census_room *room, struct census_server *server, struct settings *settings,
         const struct gateway *gateway, bool is_last)
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
    if (result == 0 && !server->answer.is_pooled && room->shared->powers)
        result =
            powers_ask(room->shared->powers, server->gateway, link, os_monotonic(room->shared->os));
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
        leave(server);
        census_tell_why(room, server, CENSUS_ALONE);
        return;
    }
    if (settings_addresses(settings, gateway, addresses) == 0)
        return; /* not yet */
    snprintf(server->inspected, sizeof(server->inspected), "%s",
             gateway->config->inspector.database);
    server->inspector.stop = is_last ? NULL : &room->is_stopping;
    server->inspector.deadline =
        os_monotonic(room->shared->os) +
        (is_last ? ASK_LAST_MILLISECONDS : ASK_MILLISECONDS) * (int64_t)NANOSECONDS_PER_MILLISECOND;
    result = ask_once(room, server, settings, gateway, is_last);
    if (result != 0 && was_open && !is_last) /* it had ended meanwhile */
        result = ask_once(room, server, settings, gateway, is_last);
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
census_server_keep(struct census_room *room, const struct settings *settings)
{
    list_each (at, &room->servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        server->is_gone = true;
        for (size_t i = 0; i < settings->gateway_count && server->is_gone; i++)
            server->is_gone = strcmp(server->gateway, settings->gateways[i].config->name) != 0;
        if (!server->is_gone)
            continue;
        leave(server);
        if (server->is_why_told) /* nobody comes that way */
            census_tell_why(room, server, CENSUS_COUNTED);
    }
}

/* Whether `other` is at the same server. What it was when it answered last it is taken for, also
 * where the server was started anew meanwhile. */
static bool
is_same(const struct census_server *server, const struct census_server *other)
{
    if (!other->is_known || other->is_gone || other->answer.system != server->answer.system)
        return false;
    return other->answer.started == server->answer.started ||
           (!other->is_answered && server->is_led && server->leader == other->leader);
}

/* Sessions of gateways that are gone stay where they were. */
static void
move(struct census_room *room, struct census_server *server, struct census_server *leader)
{
    struct census_server *former = server->leader;

    server->leader = leader;
    room->moves++;
    list_each (at, &room->servers) {
        struct census_server *other = LIST_ENTRY(at, struct census_server, link);

        if (former->is_gone && other->is_gone && other->leader == former)
            other->leader = leader;
    }
}

void
census_server_lead(struct census_room *room)
{
    list_each (at, &room->servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);
        struct census_server *leader = server;

        if (!server->is_answered)
            continue;
        for (struct list *before = room->servers.next; before != at; before = before->next) {
            struct census_server *other = LIST_ENTRY(before, struct census_server, link);

            if (is_same(server, other)) {
                leader = other->leader;
                break;
            }
        }
        if (server->is_led && server->leader != leader)
            move(room, server, leader);
        server->leader = leader;
        server->is_led = true;
    }
}
