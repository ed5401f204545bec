/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/alert_text.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "exposure/exposure.h"
#include "ledger/alerts.h"

#include <inttypes.h>
#include <jansson.h>

enum { TIME_SIZE = 40, HEX_SIZE = 20, FACILITY_AUDIT = 13 };

/* ---- words ---- */

void
alert_id(char id[ALERT_ID_SIZE], const struct message_delivery *d)
{
    snprintf(id, ALERT_ID_SIZE, "%.127s/%" PRIu64, d->ledger, d->number);
}

const char *
alert_severity_text(uint8_t severity)
{
    return severity >= 5 ? "critical" : severity >= 3 ? "warning" : "info";
}

const char *
alert_safe(char text[ALERT_SAFE_SIZE], const char *from, size_t size)
{
    struct view v = view_of(from, strnlen(from, size));
    size_t at = 0;

    while (v.length > 0) {
        uint32_t character;
        size_t length = utf8_first(v, &character);
        bool is_bad = length == 0 || character < ' ' || character == 0x7f;
        const char *bytes = is_bad ? "\xef\xbf\xbd" : (const char *)v.bytes;
        size_t put = is_bad ? 3 : length;

        if (at + put >= ALERT_SAFE_SIZE)
            break;
        memcpy(text + at, bytes, put);
        at += put;
        length = length > 0 ? length : 1;
        v = view_of(v.bytes + length, v.length - length);
    }
    text[at] = '\0';
    return text;
}

void
alert_hint(char hint[ALERT_HINT_SIZE], const struct message_delivery *d)
{
    const struct message_alert *a = &d->body;
    int n = 0;

    if (d->is_own && strcmp(a->rule, "deadline") == 0)
        n = snprintf(hint, ALERT_HINT_SIZE, "see what is due: pasu incident show %" PRIu64 "; ",
                     a->record);
    else if (d->is_own && a->control == ALERT_OF_ROSTER)
        n = snprintf(hint, ALERT_HINT_SIZE, "see what there is of people who left: pasu roster; ");
    else if (d->is_own)
        n = snprintf(hint, ALERT_HINT_SIZE, "check the ledger: pasu ledger verify; ");
    else if (a->control == ALERT_OF_BYPASS)
        n = snprintf(hint, ALERT_HINT_SIZE, "see who goes past pasu: pasu doctor; ");
    else if (a->control == ALERT_OF_DETECTOR && a->principal[0] != '\0' && d->finding.first > 0) {
        char since[TIME_SIZE];

        log_time_text(since, sizeof(since), d->finding.first);
        n = snprintf(hint, ALERT_HINT_SIZE,
                     "see whom it was shown: pasu scope --principal '%.63s' --from %s; ",
                     a->principal, since);
    } else if (a->session != 0) {
        bool is_shown = a->rows > 0 || a->subjects > 0;

        n = snprintf(hint, ALERT_HINT_SIZE, "see %s shown: pasu scope --session %016" PRIx64 "; ",
                     is_shown ? "whom it was" : "what the session was", a->session);
        if (!d->is_over)
            n += snprintf(hint + n, ALERT_HINT_SIZE - (size_t)n,
                          "end it, where it has not ended yet: pasu kill %016" PRIx64 "; ",
                          a->session);
    }
    snprintf(hint + n, ALERT_HINT_SIZE - (size_t)n, "sign it off: pasu ack %" PRIu64, d->alert);
}

/* ---- JSON ---- */

static json_t *
text_of(const char *text, size_t size)
{
    char copy[ALERT_SAFE_SIZE];

    return text[0] == '\0' ? json_null() : json_string(alert_safe(copy, text, size));
}
#define TEXT_OF(member) text_of(member, sizeof(member))

static json_t *
time_of(int64_t time)
{
    char text[TIME_SIZE];

    log_time_text(text, sizeof(text), time);
    return json_string(text);
}

static json_t *
count_of(uint64_t count)
{
    return json_integer(count <= INT64_MAX ? (json_int_t)count : INT64_MAX);
}

static json_t *
session_of(const struct message_alert *a)
{
    char text[HEX_SIZE];

    snprintf(text, sizeof(text), "%016" PRIx64, a->session);
    return a->session != 0 ? json_string(text) : json_null();
}

/* Names in a list with a comma between. */
static json_t *
list_of(const char *list)
{
    json_t *array = json_array();
    char copy[ALERT_SAFE_SIZE];

    for (const char *end; *list != '\0'; list = *end != '\0' ? end + 2 : end) {
        end = strstr(list, ", ");
        end = end != NULL ? end : list + strlen(list);
        if (json_array_append_new(array,
                                  json_string(alert_safe(copy, list, (size_t)(end - list)))) != 0)
            break; /* without the rest */
    }
    return array;
}

