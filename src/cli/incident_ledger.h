/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The incidents of the ledger that the configuration names, for the commands that show them or add
 * to them. What is wrong is complained about here; results are exit statuses, 0 to go on.
 */
#ifndef PASU_CLI_INCIDENT_LEDGER_H
#define PASU_CLI_INCIDENT_LEDGER_H

#include "cli/asked.h"
#include "ledger/incidents.h"

/* Those of the ledger; or the one with that number (UINT64_MAX: all), which must be there. Release
 * them in any case. */
PASU_MUST_USE int incident_find(const struct ask *ask, struct incidents *incidents,
                                uint64_t number);
/* A number of an incident, or of a record. */
PASU_MUST_USE int incident_number(uint64_t *number, const char *text, const char *what);
/* Both are there, and are no longer than what is recorded. */
PASU_MUST_USE int incident_check(const struct arguments *arguments);
/* Its who and why are those of the arguments. */
void incident_say(struct payload_incident *body, const struct arguments *arguments);
/* Records it; complains where it cannot be. */
PASU_MUST_USE int incident_add(const struct ask *ask, struct payload_incident *body);
PASU_MUST_USE int incident_add_clock(const struct ask *ask, struct payload_clock *body);
/* The newest checkpoint, which covers what was recorded before: how many records, and its root in
 * base64. */
enum { INCIDENT_ROOT_SIZE = 48 };
PASU_MUST_USE int incident_position(const struct ask *ask, uint64_t *size,
                                    char root[INCIDENT_ROOT_SIZE]);

#endif
