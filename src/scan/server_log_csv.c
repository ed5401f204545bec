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

int
server_log_csv(struct server_log *log, struct view bytes)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    int result = 0;

    while (at < end && result == 0) {
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
