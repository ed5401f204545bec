/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most records of csvlog are statements of sessions that had others before: what their columns from
 * the user's to the session's name say was taken apart then, and is the same as long as the bytes
 * are. Of such a record only the time, the statement and what stands beside it is looked at; all
 * others are taken as server_log_line.c does, which says what a line is.
 */
#include "scan/server_log_part.h"

#include "base/os.h"

#include <assert.h>

enum {
    COLUMNS = 24, /* that are known: with fewer a server is older than what is quick */
    SPAN_LEAST = 16,
    TAG_BITS = 7,
};

/* The text of a column, with the quotes around it. */
static inline struct view
column_of(const struct server_log *log, const uint16_t *ends, unsigned column)
{
    return view_of(log->columns.start + ends[column - 1] + 1,
                   (size_t)(ends[column] - ends[column - 1]) - 1);
}

/* Without them. */
static inline struct view
unquoted(struct view text)
{
    bool is_quoted = text.length > 0 && text.bytes[0] == '"';

    return view_of(text.bytes + is_quoted, text.length - 2 * (size_t)is_quoted);
}

/* ---- sessions ---- */

static inline uint64_t
mixed(struct view span)
{
    uint64_t last = server_log_word(span, span.length - 8);

    return (last ^ server_log_word(span, span.length - 16) << 7) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline size_t
set_of(uint64_t mix)
{
    static_assert(SERVER_LOG_SETS == 1 << 9, "the upper nine bits");
    return mix >> 55;
}

static inline uint8_t
tag_of(uint64_t mix)
{
    return (uint8_t)(mix >> 40 | 1 << TAG_BITS);
}

static inline bool
is_span(struct view span)
{
    return span.length >= SPAN_LEAST && span.length <= SERVER_LOG_SPAN;
}

/* Words of sixteen bytes, of which the last two overlap. */
static inline bool
is_same(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t at = 0; at + 16 < length; at += 16)
        if (memcmp(a + at, b + at, 16) != 0)
            return false;
    return memcmp(a + length - 16, b + length - 16, 16) == 0;
}

static inline struct server_log_session *
session_of(struct server_log *log, struct view span)
{
    uint64_t mix = mixed(span);
    size_t set = set_of(mix);
    uint8_t tag = tag_of(mix);

    for (size_t way = 0; way < SERVER_LOG_WAYS; way++) {
        struct server_log_session *session = &log->sessions[set][way];

        if (log->tags[set][way] == tag && session->length == span.length &&
            is_same(session->span, span.bytes, span.length))
            return session;
    }
    return NULL;
}

struct view
server_log_span(const struct server_log *log, const uint16_t *ends, size_t count, bool doubled)
{
    struct view none = {0};
    struct view span = view_of(log->columns.start + ends[0] + 1, (size_t)(ends[5] - ends[0]) - 1);

    return count < COLUMNS || doubled || !is_span(span) ? none : span;
}

/* Where a text stands in the span; what is empty stands anywhere. */
static bool
place_in(struct view span, struct view text, uint8_t *place, uint8_t *length)
{
    size_t at = text.length > 0 ? (size_t)(text.bytes - span.bytes) : 0;

    if (at > span.length || text.length > span.length - at)
        return false;
    *place = (uint8_t)at;
    *length = (uint8_t)text.length;
    return true;
}

/* Those that came before move on by one, and the last of them is forgotten. */
void
server_log_remember(struct server_log *log, const struct server_line *line)
{
    struct view span = log->span;
    uint64_t mix = mixed(span);
    struct server_log_session *set = log->sessions[set_of(mix)], made = {.port = line->port};
    uint8_t *tags = log->tags[set_of(mix)];
    struct server_log_session *known = session_of(log, span);

    if (line->port == 0 || log->start == NULL)
        return;
    if (known != NULL) { /* something was learned of zones, or it is another statement's line */
        known->start = *log->start;
        return;
    }
    if (!place_in(span, line->user, &made.user, &made.user_length) ||
        !place_in(span, line->database, &made.database, &made.database_length) ||
        !place_in(span, line->host, &made.host, &made.host_length) ||
        !place_in(span, line->session, &made.name, &made.name_length))
        return;
    made.start = *log->start;
    made.length = (uint8_t)span.length;
    memcpy(made.span, span.bytes, span.length);
    memmove(tags + 1, tags, SERVER_LOG_WAYS - 1);
    memmove(set + 1, set, (SERVER_LOG_WAYS - 1) * sizeof(*set));
    tags[0] = tag_of(mix);
    set[0] = made;
}

/* ---- records ---- */

bool
server_log_quick(struct server_log *log, const uint8_t *begin, const uint16_t *ends, size_t count,
                 bool doubled, int *result)
{
    struct view text, zone, message,
        time = view_of(begin, (size_t)(log->columns.start + ends[0] - begin));
    struct view span = view_of(log->columns.start + ends[0] + 1, (size_t)(ends[5] - ends[0]) - 1);
    struct server_log_session *session;
    PASU_UNINITIALIZED struct server_line line;
    int64_t local;

    if (count < COLUMNS || !is_span(span) || !view_is(column_of(log, ends, 11), "LOG") ||
        !view_begins(message = column_of(log, ends, 13), "\"statement: ") ||
        !view_is(column_of(log, ends, 23), "\"client backend\"") || time.length < 5 ||
        time.bytes[4] != '-' || time.bytes[0] == '"')
        return false;
    session = session_of(log, span);
    text = column_of(log, ends, 8);
    if (session == NULL || text.length < SPAN_LEAST ||
        !server_log_start_says(&session->start, text) ||
        (session->start.has_offset && session->start.zone_turn != log->zone_turn))
        return false;
    line.detail = unquoted(column_of(log, ends, 14));
    line.application = unquoted(column_of(log, ends, 22));
    line.message = unquoted(message);
    if (PASU_UNLIKELY(doubled)) {
        if (memchr(line.detail.bytes, '"', line.detail.length) != NULL ||
            memchr(line.application.bytes, '"', line.application.length) != NULL)
            return false;
        server_log_keep_quoted(log, SERVER_LOG_MESSAGE, line.message);
        line.message = server_log_field(log, SERVER_LOG_MESSAGE);
    }
    if (!server_log_local_again(&log->now, time, &local, &zone) ||
        !server_log_utc(log, local, zone, session->start.has_offset ? &session->start.offset : NULL,
                        &line.at))
        return false;
    line.offset = log->begin;
    line.start = session->start.seconds * NANOSECONDS_PER_SECOND;
    line.pid = session->start.pid;
    line.port = session->port;
    line.who = SERVER_LINE_CLIENT;
    line.what = SERVER_LINE_SPEAKS;
    line.is_part = false;
    line.user = view_of(span.bytes + session->user, session->user_length);
    line.database = view_of(span.bytes + session->database, session->database_length);
    line.host = view_of(span.bytes + session->host, session->host_length);
    line.session = view_of(span.bytes + session->name, session->name_length);
    line.severity = column_of(log, ends, 11);
    line.known = &session->known;
    log->lines++;
    *result = log->see(log->arg, &line);
    return true;
}
