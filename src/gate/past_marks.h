/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks of the past (gate/catalog_marks.h), from the ledger: every place is given those of its
 * database, and of that database's kin, once its server has said which one it is. Records of
 * different threads come in no order: what forgets a mark carries a number, and does nothing to one
 * that was made later. Not shared.
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
/* Somebody has taken away what the relation had until then: it is no mark of that database any
 * more, but still of what was copied from it. As past_marks_see. */
PASU_MUST_USE int past_marks_clear(struct past_marks *past, const struct ring_mark *cleared);
/* catalog_kin_see of whose they are. */
void past_marks_kin(const struct past_marks *past, const struct catalog_whose *whose,
                    struct catalog_family *family);
/* Those of that database and its kin go into `marks`, and stay here for others. An error of
 * catalog_marks_restore: some were lost. */
PASU_MUST_USE int past_marks_give(const struct past_marks *past, const struct catalog_whose *whose,
                                  const struct catalog_family *family, struct catalog_marks *marks);
void past_marks_release(struct past_marks *past);

#endif
