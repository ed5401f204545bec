/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a gateway's server as its inspector, for `pasu check --connect`, `explain`
 * and `doctor`, through libpq.
 *
 * Nothing of the environment (PGHOST, ~/.pgpass, ~/.postgresql …) has a say: what is probed is what
 * the configuration says. Sessions are read only and every wait has an end. Only the command line
 * uses this; the gate speaks the protocol itself.
 */
#ifndef PASU_CLI_PROBE_H
#define PASU_CLI_PROBE_H

#include "config/model.h"
#include "ledger/message.h"

#include <libpq-fe.h>

/* How far connecting came. */
enum probe_phase { PROBE_NOWHERE, PROBE_REACHED, PROBE_TLS, PROBE_LOGIN, PROBE_OPEN };

/* As which the server sees it. */
#define PROBE_APPLICATION "pasu check"

enum { PROBE_ERROR_SIZE = 512 };

struct probe {
    PGconn *connection;
    enum probe_phase phase;
    uint64_t visit; /* by which the guard knows that it comes; 0: it does not, or has come */
    char error[PROBE_ERROR_SIZE]; /* of the last failure, one line */
};

/* Takes PG… variables out of the environment; call it once, before the first probe. */
void probe_init(void);
/*
 * Connects to the gateway's upstream as its inspector (its password_file must have been loaded), to
 * `database`, or to the inspector's where that is NULL. A guard that runs is told before, and which
 * process of the server it is, so that it is pasu's own (gate/visit.h; gateway->control NULL:
 * nobody is told). 0, or an error that `error` explains and whose `phase` says what was being done.
 * Close it in any case.
 */
PASU_MUST_USE int probe_open(struct probe *probe, const struct config_gateway *gateway,
                             const char *database);
/* The same, but the guard is not told which process it is: `visit` is for whoever does. */
PASU_MUST_USE int probe_open_unseen(struct probe *probe, const struct config_gateway *gateway);
/*
 * Connects through the gateway itself, by its first listener: as `user`, whose password is known
 * where it is the inspector. As probe_open otherwise.
 */
PASU_MUST_USE int probe_enter(struct probe *probe, const struct config_gateway *gateway,
                              const char *user, const char *application);
void probe_close(struct probe *probe);
/* Tells the guard, if one runs, that so many connections to the server are coming. By which token
 * it knows them; 0: they are sessions past pasu like any other. */
uint64_t probe_announce(const struct config_gateway *gateway, const char *database, uint32_t count);
/* One of them is there, and has that process of the server; 0: none of the rest comes. */
void probe_arrived(const struct config_gateway *gateway, uint64_t visit, uint32_t pid, int fd);
/* Runs one query with text parameters. The rows, to be freed with PQclear, or NULL with `error`. */
PGresult *probe_query(struct probe *probe, const char *sql, int count, const char *const *values);
/* Whether pasu itself logs in as that role, at some gateway. */
bool probe_is_inspector(const struct config *config, const char *role);

#endif
