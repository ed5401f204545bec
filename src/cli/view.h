/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guard answers (JSON), printed for people.
 *
 * An answer comes from another process: what is missing in it, or has another type, is shown as
 * "-". Ages are counted from `now`, nanoseconds since 1970 UTC; widths are columns, 0 for
 * unlimited.
 */
#ifndef PASU_CLI_VIEW_H
#define PASU_CLI_VIEW_H

#include "base/error.h"

#include <jansson.h>

/* One row per session of the array, and a line with their number. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int view_sessions(FILE *file, json_t *sessions, int64_t now, size_t width);
/* Gateways, processes and counts of a status document. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int view_status(FILE *file, json_t *status, int64_t now, size_t width);

/* The age of a time as RFC 3339 writes it in UTC ("2026-11-24T01:02:03.000004Z"), as "3m 12s"; "-"
 * where the text is no such time. */
void view_age(char *text, size_t size, const char *time, int64_t now);

#endif
