/* SPDX-License-Identifier: Apache-2.0 */
/* Pasu's own sessions, as the server counts them, and which of its backends they are. */
#include "base/memory.h"
#include "clock.h"
#include "gate/inspector_link.h"
#include "gate/through.h"
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

enum { PID = 77 };

static struct os os;

static void
init(struct through *through)
{
    now = 1000 * NANOSECONDS_PER_SECOND;
    os = os_real;
    os.realtime = os.monotonic = clock_read;
    *through = (struct through){0};
    through_init(through, &os);
}

static struct through_session *
begin(struct through *through)
{
    struct through_session *session = through_begin(through, "main", "shop", true);

    assert_non_null(session);
    return session;
}

static void
is_counted(struct through *through, uint64_t began, uint64_t ready, uint64_t ended)
{
    const struct through_place *place = through_place(through, "main", "shop");

    assert_non_null(place);
    assert_int_equal(place->began, began);
    assert_int_equal(place->ready, ready);
    assert_int_equal(place->ended, ended);
}

static bool
leads(const void *arg PASU_UNUSED, const char *gateway)
{
    return strcmp(gateway, "main") == 0;
}

static bool
is_ours(struct through *through, uint32_t pid, int64_t began)
{
    return through_is_ours(through, pid, began, leads, NULL);
}

static void
a_session_is_counted_from_its_beginning_to_its_end(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *session;

    init(&through);
    session = begin(&through);
    is_counted(&through, 1, 0, 0);
    assert_int_equal(through_place(&through, "main", "shop")->starting, 1);
    through_process(session, PID);
    assert_int_equal(through_place(&through, "main", "shop")->starting, 0);
    through_ready(session);
    through_ready(session);
    is_counted(&through, 1, 1, 0);
    through_end(session, true); /* what came later than its process is no refusal */
    is_counted(&through, 1, 1, 1);
    through_release(&through);
}

static void
what_the_server_has_refused_is_taken_back(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *session;

    init(&through);
    session = begin(&through);
    through_end(session, true);
    assert_true(list_is_empty(&through.places)); /* whatever names of databases clients make up */
    session = begin(&through);
    through_end(session, false); /* it may have been let in */
    is_counted(&through, 1, 0, 1);
    assert_int_equal(through_place(&through, "main", "shop")->nameless, 1);
    through_end(NULL, true);
    through_release(&through);
}

/* What comes beyond so many names is counted, but not by name. */
static void
names_without_end_have_a_place_together(void **state PASU_UNUSED)
{
    struct through through;
    char name[NAME_SIZE];

    init(&through);
    for (int n = 0; n < 2 * THROUGH_PLACES_MAX; n++) {
        struct through_session *session;

        snprintf(name, sizeof(name), "made-up-%d", n);
        session = through_begin(&through, "main", name, true);
        assert_non_null(session);
        through_end(session, false);
    }
    assert_int_equal(through.place_count, THROUGH_PLACES_MAX + 1);
    assert_int_equal(through_place(&through, "main", "")->began, THROUGH_PLACES_MAX);
    assert_int_equal(through_place(&through, "main", "made-up-7")->began, 1);
    through_end(begin(&through), true);
    assert_int_equal(through.place_count, THROUGH_PLACES_MAX + 1);
    through_release(&through);
}

static void
what_may_not_be_recorded_is_never_ready_and_replication_never_counted(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *unrecorded, *replication;

    init(&through);
    unrecorded = begin(&through);
    through_disown(unrecorded);
    through_process(unrecorded, 1);
    through_ready(unrecorded);
    is_counted(&through, 1, 0, 0);
    replication = through_begin(&through, "main", "shop", false);
    assert_non_null(replication);
    through_process(replication, 2);
    through_ready(replication);
    is_counted(&through, 1, 0, 0);
    assert_true(is_ours(&through, 2, now));
    through_end(replication, false);
    through_end(unrecorded, false);
    is_counted(&through, 1, 0, 1);
    through_release(&through);
}

