/* SPDX-License-Identifier: Apache-2.0 */
/* The tallies' clock: minutes since 1970 of the local time, so that days begin at midnight. */
#ifndef PASU_GATE_MINUTE_H
#define PASU_GATE_MINUTE_H

#include "base/attributes.h"

/* Of a realtime in nanoseconds. Pure but for the time zone. */
uint32_t minute_of(int64_t realtime);

#endif
