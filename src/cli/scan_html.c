/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan_html.h"

#include "base/log.h"
#include "base/utf8.h"
#include "cli/complain.h"
#include "cli/scan_map.h"
#include "cli/scan_view.h"
#include "cli/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum {
    TIME = 40,
    NUMBER = 32,
    WIDTH = 720,
    HEIGHT = 160,
    CELL = 12,
    LABEL = 190,
    CURVES = 24, /* findings that are drawn */
    COUNTRIES = 16,
};

struct page {
    FILE *file;
    const struct scan_report *report;
    const struct route_map *map;
};

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"referrer\" "
    "content=\"no-referrer\">\n<title>pasu scan</title><style>\n"
    ":root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6672;--line:#d5dbe1;--bad:#b3261e;"
    "--mark:#1f5fae;--back:#fff}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--dim:#9aa6b2;--line:#3a424b;"
    "--bad:#ff8a80;--mark:#7db3ff;--back:#14181c}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);"
    "max-width:60rem;margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}h3{color:var(--bad);"
    "font-size:1rem;margin:1.6rem 0 .2rem;overflow-wrap:anywhere}\n"
    "small,.dim{color:var(--dim)}table{border-collapse:collapse}td,th{text-align:left;"
    "padding:.1rem .8rem .1rem 0;vertical-align:top;overflow-wrap:anywhere}\n"
    "svg{display:block;max-width:100%;height:auto}svg.key{display:inline}svg "
    "text{fill:var(--dim);font-size:11px}"
    ".axis{stroke:var(--line)}.curve{fill:none;stroke:var(--mark);stroke-width:2}"
    ".bar,.cell{fill:var(--mark)}code{font-size:.9em}\n";
static const char behind_style[] = "</style></head><body>\n";

/* ---- texts ---- */

/* Of a log: hostile. Bytes that are no UTF-8, and signs that control, become question marks. */
static void
put(struct page *p, const char *text)
{
    char escaped[2048];

    text_escape(escaped, sizeof(escaped), view_of_text(text));
    if (!utf8_is_valid(view_of_text(escaped))) /* never: that is what it makes */
        return;
    for (const char *at = escaped; *at != '\0'; at++)
        switch (*at) {
        case '<':
            fputs("&lt;", p->file);
            break;
        case '>':
            fputs("&gt;", p->file);
            break;
        case '&':
            fputs("&amp;", p->file);
            break;
        case '"':
            fputs("&quot;", p->file);
            break;
        case '\'':
            fputs("&#39;", p->file);
            break;
        default:
            putc(*at, p->file);
        }
}

static void
put_count(struct page *p, uint64_t n)
{
    char text[NUMBER];

    text_count(text, sizeof(text), n);
    fputs(text, p->file);
}

static void
put_time(struct page *p, int64_t time)
{
    char text[TIME];

    log_time_text(text, sizeof(text), time);
    fprintf(p->file, "%.10s %.8sZ", text, text + 11);
}

static void
put_day(struct page *p, int32_t day)
{
    char text[TIME];

    log_time_text(text, sizeof(text), (int64_t)day * 24 * 3600 * NANOSECONDS_PER_SECOND);
    fprintf(p->file, "%.10s", text);
}

static void
put_title(struct page *p, const char *english, const char *korean)
{
    fprintf(p->file, "<h2>%s <small lang=\"ko\">%s</small></h2>\n", english, korean);
}

static void
name_of(const struct exact_finding *found, size_t i, char name[OBSERVE_NAME])
{
    if (found->names[i][0] != '\0')
        snprintf(name, OBSERVE_NAME, "%s", found->names[i]);
    else
        snprintf(name, OBSERVE_NAME, "#%016" PRIx64, found->finding->principal[i].who);
}

static size_t
drawn(const struct page *p)
{
    return p->report->finding_count < CURVES ? p->report->finding_count : CURVES;
}

/* ---- charts ---- */

