/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/record.h"
#include "ledger/record_part.h"

#include "base/memory.h"
#include "ledger/entry.h"
#include "ledger/restated.h"

enum { GROUP_MILLISECONDS = 10, SIGN_MILLISECONDS = 800, GATE_LOST_SECONDS = 5 };

void
record_init(struct record_keeping *r, const struct log *log, int directory)
{
    *r = (struct record_keeping){
        .log = log, .directory = directory, .durability = DURABILITY_GROUP, .entries = {.fd = -1}};
    if (log->os->random(log->os->arg, &r->live.seed, sizeof(r->live.seed)) != 0)
        r->live.seed = (uint64_t)os_realtime(log->os);
    r->sought.sessions.seed = r->live.seed;
}

int
record_set_secret(struct record_keeping *r, const uint8_t secret[SEAL_SECRET_SIZE])
{
    int result = seal_init(&r->seal, secret);

    r->has_seal = result == 0;
    return result;
}

/* ---- one record ---- */

static int64_t
in_milliseconds(const struct record_keeping *r, int64_t milliseconds)
{
    return os_monotonic(r->log->os) + milliseconds * NANOSECONDS_PER_MILLISECOND;
}

static void
sign_soon(struct record_keeping *r)
{
    if (r->sign_at == 0)
        r->sign_at = in_milliseconds(r, SIGN_MILLISECONDS);
}

int
record_put(struct record_keeping *r, enum segment_type type, const void *payload, size_t length)
{
    const struct iovec part = {(void *)(uintptr_t)payload, length};
    uint64_t index;

    return chain_put(&r->chain, type, os_realtime(r->log->os), &part, 1, &index);
}

/* A payload that was written, or the error of that. */
static int
put_written(struct record_keeping *r, enum segment_type type, const uint8_t *payload,
            ssize_t length)
{
    return length < 0 ? (int)length : record_put(r, type, payload, (size_t)length);
}

static int
put_decoys(struct record_keeping *r)
{
    uint8_t payload[PAYLOAD_DECOYS_MAX];
    int result = 0;

    for (size_t i = 0; i < r->decoys.count && result == 0; i++) {
        struct payload_decoys body = decoys_body(&r->decoys.sets[i]);

        result = put_written(r, SEGMENT_DECOYS, payload,
                             payload_write_decoys(&body, payload, sizeof(payload)));
    }
    return result;
}

/* What stands (ledger/restated.h), again, as the first records of a new segment. */
static int
put_standing(struct record_keeping *r)
{
    uint8_t payload[PAYLOAD_SMALL_MAX];
    int result = 0;

    for (size_t i = 0; i < r->holds.count && result == 0; i++)
        result = put_written(r, SEGMENT_HOLD, payload,
                             payload_write_hold(&r->holds.items[i], payload, sizeof(payload)));
    for (size_t i = 0; i < r->clocks.count && result == 0; i++)
        result = put_written(r, SEGMENT_CLOCK, payload,
                             payload_write_clock(&r->clocks.items[i], payload, sizeof(payload)));
    if (result == 0)
        result = put_decoys(r);
    if (result != 0)
        chain_abort(&r->chain);
    return result;
}

int
record_begin(struct record_keeping *r, size_t bytes)
{
    size_t all = bytes + (r->holds.count + r->clocks.count) * segment_room(PAYLOAD_SMALL_MAX) +
                 r->decoys.count * segment_room(PAYLOAD_DECOYS_MAX);
    int result = chain_begin(&r->chain, all < SEGMENT_BATCH_MAX ? all : SEGMENT_BATCH_MAX);

    if (result == 0 && r->segment != r->chain.writer.first + 1)
        result = put_standing(r);
    return result;
}

/* What is before it has been applied to the directory's keys, by us: the next keeper need not read
 * it again for that. */
static void
enter_segment(struct record_keeping *r)
{
    r->segment = r->chain.writer.first + 1;
    if (r->is_open && !r->must_erase &&
        entry_keys_set_applied(&r->entries, r->chain.writer.first) != 0) {
        /* then it reads more */
    }
}

int
record_commit(struct record_keeping *r, int put)
{
    int result = put;

    if (result != 0)
        chain_abort(&r->chain);
    else
        result = chain_commit(&r->chain);
    if (result != 0)
        return result;
    if (r->segment != r->chain.writer.first + 1)
        enter_segment(r);
    sign_soon(r);
    return 0;
}

