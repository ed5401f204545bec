/* SPDX-License-Identifier: Apache-2.0 */
#include "drill/drill.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/os.h"
#include "drill/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Those that are not of scenario.c. */
static const struct scenario web = {
    "web", "the web case",
    "Tokens that nobody was given, made with a stolen key, ask a web shop for one member after the "
    "other, from an address abroad; there is only the shop's access log",
    NULL};
static const struct scenario around = {
    "administrator", "the administrator around the gateway",
    "A database administrator connects to the server itself, past the gateway, and copies all "
    "customers",
    NULL};

static const char *names[DRILL_SCENARIOS_MAX];

/* ---- the stage ---- */

/* Addresses that somebody may come from. */
static const char *const addresses[] = {"211.231.100.15", "10.20.30.40", "127.0.0.1",   "8.8.8.8",
                                        "133.11.0.1",     "141.1.1.1",   "202.112.0.15"};

/* Whether somebody who works there as always is left in peace. */
static int
is_home(const struct bench *bench, const char *address, bool *is)
{
    const struct scenario_place place = {.home = address};
    struct controlled all;
    struct notice notice = {0};
    struct story story;
    uint32_t session;
    int result;

    story_init(&story, 1, SCENARIO_POPULATION);
    town_live(&story, &place, 1, -7, 0);
    session = story_open(&story, 1, NULL, town_day(1) + 11 * STORY_HOUR, true);
    story_ask(&story, session, town_day(1) + 11 * STORY_HOUR + 1, SHAPE_ONE, 1, 1, 1, false);
    result = story_end(&story);
    if (result == 0)
        result = controlled_init(&all, bench->config, DRILL_BIT(COUNTRY) | DRILL_BIT(RULES), 0);
    if (result == 0) {
        result = judge_story(&notice, bench, &story, &all);
        controlled_release(&all);
    }
    story_release(&story);
    *is = !notice.is_noticed;
    return result;
}

/* Home is the first address that nothing is said about in office hours, abroad the first whose
 * country is another. */
static int
choose_place(const struct bench *bench, struct scenario_place *place)
{
    struct origin home, other;
    bool is = false;
    int result = 0;

    place->home = addresses[0];
    for (size_t i = 0; i < COUNT_OF(addresses) && !is && result == 0; i++) {
        result = is_home(bench, addresses[i], &is);
        if (is)
            place->home = addresses[i];
    }
    judge_origin(bench, place->home, &home);
    place->abroad = strcmp(place->home, "8.8.8.8") != 0 ? "8.8.8.8" : addresses[0];
    for (size_t i = COUNT_OF(addresses); i-- > 0;) {
        judge_origin(bench, addresses[i], &other);
        if (other.country[0] != '\0' && strcmp(other.country, home.country) != 0)
            place->abroad = addresses[i];
    }
    return result;
}

/* All fields of the first kind, and statements over its table. */
static int
make_bench(struct bench *bench, const struct drill_options *options)
{
    static const char *const ends[STORY_SHAPES] = {"= $1", "= $1 LIMIT $2", "BETWEEN $1 AND $2",
                                                   "IS NOT NULL"};
    const struct config *config = options->config;
    int result;

    *bench = (struct bench){.config = config, .sources = options->sources};
    result = vocabulary_of_config(&bench->vocabulary, config);
    if (result != 0)
        return result;
    if (config->subject_count == 0 || config->personal_count == 0)
        return PASU_E_NOTFOUND;
    for (size_t p = 0; p < config->personal_count; p++) {
        const struct config_personal *personal = &config->personal[p];

        if (strcmp(personal->subject, config->subjects[0].name) != 0)
            continue;
        for (size_t f = 0; f < personal->field_count; f++)
            bench->fields |= UINT64_C(1)
                             << vocabulary_field(&bench->vocabulary, personal->fields[f].field);
    }
    for (size_t i = 0; i < STORY_SHAPES; i++)
        snprintf(bench->sql[i], sizeof(bench->sql[i]), "SELECT * FROM %.100s WHERE %.40s %s",
                 config->subjects[0].table, config->subjects[0].key.items[0], ends[i]);
    return bench->fields != 0 ? 0 : PASU_E_NOTFOUND;
}

/* ---- scenarios ---- */

static void
name_scenario(struct drill_scenario *to, const struct scenario *scenario,
              const struct drill_options *options)
{
    unsigned has = controls_of(options->config) | (options->decoys > 0 ? DRILL_BIT(DECOYS) : 0);
    unsigned on = has & ~options->without;

    *to = (struct drill_scenario){
        .name = scenario->name, .title = scenario->title, .text = scenario->text};
    for (unsigned c = 0; c < DRILL_CONTROLS; c++)
        to->cells[c].is_on = (on >> c & 1) != 0;
    to->cells[DRILL_ALL].is_on = true;
}

/* A folder of its own in that of the drill. */
static int
open_folder(const struct drill_options *options, const char *name, int *directory)
{
    char path[4096];

    if (snprintf(path, sizeof(path), "%s/%s", options->directory, name) >= (int)sizeof(path))
        return PASU_E_RANGE;
    if (mkdir(path, 0700) != 0)
        return error_from_errno(errno);
    *directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *directory < 0 ? error_from_errno(errno) : 0;
}

/* The one is left out that is not asked for. */
static int
run_one(struct drill *drill, const struct scenario *scenario, const struct drill_options *options,
        const struct bench *bench, const struct scenario_place *place)
{
    struct drill_scenario *to = &drill->scenarios[drill->count];
    int directory, result;

    if (options->only != NULL && strcmp(options->only, scenario->name) != 0)
        return 0;
    if (options->progress != NULL)
        options->progress(options->arg, scenario->title);
    name_scenario(to, scenario, options);
    drill->count++;
    result = open_folder(options, scenario->name, &directory);
    if (result != 0)
        return result;
    if (scenario->tell != NULL)
        result = drill_tell(to, scenario, options, bench, place, directory);
    else if (scenario == &web)
        result = drill_web(to, options, bench, directory);
    else
        result = drill_around(to, options, bench);
    close(directory);
    return result;
}

const char *const *
drill_names(size_t *count)
{
    const struct scenario *list = scenario_list(count);

    for (size_t i = 0; i < *count; i++)
        names[i] = list[i].name;
    names[(*count)++] = web.name;
    names[(*count)++] = around.name;
    return names;
}

int
drill_run(struct drill *drill, const struct drill_options *options)
{
    struct bench *bench = memory_new(1, sizeof(*bench));
    struct scenario_place place;
    size_t count;
    const struct scenario *list = scenario_list(&count);
    int result = bench == NULL ? PASU_E_NOMEM : make_bench(bench, options);

    *drill = (struct drill){0};
    if (result == 0)
        result = bench_plant(bench, SCENARIO_POPULATION, options->decoys);
    if (result == 0)
        result = choose_place(bench, &place);
    for (size_t i = 0; i < count && result == 0; i++)
        result = run_one(drill, &list[i], options, bench, &place);
    if (result == 0)
        result = run_one(drill, &web, options, bench, &place);
    if (result == 0)
        result = run_one(drill, &around, options, bench, &place);
    if (bench != NULL)
        bench_release(bench);
    memory_free(bench);
    return result;
}
