/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of a server's log against those of the ledger. */
#include "breach/server_match.h"

#include "base/memory.h"
#include "unit.h"

#define SECOND INT64_C(1000000000)
#define BEGIN  (1767225600 * SECOND)
#define AT(s)  (BEGIN + (s)*SECOND)
#define LATER  1000000 /* than all that happens */

struct story {
    struct server_sessions sessions;
    struct server_match match;
    struct filter filter;
    struct gaps gaps;
    bool is_told;
};

static int
begin(void **state)
{
    struct story *t = memory_new(1, sizeof(*t));

    assert_non_null(t);
    server_sessions_init(&t->sessions, 1);
    *state = t;
    return 0;
}

static int
end(void **state)
{
    struct story *t = *state;

    server_match_release(&t->match);
    server_sessions_release(&t->sessions);
    memory_free(t);
    return 0;
}

/* ---- the log, and then the ledger; times in seconds ---- */

static void
line(struct story *t, uint32_t pid, enum server_line_what what, int64_t at, int64_t start,
     uint16_t port)
{
    const struct server_line one = {.pid = pid,
                                    .who = SERVER_LINE_CLIENT,
                                    .what = what,
                                    .at = AT(at),
                                    .start = start != 0 ? AT(start) : 0,
                                    .port = port,
                                    .user = VIEW("app"),
                                    .database = VIEW("shop"),
                                    .host = port != 0 ? VIEW("10.0.0.1") : VIEW("[local]")};

    assert_int_equal(server_sessions_see(&t->sessions, &one), 0);
}

/* A session from then to then; `to` 0: it is not over. */
static void
logged(struct story *t, uint32_t pid, int64_t from, int64_t to, uint16_t port)
{
    line(t, pid, SERVER_LINE_AUTHORIZED, from, from, port);
    if (to != 0)
        line(t, pid, SERVER_LINE_ENDED, to, from, port);
}

static void
note(struct story *t, struct ledger_entry entry)
{
    if (!t->is_told) {
        server_sessions_end(&t->sessions);
        server_match_begin(&t->match, &t->sessions, &t->filter, 1);
        t->is_told = true;
    }
    gaps_note(&t->gaps, &entry);
    assert_int_equal(server_match_note(&t->match, &entry), 0);
}

static void
backend_of(struct story *t, uint64_t session, int64_t at, uint32_t pid, uint16_t port)
{
    const struct message_backend one = {.at = AT(at),
                                        .session = session,
                                        .pid = pid,
                                        .port = port,
                                        .gateway = "main",
                                        .database = "shop"};

    note(t, (struct ledger_entry){.type = LEDGER_BACKEND, .time = AT(at), .u.backend = &one});
}

/* Of the session with that number. */
static void
backend(struct story *t, int64_t at, uint32_t pid, uint16_t port)
{
    backend_of(t, pid, at, pid, port);
}

static void
opened(struct story *t, int64_t at, uint64_t session, const char *principal)
{
    struct message_session one = {.session = session, .opened = AT(at), .database = "shop"};

    snprintf(one.principal, sizeof(one.principal), "%s", principal);
    note(t, (struct ledger_entry){.type = LEDGER_OPENED, .time = AT(at), .u.opened = &one});
}

static void
closed(struct story *t, int64_t at, uint64_t session, int error, uint64_t statements)
{
    const struct message_closed one = {
        .session = session, .closed = AT(at), .error = error, .counts = {.statements = statements}};

    note(t, (struct ledger_entry){.type = LEDGER_CLOSED, .time = AT(at), .u.closed = &one});
}

/* Something that tells nothing. */
static void
nothing(struct story *t, int64_t at)
{
    note(t, (struct ledger_entry){.type = LEDGER_REFUSED, .time = AT(at)});
}

static void
is_answered(struct story *t, uint64_t all, uint64_t came_through, uint64_t past, uint64_t unknown)
{
    const struct server_figures *figures = &t->match.figures[false];

    server_match_end(&t->match, &t->gaps);
    assert_int_equal(figures->all, all);
    assert_int_equal(figures->through, came_through);
    assert_int_equal(figures->past, past);
    assert_int_equal(figures->unknown, unknown);
}

