/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the stderr format: log_line_prefix, the severity with a colon and two spaces, the
 * message. What stands for a part of the prefix goes up to where the next character of the prefix
 * itself stands; a name that has that character in it is cut there, or makes the line unreadable.
 */
#include "scan/server_log_part.h"

enum { SEVERITY_MAX = 24, WIDTH_MAX = 100 };

static struct server_log_prefix_part
part_of(const char **at)
{
    struct server_log_prefix_part part = {.character = *(*at)++};
    bool is_left;

    if (part.character != '%' || **at == '\0')
        return part;
    is_left = **at == '-';
    *at += is_left;
    for (; **at >= '0' && **at <= '9' && part.width <= WIDTH_MAX / 10; (*at)++)
        part.width = (int8_t)(part.width * 10 + (**at - '0'));
    if (is_left)
        part.width = (int8_t)-part.width;
    if (**at == '\0')
        return part;
    part.what = *(*at)++;
    if (part.what == '%')
        part.what = '\0';
    return part;
}

static bool
has_part(const struct server_log *log, const char *letters)
{
    for (size_t i = 0; i < log->prefix_count; i++)
        if (log->prefix[i].what != '\0' && strchr(letters, log->prefix[i].what) != NULL)
            return true;
    return false;
}

int
server_log_prefix(struct server_log *log, const char *prefix)
{
    log->prefix_count = 0;
    while (*prefix != '\0') {
        if (log->prefix_count == SERVER_LOG_PREFIX_MAX)
            return PASU_E_RANGE;
        log->prefix[log->prefix_count++] = part_of(&prefix);
    }
    return has_part(log, "p") && has_part(log, "tmn") ? 0 : PASU_E_MALFORMED;
}

/* ---- a line ---- */

/* "LOG:  ", and with log_error_verbosity = verbose "00000: " behind it. */
static bool
take_message(struct server_log *log, struct view rest)
{
    size_t length = 0;

    while (length < rest.length && length < SEVERITY_MAX && rest.bytes[length] > ' ' &&
           rest.bytes[length] != ':')
        length++;
    if (length == 0 || !view_begins(view_of(rest.bytes + length, rest.length - length), ":  "))
        return false;
    server_log_put(log, SERVER_LOG_SEVERITY, view_of(rest.bytes, length));
    rest = view_of(rest.bytes + length + 3, rest.length - length - 3);
    if (rest.length >= 7 && memcmp(rest.bytes + 5, ": ", 2) == 0) {
        bool is_state = true, has_digit = false; /* a word has none: "AUDIT: " is pgAudit's */

        for (size_t i = 0; i < 5; i++) {
            bool is_digit = rest.bytes[i] >= '0' && rest.bytes[i] <= '9';

            has_digit |= is_digit;
            is_state &= is_digit || (rest.bytes[i] >= 'A' && rest.bytes[i] <= 'Z');
        }
        is_state &= has_digit;
        if (is_state)
            rest = view_of(rest.bytes + 7, rest.length - 7);
    }
    server_log_put(log, SERVER_LOG_MESSAGE, rest);
    return true;
}

/* The place of a text in the line, from `at` on; its length where there is none. */
static size_t
find_byte(struct view line, size_t at, char byte)
{
    const uint8_t *found =
        at < line.length ? memchr(line.bytes + at, byte, line.length - at) : NULL;

    return found != NULL ? (size_t)(found - line.bytes) : line.length;
}

/* How long "2026-11-24 10:00:00.123 KST" is at the beginning of the text; 0: there is none. */
static size_t
time_length(struct view text)
{
    size_t space = find_byte(text, find_byte(text, 0, ' ') + 1, ' '), length = space + 1;

    if (space >= text.length)
        return 0;
    while (length < text.length &&
           ((text.bytes[length] | 0x20) >= 'a'
                ? (text.bytes[length] | 0x20) <= 'z'
                : text.bytes[length] == '+' ||
                      (text.bytes[length] >= '0' && text.bytes[length] <= '9') ||
                      (text.bytes[length] == '-' && length == space + 1)))
        length++;
    return length;
}

