/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the courier share. See courier.h. */
#ifndef PASU_LEDGER_COURIER_PART_H
#define PASU_LEDGER_COURIER_PART_H

#include "ledger/courier.h"
#include "ledger/courier_state.h"

/* What a record means for who is told: nothing, for most. PASU_E_NOMEM. */
PASU_MUST_USE int courier_take(struct courier *courier, enum segment_type type, uint64_t index,
                               int64_t time, const union payload_body *body);

/* ---- courier_read.c: out of the segments ---- */
/* All records from this one on. Damage is passed over. */
PASU_MUST_USE int courier_read(struct courier *courier, uint64_t from);
/* Fills in what the record says that the message has the number of. PASU_E_NOTFOUND: it is none
 * that is delivered, or is there no more; PASU_E_CORRUPT; PASU_E_NOMEM, PASU_E_IO. */
PASU_MUST_USE int courier_fetch(struct courier *courier, struct message_delivery *message);

#endif
