/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csvlog: columns with commas between; texts in quotes, a quote in them doubled. Their number has
 * grown: 22 before PostgreSQL 9.0, 23 with the application's name, 24 with the backend's type (13),
 * 26 with the leader and the query's id (14).
 */
#include "scan/find.h"
#include "scan/server_log_part.h"

enum { COLUMNS_LEAST = 22 };

enum state { BEGIN, PLAIN, QUOTED, QUOTE, BAD };

/* What is kept of each column; -1: nothing. */
static int
field_of(unsigned column)
{
    static const int8_t fields[] = {
        SERVER_LOG_TIME,
        SERVER_LOG_USER,
        SERVER_LOG_DATABASE,
        SERVER_LOG_PID,
        SERVER_LOG_FROM,
        SERVER_LOG_SESSION,
        -1, /* the line's number in the session */
        SERVER_LOG_PS,
        SERVER_LOG_START,
        -1, /* transactions */
        -1,
        SERVER_LOG_SEVERITY,
        -1, /* SQLSTATE */
        SERVER_LOG_MESSAGE,
        SERVER_LOG_DETAIL,
        -1, /* hint, internal query and where in it */
        -1,
        -1,
        SERVER_LOG_CONTEXT,
        -1, /* query, where in it, place in the sources */
        -1,
        -1,
        SERVER_LOG_APPLICATION,
        SERVER_LOG_TYPE,
    };

    return column < COUNT_OF(fields) ? fields[column] : -1;
}

static int
end_record(struct server_log *log)
{
    bool is_empty = !log->is_begun, is_whole = log->column + 1 >= COLUMNS_LEAST;
    int result = 0;

    if (is_whole)
        result = server_log_take(log, false);
    else if (!is_empty)
        log->unreadable++;
    server_log_begin(log);
    return result;
}

static int
next_column(struct server_log *log)
{
    log->column++;
    log->state = BEGIN;
    return 0;
}

static int
fail(struct server_log *log)
{
    log->state = BAD;
    return 0;
}

/* Up to the end of the line: what follows is read anew. */
static int
skip(struct server_log *log, uint8_t byte)
{
    if (byte != '\n')
        return 0;
    log->unreadable++;
    server_log_begin(log);
    return 0;
}

static int
begin_column(struct server_log *log, uint8_t byte)
{
    int field = field_of(log->column);

    if (byte == '"') {
        log->state = QUOTED;
        if (field >= 0)
            log->fields[field].is_there = true;
        return 0;
    }
    if (byte == '\r')
        return 0;
    log->state = PLAIN;
    server_log_keep(log, field, byte);
    return 0;
}

static int
take(struct server_log *log, uint8_t byte)
{
    enum state state = (enum state)log->state;

    if (state == BAD)
        return skip(log, byte);
    if (state == QUOTED) {
        if (byte == '"')
            log->state = QUOTE;
        else
            server_log_keep(log, field_of(log->column), byte);
        return 0;
    }
    if (byte == '\n')
        return end_record(log);
    log->is_begun = true;
    if (byte == ',')
        return next_column(log);
    if (state == BEGIN)
        return begin_column(log, byte);
    if (state == QUOTE && byte == '"') {
        log->state = QUOTED;
        server_log_keep(log, field_of(log->column), byte);
        return 0;
    }
    if (byte == '\r')
        return 0;
    if (state == QUOTE || byte == '"')
        return fail(log);
    server_log_keep(log, field_of(log->column), byte);
    return 0;
}

/* Up to where `take` has something to decide; what is before is of the field, or of nothing. */
static const uint8_t *
pass(struct server_log *log, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *stop = at;

    if (log->state == BAD)
        stop = find_byte(at, end, '\n');
    else if (log->state == QUOTED)
        stop = find_byte(at, end, '"');
    else if (log->state == PLAIN)
        stop = find_any(at, end, (struct find_kind){{',', '\n', '"', '\r'}, 0});
    if (log->state != BAD)
        server_log_keep_all(log, field_of(log->column), at, stop);
    log->at += (uint64_t)(stop - at);
    return stop;
}

/* ---- whole records ---- */

/*
 * Most records are there as a whole, and are what PostgreSQL writes: their columns are taken where
 * they stand, from one comma or quote to the next, which are found for some kilobytes at once. All
 * else is left to the steps above.
 */
enum { OF_QUOTE, OF_COMMA, OF_NEWLINE, OF_RETURN, OF_STOP /* any of them */ };

