/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stories of a drill in which the breach goes through the gateway. Each has a past of some
 * weeks, in which everybody works as usual, and others who go on doing so.
 *
 * Persons are a hundredth of the 33.7 million of 2025, and so is the pace at which they are read;
 * times are as they were. What counts persons, as budgets do, counts as it is configured: at full
 * size it stops the same number of persons in a hundredth of the time.
 */
#ifndef PASU_DRILL_SCENARIO_H
#define PASU_DRILL_SCENARIO_H

#include "drill/story.h"

enum {
    SCENARIO_POPULATION = 337000,
    SCENARIO_SCALE = 100,
    SCENARIO_DAYS = 147,        /* from 24 June to 18 November 2025 */
    SCENARIO_FIRST_DAY = 20263, /* 2025-06-24, days since 1970 */
};

/* Where the people of a story are. */
struct scenario_place {
    const char *home, *abroad;
};

typedef void scenario_tell(struct story *story, const struct scenario_place *place);

struct scenario {
    const char *name, *title;
    const char *text; /* what happens */
    scenario_tell *tell;
};

/* Those of scenario.c; *count. */
const struct scenario *scenario_list(size_t *count);

/* ---- town.c: who else is there ---- */

/* The shop's service and `clerks` clerks (drill-clerk-1, …), from day `from` to before `to`, both
 * counted from SCENARIO_FIRST_DAY. */
void town_live(struct story *story, const struct scenario_place *place, size_t clerks, int from,
               int to);
/* A working day of one clerk: `reads` persons, one by one. False: nobody works on that day. */
bool town_work(struct story *story, uint32_t who, int day, uint32_t reads);
/* Midnight of a day. */
int64_t town_day(int day);

#endif