/* ---- tests ---- */

static void
number_time_and_port_say_whose_one_is(void **state)
{
    struct story *t = *state;

    logged(t, 7, 10, 20, 5000);
    logged(t, 8, 11, 20, 5001);
    logged(t, 9, 12, 20, 0);
    backend(t, 10, 7, 5000);
    backend(t, 13, 9, 0);
    nothing(t, LATER);
    is_answered(t, 3, 2, 1, 0);
    assert_int_equal(t->sessions.items[1].answer, SERVER_PAST);
    assert_int_equal(t->match.unnamed, 0);
    assert_int_equal(t->match.gateways[0].sessions, 2);
    assert_int_equal(t->match.gateways[0].named, 2);
    assert_false(server_match_is_strange(&t->match));
}

/* The number is used again at once, past pasu, and a third time through it. */
static void
a_number_that_is_used_again_is_another_session(void **state)
{
    struct story *t = *state;

    logged(t, 7, 10, 11, 5000);
    logged(t, 7, 12, 13, 5001);
    logged(t, 7, 14, 0, 5002);
    logged(t, 8, 10, 11, 0);
    logged(t, 8, 12, 13, 0);
    backend(t, 10, 7, 5000);
    backend_of(t, 70, 14, 7, 5002);
    backend(t, 10, 8, 0);
    nothing(t, LATER);
    is_answered(t, 5, 3, 2, 0);
    assert_int_equal(t->sessions.items[1].answer, SERVER_PAST);
    assert_int_equal(t->sessions.items[4].answer, SERVER_PAST);
}

/* So far apart the clocks may be, and so long may it take to be let in. */
static void
the_time_must_fit(void **state)
{
    static const struct {
        int64_t at;
        bool fits;
    } all[] = {{994, false}, {995, true}, {1605, true}, {1606, false}};

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct story *t = *state;

        logged(t, 6, 100, 101, 4000);
        logged(t, 7, 1000, 0, 5000);
        nothing(t, 1);
        backend(t, 100, 6, 4000);
        backend(t, all[i].at, 7, 5000);
        nothing(t, LATER);
        is_answered(t, 2, 1 + all[i].fits, !all[i].fits, 0);
        end(state);
        begin(state);
    }
}

static void
after_its_end_nothing_is_of_it(void **state)
{
    struct story *t = *state;

    logged(t, 6, 100, 101, 4000);
    logged(t, 7, 100, 110, 0);
    logged(t, 8, 100, 110, 0);
    backend(t, 100, 6, 4000);
    backend(t, 115, 7, 0);
    backend(t, 116, 8, 0);
    is_answered(t, 3, 2, 1, 0);
}

static void
from_another_port_it_is_not_known(void **state)
{
    struct story *t = *state;

    logged(t, 6, 100, 101, 4000);
    logged(t, 7, 100, 110, 5000);
    logged(t, 8, 100, 110, 0);
    backend(t, 100, 6, 4000);
    backend(t, 100, 7, 5001);
    backend(t, 100, 8, 5002);
    is_answered(t, 3, 1, 0, 2);
    assert_int_equal(t->sessions.items[1].answer, SERVER_OTHER_PORT);
    assert_int_equal(t->match.other_ports, 2);
}

static void
a_beginning_that_the_log_does_not_say_is_that_of_its_first_line(void **state)
{
    struct story *t = *state;

    line(t, 7, SERVER_LINE_RECEIVED, 99, 0, 5000);
    line(t, 7, SERVER_LINE_AUTHORIZED, 100, 0, 5000);
    line(t, 7, SERVER_LINE_ENDED, 110, 0, 5000);
    line(t, 7, SERVER_LINE_RECEIVED, 200, 0, 5001);
    line(t, 7, SERVER_LINE_AUTHORIZED, 200, 0, 5001);
    line(t, 8, SERVER_LINE_SPEAKS, 300, 0, 5002); /* that is all of it */
    backend(t, 100, 7, 5000);
    backend(t, 20, 8, 5002);
    nothing(t, LATER);
    is_answered(t, 3, 2, 1, 0);
}

