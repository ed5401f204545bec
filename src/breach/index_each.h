/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through a stretch of the index's keys. */
#ifndef PASU_BREACH_INDEX_EACH_H
#define PASU_BREACH_INDEX_EACH_H

#include "breach/index_key.h"

/* Gets each key and its value, borrowed; must not write. Other than 0 ends all and is given on. */
typedef int index_see_fn(void *arg, struct view key, struct view value);

/* Of the main table: all behind a letter with a number, or with a session. PASU_E_CORRUPT where one
 * has another length; or the errors of index_walk_next. */
PASU_MUST_USE int index_each_number(struct index *index, char letter, index_see_fn *see, void *arg);
PASU_MUST_USE int index_each_session(struct index *index, char letter, index_see_fn *see,
                                     void *arg);
/* The same, from that one on. */
PASU_MUST_USE int index_each_session_from(struct index *index, char letter, uint64_t first,
                                          index_see_fn *see, void *arg);
/* Of the days' table: all principals on days from <= day < to. As the two above. */
PASU_MUST_USE int index_each_unit(struct index *index, int32_t from, int32_t to, index_see_fn *see,
                                  void *arg);
/* The same, and each value is valid as long as one of index_get. */
PASU_MUST_USE int index_keep_units(struct index *index, int32_t from, int32_t to, index_see_fn *see,
                                   void *arg);

#endif
