/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions put together from the lines of a server's log. */
#include "breach/server_sessions.h"

#include "unit.h"

#define SECOND INT64_C(1000000000)
#define BEGIN  (1767225600 * SECOND)

static struct server_sessions sessions;

static int
begin(void **state PASU_UNUSED)
{
    server_sessions_init(&sessions, 1);
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    server_sessions_release(&sessions);
    return 0;
}

/* A line so many seconds later; `start` 0: it does not say when its process began. */
static struct server_line
line(uint32_t pid, enum server_line_what what, int64_t at, int64_t start)
{
    return (struct server_line){.pid = pid,
                                .who = SERVER_LINE_CLIENT,
                                .what = what,
                                .at = BEGIN + at * SECOND,
                                .start = start != 0 ? BEGIN + start * SECOND : 0,
                                .offset = (uint64_t)at,
                                .user = VIEW("app"),
                                .database = VIEW("shop"),
                                .host = VIEW("10.0.0.1"),
                                .port = 5000};
}

static void
tell(struct server_line one)
{
    assert_int_equal(server_sessions_see(&sessions, &one), 0);
}

static void
say(uint32_t pid, enum server_line_what what, int64_t at, int64_t start)
{
    tell(line(pid, what, at, start));
}

static void
is_called(uint32_t number, const char *name)
{
    assert_true(view_equal(interner_string(&sessions.names, number), view_of_text(name)));
}

static void
one_is_known_by_its_number_and_its_beginning(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_RECEIVED, 1, 1);
    say(8, SERVER_LINE_RECEIVED, 1, 1);
    say(7, SERVER_LINE_AUTHORIZED, 1, 1);
    say(7, SERVER_LINE_ENDED, 3, 1);
    say(7, SERVER_LINE_SPEAKS, 9, 5);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 2); /* 8 was never let in */
    assert_int_equal(sessions.items[0].start, BEGIN + SECOND);
    assert_int_equal(sessions.items[0].lines, 3);
    assert_int_equal(sessions.items[0].last, BEGIN + 3 * SECOND);
    assert_true(sessions.items[0].is_over && sessions.items[0].is_authorized);
    is_called(sessions.items[0].user, "app");
    is_called(sessions.items[0].database, "shop");
    is_called(sessions.items[0].host, "10.0.0.1");
    assert_int_equal(sessions.items[0].port, 5000);
    assert_int_equal(sessions.items[1].start, BEGIN + 5 * SECOND);
    assert_false(sessions.items[1].is_over || sessions.items[1].is_authorized);
    assert_int_equal(sessions.first, BEGIN + SECOND);
    assert_int_equal(sessions.last, BEGIN + 9 * SECOND);
}

static void
without_a_beginning_a_new_connection_is_another_session(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_RECEIVED, 1, 0);
    say(7, SERVER_LINE_AUTHORIZED, 2, 0);
    say(7, SERVER_LINE_AUTHORIZED, 2, 0); /* as a client can have it written: no other */
    say(7, SERVER_LINE_RECEIVED, 5, 0);
    say(7, SERVER_LINE_AUTHORIZED, 5, 0);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 2);
    assert_int_equal(sessions.items[0].lines, 3);
    assert_true(sessions.items[0].is_over); /* its number is used again */
    assert_false(sessions.items[1].is_over);
}

static void
without_lines_of_connections_being_let_in_twice_is_another_session(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_AUTHORIZED, 2, 0);
    say(7, SERVER_LINE_AUTHORIZED, 5, 0);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 2);
}

