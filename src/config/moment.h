/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A moment as people write it: RFC 3339 ("2026-11-24T10:00:00+09:00"), a day ("2026-11-24", UTC),
 * or how long ago ("24h", "30d ago"; units as in the configuration).
 */
#ifndef PASU_CONFIG_MOMENT_H
#define PASU_CONFIG_MOMENT_H

#include "base/error.h"

/*
 * Nanoseconds since 1970 UTC, counted back from `now` where the text says so. A day is its first
 * moment, or, as an end, the first moment of the next: "--to 2026-11-24" has that day in it.
 * PASU_E_MALFORMED; PASU_E_RANGE for what is before 1970 or after 2200.
 */
PASU_MUST_USE int moment_parse(int64_t *moment, const char *text, int64_t now, bool is_end);
/* The same without "ago": what a file says, which is read at any time. */
PASU_MUST_USE int moment_parse_fixed(int64_t *moment, const char *text, bool is_end);

#endif
