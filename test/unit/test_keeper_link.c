/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/keeper_link.h"

#include "base/address.h"
#include "gate/backend.h"
#include "ledger/message.h"
#include "unit.h"

#include <unistd.h>

/* The gate's end, and the keeper's, which reads only when it is told to. */
static struct keeper_link gate;
static struct channel keeper;

static void
connect_both(void)
{
    int ends[2];

    assert_int_equal(channel_pair(ends), 0);
    keeper_link_replace(&gate, ends[0]);
    channel_close(&keeper);
    channel_init(&keeper, ends[1], message_rules_keeper_from_gate,
                 message_rules_keeper_from_gate_count);
}

static int
begin(void **state PASU_UNUSED)
{
    keeper.fd = -1;
    keeper_link_init(&gate, &os_real, -1);
    connect_both();
    return 0;
}

static int
end(void **state PASU_UNUSED)
{
    keeper_link_release(&gate);
    channel_close(&keeper);
    return 0;
}

static int
open_one(uint64_t session)
{
    const struct message_session opened = {.session = session};

    return keeper_link_record(&gate, MESSAGE_OPENED, &opened, sizeof(opened));
}

static int
close_one(uint64_t session)
{
    const struct message_closed closed = {.session = session};

    return keeper_link_record(&gate, MESSAGE_CLOSED, &closed, sizeof(closed));
}

/* The next message: its type, and the number that it begins with; 0 where there is none. */
static uint32_t
take(uint64_t *number)
{
    struct channel_message message;

    if (channel_receive(&keeper, &message) != 0)
        return 0;
    memcpy(number, message.body, sizeof(*number));
    return message.type;
}

static void
what_the_keeper_does_not_take_at_once_comes_later_in_order(void **state PASU_UNUSED)
{
    enum { SESSIONS = 5000 };
    uint64_t number = 0, next = 1;
    uint32_t type;

    for (uint64_t i = 1; i <= SESSIONS; i++)
        assert_int_equal(i % 2 ? open_one(i) : close_one(i), 0);
    for (bool is_more = true; is_more;) {
        is_more = keeper_link_flush(&gate);
        while ((type = take(&number)) != 0) {
            assert_int_equal(number, next);
            assert_int_equal(type, next % 2 ? MESSAGE_OPENED : MESSAGE_CLOSED);
            next++;
        }
    }
    assert_int_equal(next, SESSIONS + 1);
}

static void
a_session_that_will_not_begin_is_not_told_of(void **state PASU_UNUSED)
{
    uint64_t number = 0;

    while (gate.waiting_count < 3)
        assert_int_equal(open_one(7), 0);
    assert_int_equal(open_one(8), 0);
    assert_int_equal(close_one(8), 0);
    keeper_link_withdraw(&gate, 8);
    keeper_link_withdraw(&gate, 9);
    do
        while (take(&number) != 0)
            assert_true(number != 8 || list_is_empty(&gate.waiting));
    while (keeper_link_flush(&gate));
    while (take(&number) != 0)
        ;
    assert_int_equal(number, 8); /* its end is */
}

static void
without_a_keeper_nobody_begins_and_ends_wait_for_the_next_one(void **state PASU_UNUSED)
{
    uint64_t number = 0;

    while (gate.waiting_count < 2)
        assert_int_equal(open_one(7), 0);
    keeper_link_replace(&gate, -1);
    assert_int_equal(gate.waiting_count, 0); /* sessions that begin are told anew */
    assert_int_equal(open_one(8), PASU_E_EOF);
    assert_int_equal(close_one(9), 0);
    assert_false(keeper_link_flush(&gate));
    connect_both();
    assert_false(keeper_link_flush(&gate));
    assert_int_equal(take(&number), MESSAGE_CLOSED);
    assert_int_equal(number, 9);
    assert_int_equal(take(&number), 0);
}

static void
what_finds_no_room_is_counted_and_told(void **state PASU_UNUSED)
{
    uint64_t number = 0, lost = 0;
    uint32_t type = 0, last = 0;

    while (gate.waiting_count < KEEPER_WAITING_MAX)
        assert_int_equal(close_one(7), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(close_one(8), PASU_E_AGAIN);
    assert_int_equal(open_one(9), PASU_E_AGAIN); /* whoever asked is told: nothing is lost */
    do
        while ((type = take(&number)) != 0) {
            last = type;
            lost = type == MESSAGE_LOST ? number : lost;
        }
    while (keeper_link_flush(&gate) || gate.lost > 0);
    while ((type = take(&number)) != 0) {
        last = type;
        lost = type == MESSAGE_LOST ? number : lost;
    }
    assert_int_equal(last, MESSAGE_LOST);
    assert_int_equal(lost, 3);
    assert_int_equal(close_one(10), 0);
    assert_int_equal(take(&number), MESSAGE_CLOSED);
}

/* ---- which process of a server a connection has ---- */

static struct message_backend
told(void)
{
    struct channel_message message;
    struct message_backend backend;

    assert_int_equal(channel_receive(&keeper, &message), 0);
    assert_int_equal(message.type, MESSAGE_BACKEND);
    memcpy(&backend, message.body, sizeof(backend));
    return backend;
}

static void
a_process_is_told_with_the_port_that_its_server_sees(void **state PASU_UNUSED)
{
    struct address server = {.length = sizeof(server.u.v4)}, seen = {.length = sizeof(seen.u)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), ours = socket(AF_INET, SOCK_STREAM, 0), theirs;
    struct message_backend backend;

    server.u.v4 =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(listener, &server.u.any, server.length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, &server.u.any, &server.length), 0);
    assert_int_equal(connect(ours, &server.u.any, server.length), 0);
    theirs = accept(listener, &seen.u.any, &seen.length);
    assert_true(theirs >= 0);
    backend_tell(&gate, 7, 1234, ours, "main", "shop");
    backend = told();
    assert_int_equal(backend.session, 7);
    assert_int_equal(backend.pid, 1234);
    assert_int_equal(backend.port, address_port(&seen));
    assert_string_equal(backend.gateway, "main");
    assert_string_equal(backend.database, "shop");
    close(theirs);
    close(ours);
    close(listener);
}