static void
a_backend_is_ours_until_the_server_does_not_show_it_any_more(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *session;
    int64_t began;

    init(&through);
    began = now;
    session = begin(&through);
    assert_false(is_ours(&through, PID, began));
    through_process(session, PID);
    assert_true(is_ours(&through, PID, began));
    assert_false(is_ours(&through, PID + 1024, began));
    later(100);
    through_end(session, false);
    later(50); /* its backend is still at work */
    assert_true(is_ours(&through, PID, began));
    assert_false(is_ours(&through, PID, now)); /* another one, by the same number */
    through_forget(&through, now, now);
    assert_true(is_ours(&through, PID, began));
    later(1);
    through_forget(&through, now, now);
    assert_false(is_ours(&through, PID, began));
    through_release(&through);
}

/* Two servers give the same numbers. */
static void
a_backend_is_not_ours_by_a_session_with_another_server(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *session;

    init(&through);
    session = through_begin(&through, "elsewhere", "shop", true);
    assert_non_null(session);
    through_process(session, PID);
    assert_false(is_ours(&through, PID, now));
    through_end(session, false);
    through_release(&through);
}

static void
sessions_without_end_are_kept_so_many(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *open;

    init(&through);
    open = begin(&through);
    through_process(open, PID);
    for (uint32_t n = 0; n < THROUGH_ENDED_MAX; n++) {
        struct through_session *session = begin(&through);

        through_process(session, PID + 1 + n);
        through_end(session, false);
    }
    later(1);
    through_forget(&through, now - 3600 * NANOSECONDS_PER_SECOND, now);
    assert_int_equal(through.ended_count, THROUGH_ENDED_MAX);
    assert_int_equal(through.forgotten, 0);
    through_process(open, PID);
    through_end(open, false);
    later(1);
    through_forget(&through, now - 3600 * NANOSECONDS_PER_SECOND, now);
    assert_int_equal(through.ended_count, 0);
    assert_int_equal(through.forgotten, now); /* some of them the server may still show */
    through_release(&through);
}

static void
what_was_known_some_time_ago_is_kept(void **state PASU_UNUSED)
{
    struct through through;
    struct through_session *session;
    struct through_place *place;

    init(&through);
    session = begin(&through);
    place = through_place(&through, "main", "shop");
    through_process(session, PID);
    through_ready(session);
    through_look(&through);
    assert_true(place->now.ready == 1 && place->settled.ready == 0);
    later(1);
    through_look(&through);
    assert_int_equal(place->settled.ready, 0); /* too soon */
    later(10);
    through_look(&through);
    assert_int_equal(place->settled.ready, 1);
    through_end(session, false);
    through_release(&through);
}

/* ---- the inspector's ---- */

static int ends[2]; /* ours, and the server's */

static int
connect_to_end(void *arg PASU_UNUSED, int fd, const struct sockaddr *address PASU_UNUSED,
               socklen_t length PASU_UNUSED)
{
    return dup2(ends[0], fd) < 0 ? -1 : 0;
}

/* The link is opened to a server that has said all this, and is refused. */
static void
be_refused(struct through *through, struct view words)
{
    struct config_gateway config = {.name = "main"};
    struct settings *settings = memory_new(1, sizeof(*settings) + sizeof(settings->gateways[0]));
    struct gateway *gateway;
    struct inspector_link link;

    assert_non_null(settings);
    gateway = &settings->gateways[0];
    config.inspector.user = "pasu";
    config.inspector.database = "shop";
    gateway->config = &config;
    gateway->address_count = 1;
    gateway->addresses[0].u.any.sa_family = AF_UNIX;
    settings->through = through;
    pthread_mutex_init(&settings->lock, NULL);
    os.connect = connect_to_end;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(write(ends[1], words.bytes, words.length), words.length);
    inspector_link_init(&link, &os, 1 << 16);
    assert_int_equal(inspector_link_open(&link, settings, gateway, NULL), PASU_E_AUTH_SERVER);
    inspector_link_close(&link);
    close(ends[0]);
    close(ends[1]);
    pthread_mutex_destroy(&settings->lock);
    memory_free(settings);
}