/* Logs begin anew each day, sessions do not. */
static void
who_was_there_before_the_log_is_found(void **state)
{
    struct story *t = *state;

    line(t, 6, SERVER_LINE_SPEAKS, 100000, 10, 4000); /* when it began stands in each line */
    line(t, 7, SERVER_LINE_SPEAKS, 100000, 0, 0);     /* and here it does not */
    line(t, 8, SERVER_LINE_SPEAKS, 100000, 0, 0);
    line(t, 9, SERVER_LINE_SPEAKS, 100000, 0, 0);
    backend(t, 5, 9, 0);
    closed(t, 6, 9, 0, 1); /* long before: its number is somebody else's by now */
    backend(t, 10, 6, 4000);
    backend(t, 20, 7, 0);
    closed(t, 100001, 7, 0, 1);
    backend(t, 30, 8, 0);
    nothing(t, LATER);
    is_answered(t, 4, 3, 1, 0);
    assert_int_equal(t->sessions.items[3].answer, SERVER_PAST);
    assert_int_equal(t->match.backend_count, 3); /* the place of what is over was used again */
}

/* A ledger of before there were numbers: for each of its sessions one of the log, of its role. */
static void
sessions_without_a_number_can_be_those_of_the_log(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 10, 11, 4001);
    logged(t, 8, 100, 101, 4002);
    logged(t, 9, 200, 201, 4003);
    nothing(t, 1);
    opened(t, 10, 1, "app");
    closed(t, 10, 1, 0, 1);
    opened(t, 11, 2, "other");
    opened(t, 12, 3, "app"); /* refused by the server: no session of the log */
    closed(t, 12, 3, PASU_E_EOF, 0);
    opened(t, 200, 9, "app");
    backend(t, 200, 9, 4003);
    is_answered(t, 4, 1, 2, 1);
    assert_int_equal(t->sessions.items[0].answer, SERVER_NUMBERLESS);
    assert_int_equal(t->sessions.items[1].answer, SERVER_PAST);
}

static void
a_ledger_without_numbers_proves_nothing(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 10, 11, 4001);
    opened(t, 10, 1, "app");
    is_answered(t, 2, 0, 0, 2);
    assert_int_equal(t->match.numbers, 0);
    assert_false(server_match_is_strange(&t->match));
}

static void
pasus_own_of_before_there_were_numbers_are_not_held_against_it(void **state)
{
    static const struct message_census census = {.what = CENSUS_COUNTED, .gateway = "main"};
    struct story *t = *state;
    struct server_line own = {.pid = 5,
                              .who = SERVER_LINE_CLIENT,
                              .what = SERVER_LINE_AUTHORIZED,
                              .at = AT(9),
                              .start = AT(9),
                              .user = VIEW("pasu"),
                              .database = VIEW("shop"),
                              .application = VIEW("pasu inspector")};

    assert_int_equal(server_sessions_see(&t->sessions, &own), 0);
    own.pid = 6;
    own.at = own.start = AT(300);
    assert_int_equal(server_sessions_see(&t->sessions, &own), 0);
    logged(t, 9, 200, 201, 4003);
    nothing(t, 8);
    note(t, (struct ledger_entry){.type = LEDGER_CENSUS, .time = AT(10), .u.census = &census});
    backend(t, 200, 9, 4003);
    nothing(t, LATER);
    is_answered(t, 3, 1, 1, 1);
    assert_int_equal(t->sessions.items[0].answer, SERVER_OLDER);
    assert_int_equal(t->sessions.items[1].answer, SERVER_PAST);
}

