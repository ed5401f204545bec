/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection by which `pasu decoy plant --dsn` plants, as whoever --dsn says.
 *
 * It goes to the server past the gate. Where --dsn names the server of a gateway (its host and
 * port; all that is on this machine is one host), the guard hears of it beforehand and which
 * process of the server it is, so that it is a session of pasu's own (gate/visit.h). Anything else,
 * several hosts, a service, or the gateway itself, is connected to as it is.
 */
#ifndef PASU_CLI_DECOY_CONNECT_H
#define PASU_CLI_DECOY_CONNECT_H

#include "config/model.h"

#include <libpq-fe.h>

/* Whoever calls it ends it with PQfinish; whether it stands PQstatus says. NULL: no memory. */
PGconn *decoy_connect(const struct config *config, const char *dsn);

#endif
