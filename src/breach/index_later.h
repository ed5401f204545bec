/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the index's main table that are put later, while another has the index. Zeroed is
 * empty. */
#ifndef PASU_BREACH_INDEX_LATER_H
#define PASU_BREACH_INDEX_LATER_H

#include "breach/index_key.h"
#include "breach/pack.h"

struct index_later {
    struct index_later_value {
        struct index_key key;
        struct pack value;
    } * items;
    size_t count, space;
    size_t bytes; /* of all values */
};

void index_later_release(struct index_later *later);
/* The value is taken, whatever comes of it, and zeroed. PASU_E_NOMEM, also where packing it failed.
 */
PASU_MUST_USE int index_later_put(struct index_later *later, struct index_key key,
                                  struct pack *value);
/* Puts all in order, and forgets them. */
PASU_MUST_USE int index_later_write(struct index_later *later, struct index *index);

#endif
