/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/watcher.h"

#include "base/channel.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "breach/found.h"
#include "breach/told.h"
#include "ledger/message.h"
#include "ledger/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* Between two judgements: fifty times what the last one took, but so long at least and at most. */
#define REST_LEAST  (2 * NANOSECONDS_PER_SECOND)
#define REST_MOST   (30 * NANOSECONDS_PER_SECOND)
#define REST_FACTOR 50
#define TELL_EVERY  (5 * NANOSECONDS_PER_SECOND)
#define TURN        (50 * NANOSECONDS_PER_MILLISECOND) /* of reading, between two looks at messages */
#define DAY         (24 * 3600 * NANOSECONDS_PER_SECOND)

enum {
    NICE = 19,
    LOOK_MILLISECONDS = 250, /* between two looks whether something came */
    LOOK_EVERY = 64,         /* entries between two looks at the clock */
    FINDINGS_AT_ONCE = 16,   /* handed on after one judgement */
};

static_assert((int)WATCHED_DETECTORS == (int)DETECTOR_COUNT, "ledger/finding.h is below detect");

struct watcher {
    struct log log;
    const struct os *os;
    struct channel supervisor;
    struct segment_keys keys;
    struct source_folder folder;
    struct ledger_reader *reader;
    struct sightings sightings;
    struct detect *detect;
    struct told told;
    struct message_watched watched;
    uint64_t judged_exposures; /* that there were when it judged */
    int64_t judge_at, tell_at; /* monotonic */
    bool is_caught_up, is_ready;
    bool has_more; /* findings that were not handed on yet */
};

/* ---- what comes ---- */

static int
give(void *arg, const struct observation *observations, size_t count)
{
    struct watcher *w = arg;

    return detect_add(w->detect, observations, count);
}

static int
take(struct watcher *w, const struct ledger_entry *entry)
{
    w->watched.record = entry->seq + 1;
    if (entry->type == LEDGER_FINDING)
        return told_recorded(&w->told, entry->u.finding);
    return sightings_take(&w->sightings, entry);
}

/* Reads for a turn. 0, or an error after which there is no going on. */
static int
read_some(struct watcher *w)
{
    int64_t end = os_monotonic(w->os) + TURN;
    struct ledger_entry entry = {0};

    w->is_caught_up = false;
    ledger_reader_follow(w->reader);
    for (unsigned n = 1; n % LOOK_EVERY != 0 || os_monotonic(w->os) < end; n++) {
        int result = ledger_reader_next(w->reader, &entry);

        if (result == 0 || result == PASU_E_NOTFOUND) {
            w->is_caught_up = true;
            return 0;
        }
        if (result == PASU_E_CORRUPT)
            continue; /* others say where */
        if (result == 1)
            result = take(w, &entry);
        if (result < 0)
            return result;
    }
    return 0;
}

/* ---- what is found ---- */

static int
send_message(struct watcher *w, uint32_t type, const void *body, size_t length)
{
    return channel_send(&w->supervisor, type, body, length, -1);
}

/* What finds no room in the channel is told the next time. */
static int
tell_findings(struct watcher *w, const struct detect_report *report, int64_t now)
{
    unsigned sent = 0;

    told_give_up(&w->told, now);
    w->has_more = false;
    for (size_t i = 0; i < report->finding_count; i++) {
        struct message_finding message;
        int result;

        found_message(&message, &report->findings[i], &w->sightings);
        if (!told_is_new(&w->told, &message, now))
            continue;
        w->has_more = sent++ == FINDINGS_AT_ONCE ||
                      send_message(w, MESSAGE_FINDING, &message, sizeof(message)) != 0;
        if (w->has_more)
            return 0;
        result = told_sent(&w->told, &message, now);
        if (result != 0)
            return result;
    }
    return 0;
}

static void
note_report(struct watcher *w, const struct detect_report *report)
{
    struct message_watched *m = &w->watched;

    m->judged = os_realtime(w->os);
    m->principals = report->principals;
    m->tested = report->tested;
    m->findings = report->finding_count;
    m->memory = report->memory;
    m->forgotten = report->forgotten;
    memset(m->untestable, 0, sizeof(m->untestable));
    for (size_t i = 0; i < report->untestable_count; i++) {
        char *reason = m->untestable[report->untestable[i].detector];

        snprintf(reason, WATCHED_REASON_SIZE, "%s", report->untestable[i].reason);
    }
}

static void
tell_progress(struct watcher *w, int64_t now)
{
    struct message_watched *m = &w->watched;

    m->stream = w->sightings.newest;
    m->exposures = w->sightings.told;
    m->unnamed = w->sightings.unnamed;
    m->past = w->sightings.past;
    m->undated = w->sightings.undated;
    m->unknown = w->sightings.unknown;
    m->is_behind = !w->is_caught_up;
    w->tell_at = now + TELL_EVERY;
    if (send_message(w, MESSAGE_WATCHED, m, sizeof(*m)) != 0) {
        /* the next one says more */
    }
}

