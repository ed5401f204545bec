/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of plans (postgres/plan.h) in the words of records (exposure/flag.def). */
#ifndef PASU_GATE_PLAN_FLAGS_H
#define PASU_GATE_PLAN_FLAGS_H

#include "base/attributes.h"

/* FLAG_BITs of enum plan_flag; what no record tells is left out. */
uint64_t plan_flags(uint32_t flags);

#endif
