/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/event.h"

#include "scan/date.h"
#include "scan/find.h"

enum { HOUR = 3600, YEAR_LEAST = 1970, YEAR_MOST = 2200, EPOCH_DIGITS = 9 /* 1973 */ };

static bool
take_number(struct reader *r, unsigned digits, unsigned least, unsigned most, unsigned *number)
{
    const uint8_t *at = r->at;
    unsigned n = 0, worst = 0;

    if (reader_left(r) < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        unsigned digit = at[i] - (unsigned)'0';

        worst = digit > worst ? digit : worst;
        n = n * 10 + digit;
    }
    r->at = at + digits;
    *number = n;
    return worst <= 9 && n >= least && n <= most;
}

static bool
take_byte(struct reader *r, char wanted)
{
    return reader_u8(r) == (uint8_t)wanted && !r->failed;
}

/* "13:55:36" */
static bool
take_clock(struct reader *r, int64_t *seconds)
{
    unsigned hour, minute, second;

    if (!take_number(r, 2, 0, 23, &hour) || !take_byte(r, ':') ||
        !take_number(r, 2, 0, 59, &minute) || !take_byte(r, ':') ||
        !take_number(r, 2, 0, 60, &second))
        return false;
    *seconds = (int64_t)hour * HOUR + minute * 60 + second;
    return true;
}

/* "-0700", "+09:00", "+09", "Z" */
static bool
take_zone(struct reader *r, int64_t *east)
{
    uint8_t sign = reader_u8(r);
    unsigned hours, minutes = 0;

    *east = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    if ((sign != '+' && sign != '-') || !take_number(r, 2, 0, 16, &hours))
        return false;
    if (reader_left(r) > 0 && *r->at == ':' && (reader_u8(r), reader_left(r) == 0))
        return false;
    if (reader_left(r) > 0 && !take_number(r, 2, 0, 59, &minutes))
        return false;
    *east = ((int64_t)hours * HOUR + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

static bool
take_month(struct reader *r, unsigned *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct view name = reader_bytes(r, 3);

    if (name.length != 3)
        return false;
    for (*month = 1; *month <= 12; (*month)++) {
        const char *due = names + 3 * (size_t)(*month - 1);

        if (name.bytes[2] == (uint8_t)due[2] && name.bytes[1] == (uint8_t)due[1] &&
            name.bytes[0] == (uint8_t)due[0])
            return true;
    }
    return false;
}

/* "10/Oct/2000:13:55:36 -0700" */
static bool
take_common(struct reader *r, int64_t *time)
{
    unsigned day, month, year;
    int64_t days, seconds, east;

    if (!take_number(r, 2, 1, 31, &day) || !take_byte(r, '/') || !take_month(r, &month) ||
        !take_byte(r, '/') || !take_number(r, 4, YEAR_LEAST, YEAR_MOST, &year) ||
        !take_byte(r, ':') || !take_clock(r, &seconds) || !take_byte(r, ' ') ||
        !take_zone(r, &east) || !date_days(year, month, day, &days))
        return false;
    *time = (days * 24 * HOUR + seconds - east) * NANOSECONDS_PER_SECOND;
    return true;
}

static int64_t
take_fraction(struct reader *r)
{
    int64_t unit = NANOSECONDS_PER_SECOND, rest = 0;

    while (reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9') {
        unit /= 10;
        rest += (*r->at++ - '0') * unit;
    }
    return rest;
}

/* "2026-11-24T10:00:00.123+09:00" */
static bool
take_iso(struct reader *r, int64_t *time)
{
    unsigned year, month, day;
    int64_t days, seconds, east = 0, rest = 0;
    uint8_t between;

    if (!take_number(r, 4, YEAR_LEAST, YEAR_MOST, &year) || !take_byte(r, '-') ||
        !take_number(r, 2, 1, 12, &month) || !take_byte(r, '-') ||
        !take_number(r, 2, 1, 31, &day) || !date_days(year, month, day, &days))
        return false;
    between = reader_u8(r);
    if ((between != 'T' && between != 't' && between != ' ') || !take_clock(r, &seconds))
        return false;
    if (reader_left(r) > 0 && (*r->at == '.' || *r->at == ',')) {
        reader_u8(r);
        rest = take_fraction(r);
    }
    if (reader_left(r) > 0 && *r->at == ' ')
        reader_u8(r);
    if (reader_left(r) > 0 && !take_zone(r, &east))
        return false;
    *time = (days * 24 * HOUR + seconds - east) * NANOSECONDS_PER_SECOND + rest;
    return true;
}

/* Seconds, or with as many digits as only smaller units have today. */
static bool
take_epoch(struct reader *r, int64_t *time)
{
    static const struct {
        unsigned digits;
        int64_t unit;
    } units[] = {
        {11, NANOSECONDS_PER_SECOND}, {14, NANOSECONDS_PER_MILLISECOND}, {17, 1000}, {19, 1}};
    unsigned digits = 0, u = 0;
    int64_t n = 0;

    while (reader_left(r) > 0 && *r->at >= '0' && *r->at <= '9' && digits++ < 19)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, reader_u8(r) - '0', &n))
            return false;
    while (u < COUNT_OF(units) && digits > units[u].digits)
        u++;
    if (digits < EPOCH_DIGITS || u == COUNT_OF(units) ||
        __builtin_mul_overflow(n, units[u].unit, &n))
        return false;
    if (u == 0 && reader_left(r) > 0 && *r->at == '.') {
        reader_u8(r);
        n += take_fraction(r);
    }
    *time = n;
    return true;
}

