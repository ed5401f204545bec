/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/line_format.h"

#include "scan/find.h"
#include "scan/line_quick.h"

enum { NAME_SIZE = 64 };

struct pattern {
    struct line_format *format;
    const struct log_names *names;
    const char *at, **why;
    unsigned best[SLOT_COUNT]; /* of what fills a slot so far */
};

static int
fail(struct pattern *p, const char *why)
{
    *p->why = why;
    return PASU_E_MALFORMED;
}

/* ---- the pattern ---- */

/* $name or ${name}; `name` has room for NAME_SIZE. */
static int
take_nginx(struct pattern *p, char *name)
{
    bool has_brace = p->at[1] == '{';
    const char *start = p->at + 1 + has_brace, *end = start;

    while ((*end >= 'a' && *end <= 'z') || (*end >= 'A' && *end <= 'Z') ||
           (*end >= '0' && *end <= '9') || *end == '_')
        end++;
    if (end == start || end - start >= NAME_SIZE || (has_brace && *end != '}'))
        return fail(p, "$ without the name of a variable behind it");
    text_from_view(name, NAME_SIZE, view_of(start, (size_t)(end - start)));
    p->at = end + has_brace;
    return 0;
}

/* %h, %>s, %{User-Agent}i. Names of headers and cookies become those that nginx gives them. */
static int
take_apache(struct pattern *p, char *name)
{
    static const struct {
        char letter;
        const char *name;
    } letters[] = {{'h', "remote_addr"},    {'a', "remote_addr"}, {'u', "remote_user"},
                   {'t', "time_local"},     {'r', "request"},     {'s', "status"},
                   {'m', "request_method"}, {'U', "uri"},         {'q', "args"}};
    char inner[NAME_SIZE] = "";

    p->at++;
    while (*p->at == '>' || *p->at == '<' || *p->at == '!' || *p->at == ',' ||
           (*p->at >= '0' && *p->at <= '9'))
        p->at++;
    if (*p->at == '{') {
        const char *end = strchr(p->at, '}');

        if (end == NULL || end - p->at > NAME_SIZE - 10)
            return fail(p, "%{ without }");
        text_from_view(inner, sizeof(inner), view_of(p->at + 1, (size_t)(end - p->at - 1)));
        p->at = end + 1;
    }
    if (*p->at == '\0')
        return fail(p, "% without a letter behind it");
    name[0] = '\0';
    if (inner[0] == '\0')
        for (size_t i = 0; i < COUNT_OF(letters); i++)
            if (letters[i].letter == *p->at)
                snprintf(name, NAME_SIZE, "%s", letters[i].name);
    if (inner[0] != '\0' && *p->at == 't') {
        if (strcmp(inner, "sec") != 0 && strcmp(inner, "msec") != 0 && strcmp(inner, "usec") != 0)
            return fail(p, "%{…}t is read as sec, msec or usec; else write %t");
        snprintf(name, NAME_SIZE, "msec");
    } else if (inner[0] != '\0' && *p->at == 'a') {
        snprintf(name, NAME_SIZE, "remote_addr");
    } else if (inner[0] != '\0' && (*p->at == 'i' || *p->at == 'C' || *p->at == 'e')) {
        snprintf(name, NAME_SIZE, "%s%.50s",
                 *p->at == 'i'   ? "http_"
                 : *p->at == 'C' ? "cookie_"
                                 : "",
                 inner);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '-' ? '_' : *c >= 'A' && *c <= 'Z' && *p->at == 'i' ? (char)(*c | 0x20) : *c;
    }
    p->at++;
    return 0;
}

static bool
is_variable(const char *at, char sign)
{
    return *at == sign && at[1] != '\0' && at[1] != sign;
}

/* Literal text up to the next variable. */
static int
take_text(struct pattern *p, char sign, uint8_t *text, uint8_t *length)
{
    *length = 0;
    while (*p->at != '\0' && !is_variable(p->at, sign)) {
        if (*length == LINE_FORMAT_TEXT)
            return fail(p, "more than 16 characters of text between two variables");
        if (*p->at == '\\' && (p->at[1] == '"' || p->at[1] == '\\' || p->at[1] == 't')) {
            p->at++; /* as Apache's configuration writes it */
            text[(*length)++] = *p->at == 't' ? '\t' : (uint8_t)*p->at;
        } else {
            text[(*length)++] = (uint8_t)*p->at;
        }
        p->at += 1 + (*p->at == sign);
    }
    return 0;
}

