/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the index's main table that are put later, while another has the index. Zeroed is
 * empty.
 *
 * Their keys and values stand one behind the other in one array, so that what is held is what is
 * counted, however short the values are: INDEX_LATER_MAX bytes, and the value that came last. Who
 * puts asks afterwards whether that is reached (index_later_is_full); then it waits for the index,
 * and writes.
 */
#ifndef PASU_BREACH_INDEX_LATER_H
#define PASU_BREACH_INDEX_LATER_H

#include "breach/index_key.h"
#include "breach/pack.h"

enum { INDEX_LATER_MAX = 16 << 20 }; /* bytes */

struct index_later {
    struct pack waiting; /* of each: length of the key, of the value (n each), key, value */
};

void index_later_release(struct index_later *later);
/* The value is taken, whatever comes of it, and zeroed. PASU_E_NOMEM, also where packing it failed:
 * then nothing of it waits. */
PASU_MUST_USE int index_later_put(struct index_later *later, struct index_key key,
                                  struct pack *value);
bool index_later_is_full(const struct index_later *later);
/* Puts all in order, and forgets them, also after an error, which ends it. */
PASU_MUST_USE int index_later_write(struct index_later *later, struct index *index);

#endif
