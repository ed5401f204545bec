/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through a stretch of the index's keys. */
#ifndef PASU_BREACH_INDEX_EACH_H
#define PASU_BREACH_INDEX_EACH_H

#include "breach/index_key.h"

/* Gets each key and its value, borrowed; other than 0 ends all and is given on. */
typedef int index_see_fn(void *arg, struct view key, struct view value);

/* The keys from <= key < to, which all are as long as `from`: PASU_E_CORRUPT where one is not. What
 * `see`, which must not write, returned if that is not 0; or an error of index_walk_next. */
PASU_MUST_USE int index_each(struct index *index, enum index_table table, struct index_key from,
                             struct index_key to, index_see_fn *see, void *arg);
/* Of the main table: all behind a letter with a number, or with a session. */
PASU_MUST_USE int index_each_number(struct index *index, char letter, index_see_fn *see, void *arg);
PASU_MUST_USE int index_each_session(struct index *index, char letter, index_see_fn *see,
                                     void *arg);
/* Of the days' table: all principals on days from <= day < to. */
PASU_MUST_USE int index_each_unit(struct index *index, int32_t from, int32_t to, index_see_fn *see,
                                  void *arg);

#endif
