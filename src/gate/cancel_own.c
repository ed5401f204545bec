/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's own cancel requests, for results that it has ended. */
#include "gate/session.h"

#include "base/memory.h"

/* As if a client had asked: a session of its own, without one, which ends when the server has acted
 * on the request. Until then the client is not told that the server is ready (hold.h): its next
 * statement would be what is cancelled. */
void
handshake_cancel(struct session *s)
{
    const struct cancel_entry *entry = s->canceller ? NULL : s->cancel;
    struct session *own = entry ? session_new_own(s) : NULL;
    struct handshake *h = own ? memory_new(1, sizeof(*h)) : NULL;

    if (!own)
        return;
    own->handshake = h;
    own->cancels = s;
    s->canceller = own;
    if (!h) {
        session_close(own);
        return;
    }
    h->cancel.server = entry->server;
    h->cancel.pid = entry->pid;
    h->cancel.length = entry->length;
    memcpy(h->cancel.key, entry->keys + entry->length, entry->length);
    h->upstreams[0] = entry->server;
    h->upstream_count = 1;
    handshake_connect(own);
    if (own->state != SESSION_CLOSED)
        session_watch(own);
}

void
handshake_cancel_over(struct session *s)
{
    if (s->cancels)
        s->cancels->canceller = NULL;
    if (s->canceller)
        s->canceller->cancels = NULL;
    s->cancels = s->canceller = NULL;
}
