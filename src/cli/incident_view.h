/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents for people and as JSON: what the ledger tells of them, in the order it was recorded. */
#ifndef PASU_CLI_INCIDENT_VIEW_H
#define PASU_CLI_INCIDENT_VIEW_H

#include "cli/incident_scope.h"
#include "cli/json_out.h"

/* How a deadline stands at that moment: "met", "ended", "over", "nears", "runs". */
const char *incident_clock_text(const struct payload_clock *clock, int64_t now);
/* "2d 03h left", "5h 01m over"; "" where it does not run. */
void incident_clock_left(char *text, size_t size, const struct incident_clock *clock, int64_t now);
/* A text, escaped, between two others. */
void incident_put_text(FILE *file, const char *before, const char *text, const char *after);
/* A line each. */
void incident_view_list(FILE *file, const struct incidents *incidents, int64_t now, bool is_json);
/* Everything of the one incident that `incidents` holds. */
void incident_view(FILE *file, const struct incidents *incidents, uint64_t number, int64_t now);
void incident_view_json(FILE *file, const struct incidents *incidents, uint64_t number,
                        int64_t now);
/* What a version of the scope says otherwise than another one (NULL: there is none before). */
void incident_view_diff(FILE *file, const struct scope_version *before,
                        const struct scope_version *now);
void incident_view_diff_json(FILE *file, const struct scope_version *before,
                             const struct scope_version *now);
void incident_view_version_json(FILE *file, const struct scope_version *version);

#endif
