/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scan_view.h"

#include "base/log.h"
#include "cli/colour.h"
#include "cli/json_out.h"
#include "cli/terminal.h"
#include "cli/text.h"

#include <inttypes.h>

enum { NUMBER = 32, TIME = 40, ESCAPED = 2048, WIDTH = 100, INDENT = 4, SHAPE_SHOWN = 80 };

bool
scan_is_loud(const struct scan_report *report)
{
    return report->unparsed * 100 > report->lines;
}

const char *
scan_unmatched_text(const struct scan_report *report)
{
    return report->unmatched == 1 ? "statement touches persons and fits none of the map's: what it "
                                    "shows is in no number"
                                  : "statements touch persons and fit none of the map's: what they "
                                    "show is in no number";
}

const char *
scan_error_text(int error)
{
    if (error == PASU_E_CORRUPT)
        return "is damaged, or ends in the middle: what comes behind that was not read";
    if (error == PASU_E_NOTFOUND)
        return "is not there any more";
    return error_text(error);
}

/* A finding's principal, by its name, or by its hash where no line tells it. */
static void
principal_text(char *text, size_t size, const struct exact_finding *finding, size_t i)
{
    const struct finding_principal *p = &finding->finding->principal[i];

    if (finding->names[i][0] != '\0')
        snprintf(text, size, "%s", finding->names[i]);
    else
        snprintf(text, size, "#%016" PRIx64, p->who);
}

/* ---- JSON ---- */

static void
put_names(struct json_out *out, const char *key, const char *const *names, size_t count,
          uint64_t set)
{
    json_put_open(out, key, '[');
    for (size_t i = 0; i < count; i++)
        if ((set >> i & 1) != 0)
            json_out_text(out, names[i]);
    json_out_close(out, ']');
}

/* JSON has neither infinity nor NaN: null. */
static void
put_number(struct json_out *out, const char *key, double n)
{
    json_out_key(out, key);
    json_out_number(out, n);
}

static void
put_principals(struct json_out *out, const struct exact_finding *finding)
{
    char text[OBSERVE_NAME];

    json_put_open(out, "principals", '[');
    for (size_t i = 0; i < finding->finding->principals; i++) {
        principal_text(text, sizeof(text), finding, i);
        json_out_text(out, text);
    }
    json_out_close(out, ']');
    json_put_open(out, "axes", '[');
    for (size_t i = 0; i < finding->finding->principals; i++)
        json_out_text(out, axis_name((enum axis)finding->finding->principal[i].axis));
    json_out_close(out, ']');
    json_put_count(out, "together", finding->finding->together);
}