/* Into the page cache. */
static int
commit(struct record_keeping *r, int put)
{
    int result = record_commit(r, put);

    if (result == 0 && r->durability == DURABILITY_GROUP && r->sync_at == 0)
        r->sync_at = in_milliseconds(r, GROUP_MILLISECONDS);
    return result;
}

/* `length` may be the error of writing the payload. */
static int
append(struct record_keeping *r, enum segment_type type, const uint8_t *payload, ssize_t length)
{
    int result = length < 0 ? (int)length : record_begin(r, segment_room((size_t)length));

    return result == 0 ? commit(r, record_put(r, type, payload, (size_t)length)) : result;
}

static void
count_body(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    uint8_t severity = type == SEGMENT_ALERT    ? body->alert.severity
                       : type == SEGMENT_RAISED ? body->raised.severity
                                                : 0;

    if (severity > 0)
        r->counted[severity <= 2   ? METRIC_ALERTS_INFO
                   : severity <= 4 ? METRIC_ALERTS_WARNING
                                   : METRIC_ALERTS_CRITICAL]++;
    else if (type == SEGMENT_BYPASS)
        r->counted[METRIC_BYPASSES] +=
            !body->bypass.is_over && body->bypass.verdict != VERDICT_OF_ALLOW;
    else if (type == SEGMENT_GAP)
        r->counted[METRIC_LOST] += body->gap.count;
}

static void
note_body(struct record_keeping *r, enum segment_type type, uint64_t index,
          const union payload_body *body)
{
    count_body(r, type, body);
    if (r->noted)
        r->noted(r->noted_arg, type, index, body);
}

static int
append_body(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    uint8_t payload[PAYLOAD_DECOYS_MAX];
    int result;

    r->must_erase |= type == SEGMENT_ERASED;
    result = append(r, type, payload, payload_write(type, body, payload, sizeof(payload)));
    if (result == 0)
        note_body(r, type, chain_size(&r->chain) - 1, body);
    return result;
}

static const union payload_body no_body;

/* ---- opening ---- */

static void
close_chain(struct record_keeping *r)
{
    if (r->entries.fd >= 0)
        entry_keys_close(&r->entries);
    r->entries.fd = -1;
    chain_close(&r->chain);
}

static void
see_restated(void *arg, const struct segment_record *record)
{
    struct record_keeping *r = arg;

    holds_note(&r->holds, record);
    decoys_note(&r->decoys, record);
    clocks_note(&r->clocks, record);
}

/* Holds, decoys and deadlines, in one walk. */
static int
find_restated(struct record_keeping *r)
{
    r->holds = (struct holds){0};
    decoys_clear(&r->decoys);
    r->clocks = (struct clocks){0};
    return restated_each(r->log->os, r->chain.segments, &r->keys, &r->watch, see_restated, r);
}

/* What a chain that has just been opened needs beside it. */
static int
open_beside(struct record_keeping *r, const struct chain_report *report)
{
    const struct sandbox_account nobody = {0}; /* we are the account */
    int result;

    r->segment = 0;
    result = taken_find(&r->taken, r->log->os, r->chain.segments, &r->keys, &r->watch);
    if (result == 0)
        result = find_restated(r);
    if (result == 0)
        result = entry_keys_open(&r->entries, r->log->os, r->directory, &nobody);
    if (result == 0)
        result =
            entry_keys_catch_up(&r->entries, r->chain.segments, &r->keys, report->size, &r->watch);
    if (result != 0)
        close_chain(r);
    return result;
}

static int
open_chain(struct record_keeping *r, struct chain_report *report)
{
    const struct sandbox_account nobody = {0};
    int result = chain_open(&r->chain, r->log->os, r->directory, view_of("", 0), &nobody, &r->keys,
                            &r->watch, report);

    return result == 0 ? open_beside(r, report) : result;
}

static void
log_opened(const struct record_keeping *r, const struct chain_report *report)
{
    LOG_EVENT(r->log, LEDGER_OPENED, F_TEXT("origin", r->chain.key.public.name),
              F_UINT("records", report->size));
    if (report->segments.cut_end > report->segments.cut)
        LOG_EVENT(r->log, LEDGER_CUT,
                  F_UINT("bytes", report->segments.cut_end - report->segments.cut));
    if (report->rebuilt > 0)
        LOG_EVENT(r->log, LEDGER_TREE_MADE, F_UINT("records", report->rebuilt));
}

