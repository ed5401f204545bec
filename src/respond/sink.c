/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/sink.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define PATIENCE (5 * NANOSECONDS_PER_SECOND)

enum { LENGTH_SIZE = 8 };

void
sink_host_name(char host[SINK_HOST_SIZE])
{
    memset(host, 0, SINK_HOST_SIZE);
    if (gethostname(host, SINK_HOST_SIZE - 1) != 0 || host[0] == '\0')
        snprintf(host, SINK_HOST_SIZE, "-");
    for (char *at = host; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            *at = '-';
}

void
sink_init(struct sink *s, const struct os *os, const char *target)
{
    *s = (struct sink){.os = os,
                       .fd = -1,
                       .is_stream =
                           strncmp(target, "tcp://", 6) == 0 || strncmp(target, "tls://", 6) == 0};
    sink_host_name(s->host);
}

int
sink_trust(struct sink *s, struct view authorities, const char *host)
{
    return sink_tls_new(&s->tls, authorities, host);
}

void
sink_release(struct sink *s)
{
    sink_close(s);
    sink_tls_free(s->tls);
    s->tls = NULL;
}

short
sink_events(const struct sink *s)
{
    return s->is_connected && s->tls && sink_tls_reads(s->tls) ? POLLIN : POLLOUT;
}

const char *
sink_error(const struct sink *s)
{
    return s->tls ? sink_tls_error(s->tls) : "";
}

void
sink_close(struct sink *s)
{
    if (s->fd >= 0)
        s->os->close(s->os->arg, s->fd);
    s->fd = -1;
    s->is_connected = false;
    s->length = 0;
}

int
sink_begin(struct sink *s, int priority, const char *kind, const char *data, struct view text)
{
    char time[32], *line = (char *)s->line, length[LENGTH_SIZE];
    int head, before;

    log_time_text(time, sizeof(time), os_realtime(s->os));
    head = snprintf(line, sizeof(s->line), "<%d>1 %s %s pasu %d %s %s ", priority, time, s->host,
                    (int)getpid(), kind, data);
    if (head < 0 || (size_t)head + LENGTH_SIZE >= sizeof(s->line) ||
        text.length > sizeof(s->line) - LENGTH_SIZE - (size_t)head)
        return PASU_E_RANGE;
    memcpy(line + head, text.bytes, text.length);
    s->length = (size_t)head + text.length;
    if (s->is_stream) {
        before = snprintf(length, sizeof(length), "%zu ", s->length);
        memmove(line + before, line, s->length);
        memcpy(line, length, (size_t)before);
        s->length += (size_t)before;
    }
    s->at = 0;
    s->until = os_monotonic(s->os) + PATIENCE;
    return 0;
}

static int
open_socket(struct sink *s, const struct address *address)
{
    int type = s->is_stream ? SOCK_STREAM : SOCK_DGRAM;

    s->fd = socket(address->u.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return error_from_errno(errno);
    if (s->os->connect(s->os->arg, s->fd, &address->u.any, address->length) == 0) {
        s->is_connected = true;
        return s->tls ? sink_tls_begin(s->tls, s->fd) : 0;
    }
    return errno == EINPROGRESS ? 0 : error_from_errno(errno);
}

/* Whether the connection is there. */
static int
await(struct sink *s)
{
    struct pollfd one = {.fd = s->fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (s->is_connected)
        return 0;
    if (poll(&one, 1, 0) <= 0)
        return PASU_E_AGAIN;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return error_from_errno(error != 0 ? error : errno);
    s->is_connected = true;
    return s->tls ? sink_tls_begin(s->tls, s->fd) : 0;
}

/* A syslog says nothing: what comes is its end, or is thrown away. */
static int
listen_to(struct sink *s)
{
    uint8_t bytes[512];
    ssize_t n;

    if (!s->is_stream)
        return 0;
    if (s->tls)
        return sink_tls_listen(s->tls);
    n = s->os->recv(s->os->arg, s->fd, bytes, sizeof(bytes));
    if (n > 0)
        return 0;
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : PASU_E_EOF;
}

static int
send_rest(struct sink *s)
{
    while (s->at < s->length) {
        const uint8_t *rest = s->line + s->at;
        ssize_t n = s->tls ? sink_tls_send(s->tls, rest, s->length - s->at)
                           : s->os->send(s->os->arg, s->fd, rest, s->length - s->at);

        if (n < 0 && s->tls)
            return (int)n;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? PASU_E_AGAIN : error_from_errno(errno);
        s->at += (size_t)n;
    }
    return 0;
}

static int
go_on(struct sink *s, const struct address *address)
{
    int result = s->fd < 0 ? open_socket(s, address) : 0;

    if (result == 0)
        result = await(s);
    if (result == 0 && s->tls)
        result = sink_tls_shake(s->tls);
    if (result == 0)
        result = listen_to(s);
    return result == 0 ? send_rest(s) : result;
}

int
sink_step(struct sink *s, const struct address *address)
{
    bool was_open = s->fd >= 0 && s->at == 0;
    size_t length = s->length;
    int result = go_on(s, address);

    /* A connection that the other end has left meanwhile is made again, once. */
    if (result == PASU_E_EOF && was_open) {
        sink_close(s);
        s->length = length;
        result = go_on(s, address);
    }
    if (result == PASU_E_AGAIN && os_monotonic(s->os) < s->until)
        return result;
    if (result == PASU_E_AGAIN)
        result = PASU_E_TIMEOUT;
    if (result != 0)
        sink_close(s);
    s->length = 0;
    return result;
}
