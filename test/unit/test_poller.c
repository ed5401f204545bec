/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker waits with, and the peers on it: by an epoll set and by an io_uring, with the same
 * expectations. Where the kernel gives no ring, those tests are skipped.
 */
#include "gate/peer.h"
#include "gate/poller.h"
#include "random.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MANY = 300, STREAM = 400000, EVENTS = 64, PATIENCE_MILLISECONDS = 5000 };

static const bool epoll_only = false, with_uring = true;

struct fixture {
    struct poller poller;
    int wake;
};

static void
begin(struct fixture *f, void **state)
{
    bool is_uring = *(const bool *)*state;

    f->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(poller_init(&f->poller, f->wake, is_uring), 0);
    assert_true(is_uring || !f->poller.uring);
    if (is_uring && !f->poller.uring) {
        poller_release(&f->poller);
        close(f->wake);
        skip();
    }
}

static void
end(struct fixture *f)
{
    poller_release(&f->poller);
    close(f->wake);
}

/* A peer, and the socket of whoever it stands for. */
static int
connect_peer(struct fixture *f, struct peer *peer)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    peer_init(peer, SIDE_CLIENT, &f->poller);
    peer->fd = fds[0];
    return fds[1];
}

/* Waits until this peer is told, and what of it. */
static uint32_t
wait_for(struct fixture *f, const struct peer *peer)
{
    for (;;) {
        struct poller_event events[EVENTS];
        int count = poller_wait(&f->poller, PATIENCE_MILLISECONDS, events, EVENTS);

        assert_true(count > 0);
        for (int i = 0; i < count; i++)
            if (events[i].peer == peer)
                return events[i].events;
    }
}

static void
what_arrives_is_told_and_read_whole(void **state)
{
    struct fixture f;
    struct peer peer;
    uint8_t sent[3 * POLLER_RECEIVE_SIZE], got[sizeof(sent)];
    struct random random = {.state = 1};
    int other;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)random_below(&random, 256);
    for (int round = 0; round < 200; round++) {
        size_t length = 1 + random_below(&random, sizeof(sent)), have = 0;
        /* Into little room, too: less than was received ahead. */
        size_t room = round % 3 == 0 ? 1 + random_below(&random, 100) : sizeof(got);

        poller_watch(&f.poller, &peer, EPOLLIN, true);
        assert_int_equal(write(other, sent, length), length);
        while (have < length) {
            ssize_t n;

            assert_true(wait_for(&f, &peer) & EPOLLIN);
            do {
                n = peer_read(&peer, &os_real, got + have,
                              room < sizeof(got) - have ? room : sizeof(got) - have);
                assert_true(n > 0 || n == PASU_E_AGAIN);
                have += n > 0 ? (size_t)n : 0;
            } while (n > 0 && have < length && random_below(&random, 2));
            poller_watch(&f.poller, &peer, EPOLLIN, true);
        }
        assert_int_equal(have, length);
        assert_memory_equal(got, sent, length);
    }
    peer_close(&peer, &os_real);
    close(other);
    end(&f);
}

static void
an_end_is_not_told_again_and_again_to_who_wants_nothing(void **state)
{
    struct fixture f;
    struct peer peer;
    uint8_t byte;
    int other, told = 0;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    poller_watch(&f.poller, &peer, EPOLLIN, true);
    assert_int_equal(shutdown(other, SHUT_WR), 0);
    assert_true(wait_for(&f, &peer) & EPOLLIN);
    assert_int_equal(peer_read(&peer, &os_real, &byte, 1), PASU_E_EOF);
    for (int round = 0; round < 50; round++) {
        struct poller_event events[EVENTS];

        poller_watch(&f.poller, &peer, 0, true);
        told += poller_wait(&f.poller, 0, events, EVENTS);
    }
    assert_true(told <= 2);
    /* That it is gone altogether is told to who wants something again. */
    close(other);
    poller_watch(&f.poller, &peer, EPOLLIN, true);
    assert_true(wait_for(&f, &peer) & (EPOLLIN | EPOLLHUP));
    peer_close(&peer, &os_real);
    end(&f);
}

