/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for a PostgreSQL server that answers from memory.
 *
 *     replay PORT SERVER USER CHUNK [QUERY FILE]...
 *
 * The files are answers captured from a real server (drain --save): every byte from the first one
 * after the Query up to and with ReadyForQuery. A Query of exactly that text is answered with its
 * file, anything else (a pooler's SET, DISCARD ALL) with an empty result. The extended protocol is
 * answered with empty results too, so that a session can always be begun.
 *
 * All that is so for sessions of USER. Others are a gateway's own, by which it reads the catalog:
 * each is connected with the real server, at port SERVER of this machine, by a thread of its own.
 *
 * For USER there is one thread, one epoll loop, a few dozen bytes for a session: thousands of idle
 * sessions cost nothing. An answer is written with blocking sends of CHUNK bytes, so one answer is
 * streamed at a time. That is what the benchmark needs: the sender must not be the bottleneck and
 * must not depend on any executor. It prints "ready" once it listens, and ends on SIGTERM. It
 * trusts its peers and is of no use outside a benchmark.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 65536, MESSAGE_MAX = 4096, OUT_MAX = 1024, ANSWERS_MAX = 8 };

/* What becomes of a session. */
enum fate { ENDS, GOES_ON, IS_HANDED_OVER };

/* What has come of a message that is not complete yet; NULL between messages. */
struct partial {
    size_t length;
    uint8_t bytes[MESSAGE_MAX];
};

struct session {
    bool is_started;
    struct partial *partial;
};

struct answer {
    const char *query;
    const uint8_t *bytes;
    size_t length;
};

struct out {
    size_t length;
    uint8_t bytes[OUT_MAX];
};

static struct session sessions[DESCRIPTORS_MAX];
static struct answer answers[ANSWERS_MAX];
static size_t answer_count, chunk;
static uint16_t server;
static const char *user;

