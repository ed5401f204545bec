/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as samples have them. See sample_build.h. */
#include "breach/day.h"
#include "cli/sample_build.h"
#include "config/moment.h"

#include <ctype.h>

/* A date without a zone is of one of these: from UTC+14 to UTC-12. */
#define ZONE_AHEAD  (14 * 3600 * NANOSECONDS_PER_SECOND)
#define ZONE_BEHIND (12 * 3600 * NANOSECONDS_PER_SECOND)

/* A number of at most so many digits; -1: there is none. */
static int
read_number(const char **at, int digits)
{
    int number = 0, count = 0;

    for (; count < digits && isdigit((unsigned char)**at); count++)
        number = number * 10 + (*(*at)++ - '0');
    return count > 0 ? number : -1;
}

/* What stands between the parts of a date: "-", "/", "." or ". "; in "20260503" nothing. */
static bool
pass_over(const char **at, char between)
{
    if (between == '\0')
        return true;
    if (**at != between)
        return false;
    ++*at;
    while (between == '.' && **at == ' ')
        ++*at;
    return true;
}

/* "2026-05-03", "2026.5.3.", "2026. 5. 3.", "2026/05/03 14:00", "20260503" and RFC 3339; only the
 * day counts where no zone is said. */
static bool
read_day(const char *text, int64_t *moment, bool *has_zone)
{
    bool is_whole = strspn(text, "0123456789") == 8;
    int year, month = -1, day = -1;
    char plain[16], between;

    *has_zone = strchr(text, 'T') != NULL && moment_parse_fixed(moment, text, false) == 0;
    if (*has_zone)
        return true;
    year = read_number(&text, 4);
    between = is_whole ? '\0' : *text;
    if (year < 1970 || (!is_whole && (between == '\0' || strchr("-./", between) == NULL)))
        return false;
    if (pass_over(&text, between))
        month = read_number(&text, 2);
    if (month > 0 && pass_over(&text, between))
        day = read_number(&text, 2);
    if (day <= 0 || isdigit((unsigned char)*text))
        return false;
    snprintf(plain, sizeof(plain), "%04d-%02d-%02d", year % 10000, month % 100, day % 100);
    return moment_parse_fixed(moment, plain, false) == 0;
}

bool
sample_build_day(const char *text, int32_t *first, int32_t *last)
{
    int64_t moment;
    bool has_zone;

    if (!read_day(text, &moment, &has_zone))
        return false;
    *first = day_of(has_zone ? moment : moment - ZONE_AHEAD);
    *last = day_of(has_zone ? moment : moment + DAY + ZONE_BEHIND - 1);
    return true;
}
