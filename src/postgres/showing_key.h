/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of showing.c: whether the server says of a key's columns what the plan does. */
#ifndef PASU_POSTGRES_SHOWING_KEY_H
#define PASU_POSTGRES_SHOWING_KEY_H

#include "postgres/showing.h"

/* The same column of the same relation, or the key of a partition or child. */
bool showing_is_key(const struct catalog *catalog, const struct plan_part *part,
                    const struct row_column *column);
/* The same of a key of several columns, all of one relation; `hidden`: how many stand before those
 * that the part counts. */
bool showing_are_keys(const struct catalog *catalog, const struct plan_part *part,
                      const struct row_column *columns, size_t count, size_t hidden);
/* A hidden column. Rows themselves say of which table they are where the server's columns do not;
 * an array of keys must be one. */
bool showing_is_hidden_key(const struct catalog *catalog, const struct plan_part *part,
                           const struct row_column *columns, size_t count);

#endif