/* What the detectors have found. */
static json_t *
finding_of(const struct message_finding *f)
{
    const double thousand = 1000;
    json_t *evidence = json_array();

    for (size_t i = 0; i < f->evidence_count && i < FINDING_EVIDENCE; i++)
        if (json_array_append_new(evidence, count_of(f->evidence[i])) != 0)
            break;
    return json_pack("{s:o, s:o, s:i, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:o, "
                     "s:o}",
                     "detector", TEXT_OF(f->detector), "principals", list_of(f->who), "together",
                     (int)f->together, "subjects", "at_least", count_of(f->at_least), "at_most",
                     count_of(f->at_most), "about", count_of(f->about), "fields",
                     list_of(f->fields), "reads", count_of(f->reads), "misses", count_of(f->misses),
                     "first", time_of(f->first), "last", time_of(f->last), "statistic",
                     (double)f->statistic / thousand, "log10_e", (double)f->strength / thousand,
                     "why", TEXT_OF(f->why), "evidence", evidence);
}

const char *
alert_control(const struct message_delivery *d)
{
    return d->is_own && d->body.control == ALERT_CONTROLS ? "pasu"
                                                          : alert_control_text(d->body.control);
}

static json_t *
make_own(const struct message_delivery *d)
{
    const struct message_alert *a = &d->body;
    const char *verdict = d->is_own ? NULL : exposure_verdict_text((enum verdict)a->verdict);
    char id[ALERT_ID_SIZE], hint[ALERT_HINT_SIZE];
    json_t *data;

    alert_id(id, d);
    alert_hint(hint, d);
    data = json_pack("{s:o, s:o, s:s, s:i, s:s, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                     "s:s, s:i, s:o, s:o}",
                     "alert", count_of(d->alert), "ledger", TEXT_OF(d->ledger), "severity",
                     alert_severity_text(a->severity), "severity_id", (int)a->severity, "control",
                     alert_control(d), "rule", TEXT_OF(a->rule), "verdict", verdict, "principal",
                     TEXT_OF(a->principal), "session", session_of(a), "count", count_of(a->count),
                     "since", time_of(a->since), "rows", count_of(a->rows), "subjects",
                     count_of(a->subjects), "about", count_of(a->record), "text", TEXT_OF(a->text),
                     "what_to_do", hint, "step", (int)d->step, "to", TEXT_OF(d->to), "escalated_to",
                     d->step > 0 ? TEXT_OF(d->to) : json_null());
    if (data && d->finding.detector[0] != '\0' &&
        json_object_set_new(data, "finding", finding_of(&d->finding)) != 0) {
        /* without */
    }
    return json_pack("{s:i, s:s, s:s, s:o, s:o}", "version", 1, "type",
                     d->step > 0 ? "alert.escalated" : "alert.raised", "id", id, "timestamp",
                     time_of(d->time), "data", data);
}

/* https://github.com/ocsf/ocsf-schema, branch v1.8.0: events/findings/detection_finding.json. An
 * alert that has climbed is the same finding, updated. */
static json_t *
make_ocsf(const struct message_delivery *d)
{
    static const char *const severities[] = {"Unknown", "Informational", "Low",
                                             "Medium",  "High",          "Critical"};
    static const struct {
        int action, disposition;
        const char *action_text, *disposition_text;
    } words[] = {{1, 1, "Allowed", "Allowed"},
                 {3, 19, "Observed", "Alert"},
                 {4, 11, "Modified", "Corrected"},
                 {4, 14, "Modified", "Delayed"},
                 {2, 2, "Denied", "Blocked"}};
    const struct message_alert *a = &d->body;
    bool is_update = d->step > 0;
    int activity = is_update ? 2 : 1, severity = a->severity <= 5 ? a->severity : 0;
    size_t verdict = d->is_own                      ? VERDICT_OF_ALERT
                     : a->verdict < COUNT_OF(words) ? a->verdict
                                                    : VERDICT_OF_BLOCK;
    char id[ALERT_ID_SIZE], hint[ALERT_HINT_SIZE], uid[ALERT_ID_SIZE];
    json_t *finding, *event, *user;

    alert_id(id, d);
    alert_hint(hint, d);
    snprintf(uid, sizeof(uid), "%.127s/%" PRIu64, d->ledger, d->alert);
    finding = json_pack("{s:s, s:o, s:o, s:[s], s:I}", "uid", uid, "title", TEXT_OF(a->rule),
                        "desc", TEXT_OF(a->text), "types", alert_control(d), "created_time",
                        (json_int_t)(d->raised_at / NANOSECONDS_PER_MILLISECOND));
    event = json_pack(
        "{s:i, s:s, s:i, s:s, s:i, s:s, s:i, s:s, s:I, s:i, s:s, s:i, s:s, s:o, s:o, s:o, "
        "s:i, s:s, s:i, s:s, s:b, s:{s:s}, s:{s:s, s:{s:s, s:s, s:s}, s:[s], s:s}}",
        "activity_id", activity, "activity_name", is_update ? "Update" : "Create", "category_uid",
        2, "category_name", "Findings", "class_uid", 2004, "class_name", "Detection Finding",
        "type_uid", 200400 + activity, "type_name",
        is_update ? "Detection Finding: Update" : "Detection Finding: Create", "time",
        (json_int_t)(d->time / NANOSECONDS_PER_MILLISECOND), "severity_id", severity, "severity",
        severities[severity], "status_id", 1, "status", "New", "finding_info", finding, "message",
        TEXT_OF(a->text), "count", count_of(a->count), "action_id", words[verdict].action, "action",
        words[verdict].action_text, "disposition_id", words[verdict].disposition, "disposition",
        words[verdict].disposition_text, "is_alert", 1, "remediation", "desc", hint, "metadata",
        "version", "1.8.0", "product", "name", "pasu", "vendor_name", "pasu", "version",
        PASU_VERSION, "profiles", "security_control", "uid", id);
    if (!event)
        return NULL;
    user =
        a->principal[0] == '\0'
            ? NULL
            : json_pack("[{s:{s:{s:o}, s:{s:o}}}]", "actor", "user", "name", TEXT_OF(a->principal),
                        "session", "uid", a->session != 0 ? session_of(a) : json_string("unknown"));
    if (user && json_object_set_new(event, "evidences", user) != 0)
        user = NULL;
    if (json_object_set_new(event, "unmapped",
                            json_pack("{s:o, s:o, s:o, s:i, s:o}", "rows", count_of(a->rows),
                                      "subjects", count_of(a->subjects), "since", time_of(a->since),
                                      "step", (int)d->step, "to", TEXT_OF(d->to))) != 0 ||
        (d->finding.detector[0] != '\0' &&
         json_object_set_new(json_object_get(event, "unmapped"), "finding",
                             finding_of(&d->finding)) != 0)) {
        /* without */
    }
    return event;
}