static void
put_evidence(struct json_out *out, const struct scan_report *report, const struct finding *finding)
{
    json_put_open(out, "evidence", '[');
    for (size_t i = 0; i < finding->places; i++) {
        uint32_t rotations;

        json_out_open(out, '{');
        json_put_text(out, "file", scan_place(report, &finding->place[i], &rotations)->path);
        json_put_count(out, "offset", finding->place[i].offset);
        if (rotations > 0)
            json_put_count(out, "rotated", rotations);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_finding(struct json_out *out, const struct scan_report *report, const struct route_map *map,
            const struct exact_finding *found)
{
    const struct finding *finding = found->finding;
    char why[DETECT_TEXT];

    json_out_open(out, '{');
    json_put_text(out, "detector", detector_name((enum detector)finding->detector));
    put_principals(out, found);
    json_put_open(out, "subjects", '{');
    json_put_count(out, "at_least", found->at_least);
    json_put_count(out, "at_most", found->at_most);
    json_out_close(out, '}');
    put_names(out, "fields", map->fields, map->field_count, found->fields);
    json_put_time(out, "first", finding->first);
    json_put_time(out, "last", finding->last);
    json_put_count(out, "reads", finding->reads);
    json_put_count(out, "misses", finding->misses);
    put_number(out, "statistic", finding->statistic);
    put_number(out, "log10_e", finding->log10_e);
    (void)finding_why(finding, why);
    json_put_text(out, "why", why);
    put_evidence(out, report, finding);
    json_out_close(out, '}');
}

static void
put_file(struct json_out *out, const struct scan_file *file)
{
    json_out_open(out, '{');
    json_put_text(out, "file", file->path);
    json_put_text(out, "format", file->head.dialect.name);
    json_put_text(out, "compression", codec_name(file->head.codec));
    json_put_count(out, "lines", file->lines);
    json_put_count(out, "unparsed", file->unparsed);
    json_put_open(out, "samples", '[');
    for (size_t i = 0; i < file->unread.count; i++) {
        json_out_open(out, '{');
        json_put_count(out, "offset", file->unread.lines[i].offset);
        json_put_count(out, "length", file->unread.lines[i].length);
        json_put_text(out, "shape", file->unread.lines[i].shape);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_put_text(out, "error", file->error != 0 ? scan_error_text(file->error) : NULL);
    json_out_close(out, '}');
}

void
scan_print_found_json(const struct scan_report *report, const struct route_map *map,
                      const struct exact_finding *found)
{
    struct json_out json = {.file = stdout};

    put_finding(&json, report, map, found);
    json_out_end(&json);
}

void
scan_print_json(const struct scan_report *report, const struct route_map *map)
{
    char approximate[DETECT_TEXT];
    struct json_out json = {.file = stdout}, *out = &json;

    json_out_open(out, '{');
    json_put_open(out, "findings", '[');
    for (size_t i = 0; i < report->finding_count; i++)
        put_finding(out, report, map, &report->findings[i]);
    json_out_close(out, ']');
    json_put_count(out, "lines", report->lines);
    json_put_count(out, "unparsed", report->unparsed);
    json_put_open(out, "untestable", '[');
    for (size_t i = 0; i < report->detect.untestable_count; i++) {
        json_out_open(out, '{');
        json_put_text(out, "detector",
                      detector_name((enum detector)report->detect.untestable[i].detector));
        json_put_text(out, "reason", report->detect.untestable[i].reason);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_put_count(out, "unmatched", report->unmatched);
    json_put_count(out, "bytes", report->bytes);
    json_put_time(out, "first", report->first);
    json_put_time(out, "last", report->last);
    json_put_open(out, "observations", '{');
    json_put_count(out, "shown", report->shown);
    json_put_count(out, "misses", report->misses);
    json_put_count(out, "logins", report->logins);
    json_put_count(out, "other", report->other);
    json_put_count(out, "late", report->detect.late);
    json_out_close(out, '}');
    json_put_count(out, "principals", report->detect.principals);
    json_put_count(out, "forgotten", report->detect.forgotten);
    (void)detect_approximate(&report->detect, approximate);
    json_put_text(out, "approximate", approximate);
    json_put_open(out, "files", '[');
    for (size_t i = 0; i < report->file_count; i++)
        put_file(out, &report->files[i]);
    json_out_close(out, ']');
    json_out_close(out, '}');
    json_out_end(out);
}

/* ---- for people ---- */

struct page {
    FILE *file;
    const struct scan_report *report;
    const struct route_map *map;
    bool is_coloured;
};

static void
print_escaped(FILE *file, const char *text)
{
    char escaped[ESCAPED];

    text_escape(escaped, sizeof(escaped), view_of_text(text));
    fputs(escaped, file);
}

static void
print_time(FILE *file, int64_t time)
{
    char text[TIME];

    log_time_text(text, sizeof(text), time);
    fprintf(file, "%.19sZ", text);
}

static void
print_principals(struct page *page, const struct exact_finding *found)
{
    const struct finding *finding = found->finding;
    char text[OBSERVE_NAME];

    for (size_t i = 0; i < finding->principals; i++) {
        principal_text(text, sizeof(text), found, i);
        fprintf(page->file, "%s%s ", i > 0 ? ", " : "",
                axis_name((enum axis)finding->principal[i].axis));
        print_escaped(page->file, text);
    }
    if (finding->together > finding->principals)
        fprintf(page->file, " and %u more", finding->together - finding->principals);
}

static void
print_finding(struct page *page, const struct exact_finding *found)
{
    const struct finding *finding = found->finding;
    char why[DETECT_TEXT], least[NUMBER], most[NUMBER];
    FILE *file = page->file;
    const char *comma = "";

    fputs("\n", file);
    colour_print(file, page->is_coloured, COLOUR_BAD,
                 detector_name((enum detector)finding->detector));
    fputs("  ", file);
    print_principals(page, found);
    fputs("\n", file);
    text_count(least, sizeof(least), found->at_least);
    text_count(most, sizeof(most), found->at_most);
    if (found->at_least == found->at_most)
        fprintf(file, "    persons: %s", least);
    else
        fprintf(file, "    persons: %s to %s", least, most);
    fputs("   fields: ", file);
    for (size_t i = 0; i < page->map->field_count; i++)
        if ((found->fields >> i & 1) != 0) {
            fprintf(file, "%s%s", comma, page->map->fields[i]);
            comma = ", ";
        }
    if (comma[0] == '\0')
        fputs("none", file);
    fputs("   ", file);
    print_time(file, finding->first);
    fputs(" to ", file);
    print_time(file, finding->last);
    fputs("\n", file);
    (void)finding_why(finding, why);
    text_wrap(file, why, INDENT, WIDTH);
    for (size_t i = 0; i < finding->places; i++) {
        uint32_t rotations;

        fputs("    see ", file);
        print_escaped(file, scan_place(page->report, &finding->place[i], &rotations)->path);
        if (rotations > 0)
            fprintf(file, ", %u rotation%s ago,", rotations, rotations == 1 ? "" : "s");
        fprintf(file, " at byte %" PRIu64 "\n", finding->place[i].offset);
    }
}

static void
print_unread(struct page *page, const struct scan_file *file)
{
    char shape[UNREAD_SHAPE * 4];

    if (file->unparsed == 0)
        return;
    fputs("  ", page->file);
    print_escaped(page->file, file->path);
    fprintf(page->file, " (%s): %" PRIu64 " of %" PRIu64 " lines\n",
            file->head.dialect.name != NULL ? file->head.dialect.name : "no known format",
            file->unparsed, file->lines);
    for (size_t i = 0; i < file->unread.count; i++) {
        text_escape(shape, sizeof(shape), view_of_text(file->unread.lines[i].shape));
        text_cut(shape, SHAPE_SHOWN);
        fprintf(page->file, "    at byte %" PRIu64 "%s%s\n", file->unread.lines[i].offset,
                shape[0] != '\0' ? ": " : ", its shape is not known", shape);
    }
}

static void
print_head(struct page *page, int64_t elapsed)
{
    const struct scan_report *r = page->report;
    char lines[NUMBER], bytes[NUMBER], shown[NUMBER], misses[NUMBER], logins[NUMBER];
    char approximate[DETECT_TEXT];

    text_count(lines, sizeof(lines), r->lines);
    text_bytes(bytes, sizeof(bytes), r->bytes);
    text_count(shown, sizeof(shown), r->shown);
    text_count(misses, sizeof(misses), r->misses);
    text_count(logins, sizeof(logins), r->logins);
    fprintf(page->file, "%s line%s (%s) in %zu file%s, read in %.1f s", lines,
            r->lines == 1 ? "" : "s", bytes, r->file_count, r->file_count == 1 ? "" : "s",
            (double)elapsed / 1e9);
    if (r->first != 0) {
        fputs(", from ", page->file);
        print_time(page->file, r->first);
        fputs(" to ", page->file);
        print_time(page->file, r->last);
    }
    fprintf(page->file, "\n%s exposure%s, %s miss%s, %s login%s\n", shown, r->shown == 1 ? "" : "s",
            misses, r->misses == 1 ? "" : "es", logins, r->logins == 1 ? "" : "s");
    if (r->unmatched > 0)
        fprintf(page->file, "%" PRIu64 " %s\n", r->unmatched, scan_unmatched_text(r));
    if (detect_approximate(&r->detect, approximate) > 0)
        fprintf(page->file, "approximate for want of memory (--mem): %s\n", approximate);
    if (r->detect.late > 0)
        fprintf(page->file, "%" PRIu64 " line%s of a day that later lines had ended\n",
                r->detect.late, r->detect.late == 1 ? " is" : "s are");
}

void
scan_print_found(FILE *file, const struct scan_report *report, const struct route_map *map,
                 const struct exact_finding *found)
{
    struct page page = {file, report, map, colour_is_wanted(file)};

    print_finding(&page, found);
}

void
scan_print_text(FILE *file, const struct scan_report *report, const struct route_map *map,
                int64_t elapsed)
{
    struct page page = {file, report, map, colour_is_wanted(file)};

    print_head(&page, elapsed);
    if (report->finding_count == 0)
        fputs("\nno findings\n", file);
    for (size_t i = 0; i < report->finding_count; i++)
        print_finding(&page, &report->findings[i]);
    if (report->detect.untestable_count > 0)
        fputs("\nnot testable:\n", file);
    for (size_t i = 0; i < report->detect.untestable_count; i++) {
        const struct untestable *u = &report->detect.untestable[i];

        fprintf(file, "  %s: %s\n", detector_name((enum detector)u->detector), u->reason);
    }
    if (report->unparsed > 0)
        fputs("\nnot read:\n", file);
    for (size_t i = 0; i < report->file_count; i++)
        print_unread(&page, &report->files[i]);
}
