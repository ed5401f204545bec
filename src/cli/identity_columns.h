/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns that `identity` names, looked for on the gateways' servers: in every database that
 * the inspector may enter. What is found and cannot be in the identity index is kept with the
 * reason, so that it can be said.
 */
#ifndef PASU_CLI_IDENTITY_COLUMNS_H
#define PASU_CLI_IDENTITY_COLUMNS_H

#include "cli/probe.h"
#include "exposure/identity.h"

enum { IDENTITY_REASON_SIZE = 256 };

struct identity_wanted {
    const struct config_gateway *gateway;
    struct identity_section section; /* but for what its rows say */
    char schema[IDENTITY_NAME_SIZE], table[IDENTITY_NAME_SIZE], key[IDENTITY_NAME_SIZE];
    char columns[IDENTITY_VALUES_MAX][IDENTITY_NAME_SIZE];
    uint64_t estimate;                 /* rows, as the server's statistics have it */
    char reason[IDENTITY_REASON_SIZE]; /* why it is not made; "" where it is */
};

struct identity_wants {
    struct identity_wanted *items;
    size_t count;
    size_t fit; /* of these, with no reason */
};

/* 0, PASU_E_NOMEM, PASU_E_RANGE: too many; or, with `probe`'s error, what probe_open has: a server
 * cannot be asked. Free with identity_wants_release. */
PASU_MUST_USE int identity_wants_collect(struct identity_wants *wants, const struct config *config,
                                         struct probe *probe);
void identity_wants_release(struct identity_wants *wants);
/* Whether the column is fit, and what the server has counted of its table, now. 0, or
 * PASU_E_UPSTREAM_PROTOCOL with the probe's error. */
PASU_MUST_USE int identity_wanted_look(struct identity_wanted *wanted, struct probe *probe);

#endif
