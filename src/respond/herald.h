/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The herald: the process that carries the ledger's checkpoints out of reach of who can change the
 * ledger, to a file, a syslog, a webhook and witnesses. It talks to the network and has nothing of
 * the ledger but what the keeper sends it: checkpoints, and proofs that they go on from each other.
 * Nothing waits for it. Only the newest checkpoint counts: a target that was slow or away gets that
 * one.
 *
 * herald_main is called in a fresh child of the supervisor that has dropped its privileges. It
 * takes the descriptors, reads what it needs of the configuration, and lets `forget` wipe that.
 * From then on it can open no file but its own two (where the kernel has Landlock), and looks no
 * name up: the supervisor tells it addresses.
 */
#ifndef PASU_RESPOND_HERALD_H
#define PASU_RESPOND_HERALD_H

#include "config/model.h"

struct herald_start {
    int supervisor_fd;
    int metrics_fd; /* listening; -1: nobody is told numbers */
    int folder_fd;  /* where the cosigned checkpoint is kept; -1: there are no witnesses */
    const struct config *config;
    void (*forget)(void *arg);
    void *arg;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int herald_main(const struct herald_start *start, const struct log *log);

#endif
