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
    if (p->known < p->due || unit & 1 || p->answered >= unit / 2)
        return;
    while (p->due > 0 && !(p->units[p->first] & 1)) {
        p->first = (uint8_t)((p->first + 1) % PIPELINE_UNITS);
        p->known--;
        p->due--;
    }
    p->is_skipping = p->due == 0;
}