static void
who_is_refused_was_never_a_session(void **state PASU_UNUSED)
{
    for (uint32_t i = 0; i < 5000; i++) {
        say(7 + i, SERVER_LINE_RECEIVED, 1 + i, i % 2 ? 0 : 1 + i);
        if (i % 3 == 0)
            say(7 + i, SERVER_LINE_AUTHORIZED, 1 + i, i % 2 ? 0 : 1 + i);
        say(7 + i, SERVER_LINE_REFUSED, 1 + i, i % 2 ? 0 : 1 + i);
    }
    assert_int_equal(sessions.count, 1); /* their room is used again */
    assert_int_equal(sessions.refused, 5000);
    assert_int_equal(sessions.names.count, 3); /* of those that were let in */
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 0);
}

/* Who has begun is not refused any more, whatever a line of stderr says. */
static void
a_session_cannot_be_refused(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_AUTHORIZED, 1, 0);
    say(7, SERVER_LINE_SPEAKS, 2, 0);
    say(7, SERVER_LINE_REFUSED, 3, 0);
    say(8, SERVER_LINE_AUTHORIZED, 1, 0);
    say(8, SERVER_LINE_REFUSED, 2, 0);
    say(8, SERVER_LINE_ENDED, 3, 0);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 2);
}

/* FATAL in words that do not tell: whether it was let in before does. */
static void
who_was_let_in_is_not_refused_by_its_end(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_RECEIVED, 1, 1);
    say(7, SERVER_LINE_AUTHORIZED, 1, 1);
    say(7, SERVER_LINE_FAILED, 2, 1);
    say(8, SERVER_LINE_RECEIVED, 1, 1);
    say(8, SERVER_LINE_FAILED, 2, 1);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 1);
    assert_true(sessions.items[0].pid == 7 && sessions.items[0].is_over);
    assert_int_equal(sessions.refused, 1);
}

/* stderr, which does not say when one began. */
static void
a_file_that_is_given_twice_is_one(void **state PASU_UNUSED)
{
    for (uint32_t file = 0; file <= 1; file++) {
        sessions.file = file;
        say(6, SERVER_LINE_SPEAKS, 1, 0); /* began before */
        say(7, SERVER_LINE_RECEIVED, 1, 0);
        say(7, SERVER_LINE_AUTHORIZED, 1, 0);
        if (file == 1) /* the first copy was made before */
            say(7, SERVER_LINE_ENDED, 4, 0);
        say(7, SERVER_LINE_RECEIVED, 5, 0);
        say(7, SERVER_LINE_AUTHORIZED, 5, 0);
    }
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 3);
    assert_true(sessions.items[1].first == BEGIN + SECOND && sessions.items[1].is_over);
    assert_true(sessions.items[2].first == BEGIN + 5 * SECOND && !sessions.items[2].is_over);
}

/* The same. */
static void
files_in_the_wrong_order_are_one_log(void **state PASU_UNUSED)
{
    sessions.file = 1;
    say(7, SERVER_LINE_SPEAKS, 100, 0);
    say(7, SERVER_LINE_ENDED, 101, 0);
    say(7, SERVER_LINE_RECEIVED, 200, 0);
    say(7, SERVER_LINE_AUTHORIZED, 200, 0);
    say(8, SERVER_LINE_SPEAKS, 100, 0); /* no end of the other stands between */
    sessions.file = 0;
    say(7, SERVER_LINE_RECEIVED, 1, 0);
    say(7, SERVER_LINE_AUTHORIZED, 1, 0);
    say(8, SERVER_LINE_RECEIVED, 1, 0);
    say(8, SERVER_LINE_AUTHORIZED, 1, 0);
    say(8, SERVER_LINE_ENDED, 2, 0);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 4);
    assert_true(sessions.items[0].first == BEGIN + SECOND && sessions.items[0].is_begun);
    assert_true(sessions.items[0].last == BEGIN + 101 * SECOND && sessions.items[0].is_over);
    assert_int_equal(sessions.items[1].first, BEGIN + 200 * SECOND);
    assert_true(sessions.items[2].pid == 8 && sessions.items[3].pid == 8);
}

