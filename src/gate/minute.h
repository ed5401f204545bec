/* SPDX-License-Identifier: Apache-2.0 */
/* Minutes of the gate's own time zone, in which the tallies count (exposure/tally.h). */
#ifndef PASU_GATE_MINUTE_H
#define PASU_GATE_MINUTE_H

#include "base/attributes.h"

#include <time.h>

/* Local minutes since 1970 at a time in nanoseconds since 1970 UTC. */
static inline uint32_t
minute_local(int64_t realtime)
{
    time_t seconds = (time_t)(realtime / INT64_C(1000000000));
    struct tm local;

    if (!localtime_r(&seconds, &local))
        return (uint32_t)(seconds / 60);
    return (uint32_t)((seconds + local.tm_gmtoff) / 60);
}

#endif
