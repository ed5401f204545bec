/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web case: an access log, written as a web server writes one, and read by what `pasu scan`
 * reads logs with. Members log in and look at themselves; for a month, with tokens that nobody was
 * given, so without a login, somebody else looks at one member after the other.
 */
#include "drill/drill.h"

#include "base/memory.h"
#include "base/os.h"
#include "drill/scenario.h"
#include "scan/scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    PAST = 30,
    DAYS = 30,
    VISITS = 500, /* of members, a day */
    LINES = 4,    /* of a visit */
    HOMES = 20000,
    A_DAY = SCENARIO_POPULATION / SCENARIO_DAYS, /* whom the forger reads */
    SESSION_READS = 40,                          /* a forged token is used so often */
};

static const char forger[] = "133.11.0.1";

static const char map_text[] =
    "subjects: {member: {}}\n"
    "routes:\n"
    "  - {path: '/api/members/{member}/addresses', fields: [name, phone, address]}\n"
    "login: [/login]\n"
    "principal: [address, session]\n"
    "from: {session: cookie_sid}\n"
    "log_format: '$remote_addr - - [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$cookie_sid\"'\n";

struct line {
    int64_t time;
    uint32_t order, member; /* 0: none is asked for */
    uint32_t session, home;
    enum { LOGS_IN, LOOKS_AROUND, LOOKS_UP } what;
    bool is_forged;
};

struct web {
    struct line *lines;
    size_t count;
    struct story dice; /* of whom only the numbers are used */
    int64_t begins, ends;
    char path[4096];
};

/* ---- what happens ---- */

static void
add(struct web *w, struct line line)
{
    line.order = (uint32_t)w->count;
    w->lines[w->count++] = line;
}

static void
visit(struct web *w, int day)
{
    uint32_t home = story_random(&w->dice, HOMES), session = (uint32_t)w->count + 1;
    int64_t at =
        town_day(day) + 8 * STORY_HOUR + story_random(&w->dice, 14 * 3600) * NANOSECONDS_PER_SECOND;
    struct line line = {.time = at, .session = session, .home = home, .what = LOGS_IN};

    add(w, line);
    line.what = LOOKS_AROUND;
    line.time += NANOSECONDS_PER_SECOND;
    add(w, line);
    line.time += 20 * NANOSECONDS_PER_SECOND;
    add(w, line);
    line.what = LOOKS_UP;
    line.member = home + 1;
    line.time += 7 * NANOSECONDS_PER_SECOND;
    add(w, line);
}

static void
forge(struct web *w, int day, uint32_t *next)
{
    int64_t step = STORY_DAY / A_DAY;

    for (uint32_t i = 0; i < A_DAY; i++, (*next)++)
        add(w, (struct line){.time = town_day(day) + i * step + 1,
                             .member = *next,
                             .session = *next / SESSION_READS,
                             .what = LOOKS_UP,
                             .is_forged = true});
}

static int
by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int
tell(struct web *w)
{
    uint32_t next = 1;

    story_init(&w->dice, 33, SCENARIO_POPULATION);
    w->lines = memory_new((PAST + DAYS) * VISITS * LINES + DAYS * A_DAY, sizeof(*w->lines));
    if (w->lines == NULL)
        return PASU_E_NOMEM;
    for (int day = -PAST; day < DAYS; day++) {
        for (int v = 0; v < VISITS; v++)
            visit(w, day);
        if (day >= 0)
            forge(w, day, &next);
    }
    qsort(w->lines, w->count, sizeof(*w->lines), by_time);
    w->begins = town_day(0) + 1;
    w->ends = town_day(DAYS);
    return 0;
}

/* ---- as a log ---- */

static void
write_line(FILE *file, const struct line *line)
{
    static const char *const asked[] = {[LOGS_IN] = "POST /login", [LOOKS_AROUND] = "GET /home"};
    time_t at = (time_t)(line->time / NANOSECONDS_PER_SECOND);
    char time[40] = "";
    struct tm utc;

    if (gmtime_r(&at, &utc) != NULL)
        (void)strftime(time, sizeof(time), "%d/%b/%Y:%H:%M:%S +0000", &utc);
    if (line->is_forged)
        fputs(forger, file);
    else
        fprintf(file, "198.51.%u.%u", line->home / 250, line->home % 250);
    fprintf(file, " - - [%s] \"", time);
    if (line->what == LOOKS_UP)
        fprintf(file, "GET /api/members/%u/addresses", line->member);
    else
        fprintf(file, "%s", asked[line->what]);
    fprintf(file, " HTTP/1.1\" 200 512 \"%s%08x\"\n", line->is_forged ? "f" : "m", line->session);
}

/* Those before `to`. */
static int
write_log(const struct web *w, int64_t to)
{
    FILE *file = fopen(w->path, "we");
    bool is_well;

    if (file == NULL)
        return PASU_E_IO;
    for (size_t i = 0; i < w->count && w->lines[i].time < to; i++)
        write_line(file, &w->lines[i]);
    is_well = ferror(file) == 0;
    return fclose(file) == 0 && is_well ? 0 : PASU_E_IO;
}

