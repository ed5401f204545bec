/* SPDX-License-Identifier: Apache-2.0 */
/* What is known for each row of a report, and where that is from. See report_part.h. */
#include "base/os.h"
#include "cli/html.h"
#include "cli/incident_view.h"
#include "cli/report_part.h"
#include "config/moment.h"
#include "ledger/clocks.h"

#include <inttypes.h>

enum { WORDS_SIZE = 8192, LEFT_SIZE = 64 };

const char *
report_word(const struct report *r, const char *ko, const char *en)
{
    return r->form == REPORT_PIPC ? ko : en;
}

static enum notice_language
language_of(const struct report *r)
{
    return r->form == REPORT_PIPC ? NOTICE_KO : NOTICE_EN;
}

void
report_unknown(FILE *file, struct report *r)
{
    r->unknown++;
    html_tag(file, "span class=\"bad\"", report_word(r, "확인되지 않음", "unknown"));
}

/* ---- where it is from ---- */

static void
from_version(FILE *file, const struct report *r, const struct scope_version *version)
{
    char words[WORDS_SIZE];

    if (scope_version_words(version, words, sizeof(words)) != 0)
        return;
    fputs("<br><small class=\"dim\">", file);
    html_tag(file, "span", report_word(r, "원장 질의: ", "asked of the ledger: "));
    fputs("<code>pasu scope -c FILE", file);
    html_text(file, words);
    fputs("</code></small>", file);
}

static void
from_ledger(FILE *file, const struct report *r)
{
    from_version(file, r, &r->version);
}

/* By whom it was recorded; NULL: that is said already. */
static void
from_record(FILE *file, const struct report *r, uint64_t index, const char *who)
{
    fputs("<br><small class=\"dim\">", file);
    html_format(file, "span",
                report_word(r, "원장 기록 %" PRIu64, "record %" PRIu64 " of the ledger"), index);
    if (who)
        html_format(file, "span", report_word(r, ", 기록한 사람: %s", ", by %s"), who);
    html_format(file, "code", " pasu incident show -c FILE %" PRIu64, r->incident);
    fputs("</small>", file);
}

void
report_own(FILE *file, struct report *r, enum notice_own own)
{
    const char *text = own < OWNS ? r->texts->own[own][language_of(r)] : "";

    if (text[0] == '\0') {
        report_unknown(file, r);
        return;
    }
    html_text(file, text);
    fputs("<br><small class=\"dim\">", file);
    html_text(file, report_word(r, "개인정보처리자 기재", "stated by the controller"));
    fputs("</small>", file);
}

static bool
has_version(FILE *file, struct report *r)
{
    if (r->version.event)
        return true;
    report_unknown(file, r);
    return false;
}

/* ---- rows ---- */

void
report_known(FILE *file, struct report *r)
{
    const struct incident_event *opened = incidents_first(r->in, r->incident, INCIDENT_OPENED);

    html_local_time(file, opened->body.moment);
    from_record(file, r, opened->index, opened->body.who);
}

void
report_detected(FILE *file, struct report *r)
{
    const struct incident_event *event = incidents_first(r->in, r->incident, INCIDENT_DETECTED);

    if (!event) {
        report_unknown(file, r);
        return;
    }
    html_text(file, event->body.who);
    if (event->body.who[0] != '\0' && event->body.why[0] != '\0')
        fputs(": ", file);
    html_text(file, event->body.why);
    from_record(file, r, event->index, NULL);
}

/* The version has it in UTC; on the page it is local, as all times are. */
static void
put_time_or_unknown(FILE *file, struct report *r, const char *name)
{
    const char *text = json_string_value(json_object_get(r->version.more, name));
    int64_t moment;

    if (text && moment_parse_fixed(&moment, text, false) == 0)
        html_local_time(file, moment);
    else
        report_unknown(file, r);
}

void
report_period(FILE *file, struct report *r)
{
    if (!has_version(file, r))
        return;
    put_time_or_unknown(file, r, "first");
    fputs(" ~ ", file);
    put_time_or_unknown(file, r, "last");
    from_ledger(file, r);
}

static void
put_interval(FILE *file, const struct report *r, json_int_t at_least, json_int_t at_most)
{
    if (at_least == at_most)
        html_format(file, "b", "%" JSON_INTEGER_FORMAT, at_most);
    else
        html_format(file, "b",
                    report_word(r, "최소 %" JSON_INTEGER_FORMAT ", 최대 %" JSON_INTEGER_FORMAT,
                                "at least %" JSON_INTEGER_FORMAT ", at most %" JSON_INTEGER_FORMAT),
                    at_least, at_most);
}

void
report_persons(FILE *file, struct report *r)
{
    if (!has_version(file, r))
        return;
    put_interval(file, r, (json_int_t)r->version.event->body.at_least,
                 (json_int_t)r->version.event->body.at_most);
    from_ledger(file, r);
}

