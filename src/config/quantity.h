/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, as the configuration writes them. Nothing else is accepted: no sign, no
 * fraction, no blank, no sum of several. */
#ifndef PASU_CONFIG_QUANTITY_H
#define PASU_CONFIG_QUANTITY_H

#include "base/error.h"

/* A number and ms, s, m, h, d or y (365 days), in nanoseconds. PASU_E_MALFORMED for anything else,
 * PASU_E_RANGE beyond an int64. */
PASU_MUST_USE int quantity_duration(uint64_t *value, const char *text);
/* A number and B, KiB, MiB, GiB or nothing, in bytes. Errors as above. */
PASU_MUST_USE int quantity_size(uint64_t *value, const char *text);
/* A number. Errors as above. */
PASU_MUST_USE int quantity_count(uint64_t *value, const char *text);

#endif