/* Persons by day: how many were shown by then. */
static void
put_curve(struct page *p, const struct chart_row *row)
{
    const struct chart_day *first, *last;
    double span, most;

    if (row->day_count == 0)
        return;
    first = &row->days[0];
    last = &row->days[row->day_count - 1];
    span = last->day > first->day ? last->day - first->day : 1;
    most = last->persons > 0 ? (double)last->persons : 1;
    fprintf(p->file,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" width=\"%d\"><title>persons shown, by "
            "day</title><path class=\"axis\" fill=\"none\" d=\"M1 8V%dH%d\"/>"
            "<path class=\"curve\" d=\"M1 %d",
            WIDTH, HEIGHT + 24, WIDTH, HEIGHT, WIDTH - 90, HEIGHT);
    for (size_t i = 0; i < row->day_count; i++)
        fprintf(p->file, "L%.1f %.1f", 1 + (row->days[i].day - first->day) / span * (WIDTH - 92),
                HEIGHT - (double)row->days[i].persons / most * (HEIGHT - 8));
    fprintf(p->file, "\"/><text x=\"%d\" y=\"14\">", WIDTH - 84);
    put_count(p, last->persons);
    fprintf(p->file, "</text><text x=\"%d\" y=\"%d\">0</text><text x=\"1\" y=\"%d\">", WIDTH - 84,
            HEIGHT, HEIGHT + 16);
    put_day(p, first->day);
    fprintf(p->file, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - 90,
            HEIGHT + 16);
    put_day(p, last->day);
    fputs("</text></svg>\n", p->file);
}

static uint64_t
most_of_ranges(const struct page *p, size_t *ranges)
{
    uint64_t most = 0;

    *ranges = 0;
    for (size_t i = 0; i < drawn(p); i++)
        for (size_t r = 0; r < CHART_RANGES; r++) {
            uint64_t reads = p->report->chart->rows[i].ranges[r];

            if (reads > most)
                most = reads;
            if (reads > 0 && r >= *ranges)
                *ranges = r + 1;
        }
    return most;
}

/* Below the columns: at which key each fourth of them begins, and where the last one ends. */
static void
put_heat_axis(struct page *p, size_t ranges, int y)
{
    size_t step = ranges > 4 ? ranges / 4 : 1;

    fprintf(p->file, "<path class=\"axis\" d=\"M%d %dH%zu\"/>", LABEL, y, LABEL + ranges * CELL);
    for (size_t r = 0; r <= ranges; r += step) {
        if (r + step > ranges)
            r = ranges;
        fprintf(p->file,
                "<path class=\"axis\" d=\"M%zu %dv4\"/><text class=\"key\" x=\"%zu\" y=\"%d\" "
                "text-anchor=\"%s\">",
                LABEL + r * CELL, y, LABEL + r * CELL, y + 16,
                r == 0        ? "start"
                : r == ranges ? "end"
                              : "middle");
        put_count(p, p->report->chart->width * r);
        fputs("</text>", p->file);
    }
}

/* How dark how many reads are. */
static void
put_heat_key(struct page *p, uint64_t most)
{
    fputs("<p class=\"dim\">", p->file);
    for (unsigned i = 0; i <= 4; i++)
        fprintf(p->file,
                "<svg class=\"key\" width=\"%d\" height=\"%d\"><rect class=\"cell\" width=\"%d\" "
                "height=\"%d\" opacity=\"%.2f\"/></svg> ",
                CELL, CELL, CELL - 1, CELL - 1, 0.15 + 0.85 * i / 4);
    fputs("from 1 to ", p->file);
    put_count(p, most);
    fputs(" reads</p>\n", p->file);
}