#define AUTH_OK_MESSAGE "R\0\0\0\10\0\0\0\0"
#define REFUSAL         "E\0\0\0\12Mno\0\0\0"

/* PostgreSQL tells its parameters before it counts a session, and can still end that after. */
static void
who_was_told_parameters_may_be_counted(void **state PASU_UNUSED)
{
    struct through through;

    init(&through);
    be_refused(&through, VIEW(AUTH_OK_MESSAGE REFUSAL));
    assert_true(list_is_empty(&through.places));
    be_refused(&through, VIEW(AUTH_OK_MESSAGE "S\0\0\0\10a\0b\0" REFUSAL));
    is_counted(&through, 1, 0, 1);
    be_refused(&through, VIEW(AUTH_OK_MESSAGE REFUSAL));
    is_counted(&through, 1, 0, 1);
    through_release(&through);
}

static void
nothing_is_waited_for_longer_than_said(void **state PASU_UNUSED)
{
    static const _Atomic bool is_stopping = true;
    struct inspector_link link;
    struct view body;
    uint8_t type;

    os = os_real;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    inspector_link_init(&link, &os, 1 << 16);
    link.peer.fd = ends[0];
    link.in = memory_new(64, 1);
    assert_non_null(link.in);
    link.size = 64;
    link.stop = &is_stopping;
    assert_int_equal(inspector_link_next(&link, &type, &body), PASU_E_TIMEOUT);
    link.stop = NULL;
    os.monotonic = clock_go_by;
    link.deadline = now + 300 * NANOSECONDS_PER_MILLISECOND;
    assert_int_equal(inspector_link_next(&link, &type, &body), PASU_E_TIMEOUT);
    assert_int_equal(write(ends[1], "Z\0\0\0\4", 5), 5); /* has come, and is too late */
    assert_int_equal(inspector_link_next(&link, &type, &body), PASU_E_TIMEOUT);
    inspector_link_close(&link);
    close(ends[1]);
}

static void
the_last_census_of_a_database_is_remembered(void **state PASU_UNUSED)
{
    struct through through;
    struct message_census census = {.sessions = 5, .gateway = "main", .database = "shop"};

    init(&through);
    through_remember(&through, &census);
    census.sessions = 8;
    through_remember(&through, &census);
    census.what = CENSUS_RESET; /* says nothing that could be gone on with */
    census.sessions = 9;
    through_remember(&through, &census);
    census.what = CENSUS_COUNTED;
    census.database[0] = '\0'; /* nor does this: the gateway is asked again */
    through_remember(&through, &census);
    assert_int_equal(through.place_count, 1);
    assert_true(through_place(&through, "main", "shop")->has_past);
    assert_int_equal(through_place(&through, "main", "shop")->past.sessions, 8);
    through_end(begin(&through), true);
    assert_true(through_place(&through, "main", "shop")->has_past);
    through_release(&through);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_counted_from_its_beginning_to_its_end),
        cmocka_unit_test(what_the_server_has_refused_is_taken_back),
        cmocka_unit_test(names_without_end_have_a_place_together),
        cmocka_unit_test(what_may_not_be_recorded_is_never_ready_and_replication_never_counted),
        cmocka_unit_test(a_backend_is_ours_until_the_server_does_not_show_it_any_more),
        cmocka_unit_test(a_backend_is_not_ours_by_a_session_with_another_server),
        cmocka_unit_test(sessions_without_end_are_kept_so_many),
        cmocka_unit_test(what_was_known_some_time_ago_is_kept),
        cmocka_unit_test(who_was_told_parameters_may_be_counted),
        cmocka_unit_test(nothing_is_waited_for_longer_than_said),
        cmocka_unit_test(the_last_census_of_a_database_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
