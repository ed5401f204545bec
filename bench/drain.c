/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PostgreSQL client that sends one Query again and again and throws the answers away.
 *
 *     drain PORT USER DATABASE QUERY SECONDS           repeat until SECONDS have passed
 *     drain PORT USER DATABASE QUERY --save FILE       once, and keep the answer's bytes
 *
 * It exists because psql, and any library that makes values of rows, costs more than the relay that
 * is to be measured. Each answer is read in pieces of up to 1 MiB; the message headers are
 * followed, so that the rows are counted and the end (ReadyForQuery) is found, and an error of the
 * server ends it. It prints one line of JSON: answers, bytes, rows, and the seconds from the first
 * Query to the last ReadyForQuery. Logging in (trust only) is not part of the seconds.
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
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1024 * 1024, QUERY_MAX = 2048 };

/* Where the walk over the messages stands; all that is kept from one read to the next. */
struct walk {
    uint8_t head[5];
    size_t head_length; /* bytes of the header that have come */
    size_t body_left;   /* bytes of the body still to come */
    uint64_t rows;
    bool is_ready, is_error;
};

static uint8_t buffer[BUFFER_SIZE];

static void
die(const char *what)
{
    fprintf(stderr, "drain: %s: %s\n", what, errno != 0 ? strerror(errno) : "unexpected");
    exit(2);
}

static double
seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Called when a header is complete. The server sends nothing after ReadyForQuery by itself. */
static void
walk_header(struct walk *walk)
{
    uint32_t size;
    memcpy(&size, walk->head + 1, 4);
    size = ntohl(size);
    if (size < 4)
        die("message shorter than its header");
    walk->body_left = size - 4;
    walk->head_length = 0;
    switch (walk->head[0]) {
    case 'D':
    case 'd':
        walk->rows++;
        break;
    case 'E':
        walk->is_error = true;
        break;
    case 'Z':
        walk->is_ready = true;
        break;
    default:
        break;
    }
}

static void
walk_bytes(struct walk *walk, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    while (at < length) {
        if (walk->body_left > 0) {
            size_t part = walk->body_left < length - at ? walk->body_left : length - at;
            walk->body_left -= part;
            at += part;
            continue;
        }
        size_t part = sizeof walk->head - walk->head_length;
        if (part > length - at)
            part = length - at;
        memcpy(walk->head + walk->head_length, bytes + at, part);
        walk->head_length += part;
        at += part;
        if (walk->head_length == sizeof walk->head)
            walk_header(walk);
    }
}

static void
send_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0)
            die("send");
        bytes += n;
        length -= (size_t)n;
    }
}

static void
save_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n <= 0)
            die("save");
        bytes += n;
        length -= (size_t)n;
    }
}

/* Reads up to and with ReadyForQuery; returns the bytes read. */
static uint64_t
read_answer(int fd, struct walk *walk, int save)
{
    uint64_t total = 0;

    walk->is_ready = false;
    while (!walk->is_ready || walk->body_left > 0) {
        ssize_t n = recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) {
            if (n == 0)
                errno = 0;
            die("the connection ended in mid-answer");
        }
        if (save >= 0)
            save_all(save, buffer, (size_t)n);
        walk_bytes(walk, buffer, (size_t)n);
        total += (uint64_t)n;
    }
    if (walk->is_error) {
        errno = 0;
        die("the server answered with an error");
    }
    return total;
}

static int
log_in(uint16_t port, const char *user, const char *database)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

    uint8_t message[512] = {0, 0, 0, 0, 0, 3, 0, 0}; /* length, version 3.0 */
    int n = snprintf((char *)message + 8, sizeof message - 8, "user%c%s%cdatabase%c%s%c", 0, user,
                     0, 0, database, 0);
    if (n < 0 || (size_t)n + 9 > sizeof message)
        die("names too long");
    uint32_t size = htonl((uint32_t)n + 9);
    memcpy(message, &size, 4);
    send_all(fd, message, (size_t)n + 9);

    struct walk walk = {0};
    (void)read_answer(fd, &walk, -1);
    return fd;
}

int
main(int argc, char **argv)
{
    if (argc < 6 || (strcmp(argv[5], "--save") == 0 && argc < 7)) {
        fprintf(stderr, "usage: drain PORT USER DATABASE QUERY SECONDS|--save FILE\n");
        return 2;
    }
    size_t text = strlen(argv[4]) + 1;
    uint8_t query[QUERY_MAX] = {'Q'};
    if (text + 5 > sizeof query)
        die("query too long");
    uint32_t size = htonl((uint32_t)text + 4);
    memcpy(query + 1, &size, 4);
    memcpy(query + 5, argv[4], text);

    int save = -1;
    double wanted = 0;
    if (strcmp(argv[5], "--save") != 0)
        wanted = strtod(argv[5], NULL);
    else if ((save = open(argv[6], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0)
        die(argv[6]);

    int fd = log_in((uint16_t)strtoul(argv[1], NULL, 10), argv[2], argv[3]);
    struct walk walk = {0};
    uint64_t answers = 0, bytes = 0;
    double begin = seconds_now(), end;
    do {
        send_all(fd, query, text + 5);
        bytes += read_answer(fd, &walk, save);
        answers++;
        end = seconds_now();
    } while (end - begin < wanted);
    send_all(fd, (const uint8_t *)"X\0\0\0\4", 5);
    close(fd);
    if (save >= 0 && close(save) < 0)
        die("save");
    printf("{\"answers\": %llu, \"bytes\": %llu, \"rows\": %llu, \"seconds\": %.6f}\n",
           (unsigned long long)answers, (unsigned long long)bytes, (unsigned long long)walk.rows,
           end - begin);
    return 0;
}