/* Rows are those who read, columns ranges of keys. */
static void
put_heat(struct page *p)
{
    size_t ranges, rows = drawn(p);
    uint64_t most = most_of_ranges(p, &ranges);
    char name[OBSERVE_NAME];

    if (most == 0)
        return;
    put_title(p, "Who reads whom", "누가 누구를 읽었나");
    fputs("<p class=\"dim\">Each column is a range of ", p->file);
    put_count(p, p->report->chart->width);
    fputs(" keys, from 0 on; the darker, the more reads.</p>\n", p->file);
    put_heat_key(p, most);
    fprintf(p->file,
            "<svg viewBox=\"0 0 %d %zu\" "
            "role=\"img\" width=\"%d\"><title>reads by ranges of keys</title>",
            LABEL + CELL * CHART_RANGES, rows * CELL + 24, LABEL + CELL * CHART_RANGES);
    for (size_t i = 0; i < rows; i++) {
        const struct exact_finding *found = &p->report->findings[i];

        name_of(found, 0, name);
        text_cut(name, 26);
        fprintf(p->file, "<text x=\"0\" y=\"%zu\">", i * CELL + 10);
        put(p, name);
        fputs("</text>", p->file);
        for (size_t r = 0; r < ranges; r++) {
            uint64_t reads = p->report->chart->rows[i].ranges[r];

            if (reads > 0)
                fprintf(p->file,
                        "<rect class=\"cell\" x=\"%zu\" y=\"%zu\" width=\"%d\" height=\"%d\" "
                        "opacity=\"%.2f\"><title>%" PRIu64 "</title></rect>",
                        LABEL + r * CELL, i * CELL, CELL - 1, CELL - 1,
                        0.15 + 0.85 * (double)reads / (double)most, reads);
        }
    }
    put_heat_axis(p, ranges, (int)(rows * CELL) + 2);
    fputs("</svg>\n", p->file);
}

static int
compare_countries(const void *a, const void *b)
{
    const struct chart_country *x = a, *y = b;

    if (x->reads != y->reads)
        return x->reads > y->reads ? -1 : 1;
    return x->country < y->country ? -1 : x->country > y->country;
}

static size_t
sum_countries(const struct page *p, struct chart_country *to, size_t space)
{
    size_t count = 0;

    for (size_t i = 0; i < p->report->finding_count; i++) {
        const struct chart_row *row = &p->report->chart->rows[i];

        for (size_t c = 0; c < row->country_count; c++) {
            size_t at = 0;

            while (at < count && to[at].country != row->countries[c].country)
                at++;
            if (at == space)
                continue;
            if (at == count)
                to[count++] = (struct chart_country){row->countries[c].country, 0};
            to[at].reads += row->countries[c].reads;
        }
    }
    qsort(to, count, sizeof(*to), compare_countries);
    return count;
}

static void
put_countries(struct page *p)
{
    struct chart_country countries[256];
    size_t count = sum_countries(p, countries, COUNT_OF(countries));

    if (count == 0 || (count == 1 && countries[0].country == 0))
        return;
    put_title(p, "Countries", "국가");
    fputs("<p class=\"dim\">Where persons were shown to those who were found: each person once a "
          "country.</p>\n",
          p->file);
    scan_map_put(p->file, p->report->chart);
    if (count > COUNTRIES)
        count = COUNTRIES;
    fprintf(p->file,
            "<p class=\"dim\">From where the reads of the findings came.</p>\n<svg viewBox=\"0 0 "
            "%d %zu\" role=\"img\" width=\"%d\"><title>reads by countries</title>",
            WIDTH, count * 18, WIDTH);
    for (size_t i = 0; i < count; i++) {
        unsigned country = countries[i].country;
        char name[3] = {(char)(country >> 8), (char)(country & 0xff), '\0'};
        double length = (double)countries[i].reads / (double)countries[0].reads * (WIDTH - 180);

        fprintf(p->file, "<text x=\"0\" y=\"%zu\">", i * 18 + 12);
        put(p, country != 0 ? name : "?");
        fprintf(p->file,
                "</text><rect class=\"bar\" x=\"40\" y=\"%zu\" width=\"%.1f\" height=\"14\"/>"
                "<text x=\"%.1f\" y=\"%zu\">",
                i * 18, length, 46 + length, i * 18 + 12);
        put_count(p, countries[i].reads);
        fputs("</text>", p->file);
    }
    fputs("</svg>\n", p->file);
}

