/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/bulk.h"

#include "gate/session.h"

#include <sys/epoll.h>

static void
set_threshold(const struct session *s, int bytes)
{
    /* On a socket that does not know it (AF_UNIX) every byte goes on waking the worker. */
    setsockopt(s->server.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

static bool
is_bulk(const struct session *s)
{
    return !list_is_empty(&s->bulk);
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
    if (!is_bulk(s)) {
        set_threshold(s, BULK_PIECE);
        list_append(&s->worker->bulk, &s->bulk);
    }
    s->bulk_at = os_monotonic(s->worker->os);
}

void
bulk_end(struct session *s)
{
    s->streamed = 0;
    if (PASU_UNLIKELY(is_bulk(s))) {
        set_threshold(s, 1);
        list_remove(&s->bulk);
    }
}

void
bulk_look(struct worker *w)
{
    int64_t before = os_monotonic(w->os) - BULK_PATIENCE_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;

    list_each_safe (link, &w->bulk) {
        struct session *s = LIST_ENTRY(link, struct session, bulk);

        if (s->bulk_at > before)
            continue;
        bulk_end(s);
        session_ready(s, &s->server, EPOLLIN);
    }
}
