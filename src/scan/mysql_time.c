/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/mysql_time.h"

#include "base/os.h"
#include "scan/date.h"

enum { HOUR = 3600, YEAR_LEAST = 1970, YEAR_MOST = 2200, HOURS_MOST = 16 };

static bool
take_number(struct reader *r, unsigned digits, unsigned least, unsigned most, unsigned *number)
{
    *number = 0;
    for (unsigned i = 0; i < digits; i++) {
        uint8_t byte = reader_u8(r);

        if (byte == ' ' && i == 0 && digits == 2)
            continue;
        if (byte < '0' || byte > '9')
            return false;
        *number = *number * 10 + (byte - (unsigned)'0');
    }
    return *number >= least && *number <= most;
}

static bool
take_byte(struct reader *r, char wanted)
{
    return reader_left(r) > 0 && reader_u8(r) == (uint8_t)wanted;
}

/* Year, month and day: of two or four digits, with hyphens or not. */
static bool
take_date(struct reader *r, struct view text, int64_t *days)
{
    const uint8_t *space = text.length > 10 ? memchr(text.bytes, ' ', 11) : NULL;
    bool is_short = space == text.bytes + 6, has_hyphens = text.length > 10 && text.bytes[4] == '-';
    unsigned year, month, day;

    if (!take_number(r, is_short ? 2 : 4, 0, YEAR_MOST, &year) ||
        (has_hyphens && !take_byte(r, '-')) || !take_number(r, 2, 1, 12, &month) ||
        (has_hyphens && !take_byte(r, '-')) || !take_number(r, 2, 1, 31, &day))
        return false;
    if (is_short)
        year += 2000;
    return year >= YEAR_LEAST && date_days(year, month, day, days);
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

bool
mysql_zone(struct view text, int32_t *east)
{
    struct reader r = reader_of(text);
    unsigned hours, minutes = 0;
    uint8_t sign;

    *east = 0;
    if (view_equal(text, VIEW("Z")) || view_equal(text, VIEW("UTC")))
        return true;
    sign = reader_u8(&r);
    if ((sign != '+' && sign != '-') || !take_number(&r, 2, 0, HOURS_MOST, &hours))
        return false;
    if (reader_left(&r) > 0 && *r.at == ':')
        reader_u8(&r);
    if (reader_left(&r) > 0 && !take_number(&r, 2, 0, 59, &minutes))
        return false;
    *east = (int32_t)(hours * HOUR + minutes * 60) * (sign == '-' ? -1 : 1);
    return reader_end(&r) == 0;
}

bool
mysql_time(struct view text, int32_t east, int64_t *time)
{
    struct reader r = reader_of(text);
    unsigned hour, minute, second;
    int64_t days, rest = 0;

    if (!take_date(&r, text, &days) || reader_left(&r) == 0)
        return false;
    if (*r.at != 'T' && *r.at != ' ')
        return false;
    reader_u8(&r);
    if (!take_number(&r, 2, 0, 23, &hour) || !take_byte(&r, ':') ||
        !take_number(&r, 2, 0, 59, &minute) || !take_byte(&r, ':') ||
        !take_number(&r, 2, 0, 60, &second))
        return false;
    if (reader_left(&r) > 0 && *r.at == '.') {
        reader_u8(&r);
        rest = take_fraction(&r);
    }
    if (reader_left(&r) > 0 && *r.at == ' ')
        reader_u8(&r);
    if (reader_left(&r) > 0 && !mysql_zone(reader_bytes(&r, reader_left(&r)), &east))
        return false;
    *time = (days * 24 * HOUR + (int64_t)hour * HOUR + minute * 60 + second - east) *
                NANOSECONDS_PER_SECOND +
            rest;
    return *time > 0;
}
