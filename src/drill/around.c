/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administrator who connects to the server itself. The server and its counter are played; what
 * compares its count with the sessions that came through the gateway is gate/reconcile.h, asked as
 * often as the census asks, and whether the configuration lets this one pass is gate/bypass.h's to
 * say. What such a session reads no record of pasu holds: its scope is an interval until the
 * server's own log is read (pasu scope --server-log).
 */
#include "drill/drill.h"

#include "base/os.h"
#include "drill/scenario.h"
#include "gate/bypass.h"
#include "gate/reconcile.h"

enum {
    EVERY = 2,    /* seconds between two censuses */
    AFTER = 1300, /* milliseconds between a census and the connection */
    ROWS = 200,   /* a second: a hundredth of what a copy reads */
    THROUGH = 40, /* sessions that come through the gateway meanwhile */
};

static uint64_t
read_by(int64_t after)
{
    int64_t rows = after * ROWS / NANOSECONDS_PER_SECOND;

    return rows > SCENARIO_POPULATION ? SCENARIO_POPULATION : (uint64_t)rows;
}

/* Sessions come and go through the gateway, each of which the server counts; and one comes past it.
 */
static struct reconcile_sight
sight_at(int64_t time, int64_t connected, uint64_t round)
{
    uint64_t through = round < THROUGH ? round : THROUGH;

    return (struct reconcile_sight){.epoch = {.system = 1, .database = 1, .counting = 1},
                                    .at = time,
                                    .sessions = 1000 + through + (time > connected),
                                    .ready = through,
                                    .began = through,
                                    .ended = through > 0 ? through - 1 : 0};
}

/* Whether, and when, the census is sure that one session went past the gateway. */
static bool
count_past(int64_t connected, int64_t until, int64_t *noticed)
{
    struct reconcile reconcile = {0};
    int64_t first =
        connected - AFTER * NANOSECONDS_PER_MILLISECOND - 10 * EVERY * NANOSECONDS_PER_SECOND;

    for (uint64_t round = 0;; round++) {
        int64_t time = first + (int64_t)round * EVERY * NANOSECONDS_PER_SECOND;
        const struct reconcile_sight sight = sight_at(time, connected, round);

        if (time > until)
            return false;
        (void)reconcile_take(&reconcile, &sight);
        if (reconcile.at_least > 0) {
            *noticed = time;
            return true;
        }
    }
}

int
drill_around(struct drill_scenario *to, const struct drill_options *options,
             const struct bench *bench PASU_UNUSED)
{
    static const struct message_bypass who = {.is_certain = 1,
                                              .principal = "drill-administrator",
                                              .database = "drill",
                                              .application = "psql",
                                              .address = "10.20.30.5"};
    struct drill_cell *cell = &to->cells[DRILL_CENSUS];
    int64_t begins = town_day(0) + 21 * STORY_HOUR, noticed = 0;
    int64_t takes = (int64_t)SCENARIO_POPULATION / ROWS * NANOSECONDS_PER_SECOND;
    int64_t part = takes / DRILL_CURVE + 1;

    to->population = SCENARIO_POPULATION;
    to->scale = SCENARIO_SCALE;
    to->begins = begins;
    to->ends = begins + takes;
    for (size_t i = 0; i < DRILL_CELLS; i++)
        to->cells[i].shown = SCENARIO_POPULATION;
    for (size_t i = 0; i < DRILL_CURVE; i++)
        to->curve[i] = read_by(part * (int64_t)(i + 1));
    if (!cell->is_on || bypass_is_excepted(options->config, &who) ||
        !count_past(begins, to->ends, &noticed))
        return 0;
    cell->is_noticed = true;
    cell->after = noticed - begins;
    cell->shown = read_by(cell->after);
    snprintf(cell->by, sizeof(cell->by), "census: a session past the gateway");
    snprintf(cell->why, sizeof(cell->why),
             "what goes past the gateway is in the server's log only: pasu scope --server-log");
    to->cells[DRILL_ALL] = *cell;
    return 0;
}
