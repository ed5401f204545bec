/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/scope_view.h"
#include "cli/text.h"
#include "exposure/exposure.h"

#include <inttypes.h>

enum { NAME_TEXT = NAME_SIZE * 4 + 1, TIME_SIZE = 32, NUMBER_SIZE = 32, PLACE_TEXT = 640 };

/* ---- JSON ---- */

static void
put_sessions(struct json_out *out, const char *key, uint64_t at_least, uint64_t at_most)
{
    json_put_open(out, key, '{');
    json_put_count(out, "at_least", at_least);
    if (at_most == UINT64_MAX)
        json_put_text(out, "at_most", NULL);
    else
        json_put_count(out, "at_most", at_most);
    json_out_close(out, '}');
}

static void
put_place(struct json_out *out, const struct gaps *gaps, size_t place)
{
    const struct reconciled_place *one = &gaps->reconciled.places[place];

    json_put_text(out, "gateway", one->gateway);
    json_put_text(out, "database", one->database[0] != '\0' ? one->database : NULL);
}

void
scope_put_past(struct json_out *out, const struct gaps *gaps, const struct gap *gap)
{
    put_place(out, gaps, gap->place);
    put_sessions(out, "sessions", gap->at_least, gap->at_most);
}

void
scope_put_bypass(struct json_out *out, const struct message_bypass *b)
{
    json_out_open(out, '{');
    json_put_text(out, "gateway", b->gateway);
    json_put_text(out, "principal", b->principal);
    json_put_text(out, "database", b->database[0] != '\0' ? b->database : NULL);
    json_put_text(out, "application", b->application);
    json_put_text(out, "address", b->address[0] != '\0' ? b->address : NULL);
    json_put_count(out, "port", b->port);
    json_put_count(out, "pid", b->pid);
    json_out_key(out, "replication");
    json_out_bool(out, b->replication);
    json_put_time(out, "began", b->began);
    json_put_time(out, "seen", b->seen);
    json_out_key(out, "over");
    json_out_bool(out, b->is_over);
    json_out_key(out, "certain");
    json_out_bool(out, b->is_certain);
    json_put_text(out, "verdict", exposure_verdict_text((enum verdict)b->verdict));
    json_out_close(out, '}');
}

