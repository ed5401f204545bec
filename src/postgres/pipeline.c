/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres/pipeline.h"

void
pipeline_fail(struct pipeline *p)
{
    uint16_t unit = p->units[p->first % PIPELINE_UNITS];

    if (p->due == 0) {
        p->is_skipping = p->asked > 0;
        return;
    }
    /* Of a Sync's unit nothing is skipped but what stands before the Sync; and that of a Query
     * whose messages have all been answered has failed with the Query. */
    if (p->known < p->due || unit & 1 || p->answered >= unit / 4)
        return;
    while (p->due > 0 && !(p->units[p->first] & 1)) {
        p->first = (uint8_t)((p->first + 1) % PIPELINE_UNITS);
        p->known--;
        p->due--;
    }
    p->is_skipping = p->due == 0;
}

static uint16_t
plus(uint16_t unit, uint16_t messages)
{
    uint32_t sum = unit / 4u + messages;

    return (uint16_t)((sum < UINT16_MAX / 4 ? sum : UINT16_MAX / 4) * 4 + unit % 4);
}

void
pipeline_copy(struct pipeline *p)
{
    uint16_t *first = &p->units[p->first % PIPELINE_UNITS];
    bool is_query = p->due > 0 && !(*first & 1);

    if (p->known < p->due)
        return;
    /* What stands between the Execute and its Sync ends the copy with an error. */
    if (p->due > 0 && !is_query && p->answered + 1 < *first / 4)
        return;
    while (p->due > (uint32_t)is_query) {
        uint16_t *unit = &p->units[(p->first + is_query) % PIPELINE_UNITS], *next;
        uint16_t messages = p->units[p->first % PIPELINE_UNITS] / 4;
        bool is_last = p->due == 1;

        if ((*unit & 3) != 1 || (is_query && *unit / 4 > 0))
            return;
        next = &p->units[(p->first + 1) % PIPELINE_UNITS];
        p->first = (uint8_t)((p->first + 1) % PIPELINE_UNITS);
        p->known--;
        p->due--;
        if (is_query) {
            *next = (uint16_t)(messages * 4);
        } else if (is_last) {
            p->asked = plus((uint16_t)(p->asked * 4), messages) / 4;
        } else {
            bool is_bare = *next / 4 == 0;

            *next = plus(*next, messages);
            if (!is_bare)
                return;
        }
    }
}
