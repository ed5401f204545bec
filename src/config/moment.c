/* SPDX-License-Identifier: Apache-2.0 */
#include "config/moment.h"

#include "base/os.h"
#include "config/quantity.h"

enum { DATE_LENGTH = 10, DAY_SECONDS = 86400, YEAR_FIRST = 1970, YEAR_LAST = 2200 };

/* Exactly `digits` digits at *text, which moves behind them; -1 where they are not there. */
static int
number(const char **text, int digits)
{
    int n = 0;

    for (int i = 0; i < digits; i++) {
        if (**text < '0' || **text > '9')
            return -1;
        n = n * 10 + (*(*text)++ - '0');
    }
    return n;
}

static bool
take(const char **text, const char *one_of)
{
    if (**text == '\0' || strchr(one_of, **text) == NULL)
        return false;
    ++*text;
    return true;
}

static int
days_of_month(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
}

/* Days from 1970-01-01 to the date, which is valid. */
static int64_t
days_until(int year, int month, int day)
{
    int64_t days = day - 1;

    for (int y = YEAR_FIRST; y < year; y++)
        days += days_of_month(y, 2) == 29 ? 366 : 365;
    for (int m = 1; m < month; m++)
        days += days_of_month(year, m);
    return days;
}

/* "2026-11-24" at *text; *seconds is its first. */
static int
parse_date(const char **text, int64_t *seconds)
{
    int year, month, day;

    year = number(text, 4);
    if (year < 0 || !take(text, "-"))
        return PASU_E_MALFORMED;
    month = number(text, 2);
    if (month < 1 || month > 12 || !take(text, "-"))
        return PASU_E_MALFORMED;
    day = number(text, 2);
    if (day < 1 || day > days_of_month(year, month))
        return PASU_E_MALFORMED;
    if (year < YEAR_FIRST || year > YEAR_LAST)
        return PASU_E_RANGE;
    *seconds = days_until(year, month, day) * DAY_SECONDS;
    return 0;
}

/* "Z", "+09:00": seconds to take off. */
static int
parse_offset(const char **text, int64_t *offset)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes;

    *offset = 0;
    if (take(text, "Zz"))
        return 0;
    if (!take(text, "+-"))
        return PASU_E_MALFORMED;
    hours = number(text, 2);
    if (hours < 0 || hours > 23 || !take(text, ":"))
        return PASU_E_MALFORMED;
    minutes = number(text, 2);
    if (minutes < 0 || minutes > 59)
        return PASU_E_MALFORMED;
    *offset = sign * (hours * 3600 + minutes * 60);
    return 0;
}

/* "10:00:00.25+09:00", "10:00+09:00" at *text: seconds and nanoseconds since the day's first moment
 * in UTC. A leap second is the one after it. */
static int
parse_clock(const char **text, int64_t *seconds, int64_t *nanoseconds)
{
    int hour = number(text, 2), minute, second;
    int64_t scale = NANOSECONDS_PER_SECOND / 10, offset;

    *nanoseconds = 0;
    if (hour < 0 || hour > 23 || !take(text, ":"))
        return PASU_E_MALFORMED;
    minute = number(text, 2);
    if (minute < 0 || minute > 59)
        return PASU_E_MALFORMED;
    second = take(text, ":") ? number(text, 2) : 0;
    if (second < 0 || second > 60)
        return PASU_E_MALFORMED;
    if (take(text, ".")) {
        if (**text < '0' || **text > '9')
            return PASU_E_MALFORMED;
        for (; **text >= '0' && **text <= '9'; ++*text, scale /= 10)
            *nanoseconds += (**text - '0') * scale;
    }
    if (parse_offset(text, &offset) != 0)
        return PASU_E_MALFORMED;
    *seconds = hour * 3600 + minute * 60 + second - offset;
    return 0;
}

/* "24h" or "24h ago". */
static int
parse_ago(int64_t *moment, const char *text, int64_t now)
{
    static const char ago[] = " ago";
    size_t length = strlen(text);
    char duration[32];
    uint64_t back;
    int result;

    if (length > sizeof(ago) - 1 && strcmp(text + length - (sizeof(ago) - 1), ago) == 0)
        length -= sizeof(ago) - 1;
    if (length >= sizeof(duration))
        return PASU_E_MALFORMED;
    memcpy(duration, text, length);
    duration[length] = '\0';
    result = quantity_duration(&back, duration);
    if (result != 0)
        return result;
    *moment = now - (int64_t)back;
    return *moment >= 0 ? 0 : PASU_E_RANGE;
}

/* How a text begins that is no duration. */
static bool
is_fixed(const char *text)
{
    return strlen(text) >= DATE_LENGTH && text[4] == '-';
}

int
moment_parse_fixed(int64_t *moment, const char *text, bool is_end)
{
    int64_t day, seconds, nanoseconds;
    const char *at = text;
    int result = is_fixed(text) ? parse_date(&at, &day) : PASU_E_MALFORMED;

    if (result != 0)
        return result;
    if (*at == '\0') {
        *moment = (day + (is_end ? DAY_SECONDS : 0)) * NANOSECONDS_PER_SECOND;
        return 0;
    }
    if (!take(&at, "Tt ") || parse_clock(&at, &seconds, &nanoseconds) != 0 || *at != '\0')
        return PASU_E_MALFORMED;
    *moment = (day + seconds) * NANOSECONDS_PER_SECOND + nanoseconds;
    return *moment >= 0 ? 0 : PASU_E_RANGE;
}

int
moment_parse(int64_t *moment, const char *text, int64_t now, bool is_end)
{
    return is_fixed(text) ? moment_parse_fixed(moment, text, is_end) : parse_ago(moment, text, now);
}
