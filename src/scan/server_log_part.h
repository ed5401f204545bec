/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of server_log.h have in common. */
#ifndef PASU_SCAN_SERVER_LOG_PART_H
#define PASU_SCAN_SERVER_LOG_PART_H

#include "scan/server_log.h"

/* ---- server_log.c ---- */
static inline struct view
server_log_field(const struct server_log *log, enum server_log_field field)
{
    const struct server_log_text *text = &log->fields[field];

    return view_of(text->at, text->length);
}
/* One more byte of a field; what has no room is dropped. */
static inline void
server_log_keep(struct server_log *log, int field, uint8_t byte)
{
    struct server_log_text *text;

    if (field < 0)
        return;
    text = &log->fields[field];
    text->is_there = true;
    if (text->length < SERVER_LOG_TEXT)
        log->texts[field][text->length++] = byte;
}
static inline void
server_log_keep_all(struct server_log *log, int field, const uint8_t *from, const uint8_t *to)
{
    struct server_log_text *text;
    size_t length = (size_t)(to - from);

    if (field < 0 || length == 0)
        return;
    text = &log->fields[field];
    text->is_there = true;
    if (length > (size_t)SERVER_LOG_TEXT - text->length)
        length = (size_t)SERVER_LOG_TEXT - text->length;
    memcpy(log->texts[field] + text->length, from, length);
    text->length = (uint16_t)(text->length + length);
}

void server_log_put(struct server_log *log, enum server_log_field field, struct view text);
/* Inlined: of a text that stands there the length is known. */
PASU_ALWAYS_INLINE static inline bool
view_begins(struct view text, const char *with)
{
    size_t length = strlen(with);

    return text.length >= length && memcmp(text.bytes, with, length) == 0;
}
PASU_ALWAYS_INLINE static inline bool
view_is(struct view text, const char *other)
{
    size_t length = strlen(other);

    return text.length == length && (length == 0 || memcmp(text.bytes, other, length) == 0);
}
/* Another record begins with the next byte. */
void server_log_begin(struct server_log *log);
/* The present record, up to what was read, is none. */
void server_log_unreadable(struct server_log *log);

/* ---- server_log_csv.c, server_log_json.c: the next bytes (of JSON one), `end` the file's ---- */
PASU_MUST_USE int server_log_csv(struct server_log *log, struct view bytes);
PASU_MUST_USE int server_log_csv_end(struct server_log *log);
PASU_MUST_USE int server_log_json(struct server_log *log, uint8_t byte);
PASU_MUST_USE int server_log_json_end(struct server_log *log);
/* Without what doubles its quotes, in the log's own place. */
void server_log_keep_quoted(struct server_log *log, int field, struct view text);
/* ---- server_log_quick.c: whole records of csvlog ---- */
/* The record at `begin`, of `count` columns that end there, as a line, to `see`, whose result is in
 * *result, where it is a statement of a session that is remembered. False: it is taken otherwise,
 * and nothing was done. `doubled`: quotes may be doubled in it. */
PASU_MUST_USE bool server_log_quick(struct server_log *log, const uint8_t *begin,
                                    const uint16_t *ends, size_t count, bool doubled, int *result);
/* Its user's to its session's columns, where they can be remembered; else nothing. */
struct view server_log_span(const struct server_log *log, const uint16_t *ends, size_t count,
                            bool doubled);
/* The line is of log->span. */
void server_log_remember(struct server_log *log, const struct server_line *line);
/* ---- server_log_prefix.c: the line without its end, into the fields; false: it is none ---- */
PASU_MUST_USE bool server_log_stderr(struct server_log *log, struct view line);

/* ---- server_log_time.c ---- */
/* "2026-11-24 10:00:00.123 KST" → ns since 1970 as the clock there shows it, and the zone's name.
 */
PASU_MUST_USE bool server_log_local(struct view text, int64_t *local, struct view *zone);
/* The same, of a log that remembers the second. */
PASU_MUST_USE bool server_log_local_again(struct server_log_second *known, struct view text,
                                          int64_t *local, struct view *zone);
/* That in UTC, where the zone is known; `offset`, seconds, of a zone that is not (NULL: none). */
PASU_MUST_USE bool server_log_utc(const struct server_log *log, int64_t local, struct view zone,
                                  const int32_t *offset, int64_t *utc);
/* The log says that this zone is so far from UTC. */
void server_log_learn(struct server_log *log, struct view zone, int32_t offset);

/* ---- server_log_line.c ---- */
static inline uint64_t
server_log_word(struct view text, size_t at)
{
    uint64_t word;

    memcpy(&word, text.bytes + at, sizeof(word));
    return word;
}
/* The first of the two places where a session's start can be remembered, by the first and the last
 * eight bytes of the session's name. */
static inline size_t
server_log_start_place(uint64_t first, uint64_t last)
{
    return ((first ^ last << 7) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % (SERVER_LOG_STARTS / 2) * 2;
}
/* Whether the text is that start's, word by word. */
static inline bool
server_log_start_says(const struct server_log_start *start, struct view text)
{
    size_t last = text.length - 8;

    return text.length == start->start_length &&
           ((start->start[0] ^ server_log_word(text, 0)) |
            (start->start[1] ^ server_log_word(text, 8)) |
            (start->start[2] ^ server_log_word(text, last < 16 ? last : 16)) |
            (start->start[3] ^ server_log_word(text, last))) == 0;
}
/* The fields as a line, to `see`; or it is unreadable. */
PASU_MUST_USE int server_log_take(struct server_log *log, bool is_part);
/* A number of decimal digits, at most `most`. */
PASU_MUST_USE bool server_log_number(struct view text, uint64_t most, uint64_t *number);

#endif
