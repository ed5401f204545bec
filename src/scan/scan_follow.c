/* SPDX-License-Identifier: Apache-2.0 */
/* A scan of logs that go on: the detectors are asked as lines come, and what is new is told. */
#include "base/memory.h"
#include "base/os.h"
#include "scan/follow.h"
#include "scan/scan_part.h"

enum {
    ASKED_SHARE = 20,
    AT_ONCE = 50, /* milliseconds in which what comes is read together */
    GROWN = 2     /* times as many as were told: it is told again */
};

/* One principal of a finding that was told, and of how many persons and misses. */
struct told {
    uint64_t who, many;
    uint8_t axis, detector;
};

struct following {
    struct scan *scan;
    struct follow *follow;
    struct told *told; /* sorted */
    size_t count, space;
    int64_t ask_next; /* monotonic; the detectors are not asked before */
    bool is_new;      /* something was read since they were asked */
};

/* ---- names ---- */

static bool
wants_all(const void *arg PASU_UNUSED, const struct observation *observation PASU_UNUSED)
{
    return true;
}

/* Of those who asked for persons: nobody else is in a finding. */
static void
keep_names(struct scan *scan, struct block *block, const struct dialect *dialect)
{
    char name[OBSERVE_NAME];
    struct event event;

    for (size_t i = 0; i < block->count; i++) {
        const struct observation *item = &block->items[i];
        bool is_there = false;

        if (item->what != OBSERVED_SHOWN && item->what != OBSERVED_MISS)
            continue;
        for (enum axis axis = 0; axis < AXIS_COUNT; axis++) {
            if (item->who[axis] == 0 || called_find(scan->called, axis, item->who[axis]) != NULL)
                continue;
            if (!is_there && !block_event(block, dialect, item->offset, &event))
                break;
            is_there = true;
            observe_name(scan->observer, &event, axis, name);
            if (name[0] != '\0')
                called_set(scan->called, axis, item->who[axis], name);
        }
    }
}

/* Names that came since are files of the scan. */
static int
take_names(struct following *f)
{
    struct scan *scan = f->scan;
    size_t count = follow_count(f->follow), had = scan->report.file_count;
    struct scan_file *files;

    scan->report.is_full = follow_is_full(f->follow);
    if (count == had)
        return 0;
    files = memory_resize(scan->files, count, sizeof(*files));
    if (files == NULL)
        return PASU_E_NOMEM;
    for (size_t i = had; i < count; i++)
        files[i] = (struct scan_file){.path = follow_tail(f->follow, i)->path};
    scan->report.files = scan->files = files;
    scan->report.file_count = count;
    return 0;
}

static int
take_block(void *arg, struct block *block, uint64_t taken)
{
    struct following *f = arg;
    size_t number = block->file % f->scan->report.stride;

    if (take_names(f) != 0)
        return PASU_E_NOMEM;
    keep_names(f->scan, block, &follow_tail(f->follow, number)->head.dialect);
    return scan_take_block(f->scan, block, taken);
}

static int
take_observations(void *arg, const struct observation *items, size_t count)
{
    struct following *f = arg;

    return scan_take_observations(f->scan, items, count);
}

static void
name_them(struct scan *scan)
{
    const struct detect_report *report = &scan->report.detect;

    for (size_t i = 0; i < report->finding_count; i++)
        for (size_t p = 0; p < report->findings[i].principals; p++) {
            const struct finding_principal *who = &report->findings[i].principal[p];
            const char *name = called_find(scan->called, (enum axis)who->axis, who->who);
            struct observation of = {.time = 0};

            of.who[who->axis] = who->who;
            if (name != NULL)
                exact_name(scan->exact, &of, (enum axis)who->axis, name);
        }
}

/* ---- what was told ---- */

static int
by_told(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->who != y->who)
        return x->who < y->who ? -1 : 1;
    if (x->axis != y->axis)
        return x->axis < y->axis ? -1 : 1;
    return (x->detector > y->detector) - (x->detector < y->detector);
}

static struct told
told_of(const struct finding *finding, size_t principal)
{
    return (struct told){.who = finding->principal[principal].who,
                         .many = finding->about + finding->misses,
                         .axis = finding->principal[principal].axis,
                         .detector = finding->detector};
}

/* In the first `count`, which are sorted; NULL: it was not told. */
static struct told *
find_told(const struct following *f, size_t count, const struct told *told)
{
    return count > 0 ? bsearch(told, f->told, count, sizeof(*told), by_told) : NULL;
}

/* Whether it is to be told: of nobody in it was it told, or of far fewer. */
static bool
is_news(const struct following *f, size_t count, const struct finding *finding)
{
    const uint64_t many = finding->about + finding->misses;
    bool was_told = false;

    for (size_t i = 0; i < finding->principals; i++) {
        struct told told = told_of(finding, i);
        const struct told *before = find_told(f, count, &told);

        if (before != NULL && many / GROWN < before->many)
            return false;
        was_told |= before != NULL;
    }
    return !was_told || many > 0;
}

