/* SPDX-License-Identifier: Apache-2.0 */
/* While nothing can be recorded: since when, why, and when that is over. See record.h. */
#include "ledger/record.h"
#include "ledger/record_part.h"

#include <inttypes.h>
#include <stdio.h>

#define RETRY_EVERY NANOSECONDS_PER_SECOND
enum { TIME_SIZE = 32, GAP_SEVERE = 4 };

static void
log_failure(struct record_keeping *r, int error)
{
    LOG_EVENT(r->log, LEDGER_FAILED, F_TEXT("error", error_text(error)),
              F_TEXT("hint", error_hint(error)));
    if (!r->has_failed && !r->is_unsigned)
        r->failed_at = os_realtime(r->log->os);
}

/* Both are over, or the last of them. */
static void
log_recovered(struct record_keeping *r)
{
    LOG_EVENT(r->log, LEDGER_RECOVERED,
              F_INT("seconds", (os_realtime(r->log->os) - r->failed_at) / NANOSECONDS_PER_SECOND));
}

void
record_log_failure(struct record_keeping *r, int error)
{
    if (!r->has_failed) {
        log_failure(r, error);
        r->retry_at = os_monotonic(r->log->os) + RETRY_EVERY;
    }
    r->has_failed = true;
    if (error != PASU_E_UNAVAILABLE) /* that is only: not tried again yet */
        r->failed_by = error;
}

void
record_recovered(struct record_keeping *r)
{
    if (r->has_failed && !r->is_unsigned)
        log_recovered(r);
    r->has_failed = false;
}

void
record_signed(struct record_keeping *r, int result)
{
    if (result != 0 && !r->is_unsigned) {
        if (!r->has_failed) /* else it has been told */
            log_failure(r, result);
        r->failed_by = result;
    } else if (result == 0 && r->is_unsigned && !r->has_failed) {
        log_recovered(r);
    }
    r->is_unsigned = result != 0;
}

/* ---- what is missing ---- */

static void
count_missing(struct record_keeping *r, int error)
{
    if (r->gap.count == 0)
        r->gap = (struct payload_gap){.since = os_realtime(r->log->os), .error = error};
    r->gap.count += r->gap.count < UINT64_MAX;
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
    if (__builtin_add_overflow(r->gap.count, count, &r->gap.count))
        r->gap.count = UINT64_MAX;
}

int
record_missed(struct record_keeping *r, int error)
{
    count_missing(r, error);
    record_log_failure(r, error);
    return error;
}

void
record_retry(struct record_keeping *r, int64_t now)
{
    if (r->gap.count == 0 || r->is_ended || now < r->retry_at)
        return;
    r->retry_at = now + RETRY_EVERY;
    if (record_ready(r) == 0 && r->has_failed)
        record_recovered(r);
}

void
record_gap_alert(const struct record_keeping *r, uint64_t index, union payload_body *alert)
{
    char since[TIME_SIZE], now[TIME_SIZE];

    log_time_text(since, sizeof(since), r->gap.since);
    log_time_text(now, sizeof(now), os_realtime(r->log->os));
    *alert = (union payload_body){.alert = {.record = index, .severity = GAP_SEVERE}};
    snprintf(alert->alert.rule, sizeof(alert->alert.rule), "gap");
    snprintf(alert->alert.text, sizeof(alert->alert.text),
             "%" PRIu64 " record%s missing between %s and %s: %.64s", r->gap.count,
             r->gap.count == 1 ? " is" : "s are", since, now,
             r->gap.error == PASU_E_AGAIN ? "the gate had no room for what could not be recorded"
                                          : error_text(r->gap.error));
}

bool
record_trouble(const struct record_keeping *r, struct control_ledger *trouble)
{
    *trouble = (struct control_ledger){.since = r->failed_at,
                                       .missing = r->gap.count,
                                       .error = r->failed_by,
                                       .is_recorded = !r->has_failed};
    return r->has_failed || r->is_unsigned;
}
