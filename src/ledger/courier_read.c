/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/courier_part.h"

#include "ledger/entry.h"
#include "ledger/records.h"

enum { VERDICT_AT = ENTRY_SALT + 56 /* docs/spec/exposure.md */ };

struct reading {
    struct source_folder folder;
    struct records records;
};

static int
begin(struct reading *reading, struct record_keeping *r, uint64_t from)
{
    int result;

    reading->folder = (struct source_folder){.os = r->log->os, .directory = r->chain.segments};
    result = records_init(&reading->records, r->log->os,
                          (struct source){source_open_folder, &reading->folder});
    if (result != 0)
        return result;
    reading->records.keys = &r->keys;
    result = records_seek_index(&reading->records, from);
    if (result == PASU_E_NOTFOUND)
        result = 0; /* what it was in was deleted: with the first that there is */
    if (result != 0)
        records_release(&reading->records);
    return result;
}

static void
end(struct reading *reading)
{
    records_release(&reading->records);
    source_folder_release(&reading->folder);
}

/* ---- what the last keeper has left ---- */

static void
take_exposure(struct record_keeping *r, const struct live *past,
              const struct segment_record *record)
{
    struct view v = record->payload;

    if (v.length <= VERDICT_AT ||
        (v.bytes[VERDICT_AT] == VERDICT_OF_ALLOW && r->decoys.count == 0) ||
        exposure_decode(&r->exposure, view_of(v.bytes + ENTRY_SALT, v.length - ENTRY_SALT),
                        r->ordinals, COUNT_OF(r->ordinals)) != 0)
        return;
    record_touched(r, &r->exposure, record->index, live_principal(past, r->exposure.session),
                   live_address(past, r->exposure.session));
    if (r->exposure.verdict != VERDICT_OF_ALLOW)
        record_judged(r, &r->exposure, record->index, live_principal(past, r->exposure.session),
                      NULL);
}

static int
take(struct courier *c, struct live *past, const struct segment_record *record)
{
    union payload_body body;

    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    switch (record->type) {
    case SEGMENT_EXPOSURE:
        take_exposure(c->records, past, record);
        return 0;
    case SEGMENT_VOCABULARY:
        if (vocabulary_decode(&c->records->vocabulary, record->payload) == 0)
            decoys_name(&c->records->decoys, &c->records->vocabulary);
        return 0;
    case SEGMENT_BYPASS:
        if (payload_read(record->type, &body, record->payload) == 0)
            record_passed(c->records, &body.bypass, record->index);
        return 0;
    case SEGMENT_FINDING:
        if (payload_read(record->type, &body, record->payload) == 0)
            record_found(c->records, &body.finding, record->index);
        return 0;
    case SEGMENT_OPENED:
        if (payload_read(record->type, &body, record->payload) == 0 &&
            live_add(past, body.opened.session, body.opened.principal, body.opened.address) != 0) {
            /* its principal is looked for */
        }
        return 0;
    case SEGMENT_ALERT:
    case SEGMENT_RAISED:
    case SEGMENT_ESCALATED:
    case SEGMENT_ACKNOWLEDGED:
        break;
    default:
        return 0;
    }
    if (payload_read(record->type, &body, record->payload) != 0)
        return 0; /* damage, which others tell */
    folds_keep(&c->folds);
    if (record->type == SEGMENT_RAISED)
        folds_told(&c->folds, &body.raised, os_monotonic(c->records->log->os));
    return courier_take(c, (enum segment_type)record->type, record->index, record->time, &body);
}

int
courier_read(struct courier *c, uint64_t from)
{
    struct record_keeping *r = c->records;
    struct live past = {.seed = r->live.seed};
    struct segment_record record = {.index = from};
    struct reading reading;
    int more, result = from < chain_size(&r->chain) ? begin(&reading, r, from) : PASU_E_EOF;

    if (result != 0)
        return result == PASU_E_EOF ? 0 : result;
    while (result == 0 && (more = records_next(&reading.records, &record)) != 0) {
        if (more == 1 && record.index >= from)
            result = take(c, &past, &record);
        else if (more < 0 && more != PASU_E_CORRUPT)
            result = more;
        if (r->watch.read && record.index >= from)
            r->watch.read(r->watch.arg, record.index - from, chain_size(&r->chain) - from);
    }
    folds_keep(&c->folds);
    end(&reading);
    live_release(&past);
    return result;
}

