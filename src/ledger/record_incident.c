/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents and their deadlines, as the keeper sees them. See record.h. */
#include "base/log.h"
#include "ledger/record_part.h"

#include <inttypes.h>
#include <stdio.h>

enum { TIME_SIZE = 40, LOOK_SECONDS = 1, SEVERITY_NEARS = 4, SEVERITY_OVER = 5 };

int
record_incident_prepare(struct record_keeping *r, enum segment_type type, union payload_body *body)
{
    bool is_opened = type == SEGMENT_INCIDENT && body->incident.what == INCIDENT_OPENED;
    uint64_t number = type == SEGMENT_INCIDENT ? body->incident.number : body->clock.number;

    if (is_opened) /* no other has this number, and the record comes not before it */
        body->incident.number = chain_size(&r->chain);
    else if (number >= chain_size(&r->chain))
        return PASU_E_NOTFOUND;
    return type == SEGMENT_CLOCK && !clocks_has_room(&r->clocks, &body->clock) ? PASU_E_RANGE : 0;
}

static void
describe(struct payload_alert *alert, const struct payload_clock *clock, enum clock_state state)
{
    char due[TIME_SIZE];

    log_time_text(due, sizeof(due), clock->due);
    alert->record = clock->number;
    alert->severity = state == CLOCK_OVER ? SEVERITY_OVER : SEVERITY_NEARS;
    snprintf(alert->rule, sizeof(alert->rule), "deadline");
    snprintf(alert->text, sizeof(alert->text), "incident %" PRIu64 ": %s %s %s", clock->number,
             clock->name, state == CLOCK_OVER ? "was due" : "is due", due);
}

/* The alert first: should we end in between, it is raised twice rather than never. */
static int
tell(struct record_keeping *r, struct payload_clock *clock, enum clock_state state)
{
    union payload_body alert = {0}, body = {.clock = *clock};
    int result;

    describe(&alert.alert, clock, state);
    result = record_other(r, SEGMENT_ALERT, &alert);
    body.clock.state = (uint8_t)state;
    if (result == 0)
        result = record_other(r, SEGMENT_CLOCK, &body);
    if (result == 0)
        clock->state = (uint8_t)state;
    return result;
}

void
record_clocks(struct record_keeping *r, int64_t now)
{
    int64_t moment = os_realtime(r->log->os);

    r->clock_at = now + LOOK_SECONDS * NANOSECONDS_PER_SECOND;
    for (size_t i = 0; i < r->clocks.count && r->is_open; i++) {
        enum clock_state state = clock_state_at(&r->clocks.items[i], moment);

        if (state > r->clocks.items[i].state && tell(r, &r->clocks.items[i], state) != 0)
            return; /* logged; it is told at the next look */
    }
}
