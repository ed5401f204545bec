/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often somebody may do something: a bucket for each, which is full at first, from which each
 * time takes one, and which fills again within an hour. Who it is, is a keyed hash; nothing else is
 * kept. Memory is bounded: where there is no room, the bucket that is fullest makes room, of those
 * in which it could be. One thread.
 */
#ifndef PASU_CONSOLE_RATES_H
#define PASU_CONSOLE_RATES_H

#include "base/error.h"

enum { RATES_WHO_SIZE = 16, RATES_ROOM = 1 << 14 };

struct rate {
    uint8_t who[RATES_WHO_SIZE];
    int64_t empty_at; /* monotonic ns: since when it fills, as if it had been empty then; 0: free */
};

struct rates {
    uint64_t most;      /* an hour, at least 1 */
    struct rate *items; /* RATES_ROOM */
};

/* PASU_E_NOMEM. */
PASU_MUST_USE int rates_init(struct rates *rates, uint64_t most);
void rates_release(struct rates *rates);
/* Whether they may, once more; `now` is monotonic ns. */
bool rates_take(struct rates *rates, const uint8_t who[RATES_WHO_SIZE], int64_t now);

#endif