/* Before anything else that this keeper writes, or it would look as if the one before it had. */
static int
write_started(struct record_keeping *r)
{
    int result = r->must_start ? append_body(r, SEGMENT_STARTED, &no_body) : 0;

    if (result == 0)
        r->must_start = false;
    return result;
}

int
record_open(struct record_keeping *r)
{
    struct chain_report report;
    int result = open_chain(r, &report);

    r->open_at = in_milliseconds(r, 1000);
    if ((result == PASU_E_CORRUPT || result == PASU_E_LEDGER_FORGED) && !r->has_failed)
        LOG_EVENT(r->log, LEDGER_DAMAGED, F_UINT("segment", report.segments.segment),
                  F_UINT("offset", report.segments.damage));
    r->is_open = r->must_start = result == 0;
    if (r->is_open) {
        log_opened(r, &report);
        result = write_started(r);
    }
    if (result != 0)
        record_log_failure(r, result);
    return result;
}

/* ---- what is missing ---- */

/* Both or neither: a gap is an alert. */
static int
put_gap(struct record_keeping *r, const union payload_body *gap, const union payload_body *alert)
{
    uint8_t payload[PAYLOAD_SMALL_MAX];
    int result = put_written(r, SEGMENT_GAP, payload,
                             payload_write(SEGMENT_GAP, gap, payload, sizeof(payload)));

    if (result == 0 && r->folds)
        result = put_written(r, SEGMENT_ALERT, payload,
                             payload_write(SEGMENT_ALERT, alert, payload, sizeof(payload)));
    return result;
}

static int
write_gap(struct record_keeping *r)
{
    const union payload_body gap = {.gap = r->gap};
    union payload_body alert;
    uint64_t index;
    int result;

    if (r->gap.count == 0)
        return 0;
    result = record_begin(r, 2 * segment_room(PAYLOAD_SMALL_MAX));
    if (result != 0)
        return result;
    index = chain_next(&r->chain); /* behind what a new segment begins with */
    record_gap_alert(r, index, &alert);
    result = commit(r, put_gap(r, &gap, &alert));
    if (result != 0)
        return result;
    r->gap = (struct payload_gap){0};
    note_body(r, SEGMENT_GAP, index, &gap);
    if (r->folds)
        note_body(r, SEGMENT_ALERT, index + 1, &alert);
    return 0;
}

/* Opens the ledger if it is not, and says what is missing in it. */
int
record_ready(struct record_keeping *r)
{
    int result = 0;

    if (!r->is_open)
        result = os_monotonic(r->log->os) >= r->open_at ? record_open(r) : PASU_E_UNAVAILABLE;
    if (result == 0)
        result = write_started(r);
    return result == 0 ? write_gap(r) : result;
}

/* ---- durable, and signed ---- */

int
record_sync(struct record_keeping *r)
{
    int result = r->is_open ? chain_sync(&r->chain) : 0;

    r->sync_at = 0;
    if (result != 0)
        record_log_failure(r, result);
    return result;
}

static void
sync_now(struct record_keeping *r)
{
    if (record_sync(r) != 0) {
        /* logged */
    }
}

int
record_sign(struct record_keeping *r)
{
    int result = r->is_open ? chain_checkpoint(&r->chain) : PASU_E_UNAVAILABLE;

    r->sign_at = result == 0 ? 0 : in_milliseconds(r, SIGN_MILLISECONDS);
    record_signed(r, result);
    return result;
}

static void
sign_now(struct record_keeping *r)
{
    if (record_sign(r) != 0) {
        /* logged; the last one still stands */
    }
}

/* ---- what happens to sessions, and everything else ---- */

static int
append_ready(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    int result = record_ready(r);

    if (result == 0)
        result = append_body(r, type, body);
    if (result != 0)
        return record_missed(r, result);
    record_recovered(r);
    return 0;
}

int
record_other(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    int result = append_ready(r, type, body);

    return result == 0 && r->durability == DURABILITY_STRICT ? record_sync(r) : result;
}

int
record_again(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    int result = record_ready(r);

    return result == 0
               ? append(r, type, r->copy, payload_write(type, body, r->copy, sizeof(r->copy)))
               : result;
}

