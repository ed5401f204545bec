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
        {PLAN_GRANTS, FLAG_BIT(GRANT)},
        {PLAN_ROLES, FLAG_BIT(ROLE)},
        {PLAN_OWNERS, FLAG_BIT(OWNER)},
        {PLAN_DEFINERS, FLAG_BIT(DEFINER)},
        {PLAN_EXTENSIONS, FLAG_BIT(EXTENSION)},
        {PLAN_SERVER, FLAG_BIT(SERVER)},
        {PLAN_TRIGGERS, FLAG_BIT(TRIGGER)},
        {PLAN_ROW_SECURITY, FLAG_BIT(ROW_SECURITY)},
        {PLAN_PUBLISHES, FLAG_BIT(PUBLICATION)},
        {PLAN_FOREIGN, FLAG_BIT(FOREIGN)},
        {PLAN_SETS_USER, FLAG_BIT(SET_ROLE)},
    };
    uint64_t found = 0;

    for (size_t i = 0; flags && i < COUNT_OF(table); i++)
        if (flags & table[i].plan)
            found |= table[i].exposure;
    return found;
}