static void
die(const char *what)
{
    fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint32_t
get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_message(struct out *out, char type, const void *body, size_t length)
{
    if (length + 5 > sizeof out->bytes - out->length)
        return; /* never: the largest start-up answer is far smaller */
    uint8_t *p = out->bytes + out->length;
    uint32_t size = htonl((uint32_t)length + 4);
    p[0] = (uint8_t)type;
    memcpy(p + 1, &size, 4);
    if (length > 0)
        memcpy(p + 5, body, length);
    out->length += length + 5;
}

static bool
send_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t part = length < chunk ? length : chunk;
        ssize_t n = send(fd, bytes, part, MSG_NOSIGNAL);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (n >= 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void
put_startup(struct out *out, int fd)
{
    static const char parameters[][2][32] = {
        {"server_version", "15.0"},
        {"server_encoding", "UTF8"},
        {"client_encoding", "UTF8"},
        {"application_name", ""},
        {"DateStyle", "ISO, MDY"},
        {"IntervalStyle", "postgres"},
        {"TimeZone", "UTC"},
        {"integer_datetimes", "on"},
        {"is_superuser", "off"},
        {"session_authorization", "bench"},
        {"in_hot_standby", "off"},
        {"default_transaction_read_only", "off"},
        {"standard_conforming_strings", "on"},
    };
    put_message(out, 'R', "\0\0\0\0", 4);
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        char body[64];
        size_t name = strlen(parameters[i][0]) + 1, value = strlen(parameters[i][1]) + 1;
        memcpy(body, parameters[i][0], name);
        memcpy(body + name, parameters[i][1], value);
        put_message(out, 'S', body, name + value);
    }
    uint32_t key[2] = {htonl((uint32_t)getpid()), htonl((uint32_t)fd)};
    put_message(out, 'K', key, sizeof key);
    put_message(out, 'Z', "I", 1);
}

/* Answers one message. False: the session is over. */
static bool
answer(int fd, char type, const uint8_t *body, size_t length)
{
    struct out out = {0};
    const struct answer *stream = NULL;

    switch (type) {
    case 'Q':
        for (size_t i = 0; i < answer_count; i++)
            if (length == strlen(answers[i].query) + 1 &&
                memcmp(body, answers[i].query, length) == 0)
                stream = &answers[i];
        if (stream != NULL)
            return send_all(fd, stream->bytes, stream->length);
        put_message(&out, 'C', "SET", 4);
        put_message(&out, 'Z', "I", 1);
        break;
    case 'P':
        put_message(&out, '1', NULL, 0);
        break;
    case 'B':
        put_message(&out, '2', NULL, 0);
        break;
    case 'C':
        put_message(&out, '3', NULL, 0);
        break;
    case 'D':
        if (length > 0 && body[0] == 'S')
            put_message(&out, 't', "\0", 2);
        put_message(&out, 'n', NULL, 0);
        break;
    case 'E':
        put_message(&out, 'C', "SELECT 0", 9);
        break;
    case 'S':
        put_message(&out, 'Z', "I", 1);
        break;
    case 'X':
        return false;
    default:
        break;
    }
    return send_all(fd, out.bytes, out.length);
}

/* Whether the parameters of a start-up packet name the user whom we answer. */
static bool
is_user(const uint8_t *parameters, size_t length)
{
    char wanted[128];
    int n = snprintf(wanted, sizeof wanted, "user%c%s", '\0', user);

    /* The zero after the name as well. */
    return n > 0 && (size_t)n < sizeof wanted &&
           memmem(parameters, length, wanted, (size_t)n + 1) != NULL;
}

/* ---- sessions that are the real server's ---- */

enum { HANDED_OVER = -2 };

/* The start-up packet of the one that is being handed over. */
static struct partial first;

struct pair {
    int client, server;
    struct partial first;
};

/* Carries what comes from one side to the other. False: it is over. */
static bool
carry(int from, int to)
{
    uint8_t bytes[16384];
    ssize_t n = recv(from, bytes, sizeof bytes, 0);

    return n > 0 && send_all(to, bytes, (size_t)n);
}

static void *
carry_both(void *arg)
{
    struct pair *pair = arg;
    struct pollfd polls[2] = {{.fd = pair->client, .events = POLLIN},
                              {.fd = pair->server, .events = POLLIN}};
    bool is_going = send_all(pair->server, pair->first.bytes, pair->first.length);

    while (is_going && poll(polls, 2, -1) > 0) {
        if (polls[0].revents)
            is_going = carry(pair->client, pair->server);
        if (is_going && polls[1].revents)
            is_going = carry(pair->server, pair->client);
    }
    close(pair->client);
    close(pair->server);
    free(pair);
    return NULL;
}

static void
hand_over(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(server),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pair *pair = malloc(sizeof *pair);
    pthread_t thread;

    if (pair == NULL)
        die("memory");
    *pair = (struct pair){fd, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), first};
    if (pair->server < 0 ||
        connect(pair->server, (const struct sockaddr *)&address, sizeof address) < 0)
        die("the real server");
    if (pthread_create(&thread, NULL, carry_both, pair) != 0 || pthread_detach(thread) != 0)
        die("thread");
}

/* ---- messages ---- */

/* Takes whole messages out of what has come. Returns the bytes taken, -1 to end the session, or
 * HANDED_OVER where it is another user's: nothing has been said to it yet. */
