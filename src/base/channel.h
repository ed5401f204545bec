/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel between two processes of pasu: one end of a SOCK_SEQPACKET socket pair, over which
 * plain fixed structs travel, each with at most one file descriptor.
 *
 * A message is a header and a body whose length the type fixes: a table (struct channel_rule) lists
 * the types that may arrive on a channel and their exact lengths; everything else is refused before
 * anybody sees the body. All fields are in the machine's own byte order: both ends are the same
 * program. Sending is safe from any thread; receiving is for one thread.
 */
#ifndef PASU_BASE_CHANNEL_H
#define PASU_BASE_CHANNEL_H

#include "base/error.h"

enum { CHANNEL_BODY_MAX = 4096 };

struct channel_header {
    uint32_t type;   /* an enum of the channel's user, from 1 */
    uint32_t length; /* of the body */
};

/* A type that may arrive, the exact length of its body, and whether a descriptor must come with it.
 */
struct channel_rule {
    uint32_t type;
    uint32_t length;
    bool has_fd;
};

struct channel {
    int fd; /* -1: closed */
    const struct channel_rule *rules;
    size_t rule_count;
};

struct channel_message {
    uint32_t type;
    uint32_t length;
    int fd; /* -1, or a descriptor that the receiver now owns */
    _Alignas(16) uint8_t body[CHANNEL_BODY_MAX];
};

/* Two connected, nonblocking, close-on-exec ends; [0] and [1] are equal. 0 or an error. */
PASU_MUST_USE int channel_pair(int ends[2]);
/* The channel takes the descriptor. Rules must outlive it. */
void channel_init(struct channel *channel, int fd, const struct channel_rule *rules, size_t count);
void channel_close(struct channel *channel);
/*
 * Sends one message, `fd` with it unless -1 (the sender keeps its copy). Never waits: PASU_E_AGAIN
 * if the peer does not read, PASU_E_EOF if it is gone, PASU_E_RANGE if the body is too long.
 */
PASU_MUST_USE int channel_send(const struct channel *channel, uint32_t type, const void *body,
                               size_t length, int fd);
/*
 * Receives one message. 0; PASU_E_AGAIN if there is none; PASU_E_EOF if the peer is gone;
 * PASU_E_PROTOCOL if it is not in the table (a descriptor that came with it has been closed; the
 * message is dropped, message->type tells which it was).
 */
PASU_MUST_USE int channel_receive(const struct channel *channel, struct channel_message *message);

#endif