static void
look_at(struct server_log *log, struct lanes *lanes, const uint8_t *at, const uint8_t *end)
{
    static const struct lanes_wanted wanted = {{'"', ',', '\n', '\r'}, 4, 0};
    size_t length = (size_t)(end - at) < SERVER_LOG_LANES ? (size_t)(end - at) : SERVER_LOG_LANES;

    lanes_find(view_of(at, length), &wanted, log->found);
    for (size_t w = 0; w < LANES_WORDS(length); w++)
        log->found[w][OF_STOP] = log->found[w][OF_QUOTE] | log->found[w][OF_COMMA] |
                                 log->found[w][OF_NEWLINE] | log->found[w][OF_RETURN];
    *lanes = (struct lanes){at, at + length, log->found};
}

/* Without what doubles its quotes, in the log's own place. */
static void
keep_quoted(struct server_log *log, int field, struct view text)
{
    const uint8_t *at = text.bytes, *end = at + text.length;

    while (at < end) {
        const uint8_t *quote = find_byte(at, end, '"'), *stop = quote < end ? quote + 1 : end;

        server_log_keep_all(log, field, at, stop);
        at = quote < end ? stop + 1 : end;
    }
}

/* A column in quotes, from the byte behind the first one on: the byte behind the last one; NULL: it
 * has no end that is known. */
static const uint8_t *
take_quoted(struct server_log *log, const struct lanes *lanes, const uint8_t *at, int field)
{
    const uint8_t *start = at, *stop;
    bool is_doubled = false;

    for (;;) {
        stop = lanes_next(lanes, at, OF_QUOTE, OF_QUOTE);
        if (lanes->end - stop < 2) /* what is behind says whether it is the last one */
            return NULL;
        if (stop[1] != '"')
            break;
        is_doubled = true;
        at = stop + 2;
    }
    if (field < 0)
        return stop + 1;
    log->fields[field].is_there = true;
    if (is_doubled) {
        keep_quoted(log, field, view_of(start, (size_t)(stop - start)));
    } else {
        size_t length = (size_t)(stop - start);

        log->fields[field].at = start;
        log->fields[field].length = (uint16_t)(length < SERVER_LOG_TEXT ? length : SERVER_LOG_TEXT);
    }
    return stop + 1;
}

/* The byte behind the record; NULL: nothing is kept of it, as it is not there as a whole (*is_cut),
 * or none of those. */
static const uint8_t *
take_record(struct server_log *log, const struct lanes *lanes, const uint8_t *at, bool *is_cut)
{
    const uint8_t *start = at;

    *is_cut = true;

    for (unsigned column = 0;; column++) {
        int field = field_of(column);
        const uint8_t *stop;

        if (at == lanes->end)
            break;
        if (*at == ',') { /* an empty one */
            at++;
            continue;
        }
        if (*at == '"') {
            stop = take_quoted(log, lanes, at + 1, field);
            if (stop == NULL)
                break;
        } else {
            stop = lanes_next(lanes, at, OF_STOP, OF_STOP);
            if (stop == lanes->end)
                break;
            if (field >= 0 && stop > at) {
                log->fields[field].at = at;
                log->fields[field].length = (uint16_t)(stop - at);
                log->fields[field].is_there = true;
            }
        }
        if (*stop == '\n' && column + 1 >= COLUMNS_LEAST) {
            log->at += (uint64_t)(stop + 1 - start);
            return stop + 1;
        }
        *is_cut = *stop == ',';
        if (!*is_cut)
            break;
        at = stop + 1;
    }
    server_log_begin(log);
    return NULL;
}

/* All records from there on that can be taken so; up to where. */
static const uint8_t *
take_records(struct server_log *log, struct lanes *lanes, const uint8_t *at, const uint8_t *end,
             int *result)
{
    while (at < end && *result == 0) {
        bool is_cut = true;
        const uint8_t *behind = lanes->end > at ? take_record(log, lanes, at, &is_cut) : NULL;

        if (behind == NULL && (!is_cut || lanes->start == at || lanes->end == end))
            break;
        if (behind == NULL) {
            look_at(log, lanes, at, end);
            continue;
        }
        *result = server_log_take(log, false);
        server_log_begin(log);
        at = behind;
    }
    return at;
}

int
server_log_csv(struct server_log *log, struct view bytes)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    struct lanes lanes = {NULL, at, NULL}; /* nothing is looked at yet */
    int result = 0;

    while (at < end && result == 0) {
        if (log->state == BEGIN && log->column == 0 && !log->is_begun) {
            at = take_records(log, &lanes, at, end, &result);
            if (at == end || result != 0)
                break;
        }
        at = pass(log, at, end);
        if (at == end)
            break;
        log->at++;
        result = take(log, *at++);
    }
    return result;
}

int
server_log_csv_end(struct server_log *log)
{
    if (log->state == QUOTED || log->state == BAD) {
        log->unreadable++;
        server_log_begin(log);
        return 0;
    }
    return log->is_begun ? end_record(log) : 0;
}
