/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of an incident, started by the table that the configuration names, or the one that pasu
 * carries. What is wrong is complained about here; results are exit statuses, 0 to go on.
 */
#ifndef PASU_CLI_INCIDENT_CLOCKS_H
#define PASU_CLI_INCIDENT_CLOCKS_H

#include "cli/clock_table.h"
#include "cli/incident_ledger.h"

/* Every fault of the table is told; so is a law (NULL: all) that it does not have. Release it in
 * any case. */
PASU_MUST_USE int incident_clocks_load(struct clock_table *table, const struct config *config,
                                       const char *laws);
/* Whether it is one of a list with commas; NULL: all are. */
bool incident_clocks_is_law(const char *laws, const char *law);
/* Starts those of these laws that run from the one or the other, since that moment, but none whose
 * name the incident has among its own (NULL: it has none). *started: so many more. */
PASU_MUST_USE int incident_clocks_start(const struct ask *ask, const struct clock_table *table,
                                        const char *laws, const struct incidents *own,
                                        uint64_t number, bool is_material, int64_t since,
                                        size_t *started);

#endif
