/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child process of the supervisor: the gate or the keeper. Its channel, how it does, and when
 * it may be started again.
 */
#ifndef PASU_GUARD_CHILD_H
#define PASU_GUARD_CHILD_H

#include "base/channel.h"
#include "base/list.h"
#include "base/log.h"
#include "base/sandbox.h"

#include <sys/types.h>

struct child {
    const char *name;
    pid_t pid; /* 0: not running */
    struct channel channel;
    struct list outgoing; /* what it has not taken yet, in order */
    size_t outgoing_count;
    uint32_t restarts;         /* how often it died unasked */
    int64_t since;             /* realtime ns */
    int64_t started, retry_at; /* monotonic ns */
    int64_t backoff;           /* ns; 0: at once */
    int64_t pong_at;           /* monotonic: when it last answered */
    int64_t asked_at;          /* monotonic: of the first PING since; 0: none */
    uint32_t told;             /* enum process_state that the keeper was told last */
    bool is_prepared, is_committed, is_ready, is_told_stuck;
    int prepared_error;
};

/* What runs in the child, after its rights are gone; its result is the exit status. */
typedef int child_main_fn(int supervisor_fd, const struct log *log, void *arg);

struct child_start {
    const struct sandbox_account *account;
    const struct log *log;
    child_main_fn *main;
    void *arg;
    const int *keep; /* descriptors that the child needs beside the channel */
    size_t keep_count;
    const struct channel_rule *rules; /* of what it may say to us */
    size_t rule_count;
};

/* Forks. The child gives up everything it does not need first. PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int child_start(struct child *child, const struct child_start *start);
/* Not running, nothing to say. */
void child_init(struct child *child, const char *name);
/* Sends in order, keeping what the child does not take at once (a copy of `fd`, too): nothing that
 * it is told is lost while it lives. PASU_E_EOF: it is gone. PASU_E_NOMEM, also where it has not
 * taken thousands of messages. */
PASU_MUST_USE int child_send(struct child *child, uint32_t type, const void *body, size_t length,
                             int fd);
/* Sends what was kept, as far as the child takes it. */
void child_flush(struct child *child);
/* It has died: closes its channel, says how, sets when it may start again. */
void child_died(struct child *child, int status, bool is_expected, const struct log *log);

#endif
