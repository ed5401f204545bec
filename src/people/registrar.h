/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registrar: the process with the SCIM endpoint. It keeps what the identity provider tells in
 * one file, in a folder of its own, and tells the supervisor when that has changed; who then has
 * left is refused by the gate as by any other roster. It answers a change once the file is durable
 * and the gate goes by it. It has no rights but to that folder and its listening socket: somebody
 * who takes it over can tell of leavers and of people, but takes nobody off the roster.
 *
 * registrar_main is called in a fresh child of the supervisor which has dropped its privileges. It
 * takes the descriptors.
 */
#ifndef PASU_PEOPLE_REGISTRAR_H
#define PASU_PEOPLE_REGISTRAR_H

#include "base/log.h"
#include "config/model.h"

#define REGISTRAR_FILE "scim.csv"

struct registrar_start {
    int supervisor_fd;
    int folder_fd; /* the folder of the file */
    int listen_fd;
    const struct config *config;
    void (*forget)(void *arg); /* what was needed of it is taken */
    void *arg;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int registrar_main(const struct registrar_start *start, const struct log *log);

#endif