/* ---- as it is read ---- */

struct seen {
    bool is_found;
    int64_t found;
    char by[NOTICE_TEXT];
    uint64_t at_least, at_most; /* of the finding that has most */
    uint64_t others;
    int64_t took;
};

static bool
is_forger(const struct exact_finding *found)
{
    for (size_t p = 0; p < found->finding->principals; p++) {
        if (strcmp(found->names[p], forger) == 0)
            return true;
        if (found->finding->principal[p].axis == AXIS_SESSION && found->names[p][0] == 'f')
            return true;
    }
    return false;
}

static void
look(const struct web *w, const struct scan_report *report, struct seen *seen)
{
    for (size_t f = 0; f < report->finding_count; f++) {
        const struct exact_finding *found = &report->findings[f];
        const struct finding *finding = found->finding;

        if (!is_forger(found) || finding->found < w->begins) {
            seen->others++;
            continue;
        }
        if (found->at_most > seen->at_most) {
            seen->at_least = found->at_least;
            seen->at_most = found->at_most;
        }
        if (seen->is_found && seen->found <= finding->found)
            continue;
        seen->is_found = true;
        seen->found = finding->found;
        snprintf(seen->by, sizeof(seen->by), "detector %s: it %s", detector_name(finding->detector),
                 detector_text(finding->detector));
    }
}

static int
read_log(const struct web *w, const struct route_map *map, struct seen *seen)
{
    const struct scan_options options = {.map = map, .threads = 1};
    char path[sizeof(w->path)];
    char *paths[] = {path};
    struct scan *scan = NULL;
    const char *failed;
    int64_t began = os_monotonic(&os_real);
    int result;

    *seen = (struct seen){0};
    memcpy(path, w->path, sizeof(path));
    result = scan_open(&scan, &options, paths, 1, &failed);
    if (result == 0)
        result = scan_run(scan);
    if (result == 0)
        look(w, scan_report(scan), seen);
    seen->took = os_monotonic(&os_real) - began;
    scan_close(scan);
    return result;
}

static uint64_t
count_forged(const struct web *w, int64_t to)
{
    uint64_t count = 0;

    for (size_t i = 0; i < w->count && w->lines[i].time < to; i++)
        count += w->lines[i].is_forged; /* each of somebody else */
    return count;
}

static void
draw_curve(const struct web *w, struct drill_scenario *to)
{
    int64_t part = (w->ends - w->begins) / DRILL_CURVE + 1;
    size_t line = 0;
    uint64_t count = 0;

    for (size_t at = 0; at < DRILL_CURVE; at++) {
        for (; line < w->count && w->lines[line].time < w->begins + part * (int64_t)(at + 1);
             line++)
            count += w->lines[line].is_forged;
        to->curve[at] = count;
    }
}

static int
run(struct web *w, struct drill_scenario *to, const struct route_map *map)
{
    struct drill_cell *cell = &to->cells[DRILL_DETECTORS];
    struct seen seen = {0}, then = {0};
    int result = write_log(w, INT64_MAX);

    if (result == 0 && cell->is_on)
        result = read_log(w, map, &seen);
    for (size_t i = 0; i < DRILL_CELLS; i++)
        to->cells[i].shown = count_forged(w, INT64_MAX);
    draw_curve(w, to);
    to->others = seen.others;
    if (result != 0 || !seen.is_found)
        return result;
    result = write_log(w, seen.found);
    if (result == 0)
        result = read_log(w, map, &then);
    cell->is_noticed = true;
    memcpy(cell->by, seen.by, sizeof(cell->by));
    cell->after = seen.found - w->begins;
    cell->shown = count_forged(w, seen.found);
    cell->is_known = then.at_least == cell->shown && then.at_most == cell->shown;
    cell->known_ns = then.took;
    if (!cell->is_known)
        snprintf(cell->why, sizeof(cell->why),
                 "the scan of the log up to then counts from %llu to %llu persons",
                 (unsigned long long)then.at_least, (unsigned long long)then.at_most);
    to->cells[DRILL_ALL] = *cell;
    return result;
}

int
drill_web(struct drill_scenario *to, const struct drill_options *options,
          const struct bench *bench PASU_UNUSED, int directory PASU_UNUSED)
{
    struct web *w = memory_new(1, sizeof(*w));
    struct config_faults faults = {0};
    struct route_map *map = NULL;
    int result = w == NULL ? PASU_E_NOMEM : tell(w);

    if (result == 0)
        result = route_map_parse(&map, VIEW(map_text), "map.yaml", &faults);
    config_faults_release(&faults);
    if (result == 0) {
        snprintf(w->path, sizeof(w->path), "%s/%s/access.log", options->directory, to->name);
        to->population = SCENARIO_POPULATION;
        to->scale = SCENARIO_SCALE;
        to->begins = w->begins;
        to->ends = w->ends;
        result = run(w, to, map);
    }
    route_map_free(map);
    if (w != NULL) {
        story_release(&w->dice);
        memory_free(w->lines);
    }
    memory_free(w);
    return result;
}
