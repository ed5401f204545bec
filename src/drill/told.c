/* SPDX-License-Identifier: Apache-2.0 */
/* The scenarios whose breach goes through the gateway (drill/scenario.h). */
#include "drill/drill.h"

#include "base/memory.h"
#include "base/os.h"
#include "drill/scenario.h"
#include "drill/watch.h"
#include "drill/writing.h"

struct telling {
    const struct drill_options *options;
    const struct bench *bench;
    struct story story;
    struct notice notices[DRILL_CELLS];
    uint8_t *seen; /* a bit for each person */
};

/* ---- when it is noticed ---- */

/* Where `on` is all of them: together. */
static int
judge(struct telling *t, struct notice *notice, unsigned on)
{
    struct controlled controlled;
    int result = controlled_init(&controlled, t->options->config, on, t->options->without);

    if (result != 0)
        return result;
    result = judge_story(notice, t->bench, &t->story, &controlled);
    controlled_release(&controlled);
    return result;
}

static int
find_notices(struct telling *t, struct drill_scenario *to)
{
    struct notice *all = &t->notices[DRILL_ALL], *detectors = &t->notices[DRILL_DETECTORS];
    int result = 0;

    if (to->cells[DRILL_DETECTORS].is_on)
        result = watch_story(detectors, &to->others, t->bench, &t->story);
    for (int c = 0; c < DRILL_CONTROLS && result == 0; c++)
        if (c != DRILL_DETECTORS && to->cells[c].is_on)
            result = judge(t, &t->notices[c], 1u << c);
    if (result == 0)
        result = judge(t, all, (1u << DRILL_CONTROLS) - 1);
    if (detectors->is_noticed && (!all->is_noticed || detectors->time < all->time))
        *all = *detectors;
    return result;
}

/* ---- how many were shown until then ---- */

/* Distinct persons that the culprits were shown from the beginning of the breach to before `to`. */
static uint64_t
count_shown(struct telling *t, int64_t to, struct drill_scenario *curve)
{
    const struct story *s = &t->story;
    int64_t part = (s->ends - s->begins) / DRILL_CURVE + 1;
    uint64_t count = 0;
    size_t at = 0;

    memset(t->seen, 0, s->population / 8 + 1);
    for (size_t e = 0; e < s->event_count && s->events[e].time < to; e++) {
        const struct story_event *event = &s->events[e];

        if (event->time < s->begins || !s->who[s->sessions[event->session].who].is_culprit)
            continue;
        for (; curve != NULL && at < DRILL_CURVE &&
               event->time >= s->begins + part * (int64_t)(at + 1);
             at++)
            curve->curve[at] = count;
        for (uint32_t i = 0; i < event->count && event->time + i < to; i++) {
            uint32_t person = s->persons[event->first + i];

            count += (t->seen[person / 8] >> person % 8 & 1) == 0;
            t->seen[person / 8] |= (uint8_t)(1u << person % 8);
        }
    }
    for (; curve != NULL && at < DRILL_CURVE; at++)
        curve->curve[at] = count;
    return count;
}

/* ---- what the ledger says of it ---- */

static int
ask_ledger(struct telling *t, int directory, int64_t to, struct drill_cell *cell)
{
    const struct drill_ledger *ledger = t->options->ledger;
    const char *principals[STORY_WHO_MAX];
    struct drill_question question = {
        .directory = directory, .principals = principals, .from = t->story.begins, .to = to};
    int64_t began = os_monotonic(&os_real);
    uint64_t persons = 0;
    int result;

    for (size_t i = 0; i < t->story.who_count; i++)
        if (t->story.who[i].is_culprit)
            principals[question.principal_count++] = t->story.who[i].principal;
    result = ledger->ask(ledger->arg, &question, &persons);
    cell->known_ns = os_monotonic(&os_real) - began;
    cell->is_known = result == 0;
    return result == 0 && persons != cell->shown ? PASU_E_MISUSE : result;
}

static int
fill_cell(struct telling *t, int directory, size_t at, struct drill_cell *cell)
{
    const struct notice *notice = &t->notices[at];

    cell->is_noticed = notice->is_noticed;
    cell->shown = count_shown(t, notice->is_noticed ? notice->time : t->story.ends + 1, NULL);
    if (!notice->is_noticed)
        return 0;
    cell->after = notice->time - t->story.begins;
    memcpy(cell->by, notice->by, sizeof(cell->by));
    return ask_ledger(t, directory, notice->time, cell);
}

static int
fill_all(struct telling *t, struct drill_scenario *to, int directory)
{
    struct cut cuts[DRILL_CELLS];
    struct drill_cell whole = {0};
    size_t count = 0;
    int result;

    for (size_t i = 0; i < DRILL_CELLS; i++)
        if (t->notices[i].is_noticed && t->notices[i].row > 0)
            cuts[count++] = (struct cut){t->notices[i].event, t->notices[i].row};
    result = story_write(&t->story, t->bench, directory, cuts, count);
    if (result == 0)
        result = t->options->ledger->index(t->options->ledger->arg, directory);
    for (size_t i = 0; i < DRILL_CELLS && result == 0; i++)
        result = fill_cell(t, directory, i, &to->cells[i]);
    whole.shown = count_shown(t, t->story.ends + 1, to);
    return result == 0 ? ask_ledger(t, directory, t->story.ends + 1, &whole) : result;
}

int
drill_tell(struct drill_scenario *to, const struct scenario *scenario,
           const struct drill_options *options, const struct bench *bench,
           const struct scenario_place *place, int directory)
{
    struct telling *t = memory_new(1, sizeof(*t));
    int result;

    if (t == NULL)
        return PASU_E_NOMEM;
    t->options = options;
    t->bench = bench;
    story_init(&t->story, 147, SCENARIO_POPULATION);
    scenario->tell(&t->story, place);
    t->seen = memory_new(SCENARIO_POPULATION / 8 + 1, 1);
    result = t->seen == NULL ? PASU_E_NOMEM : story_end(&t->story);
    to->population = t->story.population;
    to->scale = SCENARIO_SCALE;
    to->begins = t->story.begins;
    to->ends = t->story.ends;
    if (result == 0)
        result = find_notices(t, to);
    if (result == 0)
        result = fill_all(t, to, directory);
    memory_free(t->seen);
    story_release(&t->story);
    memory_free(t);
    return result;
}
