/* SPDX-License-Identifier: Apache-2.0 */
/* Two gateways, what they are asked, and what is told of it. */
#ifndef PASU_TEST_CENSUS_STAGE_H
#define PASU_TEST_CENSUS_STAGE_H

#include "base/memory.h"
#include "clock.h"
#include "gate/census_server.h"
#include "unit.h"

#include <stdatomic.h>

enum { BACKENDS = 1500, TOLD_MAX = 1000, GATEWAYS = 12, PID = 4711, AGE = 15 };

/* Two gateways; what they are asked the test answers. */
struct stage {
    struct os os;
    struct gate_shared *shared;
    struct through through;
    struct census_room room;
    struct census_server *one, *two;
    uint32_t pid;
};

static inline struct census_server *
add_server(struct stage *stage, const char *gateway)
{
    struct census_server *server = census_server_get(&stage->room, gateway);

    assert_non_null(server);
    server->is_known = server->is_answered = true;
    server->answer.system = 7;
    server->answer.started = 1;
    server->answer.version = 150000;
    server->answer.counts = memory_new(1, sizeof(server->answer.counts[0]));
    assert_non_null(server->answer.counts);
    return server;
}

static inline void
begin(struct stage *stage)
{
    static struct config config; /* bypasses are only recorded */
    static struct settings settings = {.config = &config};

    now = 1000 * NANOSECONDS_PER_SECOND;
    *stage = (struct stage){.os = os_real, .shared = memory_new(1, sizeof(*stage->shared))};
    assert_non_null(stage->shared);
    stage->os.realtime = stage->os.monotonic = clock_read;
    through_init(&stage->through, &stage->os);
    stage->shared->os = &stage->os;
    stage->shared->log = (struct log){.fd = -1, .level = LOG_ERROR + 1, .os = &stage->os};
    stage->shared->through = &stage->through;
    keeper_link_init(&stage->shared->keeper, &stage->os, -1);
    stage->room =
        (struct census_room){.shared = stage->shared, .settings = &settings, .started = now};
    list_init(&stage->room.servers);
    stage->one = add_server(stage, "one");
    stage->two = add_server(stage, "two");
}

static inline void
end(struct stage *stage)
{
    list_each_safe (at, &stage->room.servers)
        census_server_free(LIST_ENTRY(at, struct census_server, link));
    through_release(&stage->through);
    keeper_link_release(&stage->shared->keeper);
    memory_free(stage->shared);
}

static inline void
come_through(struct stage *stage, const char *gateway, const char *database, int count)
{
    for (int n = 0; n < count; n++) {
        struct through_session *session = through_begin(&stage->through, gateway, database, true);

        assert_non_null(session);
        through_process(session, ++stage->pid);
        through_ready(session);
        through_end(session, false);
    }
}

static inline void
answer(struct census_server *server, const char *database, uint64_t sessions)
{
    server->answer.count = sessions > 0;
    server->answer.counts[0] = (struct census_count){.oid = 5, .sessions = sessions};
    snprintf(server->answer.counts[0].database, NAME_SIZE, "%s", database);
}

/* As in a round; each time long after the one before. */
static inline void
take(struct stage *stage)
{
    later(20);
    through_look(&stage->through);
    census_server_lead(&stage->room);
    list_each (at, &stage->room.servers) {
        struct census_server *server = LIST_ENTRY(at, struct census_server, link);

        server->answer.asked = now;
        if (server->is_answered && server->leader == server)
            census_tell(&stage->room, server, CENSUS_IN_TURN);
    }
}

static inline void
is_past(const struct census_server *server, uint64_t at_least, uint64_t at_most)
{
    assert_true(server->database_count > 0);
    assert_true(server->databases[0].reconcile.is_begun);
    assert_int_equal(server->databases[0].reconcile.at_least, at_least);
    assert_int_equal(server->databases[0].reconcile.at_most, at_most);
}

/* Two gateways to one server, that has counted what came through them. */
static inline void
begin_with_both(struct stage *stage)
{
    begin(stage);
    answer(stage->one, "shop", 100);
    answer(stage->two, "shop", 100);
    take(stage);
    come_through(stage, "one", "shop", 3);
    come_through(stage, "two", "shop", 5);
    answer(stage->one, "shop", 108);
    take(stage);
    is_past(stage->one, 0, 0);
    assert_ptr_equal(stage->two->leader, stage->one);
    assert_int_equal(stage->two->database_count, 0);
}

static inline struct through_session *
begin_with_one_on_its_way(struct stage *stage)
{
    begin(stage);
    stage->one->answer.version = 150000;
    answer(stage->one, "shop", 100);
    return through_begin(&stage->through, "one", "shop", true);
}

static inline void
remember_process(struct stage *stage, const char *gateway, int64_t at)
{
    struct message_backend backend = {.at = at, .session = 1, .pid = PID};

    snprintf(backend.gateway, sizeof(backend.gateway), "%s", gateway);
    through_remember_process(&stage->through, &backend);
}

#endif
