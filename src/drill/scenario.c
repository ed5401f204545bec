/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/scenario.h"

enum {
    PAST = 45, /* days that are known before the breach */
    CLERKS = 16,
    PAGE = 25,
    LEFT = 20, /* days before, the leaver left */
    DUMP_PIECE = 50,
    PAIR_DAYS = 90,
    PAIR_READS = 100, /* of each, a day */
    USUAL = 40,
};

/* Prime to the population: n → n · SHUFFLE mod population is a list of all in no plain order. */
#define SHUFFLE UINT64_C(104729)

/* A former employee's account, from abroad: a page of 25 each quarter of an hour, around the clock,
 * one person after the other, until all were read. */
static void
tell_leaver(struct story *s, const struct scenario_place *place)
{
    uint32_t who, next = 1, session = 0;
    int64_t begin, step = (int64_t)SCENARIO_DAYS * STORY_DAY / (SCENARIO_POPULATION / PAGE);

    town_live(s, place, CLERKS, -PAST, SCENARIO_DAYS);
    who = story_add_who(s, "drill-leaver", PRINCIPAL_HUMAN, place->home, "desk");
    s->who[who].left_at = town_day(-LEFT);
    for (int day = -PAST; day < -LEFT; day++)
        (void)town_work(s, who, day, USUAL);
    begin = town_day(0) + 14 * STORY_HOUR;
    for (int64_t at = 0; next <= s->population; at++) {
        int64_t time = begin + at * step + story_random(s, 60) * NANOSECONDS_PER_SECOND;
        uint32_t count = s->population + 1 - next;

        if (at % (STORY_DAY / step) == 0)
            session = story_open(s, who, place->abroad, begin + at * step, true);
        count = count < PAGE ? count : PAGE;
        story_ask(s, session, time + 1, SHAPE_PAGE, next, 1, count, false);
        next += count;
    }
}

/* An employee's account, from the office's network, at 02:40: all customers in one statement. */
static void
tell_night(struct story *s, const struct scenario_place *place)
{
    uint32_t who, session;
    int64_t begin, piece = NANOSECONDS_PER_SECOND / 4;

    town_live(s, place, CLERKS, -PAST, 1);
    who = story_add_who(s, "drill-analyst", PRINCIPAL_HUMAN, place->home, "desk");
    for (int day = -PAST; day < 0; day++)
        (void)town_work(s, who, day, USUAL);
    begin = town_day(0) + 2 * STORY_HOUR + 40 * STORY_MINUTE;
    session = story_open(s, who, NULL, begin, true);
    for (uint32_t next = 1, at = 0; next <= s->population; next += DUMP_PIECE, at++) {
        uint32_t left = s->population + 1 - next;

        story_ask(s, session, begin + NANOSECONDS_PER_SECOND + at * piece, SHAPE_ALL, next, 1,
                  left < DUMP_PIECE ? left : DUMP_PIECE, at > 0);
    }
}

/* Two who work there share the customers out: beside their usual work, in their usual hours, from
 * their usual place and by the statement they always use, each reads every other one of a list that
 * is in no order. */
static void
tell_pair(struct story *s, const struct scenario_place *place)
{
    uint32_t who[2], next[2] = {0, 1};

    town_live(s, place, CLERKS, -PAST, PAIR_DAYS);
    who[0] = story_add_who(s, "drill-pair-1", PRINCIPAL_HUMAN, place->home, "desk");
    who[1] = story_add_who(s, "drill-pair-2", PRINCIPAL_HUMAN, place->home, "desk");
    for (int day = -PAST; day < PAIR_DAYS; day++)
        for (size_t i = 0; i < 2; i++) {
            int64_t begin = town_day(day) + 9 * STORY_HOUR + 30 * STORY_MINUTE;
            int64_t step = 8 * STORY_HOUR / PAIR_READS;
            uint32_t session;

            if (!town_work(s, who[i], day, USUAL) || day < 0)
                continue;
            session = story_open(s, who[i], NULL, begin, true);
            for (uint32_t n = 0; n < PAIR_READS; n++, next[i] += 2)
                story_ask(s, session, begin + n * step + 1 + (int64_t)i, SHAPE_ONE,
                          1 + (uint32_t)(next[i] * SHUFFLE % s->population), 1, 1, false);
        }
}

const struct scenario *
scenario_list(size_t *count)
{
    static const struct scenario list[] = {
        {"147_days", "147 days",
         "The account of an employee who left three weeks before reads from abroad, a page of 25 "
         "persons each quarter of an hour, around the clock, for 147 days",
         tell_leaver},
        {"night_dump", "the dump by night",
         "An employee's account, from the usual network, reads all customers in one statement, at "
         "02:40",
         tell_night},
        {"colluding_pair", "the colluding pair",
         "Two employees share the customers out, in no order, 100 a day each beside their usual "
         "work "
         "and in the same way, for 90 days",
         tell_pair},
    };

    *count = COUNT_OF(list);
    return list;
}