static void
what_is_sent_arrives_in_order_however_little_the_socket_takes(void **state)
{
    struct fixture f;
    struct peer peer;
    struct random random = {.state = 7};
    uint8_t piece[POLLER_SEND_MAX + 5000], got[8192];
    size_t sent = 0, seen = 0;
    int other, small = 4096;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    setsockopt(peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    poller_watch(&f.poller, &peer, EPOLLIN, true);
    while (seen < STREAM) {
        struct poller_event events[EVENTS];
        ssize_t n;

        /* Some pieces a round, as if nobody had looked whether it takes them. */
        for (uint32_t i = random_below(&random, 4); i > 0 && sent < STREAM; i--) {
            size_t length = 1 + random_below(&random, i == 1 ? sizeof(piece) : 300);

            if (length > STREAM - sent)
                length = STREAM - sent;
            for (size_t at = 0; at < length; at++)
                piece[at] = (uint8_t)((sent + at) * 2654435761u >> 24);
            assert_int_equal(peer_write(&peer, &os_real, piece, length), 0);
            sent += length;
        }
        if (random_below(&random, 8) == 0)
            peer_settle(&peer);
        poller_watch(&f.poller, &peer, EPOLLIN | (peer_is_full(&peer) ? EPOLLOUT : 0), true);
        poller_wait(&f.poller, 0, events, EVENTS);
        if (peer_is_full(&peer))
            assert_true(peer_flush(&peer, &os_real) != PASU_E_EOF);
        n = read(other, got, 1 + random_below(&random, sizeof(got)));
        assert_true(n >= 0 || errno == EAGAIN);
        for (ssize_t at = 0; at < n; at++)
            assert_int_equal(got[at], (uint8_t)((seen + (size_t)at) * 2654435761u >> 24));
        seen += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(seen, sent);
    peer_close(&peer, &os_real);
    close(other);
    end(&f);
}

/* What was to leave at the end of the round, and did not leave whole: nothing else may happen until
 * the rest has been sent, so that is told by itself. */
static void
what_is_not_sent_whole_ends_the_wait(void **state)
{
    struct fixture f;
    struct peer peer, second;
    struct poller_event events[EVENTS];
    uint8_t bytes[POLLER_SEND_MAX] = {0};
    size_t seen = 0;
    int other, another, small = 4096;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    another = connect_peer(&f, &second);
    setsockopt(peer.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    poller_watch(&f.poller, &peer, EPOLLIN, true);
    poller_watch(&f.poller, &second, EPOLLIN, true);
    assert_int_equal(peer_write(&second, &os_real, "whole", 5), 0);
    assert_int_equal(peer_write(&peer, &os_real, bytes, sizeof(bytes)), 0);
    assert_false(peer_is_full(&peer)); /* as far as anybody knows */
    alarm(PATIENCE_MILLISECONDS / 1000);
    assert_int_equal(poller_wait(&f.poller, -1, events, EVENTS), 1);
    alarm(0);
    assert_ptr_equal(events[0].peer, &peer);
    assert_true(events[0].events & EPOLLOUT);
    assert_true(peer_is_full(&peer));
    assert_false(peer_is_full(&second));
    assert_int_equal(read(another, bytes, sizeof(bytes)), 5);
    while (seen < sizeof(bytes)) {
        ssize_t n = read(other, bytes, sizeof(bytes));

        if (n > 0) {
            seen += (size_t)n;
            continue;
        }
        assert_true(peer_is_full(&peer));
        poller_watch(&f.poller, &peer, EPOLLOUT, true);
        assert_true(wait_for(&f, &peer) & EPOLLOUT);
        assert_true(peer_flush(&peer, &os_real) != PASU_E_EOF);
    }
    assert_false(peer_is_full(&peer));
    peer_close(&peer, &os_real);
    peer_close(&second, &os_real);
    close(other);
    close(another);
    end(&f);
}

static void
who_waits_for_room_is_told_when_there_is_some(void **state)
{
    struct fixture f;
    struct peer peer;
    uint8_t bytes[POLLER_SEND_MAX] = {0};
    int other;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    poller_watch(&f.poller, &peer, EPOLLIN, true);
    while (!peer_is_full(&peer)) {
        assert_int_equal(peer_write(&peer, &os_real, bytes, sizeof(bytes)), 0);
        peer_settle(&peer);
    }
    poller_watch(&f.poller, &peer, EPOLLOUT, true);
    while (read(other, bytes, sizeof(bytes)) > 0)
        ;
    assert_true(wait_for(&f, &peer) & EPOLLOUT);
    assert_int_equal(peer_flush(&peer, &os_real), 0);
    peer_close(&peer, &os_real);
    close(other);
    end(&f);
}

static void
nothing_of_a_closed_peer_meets_whoever_has_its_descriptor_next(void **state)
{
    struct fixture f;
    struct peer old, young;
    struct poller_event events[EVENTS];
    char got[16];
    int other, another, number;

    begin(&f, state);
    for (int round = 0; round < 20; round++) {
        other = connect_peer(&f, &old);
        number = old.fd;
        poller_watch(&f.poller, &old, EPOLLIN, true);
        if (round % 2)
            poller_wait(&f.poller, 0, events, EVENTS);
        assert_int_equal(peer_write(&old, &os_real, "last word", 9), 0);
        poller_watch(&f.poller, &old, EPOLLIN, true);
        peer_close(&old, &os_real);
        another = connect_peer(&f, &young);
        assert_int_equal(young.fd, number);
        poller_watch(&f.poller, &young, EPOLLIN, true);
        assert_int_equal(poller_wait(&f.poller, 0, events, EVENTS), 0);
        assert_int_equal(read(other, got, sizeof(got)), 9); /* it has left, and the end follows */
        assert_int_equal(read(other, got, sizeof(got)), 0);
        assert_true(read(another, got, sizeof(got)) < 0 && errno == EAGAIN);
        assert_int_equal(write(another, "hello", 5), 5);
        assert_true(wait_for(&f, &young) & EPOLLIN);
        assert_int_equal(peer_read(&young, &os_real, got, sizeof(got)), 5);
        assert_memory_equal(got, "hello", 5);
        peer_close(&young, &os_real);
        close(other);
        close(another);
    }
    end(&f);
}

static void
who_is_not_read_keeps_nobody_else_from_being_read(void **state)
{
    struct fixture f;
    static struct peer peers[MANY];
    static int others[MANY];
    struct peer young;
    uint8_t got[16];
    int other;

    begin(&f, state);
    for (int i = 0; i < MANY; i++) {
        others[i] = connect_peer(&f, &peers[i]);
        poller_watch(&f.poller, &peers[i], EPOLLIN, true);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(write(others[i], &i, sizeof(i)), sizeof(i));
    for (int told = 0; told < MANY;) {
        struct poller_event events[EVENTS];
        int count = poller_wait(&f.poller, PATIENCE_MILLISECONDS, events, EVENTS);

        assert_true(count > 0);
        for (int i = 0; i < count; i++)
            poller_watch(&f.poller, events[i].peer, 0, true); /* not now */
        told += count;
    }
    /* They have room elsewhere now: the ring receives ahead for whoever comes. */
    other = connect_peer(&f, &young);
    poller_watch(&f.poller, &young, EPOLLIN, true);
    assert_int_equal(write(other, "hello", 5), 5);
    assert_true(wait_for(&f, &young) & EPOLLIN);
    assert_int_equal(young.has_received, f.poller.uring != NULL);
    assert_int_equal(peer_read(&young, &os_real, got, sizeof(got)), 5);
    peer_close(&young, &os_real);
    close(other);
    for (int i = 0; i < MANY; i++) {
        int number = -1;

        poller_watch(&f.poller, &peers[i], EPOLLIN, true);
        assert_true(wait_for(&f, &peers[i]) & EPOLLIN);
        assert_int_equal(peer_read(&peers[i], &os_real, got, sizeof(got)), sizeof(number));
        memcpy(&number, got, sizeof(number));
        assert_int_equal(number, i);
        poller_watch(&f.poller, &peers[i], EPOLLIN, true);
    }
    for (int i = 0; i < MANY; i++) {
        peer_close(&peers[i], &os_real);
        close(others[i]);
    }
    end(&f);
}

static void
an_end_is_told_after_what_came_before_it(void **state)
{
    struct fixture f;
    struct peer peer;
    char got[16];
    int other;

    begin(&f, state);
    for (int is_half = 0; is_half < 2;
         is_half++) { /* it is gone, or only says that no more comes */
        other = connect_peer(&f, &peer);
        poller_watch(&f.poller, &peer, EPOLLIN, true);
        assert_int_equal(write(other, "bye", 3), 3);
        if (is_half)
            shutdown(other, SHUT_WR);
        else
            close(other);
        assert_true(wait_for(&f, &peer) & EPOLLIN);
        assert_int_equal(peer_read(&peer, &os_real, got, sizeof(got)), 3);
        poller_watch(&f.poller, &peer, EPOLLIN, true);
        assert_true(wait_for(&f, &peer) & (EPOLLIN | EPOLLHUP));
        assert_int_equal(peer_read(&peer, &os_real, got, sizeof(got)), PASU_E_EOF);
        peer_close(&peer, &os_real);
        if (is_half)
            close(other);
    }
    end(&f);
}

static void
a_peer_that_is_gone_takes_nothing_more(void **state)
{
    struct fixture f;
    struct peer peer;
    int other, result = 0;

    begin(&f, state);
    other = connect_peer(&f, &peer);
    poller_watch(&f.poller, &peer, 0, true);
    close(other);
    for (int i = 0; i < 3 && result == 0; i++) { /* at once, or once that has been seen */
        result = peer_write(&peer, &os_real, "lost", 4);
        peer_settle(&peer);
    }
    assert_int_equal(result, PASU_E_EOF);
    assert_true(wait_for(&f, &peer) & EPOLLHUP);
    peer_close(&peer, &os_real);
    end(&f);
}

static void
the_eventfd_is_told_until_it_is_read(void **state)
{
    struct fixture f;
    struct poller_event events[EVENTS];
    uint64_t one = 1;

    begin(&f, state);
    assert_int_equal(poller_wait(&f.poller, 0, events, EVENTS), 0);
    assert_int_equal(write(f.wake, &one, sizeof(one)), sizeof(one));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(poller_wait(&f.poller, PATIENCE_MILLISECONDS, events, EVENTS), 1);
        assert_null(events[0].peer);
    }
    assert_int_equal(read(f.wake, &one, sizeof(one)), sizeof(one));
    poller_wait(&f.poller, 0, events, EVENTS); /* may have been under way already */
    assert_int_equal(poller_wait(&f.poller, 0, events, EVENTS), 0);
    end(&f);
}

/* Which way of congestion control a socket has that is opened to this address. */
static void
control_towards(char name[16], const char *host)
{
    struct endpoint endpoint = {.port = 5432};
    struct address address;
    struct peer peer;
    socklen_t length = 16;
    int fd;

    snprintf(endpoint.host, sizeof(endpoint.host), "%s", host);
    assert_int_equal(endpoint_address(&address, &endpoint), 0);
    fd = socket(address.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        skip(); /* a machine without IPv6 */
    peer_init(&peer, SIDE_SERVER, NULL);
    peer_open(&peer, fd, &address);
    assert_int_equal(peer.fd, fd);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
    peer_close(&peer, &os_real);
}

static void
only_what_stays_within_the_machine_is_sent_by_reno(void **state PASU_UNUSED)
{
    char usual[16], name[16];
    socklen_t length = sizeof(usual);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, usual, &length), 0);
    close(fd);
    control_towards(name, "127.0.0.1");
    assert_string_equal(name, "reno");
    control_towards(name, "127.8.9.1");
    assert_string_equal(name, "reno");
    control_towards(name, "126.255.255.255");
    assert_string_equal(name, usual);
    control_towards(name, "192.0.2.127");
    assert_string_equal(name, usual);
    control_towards(name, "::1");
    assert_string_equal(name, "reno");
    control_towards(name, "::ffff:127.0.0.1");
    assert_string_equal(name, "reno");
    control_towards(name, "2001:db8::1");
    assert_string_equal(name, usual);
}

#define BOTH(test)                                                                                 \
    {#test " (epoll)", test, NULL, NULL, (void *)(uintptr_t)&epoll_only},                          \
    {                                                                                              \
#test " (io_uring)", test, NULL, NULL, (void *)(uintptr_t)&with_uring                      \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(what_arrives_is_told_and_read_whole),
        BOTH(what_is_sent_arrives_in_order_however_little_the_socket_takes),
        {"what_is_not_sent_whole_ends_the_wait (io_uring)", what_is_not_sent_whole_ends_the_wait,
         NULL, NULL, (void *)(uintptr_t)&with_uring},
        BOTH(who_waits_for_room_is_told_when_there_is_some),
        BOTH(nothing_of_a_closed_peer_meets_whoever_has_its_descriptor_next),
        BOTH(who_is_not_read_keeps_nobody_else_from_being_read),
        BOTH(an_end_is_told_after_what_came_before_it),
        BOTH(an_end_is_not_told_again_and_again_to_who_wants_nothing),
        BOTH(a_peer_that_is_gone_takes_nothing_more),
        BOTH(the_eventfd_is_told_until_it_is_read),
        cmocka_unit_test(only_what_stays_within_the_machine_is_sent_by_reno),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
