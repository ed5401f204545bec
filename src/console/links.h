/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What console and clerk are joined by: each with the supervisor, which gives them the end of a
 * channel between the two, again when the other one has been started anew.
 *
 *      supervisor ── PEER, PING, STOP ──▶ console ◀── what it asks, what it is told ──▶ clerk
 *
 * Owned by the process; one thread.
 */
#ifndef PASU_CONSOLE_LINKS_H
#define PASU_CONSOLE_LINKS_H

#include "base/channel.h"
#include "base/log.h"

struct links {
    struct channel supervisor;
    struct channel peer;              /* -1: there is none */
    const struct channel_rule *rules; /* of what comes from the peer */
    size_t rule_count;
    /* Each message of the peer's; its descriptor is whoever's takes it. */
    void (*take)(void *arg, struct channel_message *message);
    void *arg;
    struct log *log;
    bool is_stopping; /* the supervisor has said so, or is gone */
};

/* Takes what has come. A peer that is gone is there no longer. */
void links_read(struct links *links);
void links_close(struct links *links);

#endif