/* Of several variables for one slot the best one fills it. */
static int8_t
choose_slot(struct pattern *p, const char *name)
{
    unsigned rank;
    int slot = name[0] != '\0' ? log_names_slot(p->names, view_of_text(name), &rank) : -1;

    if (slot < 0 || rank >= p->best[slot])
        return -1;
    for (size_t i = 0; i < p->format->count; i++)
        if (p->format->parts[i].slot == slot)
            p->format->parts[i].slot = -1;
    p->best[slot] = rank;
    return (int8_t)slot;
}

static int
take_variable(struct pattern *p, char sign, const uint8_t *before, uint8_t before_length)
{
    struct line_format *format = p->format;
    struct line_format_part *part = &format->parts[format->count];
    char name[NAME_SIZE];
    bool is_apache_time = sign == '%' && p->at[1] == 't';
    int result;

    if (format->count == LINE_FORMAT_PARTS)
        return PASU_E_RANGE;
    result = sign == '$' ? take_nginx(p, name) : take_apache(p, name);
    if (result != 0)
        return result;
    part->slot = choose_slot(p, name);
    part->is_quoted = before_length > 0 && before[before_length - 1] == '"';
    part->is_time = is_apache_time;
    result = take_text(p, sign, part->behind, &part->length);
    if (result == 0 && part->length == 0 && *p->at != '\0')
        return fail(p, "nothing stands between two variables: nobody can say where one ends");
    format->count++;
    return result;
}

static bool
has_slot(const struct line_format *format, enum slot slot)
{
    for (size_t i = 0; i < format->count; i++)
        if (format->parts[i].slot == (int)slot)
            return true;
    return false;
}

/* The kind's number; LANES_KINDS: there is no room for one more. */
static uint8_t
add_stop(struct lanes_wanted *stops, uint8_t byte)
{
    for (uint8_t k = 0; k < stops->count; k++)
        if (stops->kinds[k] == byte)
            return k;
    if (stops->count >= LANES_KINDS)
        return LANES_KINDS;
    stops->kinds[stops->count] = byte;
    return stops->count++;
}

/* Of values whose end is looked for, the one kind that ends them all. */
static uint8_t
ending_of(const struct line_format *format)
{
    uint8_t kind = LANES_KINDS;

    for (size_t i = 0; i < format->count; i++) {
        const struct line_format_part *part = &format->parts[i];

        if (part->quote > 0 || part->slot == SLOT_TIME)
            continue;
        if (part->is_quoted || (kind < LANES_KINDS && part->kind != kind))
            return LANES_KINDS;
        kind = part->kind;
    }
    return kind;
}

/* Of a quoted value it is known which of the line's quotes ends it, as most lines have no others.
 */
static void
find_quotes(struct line_format *format)
{
    size_t quotes = 0;

    format->quote = add_stop(&format->stops, '"');
    format->slash = add_stop(&format->stops, '\\');
    for (size_t i = 0; i < format->count; i++) {
        struct line_format_part *part = &format->parts[i];

        if (part->is_quoted && part->length > 0 && part->behind[0] == '"' && quotes > 0)
            part->quote = (uint8_t)quotes;
        for (size_t k = 0; k < part->length; k++)
            quotes += part->behind[k] == '"';
    }
    format->quotes = (uint8_t)(quotes <= LINE_QUOTES ? quotes : 0);
    format->ending = ending_of(format);
    if (quotes <= LINE_QUOTES && format->quote < LANES_KINDS && format->slash < LANES_KINDS)
        return;
    format->quote = LANES_KINDS;
    for (size_t i = 0; i < format->count; i++)
        format->parts[i].quote = 0;
}

static void
take_first_bytes(struct line_format_part *part)
{
    uint8_t mask[sizeof(part->mask)];

    for (size_t k = 0; k < sizeof(mask); k++)
        mask[k] = k < part->length ? 0xff : 0;
    memcpy(&part->mask, mask, sizeof(mask));
    memcpy(&part->first, part->behind, sizeof(part->first));
    part->first &= part->mask;
}

/* Where values can end is looked for in the whole line at once, unless the format is an unusual
 * one. */
static void
find_stops(struct line_format *format)
{
    size_t times = 0;

    for (size_t i = 0; i < format->count; i++) {
        struct line_format_part *part = &format->parts[i];

        times += part->slot == SLOT_TIME;
        take_first_bytes(part);
        part->kind = add_stop(&format->stops, part->length > 0 ? part->behind[0] : ' ');
        part->slash = part->is_quoted ? add_stop(&format->stops, '\\') : part->kind;
        if (part->kind == LANES_KINDS || part->slash == LANES_KINDS ||
            (part->is_time && part->slot != SLOT_TIME) ||
            (part->slot == SLOT_TIME && part->is_quoted) ||
            (part->length > 0 && part->behind[0] == '\\'))
            times = SLOT_COUNT;
        if (times > 1)
            break;
    }
    if (times != 1)
        format->stops.count = 0;
    format->newline = format->stops.count > 0 ? add_stop(&format->stops, '\n') : LANES_KINDS;
    if (format->newline < LANES_KINDS)
        find_quotes(format);
    else
        format->quote = LANES_KINDS;
}

