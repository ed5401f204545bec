/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/plan_flags.h"

#include "exposure/exposure.h"
#include "postgres/plan.h"

uint64_t
plan_flags(uint32_t flags)
{
    static const struct {
        uint32_t plan;
        uint64_t exposure;
    } table[] = {
        {PLAN_UNPARSED, FLAG_BIT(UNPARSED)},
        {PLAN_OPAQUE, FLAG_BIT(OPAQUE)},
        {PLAN_DIALECT, FLAG_BIT(DIALECT)},
        {PLAN_UNKNOWN_TABLE, FLAG_BIT(UNKNOWN_TABLE)},
        {PLAN_STATISTICS, FLAG_BIT(STATISTICS)},
        {PLAN_SERVER_EXIT, FLAG_BIT(SERVER_EXIT)},
        {PLAN_PROBE, FLAG_BIT(PROBE)},
        {PLAN_MARKS, FLAG_BIT(MARKED)},
        {PLAN_UNATTRIBUTED, FLAG_BIT(UNATTRIBUTED)},
    };
    uint64_t found = 0;

    for (size_t i = 0; flags && i < COUNT_OF(table); i++)
        if (flags & table[i].plan)
            found |= table[i].exposure;
    return found;
}