static void
who_says_more_after_its_end_has_not_ended(void **state PASU_UNUSED)
{
    struct server_line context = line(7, SERVER_LINE_SAID, 4, 0);

    say(7, SERVER_LINE_AUTHORIZED, 1, 1);
    say(7, SERVER_LINE_ENDED, 2, 1);
    say(7, SERVER_LINE_SPEAKS, 3, 1);
    say(8, SERVER_LINE_AUTHORIZED, 1, 0);
    say(8, SERVER_LINE_ENDED, 4, 0);
    context.pid = 8;
    context.is_part = true; /* the place in the sources */
    tell(context);
    server_sessions_end(&sessions);
    assert_false(sessions.items[0].is_over);
    assert_true(sessions.items[1].is_over);
    assert_int_equal(sessions.items[1].lines, 2);
}

static void
the_servers_own_processes_are_none_and_its_start_ends_all(void **state PASU_UNUSED)
{
    struct server_line own = line(1, SERVER_LINE_STARTED, 5, 1),
                       worker = line(9, SERVER_LINE_SPEAKS, 6, 6);

    own.who = worker.who = SERVER_LINE_OTHER;
    say(7, SERVER_LINE_AUTHORIZED, 1, 1);
    tell(own);
    tell(worker);
    say(8, SERVER_LINE_AUTHORIZED, 7, 7);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 2);
    assert_true(sessions.items[0].is_over);
    assert_false(sessions.items[1].is_over);
}

static void
replication_is_told_apart(void **state PASU_UNUSED)
{
    struct server_line one = line(7, SERVER_LINE_AUTHORIZED, 1, 0);

    one.who = SERVER_LINE_REPLICATION;
    tell(one);
    say(8, SERVER_LINE_AUTHORIZED, 1, 0);
    one.pid = 8; /* that is what a client can have written */
    tell(one);
    server_sessions_end(&sessions);
    assert_true(sessions.items[0].is_replication);
    for (size_t i = 1; i < sessions.count; i++)
        assert_true(sessions.items[i].pid == 8 && (i > 1) == sessions.items[i].is_replication);
}

static void
one_session_in_two_logs_is_one(void **state PASU_UNUSED)
{
    say(7, SERVER_LINE_RECEIVED, 2, 1);
    say(7, SERVER_LINE_AUTHORIZED, 2, 1);
    say(7, SERVER_LINE_RECEIVED, 2, 0);
    say(7, SERVER_LINE_AUTHORIZED, 2, 0);
    say(7, SERVER_LINE_ENDED, 4, 0);
    server_sessions_end(&sessions);
    assert_int_equal(sessions.count, 1);
    assert_true(sessions.items[0].is_over);
    assert_int_equal(sessions.items[0].last, BEGIN + 4 * SECOND);
}

static void
too_many_are_refused_and_not_left_out(void **state PASU_UNUSED)
{
    struct server_line one = line(100, SERVER_LINE_AUTHORIZED, 1, 1);

    sessions.most = 70;
    for (uint32_t pid = 1; pid <= 70; pid++)
        say(pid, SERVER_LINE_AUTHORIZED, 1, 1);
    assert_int_equal(server_sessions_see(&sessions, &one), PASU_E_RANGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_is_known_by_its_number_and_its_beginning),
        TEST(without_a_beginning_a_new_connection_is_another_session),
        TEST(without_lines_of_connections_being_let_in_twice_is_another_session),
        TEST(who_is_refused_was_never_a_session),
        TEST(a_session_cannot_be_refused),
        TEST(who_was_let_in_is_not_refused_by_its_end),
        TEST(a_file_that_is_given_twice_is_one),
        TEST(files_in_the_wrong_order_are_one_log),
        TEST(who_says_more_after_its_end_has_not_ended),
        TEST(the_servers_own_processes_are_none_and_its_start_ends_all),
        TEST(replication_is_told_apart),
        TEST(one_session_in_two_logs_is_one),
        TEST(too_many_are_refused_and_not_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
