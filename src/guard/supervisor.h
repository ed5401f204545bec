/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: what `pasu guard` is. It reads the configuration, opens what only it may open
 * (the listening sockets, the ledger's folder, the control socket, certificates and keys), starts
 * the keeper and the gate without those rights, restarts them when they die, and ends them when it
 * is told to. It never touches a byte of a client or a server.
 */
#ifndef PASU_GUARD_SUPERVISOR_H
#define PASU_GUARD_SUPERVISOR_H

#include "console/clerk.h"

/* Runs until SIGTERM or SIGINT; `lent` is how the clerk looks persons up. The exit status: 0
 * stopped as asked, 2 could not start. */
int guard_main(const char *config_path, const struct clerk_lent *lent);

#endif
