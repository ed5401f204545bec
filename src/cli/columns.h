/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that look personal (policy/looks.h) and that the configuration does not name, in one
 * database that `probe` is connected to: by their names, and by the values of a few rows where the
 * inspector may read them.
 *
 * Values are looked at one by one and wiped; none is kept, printed or logged. They are read only on
 * servers where that runs nobody's code: nothing but tables is read
 * (restrict_nonsystem_relation_kind: 13.16, 14.13, 15.8, 16.4, 17 and later), without row-level
 * security, as PostgreSQL's own types.
 */
#ifndef PASU_CLI_COLUMNS_H
#define PASU_CLI_COLUMNS_H

#include "cli/finding.h"
#include "cli/probe.h"
#include "cli/progress.h"

/* Adds a finding for each. 0, or an error that probe->error explains. The probe's session has other
 * settings afterwards: nothing but tables can be asked then. */
PASU_MUST_USE int columns_look(struct probe *probe, const struct config *config,
                               const struct config_gateway *gateway, const char *database,
                               struct findings *findings, struct progress *progress);

#endif
