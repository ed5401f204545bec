/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper: the process that owns what is recorded (the ledger's files and the key that signs
 * it), takes what the gate leaves for it in the rings, and answers the control socket. It has no
 * network.
 *
 * keeper_main is called in a fresh child of the supervisor which has dropped its privileges. It
 * takes the descriptors.
 */
#ifndef PASU_LEDGER_KEEPER_H
#define PASU_LEDGER_KEEPER_H

#include "base/log.h"
#include "exposure/seal.h"
#include "ledger/approvers.h"

struct keeper_start {
    int supervisor_fd;
    int directory_fd; /* the ledger's folder, opened by the supervisor */
    int control_fd;   /* listening */
    int ring_fd;      /* the rings; -1: there are none */
    int wake_fd;      /* eventfd: the gate wakes us */
    int durable_fd;   /* eventfd: we tell the gate that more is on disk */
    struct approvers approvers;
    uint8_t secret[SEAL_SECRET_SIZE]; /* the ledger's; wiped */
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int keeper_main(struct keeper_start *start, const struct log *log);

#endif
