/* SPDX-License-Identifier: Apache-2.0 */
#include "console/rates.h"

#include "base/log.h"
#include "base/memory.h"

#define HOUR (3600 * NANOSECONDS_PER_SECOND)

enum { PLACES = 16 }; /* in which one can be */

int
rates_init(struct rates *rates, uint64_t most)
{
    *rates = (struct rates){.most = most > 0 ? most : 1,
                            .items = memory_new(RATES_ROOM, sizeof(*rates->items))};
    return rates->items != NULL ? 0 : PASU_E_NOMEM;
}

void
rates_release(struct rates *rates)
{
    memory_free(rates->items);
    rates->items = NULL;
}

/* Theirs, or the one that is theirs from now on. */
static struct rate *
find(struct rates *rates, const uint8_t who[RATES_WHO_SIZE], int64_t full)
{
    struct rate *fullest = NULL;
    uint64_t hash;

    memcpy(&hash, who, sizeof(hash));
    for (uint64_t i = 0; i < PLACES; i++) {
        struct rate *rate = &rates->items[(hash + i) % RATES_ROOM];

        if (rate->empty_at != 0 && memcmp(rate->who, who, RATES_WHO_SIZE) == 0)
            return rate;
        if (fullest == NULL || rate->empty_at < fullest->empty_at)
            fullest = rate;
    }
    memcpy(fullest->who, who, RATES_WHO_SIZE);
    fullest->empty_at = full;
    return fullest;
}

bool
rates_take(struct rates *rates, const uint8_t who[RATES_WHO_SIZE], int64_t now)
{
    const int64_t full = now + HOUR, each = HOUR / (int64_t)rates->most; /* never 0, or below */
    struct rate *rate = find(rates, who, full);

    if (rate->empty_at < full)
        rate->empty_at = full;
    if (rate->empty_at + each > full + HOUR)
        return false;
    rate->empty_at += each;
    return true;
}
