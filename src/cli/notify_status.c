/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/notify_status.h"

#include "base/memory.h"
#include "breach/interner.h"
#include "cli/complain.h"
#include "cli/hashed_out.h"
#include "cli/incident_ledger.h"
#include "cli/json_out.h"
#include "policy/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

/* What is said of one; "delivered" is the one that counts. */
enum outcome { OUTCOME_NONE, OUTCOME_DELIVERED, OUTCOME_FAILED };

struct delivery {
    const struct arguments *arguments;
    struct ask ask;
    struct incidents incidents;
    const struct incident_event *noticed;
    uint64_t incident;
    struct interner ids;    /* of the notices, from 1 */
    uint8_t *outcomes;      /* by that number */
    size_t count, space;    /* of notices */
    uint64_t unknown;       /* lines of the status that are of no notice */
    char *notices, *status; /* the files */
    size_t notices_length, status_length;
};

/* ---- files ---- */

static int
read_all(const char *path, char **text, size_t *length)
{
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re"), *out = NULL;
    char piece[65536];
    size_t n;
    bool is_well = in != NULL;

    if (is_well)
        out = open_memstream(text, length);
    while (out && (n = fread(piece, 1, sizeof(piece), in)) > 0)
        fwrite(piece, 1, n, out);
    is_well = is_well && out && !ferror(in);
    if (out)
        fputc('\0', out); /* csv_begin wants a byte behind the text */
    is_well = out && fclose(out) == 0 && is_well;
    if (is_well)
        --*length;
    else
        complain("give a file that can be read", "cannot read %s: %s", path, strerror(errno));
    if (in && in != stdin)
        fclose(in);
    return is_well ? 0 : 2;
}

/* Hears of each line: its id, and its status (NULL: it has no such column). */
typedef int line_fn(struct delivery *d, const char *id, const char *status);

static int
each_json(struct delivery *d, const char *text, size_t length, line_fn *fn)
{
    int status = 0;

    for (const char *at = text, *end = text + length; at < end && status == 0;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((line_end ? line_end : end) - at);
        json_t *line = json_loadb(at, size, JSON_REJECT_DUPLICATES, NULL);
        const char *id = json_string_value(json_object_get(line, "id"));

        if (size > 0 && !id) {
            complain("each line is {\"id\": …, \"status\": …}", "a line has no id");
            status = 2;
        } else if (size > 0) {
            status = fn(d, id, json_string_value(json_object_get(line, "status")));
        }
        json_decref(line);
        at += size + 1;
    }
    return status;
}

/* Of one line of CSV, the fields of these two columns. */
static int
csv_line(struct csv *csv, const size_t columns[2], const char *values[2])
{
    bool is_last = false;
    int result = 0;

    values[0] = values[1] = NULL;
    for (size_t c = 0; !is_last && result == 0; c++) {
        const char *field;

        result = csv_field(csv, &field, &is_last);
        if (result == 0 && c == columns[0])
            values[0] = field;
        if (result == 0 && c == columns[1])
            values[1] = field;
    }
    return result;
}

static int
csv_head(struct csv *csv, size_t columns[2])
{
    bool is_last = !csv_next(csv);
    int result = 0;

    columns[0] = columns[1] = SIZE_MAX;
    for (size_t c = 0; !is_last && result == 0; c++) {
        const char *field;

        result = csv_field(csv, &field, &is_last);
        if (result == 0 && strcmp(field, "id") == 0)
            columns[0] = c;
        if (result == 0 && strcmp(field, "status") == 0)
            columns[1] = c;
    }
    return result == 0 && columns[0] == SIZE_MAX ? PASU_E_MALFORMED : result;
}

static int
each_csv(struct delivery *d, char *text, size_t length, line_fn *fn)
{
    const char *values[2];
    size_t columns[2];
    struct csv csv;
    int status = 0, result;

    csv_begin(&csv, text, length);
    result = csv_head(&csv, columns);
    while (result == 0 && status == 0 && csv_next(&csv)) {
        result = csv_line(&csv, columns, values);
        if (result == 0 && values[0])
            status = fn(d, values[0], values[1]);
    }
    if (result == 0)
        return status;
    complain("the first line names the columns, of which one is id",
             "line %u is no CSV as it should be", (unsigned)csv.line);
    return 2;
}

static int
each(struct delivery *d, char *text, size_t length, line_fn *fn)
{
    return length > 0 && text[0] == '{' ? each_json(d, text, length, fn)
                                        : each_csv(d, text, length, fn);
}

/* ---- the notices ---- */

/* The record whose hash they have. */
static int
find_noticed(struct delivery *d)
{
    char digest[HASHED_TEXT_SIZE];
    int result = hashed_text(d->notices, d->notices_length, digest);

    if (result != 0)
        return complain_error(result, "notify");
    for (size_t i = 0; i < d->incidents.count; i++) {
        const struct payload_incident *body = &d->incidents.events[i].body;
        json_t *more = body->what == INCIDENT_NOTICED
                           ? json_loadb((const char *)body->more.bytes, body->more.length, 0, NULL)
                           : NULL;
        const char *theirs = json_string_value(json_object_get(more, "sha256"));

        if (theirs && strcmp(theirs, digest) == 0)
            d->noticed = &d->incidents.events[i];
        json_decref(more);
    }
    if (d->noticed)
        return 0;
    complain("give the file as pasu notify wrote it, of this incident",
             "these are no notices that the ledger knows");
    return 1;
}

