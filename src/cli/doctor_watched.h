/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu doctor` finds of the detectors: from the guard's status alone, no server is asked.
 */
#ifndef PASU_CLI_DOCTOR_WATCHED_H
#define PASU_CLI_DOCTOR_WATCHED_H

#include "cli/finding.h"
#include "config/model.h"

/* How far they are, at `now` (realtime ns); `status` as `pasu status --json` says it (cli/ask.h),
 * NULL: the guard does not answer, and nothing is said. */
void doctor_watched(const struct config *config, const json_t *status, int64_t now,
                    struct findings *findings);

#endif
