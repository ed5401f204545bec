/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include "base/memory.h"
#include "breach/watcher.h"
#include "detect/detect.h"
#include "ledger/take_keys.h"

/* Findings that are passed on in a minute; the watcher says again what is not recorded. */
#define MINUTE (60 * NANOSECONDS_PER_SECOND)
enum { FINDINGS_MINUTE = 120 };

struct watcher_run {
    struct supervisor *v;
    struct watcher_start start;
};

static int
run_watcher(int fd, const struct log *log, void *arg)
{
    struct watcher_run *run = arg;

    forget(run->v);
    run->start.supervisor_fd = fd;
    return watcher_main(&run->start, log);
}

static struct watcher_options
options_of(const struct config *config)
{
    const bool on[DETECTOR_COUNT] = {
        [DETECTOR_COVERAGE] = config->detectors.coverage,
        [DETECTOR_GROWTH] = config->detectors.growth,
        [DETECTOR_SUCCESSOR] = config->detectors.successor,
        [DETECTOR_DRIFT] = config->detectors.drift,
        [DETECTOR_FANOUT] = config->detectors.fanout,
        [DETECTOR_ORPHAN] = config->detectors.orphan,
        [DETECTOR_MISSES] = config->detectors.misses,
        [DETECTOR_TILING] = config->detectors.tiling,
        [DETECTOR_NOVELTY] = config->detectors.novelty,
        [DETECTOR_WAKING] = config->detectors.waking,
    };
    struct watcher_options options = {.false_weekly = (uint32_t)config->detectors.false_weekly,
                                      .memory = config->detectors.memory};

    for (size_t i = 0; i < DETECTOR_COUNT; i++)
        options.off |= on[i] ? 0 : UINT32_C(1) << i;
    return options;
}

bool
detecting_is_wanted(const struct supervisor *v)
{
    return v->phase == PHASE_RUNNING &&
           options_of(v->config).off != (UINT32_C(1) << DETECTOR_COUNT) - 1;
}

int
detecting_start(struct supervisor *v)
{
    const int directory = v->resources.directory;
    struct watcher_run watcher = {
        .v = v, .start = {.directory_fd = directory, .options = options_of(v->config)}};
    struct child_start start = {.account = &v->account,
                                .log = &v->log,
                                .main = run_watcher,
                                .arg = &watcher,
                                .keep = &directory,
                                .keep_count = 1,
                                .rules = message_rules_supervisor_from_watcher,
                                .rule_count = message_rules_supervisor_from_watcher_count};
    int result = take_keys_copy(&watcher.start.keys, v->config);

    v->is_watcher_renewed = false;
    v->watched = watcher.start.options;
    if (result == 0)
        result = child_start(&v->children[WATCHER], &start);
    segment_keys_release(&watcher.start.keys);
    return result;
}

void
detecting_from_watcher(struct supervisor *v, const struct channel_message *message)
{
    int64_t now = os_monotonic(&os_real);

    if (message->type != MESSAGE_FINDING && message->type != MESSAGE_WATCHED)
        return; /* PONG: it lives */
    if (message->type == MESSAGE_FINDING && now - v->findings_since > MINUTE) {
        v->findings_since = now;
        v->findings_passed = 0;
    }
    if (message->type == MESSAGE_FINDING && v->findings_passed++ >= FINDINGS_MINUTE)
        return;
    tell(v, &v->children[KEEPER], message->type, message->body, message->length, -1);
}

void
detecting_renew(struct supervisor *v, bool is_log_other)
{
    const struct watcher_options now = options_of(v->config);
    struct message_empty empty = {0};
    struct child *watcher = &v->children[WATCHER];

    /* Another one reads the ledger again: not for nothing. */
    if (!watcher->pid ||
        (!is_log_other && now.off == v->watched.off && now.memory == v->watched.memory &&
         now.false_weekly == v->watched.false_weekly))
        return;
    v->is_watcher_renewed = true;
    tell(v, watcher, MESSAGE_STOP, &empty, sizeof(empty), -1);
}
