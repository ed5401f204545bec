/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/minute.h"

#include "base/os.h"

#include <time.h>

uint32_t
minute_of(int64_t realtime)
{
    time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    struct tm local;

    if (!localtime_r(&seconds, &local))
        return (uint32_t)(seconds / 60);
    return (uint32_t)((seconds + local.tm_gmtoff) / 60);
}
