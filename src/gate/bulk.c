/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/bulk.h"

#include <linux/sock_diag.h>
#include <sys/epoll.h>

#define TICK (BULK_TICK_MILLISECONDS * NANOSECONDS_PER_MILLISECOND)

/* Below it the kernel looks for nobody to wake, which costs the server, too. */
static void
set_threshold(const struct session *s, int bytes)
{
    setsockopt(s->server.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/* A Unix socket holds no more than a fifth of a megabyte, and does not say how full it is. */
static bool
is_local(const struct session *s)
{
    int domain;
    socklen_t length = sizeof(domain);

    return getsockopt(s->server.fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
           domain == AF_UNIX;
}

void
bulk_read(struct session *s, size_t length)
{
    if (s->state != SESSION_BUSY && s->state != SESSION_COPY_OUT) {
        bulk_end(s);
        return;
    }
    if (PASU_LIKELY(s->streamed < BULK_AFTER)) {
        s->streamed += (uint32_t)length;
        return;
    }
    if (!bulk_is(s) && is_local(s)) {
        s->streamed = 0;
        return;
    }
    if (!bulk_is(s)) {
        set_threshold(s, BULK_PIECE);
        s->bulk_taken = 0;
        s->bulk_fast = 0;
        s->bulk_pause = TICK;
        s->bulk_due = os_monotonic(s->worker->os) + TICK;
        list_append(&s->worker->bulk, &s->bulk);
    }
    s->bulk_taken += length;
}

void
bulk_end(struct session *s)
{
    s->streamed = 0;
    if (PASU_UNLIKELY(bulk_is(s))) {
        set_threshold(s, 1);
        list_remove(&s->bulk);
    }
}

/* Whether the server may soon wait for us. */
static bool
is_half_full(const struct session *s)
{
    uint32_t memory[SK_MEMINFO_VARS];
    socklen_t length = sizeof(memory);

    return getsockopt(s->server.fd, SOL_SOCKET, SO_MEMINFO, memory, &length) != 0 ||
           length <= SK_MEMINFO_RCVBUF * sizeof(*memory) ||
           memory[SK_MEMINFO_RMEM_ALLOC] > memory[SK_MEMINFO_RCVBUF] / 2;
}

/* More than a byte a nanosecond: no executor makes rows so fast. */
static bool
is_flood(size_t length, int64_t nanoseconds)
{
    return (int64_t)length > nanoseconds;
}

static void
look(struct session *s)
{
    bool has_paused = s->bulk_pause > 0, was_timed = bulk_is_timed(s);
    int64_t last = s->bulk_due - s->bulk_pause, now;

    s->bulk_pause = was_timed && is_half_full(s) ? 0 : TICK;
    session_ready(s, &s->server, EPOLLIN);
    if (!bulk_is(s))
        return;
    now = os_monotonic(s->worker->os);
    if (s->bulk_taken < BULK_LITTLE && (has_paused || s->bulk_pause == 0))
        bulk_end(s);
    else if (s->bulk_taken >= BULK_MUCH && is_flood(s->bulk_taken, now - last))
        s->bulk_fast = BULK_FAST_TICKS;
    else if (s->bulk_fast > 0)
        s->bulk_fast--;
    s->bulk_taken = 0;
    s->bulk_due = now + s->bulk_pause;
    if (!bulk_is(s) || bulk_is_timed(s) != was_timed)
        session_watch(s);
}

void
bulk_look(struct worker *w)
{
    int64_t now = os_monotonic(w->os);

    list_each_safe (link, &w->bulk) {
        struct session *s = LIST_ENTRY(link, struct session, bulk);

        if (s->bulk_due <= now)
            look(s);
    }
}

int
bulk_wait(const struct worker *w)
{
    int64_t now = os_monotonic(w->os);

    list_each (link, &w->bulk) {
        if (LIST_ENTRY(link, struct session, bulk)->bulk_due <= now)
            return 0;
    }
    return BULK_TICK_MILLISECONDS;
}