/* ---- one of them ---- */

static int
find(struct record_keeping *r, uint64_t index, uint32_t *type, int64_t *time,
     union payload_body *body)
{
    struct segment_record record;
    struct reading reading;
    int result = begin(&reading, r, index);

    if (result != 0)
        return result;
    do
        result = records_next(&reading.records, &record);
    while (result == PASU_E_CORRUPT || (result == 1 && record.index < index));
    if (result == 1)
        result = record.index != index ? PASU_E_NOTFOUND
                 : record.is_sealed    ? PASU_E_LEDGER_KEY
                                       : payload_read(record.type, body, record.payload);
    else if (result == 0)
        result = PASU_E_NOTFOUND;
    *type = record.type;
    *time = record.time;
    end(&reading);
    return result;
}

/* Of pasu's own, those about people. */
static uint8_t
control_of(const char *rule)
{
    return strcmp(rule, "leaver") == 0 || strcmp(rule, "ownerless") == 0 ? ALERT_OF_ROSTER
                                                                         : ALERT_CONTROLS;
}

static int
fill_alert(struct message_delivery *m, uint32_t type, int64_t time, const union payload_body *body)
{
    m->raised_at = time;
    if (type == SEGMENT_RAISED) {
        m->body = body->raised;
        return 0;
    }
    if (type != SEGMENT_ALERT)
        return PASU_E_NOTFOUND;
    m->is_own = 1;
    m->body = (struct message_alert){
        .record = body->alert.record, .count = 1, .since = time, .severity = body->alert.severity};
    snprintf(m->body.rule, sizeof(m->body.rule), "%.*s", (int)sizeof(m->body.rule) - 1,
             body->alert.rule);
    memcpy(m->body.text, body->alert.text, sizeof(m->body.text));
    m->body.control = control_of(body->alert.rule);
    return 0;
}

/* What the alert is about: where it is there no more, the alert says what it says. */
static void
fetch_finding(struct record_keeping *r, struct message_delivery *m)
{
    union payload_body body;
    uint32_t type;
    int64_t time;

    if (!m->is_own && m->body.control == ALERT_OF_DETECTOR &&
        find(r, m->body.record, &type, &time, &body) == 0 && type == SEGMENT_FINDING)
        m->finding = body.finding;
}

/* Without what it is about. */
static int
fetch(struct courier *c, struct message_delivery *m)
{
    struct record_keeping *r = c->records;
    union payload_body body;
    uint32_t type;
    int result = find(r, m->number, &type, &m->time, &body);

    snprintf(m->ledger, sizeof(m->ledger), "%.*s", (int)sizeof(m->ledger) - 1,
             r->chain.key.public.name);
    m->alert = m->number;
    if (result == 0 && type == SEGMENT_ESCALATED) {
        int64_t time;

        m->alert = body.escalated.alert;
        m->step = body.escalated.step;
        memcpy(m->to, body.escalated.to, sizeof(m->to));
        result = find(r, m->alert, &type, &time, &body);
        return result == 0 ? fill_alert(m, type, time, &body) : result;
    }
    if (result == 0 && c->policy.step_count > 0)
        memcpy(m->to, c->policy.steps[0].to, sizeof(m->to));
    return result == 0 ? fill_alert(m, type, m->time, &body) : result;
}

int
courier_fetch(struct courier *c, struct message_delivery *m)
{
    int result = fetch(c, m);

    if (result != 0)
        return result;
    m->is_over = m->body.session != 0 && !live_has(&c->records->live, m->body.session);
    fetch_finding(c->records, m);
    return 0;
}