void
scope_put_reconciled(struct json_out *out, const struct gaps *gaps, const struct filter *filter)
{
    const struct reconciled *r = &gaps->reconciled;

    json_put_open(out, "reconciled", '[');
    for (size_t s = 0; s < r->stretch_count; s++) {
        const struct reconciled_stretch *stretch = &r->stretches[s];

        if (!reconciled_concerns(stretch, filter->from, filter->to))
            continue;
        json_out_open(out, '{');
        put_place(out, gaps, stretch->place);
        json_put_time(out, "from", stretch->from);
        json_put_time(out, "to", stretch->to);
        json_put_text(out, "unknown", reconciled_why_text(stretch->why));
        put_sessions(out, "past", stretch->at_least, stretch->at_most);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_put_count(out, "reconciled_left_out", r->left_out);
}

void
scope_put_bypasses(struct json_out *out, const struct gaps *gaps, const struct filter *filter)
{
    const struct reconciled *r = &gaps->reconciled;

    json_put_open(out, "bypasses", '[');
    for (size_t b = 0; b < r->backend_count; b++)
        if (reconciled_bypass_concerns(&r->backends[b], filter->from, filter->to))
            scope_put_bypass(out, &r->backends[b]);
    json_out_close(out, ']');
}

void
scope_put_lookups(struct json_out *out, const struct gaps *gaps, const struct filter *filter)
{
    static const char *const sorts[BACKEND_SORTS] = {
        [BACKEND_OF_GATE] = "gate", [BACKEND_OF_COMMAND] = "command", [BACKEND_OF_TEST] = "test"};
    const struct reconciled *r = &gaps->reconciled;
    uint64_t left_out =
        r->lookup_count > RECONCILED_LOOKUPS_MAX ? r->lookup_count - RECONCILED_LOOKUPS_MAX : 0;

    json_put_open(out, "own_sessions", '[');
    for (uint64_t i = left_out; i < r->lookup_count; i++) {
        const struct message_backend *one = &r->lookups[i % RECONCILED_LOOKUPS_MAX];

        if (!filter_has_time(filter, one->at))
            continue;
        json_out_open(out, '{');
        json_put_text(out, "gateway", one->gateway);
        json_put_text(out, "database", one->database);
        json_put_count(out, "pid", one->pid);
        json_put_count(out, "port", one->port);
        json_put_time(out, "at", one->at);
        json_put_text(out, "of", one->sort < BACKEND_SORTS ? sorts[one->sort] : "");
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    json_put_count(out, "own_sessions_left_out", left_out);
}

/* ---- for people ---- */

void
scope_place_text(char *text, size_t size, const struct gaps *gaps, size_t place)
{
    const struct reconciled_place *one = &gaps->reconciled.places[place];
    char gateway[NAME_TEXT], database[NAME_TEXT];

    text_escape(gateway, sizeof(gateway), view_of_text(one->gateway));
    text_escape(database, sizeof(database), view_of_text(one->database));
    if (one->database[0] != '\0')
        snprintf(text, size, "database %s behind gateway %s", database, gateway);
    else
        snprintf(text, size, "all databases behind gateway %s", gateway);
}

static const char *
why_words(enum census_what why)
{
    static const char *const texts[CENSUS_WHATS] = {
        [CENSUS_RESET] = "the server's statistics were reset, or lost in a crash",
        [CENSUS_UNENDED] = "the gate had ended without a last count",
        [CENSUS_OTHER] = "another server or database was there",
        [CENSUS_ALONE] = "the gateway has no inspector",
        [CENSUS_OLD] = "PostgreSQL before 14 does not count sessions",
        [CENSUS_POOLED] = "something between pasu and the server shares its sessions",
        [CENSUS_UNASKED] = "the server could not be asked",
    };

    return texts[why];
}

static size_t
print_stretch(FILE *file, const struct gaps *gaps, const struct reconciled_stretch *stretch)
{
    char place[PLACE_TEXT], from[TIME_SIZE], to[TIME_SIZE] = "now", n[NUMBER_SIZE];
    uint64_t open = stretch->at_most - stretch->at_least;

    scope_place_text(place, sizeof(place), gaps, stretch->place);
    log_time_text(from, sizeof(from), stretch->from);
    if (stretch->to > 0)
        log_time_text(to, sizeof(to), stretch->to);
    text_count(n, sizeof(n), open);
    if (stretch->why != CENSUS_COUNTED) {
        fprintf(file,
                "  whether sessions in %s did not come through pasu from %s to %s is not known",
                place, from, to);
        if (stretch->at_most != UINT64_MAX)
            fprintf(file, ", but that at most %s did not", n);
        fprintf(file, ": %s\n", why_words(stretch->why));
        return 1;
    }
    fprintf(file, "  the server's count of sessions in %s, from %s to %s, ", place, from, to);
    if (open > 0)
        fprintf(file, "leaves %s open\n", n);
    else
        fputs(stretch->at_least > 0 ? "leaves no others\n" : "is that of the record\n", file);
    return open > 0;
}

void
scope_view_bypass(FILE *file, const struct message_bypass *b)
{
    char principal[NAME_TEXT], database[NAME_TEXT], application[NAME_TEXT], address[NAME_TEXT];
    char began[TIME_SIZE], seen[TIME_SIZE], port[NUMBER_SIZE] = "";

    text_escape(principal, sizeof(principal), view_of_text(b->principal));
    text_escape(database, sizeof(database), view_of_text(b->database));
    text_escape(application, sizeof(application), view_of_text(b->application));
    text_escape(address, sizeof(address), view_of_text(b->address));
    log_time_text(began, sizeof(began), b->began);
    log_time_text(seen, sizeof(seen), b->seen);
    if (b->port > 0)
        snprintf(port, sizeof(port), ", port %" PRIu32, b->port);
    fprintf(file, "  %s was connected to %s past pasu from %s%s, application \"%s\"", principal,
            database[0] != '\0' ? database : "the server for replication",
            address[0] != '\0' ? address : "the server's machine", port, application);
    fprintf(file, ", since %s, %s %s%s\n", began, b->is_over ? "until" : "seen", seen,
            b->is_certain ? "" : " (it can have been a session of pasu's own)");
}

size_t
scope_view_reconciled(FILE *file, const struct gaps *gaps, const struct filter *filter,
                      bool has_all)
{
    const struct reconciled *r = &gaps->reconciled;
    size_t said = 0, stretches = 0;

    for (size_t b = 0; b < r->backend_count; b++)
        if (reconciled_bypass_concerns(&r->backends[b], filter->from, filter->to)) {
            scope_view_bypass(file, &r->backends[b]);
            said++;
        }
    for (size_t s = 0; s < r->stretch_count; s++) {
        if (!reconciled_concerns(&r->stretches[s], filter->from, filter->to))
            continue;
        stretches++;
        if (has_all || r->stretches[s].at_least != r->stretches[s].at_most)
            said += print_stretch(file, gaps, &r->stretches[s]);
    }
    if (has_all && stretches == 0 && r->left_out == 0) {
        fputs("  no server's count of sessions says whether all came through pasu\n", file);
        said++;
    }
    if (r->left_out > 0)
        fputs("  there is more of that than is listed\n", file);
    return said + (r->left_out > 0);
}
