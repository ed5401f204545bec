/* SPDX-License-Identifier: Apache-2.0 */
#include "respond/alert_mail.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "base/log.h"
#include "exposure/exposure.h"
#include "respond/alert_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <time.h>

enum {
    LINE_BYTES = 57, /* 76 characters of base64: RFC 2045, 6.8 */
    BODY_MAX = 8192,
    DATE_SIZE = 40,
    TIME_SIZE = 40,
    ORIGIN_SIZE = TARGET_NAME_SIZE,
};

/* Room for headers, and base64 with its line ends. */
_Static_assert(MAIL_MESSAGE_MAX > 1024 + (MAIL_RECIPIENTS_MAX + 1) * (MAIL_ADDRESS_SIZE + 8) +
                                      (BODY_MAX / LINE_BYTES + 1) * (BASE64_LENGTH(LINE_BYTES) + 2),
               "every alert fits");

void
mail_list_set(struct mail_list *list, const struct config_texts *addresses)
{
    list->count = 0;
    for (size_t i = 0; i < addresses->count && i < MAIL_RECIPIENTS_MAX; i++)
        snprintf(list->addresses[list->count++], MAIL_ADDRESS_SIZE, "%s", addresses->items[i]);
}

PASU_PRINTF(2, 3)
static void
put(struct writer *w, const char *format, ...)
{
    char text[ALERT_SAFE_SIZE + 64];
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (n > 0)
        writer_bytes(w, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* ---- headers ---- */

/* RFC 5322, 3.3; in UTC. The C library's names of days and months go by the locale. */
static void
put_date(struct writer *w, int64_t time)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(time / NANOSECONDS_PER_SECOND);
    struct tm date;

    if (gmtime_r(&seconds, &date))
        put(w, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[date.tm_wday], date.tm_mday,
            months[date.tm_mon], date.tm_year + 1900, date.tm_hour, date.tm_min, date.tm_sec);
}

/* The record's number, and the ledger's origin as a domain has it. */
static void
put_id(struct writer *w, const char *name, const struct message_delivery *d, uint64_t number)
{
    char origin[ORIGIN_SIZE];

    snprintf(origin, sizeof(origin), "%.*s", ORIGIN_SIZE - 1, d->ledger);
    for (char *at = origin; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || *at == '-'))
            *at = at == origin || at[1] == '\0' ? '0' : at[-1] == '.' ? '-' : '.';
    put(w, "%s: <%" PRIu64 ".pasu@%s>\r\n", name, number, origin[0] ? origin : "pasu.invalid");
}

static void
put_headers(struct writer *w, const struct message_delivery *d, const char *from,
            const struct mail_list *to)
{
    const char *severity = alert_severity_text(d->body.severity);

    put(w, "From: %s\r\nTo:", from);
    for (size_t i = 0; i < to->count; i++)
        put(w, "%s %s", i > 0 ? ",\r\n" : "", to->addresses[i]);
    put(w, "\r\nSubject: [pasu] %s%s: %s%s%s, alert %" PRIu64 "\r\n",
        d->step > 0 ? "not acknowledged, " : "", severity, alert_control(d), d->is_own ? "" : ", ",
        d->is_own ? "" : exposure_verdict_text((enum verdict)d->body.verdict), d->alert);
    put_date(w, d->time);
    put_id(w, "Message-ID", d, d->number);
    if (d->step > 0) {
        put_id(w, "In-Reply-To", d, d->alert);
        put_id(w, "References", d, d->alert);
    }
    put(w, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
}

/* ---- the text ---- */

static void
put_text(struct writer *w, const char *name, const char *value, size_t size)
{
    char safe[ALERT_SAFE_SIZE];

    if (value[0] != '\0')
        put(w, "%s: %s\r\n", name, alert_safe(safe, value, size));
}
#define PUT_TEXT(w, name, member) put_text(w, name, member, sizeof(member))

static void
put_time(struct writer *w, const char *name, int64_t time)
{
    char text[TIME_SIZE];

    log_time_text(text, sizeof(text), time);
    put(w, "%s: %s\r\n", name, text);
}

/* What the detectors have found. */
static void
put_finding(struct writer *w, const struct message_finding *f)
{
    PUT_TEXT(w, "found of", f->who);
    put(w, "principals in all: %u\r\n", (unsigned)f->together);
    PUT_TEXT(w, "why", f->why);
    put(w, "persons: %" PRIu64 " to %" PRIu64 ", about %" PRIu64 "\r\n", f->at_least, f->at_most,
        f->about);
    PUT_TEXT(w, "fields", f->fields);
    put_time(w, "first", f->first);
    put_time(w, "last", f->last);
    put(w, "evidence, records:");
    for (size_t i = 0; i < f->evidence_count && i < FINDING_EVIDENCE; i++)
        put(w, "%s %" PRIu64, i > 0 ? "," : "", f->evidence[i]);
    put(w, "\r\n");
}

static void
put_body(struct writer *w, const struct message_delivery *d)
{
    const struct message_alert *a = &d->body;
    char safe[ALERT_SAFE_SIZE], hint[ALERT_HINT_SIZE], id[ALERT_ID_SIZE];

    alert_hint(hint, d);
    alert_id(id, d);
    put(w, "%s\r\n\r\n", alert_safe(safe, a->text, sizeof(a->text)));
    if (d->step > 0)
        put(w, "Nobody has acknowledged it in time.\r\n");
    PUT_TEXT(w, "It is now with", d->to);
    put(w, "What to do: %s\r\n\r\n", hint);
    put(w, "severity: %s (%u)\r\ncontrol: %s\r\n", alert_severity_text(a->severity),
        (unsigned)a->severity, alert_control(d));
    PUT_TEXT(w, "rule", a->rule);
    if (!d->is_own)
        put(w, "verdict: %s\r\n", exposure_verdict_text((enum verdict)a->verdict));
    PUT_TEXT(w, "principal", a->principal);
    if (a->session != 0)
        put(w, "session: %016" PRIx64 "\r\n", a->session);
    put(w, "count: %" PRIu64 "\r\n", a->count);
    put_time(w, "since", a->since);
    if (!d->is_own)
        put(w, "rows: %" PRIu64 "\r\npersons, at most: %" PRIu64 "\r\n", a->rows, a->subjects);
    if (d->finding.detector[0] != '\0')
        put_finding(w, &d->finding);
    put_time(w, "raised", d->raised_at);
    put(w, "about record: %" PRIu64 "\r\nid: %s\r\n", a->record, alert_safe(safe, id, sizeof(id)));
}

ssize_t
alert_mail(uint8_t *bytes, size_t size, const struct message_delivery *d, const char *from,
           const struct mail_list *to)
{
    uint8_t body[BODY_MAX];
    struct writer text = writer_of(body, sizeof(body)), w = writer_of(bytes, size);
    size_t length;

    put_body(&text, d);
    if (writer_end(&text) < 0)
        return PASU_E_RANGE;
    length = writer_length(&text);
    put_headers(&w, d, from, to);
    for (size_t at = 0; at < length; at += LINE_BYTES) {
        base64_write(&w, body + at, length - at < LINE_BYTES ? length - at : LINE_BYTES);
        writer_bytes(&w, "\r\n", 2);
    }
    return writer_end(&w);
}
