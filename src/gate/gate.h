/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: the process that talks to the network. Its main thread reads the channels to supervisor
 * and keeper; N worker threads own the sessions.
 *
 * gate_main is called in a fresh child of the supervisor which has dropped its privileges. It takes
 * the supervisor's channel end, waits there for its configuration (MESSAGE_CONFIG, COMMIT), its
 * listening sockets (LISTENER), its servers' addresses (UPSTREAM) and its end of the keeper's
 * channel (PEER), enters its sandbox, says READY, and serves until MESSAGE_STOP, until it is
 * drained, or until the supervisor is gone.
 */
#ifndef PASU_GATE_GATE_H
#define PASU_GATE_GATE_H

#include "base/log.h"

/* The process's exit status: 0 as asked, 2 on a fault. `log` is copied. */
int gate_main(int supervisor_fd, const struct log *log);

#endif
