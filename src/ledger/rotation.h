/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another key takes the place of the ledger's (ledger/chain.h): who asked for it and why is
 * recorded (SEGMENT_ASKED), the key behind it, and both keys sign. In the keeper, or in a command
 * while there is none.
 */
#ifndef PASU_LEDGER_ROTATION_H
#define PASU_LEDGER_ROTATION_H

#include "ledger/record.h"

enum { ROTATION_WHY_MAX = 200 };

/* What is recorded of it. `why` is cut to fit. */
void rotation_asked(struct payload_asked *asked, uint32_t uid, uint32_t pid, const char *why,
                    bool is_lost);
/* 0: the old key is no more. After an error either nothing has changed, or the change goes on when
 * this is called again, when something is signed next, or at the next start. The errors of
 * record_other, chain_key_make and chain_checkpoint. */
PASU_MUST_USE int rotation_make(struct record_keeping *records, const struct payload_asked *asked);
/* The same while no keeper has the folder, which the caller has locked. PASU_E_USAGE: is_lost, and
 * the key is there; PASU_E_NOTFOUND: it is lost, and was not said to be, or there is no ledger. */
PASU_MUST_USE int rotation_aside(const struct log *log, int directory,
                                 const struct segment_keys *keys, const struct payload_asked *asked,
                                 bool is_lost);

#endif
