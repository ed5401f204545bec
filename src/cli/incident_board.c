/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/incident_board.h"

#include "base/log.h"
#include "base/os.h"
#include "cli/complain.h"
#include "cli/html.h"
#include "cli/incident_view.h"
#include "cli/incident_whole.h"
#include "cli/pdf.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TIME_SIZE = 40, LINE_SIZE = 4 * PAYLOAD_TEXT_SIZE, LEFT_SIZE = 64 };

struct board {
    const struct incidents *in;
    uint64_t number;
    int64_t now;
};

static bool
is_of(const struct board *b, const struct incident_event *event)
{
    return event->body.number == b->number;
}

/* Who has signed for a record last; NULL: nobody. */
static const struct incident_event *
signed_by(const struct board *b, uint64_t record)
{
    for (size_t i = b->in->count; i > 0; i--)
        if (is_of(b, &b->in->events[i - 1]) && b->in->events[i - 1].body.what == INCIDENT_SIGNED &&
            b->in->events[i - 1].body.about == record)
            return &b->in->events[i - 1];
    return NULL;
}

/* When somebody knew: what was told, else the record's time. */
static int64_t
moment_of(const struct incident_event *event)
{
    return event->body.moment != 0 ? event->body.moment : event->time;
}

static bool
is_before(const struct incident_event *a, const struct incident_event *b)
{
    int64_t first = moment_of(a), second = moment_of(b);

    return first != second ? first < second : a->index < b->index;
}

/* The next one in the order in which it became known; NULL: the first. The records are in that in
 * which they were written, and who was told yesterday may be written down today. An incident has
 * few of them. */
static const struct incident_event *
known_after(const struct board *b, const struct incident_event *before)
{
    const struct incident_event *next = NULL;

    for (size_t i = 0; i < b->in->count; i++) {
        const struct incident_event *event = &b->in->events[i];

        if (is_of(b, event) && (before == NULL || is_before(before, event)) &&
            (next == NULL || is_before(event, next)))
            next = event;
    }
    return next;
}

/* ---- the terminal ---- */

static void
print_moment(FILE *file, const char *before, int64_t time)
{
    char text[TIME_SIZE];

    log_time_text(text, sizeof(text), time);
    fprintf(file, "%s%.10s %.5s UTC", before, text, text + 11);
}

static void
print_clocks(FILE *file, const struct board *b)
{
    char left[LEFT_SIZE];

    fputs("\nDEADLINES\n", file);
    for (size_t c = 0; c < b->in->clock_count; c++) {
        const struct payload_clock *clock = &b->in->clocks[c].body;

        if (clock->number != b->number)
            continue;
        incident_clock_left(left, sizeof(left), &b->in->clocks[c], b->now);
        incident_put_text(file, "  ", clock->name, "");
        print_moment(file, ": ", clock->due);
        fprintf(file, ", %s%s%s\n", incident_clock_text(clock, b->now), *left ? ", " : "", left);
    }
}

static void
print_scope(FILE *file, const struct board *b)
{
    struct incident_whole whole;
    unsigned version = 0;

    fputs("\nSCOPE, AS IT WAS KNOWN\n", file);
    for (size_t i = 0; i < b->in->count; i++) {
        const struct incident_event *event = &b->in->events[i], *by;

        if (!is_of(b, event) || event->body.what != INCIDENT_SCOPE)
            continue;
        by = signed_by(b, event->index);
        fprintf(file, "  version %u", ++version);
        print_moment(file, ", ", event->time);
        fprintf(file, ": at least %" PRIu64 ", at most %" PRIu64 " person%s", event->body.at_least,
                event->body.at_most, event->body.at_most == 1 ? "" : "s");
        incident_put_text(file, ": ", event->body.why, "; ");
        incident_put_text(file, by ? "signed by " : "", by ? by->body.who : "nobody has signed",
                          "\n");
        incident_whole_of(&whole, b->in, event);
        incident_whole_line(file, &whole);
    }
    if (version == 0)
        fputs("  nobody has asked yet\n", file);
}

/* What the numbers cannot have: of the last version. */
static void
say_whole(FILE *file, const struct board *b, bool is_page)
{
    const struct incident_event *last = incidents_last(b->in, b->number, INCIDENT_SCOPE);
    struct incident_whole whole;

    if (last)
        incident_whole_of(&whole, b->in, last);
    incident_whole_say(file, b->in, last ? &whole : NULL, is_page);
}

static void
print_whole(FILE *file, const struct board *b)
{
    fputs("\nHOW WHOLE THE RECORD IS\n", file);
    say_whole(file, b, false);
}

static void
print_known(FILE *file, const struct board *b)
{
    fputs("\nWHO KNEW WHAT WHEN\n", file);
    for (const struct incident_event *event = known_after(b, NULL); event != NULL;
         event = known_after(b, event)) {
        print_moment(file, "  ", moment_of(event));
        fprintf(file, " %s", incident_what_text(event->body.what));
        incident_put_text(file, ": ", event->body.who, "");
        incident_put_text(file, ": ", event->body.why, "");
        fprintf(file, " (record %" PRIu64, event->index);
        if (event->time - moment_of(event) > 60 * NANOSECONDS_PER_SECOND)
            print_moment(file, ", written ", event->time);
        fputs(")\n", file);
    }
}

