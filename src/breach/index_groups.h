/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of all sessions, while an index is made. A session that is over leaves its place, and
 * the memory that it has, to another. Zeroed there are none. */
#ifndef PASU_BREACH_INDEX_GROUPS_H
#define PASU_BREACH_INDEX_GROUPS_H

#include "breach/index_group.h"
#include "breach/map.h"

struct index_groups {
    struct map by; /* session → place */
    struct index_group *items;
    size_t count, space;
    struct ordinals free; /* places */
};

void index_groups_release(struct index_groups *groups);
/* The session's, valid until the next is made; NULL: it has none. */
struct index_group *index_groups_get(struct index_groups *groups, uint64_t session);
/* The same, where it has none a new one. NULL: no memory. */
struct index_group *index_groups_make(struct index_groups *groups, uint64_t session);
/* The session's, if it has one, which must not be open. PASU_E_NOMEM. */
PASU_MUST_USE int index_groups_remove(struct index_groups *groups, uint64_t session);
/* Puts those that are open in the place of those that the index has. PASU_E_NOMEM, … */
PASU_MUST_USE int index_groups_save(struct index_groups *groups, struct ordinals *scratch,
                                    struct index *index);

#endif