int
record_aside_open(struct record_keeping *r, const struct log *log, int directory,
                  const struct segment_keys *keys, bool is_key_lost)
{
    struct chain_report report;
    int result;

    record_init(r, log, directory);
    r->keys = *keys;
    if (is_key_lost) {
        result = chain_open_lost(&r->chain, log->os, directory, &r->keys, &r->watch, &report);
        if (result == 0)
            result = open_beside(r, &report);
    } else {
        result = open_chain(r, &report);
    }
    r->is_open = result == 0;
    if (!r->is_open)
        segment_keys_release(&r->keys);
    return result;
}

void
record_aside_close(struct record_keeping *r)
{
    close_chain(r);
    segment_keys_release(&r->keys);
}

void
record_announced(struct record_keeping *r, const struct message_session *session)
{
    /* Without room its end is recorded only if the gate tells it. */
    if (live_add(&r->live, session->session, session->principal, session->address) != 0 &&
        !r->is_crowded) {
        r->is_crowded = true;
        LOG_EVENT(r->log, INTERNAL, F_TEXT("error", error_text(PASU_E_NOMEM)),
                  F_HEX("session", session->session));
    }
}

int
record_opened(struct record_keeping *r, const struct message_session *session)
{
    const union payload_body body = {.opened = *session};
    int result = record_other(r, SEGMENT_OPENED, &body);

    if (result == 0)
        record_announced(r, session);
    return result;
}

int
record_closed(struct record_keeping *r, const struct message_closed *closed)
{
    const union payload_body body = {.closed = *closed};

    live_remove(&r->live, closed->session);
    return record_other(r, SEGMENT_CLOSED, &body);
}

int
record_refused(struct record_keeping *r, const struct message_refused *refused)
{
    const union payload_body body = {.refused = *refused};

    return record_other(r, SEGMENT_REFUSED, &body);
}

/* ---- sessions whose gate is gone ---- */

void
record_gate_lost(struct record_keeping *r)
{
    live_doubt(&r->live);
    r->sweep_at = in_milliseconds(r, GATE_LOST_SECONDS * 1000);
}

/* Its counts went with the gate. */
static void
record_lost(void *arg, uint64_t session)
{
    struct record_keeping *r = arg;
    const union payload_body body = {
        .closed = {.session = session, .closed = os_realtime(r->log->os), .error = PASU_E_EOF}};

    if (append_ready(r, SEGMENT_CLOSED, &body) != 0) {
        /* logged, and counted in the gap */
    }
}

/* Many sessions may be lost at once: one sync makes them all durable. */
static void
sweep(struct record_keeping *r)
{
    r->sweep_at = 0;
    live_sweep(&r->live, record_lost, r);
    if (r->durability == DURABILITY_STRICT)
        sync_now(r);
}

/* ---- time ---- */

void
record_look(struct record_keeping *r, int64_t now)
{
    if (r->sweep_at != 0 && now >= r->sweep_at)
        sweep(r);
    if (r->clocks.count > 0 && now >= r->clock_at)
        record_clocks(r, now);
    if (r->sync_at != 0 && now >= r->sync_at)
        sync_now(r);
    if (r->sign_at != 0 && now >= r->sign_at)
        sign_now(r);
    record_retry(r, now);
}

int
record_wait(const struct record_keeping *r, int most)
{
    int64_t left;

    if (r->sync_at != 0 && most > GROUP_MILLISECONDS)
        most = GROUP_MILLISECONDS;
    if (r->sign_at == 0)
        return most;
    left = (r->sign_at - os_monotonic(r->log->os)) / NANOSECONDS_PER_MILLISECOND + 1;
    return left < 0 ? 0 : left < most ? (int)left : most;
}

void
record_end(struct record_keeping *r)
{
    if (!r->is_open || r->is_ended)
        return;
    r->is_ended = true;
    sweep(r);
    if (record_ready(r) == 0 && append_body(r, SEGMENT_STOPPED, &no_body) == 0)
        sign_now(r);
    sync_now(r);
}

void
record_close(struct record_keeping *r)
{
    record_end(r);
    if (r->is_open)
        close_chain(r);
    r->is_open = r->is_ended = false;
    live_release(&r->live);
    sought_release(&r->sought);
    segment_keys_release(&r->keys);
    seal_release(&r->seal);
}