/* Several servers have the same numbers, and a port can be chosen. */
static void
a_record_is_not_of_another_role_or_database(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 10, 11, 4001);
    logged(t, 8, 10, 11, 4002);
    logged(t, 9, 10, 11, 4003);
    opened(t, 10, 6, "app");
    backend(t, 10, 6, 4000);
    opened(t, 10, 7, "other"); /* the log has no such name */
    backend(t, 10, 7, 4001);
    opened(t, 10, 9, "app");
    backend(t, 10, 9, 4009);
    nothing(t, LATER);
    is_answered(t, 4, 1, 1, 2);
    assert_int_equal(t->sessions.items[1].answer, SERVER_OTHER_NAME);
    assert_int_equal(t->sessions.items[2].answer, SERVER_PAST);
    assert_int_equal(t->sessions.items[3].answer, SERVER_OTHER_PORT);
    assert_int_equal(t->match.unnamed, 0);
}

/* That is what who hangs up in the middle of pasu's login leaves. */
static void
who_was_not_let_in_hides_nobody(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 20, 21, 4001);
    logged(t, 8, 20, 21, 4002);
    backend(t, 10, 6, 4000);
    for (uint64_t session = 100; session < 10000; session++) {
        opened(t, 19, session, "app");
        closed(t, 20, session, 0, 0);
    }
    opened(t, 20, 10000, "app"); /* it asked something, so it was let in */
    closed(t, 21, 10000, 0, 1);
    nothing(t, LATER);
    is_answered(t, 3, 1, 1, 1);
    assert_int_equal(t->match.backend_count, 2);
}

/* The server let it in, and pasu's client hung up before the number came. */
static void
a_login_that_was_given_up_is_not_held_against_it(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 20, 22, 4001);
    logged(t, 8, 20, 22, 4002); /* from another port */
    logged(t, 9, 20, 90, 4003); /* it went on */
    logged(t, 10, 40, 41, 0);
    backend(t, 10, 6, 4000);
    opened(t, 20, 100, "app");
    backend_of(t, 100, 21, 0, 4001);
    closed(t, 21, 100, 0, 0);
    backend_of(t, 101, 22, 0, 4003); /* never opened */
    backend_of(t, 102, 41, 0, 0);
    nothing(t, LATER);
    is_answered(t, 5, 1, 2, 2);
    assert_int_equal(t->sessions.items[1].answer, SERVER_NUMBERLESS);
    assert_int_equal(t->sessions.items[2].answer, SERVER_PAST);
    assert_int_equal(t->sessions.items[3].answer, SERVER_PAST);
    assert_int_equal(t->sessions.items[4].answer, SERVER_NUMBERLESS);
    assert_false(t->match.has_older);
}

/* It can be a copy, or pasu was killed: once it begins again, that is a gap. */
static void
behind_the_ledgers_end_it_is_not_known(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 49, 52, 4001);
    logged(t, 8, 51, 52, 4002);
    note(t, (struct ledger_entry){.type = LEDGER_STARTED, .time = AT(1)});
    backend(t, 10, 6, 4000);
    nothing(t, 50);
    is_answered(t, 3, 1, 1, 1);
    assert_int_equal(t->sessions.items[2].answer, SERVER_LATER);
}

static void
in_a_gap_it_is_not_known(void **state)
{
    const struct payload_gap gap = {.count = 1, .since = AT(99)};
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 100, 101, 4001);
    logged(t, 8, 150, 151, 4002);
    nothing(t, 1);
    backend(t, 10, 6, 4000);
    note(t, (struct ledger_entry){.type = LEDGER_GAP, .time = AT(110), .u.gap = &gap});
    nothing(t, LATER);
    is_answered(t, 3, 1, 1, 1);
    assert_int_equal(t->sessions.items[1].answer, SERVER_IN_GAP);
}

static void
while_pasu_was_stopped_nothing_came_through_it(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 100, 101, 4001);
    note(t, (struct ledger_entry){.type = LEDGER_STARTED, .time = AT(1)});
    backend(t, 10, 6, 4000);
    note(t, (struct ledger_entry){.type = LEDGER_STOPPED, .time = AT(50)});
    note(t, (struct ledger_entry){.type = LEDGER_STARTED, .time = AT(200)});
    is_answered(t, 2, 1, 1, 0);
}

static void
the_log_of_another_server_proves_nothing(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 11, 4000);
    logged(t, 7, 100, 101, 4001);
    backend(t, 50, 8, 4000);
    is_answered(t, 2, 0, 0, 2);
    assert_true(server_match_is_strange(&t->match));
    assert_int_equal(t->match.unnamed, 1);
}

