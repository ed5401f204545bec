/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a running guard does not do its work, and what that means for who reads and for who
 * watches: of a status document, under its key `degraded`, a list of
 * {what, state, since, error, text, traffic, hint}. It is empty where all is well.
 */
#ifndef PASU_CLI_DEGRADED_H
#define PASU_CLI_DEGRADED_H

#include "base/attributes.h"
#include "config/model.h"

#include <jansson.h>

/* Adds the list. `has_gate`: the gate has answered. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int degraded_add(json_t *status, const struct config *config, bool has_gate);
/* Whether something is on it that sessions feel: gate, keeper or ledger. */
bool degraded_is_felt(const json_t *status);

#endif
