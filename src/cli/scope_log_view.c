/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/scope_log.h"
#include "cli/text.h"

#include <inttypes.h>

enum {
    NAME_TEXT = 4 * SERVER_LOG_TEXT + 1,
    TIME_SIZE = 32,
    NUMBER_SIZE = 32,
    LISTED_MAX = 1000, /* of the document */
    PRINTED_MAX = 50,  /* of the page */
    UNREADABLE_PERCENT = 1,
};

/* ---- what is to be said of both ---- */

static bool
is_listed(const struct scope_log *log, const struct server_session *session)
{
    return session->answer != SERVER_THROUGH && server_match_concerns(&log->match, session);
}

static bool
is_unreadable(const struct scope_log_file *file)
{
    return file->unreadable * 100 > (file->lines + file->unreadable) * UNREADABLE_PERCENT;
}

struct warning {
    const char *name; /* stays the same in later versions */
    const char *words;
};

enum { WARNINGS_MAX = 8 }; /* as many as there are below */

static size_t
find_warnings(const struct scope_log *log, struct warning warnings[WARNINGS_MAX])
{
    const struct server_sessions *s = &log->sessions;
    const struct server_match *m = &log->match;
    bool is_bad = false, is_zoneless = false;
    size_t count = 0;

    for (size_t i = 0; i < log->file_count; i++) {
        is_bad |= is_unreadable(&log->files[i]);
        is_zoneless |= log->files[i].zoneless > 0;
    }
    if (server_match_is_strange(m))
        warnings[count++] =
            (struct warning){"nothing_in_common",
                             "none of the sessions that the log names came through pasu: it can be "
                             "the log of another server, or of a time when pasu did not run"};
    if (m->other_ports > m->common)
        warnings[count++] = (struct warning){
            "ports_differ",
            "sessions of pasu's are in the log with another port: something between "
            "pasu and the server changes it, so which ones are pasu's is not known"};
    if (m->numbers == 0)
        warnings[count++] =
            (struct warning){"no_process_numbers",
                             "the ledger does not know the server's process numbers: it is from "
                             "before pasu recorded them, or pasu had no session"};
    if (m->unnamed > 0)
        warnings[count++] = (struct warning){
            "log_not_complete",
            "the log does not name all of pasu's own sessions: logging was off, a "
            "file is missing, or it is another server's; so it can lack others too"};
    if (s->count > 0 && s->authorized == 0)
        warnings[count++] = (struct warning){
            "connections_not_logged",
            "the log has no line of a connection: log_connections is off, or lc_messages is not "
            "English; sessions that caused no other line are not in it"};
    if (is_bad)
        warnings[count++] =
            (struct warning){"unreadable_lines",
                             "more than one in a hundred lines of a file could not be understood: "
                             "is --log-line-prefix that of the server?"};
    if (is_zoneless)
        warnings[count++] =
            (struct warning){"unknown_time_zone", "the log's times are in a zone whose name does "
                                                  "not say which: use csvlog or jsonlog, or "
                                                  "set TZ to the server's log_timezone"};
    if (s->first == 0)
        warnings[count++] = (struct warning){"empty_log", "the log has no line that can be read"};
    return count;
}

/* ---- JSON ---- */

static void
put_name(struct json_out *out, const char *key, const struct scope_log *log, uint32_t number)
{
    char name[SERVER_LOG_TEXT + 1];

    text_from_view(name, sizeof(name), interner_string(&log->sessions.names, number));
    json_put_text(out, key, number != 0 ? name : NULL);
}

static void
put_is(struct json_out *out, const char *key, bool is)
{
    json_out_key(out, key);
    json_out_bool(out, is);
}

static void
put_session(struct json_out *out, const struct scope_log *log, const struct server_session *s)
{
    bool is_strange = s->answer == SERVER_PAST && log->match.common == 0;

    json_out_open(out, '{');
    put_name(out, "principal", log, s->user);
    put_name(out, "database", log, s->database);
    put_name(out, "application", log, s->application);
    put_name(out, "host", log, s->host);
    json_put_count(out, "port", s->port);
    json_put_count(out, "pid", s->pid);
    put_is(out, "replication", s->is_replication);
    json_put_time(out, "began", s->start);
    json_put_time(out, "first", s->first);
    json_put_time(out, "last", s->last);
    put_is(out, "over", s->is_over);
    json_put_count(out, "lines", s->lines);
    json_put_text(out, "unknown",
                  is_strange ? "nothing_in_common"
                             : server_answer_text((enum server_answer)s->answer));
    json_put_text(out, "file", log->files[s->file].name);
    json_put_count(out, "offset", s->offset);
    json_out_close(out, '}');
}

static void
put_figures(struct json_out *out, const struct server_figures *figures)
{
    json_put_count(out, "sessions", figures->all);
    json_put_count(out, "through", figures->through);
    json_put_open(out, "past", '{');
    json_put_count(out, "at_least", figures->past);
    json_put_count(out, "at_most", figures->past + figures->unknown);
    json_out_close(out, '}');
}