/* At its ends the log need not have what pasu has recorded. */
static void
what_the_log_should_name_and_does_not_is_counted(void **state)
{
    struct story *t = *state;

    logged(t, 6, 10, 100, 4000);
    backend(t, 10, 6, 4000);
    backend(t, 14, 7, 4001);
    backend(t, 15, 8, 4002);
    backend(t, 95, 9, 4003);
    backend(t, 96, 10, 4004);
    is_answered(t, 1, 1, 0, 0);
    assert_int_equal(t->match.unnamed, 2);
    assert_int_equal(t->match.gateways[0].sessions, 3);
    assert_int_equal(t->match.gateways[0].named, 1);
}

static void
only_what_is_asked_for_is_counted(void **state)
{
    struct story *t = *state;

    t->filter = (struct filter){.principal = "app", .from = AT(50), .to = AT(150)};
    logged(t, 6, 10, 49, 4000);  /* over */
    logged(t, 7, 10, 60, 4001);  /* in it for a while */
    logged(t, 8, 10, 0, 4002);   /* perhaps still there */
    logged(t, 9, 150, 0, 4003);  /* later */
    logged(t, 10, 149, 0, 4004); /* through pasu */
    nothing(t, 1);
    backend(t, 10, 6, 4000);
    backend(t, 149, 10, 4004);
    nothing(t, 400);
    is_answered(t, 3, 1, 2, 0);
    t->filter.principal = "other";
    assert_false(server_match_concerns(&t->match, &t->sessions.items[1]));
}

static void
what_the_log_does_not_cover_is_told(void **state)
{
    struct story *t = *state;
    int64_t from, to;

    t->filter = (struct filter){.from = AT(50), .to = AT(500)};
    logged(t, 6, 100, 200, 4000);
    nothing(t, 1);
    backend(t, 100, 6, 4000);
    nothing(t, 1000);
    is_answered(t, 1, 1, 0, 0);
    assert_true(server_match_is_short(&t->match, false, &from, &to));
    assert_true(from == AT(50) && to == AT(100));
    assert_true(server_match_is_short(&t->match, true, &from, &to));
    assert_true(from == AT(200) && to == AT(500));
    t->filter = (struct filter){.from = AT(96), .to = AT(205)};
    assert_false(server_match_is_short(&t->match, false, &from, &to));
    assert_false(server_match_is_short(&t->match, true, &from, &to));
    t->filter = (struct filter){.from = AT(201), .to = AT(203)}; /* nothing of it */
    assert_false(server_match_is_short(&t->match, false, &from, &to));
    assert_true(server_match_is_short(&t->match, true, &from, &to));
    assert_true(from == AT(201) && to == AT(203));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(number_time_and_port_say_whose_one_is),
        TEST(a_number_that_is_used_again_is_another_session),
        TEST(the_time_must_fit),
        TEST(after_its_end_nothing_is_of_it),
        TEST(from_another_port_it_is_not_known),
        TEST(a_beginning_that_the_log_does_not_say_is_that_of_its_first_line),
        TEST(who_was_there_before_the_log_is_found),
        TEST(sessions_without_a_number_can_be_those_of_the_log),
        TEST(a_ledger_without_numbers_proves_nothing),
        TEST(pasus_own_of_before_there_were_numbers_are_not_held_against_it),
        TEST(a_record_is_not_of_another_role_or_database),
        TEST(who_was_not_let_in_hides_nobody),
        TEST(a_login_that_was_given_up_is_not_held_against_it),
        TEST(behind_the_ledgers_end_it_is_not_known),
        TEST(in_a_gap_it_is_not_known),
        TEST(while_pasu_was_stopped_nothing_came_through_it),
        TEST(the_log_of_another_server_proves_nothing),
        TEST(what_the_log_should_name_and_does_not_is_counted),
        TEST(only_what_is_asked_for_is_counted),
        TEST(what_the_log_does_not_cover_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
