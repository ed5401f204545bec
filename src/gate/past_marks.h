/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks of the past (gate/catalog_marks.h), from the ledger, until the place of their database is
 * made. Records of different threads come in no order: what forgets a mark carries a number, and
 * does nothing to one that was made later. Not shared.
 */
#ifndef PASU_GATE_PAST_MARKS_H
#define PASU_GATE_PAST_MARKS_H

#include "gate/catalog_marks.h"

struct past_marks {
    struct ring_mark *items; /* memory_free */
    size_t count, size;
};

/* PASU_E_NOMEM, PASU_E_RANGE: there are too many. */
PASU_MUST_USE int past_marks_see(struct past_marks *past, const struct ring_mark *mark);
/* Those of a database behind the gateway of that name go into `marks`, and are no longer here. An
 * error of catalog_marks_restore: some were lost. */
PASU_MUST_USE int past_marks_take(struct past_marks *past, const char *gateway,
                                  const char *database, struct catalog_marks *marks);
void past_marks_release(struct past_marks *past);

#endif
