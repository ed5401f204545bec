/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/alerts.h"

#include "base/memory.h"
#include "ledger/walk.h"

const char *
alert_control_text(uint8_t control)
{
    static const char *const texts[] = {
        [ALERT_OF_BUDGET] = "budget", [ALERT_OF_RULE] = "rule",
        [ALERT_OF_ROSTER] = "roster", [ALERT_OF_BYPASS] = "bypass",
        [ALERT_OF_SOURCE] = "source", [ALERT_OF_ADMINISTRATORS] = "administrators",
        [ALERT_OF_DECOY] = "decoy",   [ALERT_OF_DETECTOR] = "detector"};

    return control < COUNT_OF(texts) ? texts[control] : "unknown";
}

/* ---- what is kept ---- */

static void
release_one(struct alert *alert)
{
    memory_free(alert->rule);
    memory_free(alert->text);
    memory_free(alert->raised);
    if (alert->by) {
        memory_free(alert->by->who);
        memory_free(alert->by->why);
        memory_free(alert->by);
    }
}

void
alerts_release(struct alerts *a)
{
    for (size_t i = 0; i < a->count; i++)
        release_one(&a->items[i]);
    for (size_t i = 0; i < a->finding_count; i++)
        memory_free(a->findings[i].body);
    memory_free(a->findings);
    memory_free(a->items);
    *a = (struct alerts){0};
}

static char *
copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_new(size, 1);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static size_t
find(const struct alerts *a, uint64_t index)
{
    size_t low = 0, high = a->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (a->items[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->count && a->items[low].index == index ? low : a->count;
}

const struct alert *
alerts_get(const struct alerts *a, uint64_t index)
{
    size_t at = find(a, index);

    return at < a->count ? &a->items[at] : NULL;
}

/* NULL where memory is out. */
static struct alert *
make_room(struct alerts *a)
{
    if (a->count == a->space) {
        size_t space = a->space ? 2 * a->space : 16;
        struct alert *more = memory_resize(a->items, space, sizeof(*more));

        if (!more)
            return NULL;
        a->items = more;
        a->space = space;
    }
    return &a->items[a->count++];
}

static int
add(struct alerts *a, const struct segment_record *record, uint64_t about, uint8_t severity,
    const char *rule, const char *text)
{
    struct alert *alert = make_room(a);

    if (!alert)
        return PASU_E_NOMEM;
    *alert = (struct alert){.index = record->index,
                            .time = record->time,
                            .about = about,
                            .severity = severity,
                            .rule = copy_text(rule),
                            .text = copy_text(text)};
    return alert->rule && alert->text ? 0 : PASU_E_NOMEM;
}

static int
add_finding(struct alerts *a, uint64_t index, const struct message_finding *body)
{
    struct message_finding *copy;

    if (a->finding_count == a->finding_space) {
        size_t space = a->finding_space ? 2 * a->finding_space : 16;
        struct alert_finding *more = memory_resize(a->findings, space, sizeof(*more));

        if (!more)
            return PASU_E_NOMEM;
        a->findings = more;
        a->finding_space = space;
    }
    copy = memory_new(1, sizeof(*copy));
    if (!copy)
        return PASU_E_NOMEM;
    *copy = *body;
    a->findings[a->finding_count++] = (struct alert_finding){index, copy};
    return 0;
}

/* It stands shortly before its alert. */
static const struct message_finding *
find_finding(const struct alerts *a, uint64_t index)
{
    for (size_t i = a->finding_count; i > 0 && a->findings[i - 1].index >= index; i--)
        if (a->findings[i - 1].index == index)
            return a->findings[i - 1].body;
    return NULL;
}

static int
add_raised(struct alerts *a, const struct segment_record *record, const struct message_alert *body)
{
    int result = add(a, record, body->record, body->severity, body->rule, body->text);
    struct message_alert *raised = result == 0 ? memory_new(1, sizeof(*body)) : NULL;

    if (!raised)
        return PASU_E_NOMEM;
    *raised = *body;
    a->items[a->count - 1].raised = raised;
    if (body->control == ALERT_OF_DETECTOR)
        a->items[a->count - 1].finding = find_finding(a, body->record);
    return 0;
}

/* The first one counts. */
static int
acknowledge(struct alerts *a, const struct segment_record *record,
            const struct payload_acknowledged *body)
{
    size_t at = find(a, body->alert);
    struct alert_acknowledged *by;

    if (at == a->count || a->items[at].by)
        return 0;
    by = memory_new(1, sizeof(*by));
    if (!by)
        return PASU_E_NOMEM;
    *by = (struct alert_acknowledged){.time = record->time,
                                      .uid = body->uid,
                                      .who = copy_text(body->who),
                                      .why = copy_text(body->why)};
    a->items[at].by = by;
    return by->who && by->why ? 0 : PASU_E_NOMEM;
}

/* ---- in the segments ---- */

static bool
is_alert(uint32_t type)
{
    return type == SEGMENT_ALERT || type == SEGMENT_RAISED;
}

static void
climb(struct alerts *a, const struct payload_escalated *body)
{
    size_t at = find(a, body->alert);

    if (at < a->count && a->items[at].step < body->step)
        a->items[at].step = body->step;
}

static int
see_any(void *arg, const struct segment_record *record)
{
    struct alerts *a = arg;
    union payload_body body;

    a->looked = record->index + 1;
    if (!is_alert(record->type) && record->type != SEGMENT_ACKNOWLEDGED &&
        record->type != SEGMENT_ESCALATED && record->type != SEGMENT_FINDING)
        return 0;
    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    if (payload_read(record->type, &body, record->payload) != 0) {
        a->is_damaged = true;
        return 0;
    }
    switch (record->type) {
    case SEGMENT_ALERT:
        return add(a, record, body.alert.record, body.alert.severity, body.alert.rule,
                   body.alert.text);
    case SEGMENT_RAISED:
        return add_raised(a, record, &body.raised);
    case SEGMENT_FINDING:
        return add_finding(a, record->index, &body.finding);
    case SEGMENT_ESCALATED:
        climb(a, &body.escalated);
        return 0;
    default:
        return acknowledge(a, record, &body.acknowledged);
    }
}

int
alerts_find(struct alerts *a, const struct os *os, int segments, const struct segment_keys *keys)
{
    int result;

    *a = (struct alerts){0};
    result = walk_records(os, segments, keys, 0, see_any, a, &a->is_damaged, NULL);
    if (result < 0)
        alerts_release(a);
    return result;
}

/* ---- one of them ---- */

static int
see_alert(void *arg, const struct segment_record *record)
{
    const uint64_t *index = arg;

    if (record->index != *index || !is_alert(record->type))
        return PASU_E_NOTFOUND;
    return 1;
}

static int
see_acknowledged(void *arg, const struct segment_record *record)
{
    struct payload_acknowledged body;
    const uint64_t *index = arg;

    if (record->type != SEGMENT_ACKNOWLEDGED)
        return 0;
    if (record->is_sealed)
        return PASU_E_LEDGER_KEY;
    return payload_read_acknowledged(&body, record->payload) == 0 && body.alert == *index
               ? PASU_E_ACKNOWLEDGED
               : 0;
}

int
alerts_check(const struct os *os, int segments, const struct segment_keys *keys, uint64_t index,
             uint64_t looked)
{
    bool is_damaged = false;
    int result = walk_records(os, segments, keys, index, see_alert, &index, &is_damaged, NULL);

    if (result != 1)
        return result == 0 ? PASU_E_NOTFOUND : result;
    return walk_records(os, segments, keys, looked > index ? looked : index + 1, see_acknowledged,
                        &index, &is_damaged, NULL);
}