int
line_format_parse(struct line_format *format, const char *pattern, const struct log_names *names,
                  const char **why)
{
    struct pattern p = {format, names, pattern, why, {0}};
    char sign = strchr(pattern, '$') != NULL ? '$' : '%';
    const uint8_t *before = format->before;
    uint8_t length;
    int result;

    *format = (struct line_format){0};
    *why = "";
    memset(p.best, 0xff, sizeof(p.best));
    result = take_text(&p, sign, format->before, &format->before_length);
    length = format->before_length;
    while (result == 0 && *p.at != '\0') {
        result = take_variable(&p, sign, before, length);
        if (result == 0) {
            before = format->parts[format->count - 1].behind;
            length = format->parts[format->count - 1].length;
        }
    }
    if (result == 0 && !has_slot(format, SLOT_TIME))
        return fail(&p, "without a time ($time_local, $time_iso8601, $msec; %t) no line says when");
    if (result == 0 && !has_slot(format, SLOT_REQUEST) && !has_slot(format, SLOT_TARGET))
        return fail(&p, "without a request ($request, $request_uri; %r, %U) no line says what");
    find_stops(format);
    return result;
}

/* ---- a line, step by step ---- */

/* Where the text behind a value begins: the value's end; NULL: it is not there. */
static const uint8_t *
end_of_value(const struct line_format_part *part, const uint8_t *at, const uint8_t *end)
{
    uint8_t slash = part->is_quoted ? '\\' : part->behind[0];
    struct find_kind stops = {{part->behind[0], slash, part->behind[0], part->behind[0]}, 0};

    if (part->length == 0 && !part->is_time) /* the last one: a word, or all that is left */
        return find_byte(at, end, ' ');
    if (part->is_time) {
        const uint8_t *close = at < end && *at == '[' ? find_byte(at, end, ']') : end;

        if (close == end)
            return NULL;
        at = close + 1;
    }
    if (part->length == 0)
        return at;
    for (;;) {
        at = find_any(at, end, stops);
        if (at == end)
            return NULL;
        if (part->is_quoted && *at == '\\') {
            at = end - at >= 2 ? at + 2 : end;
            continue;
        }
        if ((size_t)(end - at) < part->length)
            return NULL;
        if (part->length == 1 || memcmp(at, part->behind, part->length) == 0)
            return at;
        at++;
    }
}

/* What stands unquoted before the time is often what a client calls itself, and can have in it what
 * stands before a time: it ends where a time follows. */
static const uint8_t *
end_before_time(const struct line_format_part *part, const uint8_t *at, const uint8_t *end,
                struct event *event, struct event_clock *clock)
{
    const struct line_format_part *next = part + 1;
    const uint8_t *stop = end_of_value(part, at, end);

    while (stop != NULL) {
        const uint8_t *from = stop + part->length, *to = end_of_value(next, from, end);

        if (to != NULL && event_time_again(clock, view_of(from, (size_t)(to - from)), &event->time))
            return stop;
        stop = end_of_value(part, stop + 1, end);
    }
    return NULL;
}

static bool
read_slowly(const struct line_format *format, struct view line, struct event *event,
            struct event_clock *clock)
{
    const uint8_t *at = line.bytes, *end = line.bytes + line.length;

    for (size_t i = 0; i < SLOT_COUNT; i++)
        event->slot[i] = (struct view){0};
    event->time = 0;
    if (line.length < format->before_length ||
        memcmp(at, format->before, format->before_length) != 0)
        return false;
    at += format->before_length;
    for (size_t i = 0; i < format->count; i++) {
        const struct line_format_part *part = &format->parts[i];
        bool is_before_time = !part->is_quoted && part->length > 0 && i + 1 < format->count &&
                              part[1].slot == SLOT_TIME;
        const uint8_t *stop = is_before_time ? end_before_time(part, at, end, event, clock)
                                             : end_of_value(part, at, end);

        if (stop == NULL)
            return false;
        if (part->slot >= 0)
            event->slot[part->slot] = view_of(at, (size_t)(stop - at));
        at = stop + part->length;
    }
    return (at == end || *at == ' ') && event_complete(event, clock);
}

bool
line_format_read(const struct line_format *format, struct view line, struct event *event,
                 struct line_memory *memory)
{
    return line_quick_read(format, line, event, memory) ||
           read_slowly(format, line, event, &memory->clock);
}
