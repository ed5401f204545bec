/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which findings need not be told: they are in the ledger, or on their way there. The detectors
 * find what they found again after each start, and say so each time they are asked; the ledger is
 * what remembers. A finding is known by its detector and any of the principals that it names; it is
 * new again where what is meant began after what was told had ended, or where it is about twice as
 * many persons. What was handed on and is not in the ledger after TOLD_WAIT is handed on again: so
 * each is recorded at least once. Of more than TOLD_MOST nothing is told. One thread.
 */
#ifndef PASU_BREACH_TOLD_H
#define PASU_BREACH_TOLD_H

#include "base/os.h"
#include "breach/map.h"
#include "ledger/finding.h"

enum { TOLD_MOST = 1 << 16 };
#define TOLD_WAIT (10 * NANOSECONDS_PER_SECOND)

struct told {
    struct map places;
    struct told_item {
        int64_t last;   /* as of the finding that is recorded */
        uint64_t about; /* 0: none is */
        int64_t sent;   /* monotonic, and of how many persons: what is on its way */
        uint64_t sent_about;
    } * items;
    size_t count, space;
    uint8_t secret[16];
};

/* PASU_E_CRYPTO: no randomness. */
PASU_MUST_USE int told_init(struct told *told, const struct os *os);
void told_release(struct told *told);
/* One that is in the ledger. PASU_E_NOMEM. */
PASU_MUST_USE int told_recorded(struct told *told, const struct message_finding *finding);
/* Whether it is to be handed on; `now` is monotonic. */
bool told_is_new(const struct told *told, const struct message_finding *finding, int64_t now);
/* It was. PASU_E_NOMEM. */
PASU_MUST_USE int told_sent(struct told *told, const struct message_finding *finding, int64_t now);
/* Whether one that was handed on should be in the ledger by now, and is not. */
bool told_waits(const struct told *told, int64_t now);
/* Those are not waited for any more: what is still found is new again. */
void told_give_up(struct told *told, int64_t now);

#endif
