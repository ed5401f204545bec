/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/record.h"

enum { GROUP_MILLISECONDS = 10, GATE_LOST_SECONDS = 5 };

void
record_init(struct record_keeping *r, const struct log *log, int directory)
{
    *r = (struct record_keeping){.log = log, .directory = directory, .journal = {.fd = -1}};
}

static void
log_failure(struct record_keeping *r, int error)
{
    if (!r->has_failed)
        LOG_EVENT(r->log, JOURNAL_FAILED, F_TEXT("error", error_text(error)),
                  F_TEXT("hint", error_hint(error)));
    r->has_failed = true;
}

int
record_open(struct record_keeping *r)
{
    struct journal_report report;
    const struct journal_watch *watch = r->watch.read ? &r->watch : NULL;
    int result =
        journal_open(&r->journal, r->log->os, r->directory, "sessions.journal", watch, &report);

    if (result != 0) {
        log_failure(r, result);
        return result;
    }
    LOG_EVENT(r->log, JOURNAL_OPENED, F_UINT("records", report.records));
    if (report.cut > 0)
        LOG_EVENT(r->log, JOURNAL_CUT, F_UINT("bytes", report.cut));
    result = journal_append(&r->journal, JOURNAL_STARTED, "", 0);
    if (result != 0)
        log_failure(r, result);
    return result;
}

static int
write_gap(struct record_keeping *r)
{
    int result = 0;

    if (r->gap.count > 0)
        result = journal_append(&r->journal, JOURNAL_GAP, &r->gap, sizeof(r->gap));
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

int
record_sync(struct record_keeping *r)
{
    int result = journal_sync(&r->journal);

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

/* Opens the journal if it is not, and says what is missing in it. */
static int
make_ready(struct record_keeping *r)
{
    int result = r->journal.fd >= 0 ? 0 : record_open(r);

    return result == 0 ? write_gap(r) : result;
}

int
record_space(struct record_keeping *r, uint8_t **payload)
{
    int result = make_ready(r);

    if (result != 0)
        log_failure(r, result);
    else
        *payload = journal_space(&r->journal);
    return result;
}

int
record_ring(struct record_keeping *r, size_t length)
{
    int result = journal_append(&r->journal, JOURNAL_RING, journal_space(&r->journal), length);

    if (result != 0)
        log_failure(r, result);
    else
        r->has_failed = false;
    return result;
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

/* Into the page cache. */
static int
append(struct record_keeping *r, enum journal_type type, const void *payload, size_t length)
{
    int result = make_ready(r);

    if (result == 0)
        result = journal_append(&r->journal, type, payload, length);
    if (result != 0) {
        count_missing(r, result);
        log_failure(r, result);
        return result;
    }
    if (r->durability == DURABILITY_GROUP && r->sync_at == 0)
        r->sync_at = os_monotonic(r->log->os) + GROUP_MILLISECONDS * NANOSECONDS_PER_MILLISECOND;
    r->has_failed = false;
    return 0;
}

static int
append_durably(struct record_keeping *r, enum journal_type type, const void *payload, size_t length)
{
    int result = append(r, type, payload, length);

    if (result == 0 && r->durability == DURABILITY_STRICT) {
        result = journal_sync(&r->journal);
        if (result != 0)
            log_failure(r, result);
    }
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
    int result = append_durably(r, JOURNAL_OPENED, session, sizeof(*session));

    if (result == 0)
        record_announced(r, session->session);
    return result;
}

int
record_closed(struct record_keeping *r, const struct message_closed *closed)
{
    live_remove(&r->live, closed->session);
    return append_durably(r, JOURNAL_CLOSED, closed, sizeof(*closed));
}

int
record_refused(struct record_keeping *r, const struct message_refused *refused)
{
    return append_durably(r, JOURNAL_REFUSED, refused, sizeof(*refused));
}

int
record_kill(struct record_keeping *r, const struct payload_kill *kill)
{
    return append_durably(r, JOURNAL_KILLED, kill, sizeof(*kill));
}

void
record_gate_lost(struct record_keeping *r)
{
    live_doubt(&r->live);
    r->sweep_at = os_monotonic(r->log->os) + GATE_LOST_SECONDS * NANOSECONDS_PER_SECOND;
}

/* Its counts went with the gate. */
static void
record_lost(void *arg, uint64_t session)
{
    struct record_keeping *r = arg;
    struct message_closed closed = {
        .session = session, .closed = os_realtime(r->log->os), .error = PASU_E_EOF};

    if (append(r, JOURNAL_CLOSED, &closed, sizeof(closed)) != 0) {
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

void
record_look(struct record_keeping *r, int64_t now)
{
    if (r->sweep_at != 0 && now >= r->sweep_at)
        sweep(r);
    if (r->sync_at != 0 && now >= r->sync_at)
        sync_now(r);
}

int
record_wait(const struct record_keeping *r, int most)
{
    return r->sync_at != 0 && most > GROUP_MILLISECONDS ? GROUP_MILLISECONDS : most;
}

void
record_close(struct record_keeping *r)
{
    if (r->journal.fd >= 0) {
        sweep(r);
        if (append(r, JOURNAL_STOPPED, "", 0) == 0)
            sync_now(r);
    }
    journal_close(&r->journal);
    live_release(&r->live);
}
