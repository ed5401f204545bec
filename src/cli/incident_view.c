/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_view.h"

#include "base/log.h"
#include "base/os.h"
#include "cli/text.h"
#include "ledger/clocks.h"

#include <inttypes.h>

enum { TIME_SIZE = 40, LINE_SIZE = 4 * PAYLOAD_TEXT_SIZE, LEFT_SIZE = 48 };

/* ---- words ---- */

const char *
incident_clock_text(const struct payload_clock *clock, int64_t now)
{
    static const char *const texts[] = {
        [CLOCK_RUNS] = "runs", [CLOCK_NEARS] = "nears", [CLOCK_OVER] = "over"};

    if (clock->state == CLOCK_MET)
        return "met";
    return clock->state == CLOCK_ENDED ? "ended" : texts[clock_state_at(clock, now)];
}

void
incident_clock_left(char *text, size_t size, const struct incident_clock *of, int64_t now)
{
    const struct payload_clock *clock = &of->body;
    char left[LEFT_SIZE];
    bool is_over = now >= clock->due;

    if (clock->state == CLOCK_MET && of->met > clock->due) {
        text_duration(left, sizeof(left), (of->met - clock->due) / NANOSECONDS_PER_SECOND);
        snprintf(text, size, "%s late", left);
        return;
    }
    if (clock->state >= CLOCK_MET) {
        snprintf(text, size, "%s", "");
        return;
    }
    text_duration(left, sizeof(left),
                  (is_over ? now - clock->due : clock->due - now) / NANOSECONDS_PER_SECOND);
    snprintf(text, size, "%s %s", left, is_over ? "over" : "left");
}

void
incident_put_text(FILE *file, const char *before, const char *text, const char *after)
{
    char escaped[LINE_SIZE];

    text_escape(escaped, sizeof(escaped), view_of_text(text));
    fprintf(file, "%s%s%s", before, escaped, after);
}

static void
put_time(FILE *file, const char *before, int64_t time)
{
    char text[TIME_SIZE];

    log_time_text(text, sizeof(text), time);
    fprintf(file, "%s%.19sZ", before, text);
}

/* ---- list ---- */

static bool
is_closed(const struct incidents *in, uint64_t number)
{
    return incidents_first(in, number, INCIDENT_CLOSED) != NULL;
}

static void
put_clock(FILE *file, const struct incident_clock *clock, int64_t now)
{
    char left[LEFT_SIZE + 8];

    incident_clock_left(left, sizeof(left), clock, now);
    incident_put_text(file, "  ", clock->body.name, "");
    put_time(file, ": due ", clock->body.due);
    fprintf(file, ", %s", incident_clock_text(&clock->body, now));
    if (left[0] != '\0')
        fprintf(file, ", %s", left);
    incident_put_text(file, " (", clock->body.law, ")\n");
}

static void
put_clock_json(struct json_out *out, const struct incident_clock *clock, int64_t now)
{
    json_out_open(out, '{');
    json_put_text(out, "clock", clock->body.name);
    json_put_count(out, "seq", clock->index);
    json_put_time(out, "since", clock->body.since);
    json_put_time(out, "due", clock->body.due);
    json_put_text(out, "state", incident_clock_text(&clock->body, now));
    json_out_key(out, "left_seconds");
    json_out_integer(out, (clock->body.due - now) / NANOSECONDS_PER_SECOND);
    json_put_text(out, "law", clock->body.law);
    json_out_close(out, '}');
}

static void
put_clocks_json(struct json_out *out, const struct incidents *in, uint64_t number, int64_t now)
{
    json_put_open(out, "clocks", '[');
    for (size_t c = 0; c < in->clock_count; c++)
        if (in->clocks[c].body.number == number)
            put_clock_json(out, &in->clocks[c], now);
    json_out_close(out, ']');
}

static void
list_one_json(FILE *file, const struct incidents *in, const struct incident_event *event,
              int64_t now)
{
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_count(&out, "incident", event->body.number);
    json_put_text(&out, "name", event->body.why);
    json_put_time(&out, "known", event->body.moment);
    json_out_key(&out, "closed");
    json_out_bool(&out, is_closed(in, event->body.number));
    put_clocks_json(&out, in, event->body.number, now);
    json_out_close(&out, '}');
    json_out_end(&out);
}

void
incident_view_list(FILE *file, const struct incidents *in, int64_t now, bool is_json)
{
    size_t count = 0;

    for (size_t i = 0; i < in->count; i++) {
        const struct incident_event *event = &in->events[i];

        if (event->body.what != INCIDENT_OPENED)
            continue;
        count++;
        if (is_json) {
            list_one_json(file, in, event, now);
            continue;
        }
        fprintf(file, "incident %" PRIu64, event->body.number);
        incident_put_text(file, ": ", event->body.why, "");
        put_time(file, ", known since ", event->body.moment);
        fputs(is_closed(in, event->body.number) ? ", closed\n" : "\n", file);
        for (size_t c = 0; c < in->clock_count; c++)
            if (in->clocks[c].body.number == event->body.number &&
                in->clocks[c].body.state < CLOCK_MET)
                put_clock(file, &in->clocks[c], now);
    }
    if (count == 0 && !is_json)
        fputs("no incident\n", file);
}

