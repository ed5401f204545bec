/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

struct event_entry {
    enum log_level level;
    const char *name, *meaning;
};

static const struct event_entry events[EVENT_COUNT] = {
#define X(name_, level_, text_, meaning_) {LOG_##level_, text_, meaning_},
#include "base/event.def"
#undef X
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

enum {
    LINE_SIZE = 4096,   /* PIPE_BUF: a write of at most this many bytes is atomic on a pipe */
    TAIL_SIZE = 32,     /* kept free for the truncation mark and the line's end */
    VALUE_LIMIT = 1024, /* bytes of one value that are logged */
    PATIENCE_MILLISECONDS = 250,
};

#define PATIENCE_EVERY (10 * NANOSECONDS_PER_SECOND)

const char *
log_event_name(enum log_event event)
{
    return events[event].name;
}

void
log_time_text(char *text, size_t size, int64_t realtime)
{
    time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    int micros = (int)(realtime % NANOSECONDS_PER_SECOND / 1000);
    struct tm tm;
    size_t n;

    gmtime_r(&seconds, &tm);
    n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
    if (n > 0)
        snprintf(text + n, size - n, ".%06dZ", micros);
}

/* Appends a quoted value. Bytes below 0x20, quotes and backslashes are escaped; others, UTF-8 or
 * not, are kept for logfmt and, where they are no ASCII, checked to be UTF-8 for JSON. */
static void
put_quoted(struct writer *w, struct view v)
{
    size_t length = v.length < VALUE_LIMIT ? v.length : VALUE_LIMIT;

    writer_u8(w, '"');
    for (size_t i = 0; i < length;) {
        uint8_t c = v.bytes[i];
        uint32_t character;
        size_t n = utf8_first(view_of(v.bytes + i, length - i), &character);
        char escape[8];

        if (c == '"' || c == '\\') {
            writer_u8(w, '\\');
            writer_u8(w, c);
        } else if (n == 0 || c < 0x20 || c == 0x7F) {
            snprintf(escape, sizeof(escape), "\\u%04x", n == 0 ? 0xFFFDu : (unsigned)c);
            writer_bytes(w, escape, 6);
        } else {
            writer_bytes(w, v.bytes + i, n);
        }
        i += n ? n : 1;
    }
    writer_u8(w, '"');
}

static bool
is_bare(struct view v)
{
    if (v.length == 0)
        return false;
    for (size_t i = 0; i < v.length; i++) {
        uint8_t c = v.bytes[i];

        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return v.length < VALUE_LIMIT;
}

static void
put_field(struct writer *w, enum log_format format, bool first, const char *key, struct view v,
          bool is_number)
{
    if (format == LOG_JSON) {
        if (!first)
            writer_u8(w, ',');
        put_quoted(w, view_of_text(key));
        writer_u8(w, ':');
    } else {
        if (!first)
            writer_u8(w, ' ');
        writer_bytes(w, key, strlen(key));
        writer_u8(w, '=');
    }
    if (is_number || (format == LOG_LOGFMT && is_bare(v)))
        writer_bytes(w, v.bytes, v.length);
    else
        put_quoted(w, v);
}

static struct view
value_text(const struct log_field *field, char *space, size_t size, bool *is_number)
{
    *is_number = false;
    switch (field->kind) {
    case FIELD_TEXT:
        return view_of_text(field->value.text ? field->value.text : "");
    case FIELD_VIEW:
        return field->value.view;
    case FIELD_INT:
        *is_number = true;
        return view_of(space, (size_t)snprintf(space, size, "%" PRId64, field->value.number));
    case FIELD_UINT:
        *is_number = true;
        return view_of(space, (size_t)snprintf(space, size, "%" PRIu64, field->value.natural));
    case FIELD_HEX:
        return view_of(space, (size_t)snprintf(space, size, "%016" PRIx64, field->value.natural));
    }
    return view_of("", 0);
}

/*
 * Nobody may stand still because nobody reads the log. A line is written where there is room, and
 * the descriptor does not block (guard/logging.c); where there is none it waits for a moment, once
 * in ten seconds, and is lost then. How many were lost the next line says. Of a process, not of a
 * struct log: those are copied freely, and write to one place.
 */
static _Atomic uint64_t lost;
static _Atomic int64_t patient_at; /* monotonic: when one waited last; 0: none has */
static _Atomic bool is_cut;        /* a terminal has taken the beginning of a line */

static bool
has_room(const struct log *log)
{
    struct pollfd p = {.fd = log->fd, .events = POLLOUT};
    int64_t now;

    if (poll(&p, 1, 0) > 0)
        return true;
    now = os_monotonic(log->os);
    if (patient_at != 0 && now - patient_at < PATIENCE_EVERY)
        return false;
    patient_at = now;
    return poll(&p, 1, PATIENCE_MILLISECONDS) > 0;
}

/* The first byte is a line's end, for where that of the line before is missing. */
static bool
is_written(const struct log *log, const uint8_t *line, size_t length)
{
    size_t skipped = is_cut ? 0 : 1;
    ssize_t count = has_room(log) ? write(log->fd, line + skipped, length - skipped) : -1;

    if (count >= 0)
        is_cut = (size_t)count < length - skipped;
    return count >= 0 && !is_cut;
}

void
log_event(const struct log *log, enum log_event event, const struct log_field *fields, size_t count)
{
    uint8_t line[LINE_SIZE];
    char space[32];
    struct writer w = writer_of(line, sizeof(line) - TAIL_SIZE);
    uint64_t told;
    bool is_number;

    if (events[event].level < log->level)
        return;
    told = atomic_exchange(&lost, 0);
    writer_u8(&w, '\n');
    log_time_text(space, sizeof(space), os_realtime(log->os));
    if (log->format == LOG_JSON)
        writer_u8(&w, '{');
    put_field(&w, log->format, true, "time", view_of_text(space), false);
    put_field(&w, log->format, false, "level", view_of_text(level_names[events[event].level]),
              false);
    put_field(&w, log->format, false, "event", view_of_text(events[event].name), false);
    put_field(&w, log->format, false, "process", view_of_text(log->process), false);
    if (told != 0) {
        snprintf(space, sizeof(space), "%" PRIu64, told);
        put_field(&w, log->format, false, "lost_lines", view_of_text(space), true);
    }
    for (size_t i = 0; i < count; i++) {
        struct writer before = w;
        struct view v = value_text(&fields[i], space, sizeof(space), &is_number);

        put_field(&w, log->format, false, fields[i].key, v, is_number);
        if (w.failed) {
            w = before;
            w.end += TAIL_SIZE;
            put_field(&w, log->format, false, "truncated", VIEW("true"), true);
            break;
        }
    }
    w.end = line + sizeof(line);
    if (log->format == LOG_JSON)
        writer_u8(&w, '}');
    writer_u8(&w, '\n');
    if (!is_written(log, line, writer_length(&w)))
        lost += told + 1; /* there is nowhere left to say so */
}