static void
put_files(struct json_out *out, const struct scope_log *log)
{
    json_put_open(out, "files", '[');
    for (size_t i = 0; i < log->file_count; i++) {
        const struct scope_log_file *file = &log->files[i];

        json_out_open(out, '{');
        json_put_text(out, "file", file->name);
        json_put_text(out, "format", server_log_format_text(file->format));
        json_put_count(out, "lines", file->lines);
        json_put_count(out, "unreadable", file->unreadable);
        json_put_time(out, "first", file->first);
        json_put_time(out, "last", file->last);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_short(struct json_out *out, const struct scope_log *log)
{
    json_put_open(out, "not_covered", '[');
    for (int at_end = 0; at_end <= 1; at_end++) {
        int64_t from, to;

        if (!server_match_is_short(&log->match, at_end, &from, &to))
            continue;
        json_out_open(out, '{');
        json_put_time(out, "from", from);
        json_put_time(out, "to", to);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

static void
put_sessions(struct json_out *out, const struct scope_log *log)
{
    uint64_t listed = 0, left_out = 0;

    json_put_open(out, "not_through", '[');
    for (size_t i = 0; i < log->sessions.count; i++) {
        if (!is_listed(log, &log->sessions.items[i]))
            continue;
        if (listed++ < LISTED_MAX)
            put_session(out, log, &log->sessions.items[i]);
        else
            left_out++;
    }
    json_out_close(out, ']');
    json_put_count(out, "not_through_left_out", left_out);
}

void
scope_log_put(struct json_out *out, const struct scope_log *log)
{
    const struct server_match *m = &log->match;
    struct warning warnings[WARNINGS_MAX];
    size_t count = find_warnings(log, warnings);

    json_put_open(out, "server_log", '{');
    json_put_open(out, "warnings", '[');
    for (size_t i = 0; i < count; i++)
        json_out_text(out, warnings[i].name);
    json_out_close(out, ']');
    put_files(out, log);
    json_put_time(out, "from", log->sessions.first);
    json_put_time(out, "to", log->sessions.last);
    put_short(out, log);
    put_figures(out, &m->figures[false]);
    json_put_open(out, "replication", '{');
    put_figures(out, &m->figures[true]);
    json_out_close(out, '}');
    json_put_count(out, "refused", log->sessions.refused);
    json_put_count(out, "not_named", m->unnamed);
    json_put_open(out, "gateways", '[');
    for (size_t g = 0; g < m->gateway_count; g++) {
        json_out_open(out, '{');
        json_put_text(out, "gateway", m->gateways[g].name);
        json_put_count(out, "sessions", m->gateways[g].sessions);
        json_put_count(out, "named", m->gateways[g].named);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
    put_sessions(out, log);
    json_out_close(out, '}');
}

/* ---- for people ---- */

static void
name_text(char text[NAME_TEXT], const struct scope_log *log, uint32_t number)
{
    text_escape(text, NAME_TEXT, interner_string(&log->sessions.names, number));
    if (number == 0)
        snprintf(text, NAME_TEXT, "?");
}

static const char *
answer_words(const struct scope_log *log, const struct server_session *s)
{
    static const char *const words[SERVER_ANSWERS] = {
        [SERVER_PAST] = "",
        [SERVER_OTHER_PORT] = "; it can be one of pasu's, which came from another port",
        [SERVER_OTHER_NAME] = "; it can be one of pasu's, which had another role or database",
        [SERVER_NUMBERLESS] = "; it can be one of pasu's, whose process number was not recorded",
        [SERVER_OLDER] = "; it can be pasu's inspector, from before its numbers were recorded",
        [SERVER_IN_GAP] = "; the ledger has a gap there",
        [SERVER_LATER] = "; the ledger has nothing of that time yet",
    };

    if (s->answer == SERVER_PAST && log->match.common == 0)
        return "; nothing says that this is a server behind pasu";
    return words[s->answer];
}

static void
print_session(FILE *file, const struct scope_log *log, const struct server_session *s)
{
    char user[NAME_TEXT], database[NAME_TEXT], application[NAME_TEXT], host[NAME_TEXT];
    char place[NAME_TEXT], begin[TIME_SIZE], last[TIME_SIZE], lines[NUMBER_SIZE];

    name_text(user, log, s->user);
    name_text(database, log, s->database);
    name_text(application, log, s->application);
    name_text(host, log, s->host);
    text_escape(place, sizeof(place), view_of_text(log->files[s->file].name));
    /* The log has the beginning to a second only: the first line of that second says more. */
    log_time_text(begin, sizeof(begin),
                  s->first - s->start < NANOSECONDS_PER_SECOND ? s->first
                                                               : server_session_begin(s));
    log_time_text(last, sizeof(last), s->last);
    text_count(lines, sizeof(lines), s->lines);
    fprintf(file, "  %s was in %s from %s", user,
            s->is_replication ? "the server for replication" : database, host);
    if (s->port != 0)
        fprintf(file, ", port %u", s->port);
    fprintf(file,
            ", application \"%s\", since %s, %s %s (process %" PRIu32
            ", %s line%s, %s at byte %" PRIu64 ")%s\n",
            s->application != 0 ? application : "", begin, s->is_over ? "until" : "seen", last,
            s->pid, lines, s->lines == 1 ? "" : "s", place, s->offset, answer_words(log, s));
}

static size_t
print_sessions(FILE *file, const struct scope_log *log)
{
    size_t listed = 0, left_out = 0;
    char n[NUMBER_SIZE];

    for (size_t i = 0; i < log->sessions.count; i++) {
        if (!is_listed(log, &log->sessions.items[i]))
            continue;
        if (listed < PRINTED_MAX) {
            print_session(file, log, &log->sessions.items[i]);
            listed++;
        } else {
            left_out++;
        }
    }
    text_count(n, sizeof(n), left_out);
    if (left_out > 0)
        fprintf(file, "  %s more such session%s: see --json\n", n, left_out == 1 ? "" : "s");
    return listed + (left_out > 0);
}

static void
print_figures(FILE *file, const struct server_figures *figures, const char *noun)
{
    char all[NUMBER_SIZE], through[NUMBER_SIZE], past[NUMBER_SIZE], most[NUMBER_SIZE];

    text_count(all, sizeof(all), figures->all);
    text_count(through, sizeof(through), figures->through);
    text_count(past, sizeof(past), figures->past);
    text_count(most, sizeof(most), figures->past + figures->unknown);
    fprintf(file, "  the server's log names %s %s%s: %s came through pasu, ", all, noun,
            figures->all == 1 ? "" : "s", through);
    if (figures->unknown > 0)
        fprintf(file, "at least %s and at most %s did not\n", past, most);
    else
        fprintf(file, "%s did not\n", past);
}

static size_t
print_range(FILE *file, const struct scope_log *log)
{
    char from[TIME_SIZE], to[TIME_SIZE];
    size_t said = 0;

    if (log->sessions.first != 0) {
        log_time_text(from, sizeof(from), log->sessions.first);
        log_time_text(to, sizeof(to), log->sessions.last);
        fprintf(file, "  the server's log covers %s to %s\n", from, to);
        said++;
    }
    for (int at_end = 0; at_end <= 1; at_end++) {
        int64_t begin, end;

        if (!server_match_is_short(&log->match, at_end, &begin, &end))
            continue;
        log_time_text(from, sizeof(from), begin);
        log_time_text(to, sizeof(to), end);
        fprintf(file, "  it does not cover %s to %s\n", from, to);
        said++;
    }
    return said;
}

static size_t
print_gateways(FILE *file, const struct scope_log *log)
{
    const struct server_match *m = &log->match;
    size_t said = 0;

    for (size_t g = 0; g < m->gateway_count; g++) {
        char name[NAME_TEXT], missing[NUMBER_SIZE], all[NUMBER_SIZE];

        if (m->gateways[g].named == m->gateways[g].sessions)
            continue;
        text_escape(name, sizeof(name), view_of_text(m->gateways[g].name));
        text_count(missing, sizeof(missing), m->gateways[g].sessions - m->gateways[g].named);
        text_count(all, sizeof(all), m->gateways[g].sessions);
        fprintf(file,
                "  it does not name %s of the %s sessions that gateway %s had with its server\n",
                missing, all, name);
        said++;
    }
    return said;
}

static size_t
print_files(FILE *file, const struct scope_log *log)
{
    size_t said = 0;

    for (size_t i = 0; i < log->file_count; i++) {
        char name[NAME_TEXT], bad[NUMBER_SIZE], all[NUMBER_SIZE];

        if (log->files[i].unreadable == 0)
            continue;
        text_escape(name, sizeof(name), view_of_text(log->files[i].name));
        text_count(bad, sizeof(bad), log->files[i].unreadable);
        text_count(all, sizeof(all), log->files[i].lines + log->files[i].unreadable);
        fprintf(file, "  %s of %s lines in %s could not be understood\n", bad, all, name);
        said++;
    }
    return said;
}

size_t
scope_log_print(FILE *file, const struct scope_log *log)
{
    struct warning warnings[WARNINGS_MAX];
    size_t count = find_warnings(log, warnings), said = count;

    for (size_t i = 0; i < count; i++)
        fprintf(file, "  WARNING: %s\n", warnings[i].words);
    said += print_range(file, log);
    print_figures(file, &log->match.figures[false], "session");
    if (log->match.figures[true].all > 0)
        print_figures(file, &log->match.figures[true], "replication connection");
    said += print_sessions(file, log);
    said += print_gateways(file, log);
    said += print_files(file, log);
    return said + 1;
}
