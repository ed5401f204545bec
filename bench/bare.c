/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least a relay of two sockets can do: the floor below which no proxy of this kind comes.
 *
 *     bare PORT UPSTREAM-PORT
 *
 * One thread, one level-triggered epoll set, and for each batch one recv and one send. It looks at
 * nothing, records nothing, counts nothing, has no filter on its system calls and no time limits;
 * what it costs is the kernel's price for moving the bytes. Its sockets are set like a real
 * proxy's (TCP_NODELAY, not blocking), and its buffer has the size of pasu's, so that bulk data
 * compare, too. When a side does not take what it is sent, the rest is kept and nothing is read
 * for it until it is gone. The end of either side is the end of both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_SIZE = 512 * 1024, EVENTS_MAX = 256 };

struct side {
    int fd;
    struct pair *pair;
    struct side *other;
    char *kept; /* what the socket did not take yet; NULL: nothing */
    size_t kept_at, kept_length;
};

struct pair {
    struct side client, server;
    struct pair *next_dead; /* freed after the round: events of it may still come */
    bool is_dead;
};

static char buffer[BUFFER_SIZE];
static int loop;
static struct pair *dead;

static void
die(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* A side is read when the other one has taken everything. */
static void
watch(struct side *side, int operation)
{
    uint32_t interest = (side->other->kept ? 0 : EPOLLIN) | (side->kept ? EPOLLOUT : 0);
    struct epoll_event event = {.events = interest, .data.ptr = side};
    if (epoll_ctl(loop, operation, side->fd, &event) < 0)
        die("epoll_ctl");
}

static void
end(struct pair *pair)
{
    close(pair->client.fd);
    close(pair->server.fd);
    free(pair->client.kept);
    free(pair->server.kept);
    pair->is_dead = true;
    pair->next_dead = dead;
    dead = pair;
}

/* The number of bytes that went out, 0 when none can now, -1 when the peer is gone. */
static ssize_t
send_some(int fd, const char *bytes, size_t length)
{
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static void
pass_on(struct side *to, const char *bytes, size_t length)
{
    ssize_t n = send_some(to->fd, bytes, length);
    if (n == (ssize_t)length)
        return;
    if (n < 0) {
        end(to->pair);
        return;
    }
    to->kept_at = 0;
    to->kept_length = length - (size_t)n;
    to->kept = malloc(to->kept_length);
    if (to->kept == NULL)
        die("memory");
    memcpy(to->kept, bytes + n, to->kept_length);
    watch(to, EPOLL_CTL_MOD);
    watch(to->other, EPOLL_CTL_MOD);
}

static void
send_kept(struct side *side)
{
    ssize_t n = send_some(side->fd, side->kept + side->kept_at, side->kept_length - side->kept_at);
    if (n < 0) {
        end(side->pair);
        return;
    }
    side->kept_at += (size_t)n;
    if (side->kept_at < side->kept_length)
        return;
    free(side->kept);
    side->kept = NULL;
    watch(side, EPOLL_CTL_MOD);
    watch(side->other, EPOLL_CTL_MOD);
}

static void
ready(struct side *from, uint32_t events)
{
    if ((events & EPOLLOUT) && from->kept != NULL && !from->pair->is_dead)
        send_kept(from);
    if (from->pair->is_dead || from->other->kept != NULL)
        return;
    ssize_t n = recv(from->fd, buffer, BUFFER_SIZE, 0);
    if (n > 0)
        pass_on(from->other, buffer, (size_t)n);
    else if (n == 0 || errno != EAGAIN)
        end(from->pair);
}

static int
prepare(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void
begin(int listener, const struct sockaddr_in *upstream)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct pair *pair = calloc(1, sizeof *pair);
    /* On loopback to a listening server, connect does not wait. */
    if (client < 0 || server < 0 || pair == NULL || prepare(client) < 0 ||
        connect(server, (const struct sockaddr *)upstream, sizeof *upstream) < 0 ||
        prepare(server) < 0)
        die("a new session");
    pair->client = (struct side){.fd = client, .pair = pair, .other = &pair->server};
    pair->server = (struct side){.fd = server, .pair = pair, .other = &pair->client};
    watch(&pair->client, EPOLL_CTL_ADD);
    watch(&pair->server, EPOLL_CTL_ADD);
}

static void
free_dead(void)
{
    while (dead != NULL) {
        struct pair *next = dead->next_dead;
        free(dead);
        dead = next;
    }
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[EVENTS_MAX], event = {.events = EPOLLIN, .data.ptr = NULL};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 3) {
        fprintf(stderr, "usage: bare PORT UPSTREAM-PORT\n");
        return 2;
    }
    address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    loop = epoll_create1(EPOLL_CLOEXEC);
    if (listener < 0 || loop < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 4096) < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) < 0)
        die("listen");
    address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    for (;;) {
        int count = epoll_wait(loop, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr != NULL)
                ready(events[i].data.ptr, events[i].events);
            else
                begin(listener, &address);
        }
        free_dead();
    }
}