/* Each of an object of intervals. */
static void
put_intervals(FILE *file, struct report *r, const char *part)
{
    json_t *value;
    const char *name, *clarity;
    enum notice_language l = language_of(r);

    if (!has_version(file, r))
        return;
    if (json_object_size(json_object_get(r->version.more, part)) == 0)
        html_text(file, report_word(r, "없음", "none"));
    json_object_foreach(json_object_get(r->version.more, part), name, value)
    {
        const struct notice_field *field = notice_texts_field(r->texts, name);

        html_text(file, field && strcmp(part, "fields") == 0 ? field->name[l] : name);
        clarity = json_string_value(json_array_get(value, 2));
        if (clarity)
            html_format(file, "span", " (%s)",
                        r->texts->clarity[strcmp(clarity, "clear") == 0    ? SHOWN_CLEAR
                                          : strcmp(clarity, "masked") == 0 ? SHOWN_MASKED
                                                                           : SHOWN_NULL][l]);
        fputs(": ", file);
        put_interval(file, r, json_integer_value(json_array_get(value, 0)),
                     json_integer_value(json_array_get(value, 1)));
        fputs("<br>", file);
    }
    from_ledger(file, r);
}

void
report_kinds(FILE *file, struct report *r)
{
    put_intervals(file, r, "subjects");
}

void
report_fields(FILE *file, struct report *r)
{
    put_intervals(file, r, "fields");
}

/* Times that were not watched, statements of nobody known, sessions that are not recorded. */
static bool
lacks_something(const struct scope_version *version)
{
    static const char *const names[] = {"gaps", "unattributed", "unrecorded"};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (json_integer_value(json_object_get(version->more, names[i])) > 0)
            return true;
    return false;
}

void
report_absent(FILE *file, struct report *r)
{
    json_t *one;
    size_t i;

    if (!has_version(file, r))
        return;
    json_array_foreach(json_object_get(r->version.more, "not_shown"), i, one)
    {
        const char *name = json_string_value(one);
        const struct notice_field *field = name ? notice_texts_field(r->texts, name) : NULL;

        if (i > 0)
            fputs(", ", file);
        html_text(file, field ? field->name[language_of(r)] : name ? name : "");
    }
    if (i == 0)
        html_text(file, report_word(r, "없음", "none"));
    if (lacks_something(&r->version))
        html_text(file, report_word(r, " (기록에 공백이 있어 확정할 수 없음)",
                                    " (not certain: the record has gaps)"));
    from_ledger(file, r);
}

/* What was shown while nobody watched is in no number: then the upper bound is none. */
void
report_complete(FILE *file, struct report *r)
{
    static const struct {
        const char *name, *ko, *en;
    } lacks[] = {{"gaps", "기록 공백", "gaps"},
                 {"damaged", "그중 손상된 기록 위치(pasu ledger verify로 확인)",
                  "places of them where the record is damaged (pasu ledger verify says where)"},
                 {"unattributed", "조회자를 알 수 없는 조회", "statements of nobody known"},
                 {"unrecorded", "기록되지 않은 접속", "sessions that are not recorded"}};
    bool has_any = false;

    if (!has_version(file, r))
        return;
    for (size_t i = 0; i < COUNT_OF(lacks); i++) {
        json_int_t count = json_integer_value(json_object_get(r->version.more, lacks[i].name));

        if (count == 0)
            continue;
        html_format(file, "span", "%s%s: %" JSON_INTEGER_FORMAT, has_any ? ", " : "",
                    report_word(r, lacks[i].ko, lacks[i].en), count);
        has_any = true;
    }
    html_text(file, has_any ? report_word(r, ". 공백 중의 열람은 위 수치에 포함되지 않습니다.",
                                          ". What was shown then is in none of these numbers.")
                            : report_word(r, "알려진 공백 없음", "nothing that is known of"));
    from_ledger(file, r);
}

void
report_views(FILE *file, struct report *r)
{
    if (!has_version(file, r))
        return;
    html_format(file, "b", "%" JSON_INTEGER_FORMAT,
                json_integer_value(json_object_get(r->version.more, "statements")));
    html_text(
        file,
        report_word(
            r,
            "회 조회(아무도 조회되지 않았거나 거절된 조회 포함). 정보주체 수와는 다른 수치입니다.",
            " statements, counting those that found nobody or were refused: not a number of "
            "persons."));
    from_ledger(file, r);
}