/* ---- findings ---- */

static void
put_row(struct page *p, const char *english, const char *korean)
{
    fprintf(p->file, "<tr><th>%s <small lang=\"ko\">%s</small></th><td>", english, korean);
}

static void
put_fields(struct page *p, uint64_t fields)
{
    const char *comma = "";

    for (size_t i = 0; i < p->map->field_count; i++)
        if ((fields >> i & 1) != 0) {
            fputs(comma, p->file);
            put(p, p->map->fields[i]);
            comma = ", ";
        }
    if (comma[0] == '\0')
        fputs("none", p->file);
}

static void
put_finding(struct page *p, size_t number)
{
    const struct exact_finding *found = &p->report->findings[number];
    const struct finding *finding = found->finding;
    char name[OBSERVE_NAME], why[DETECT_TEXT];

    fputs("<h3>", p->file);
    put(p, detector_name((enum detector)finding->detector));
    fputs(": ", p->file);
    for (size_t i = 0; i < finding->principals; i++) {
        name_of(found, i, name);
        fputs(i > 0 ? ", " : "", p->file);
        put(p, axis_name((enum axis)finding->principal[i].axis));
        putc(' ', p->file);
        put(p, name);
    }
    if (finding->together > finding->principals)
        fprintf(p->file, " and %u more", finding->together - finding->principals);
    fputs("</h3>\n<p>", p->file);
    (void)finding_why(finding, why);
    put(p, why);
    fputs("</p>\n<table>", p->file);
    put_row(p, "persons", "사람");
    put_count(p, found->at_least);
    if (found->at_least != found->at_most) {
        fputs(" to ", p->file);
        put_count(p, found->at_most);
    }
    fputs("</td></tr>", p->file);
    put_row(p, "fields", "항목");
    put_fields(p, found->fields);
    fputs("</td></tr>", p->file);
    put_row(p, "since", "기간");
    put_time(p, finding->first);
    fputs(" to ", p->file);
    put_time(p, finding->last);
    fputs("</td></tr>", p->file);
    put_row(p, "see", "근거");
    for (size_t i = 0; i < finding->places; i++) {
        fputs("<code>", p->file);
        put(p, p->report->files[finding->place[i].file].path);
        fprintf(p->file, "</code> at byte %" PRIu64 "<br>", finding->place[i].offset);
    }
    fputs("</td></tr></table>\n", p->file);
    if (number < CURVES)
        put_curve(p, &p->report->chart->rows[number]);
}

/* ---- the page ---- */

static void
put_summary(struct page *p)
{
    const struct scan_report *r = p->report;

    fputs("<h1>pasu scan <small lang=\"ko\">로그 분석 보고서</small></h1>\n<table>", p->file);
    put_row(p, "lines", "줄");
    put_count(p, r->lines);
    fprintf(p->file, " in %zu file%s; ", r->file_count, r->file_count == 1 ? "" : "s");
    put_count(p, r->unparsed);
    fputs(" could not be read</td></tr>", p->file);
    if (r->first != 0) {
        put_row(p, "from", "기간");
        put_time(p, r->first);
        fputs(" to ", p->file);
        put_time(p, r->last);
        fputs("</td></tr>", p->file);
    }
    put_row(p, "exposures", "노출");
    put_count(p, r->shown);
    fputs("</td></tr>", p->file);
    put_row(p, "misses", "없는 키 조회");
    put_count(p, r->misses);
    fputs("</td></tr>", p->file);
    put_row(p, "findings", "발견");
    put_count(p, r->finding_count);
    fputs("</td></tr></table>\n", p->file);
    if (r->unmatched > 0)
        fprintf(p->file, "<p>%" PRIu64 " %s.</p>\n", r->unmatched, scan_unmatched_text(r));
    if (scan_is_loud(r))
        fputs("<p><strong>More than one line in a hundred could not be read: what they show is in "
              "no number.</strong></p>\n",
              p->file);
    if (!r->is_exact && r->finding_count > 0)
        fputs("<p>A log could not be read a second time: persons are an interval.</p>\n", p->file);
    if (r->detect.forgotten > 0)
        fprintf(p->file,
                "<p>Approximate: %" PRIu64
                " principals had to be forgotten for want of memory.</p>\n",
                r->detect.forgotten);
}