static ssize_t
take_messages(int fd, struct session *session, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    for (;;) {
        size_t head = session->is_started ? 5 : 4;
        if (length - at < head)
            return (ssize_t)at;
        size_t size = get32(bytes + at + head - 4) + head - 4;
        if (size < head || size > MESSAGE_MAX)
            return -1;
        if (length - at < size)
            return (ssize_t)at;
        const uint8_t *message = bytes + at;
        at += size;
        if (session->is_started) {
            if (!answer(fd, (char)message[0], message + 5, size - 5))
                return -1;
            continue;
        }
        uint32_t code = size >= 8 ? get32(message + 4) : 0;
        if (code == 80877103 || code == 80877104) { /* SSLRequest, GSSENCRequest */
            if (!send_all(fd, (const uint8_t *)"N", 1))
                return -1;
        } else if (code >> 16 == 3 && !is_user(message + 8, size - 8)) {
            first.length = size;
            memcpy(first.bytes, message, size);
            return HANDED_OVER;
        } else if (code >> 16 == 3) {
            struct out out = {0};
            put_startup(&out, fd);
            session->is_started = true;
            if (!send_all(fd, out.bytes, out.length))
                return -1;
        } else {
            return -1; /* CancelRequest, or nothing we know */
        }
    }
}

static enum fate
readable(int fd, struct session *session)
{
    uint8_t bytes[MESSAGE_MAX];
    size_t kept = 0;

    if (session->partial != NULL) {
        kept = session->partial->length;
        memcpy(bytes, session->partial->bytes, kept);
    }
    ssize_t n = recv(fd, bytes + kept, sizeof bytes - kept, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? GOES_ON : ENDS;
    if (n == 0)
        return ENDS;
    size_t length = kept + (size_t)n;
    ssize_t taken = take_messages(fd, session, bytes, length);
    if (taken < 0)
        return taken == HANDED_OVER ? IS_HANDED_OVER : ENDS;
    size_t left = length - (size_t)taken;
    if (left == 0) {
        free(session->partial);
        session->partial = NULL;
        return GOES_ON;
    }
    if (session->partial == NULL && (session->partial = malloc(sizeof *session->partial)) == NULL)
        return ENDS;
    memcpy(session->partial->bytes, bytes + taken, left);
    session->partial->length = left;
    return GOES_ON;
}

static struct answer
load(const char *query, const char *path)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) < 0 || stat.st_size == 0)
        die(path);
    /* Private anonymous memory rather than the page cache: what a server would send from. */
    uint8_t *bytes = malloc((size_t)stat.st_size);
    if (bytes == NULL)
        die("memory");
    for (size_t done = 0; done < (size_t)stat.st_size;) {
        ssize_t n = read(fd, bytes + done, (size_t)stat.st_size - done);
        if (n <= 0)
            die(path);
        done += (size_t)n;
    }
    close(fd);
    return (struct answer){.query = query, .bytes = bytes, .length = (size_t)stat.st_size};
}

static int
listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1024) < 0)
        die("listen");
    return fd;
}

int
main(int argc, char **argv)
{
    if (argc < 5 || argc % 2 == 0 || argc > 5 + 2 * ANSWERS_MAX) {
        fprintf(stderr, "usage: replay PORT SERVER USER CHUNK [QUERY FILE]...\n");
        return 2;
    }
    server = (uint16_t)strtoul(argv[2], NULL, 10);
    user = argv[3];
    chunk = strtoul(argv[4], NULL, 10);
    if (chunk == 0)
        chunk = 1;
    for (int i = 5; i + 1 < argc; i += 2)
        answers[answer_count++] = load(argv[i], argv[i + 1]);
    int listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) < 0)
        die("epoll");
    puts("ready");
    fflush(stdout);

    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(loop, events, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd, one = 1;
            if (fd != listener) {
                enum fate fate = readable(fd, &sessions[fd]);
                if (fate == IS_HANDED_OVER)
                    (void)epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
                if (fate != GOES_ON) {
                    free(sessions[fd].partial);
                    sessions[fd] = (struct session){0};
                }
                if (fate == ENDS)
                    close(fd);
                else if (fate == IS_HANDED_OVER)
                    hand_over(fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
                if (fd >= DESCRIPTORS_MAX || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0) {
                    close(fd);
                    continue;
                }
                sessions[fd] = (struct session){0};
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            }
        }
    }
}