char *
alert_body(const struct message_delivery *d, enum config_alert_format format)
{
    json_t *made = format == CONFIG_ALERT_OCSF ? make_ocsf(d) : make_own(d);
    char *text = made ? json_dumps(made, JSON_COMPACT) : NULL, *copy;

    json_decref(made);
    copy = text ? memory_dup(text, strlen(text)) : NULL;
    free(text);
    return copy;
}

/* ---- syslog ---- */

int
alert_priority(const struct message_delivery *d)
{
    static const int levels[] = {6, 6, 5, 4, 3, 2}; /* info … critical: RFC 5424, 6.2.1 */

    return FACILITY_AUDIT * 8 + levels[d->body.severity < COUNT_OF(levels) ? d->body.severity : 5];
}

/* RFC 5424, 6.3.3: `"`, `\` and `]` are escaped. */
static void
put_parameter(char data[ALERT_DATA_SIZE], size_t *at, const char *name, const char *value)
{
    char copy[ALERT_SAFE_SIZE];
    int n = snprintf(data + *at, ALERT_DATA_SIZE - *at, " %s=\"", name);
    size_t end = *at + (size_t)n, before = *at;

    for (const char *from = alert_safe(copy, value, ALERT_SAFE_SIZE);
         *from && end + 8 < ALERT_DATA_SIZE; from++) {
        if (*from == '"' || *from == '\\' || *from == ']')
            data[end++] = '\\';
        data[end++] = *from;
    }
    if (end + 4 >= ALERT_DATA_SIZE) {
        *at = before; /* left out: the rest is whole */
        return;
    }
    data[end++] = '"';
    *at = end;
}

static void
put_number(char data[ALERT_DATA_SIZE], size_t *at, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    put_parameter(data, at, name, text);
}

void
alert_data(char data[ALERT_DATA_SIZE], const struct message_delivery *d)
{
    const struct message_alert *a = &d->body;
    char id[ALERT_ID_SIZE], session[HEX_SIZE];
    size_t at = (size_t)snprintf(data, ALERT_DATA_SIZE, "[pasu@32473");

    alert_id(id, d);
    put_parameter(data, &at, "id", id);
    put_number(data, &at, "alert", d->alert);
    put_parameter(data, &at, "severity", alert_severity_text(a->severity));
    put_parameter(data, &at, "control", alert_control(d));
    put_parameter(data, &at, "rule", a->rule);
    if (!d->is_own) {
        put_parameter(data, &at, "verdict", exposure_verdict_text((enum verdict)a->verdict));
        put_parameter(data, &at, "principal", a->principal);
        snprintf(session, sizeof(session), "%016" PRIx64, a->session);
        put_parameter(data, &at, "session", session);
        put_number(data, &at, "rows", a->rows);
        put_number(data, &at, "subjects", a->subjects);
    }
    put_number(data, &at, "count", a->count);
    if (d->to[0] != '\0')
        put_parameter(data, &at, "to", d->to);
    if (d->step > 0)
        put_parameter(data, &at, "escalated_to", d->to);
    put_number(data, &at, "step", d->step);
    data[at++] = ']';
    data[at] = '\0';
}

void
alert_line(char line[ALERT_TEXT_SIZE * 3], const struct message_delivery *d)
{
    alert_safe(line, d->body.text, sizeof(d->body.text));
}