static void
a_unix_socket_has_no_port_and_a_login_that_is_given_up_no_number(void **state PASU_UNUSED)
{
    struct channel_message message;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    backend_tell(NULL, 0, 1, ends[0], "main", "shop");
    assert_int_equal(channel_receive(&keeper, &message), PASU_E_AGAIN);
    backend_tell(&gate, 0, 1, ends[0], "main", "shop");
    assert_int_equal(told().port, 0);
    backend_tell(&gate, 9, 0, ends[0], "main", "shop");
    assert_int_equal(told().pid, 0);
    close(ends[0]);
    close(ends[1]);
}

static void
a_process_that_nobody_can_be_told_of_waits(void **state PASU_UNUSED)
{
    keeper_link_replace(&gate, -1);
    backend_tell(&gate, 9, 1, -1, "main", "shop");
    assert_int_equal(gate.waiting_count, 1);
    connect_both();
    assert_false(keeper_link_flush(&gate));
    assert_int_equal(told().session, 9);
}

static void
carry(int count, bool is_first)
{
    while (count-- > 0) {
        assert_int_equal(keeper_link_carried(&gate), is_first);
        is_first = false;
    }
}

static void
nothing_comes(void)
{
    uint64_t number;

    keeper_link_look(&gate);
    assert_int_equal(take(&number), 0);
}

static void
as_many_come(uint64_t count)
{
    uint64_t number;

    keeper_link_look(&gate);
    assert_int_equal(take(&number), MESSAGE_LOST);
    assert_int_equal(number, count);
    nothing_comes();
}

/* What was shown unrecorded is told once no more comes, and to the next keeper once more. */
static void
what_is_carried_unrecorded_is_told_once_it_is_over_and_to_the_next_keeper_again(
    void **state PASU_UNUSED)
{
    nothing_comes();
    carry(3, true);
    nothing_comes(); /* more may come */
    carry(2, false);
    nothing_comes();
    as_many_come(5);
    carry(1, true);
    connect_both(); /* the former one had no time to write it down */
    nothing_comes();
    as_many_come(6);
    keeper_link_replace(&gate, -1);
    carry(1, false);
    keeper_link_look(&gate);
    keeper_link_look(&gate);
    connect_both();
    as_many_come(7);
    for (size_t i = 0; i < KEEPER_TOLD_MAX; i++)
        gate.told[i].at -= 61 * NANOSECONDS_PER_SECOND;
    connect_both();
    nothing_comes();
}

/* The next keeper is told of all of a minute, each once. */
static void
what_was_told_in_several_is_told_to_the_next_keeper_in_one(void **state PASU_UNUSED)
{
    for (int i = 1; i <= KEEPER_TOLD_MAX + 2; i++) {
        carry(1, true);
        nothing_comes();
        as_many_come(1);
    }
    connect_both();
    nothing_comes();
    as_many_come(KEEPER_TOLD_MAX);
    carry(3, true);
    nothing_comes();
    as_many_come(3);
    keeper_link_replace(&gate, -1);
    connect_both();
    nothing_comes();
    as_many_come(KEEPER_TOLD_MAX + 3);
}

/* At the gate's end nobody waits for whether more come. */
static void
what_is_carried_at_the_end_is_told(void **state PASU_UNUSED)
{
    uint64_t number;

    carry(3, true);
    keeper_link_drain(&gate, 1000);
    assert_int_equal(take(&number), MESSAGE_LOST);
    assert_int_equal(number, 3);
    nothing_comes();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_keeper_does_not_take_at_once_comes_later_in_order),
        TEST(a_session_that_will_not_begin_is_not_told_of),
        TEST(without_a_keeper_nobody_begins_and_ends_wait_for_the_next_one),
        TEST(what_finds_no_room_is_counted_and_told),
        TEST(a_process_is_told_with_the_port_that_its_server_sees),
        TEST(a_unix_socket_has_no_port_and_a_login_that_is_given_up_no_number),
        TEST(a_process_that_nobody_can_be_told_of_waits),
        TEST(what_is_carried_unrecorded_is_told_once_it_is_over_and_to_the_next_keeper_again),
        TEST(what_was_told_in_several_is_told_to_the_next_keeper_in_one),
        TEST(what_is_carried_at_the_end_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
