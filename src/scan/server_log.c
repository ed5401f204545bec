/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/server_log_part.h"

#include "base/memory.h"

void
server_log_put(struct server_log *log, enum server_log_field field, struct view text)
{
    struct server_log_text *to = &log->fields[field];

    to->is_there = true;
    to->length = (uint16_t)(text.length < SERVER_LOG_TEXT ? text.length : SERVER_LOG_TEXT);
    if (to->length > 0)
        memcpy(log->texts[field], text.bytes, to->length);
}

void
server_log_begin(struct server_log *log)
{
    log->begin = log->at;
    log->is_begun = false;
    log->state = log->column = 0;
    for (size_t f = 0; f < SERVER_LOG_FIELDS; f++)
        log->fields[f] = (struct server_log_text){.at = log->texts[f]};
}

/* A record with line breaks in it can have begun in other bytes than those that are being read: of
 * such a one only the place is kept, wherever it was cut. */
static void
keep_unread(struct server_log *log)
{
    uint64_t length = log->at - log->begin;
    struct view text = {0};

    if (log->format != SERVER_LOG_CSV && log->format != SERVER_LOG_JSON) {
        unread_add(&log->unread, log->begin, log->line_length,
                   view_of(log->line, log->line_length));
        return;
    }
    if (log->at > log->fed_at && log->fed.bytes[log->at - log->fed_at - 1] == '\n')
        length--;
    if (log->begin >= log->fed_at && length > 0)
        text = view_of(log->fed.bytes + (log->begin - log->fed_at), length);
    if (text.length > 0 && memchr(text.bytes, '\n', text.length) != NULL)
        text = (struct view){0};
    unread_add(&log->unread, log->begin, length, text);
}

void
server_log_unreadable(struct server_log *log)
{
    log->unreadable++;
    if (log->unread.count < UNREAD_MOST)
        keep_unread(log);
}

void
server_log_init(struct server_log *log, server_log_see_fn *see, void *arg)
{
    memset(log, 0, offsetof(struct server_log, sessions));
    log->see = see;
    log->arg = arg;
    if (server_log_prefix(log, SERVER_LOG_PREFIX) != 0)
        log->prefix_count = 0;
}

const char *
server_log_format_text(enum server_log_format format)
{
    static const char *const texts[] = {NULL, "csvlog", "jsonlog", "stderr"};

    return texts[format];
}

/* ---- which format ---- */

/* "2026-11-24 10:00:00.123 KST,": behind the time of a line of stderr comes more, and in a role's
 * name there can be a comma. */
static bool
looks_like_csv(struct view line)
{
    const uint8_t *comma = line.length > 0 ? memchr(line.bytes, ',', line.length) : NULL;
    struct view zone;
    int64_t local;

    return comma != NULL &&
           server_log_local(view_of(line.bytes, (size_t)(comma - line.bytes)), &local, &zone) &&
           memchr(line.bytes, '.', (size_t)(comma - line.bytes)) != NULL &&
           (zone.length == 0 || memchr(zone.bytes, ' ', zone.length) == NULL);
}

static enum server_log_format
format_of_line(struct server_log *log, struct view line)
{
    if (line.length > 0 && line.bytes[0] == '{')
        return SERVER_LOG_JSON;
    if (looks_like_csv(line))
        return SERVER_LOG_CSV;
    server_log_begin(log);
    return server_log_stderr(log, line) ? SERVER_LOG_STDERR : SERVER_LOG_UNKNOWN;
}

/* By the first line that is of one of them. */
static void
find_format(struct server_log *log)
{
    const uint8_t *at = log->head, *end = log->head + log->head_length;

    while (at < end && log->format == SERVER_LOG_UNKNOWN) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline != NULL ? newline : end;

        log->format = format_of_line(log, view_of(at, (size_t)(stop - at)));
        at = stop + 1;
    }
    if (log->format == SERVER_LOG_UNKNOWN && log->head_length > 0)
        log->format = SERVER_LOG_STDERR;
    server_log_begin(log);
}

/* ---- stderr ---- */

/* A line is there: log->line, without its end. */
static int
take_line(struct server_log *log)
{
    struct view line = view_of(log->line, log->line_length), severity;
    bool is_part = false;
    int result = 0;

    if (line.length > 0 && line.bytes[line.length - 1] == '\r')
        line.length--;
    if (line.length > 0 && line.bytes[0] != '\t') {
        if (!server_log_stderr(log, line)) {
            server_log_unreadable(log);
        } else {
            static const char *const parts[] = {"DETAIL",  "HINT",     "QUERY",
                                                "CONTEXT", "LOCATION", "STATEMENT"};

            severity = server_log_field(log, SERVER_LOG_SEVERITY);
            for (size_t i = 0; i < COUNT_OF(parts); i++)
                is_part |= view_is(severity, parts[i]);
            result = server_log_take(log, is_part);
        }
    }
    log->line_length = 0;
    server_log_begin(log);
    return result;
}

static void
put_byte(struct server_log *log, uint8_t byte)
{
    if (log->line_length < SERVER_LOG_LINE)
        log->line[log->line_length++] = byte;
}

/* What the next line begins with says whether this one goes on. */
static int
feed_line(struct server_log *log, uint8_t byte)
{
    int result = 0;

    if (log->is_ended && byte == '\t' && log->line_length > 0) {
        log->is_ended = false;
        put_byte(log, '\n');
        return 0;
    }
    if (log->is_ended) {
        log->is_ended = false;
        result = take_line(log);
        log->begin = log->at - 1;
    }
    if (byte == '\n')
        log->is_ended = true;
    else
        put_byte(log, byte);
    return result;
}

/* ---- bytes ---- */

static int
feed(struct server_log *log, struct view bytes)
{
    int result = 0;

    log->fed = bytes;
    log->fed_at = log->at;
    if (log->format == SERVER_LOG_CSV)
        return server_log_csv(log, bytes);
    for (size_t i = 0; i < bytes.length && result == 0; i++) {
        log->at++;
        if (log->format == SERVER_LOG_JSON)
            result = server_log_json(log, bytes.bytes[i]);
        else
            result = feed_line(log, bytes.bytes[i]);
    }
    return result;
}

/* The head is full, or there is no more. */
static int
begin(struct server_log *log)
{
    find_format(log);
    return feed(log, view_of(log->head, log->head_length));
}

int
server_log_feed(struct server_log *log, struct view bytes)
{
    size_t room = SERVER_LOG_HEAD - log->head_length, take = bytes.length;
    int result = 0;

    if (log->format == SERVER_LOG_UNKNOWN) {
        if (take > room)
            take = room;
        if (take > 0)
            memcpy(log->head + log->head_length, bytes.bytes, take);
        log->head_length += take;
        if (log->head_length < SERVER_LOG_HEAD)
            return 0;
        result = begin(log);
        bytes = view_of(bytes.bytes + take, bytes.length - take);
    }
    return result == 0 ? feed(log, bytes) : result;
}

int
server_log_end(struct server_log *log)
{
    int result = log->format == SERVER_LOG_UNKNOWN ? begin(log) : 0;

    if (result != 0)
        return result;
    log->fed = (struct view){0}; /* it need not be there any more */
    log->fed_at = log->at;
    if (log->format == SERVER_LOG_CSV)
        return server_log_csv_end(log);
    if (log->format == SERVER_LOG_JSON)
        return server_log_json_end(log);
    log->is_ended = false;
    return log->line_length > 0 ? take_line(log) : 0;
}