void
report_told(FILE *file, struct report *r)
{
    bool has_any = false;

    for (size_t i = 0; i < r->in->count; i++) {
        const struct incident_event *event = &r->in->events[i];

        if (event->body.number != r->incident ||
            (event->body.what != INCIDENT_NOTICED && event->body.what != INCIDENT_DELIVERED))
            continue;
        if (has_any)
            fputs("<br>", file);
        has_any = true;
        html_local_time(file, event->time);
        fputs(": ", file);
        html_format(file, "span",
                    event->body.what == INCIDENT_NOTICED
                        ? report_word(r, "유출 통지 %" PRIu64 "건, 모든 통지 %" PRIu64 "건 작성",
                                      "notices made: %" PRIu64 " of a leak, %" PRIu64 " in all")
                        : report_word(r, "%" PRIu64 "건 도달, 발송 %" PRIu64 "건",
                                      "%" PRIu64 " arrived, of %" PRIu64),
                    event->body.at_least, event->body.at_most);
        from_record(file, r, event->index, event->body.who);
    }
    if (!has_any)
        report_unknown(file, r);
}

void
report_versions(FILE *file, struct report *r)
{
    unsigned count = 0;

    for (size_t i = 0; i < r->in->count; i++) {
        const struct incident_event *event = &r->in->events[i];
        struct scope_version version = {0};

        if (event->body.number != r->incident || event->body.what != INCIDENT_SCOPE)
            continue;
        html_format(file, "span", "%u. ", ++count);
        html_local_time(file, event->time);
        fputs(": ", file);
        put_interval(file, r, (json_int_t)event->body.at_least, (json_int_t)event->body.at_most);
        fputs(": ", file);
        html_text(file, event->body.why);
        if (scope_version_at(&version, r->in, r->incident, event->index))
            from_version(file, r, &version);
        json_decref(version.more);
        from_record(file, r, event->index, event->body.who);
        fputs("<br>", file);
    }
    if (count == 0)
        report_unknown(file, r);
}

/* That it is met, by itself, beside when it is due, would be read as when it was. */
static void
put_met(FILE *file, const struct incident_clock *of)
{
    if (of->body.state != CLOCK_MET || of->met == 0)
        return;
    fputs(" ", file);
    html_local_time(file, of->met);
}

/* How a deadline stands, as incident_clock_text and incident_clock_left say it in English. */
static void
put_standing_korean(FILE *file, const struct incident_clock *of, int64_t now)
{
    static const char *const states[CLOCK_STATES] = {[CLOCK_RUNS] = "진행 중",
                                                     [CLOCK_NEARS] = "임박",
                                                     [CLOCK_OVER] = "기한 경과",
                                                     [CLOCK_MET] = "이행",
                                                     [CLOCK_ENDED] = "종료"};
    const struct payload_clock *clock = &of->body;
    bool is_ended = clock->state >= CLOCK_MET;
    int64_t minutes = ((is_ended ? of->met : now) - clock->due) / NANOSECONDS_PER_SECOND / 60;
    bool is_late = (is_ended ? of->met : now) >= clock->due;

    html_text(file, states[is_ended ? clock->state : clock_state_at(clock, now)]);
    put_met(file, of);
    if (clock->state == CLOCK_ENDED || (clock->state == CLOCK_MET && !is_late))
        return;
    if (!is_late)
        minutes = -minutes;
    html_format(file, "span", ", %" PRId64 "일 %" PRId64 "시간 %" PRId64 "분 %s", minutes / 1440,
                minutes / 60 % 24, minutes % 60, is_late ? "초과" : "남음");
}

void
report_deadlines(FILE *file, struct report *r)
{
    char left[LEFT_SIZE];

    for (size_t c = 0; c < r->in->clock_count; c++) {
        const struct incident_clock *of = &r->in->clocks[c];
        const struct payload_clock *clock = &of->body;

        if (clock->number != r->incident)
            continue;
        html_format(file, "span", "%s: ", clock->name);
        if (r->form == REPORT_PIPC) {
            put_standing_korean(file, of, r->now);
        } else {
            incident_clock_left(left, sizeof(left), of, r->now);
            html_text(file, incident_clock_text(clock, r->now));
            put_met(file, of);
            html_format(file, "span", "%s%s", *left ? ", " : "", left);
        }
        html_text(file, report_word(r, ", 기한 ", ", due "));
        html_local_time(file, clock->due);
        html_format(file, "small class=\"dim\"", " (%s)", clock->law);
        from_record(file, r, of->index, NULL);
        fputs("<br>", file);
    }
}

void
report_material(FILE *file, struct report *r)
{
    const struct incident_event *event = incidents_last(r->in, r->incident, INCIDENT_MATERIAL);

    if (!event) {
        report_unknown(file, r);
        return;
    }
    html_local_time(file, event->body.moment);
    fputs(": ", file);
    html_text(file, event->body.why);
    from_record(file, r, event->index, event->body.who);
}

/* GDPR art. 33(1): later than 72 hours needs its reasons. */
void
report_delay(FILE *file, struct report *r)
{
    const struct incident_event *opened = incidents_first(r->in, r->incident, INCIDENT_OPENED);

    if (r->now - opened->body.moment <= INT64_C(72) * 3600 * NANOSECONDS_PER_SECOND)
        html_text(file, report_word(r, "지연 없음", "it is not later than 72 hours"));
    else
        report_unknown(file, r);
}
