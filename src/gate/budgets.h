/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a principal's budgets say of persons who are about to be shown: they are counted, and a
 * budget that is spent blocks, masks or alerts. Put into the exposure and the judgement.
 *
 * A budget that holds is one that blocks; where the rows can wait (observer->can_hold), what is
 * beyond it is only cut off, and judgement->is_held. Of what was approved the others are asked, and
 * the record has the verdict hold; where one of them alerts, that is a record of its own.
 *
 * A budget that masks lets persons be shown clear as long as there is room: of rows, those before
 * judgement->clear items. What is not rows that can be masked it blocks.
 */
#ifndef PASU_GATE_BUDGETS_H
#define PASU_GATE_BUDGETS_H

#include "gate/expose.h"

/* Items of rows, in their order. outcome->taken of them were counted. As tally_take. */
PASU_MUST_USE int budgets_take(struct session *session, uint32_t now,
                               const struct tally_item *items, size_t count,
                               struct exposure *exposure, struct judgement *judgement,
                               struct tally_outcome *outcome);
/* So many persons of a kind whose names are not known; unless the judgement blocks already. */
PASU_MUST_USE int budgets_take_unknown(struct session *session, uint32_t now, uint8_t kind,
                                       uint64_t count, struct exposure *exposure,
                                       struct judgement *judgement);
/* The same of such whose values are under others' keys by now: they count whatever the limits, and
 * nothing is stopped by them but what comes later (tally_add_moved). */
PASU_MUST_USE int budgets_add_moved(struct session *session, uint32_t now, uint8_t kind,
                                    uint64_t count, struct exposure *exposure,
                                    struct judgement *judgement);
/* Whether one of those that are asked now masks: it is over also for rows that show nobody new. */
bool budgets_mask(const struct session *session);
/* Whether what blocks is a budget that ends the session, too. */
bool budgets_close(const struct judgement *judgement);
/* The budget that the statement being answered was let beyond by somebody; "": none. */
const char *budgets_exempt(const struct observer *observer);
/* The exposure is of rows that a budget has masked. */
PASU_MUST_USE int budgets_note_masked(struct session *session, uint32_t minute,
                                      struct exposure *exposure, const struct judgement *judgement);

#endif
