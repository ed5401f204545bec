/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's end of the channel to the keeper, which is replaced whenever a keeper is. Any thread
 * may send, none ever waits.
 *
 * The socket holds a hundred messages or two. What is to be recorded and finds no room in it waits
 * here, in order, until the main thread can send it (keeper_link_flush); ends of sessions and
 * refusals also where there is no keeper at the moment. What does not even find room here is
 * counted, and the keeper is told of the gap; so it is of exposures that no ring had room for and
 * that were carried all the same. A keeper that dies right after is no reason for a gap that nobody
 * knows of: the next one is told again of the last minute's, which can then count twice.
 */
#ifndef PASU_GATE_KEEPER_LINK_H
#define PASU_GATE_KEEPER_LINK_H

#include "base/channel.h"
#include "base/list.h"
#include "base/os.h"

#include <pthread.h>

enum {
    KEEPER_WAITING_MAX = 16384, /* messages, of some hundred bytes */
    KEEPER_TOLD_MAX = 16,       /* of a minute, in which the link is looked at each five seconds */
};

/* How many carried records the keeper was told of at a time. */
struct keeper_told {
    uint64_t count; /* 0: there is none */
    int64_t since;  /* realtime, of the first of them */
    int64_t at;     /* monotonic */
};

struct keeper_link {
    const struct os *os;
    pthread_mutex_t lock;
    struct channel channel; /* fd -1: no keeper */
    struct list waiting;    /* struct waiting */
    size_t waiting_count;
    uint64_t lost;            /* records that found no room, and the keeper does not know of */
    int64_t lost_since;       /* realtime, of the first */
    uint64_t carried, looked; /* records that no ring had room for (on_failure: open), of which the
                                 keeper is to be told; as many there were at the last look */
    int64_t carried_since;    /* realtime, of the first */
    struct keeper_told told[KEEPER_TOLD_MAX]; /* the next keeper is told of these again */
    uint32_t told_next;                       /* which is the oldest */
    int wake; /* eventfd of the main thread, that something waits; not ours; -1: nobody */
};

void keeper_link_init(struct keeper_link *link, const struct os *os, int wake);
/* Drops what still waits. */
void keeper_link_release(struct keeper_link *link);
/* Takes the descriptor; the former one is closed. -1: no keeper now. Of what waits, sessions that
 * begin and that go on are dropped: a new keeper is told of them anew. */
void keeper_link_replace(struct keeper_link *link, int fd);
/* As channel_send; PASU_E_EOF without a keeper. */
PASU_MUST_USE int keeper_link_send(struct keeper_link *link, uint32_t type, const void *body,
                                   size_t length);
/* Something to be recorded: sent, or it waits. Not 0: it will not be, and, but for MESSAGE_OPENED,
 * is counted as lost. PASU_E_EOF: there is no keeper to answer MESSAGE_OPENED; PASU_E_AGAIN,
 * PASU_E_NOMEM: there is no room. */
PASU_MUST_USE int keeper_link_record(struct keeper_link *link, uint32_t type, const void *body,
                                     size_t length);
/* The session will not begin: its MESSAGE_OPENED, if it still waits, is dropped. */
void keeper_link_withdraw(struct keeper_link *link, uint64_t session);
/* A record of what somebody was shown has found no room, and it was shown. Whether it is the first
 * of which the keeper was not told yet. */
bool keeper_link_carried(struct keeper_link *link);
/* Tells the keeper of these, once no more come, or a minute is over. Every five seconds. */
void keeper_link_look(struct keeper_link *link);
/* Sends what waits, as far as the keeper takes it; whether anything still does. */
bool keeper_link_flush(struct keeper_link *link);
/* The same at the gate's end, with those that were carried, for at most so long. */
void keeper_link_drain(struct keeper_link *link, int milliseconds);

#endif