static int
judge(struct watcher *w)
{
    int64_t began = os_monotonic(w->os), took;
    struct detect_report report;
    int result = detect_findings(w->detect, &report);

    if (result != 0)
        return result;
    note_report(w, &report);
    w->judged_exposures = w->sightings.told;
    result = tell_findings(w, &report, began);
    took = os_monotonic(w->os) - began;
    w->judge_at = began + (took < REST_MOST / REST_FACTOR ? took * REST_FACTOR : REST_MOST);
    if (w->judge_at < began + REST_LEAST)
        w->judge_at = began + REST_LEAST;
    if (!w->is_ready)
        LOG_EVENT(&w->log, WATCHER_READY, F_UINT("records", w->watched.record),
                  F_UINT("exposures", w->sightings.told), F_UINT("findings", report.finding_count));
    w->is_ready = true;
    tell_progress(w, began);
    return result;
}

/* All that is recorded was read; what is on its way is looked at again. */
static bool
is_judgement_due(const struct watcher *w, int64_t now)
{
    return w->is_caught_up && now >= w->judge_at &&
           (!w->is_ready || w->sightings.told != w->judged_exposures || w->has_more ||
            told_waits(&w->told, now));
}

static int
work(struct watcher *w)
{
    int result = read_some(w);
    int64_t now = os_monotonic(w->os);

    if (result == 0 && is_judgement_due(w, now))
        result = judge(w);
    if (result == 0 && now >= w->tell_at)
        tell_progress(w, now);
    return result;
}

/* ---- the supervisor ---- */

/* Whether it is to end. */
static bool
read_supervisor(struct watcher *w)
{
    struct channel_message message;
    struct message_empty empty = {0};
    int result;

    while ((result = channel_receive(&w->supervisor, &message)) != PASU_E_AGAIN) {
        if (result == PASU_E_PROTOCOL) {
            LOG_EVENT(&w->log, MESSAGE_REFUSED, F_UINT("type", message.type));
            continue;
        }
        if (result != 0 || message.type == MESSAGE_STOP)
            return true;
        if (send_message(w, MESSAGE_PONG, &empty, sizeof(empty)) == PASU_E_EOF)
            return true;
    }
    return false;
}

static int
serve(struct watcher *w)
{
    for (;;) {
        struct pollfd fd = {.fd = w->supervisor.fd, .events = POLLIN};
        int result;

        if (poll(&fd, 1, w->is_caught_up ? LOOK_MILLISECONDS : 0) > 0 && read_supervisor(w))
            return 0;
        result = work(w);
        if (result != 0)
            return result;
    }
}

/* ---- start ---- */

static int
open_reader(struct watcher *w, int directory)
{
    int segments =
        w->os->openat(w->os->arg, directory, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int result;

    if (segments < 0)
        return errno == ENOENT ? PASU_E_NOTFOUND : error_from_errno(errno);
    w->folder = (struct source_folder){.os = w->os, .directory = segments, .keeps = true};
    result = ledger_reader_open_source(&w->reader, w->os,
                                       (struct source){source_open_folder, &w->folder}, -1);
    if (result == 0)
        ledger_reader_unlock(w->reader, &w->keys);
    return result;
}

static int
open_detectors(struct watcher *w, const struct watcher_options *options)
{
    struct detect_options detect = {
        .memory = options->memory,
        .off = options->off,
        .axes = SIGHTINGS_AXES,
        .settle = WATCHER_SETTLE,
        .q = FOUND_SHARE * options->false_weekly,
        .false_a_year = (double)WEEKS_OF_A_YEAR * options->false_weekly,
    };
    int result = w->os->random(w->os->arg, detect.secret, sizeof(detect.secret));

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        snprintf(w->watched.detectors[i], FINDING_DETECTOR_SIZE, "%s",
                 detector_name((enum detector)i));
    if (result == 0)
        result =
            sightings_init(&w->sightings, w->os, os_realtime(w->os) - WATCHER_DAYS * DAY, give, w);
    if (result == 0)
        result = told_init(&w->told, w->os);
    return result == 0 ? detect_open(&w->detect, &detect) : result;
}

static int
enter_sandbox(struct watcher *w)
{
    const struct sandbox_folder folders[] = {{w->folder.directory, SANDBOX_READS}};
    int result = sandbox_confine(folders, COUNT_OF(folders));

    if (result == PASU_E_UNAVAILABLE)
        LOG_EVENT(&w->log, UNCONFINED, F_TEXT("hint", "a kernel with Landlock (from 5.13 on)"));
    else if (result != 0)
        return result;
    return sandbox_enter(SANDBOX_INDEXER); /* it does what the indexer does, and less */
}

int
watcher_main(const struct watcher_start *start, const struct log *log)
{
    struct watcher *w = memory_new(1, sizeof(*w));
    int result;

    if (!w)
        return 2;
    w->log = *log;
    w->os = log->os;
    w->keys = start->keys;
    signal(SIGPIPE, SIG_IGN);
    if (setpriority(PRIO_PROCESS, 0, NICE) != 0) {
        /* then it is as any other */
    }
    channel_init(&w->supervisor, start->supervisor_fd, message_rules_watcher_from_supervisor,
                 message_rules_watcher_from_supervisor_count);
    result = open_reader(w, start->directory_fd);
    close(start->directory_fd);
    if (result == 0)
        result = enter_sandbox(w);
    if (result == 0)
        result = open_detectors(w, &start->options);
    if (result == 0)
        result = serve(w);
    if (result != 0)
        LOG_EVENT(&w->log, WATCHER_FAILED, F_TEXT("error", error_text(result)),
                  F_TEXT("hint", error_hint(result)));
    return result == 0 ? 0 : 2; /* the process ends: all else goes with it */
}
