/* SPDX-License-Identifier: Apache-2.0 */
#include "console/peers.h"
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static struct address
from(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(&address, text), 0);
    return address;
}

/* 0: the other end is closed; -1: it is there, and says nothing. */
static ssize_t
hear(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

    assert_true(n >= 0 || errno == EAGAIN);
    return n;
}

static void
they_are_counted_by_network(void **state PASU_UNUSED)
{
    static const char *const texts[] = {"192.0.2.1",   "192.0.2.2",     "192.0.2.1",
                                        "2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1"};
    struct peer *peers[COUNT_OF(texts)];
    struct address address;
    struct peers all;

    peers_init(&all);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        address = from(texts[i]);
        peers[i] = peers_add(&all, -1, &address, 1);
        assert_non_null(peers[i]);
    }
    address = from("192.0.2.1");
    assert_int_equal(peers_count(&all, &address), 2);
    address = from("::ffff:192.0.2.2");
    assert_int_equal(peers_count(&all, &address), 1);
    address = from("2001:db8::ffff");
    assert_int_equal(peers_count(&all, &address), 2);
    address = from("2001:db8:0:2::1");
    assert_int_equal(peers_count(&all, &address), 0);
    assert_int_equal(peers_count_around(&all, &address), 3);
    address = from("2001:db8:1::1");
    assert_int_equal(peers_count_around(&all, &address), 0);
    address = from("192.0.2.77");
    assert_int_equal(peers_count_around(&all, &address), 3);
    address = from("192.0.3.1");
    assert_int_equal(peers_count_around(&all, &address), 0);
    peers_remove(peers[0]);
    address = from("192.0.2.1");
    assert_int_equal(peers_count(&all, &address), 1);
    for (size_t i = 1; i < COUNT_OF(texts); i++)
        peers_remove(peers[i]);
    peers_remove(NULL);
    assert_int_equal(peers_count(&all, &address), 0);
}

static void
whose_time_is_over_is_ended(void **state PASU_UNUSED)
{
    const struct address address = from("192.0.2.1");
    struct peer *peers[2];
    struct peers all;
    int ends[2][2];

    peers_init(&all);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends[i]), 0);
        peers[i] = peers_add(&all, ends[i][0], &address, 40);
        assert_non_null(peers[i]);
    }
    peers_end(&all, 39);
    assert_int_equal(hear(ends[0][1]), -1);
    peers[1]->until = 41;
    peers_end(&all, 40);
    assert_int_equal(hear(ends[0][1]), 0);
    assert_int_equal(hear(ends[1][1]), -1);
    for (size_t i = 0; i < 2; i++) {
        peers_remove(peers[i]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_counted_by_network),
        cmocka_unit_test(whose_time_is_over_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
