/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csvlog: columns with commas between; texts in quotes, a quote in them doubled. Their number has
 * grown: 22 before PostgreSQL 9.0, 23 with the application's name, 24 with the backend's type (13),
 * 26 with the leader and the query's id (14).
 */
#include "scan/find.h"
#include "scan/server_log_part.h"

enum { COLUMNS_LEAST = 22, COLUMNS_KNOWN = 24 };

enum state { BEGIN, PLAIN, QUOTED, QUOTE, BAD };

/* What is kept of each column; -1: nothing. */
static inline int
field_of(unsigned column)
{
    static const int8_t fields[COLUMNS_KNOWN] = {
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
        server_log_unreadable(log);
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
    server_log_unreadable(log);
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
 * they stand. For some kilobytes at once it is found which commas and line breaks stand between
 * quotes, and with them the ends of all columns; all else is left to the steps above.
 */
enum { OF_QUOTE, OF_COMMA, OF_NEWLINE, OF_RETURN, OF_DOUBLED /* the second of two quotes */ };

/* A bit for each byte that is behind an odd number of quotes, itself among them. */
static inline uint64_t
behind_odd(uint64_t quotes)
{
    for (unsigned by = 1; by < LANES; by *= 2)
        quotes ^= quotes << by;
    return quotes;
}

/* Where a word's bits are, which are mostly none or one: then without a jump. How many there are in
 * all. */
static inline size_t
put_few(uint16_t *to, size_t count, size_t first, uint64_t bits)
{
    uint64_t left = bits & (bits - 1);

    to[count] = (uint16_t)(first + (size_t)__builtin_ctzll(bits | UINT64_C(1) << (LANES - 1)));
    count += bits != 0;
    for (; PASU_UNLIKELY(left != 0); left &= left - 1)
        to[count++] = (uint16_t)(first + (size_t)__builtin_ctzll(left));
    return count;
}

/* A record begins there. */
static void
look_at(struct server_log *log, const uint8_t *at, const uint8_t *end)
{
    static const struct lanes_wanted wanted = {{'"', ',', '\n', '\r'}, 4, 0};
    struct server_log_columns *c = &log->columns;
    size_t length = (size_t)(end - at) < SERVER_LOG_LANES ? (size_t)(end - at) : SERVER_LOG_LANES;
    uint64_t odd = 0, before = 1, closed = 0; /* of the last byte of the word before */
    PASU_UNINITIALIZED uint64_t ends[LANES_WORDS(SERVER_LOG_LANES)]; /* as many as there are */

    lanes_find(view_of(at, length), &wanted, log->found);
    c->wrong = length;
    c->records = 0;
    for (size_t w = 0; w < LANES_WORDS(length); w++) {
        uint64_t *found = log->found[w], quotes = found[OF_QUOTE];
        uint64_t inside = behind_odd(quotes) ^ odd;
        uint64_t opens = quotes & inside, closes = quotes & ~inside, wrong;
        uint64_t newlines = found[OF_NEWLINE] & ~inside;

        ends[w] = (found[OF_COMMA] & ~inside) | newlines;
        c->records = put_few(c->lasts, c->records, w * LANES, newlines);
        /* Quotes are around a column, or doubled in it; where they are not, or a line ends as
         * PostgreSQL ends none, the steps above say what it is. */
        wrong = (opens & ~((ends[w] | closes) << 1 | before)) |
                ((closes << 1 | closed) & ~(ends[w] | opens)) | (found[OF_RETURN] & ~inside);
        if (PASU_UNLIKELY(wrong != 0) && c->wrong == length)
            c->wrong = w * LANES + (size_t)__builtin_ctzll(wrong);
        found[OF_DOUBLED] = opens & (closes << 1 | closed);
        odd = -(inside >> 63);
        before = (ends[w] | closes) >> 63;
        closed = closes >> 63;
    }
    c->start = at;
    c->end = at + length;
    c->next = c->record = 0;
    c->total = lanes_places(ends, LANES_WORDS(length), c->ends);
}

void
server_log_keep_quoted(struct server_log *log, int field, struct view text)
{
    const uint8_t *at = text.bytes, *end = at + text.length;

    log->fields[field] = (struct server_log_text){.at = log->texts[field], .is_there = true};
    while (at < end) {
        const uint8_t *quote = find_byte(at, end, '"'), *stop = quote < end ? quote + 1 : end;

        server_log_keep_all(log, field, at, stop);
        at = quote < end ? stop + 1 : end;
    }
}

static bool
has_doubled(const struct server_log *log, size_t from, size_t to)
{
    uint64_t found = 0;

    for (size_t w = from / LANES; w <= to / LANES; w++)
        found |= log->found[w][OF_DOUBLED];
    return found != 0;
}

/* All columns of which something is kept. */
static inline void
take_columns(struct server_log *log, const uint8_t *begin, const uint16_t *ends, size_t count,
             bool doubled)
{
    const uint8_t *start = log->columns.start;

    PASU_UNROLL(24) /* which columns are kept is known then */
    for (unsigned column = 0; column < COLUMNS_KNOWN; column++) {
        int field = field_of(column);
        struct server_log_text *text;
        const uint8_t *at, *stop;
        bool is_quoted;

        if (field < 0)
            continue;
        text = &log->fields[field];
        if (column >= count) {
            *text = (struct server_log_text){.at = begin};
            continue;
        }
        at = column == 0 ? begin : start + ends[column - 1] + 1;
        stop = start + ends[column];
        is_quoted = *at == '"';
        *text = (struct server_log_text){
            .at = at + is_quoted,
            .length = (uint16_t)(stop - at - 2 * is_quoted),
            .is_there = stop > at,
        };
        if (PASU_UNLIKELY(doubled) && is_quoted)
            server_log_keep_quoted(log, field, view_of(text->at, text->length));
    }
}

/* The byte behind the record; NULL: it is not there as a whole (*is_cut), or is none of those. */
static const uint8_t *
take_record(struct server_log *log, const uint8_t *at, bool *is_cut, int *result)
{
    struct server_log_columns *c = &log->columns;
    size_t from = (size_t)(at - c->start), to, count = c->count;
    const uint16_t *ends = &c->ends[c->next];
    bool doubled;

    *is_cut = c->record == c->records;
    if (*is_cut)
        return NULL;
    to = c->lasts[c->record];
    if (count == 0 || c->next + count > c->total || ends[count - 1] != to)
        for (count = 1; ends[count - 1] != to;)
            count++;
    if (count < COLUMNS_LEAST || to >= c->wrong)
        return NULL;
    c->next += count;
    c->count = count;
    c->record++;
    log->at += to + 1 - from;
    doubled = has_doubled(log, from, to);
    if (!server_log_quick(log, at, ends, count, doubled, result)) {
        take_columns(log, at, ends, count, doubled);
        log->span = server_log_span(log, ends, count, doubled);
        *result = server_log_take(log, false);
        log->span.length = 0;
    }
    return c->start + to + 1;
}

/* All records from there on that can be taken so; up to where. */
static const uint8_t *
take_records(struct server_log *log, const uint8_t *at, const uint8_t *end, int *result)
{
    const struct server_log_columns *c = &log->columns;

    look_at(log, at, end);
    while (at < end && *result == 0) {
        bool is_cut;
        const uint8_t *behind = take_record(log, at, &is_cut, result);

        if (behind == NULL && (!is_cut || c->start == at || c->end == end))
            break;
        if (behind == NULL) {
            look_at(log, at, end);
            continue;
        }
        log->begin = log->at;
        at = behind;
    }
    server_log_begin(log);
    return at;
}

int
server_log_csv(struct server_log *log, struct view bytes)
{
    const uint8_t *at = bytes.bytes, *end = at + bytes.length;
    int result = 0;

    while (at < end && result == 0) {
        if (log->state == BEGIN && log->column == 0 && !log->is_begun) {
            at = take_records(log, at, end, &result);
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
        server_log_unreadable(log);
        server_log_begin(log);
        return 0;
    }
    return log->is_begun ? end_record(log) : 0;
}
