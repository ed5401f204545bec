/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/record.h"

#include "base/memory.h"
#include "ledger/entry.h"

enum { GROUP_MILLISECONDS = 10, SIGN_MILLISECONDS = 800, GATE_LOST_SECONDS = 5 };

#define TAKEN_ROOM segment_room(sizeof(struct segment_taken))

void
record_init(struct record_keeping *r, const struct log *log, int directory)
{
    *r = (struct record_keeping){.log = log, .directory = directory, .entries = {.fd = -1}};
}

int
record_set_secret(struct record_keeping *r, const uint8_t secret[SEAL_SECRET_SIZE])
{
    int result = seal_init(&r->seal, secret);

    r->has_seal = result == 0;
    return result;
}

static void
log_failure(struct record_keeping *r, int error)
{
    if (!r->has_failed)
        LOG_EVENT(r->log, LEDGER_FAILED, F_TEXT("error", error_text(error)),
                  F_TEXT("hint", error_hint(error)));
    r->has_failed = true;
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

/* The holds in force, again, as the first records of a new segment. */
static int
put_holds(struct record_keeping *r)
{
    int result = 0;

    for (size_t i = 0; i < r->holds.count && result == 0; i++) {
        const union payload_body body = {.hold = r->holds.items[i]};
        uint8_t payload[PAYLOAD_SMALL_MAX];
        ssize_t length = payload_write(SEGMENT_HOLD, &body, payload, sizeof(payload));
        const struct iovec part = {payload, length > 0 ? (size_t)length : 0};
        uint64_t index;

        result = length < 0 ? (int)length
                            : chain_put(&r->chain, SEGMENT_HOLD, os_realtime(r->log->os), &part, 1,
                                        &index);
    }
    if (result != 0)
        chain_abort(&r->chain);
    return result;
}

/* A batch of so many bytes at most, behind the holds where it is the first of its segment. */
static int
begin(struct record_keeping *r, size_t bytes)
{
    size_t all = bytes + r->holds.count * segment_room(PAYLOAD_SMALL_MAX);
    int result = chain_begin(&r->chain, all < SEGMENT_BATCH_MAX ? all : SEGMENT_BATCH_MAX);

    if (result == 0 && r->segment != r->chain.writer.first + 1)
        result = put_holds(r);
    return result;
}

/* Puts what ends a batch, or is one alone, and commits it. */
static int
commit(struct record_keeping *r, enum segment_type type, const void *payload, size_t length)
{
    const struct iovec part = {(void *)(uintptr_t)payload, length};
    uint64_t index;
    int result = chain_put(&r->chain, type, os_realtime(r->log->os), &part, 1, &index);

    if (result != 0) {
        chain_abort(&r->chain);
        return result;
    }
    result = chain_commit(&r->chain);
    if (result != 0)
        return result;
    r->segment = r->chain.writer.first + 1;
    sign_soon(r);
    return 0;
}

/* Into the page cache. `length` may be the error of writing the payload. */
static int
append(struct record_keeping *r, enum segment_type type, const uint8_t *payload, ssize_t length)
{
    int result = length < 0 ? (int)length : begin(r, segment_room((size_t)length));

    if (result == 0)
        result = commit(r, type, payload, (size_t)length);
    if (result == 0 && r->durability == DURABILITY_GROUP && r->sync_at == 0)
        r->sync_at = in_milliseconds(r, GROUP_MILLISECONDS);
    return result;
}

static int
append_body(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    uint8_t payload[PAYLOAD_SMALL_MAX];

    return append(r, type, payload, payload_write(type, body, payload, sizeof(payload)));
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

static int
open_chain(struct record_keeping *r, struct chain_report *report)
{
    const struct sandbox_account nobody = {0}; /* we are the account */
    int result = chain_open(&r->chain, r->log->os, r->directory, view_of("", 0), &nobody, &r->keys,
                            &r->watch, report);

    if (result != 0)
        return result;
    r->segment = 0;
    result = taken_find(&r->taken, r->log->os, r->chain.segments, &r->keys, &r->watch);
    if (result == 0)
        result = holds_find(&r->holds, r->log->os, r->chain.segments, &r->keys, &r->watch);
    if (result == 0)
        result = entry_keys_open(&r->entries, r->log->os, r->directory, &nobody);
    if (result == 0)
        result = entry_keys_catch_up(&r->entries, r->chain.segments, &r->keys, report->size);
    if (result != 0)
        close_chain(r);
    return result;
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

int
record_open(struct record_keeping *r)
{
    struct chain_report report;
    int result = open_chain(r, &report);

    r->open_at = in_milliseconds(r, 1000);
    if (result == PASU_E_CORRUPT && !r->has_failed)
        LOG_EVENT(r->log, LEDGER_DAMAGED, F_UINT("segment", report.segments.segment),
                  F_UINT("offset", report.segments.damage));
    r->is_open = result == 0;
    if (r->is_open) {
        log_opened(r, &report);
        result = append_body(r, SEGMENT_STARTED, &no_body);
    }
    if (result != 0)
        log_failure(r, result);
    return result;
}

/* ---- what is missing ---- */

static int
write_gap(struct record_keeping *r)
{
    const union payload_body body = {.gap = r->gap};
    int result = r->gap.count > 0 ? append_body(r, SEGMENT_GAP, &body) : 0;

    if (result == 0)
        r->gap = (struct payload_gap){0};
    return result;
}

static void
count_missing(struct record_keeping *r, int error)
{
    if (r->gap.count == 0)
        r->gap = (struct payload_gap){.since = os_realtime(r->log->os), .error = error};
    r->gap.count++;
}

void
record_damage(struct record_keeping *r)
{
    count_missing(r, PASU_E_CORRUPT);
}

void
record_lost_by_gate(struct record_keeping *r, uint64_t count, int64_t since)
{
    if (r->gap.count == 0 || since < r->gap.since)
        r->gap.since = since;
    if (r->gap.count == 0)
        r->gap.error = PASU_E_AGAIN;
    r->gap.count += count;
}

/* Opens the ledger if it is not, and says what is missing in it. */
static int
make_ready(struct record_keeping *r)
{
    int result = 0;

    if (!r->is_open)
        result = os_monotonic(r->log->os) >= r->open_at ? record_open(r) : PASU_E_UNAVAILABLE;
    return result == 0 ? write_gap(r) : result;
}

/* ---- durable, and signed ---- */

int
record_sync(struct record_keeping *r)
{
    int result = r->is_open ? chain_sync(&r->chain) : 0;

    r->sync_at = 0;
    if (result != 0)
        log_failure(r, result);
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
    if (result != 0)
        log_failure(r, result);
    return result;
}

static void
sign_now(struct record_keeping *r)
{
    if (record_sign(r) != 0) {
        /* logged; the last one still stands */
    }
}

/* ---- what was in a ring ---- */

int
record_batch_begin(struct record_keeping *r)
{
    int result = make_ready(r);

    if (result == 0)
        result = begin(r, SEGMENT_BATCH_MAX);
    if (result != 0)
        log_failure(r, result);
    return result;
}

/* The next random salt; many are asked for at once. */
static int
take_salt(struct record_keeping *r, uint8_t salt[ENTRY_SALT])
{
    if (r->salt_at == 0 || r->salt_at == sizeof(r->salts)) {
        int result = r->log->os->random(r->log->os->arg, r->salts, sizeof(r->salts));

        if (result != 0)
            return result;
        r->salt_at = 0;
    }
    memcpy(salt, r->salts + r->salt_at, ENTRY_SALT);
    memset(r->salts + r->salt_at, 0, ENTRY_SALT);
    r->salt_at += ENTRY_SALT;
    return 0;
}

/* With a salt, where it names anybody. */
static int
put_exposure(struct record_keeping *r, struct view payload)
{
    uint8_t salt[ENTRY_SALT] = {0};
    const struct iovec parts[] = {{salt, sizeof(salt)}, {r->copy, payload.length}};
    bool has_list;
    uint64_t index;
    int result;

    if (payload.length > sizeof(r->copy) - sizeof(salt))
        return PASU_E_MALFORMED;
    if (payload.length > 0)
        memcpy(r->copy, payload.bytes, payload.length);
    if (entry_look(view_of(r->copy, payload.length), &has_list) != 0)
        return PASU_E_MALFORMED;
    result = has_list ? take_salt(r, salt) : 0;
    return result == 0 ? chain_put(&r->chain, SEGMENT_EXPOSURE, os_realtime(r->log->os), parts,
                                   COUNT_OF(parts), &index)
                       : result;
}

/* Sealed anew, with its own key. */
static int
put_ordinal(struct record_keeping *r, struct view entry)
{
    uint8_t payload[ENTRY_SEAL_MAX];
    struct iovec part = {payload, 0};
    uint64_t index;
    ssize_t length;

    if (entry.length > sizeof(r->copy))
        return PASU_E_MALFORMED;
    memcpy(r->copy, entry.bytes, entry.length);
    length = entry_reseal(&r->entries, &r->seal, view_of(r->copy, entry.length), payload);
    if (length < 0)
        return length == PASU_E_CORRUPT ? PASU_E_MALFORMED : (int)length;
    part.iov_len = (size_t)length;
    return chain_put(&r->chain, SEGMENT_ORDINAL, os_realtime(r->log->os), &part, 1, &index);
}

int
record_batch_put(struct record_keeping *r, enum segment_type type, struct view payload)
{
    const struct iovec part = {(void *)(uintptr_t)payload.bytes, payload.length};
    uint64_t index;

    if (r->chain.writer.asked + segment_room(ENTRY_SALT + payload.length) + TAKEN_ROOM >
        SEGMENT_BATCH_MAX)
        return PASU_E_AGAIN;
    if (type == SEGMENT_EXPOSURE)
        return put_exposure(r, payload);
    if (type == SEGMENT_ORDINAL && r->has_seal)
        return put_ordinal(r, payload);
    return chain_put(&r->chain, type, os_realtime(r->log->os), &part, 1, &index);
}

int
record_batch_end(struct record_keeping *r, const struct segment_taken *taken)
{
    struct segment_taken end = *taken;
    int result;

    end.durable = r->chain.writer.durable;
    result = entry_keys_sync(&r->entries);
    if (result == 0)
        result = commit(r, SEGMENT_TAKEN, &end, sizeof(end));
    else
        chain_abort(&r->chain);
    if (result != 0)
        log_failure(r, result);
    else
        r->has_failed = false;
    return result;
}

void
record_batch_abort(struct record_keeping *r)
{
    chain_abort(&r->chain);
}

uint64_t
record_segment(const struct record_keeping *r)
{
    return r->chain.writer.first;
}

/* ---- what happens to sessions, and everything else ---- */

static int
append_ready(struct record_keeping *r, enum segment_type type, const union payload_body *body)
{
    int result = make_ready(r);

    if (result == 0)
        result = append_body(r, type, body);
    if (result != 0) {
        count_missing(r, result);
        log_failure(r, result);
        return result;
    }
    r->has_failed = false;
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
    int result = make_ready(r);

    return result == 0
               ? append(r, type, r->copy, payload_write(type, body, r->copy, sizeof(r->copy)))
               : result;
}

static int
fill_in(union payload_body *body, enum segment_type type, const struct record_keeping *r)
{
    struct holds left = r->holds;

    if (type == SEGMENT_EXPORTED)
        body->exported.to = chain_size(&r->chain);
    if (type == SEGMENT_HOLD)
        body->hold.number = chain_size(&r->chain);
    return type == SEGMENT_RELEASED ? holds_remove(&left, body->released.number) : 0;
}

int
record_aside(const struct log *log, int directory, const struct segment_keys *keys,
             enum segment_type type, const union payload_body *body)
{
    struct record_keeping *r = memory_new(1, sizeof(*r));
    union payload_body mine = *body;
    struct chain_report report;
    int result;

    if (!r)
        return PASU_E_NOMEM;
    record_init(r, log, directory);
    r->keys = *keys;
    result = open_chain(r, &report);
    if (result == 0) {
        result = fill_in(&mine, type, r);
        if (result == 0)
            result = append_body(r, type, &mine);
        if (result == 0)
            result = chain_checkpoint(&r->chain);
        if (result == 0 && type == SEGMENT_ERASED)
            result = entry_keys_catch_up(&r->entries, r->chain.segments, &r->keys,
                                         chain_size(&r->chain));
        close_chain(r);
    }
    segment_keys_release(&r->keys);
    memory_free(r);
    return result;
}

void
record_announced(struct record_keeping *r, uint64_t session)
{
    /* Without memory its end is recorded only if the gate tells it. */
    if (live_add(&r->live, session) != 0)
        LOG_EVENT(r->log, INTERNAL, F_TEXT("error", error_text(PASU_E_NOMEM)),
                  F_HEX("session", session));
}

int
record_opened(struct record_keeping *r, const struct message_session *session)
{
    const union payload_body body = {.opened = *session};
    int result = record_other(r, SEGMENT_OPENED, &body);

    if (result == 0)
        record_announced(r, session->session);
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
    if (r->sync_at != 0 && now >= r->sync_at)
        sync_now(r);
    if (r->sign_at != 0 && now >= r->sign_at)
        sign_now(r);
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
record_close(struct record_keeping *r)
{
    if (r->is_open) {
        sweep(r);
        if (append_body(r, SEGMENT_STOPPED, &no_body) == 0)
            sign_now(r);
        sync_now(r);
        close_chain(r);
    }
    r->is_open = false;
    live_release(&r->live);
    segment_keys_release(&r->keys);
    seal_release(&r->seal);
}
