/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clock_holiday.h"

#include "base/attributes.h"
#include "base/os.h"
#include "config/moment.h"

#include <strings.h>
#include <time.h>

enum { DAY_LENGTH = 24 * 3600, WORDS_MAX = 4, WORD_SIZE = 16, LAST = 5 };
enum { MONDAY = 1, FRIDAY = 5 };

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const uint8_t lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char *const ordinals[] = {"first", "second", "third", "fourth", "last"};

/* ---- reading ---- */

/* The place of a word, from 1 on; 0: it is none of them. */
static uint8_t
place_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(word, words[i]) == 0)
            return (uint8_t)(i + 1);
    return 0;
}

/* What is apart by blanks, and by one comma behind the second; 0: too many, or too long. */
static size_t
split(const char *text, char words[WORDS_MAX][WORD_SIZE], bool *has_comma)
{
    size_t count = 0;

    *has_comma = false;
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ,");

        if (count == WORDS_MAX || length == 0 || length >= WORD_SIZE)
            return 0;
        memcpy(words[count], text, length);
        words[count++][length] = '\0';
        text += length;
        if (*text == ',' && (*has_comma || count != 2))
            return 0;
        *has_comma |= *text == ',';
        text += *text == ',';
    }
    return count;
}

/* "4" or "04" of a month. */
static uint8_t
day_number(const char *word, uint8_t month)
{
    unsigned day = 0;
    size_t length = strspn(word, "0123456789");

    if (length == 0 || length > 2 || word[length] != '\0')
        return 0;
    for (size_t i = 0; i < length; i++)
        day = day * 10 + (unsigned)(word[i] - '0');
    return day <= lengths[month - 1] ? (uint8_t)day : 0;
}

static int
parse_words(struct clock_holiday *h, char words[WORDS_MAX][WORD_SIZE], size_t count, bool has_comma)
{
    if (count == 4 && !has_comma && strcasecmp(words[2], "of") == 0) {
        h->form = HOLIDAY_WEEKDAY;
        h->nth = place_of(words[0], ordinals, COUNT_OF(ordinals));
        h->weekday = place_of(words[1], weekdays, COUNT_OF(weekdays));
        h->month = place_of(words[3], months, COUNT_OF(months));
        if (h->nth == 0 || h->weekday-- == 0 || h->month == 0)
            return PASU_E_MALFORMED;
        return 0;
    }
    if (!(count == 2 && !has_comma) &&
        !(count == 3 && has_comma && strcasecmp(words[2], "observed") == 0))
        return PASU_E_MALFORMED;
    h->form = count == 2 ? HOLIDAY_DATE : HOLIDAY_OBSERVED;
    h->month = place_of(words[0], months, COUNT_OF(months));
    h->day = h->month > 0 ? day_number(words[1], h->month) : 0;
    return h->day > 0 ? 0 : PASU_E_MALFORMED;
}

int
clock_holiday_parse(struct clock_holiday *h, const char *text)
{
    char words[WORDS_MAX][WORD_SIZE];
    bool has_comma;
    int64_t moment;
    size_t count;

    *h = (struct clock_holiday){.form = HOLIDAY_ONCE};
    if (strlen(text) == 10 && moment_parse_fixed(&moment, text, false) == 0) {
        h->once = moment / NANOSECONDS_PER_SECOND / DAY_LENGTH;
        return 0;
    }
    count = split(text, words, &has_comma);
    return count > 0 ? parse_words(h, words, count, has_comma) : PASU_E_MALFORMED;
}

/* ---- which day it is ---- */

static struct tm
date_of(int64_t day)
{
    time_t seconds = (time_t)(day * DAY_LENGTH);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    return tm;
}

static bool
is_date(const struct clock_holiday *h, int64_t day)
{
    struct tm tm = date_of(day);

    return tm.tm_mon + 1 == h->month && tm.tm_mday == h->day;
}

static bool
is_weekday(const struct clock_holiday *h, int64_t day)
{
    struct tm tm = date_of(day);

    if (tm.tm_mon + 1 != h->month || tm.tm_wday != h->weekday)
        return false;
    if (h->nth == LAST)
        return date_of(day + 7).tm_mon != tm.tm_mon;
    return (tm.tm_mday - 1) / 7 + 1 == h->nth;
}

bool
clock_holiday_is(const struct clock_holiday *h, int64_t day)
{
    int weekday = date_of(day).tm_wday;

    switch (h->form) {
    case HOLIDAY_ONCE:
        return day == h->once;
    case HOLIDAY_DATE:
        return is_date(h, day);
    case HOLIDAY_OBSERVED: /* a Saturday's or Sunday's own day is no business day anyway */
        return is_date(h, day) || (weekday == FRIDAY && is_date(h, day + 1)) ||
               (weekday == MONDAY && is_date(h, day - 1));
    case HOLIDAY_WEEKDAY:
        return is_weekday(h, day);
    }
    return false;
}
