/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's end of the control socket: takes commands of whoever runs as root or as we do, or is
 * named as an approver (who may do little: approvals_may), and hands their questions to the keeper,
 * which answers by frames. A client never makes anybody wait: it has a limit of time, and what it
 * does not read is kept up to a limit of bytes.
 */
#ifndef PASU_LEDGER_CONTROL_H
#define PASU_LEDGER_CONTROL_H

#include "base/log.h"
#include "ledger/approvers.h"
#include "ledger/control_protocol.h"

#include <poll.h>

enum {
    CONTROL_CLIENTS_MAX = 16,
    CONTROL_CLIENT_SECONDS = 5,
    CONTROL_ANSWER_MILLISECONDS = 2000,
    CONTROL_OUT_MAX = 64 << 20,
};

struct control_client {
    int fd; /* -1: free */
    uint64_t question;
    int64_t deadline;  /* monotonic: when it is closed, whatever it waits for */
    int64_t answer_by; /* the same: when it hears that nobody has answered */
    struct control_request request;
    size_t have;
    uint8_t *out;
    size_t out_at, out_end, out_size;
    bool is_asked, is_answered;
    uint32_t uid, pid; /* of the other end */
};

struct control {
    const struct log *log;
    const struct approvers *approvers;
    int listener;
    uint64_t last_question;
    struct control_client clients[CONTROL_CLIENTS_MAX];
};

/* What the keeper does with a request: it answers now or later by control_frame and control_end. */
typedef void control_ask_fn(void *arg, struct control_client *client);

void control_init(struct control *control, int listener, const struct approvers *approvers,
                  const struct log *log);
void control_release(struct control *control);
/* Fills in what to poll: at most 1 + CONTROL_CLIENTS_MAX entries; their number. */
size_t control_polls(const struct control *control, struct pollfd *polls);
/* Does what poll says. */
void control_serve(struct control *control, const struct pollfd *polls, size_t count,
                   control_ask_fn *ask, void *arg);
/* Ends those whose time is over. */
void control_look(struct control *control, int64_t now);
struct control_client *control_find(struct control *control, uint64_t question);
void control_frame(struct control_client *client, enum control_frame type, const void *body,
                   size_t length);
void control_end(struct control_client *client, int error, uint64_t count);
/* The client may not ask for that: PASU_E_DENIED, which is logged. */
void control_refuse(const struct control *control, struct control_client *client);

#endif