static int
remember(struct following *f, size_t count, const struct finding *finding)
{
    if (f->count + FINDING_PRINCIPALS > f->space) {
        size_t space = 2 * f->space + FINDING_PRINCIPALS;
        struct told *told = memory_resize(f->told, space, sizeof(*told));

        if (told == NULL)
            return PASU_E_NOMEM;
        f->told = told;
        f->space = space;
    }
    for (size_t i = 0; i < finding->principals; i++) {
        struct told told = told_of(finding, i), *before = find_told(f, count, &told);

        if (before != NULL)
            before->many = told.many;
        else
            f->told[f->count++] = told;
    }
    return 0;
}

/* Asks the detectors; each finding that is news goes to `found`, whose result ends it. */
static int
ask(struct following *f)
{
    struct scan *scan = f->scan;
    const struct exact_finding *findings;
    size_t before = f->count;
    int result = detect_findings(scan->detect, &scan->report.detect);

    exact_free(scan->exact);
    scan->exact = NULL;
    if (result == 0)
        result = exact_new(&scan->exact, scan->report.detect.findings,
                           scan->report.detect.finding_count);
    if (result != 0)
        return result;
    name_them(scan);
    findings = exact_end(scan->exact, false);
    for (size_t i = 0; i < scan->report.detect.finding_count && result == 0; i++) {
        if (!is_news(f, before, findings[i].finding))
            continue;
        result = remember(f, before, findings[i].finding);
        if (result == 0 && scan->options.found(scan->options.arg, &findings[i]) != 0)
            result = 1;
    }
    if (f->count > before)
        qsort(f->told, f->count, sizeof(*f->told), by_told);
    return result;
}

/* Not more often than once a second, nor for more than a twentieth of the time. */
static int
ask_when_due(struct following *f)
{
    int64_t now = os_monotonic(&os_real), pause;
    int result;

    if (!f->is_new || now < f->ask_next)
        return 0;
    f->is_new = false;
    result = ask(f);
    pause = (os_monotonic(&os_real) - now) * ASKED_SHARE;
    f->ask_next = now + (pause > NANOSECONDS_PER_SECOND ? pause : NANOSECONDS_PER_SECOND);
    return result;
}

/* ---- all of it ---- */

static void
describe_files(struct following *f)
{
    for (size_t i = 0; i < f->scan->report.file_count; i++) {
        const struct tail *tail = follow_tail(f->follow, i);
        struct scan_file *file = &f->scan->files[i];

        file->head = tail->head;
        file->rotations = tail->generation;
        if (tail->error != 0)
            file->error = tail->error;
    }
}

static int
milliseconds_until_due(const struct following *f)
{
    int64_t left = f->ask_next - os_monotonic(&os_real);

    if (!f->is_new)
        return -1;
    return left > 0 ? (int)(left / NANOSECONDS_PER_MILLISECOND) + 1 : 0;
}

static int
read_on(struct following *f)
{
    int result = 0;

    while (result == 0 && !follow_is_stopped(f->follow)) {
        result = follow_read(f->follow);
        f->is_new |= result > 0;
        if (result < 0)
            return result;
        if (take_names(f) != 0)
            return PASU_E_NOMEM;
        describe_files(f);
        if (f->scan->options.progress != NULL)
            f->scan->options.progress(f->scan->options.arg, f->scan->report.bytes, 0, false);
        if (follow_is_over(f->follow))
            return 0;
        if (result > 0) /* more of it is on its way, often */
            follow_pause(f->follow, AT_ONCE);
        result = ask_when_due(f);
        if (result == 0)
            follow_wait(f->follow, milliseconds_until_due(f));
    }
    return result < 0 ? result : 0;
}

int
scan_follow(struct scan *scan)
{
    struct following f = {.scan = scan};
    struct follow_options options = {.dialects = &scan->dialects,
                                     .block = take_block,
                                     .observations = take_observations,
                                     .arg = &f,
                                     .names = scan->options.names,
                                     .stop = scan->options.stop};
    char **paths = memory_new(scan->report.file_count, sizeof(*paths));
    uint8_t secret[OBSERVE_SECRET];
    int result = paths == NULL ? PASU_E_NOMEM : os_real.random(os_real.arg, secret, sizeof(secret));

    memory_free(scan->kept); /* of reading twice */
    scan->kept = NULL;
    for (size_t i = 0; i < scan->report.file_count && result == 0; i++)
        paths[i] = (char *)(uintptr_t)scan->files[i].path;
    if (result == 0)
        result = scan_begin(scan, secret);
    if (result == 0)
        result = called_new(&scan->called);
    if (result == 0)
        result = scan_make_streams(scan, &options.streams, wants_all, NULL);
    if (result == 0)
        result = follow_open(&f.follow, &options, paths, scan->report.file_count);
    if (result == 0) {
        result = read_on(&f);
        describe_files(&f);
    }
    if (result == 0)
        result = ask(&f);
    follow_close(f.follow);
    streams_free(options.streams);
    memory_free(paths);
    memory_free(f.told);
    return result < 0 ? result : 0;
}
