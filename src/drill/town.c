/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/scenario.h"

enum {
    SERVICE_READS = 600, /* a day */
    CLERK_LEAST = 25,    /* persons a day */
    CLERK_MORE = 30,
    MONDAY = 4, /* 1970-01-01 was a Thursday: day 4 a Monday */
};

int64_t
town_day(int day)
{
    return story_midnight(SCENARIO_FIRST_DAY + day);
}

static bool
is_weekend(int day)
{
    return (SCENARIO_FIRST_DAY + day - MONDAY) % 7 >= 5;
}

bool
town_work(struct story *s, uint32_t who, int day, uint32_t reads)
{
    int64_t begin = town_day(day) + 9 * STORY_HOUR + story_random(s, 30) * STORY_MINUTE;
    uint32_t session;

    if (is_weekend(day))
        return false;
    session = story_open(s, who, NULL, begin, false);
    for (uint32_t i = 0; i < reads; i++)
        story_ask(s, session,
                  begin + STORY_MINUTE + story_random(s, 8 * 3600) * NANOSECONDS_PER_SECOND,
                  story_random(s, 4) > 0 ? SHAPE_ONE : SHAPE_OTHER,
                  1 + story_random(s, s->population), 1, 1, false);
    story_close(s, session, begin + 9 * STORY_HOUR);
    return true;
}

/* The service looks up whoever comes, around the clock, more by day. */
static void
serve(struct story *s, uint32_t who, int day)
{
    int64_t begin = town_day(day);
    uint32_t session = story_open(s, who, NULL, begin, false);

    for (uint32_t i = 0; i < SERVICE_READS; i++) {
        uint32_t second =
            i % 4 > 0 ? 8 * 3600 + story_random(s, 15 * 3600) : story_random(s, 24 * 3600);

        story_ask(s, session, begin + second * NANOSECONDS_PER_SECOND + 1,
                  i % 3 > 0 ? SHAPE_ONE : SHAPE_OTHER, 1 + story_random(s, s->population), 1, 1,
                  false);
    }
    story_close(s, session, begin + STORY_DAY - 1);
}

void
town_live(struct story *s, const struct scenario_place *place, size_t clerks, int from, int to)
{
    uint32_t service = story_add_who(s, "drill-shop", PRINCIPAL_SERVICE, place->home, "shop"),
             first = (uint32_t)s->who_count;
    char name[NAME_SIZE];

    for (size_t i = 0; i < clerks; i++) {
        snprintf(name, sizeof(name), "drill-clerk-%zu", i + 1);
        (void)story_add_who(s, name, PRINCIPAL_HUMAN, place->home, "desk");
    }
    for (int day = from; day < to; day++) {
        serve(s, service, day);
        for (uint32_t i = 0; i < clerks; i++)
            (void)town_work(s, first + i, day, CLERK_LEAST + story_random(s, CLERK_MORE));
    }
}