static void
put_untestable(struct page *p)
{
    if (p->report->detect.untestable_count == 0)
        return;
    put_title(p, "Not testable", "판정 불가");
    fputs("<table>", p->file);
    for (size_t i = 0; i < p->report->detect.untestable_count; i++) {
        const struct untestable *u = &p->report->detect.untestable[i];

        fputs("<tr><td>", p->file);
        put(p, detector_name((enum detector)u->detector));
        fputs("</td><td>", p->file);
        put(p, u->reason);
        fputs("</td></tr>", p->file);
    }
    fputs("</table>\n", p->file);
}

static void
put_files(struct page *p)
{
    put_title(p, "Logs", "로그");
    fputs("<table><tr><th>file</th><th>format</th><th>lines</th><th>not read</th><th></th></tr>",
          p->file);
    for (size_t i = 0; i < p->report->file_count; i++) {
        const struct scan_file *file = &p->report->files[i];

        fputs("<tr><td><code>", p->file);
        put(p, file->path);
        fputs("</code></td><td>", p->file);
        put(p, file->head.dialect.name != NULL ? file->head.dialect.name : "no known format");
        fputs("</td><td>", p->file);
        put_count(p, file->lines);
        fputs("</td><td>", p->file);
        put_count(p, file->unparsed);
        fputs("</td><td>", p->file);
        put(p, file->error != 0 ? scan_error_text(file->error) : "");
        fputs("</td></tr>", p->file);
        for (size_t s = 0; s < file->unread.count; s++) {
            fprintf(p->file, "<tr><td colspan=\"5\"><small>at byte %" PRIu64 ": <code>",
                    file->unread.lines[s].offset);
            put(p, file->unread.lines[s].shape);
            fputs("</code></small></td></tr>", p->file);
        }
    }
    fputs("</table>\n", p->file);
}

static void
put_page(struct page *p)
{
    fputs(head, p->file);
    fputs(scan_map_style, p->file);
    fputs(behind_style, p->file);
    put_summary(p);
    put_title(p, "Findings", "발견");
    if (p->report->finding_count == 0)
        fputs("<p>no findings</p>\n", p->file);
    for (size_t i = 0; i < p->report->finding_count; i++)
        put_finding(p, i);
    if (p->report->chart != NULL) {
        put_heat(p);
        put_countries(p);
    }
    put_untestable(p);
    put_files(p);
    fputs("</body></html>\n", p->file);
}

static int
complain_of(const char *path, int error)
{
    complain("give --html a name that no file has yet, in a folder that may be written to",
             "cannot write %s: %s", path, strerror(error));
    return 2;
}

int
scan_try_html(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return complain_of(path, errno);
    close(fd);
    unlink(path);
    return 0;
}

int
scan_save_html(const char *path, const struct scan_report *report, const struct route_map *map)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), error = errno;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool is_well = file != NULL;

    if (file != NULL) {
        struct page page = {file, report, map};

        put_page(&page);
        is_well = fflush(file) == 0 && !ferror(file);
        error = errno;
        is_well = fclose(file) == 0 && is_well;
    }
    if (is_well)
        return 0;
    if (fd >= 0)
        (void)unlinkat(AT_FDCWD, path, 0);
    return complain_of(path, error);
}
