/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/census_server.h"

#include "base/memory.h"

enum { BRIEF_MAX = 4096, SPACE_FIRST = 16, BYTES_MAX = 4096, WAIT_LOOK_MILLISECONDS = 500 };

/* ---- sessions that were too young to be told ---- */

static bool
is_there(const struct census_answer *answer, const struct message_bypass *who)
{
    for (size_t i = 0; i < answer->backend_count; i++)
        if (answer->backends[i].who.pid == who->pid && answer->backends[i].who.began == who->began)
            return true;
    return false;
}

/* By now each session of pasu's that there was then has told its process, or is known not to have:
 * only what is certain is told. What is still there the answer tells of. */
void
census_brief_tell(struct census_room *room, struct census_server *server, int64_t now)
{
    pthread_mutex_t *lock = &room->shared->through->lock;

    for (size_t i = 0; i < server->brief_count; i++) {
        struct census_backend *gone = &server->brief[i];
        struct message_bypass who;
        enum bypass_sort sort;
        bool is_one;

        if (is_there(&server->answer, &gone->who))
            continue;
        gone->age += server->answer.asked; /* it was kept as the time when it began */
        pthread_mutex_lock(lock);
        is_one = census_is_past(room, server, gone, now, &sort, &who);
        pthread_mutex_unlock(lock);
        if (is_one && who.is_certain && sort == BYPASS_PAST)
            census_tell_backend(room, server, sort, true, &who);
    }
    server->brief_count = 0;
}

static bool
make_room(struct census_server *server)
{
    size_t more = server->brief_space ? 2 * server->brief_space : SPACE_FIRST;
    struct census_backend *larger;

    if (server->brief_count < server->brief_space)
        return true;
    if (server->brief_count >= BRIEF_MAX)
        return false; /* the server's count has them */
    larger = memory_resize(server->brief, more, sizeof(*larger));
    if (!larger)
        return false;
    server->brief = larger;
    server->brief_space = more;
    return true;
}

void
census_brief_note(struct census_room *room, struct census_server *server)
{
    pthread_mutex_t *lock = &room->shared->through->lock;

    for (size_t i = 0; i < server->answer.backend_count; i++) {
        const struct census_backend *backend = &server->answer.backends[i];
        bool is_young;

        if (backend->age >= NANOSECONDS_PER_SECOND)
            continue; /* nearly all */
        pthread_mutex_lock(lock);
        is_young = census_is_young(room, server, backend);
        pthread_mutex_unlock(lock);
        if (!is_young || !make_room(server))
            continue;
        server->brief[server->brief_count] = *backend;
        server->brief[server->brief_count++].age -= server->answer.asked; /* minus when it began */
    }
}

/* ---- who replicates ---- */

/* Of processes that serve replication each has a place; it needs no right to be counted there. */
static const char senders_sql[] =
    "SELECT coalesce(sum(pid), 0)::int8 FROM pg_catalog.pg_stat_get_wal_senders()";

static int
take_sum(void *arg, const struct view *values, size_t count)
{
    return count == 1 && inspector_take_number(values[0], arg) ? 0 : PASU_E_MALFORMED;
}

static bool
look(struct census_room *room, struct census_server *server)
{
    struct inspector_link *link = &server->inspector;
    size_t most = BYTES_MAX;
    uint64_t senders = 0;
    bool is_moved;

    link->wait = link->wait_answer = WAIT_LOOK_MILLISECONDS;
    link->stop = &room->is_stopping;
    link->deadline = os_monotonic(room->shared->os) +
                     WAIT_LOOK_MILLISECONDS * (int64_t)NANOSECONDS_PER_MILLISECOND;
    if (inspector_link_query(link, senders_sql, take_sum, &senders, &most) != 0) {
        inspector_link_close(link);
        server->has_senders = false;
        return true; /* the census finds out what is the matter */
    }
    is_moved = server->has_senders ? senders != server->senders : senders != 0;
    server->senders = senders;
    server->has_senders = true;
    return is_moved;
}

bool
census_senders_moved(struct census_room *room)
{
    bool is_moved = false;

    list_each (at, &room->servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        if (server->is_answered && server->leader == server && server->inspector.peer.fd >= 0 &&
            server->answer.may_see && !server->answer.is_pooled)
            is_moved |= look(room, server);
    }
    return is_moved;
}
