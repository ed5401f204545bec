/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's own cancel requests, for results that it has ended. */
#include "gate/observer.h"
#include "gate/session.h"

#include "base/memory.h"

/* As if a client had asked: a session of its own, without one, which ends when the server has read
 * the request. */
bool
cancel_own(struct session *s)
{
    const struct cancel_entry *entry = s->cancel;
    struct session *own = entry ? session_new_own(s) : NULL;
    struct handshake *h = own ? memory_new(1, sizeof(*h)) : NULL;

    if (!own)
        return false;
    own->handshake = h;
    if (!h) {
        session_close(own);
        return false;
    }
    own->cancels = s->id;
    h->cancel.server = entry->server;
    h->cancel.pid = entry->pid;
    h->cancel.length = entry->length;
    memcpy(h->cancel.key, entry->keys + entry->length, entry->length);
    h->upstreams[0] = entry->server;
    h->upstream_count = 1;
    handshake_connect(own);
    if (own->state == SESSION_CLOSED)
        return false;
    session_watch(own);
    return true;
}

bool
handshake_cancel(struct session *s)
{
    s->observer->is_cancelling = true;
    return cancel_own(s);
}
