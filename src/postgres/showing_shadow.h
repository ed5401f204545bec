/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of showing.c: keys that are asked for as a whole (plan_shadow.h). */
#ifndef PASU_POSTGRES_SHOWING_SHADOW_H
#define PASU_POSTGRES_SHOWING_SHADOW_H

#include "postgres/showing.h"

/* Whether the server's hidden columns are what they are asked for in: arrays of texts. */
bool showing_has_shadows(const struct plan_statement *statement, const struct row_column *columns,
                         size_t count);
/* Whether nothing comes of the part in that column of the server's but what was planned, and so of
 * the rows whose keys are asked for. */
bool showing_is_asked(const struct plan_statement *statement, size_t part, size_t column,
                      uint64_t fields);

#endif
