/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/measure.h"

#include "base/memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define LOOK_EVERY NANOSECONDS_PER_SECOND
#define DISK_EVERY (10 * NANOSECONDS_PER_SECOND)
#define GATE_MOST  (5 * NANOSECONDS_PER_SECOND) /* without a word of it */

void
measure_init(struct measure *m, const struct os *os)
{
    *m = (struct measure){.os = os};
}

void
measure_take(struct measure *m, const struct channel_message *message)
{
    struct message_metrics of_gate;

    memcpy(&of_gate, message->body, sizeof(of_gate));
    for (size_t i = 0; i < METRICS; i++)
        if (metric_words[i].from == METRIC_OF_GATE)
            m->now.values[i] = of_gate.values[i];
    m->gate_at = os_monotonic(m->os);
}

void
measure_refused(struct measure *m, int error)
{
    int64_t reason = (int64_t)error - PASU_E_FIRST__;

    if (reason >= 0 && reason < METRIC_REASONS)
        m->now.refused[reason]++;
}

void
measure_process(struct measure *m, const struct message_process *process)
{
    static const struct {
        const char *name;
        enum metric metric;
    } names[] = {{"gate", METRIC_RESTARTS_GATE},
                 {"keeper", METRIC_RESTARTS_KEEPER},
                 {"herald", METRIC_RESTARTS_HERALD},
                 {"indexer", METRIC_RESTARTS_INDEXER},
                 {"watcher", METRIC_RESTARTS_WATCHER}};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strncmp(process->name, names[i].name, sizeof(process->name)) == 0)
            m->now.values[names[i].metric] = process->restarts;
}

/* ---- once a second ---- */

static void
look_rings(struct measure *m, const struct intake *intake, int64_t now)
{
    uint64_t *values = m->now.values, fullest = 0, all = 0;

    for (unsigned i = 0; i < intake->file.count; i++) {
        const struct ring *ring = ring_get(&intake->file, i);
        uint64_t used = ring_head(ring) - ring_tail(ring);

        all += used <= RING_SIZE ? used : RING_SIZE;
        fullest = used > fullest ? used : fullest;
    }
    if (fullest > RING_SIZE)
        fullest = RING_SIZE; /* what the gate writes there is not believed */
    if (all == 0)
        m->behind_since = 0;
    else if (m->behind_since == 0)
        m->behind_since = now;
    values[METRIC_RING_FILL] = fullest * 1000000 / RING_SIZE;
    values[METRIC_RING_BYTES] = all;
    values[METRIC_LAG] = m->behind_since ? (uint64_t)(now - m->behind_since) : 0;
}

static uint64_t
size_of_segments(const struct os *os, int segments)
{
    uint64_t *firsts, bytes = 0;
    char name[SEGMENT_NAME_SIZE];
    struct stat st;
    size_t count;

    if (segments < 0 || segment_list(os, segments, &firsts, &count) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        segment_name(name, firsts[i]);
        if (fstatat(segments, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            bytes += (uint64_t)st.st_blocks * 512;
    }
    memory_free(firsts);
    return bytes;
}

static void
look_disk(struct measure *m, const struct record_keeping *r, int64_t now)
{
    struct statvfs disk;

    if (now < m->disk_at)
        return;
    m->disk_at = now + DISK_EVERY;
    m->now.values[METRIC_LEDGER_BYTES] = size_of_segments(m->os, r->chain.segments);
    if (fstatvfs(r->directory, &disk) == 0)
        m->now.values[METRIC_FREE_BYTES] = (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void
look_records(struct measure *m, const struct record_keeping *r, const struct courier *courier)
{
    uint64_t *values = m->now.values;

    for (size_t i = 0; i < METRICS; i++)
        if (r->counted[i] > 0)
            values[i] = r->counted[i];
    values[METRIC_RECORDS] = chain_size(&r->chain);
    values[METRIC_SIGNED] = r->chain.signed_size;
    values[METRIC_LOST] = r->counted[METRIC_LOST] + r->gap.count;
    values[METRIC_UNDELIVERED_WEBHOOK] =
        courier->policy.is_wanted[ALERT_WEBHOOK] ? courier_waiting(courier, ALERT_WEBHOOK) : 0;
    values[METRIC_UNDELIVERED_SYSLOG] =
        courier->policy.is_wanted[ALERT_SYSLOG] ? courier_waiting(courier, ALERT_SYSLOG) : 0;
    values[METRIC_UNDELIVERED_EMAIL] =
        courier->policy.is_wanted[ALERT_EMAIL] ? courier_waiting(courier, ALERT_EMAIL) : 0;
    values[METRIC_UNACKNOWLEDGED] = courier->climb_count;
}

void
measure_look(struct measure *m, const struct intake *intake, const struct courier *courier,
             struct channel *gate, struct channel *herald)
{
    const struct record_keeping *r = intake->records;
    struct message_empty empty = {0};
    int64_t now = os_monotonic(m->os);

    if (!m->is_wanted || now < m->look_at || !r->is_open)
        return;
    m->look_at = now + LOOK_EVERY;
    look_rings(m, intake, now);
    look_disk(m, r, now);
    look_records(m, r, courier);
    m->now.values[METRIC_GATE_UP] = m->gate_at != 0 && now - m->gate_at < GATE_MOST;
    m->now.at = os_realtime(m->os);
    if (gate->fd >= 0 && channel_send(gate, MESSAGE_MEASURE, &empty, sizeof(empty), -1) != 0) {
        /* it is asked again */
    }
    if (herald->fd >= 0 &&
        channel_send(herald, MESSAGE_METRICS, &m->now, sizeof(m->now), -1) != 0) {
        /* it is told again; an end is seen when it is read */
    }
}
