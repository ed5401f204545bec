/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: the process with the page on which a person asks what of theirs was shown
 * (HTTP and TLS are libmicrohttpd's, in one thread). It has its listening socket and a channel to
 * the clerk (console/clerk.h); it opens no file, knows no database, ledger or key but that of its
 * certificate, and holds nobody's data longer than a page is on its way.
 *
 * Nobody learns from it whether a contact is known: the answer to a question for a code says the
 * same, and leaves at a fixed time after the question, before anybody looks; that to a code leaves
 * at such a time, too.
 *
 * console_main is called in a fresh child of the supervisor which has dropped its privileges. It
 * takes the descriptors.
 */
#ifndef PASU_CONSOLE_CONSOLE_H
#define PASU_CONSOLE_CONSOLE_H

#include "base/log.h"
#include "config/model.h"

struct console_start {
    int supervisor_fd, listen_fd;
    const struct config *config;
    void (*forget)(void *arg); /* what was needed of it is taken */
    void *arg;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int console_main(const struct console_start *start, const struct log *log);

#endif