void
incident_board(FILE *file, const struct incidents *in, uint64_t number, int64_t now)
{
    const struct board b = {in, number, now};

    fprintf(file, "INCIDENT %" PRIu64, number);
    incident_put_text(file, ": ", incidents_first(in, number, INCIDENT_OPENED)->body.why, "\n");
    print_clocks(file, &b);
    print_scope(file, &b);
    print_whole(file, &b);
    print_known(file, &b);
}

/* ---- HTML ---- */

static void
put_cells(FILE *file, const char *first, const char *second)
{
    html_tag(file, "td", first);
    html_tag(file, "td", second);
}

static void
put_clocks(FILE *file, const struct board *b)
{
    char left[LEFT_SIZE];

    html_tag(file, "h2", "Deadlines (기한)");
    fputs(
        "<table><tr><th>deadline</th><th>due</th><th>now</th><th>where the law says so</th></tr>\n",
        file);
    for (size_t c = 0; c < b->in->clock_count; c++) {
        const struct payload_clock *clock = &b->in->clocks[c].body;
        const char *state = incident_clock_text(clock, b->now);

        if (clock->number != b->number)
            continue;
        incident_clock_left(left, sizeof(left), &b->in->clocks[c], b->now);
        fputs("<tr>", file);
        html_tag(file, "td", clock->name);
        fputs("<td>", file);
        html_time(file, clock->due);
        fputs("</td>", file);
        html_format(file, strcmp(state, "over") == 0 ? "td class=\"bad\"" : "td", "%s%s%s", state,
                    *left ? ", " : "", left);
        html_tag(file, "td", clock->law);
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void
put_scope(FILE *file, const struct board *b)
{
    struct incident_whole whole;
    unsigned version = 0;

    html_tag(file, "h2", "Scope, as it was known (당시 파악된 유출 범위)");
    fputs("<table><tr><th>version</th><th>when</th><th>persons: at least</th><th>at most</th>"
          "<th>gaps of the record</th><th>why</th><th>signed by</th></tr>\n",
          file);
    for (size_t i = 0; i < b->in->count; i++) {
        const struct incident_event *event = &b->in->events[i], *by;

        if (!is_of(b, event) || event->body.what != INCIDENT_SCOPE)
            continue;
        by = signed_by(b, event->index);
        fputs("<tr>", file);
        html_format(file, "td", "%u", ++version);
        fputs("<td>", file);
        html_time(file, event->time);
        fputs("</td>", file);
        html_format(file, "td", "%" PRIu64, event->body.at_least);
        html_format(file, "td", "%" PRIu64, event->body.at_most);
        incident_whole_of(&whole, b->in, event);
        incident_whole_cell(file, &whole);
        put_cells(file, event->body.why, by ? by->body.who : "nobody");
        fputs("</tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void
put_whole(FILE *file, const struct board *b)
{
    html_tag(file, "h2", "How whole the record is (기록의 완전성)");
    say_whole(file, b, true);
}

static void
put_known(FILE *file, const struct board *b)
{
    html_tag(file, "h2", "Who knew what when (누가 언제 무엇을 알았는가)");
    fputs("<table><tr><th>when</th><th>what</th><th>who</th><th></th><th>record</th>"
          "<th>written</th></tr>\n",
          file);
    for (const struct incident_event *event = known_after(b, NULL); event != NULL;
         event = known_after(b, event)) {
        fputs("<tr><td>", file);
        html_time(file, moment_of(event));
        fputs("</td>", file);
        html_tag(file, "td", incident_what_text(event->body.what));
        put_cells(file, event->body.who, event->body.why);
        html_format(file, "td", "%" PRIu64, event->index);
        fputs("<td>", file);
        html_time(file, event->time);
        fputs("</td></tr>\n", file);
    }
    fputs("</table>\n", file);
}

static void
put_page(FILE *file, const void *arg)
{
    const struct board *b = arg;
    char title[LINE_SIZE];

    snprintf(title, sizeof(title), "Incident %" PRIu64 ": %s", b->number,
             incidents_first(b->in, b->number, INCIDENT_OPENED)->body.why);
    html_begin(file, "en", title);
    /* A name, a number or a time: no time is read right that is broken within its day. */
    fputs("<style>td:nth-child(-n+2){overflow-wrap:normal}</style>\n", file);
    fputs("<p class=\"dim\">From the signed ledger, as of ", file);
    html_time(file, b->now);
    fputs(". What is told here was recorded when it says \"written\"; nobody can have changed it "
          "since.</p>\n",
          file);
    put_clocks(file, b);
    put_scope(file, b);
    put_whole(file, b);
    put_known(file, b);
    html_end(file);
}

int
incident_board_save(const char *path, const struct incidents *in, uint64_t number, int64_t now)
{
    const struct board b = {in, number, now};

    return html_save(path, "html", put_page, &b);
}

int
incident_board_pdf(const char *path, const struct incidents *in, uint64_t number, int64_t now)
{
    const struct board b = {in, number, now};
    char *page = NULL, digest[HASHED_TEXT_SIZE];
    size_t length = 0;
    FILE *file = open_memstream(&page, &length);
    bool is_well = file != NULL;
    int status;

    if (file) {
        put_page(file, &b);
        is_well = !ferror(file);
        is_well = fclose(file) == 0 && is_well;
    }
    status = is_well ? pdf_save(path, view_of(page, length), digest)
                     : complain_error(PASU_E_NOMEM, "incident board");
    free(page);
    return status;
}
