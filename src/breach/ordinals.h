/* SPDX-License-Identifier: Apache-2.0 */
/* Ordinals as they come, in an array that grows: what sets are made of. Zeroed is empty. */
#ifndef PASU_BREACH_ORDINALS_H
#define PASU_BREACH_ORDINALS_H

#include "base/error.h"

struct ordinals {
    uint32_t *items;
    size_t count, space;
};

void ordinals_release(struct ordinals *ordinals);
/* PASU_E_NOMEM. */
PASU_MUST_USE int ordinals_add(struct ordinals *ordinals, const uint32_t *items, size_t count);
/* Room for so many more behind the last; NULL where there is no memory. */
uint32_t *ordinals_room(struct ordinals *ordinals, size_t count);
/* Sorts them, each once. `scratch` is used and may grow. PASU_E_NOMEM. */
PASU_MUST_USE int ordinals_sort(struct ordinals *ordinals, struct ordinals *scratch);

#endif
