/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of any encoding as JSON strings, which are UTF-8; times and counts.
 */
#ifndef PASU_CLI_JSON_TEXT_H
#define PASU_CLI_JSON_TEXT_H

#include "base/attributes.h"

#include <jansson.h>

/* A new string: the text as it is, or, where it is no UTF-8, escaped as for a terminal. NULL
 * without memory. */
json_t *json_text(const char *text);
/* RFC 3339 in UTC; null for 0 and below. NULL without memory. */
json_t *json_time(int64_t realtime);
/* At most 2⁶³ - 1, which most readers can hold. */
json_t *json_count(uint64_t n);

#endif