/* ---- one ---- */

static void
put_persons(FILE *file, const char *before, uint64_t at_least, uint64_t at_most)
{
    if (at_least == at_most)
        fprintf(file, "%s%" PRIu64 " person%s", before, at_most, at_most == 1 ? "" : "s");
    else
        fprintf(file, "%s%" PRIu64 " to %" PRIu64 " persons", before, at_least, at_most);
}

/* What is only in some kinds of events. */
static void
put_more(FILE *file, const struct incidents *in, const struct incident_event *event)
{
    const struct payload_incident *body = &event->body;
    struct scope_version version;

    switch (body->what) {
    case INCIDENT_SCOPE:
        put_persons(file, ", ", body->at_least, body->at_most);
        fprintf(file, ", from %" PRIu64 " record%s", body->about, body->about == 1 ? "" : "s");
        if (scope_version_at(&version, in, body->number, event->index))
            fprintf(file, ", version %u", version.number);
        json_decref(version.more);
        break;
    case INCIDENT_HELD:
        fprintf(file, ", hold %" PRIu64, body->about);
        break;
    case INCIDENT_SIGNED:
        fprintf(file, ", record %" PRIu64, body->about);
        break;
    case INCIDENT_NOTICED:
        fprintf(file, ", %" PRIu64 " notice%s of a leak, %" PRIu64 " in all", body->at_least,
                body->at_least == 1 ? "" : "s", body->at_most);
        break;
    case INCIDENT_DELIVERED:
        fprintf(file, ", %" PRIu64 " of %" PRIu64 " arrived", body->at_least, body->at_most);
        break;
    default:
        break;
    }
}

static void
put_event(FILE *file, const struct incidents *in, const struct incident_event *event)
{
    put_time(file, "  ", event->time);
    fprintf(file, " %" PRIu64 " %s", event->index, incident_what_text(event->body.what));
    incident_put_text(file, " by ", event->body.who, "");
    fprintf(file, " (uid %" PRIu32 ")", event->body.uid);
    if (event->body.moment != 0 && event->body.what != INCIDENT_SCOPE)
        put_time(file, ", as of ", event->body.moment);
    put_more(file, in, event);
    incident_put_text(file, ": ", event->body.why, "\n");
}

void
incident_view(FILE *file, const struct incidents *in, uint64_t number, int64_t now)
{
    const struct incident_event *opened = incidents_first(in, number, INCIDENT_OPENED);

    fprintf(file, "incident %" PRIu64, number);
    incident_put_text(file, ": ", opened->body.why, "");
    fputs(is_closed(in, number) ? ", closed\n" : "\n", file);
    fputs("\ndeadlines\n", file);
    for (size_t c = 0; c < in->clock_count; c++)
        if (in->clocks[c].body.number == number)
            put_clock(file, &in->clocks[c], now);
    fputs("\nrecorded\n", file);
    for (size_t i = 0; i < in->count; i++)
        if (in->events[i].body.number == number)
            put_event(file, in, &in->events[i]);
}

/* What was recorded as JSON, as JSON; else null. */
static void
put_raw(struct json_out *out, const char *key, const struct payload_incident *body)
{
    json_t *more =
        json_loadb((const char *)body->more.bytes, body->more.length, JSON_REJECT_DUPLICATES, NULL);
    char *text = more ? json_dumps(more, JSON_COMPACT) : NULL;

    json_out_key(out, key);
    fputs(text ? text : "null", out->file);
    out->needs_comma = true;
    free(text);
    json_decref(more);
}

static void
put_event_json(struct json_out *out, const struct incident_event *event)
{
    const struct payload_incident *body = &event->body;

    json_out_open(out, '{');
    json_put_count(out, "seq", event->index);
    json_put_time(out, "time", event->time);
    json_put_text(out, "what", incident_what_text(body->what));
    json_put_time(out, "when", body->moment);
    json_put_text(out, "who", body->who);
    json_put_text(out, "why", body->why);
    json_put_count(out, "uid", body->uid);
    json_put_count(out, "about", body->about);
    json_put_count(out, "at_least", body->at_least);
    json_put_count(out, "at_most", body->at_most);
    put_raw(out, "more", body);
    json_out_close(out, '}');
}

void
incident_view_json(FILE *file, const struct incidents *in, uint64_t number, int64_t now)
{
    const struct incident_event *opened = incidents_first(in, number, INCIDENT_OPENED);
    struct json_out out = {.file = file};

    json_out_open(&out, '{');
    json_put_count(&out, "incident", number);
    json_put_text(&out, "name", opened->body.why);
    json_put_time(&out, "known", opened->body.moment);
    json_out_key(&out, "closed");
    json_out_bool(&out, is_closed(in, number));
    put_clocks_json(&out, in, number, now);
    json_put_open(&out, "events", '[');
    for (size_t i = 0; i < in->count; i++)
        if (in->events[i].body.number == number)
            put_event_json(&out, &in->events[i]);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    json_out_end(&out);
}