static int
field_of(char what)
{
    switch (what) {
    case 't':
    case 'm':
    case 'n':
        return SERVER_LOG_TIME;
    case 'p':
        return SERVER_LOG_PID;
    case 'u':
        return SERVER_LOG_USER;
    case 'd':
        return SERVER_LOG_DATABASE;
    case 'r':
        return SERVER_LOG_FROM;
    case 'h':
        return SERVER_LOG_HOST;
    case 'a':
        return SERVER_LOG_APPLICATION;
    case 'b':
        return SERVER_LOG_TYPE;
    case 'c':
        return SERVER_LOG_SESSION;
    case 's':
        return SERVER_LOG_START;
    case 'i':
        return SERVER_LOG_PS;
    default:
        return -1;
    }
}

static struct view
trimmed(struct view text)
{
    while (text.length > 0 && text.bytes[0] == ' ')
        text = view_of(text.bytes + 1, text.length - 1);
    while (text.length > 0 && text.bytes[text.length - 1] == ' ')
        text.length--;
    return text;
}

/* "fe80::1(5432)": the host can have any of the characters that follow. 0: there is none. */
static size_t
remote_length(struct view text)
{
    size_t at = find_byte(text, 0, '('), digits = 0;

    if (find_byte(text, 0, ' ') < at)
        return 0;
    while (at + 1 + digits < text.length && text.bytes[at + 1 + digits] >= '0' &&
           text.bytes[at + 1 + digits] <= '9')
        digits++;
    return digits > 0 && at + 1 + digits < text.length && text.bytes[at + 1 + digits] == ')'
               ? at + digits + 2
               : 0;
}

/* What stands for part `i`, from `at` on: its end. */
static size_t
end_of_part(const struct server_log *log, size_t i, struct view line, size_t at)
{
    const struct server_log_prefix_part *next =
        i + 1 < log->prefix_count ? &log->prefix[i + 1] : NULL;
    struct view rest = view_of(line.bytes + at, line.length - at);
    size_t end;

    if (strchr("tms", log->prefix[i].what) != NULL)
        return at + time_length(rest);
    if (log->prefix[i].what == 'r' && (end = remote_length(rest)) > 0)
        return at + end;
    if (strchr("pnPl", log->prefix[i].what) != NULL) { /* numbers end by themselves */
        while (at < line.length &&
               ((line.bytes[at] >= '0' && line.bytes[at] <= '9') || line.bytes[at] == '.'))
            at++;
        return at;
    }
    if (next == NULL || next->what != '\0') /* nothing says where it ends: a word */
        return find_byte(line, at, ' ');
    return find_byte(line, at, next->character);
}

static void
put_part(struct server_log *log, char what, struct view text)
{
    int field = field_of(what);

    text = trimmed(text);
    if (field < 0 || text.length == 0 || view_is(text, "[unknown]"))
        return;
    server_log_put(log, (enum server_log_field)field, text);
}

bool
server_log_stderr(struct server_log *log, struct view line)
{
    size_t at = 0;

    for (size_t i = 0; i < log->prefix_count; i++) {
        const struct server_log_prefix_part *part = &log->prefix[i];
        size_t end;

        if (part->what == 'q') { /* a process without a session ends its prefix here */
            if (take_message(log, view_of(line.bytes + at, line.length - at))) {
                server_log_put(log, SERVER_LOG_TYPE, VIEW("no session"));
                return true;
            }
            continue;
        }
        if (part->what == '\0') {
            if (at >= line.length || line.bytes[at] != (uint8_t)part->character)
                return false;
            at++;
            continue;
        }
        while (at < line.length && line.bytes[at] == ' ' && part->width > 0)
            at++;
        end = end_of_part(log, i, line, at);
        put_part(log, part->what, view_of(line.bytes + at, end - at));
        while (end < line.length && line.bytes[end] == ' ' && (ssize_t)(end - at) < -part->width)
            end++;
        at = end;
    }
    return log->fields[SERVER_LOG_PID].is_there && log->fields[SERVER_LOG_TIME].is_there &&
           take_message(log, view_of(line.bytes + at, line.length - at));
}
