/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structured log lines: an event from event.def and fields, as logfmt on a terminal and as JSON
 * otherwise; one line is one write, so that lines of several processes never mix.
 *
 * A struct log is set up once and then read only: any thread may log. A line that does not fit is
 * cut at a field's end and marked truncated=true. Values are escaped: a hostile value can make
 * neither a second line nor a second field. Writing to the log never fails the caller.
 */
#ifndef PASU_BASE_LOG_H
#define PASU_BASE_LOG_H

#include "base/bytes.h"
#include "base/os.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

enum log_event {
#define X(name, level, text, meaning) EVENT_##name,
#include "base/event.def"
#undef X
    EVENT_COUNT
};

struct log {
    int fd;
    enum log_format format;
    enum log_level level;
    const char *process; /* "supervisor", "gate", "keeper" or a command's name */
    const struct os *os;
};

struct log_field {
    const char *key;
    enum { FIELD_TEXT, FIELD_VIEW, FIELD_INT, FIELD_UINT, FIELD_HEX } kind;
    union {
        const char *text;
        struct view view;
        int64_t number;
        uint64_t natural;
    } value;
};

#define F_TEXT(key_, value_)                                                                       \
    {                                                                                              \
        .key = (key_), .kind = FIELD_TEXT, .value.text = (value_)                                  \
    }
#define F_VIEW(key_, value_)                                                                       \
    {                                                                                              \
        .key = (key_), .kind = FIELD_VIEW, .value.view = (value_)                                  \
    }
#define F_INT(key_, value_)                                                                        \
    {                                                                                              \
        .key = (key_), .kind = FIELD_INT, .value.number = (int64_t)(value_)                        \
    }
#define F_UINT(key_, value_)                                                                       \
    {                                                                                              \
        .key = (key_), .kind = FIELD_UINT, .value.natural = (uint64_t)(value_)                     \
    }
/* 64 bits as 16 hexadecimal digits: session identities. */
#define F_HEX(key_, value_)                                                                        \
    {                                                                                              \
        .key = (key_), .kind = FIELD_HEX, .value.natural = (value_)                                \
    }

/* Writes one line. A NULL text is written as "". */
void log_event(const struct log *log, enum log_event event, const struct log_field *fields,
               size_t count);

#define LOG_EVENT(log_, event_, ...)                                                               \
    do {                                                                                           \
        const struct log_field fields_[] = {__VA_ARGS__};                                          \
        log_event((log_), EVENT_##event_, fields_, COUNT_OF(fields_));                             \
    } while (0)

/* An event's name as in event.def. */
const char *log_event_name(enum log_event event);

/* RFC 3339 with microseconds in UTC, "2026-11-24T01:02:03.000004Z"; `size` at least 28. */
void log_time_text(char *text, size_t size, int64_t realtime);

#endif
