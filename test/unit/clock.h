/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that only the test moves. */
#ifndef PASU_TEST_CLOCK_H
#define PASU_TEST_CLOCK_H

#include "base/os.h"

static int64_t now; /* ns, of the calendar and monotonic */

static inline int64_t
clock_read(void *arg PASU_UNUSED)
{
    return now;
}

/* Time that goes by with each look at the clock. */
static inline int64_t
clock_go_by(void *arg PASU_UNUSED)
{
    return now += 100 * NANOSECONDS_PER_MILLISECOND;
}

static inline void
later(int64_t seconds)
{
    now += seconds * NANOSECONDS_PER_SECOND;
}

#endif
