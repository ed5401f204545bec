/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: the process that talks to the network. Its main thread reads the channels to supervisor
 * and keeper; N worker threads own the sessions.
 *
 * gate_main is called in a fresh child of the supervisor which has dropped its privileges. It takes
 * the descriptors, waits at the supervisor's channel for its configuration (MESSAGE_CONFIG,
 * COMMIT), reads the past, takes its listening sockets (LISTENER), its servers' addresses
 * (UPSTREAM) and its end of the keeper's channel (PEER), enters its sandbox, says READY, and serves
 * until MESSAGE_STOP, until it is drained, or until the supervisor is gone.
 */
#ifndef PASU_GATE_GATE_H
#define PASU_GATE_GATE_H

#include "base/log.h"

enum { GATE_SECRET_SIZE = 32 };

struct gate_start {
    int supervisor_fd;
    int ring_fd;                      /* the rings, to be written */
    int wake_fd;                      /* eventfd: wakes the keeper */
    int durable_fd;                   /* eventfd: more of the rings is on disk */
    uint8_t secret[GATE_SECRET_SIZE]; /* the ledger's */
};

/* The process's exit status: 0 as asked, 2 on a fault. `start` is the child's own copy, `log` is
 * copied. */
int gate_main(struct gate_start *start, const struct log *log);

#endif