bool
event_time(struct view text, int64_t *time)
{
    struct reader r;
    bool is_time;

    if (text.length >= 2 && text.bytes[0] == '[' && text.bytes[text.length - 1] == ']')
        text = view_of(text.bytes + 1, text.length - 2);
    r = reader_of(text);
    if (text.length > 10 && text.bytes[2] == '/')
        is_time = take_common(&r, time);
    else if (text.length > 10 && text.bytes[4] == '-')
        is_time = take_iso(&r, time);
    else
        is_time = take_epoch(&r, time);
    return is_time && reader_end(&r) == 0 && *time > 0;
}

bool
event_time_again(struct event_clock *clock, struct view text, int64_t *time)
{
    if (clock == NULL || text.length == 0 || text.length > sizeof(clock->text))
        return event_time(text, time);
    if (clock->length == text.length && memcmp(clock->text, text.bytes, text.length) == 0) {
        *time = clock->time;
        return true;
    }
    if (!event_time(text, time))
        return false;
    clock->time = *time;
    clock->length = (uint8_t)text.length;
    memcpy(clock->text, text.bytes, text.length);
    return true;
}

/* ---- the request ---- */

/* "GET /path HTTP/1.1"; what has spaces inside goes up to the last one. A request that is none
 * ("-", or bytes of TLS) has no target. */
static void
split_request(struct event *event)
{
    struct view request = event->slot[SLOT_REQUEST];
    const uint8_t *end = request.bytes + request.length, *last;
    const uint8_t *space = find_byte(request.bytes, end, ' ');

    if (space == end)
        return;
    last = end - space > 9 ? end - 9 : NULL;
    if (last == NULL || memcmp(last, " HTTP/1.", 8) != 0 || end[-1] == ' ')
        last = memrchr(space, ' ', (size_t)(end - space));
    if (last > space && (size_t)(end - last) > 5 && memcmp(last, " HTTP/", 6) == 0)
        end = last;
    event->slot[SLOT_METHOD] = view_of(request.bytes, (size_t)(space - request.bytes));
    event->slot[SLOT_TARGET] = view_of(space + 1, (size_t)(end - space - 1));
}

static bool
take_status(struct event *event)
{
    struct view text = event->slot[SLOT_STATUS];
    struct reader r = reader_of(text);

    if (event_is_blank(text))
        return true;
    if (text.length == 1 && text.bytes[0] == '0') /* Envoy: no answer was given */
        return true;
    return take_number(&r, 3, 100, 999, &event->status) && reader_end(&r) == 0;
}

bool
event_complete(struct event *event, struct event_clock *clock)
{
    event->what = EVENT_REQUEST;
    event->status = 0;
    if (event->slot[SLOT_REQUEST].length > 0 && event->slot[SLOT_TARGET].length == 0)
        split_request(event);
    if (event->time == 0 && !event_time_again(clock, event->slot[SLOT_TIME], &event->time))
        return false;
    if (!take_status(event))
        return false;
    return event->slot[SLOT_TARGET].length > 0 || event->slot[SLOT_ADDRESS].length > 0 ||
           event->slot[SLOT_ACCOUNT].length > 0;
}