static int
add_notice(struct delivery *d, const char *id, const char *status PASU_UNUSED)
{
    uint32_t number = interner_number(&d->ids, view_of_text(id));

    if (number == 0)
        return complain_error(PASU_E_NOMEM, "notify");
    if (number >= d->space) {
        size_t space = d->space > 0 ? 2 * d->space : 1024;
        uint8_t *more = memory_resize(d->outcomes, space, 1);

        if (!more)
            return complain_error(PASU_E_NOMEM, "notify");
        d->outcomes = more;
        d->space = space;
    }
    if (number > d->count) { /* an id that is there twice is one notice */
        d->outcomes[number] = OUTCOME_NONE;
        d->count = number;
    }
    return 0;
}

static int
take_status(struct delivery *d, const char *id, const char *status)
{
    uint32_t number = interner_find(&d->ids, view_of_text(id));

    if (!status) {
        complain("it has the columns id and status", "the status of a notice is missing");
        return 2;
    }
    if (number == 0)
        d->unknown++;
    else if (strcmp(status, "delivered") == 0)
        d->outcomes[number] = OUTCOME_DELIVERED;
    else if (d->outcomes[number] != OUTCOME_DELIVERED)
        d->outcomes[number] = OUTCOME_FAILED;
    return 0;
}

/* ---- the answer ---- */

static uint64_t
count_of(const struct delivery *d, enum outcome outcome)
{
    uint64_t count = 0;

    for (size_t i = 1; i <= d->count; i++)
        count += d->outcomes[i] == outcome;
    return count;
}

static int
record(struct delivery *d)
{
    struct payload_incident body = {.number = d->incident,
                                    .what = INCIDENT_DELIVERED,
                                    .about = d->noticed->index,
                                    .at_least = count_of(d, OUTCOME_DELIVERED),
                                    .at_most = d->count};
    char digest[HASHED_TEXT_SIZE], more[256];
    int result = hashed_text(d->status, d->status_length, digest);

    if (result != 0)
        return complain_error(result, "notify");
    snprintf(more, sizeof(more),
             "{\"sha256\":\"%s\",\"delivered\":%" PRIu64 ",\"failed\":%" PRIu64
             ",\"unknown\":%" PRIu64 "}",
             digest, body.at_least, count_of(d, OUTCOME_FAILED), d->unknown);
    incident_say(&body, d->arguments);
    body.more = view_of_text(more);
    return incident_add(&d->ask, &body);
}

static int
print_missed(struct delivery *d, const char *id, const char *status PASU_UNUSED)
{
    uint32_t number = interner_find(&d->ids, view_of_text(id));
    bool has_failed = d->outcomes[number] == OUTCOME_FAILED;
    struct json_out out = {.file = stdout};

    if (d->outcomes[number] == OUTCOME_DELIVERED)
        return 0;
    if (!arguments_given(d->arguments, OPTION_json)) {
        printf("%s %s\n", id, has_failed ? "failed" : "unknown");
        return 0;
    }
    json_out_open(&out, '{');
    json_put_text(&out, "id", id);
    json_put_text(&out, "status", has_failed ? "failed" : "unknown");
    json_out_close(&out, '}');
    json_out_end(&out);
    return 0;
}

static int
run(struct delivery *d)
{
    char *copy;
    int status = read_all(d->arguments->operands[1], &d->notices, &d->notices_length);

    if (status == 0)
        status = read_all(d->arguments->values[OPTION_status], &d->status, &d->status_length);
    if (status == 0)
        status = incident_find(&d->ask, &d->incidents, d->incident);
    if (status == 0)
        status = find_noticed(d);
    if (status != 0)
        return status;
    copy = memory_new(d->notices_length + 1, 1); /* CSV is taken apart in place */
    if (!copy)
        return complain_error(PASU_E_NOMEM, "notify");
    memcpy(copy, d->notices, d->notices_length);
    status = each(d, copy, d->notices_length, add_notice);
    memory_free(copy);
    copy = status == 0 ? memory_new(d->status_length + 1, 1) : NULL;
    if (copy)
        memcpy(copy, d->status, d->status_length);
    if (status == 0)
        status = copy ? each(d, copy, d->status_length, take_status)
                      : complain_error(PASU_E_NOMEM, "notify");
    memory_free(copy);
    if (status == 0)
        status = record(d);
    if (status == 0)
        status = each(d, d->notices, d->notices_length, print_missed);
    if (status == 0 && d->unknown > 0)
        complain("", "%" PRIu64 " line%s of no notice in that file", d->unknown,
                 d->unknown == 1 ? " is" : "s are");
    return status == 0 && count_of(d, OUTCOME_DELIVERED) < d->count ? 1 : status;
}

int
notify_status(const struct arguments *arguments)
{
    struct delivery d = {.arguments = arguments};
    int status;

    if (arguments->operand_count != 2 || !arguments_given(arguments, OPTION_status)) {
        complain("pasu help notify", "--status FILE goes with an incident and the notices' file");
        return 2;
    }
    status = incident_check(arguments);
    if (status == 0)
        status = incident_number(&d.incident, arguments->operands[0], "an incident");
    if (status != 0)
        return status;
    status = ask_init(&d.ask, arguments);
    if (status == 0) {
        asked_record(&d.ask, arguments, NULL);
        status = run(&d);
    }
    interner_release(&d.ids);
    memory_free(d.outcomes);
    free(d.notices);
    free(d.status);
    incidents_release(&d.incidents);
    ask_release(&d.ask);
    return status;
}
