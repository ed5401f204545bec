/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times as log_timezone writes them. The zone is an abbreviation, which need not say how far it is
 * from UTC ("CST"). csvlog and jsonlog tell that themselves: they have the beginning of each
 * session once as such a time and once in seconds since 1970. Else it is a number ("+09"), or one
 * of those that mean the same everywhere, or the machine's own zone.
 */
#include "scan/server_log_part.h"

#include "base/os.h"
#include "scan/date.h"

#include <assert.h>
#include <time.h>

enum { HOUR = 3600, OFFSET_MAX = 16 * HOUR, YEAR_MIN = 1970, YEAR_MAX = 2200 };

/* ---- as the clock shows it ---- */

static bool
take_digits(struct reader *r, unsigned count, unsigned *number)
{
    *number = 0;
    while (count-- > 0) {
        uint8_t byte = reader_u8(r);

        if (byte < '0' || byte > '9')
            return false;
        *number = *number * 10 + (byte - (unsigned)'0');
    }
    return true;
}

static bool
take_second(struct reader *r, int64_t *seconds)
{
    static const char before[] = {'-', '-', ' ', ':', ':'};
    static const unsigned most[] = {YEAR_MAX, 12, 31, 23, 59, 60}, least[] = {YEAR_MIN, 1, 1};
    unsigned part[6];
    int64_t days;

    for (size_t i = 0; i < COUNT_OF(part); i++) {
        if (i > 0 && reader_u8(r) != before[i - 1])
            return false;
        if (!take_digits(r, i == 0 ? 4 : 2, &part[i]) || part[i] > most[i] ||
            (i < COUNT_OF(least) && part[i] < least[i]))
            return false;
    }
    if (!date_days(part[0], part[1], part[2], &days))
        return false;
    *seconds = days * 24 * HOUR + part[3] * HOUR + part[4] * 60 + part[5];
    return true;
}

static bool
take_fraction_and_zone(struct reader r, int64_t seconds, int64_t *local, struct view *zone)
{
    int64_t unit = NANOSECONDS_PER_SECOND, rest = 0;

    if (r.at < r.end && *r.at == '.') {
        r.at++;
        while (r.at < r.end && *r.at >= '0' && *r.at <= '9') {
            unit /= 10;
            rest += (*r.at++ - '0') * unit;
        }
    }
    if (r.at == r.end || *r.at++ != ' ')
        return false;
    *zone = view_of(r.at, (size_t)(r.end - r.at));
    *local = seconds * NANOSECONDS_PER_SECOND + rest;
    return zone->length > 0 && zone->length < SERVER_LOG_ZONE_SIZE;
}

bool
server_log_local(struct view text, int64_t *local, struct view *zone)
{
    struct reader r = reader_of(text);
    int64_t seconds;

    return take_second(&r, &seconds) && take_fraction_and_zone(r, seconds, local, zone);
}

/* In three words, which overlap: a call costs more. */
static inline bool
is_same_second(const uint8_t *a, const uint8_t *b)
{
    static_assert(SERVER_LOG_SECOND > 16 && SERVER_LOG_SECOND <= 24, "three words");
    return memcmp(a, b, 8) == 0 && memcmp(a + 8, b + 8, 8) == 0 &&
           memcmp(a + SERVER_LOG_SECOND - 8, b + SERVER_LOG_SECOND - 8, 8) == 0;
}

bool
server_log_local_again(struct server_log_second *known, struct view text, int64_t *local,
                       struct view *zone)
{
    struct reader r = reader_of(text);

    if (text.length < SERVER_LOG_SECOND)
        return false;
    if (!known->is_known || !is_same_second(known->text, text.bytes)) {
        known->is_known = take_second(&r, &known->seconds);
        if (!known->is_known)
            return false;
        memcpy(known->text, text.bytes, SERVER_LOG_SECOND);
    }
    r.at = text.bytes + SERVER_LOG_SECOND;
    return take_fraction_and_zone(r, known->seconds, local, zone);
}

/* ---- zones ---- */

/* "+09", "-0330", "+05:45": east of UTC. */
static bool
zone_of_number(struct view zone, int32_t *offset)
{
    struct reader r = reader_of(zone);
    uint8_t sign = reader_u8(&r);
    unsigned hours, minutes = 0;

    if ((sign != '+' && sign != '-') || !take_digits(&r, 2, &hours))
        return false;
    if (reader_left(&r) > 0 && *r.at == ':')
        reader_u8(&r);
    if (reader_left(&r) > 0 && !take_digits(&r, 2, &minutes))
        return false;
    *offset = (int32_t)(hours * HOUR + minutes * 60) * (sign == '-' ? -1 : 1);
    return reader_end(&r) == 0 && hours <= 16 && minutes < 60;
}

/* Those that mean one offset wherever they are in use: not CST, IST and their like. */
static bool
zone_of_name(struct view zone, int32_t *offset)
{
    static const struct {
        const char *name;
        int32_t minutes;
    } names[] = {
        {"UTC", 0},     {"GMT", 0},    {"WET", 0},    {"WEST", 60},  {"BST", 60},   {"CET", 60},
        {"CEST", 120},  {"EET", 120},  {"EEST", 180}, {"MSK", 180},  {"SAST", 120}, {"PKT", 300},
        {"WIB", 420},   {"HKT", 480},  {"KST", 540},  {"JST", 540},  {"AWST", 480}, {"ACST", 570},
        {"ACDT", 630},  {"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780}, {"AKST", -540},
        {"AKDT", -480}, {"PDT", -420}, {"MST", -420}, {"MDT", -360}, {"EST", -300}, {"EDT", -240},
        {"HST", -600},
    };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (view_is(zone, names[i].name)) {
            *offset = names[i].minutes * 60;
            return true;
        }
    return false;
}

/* The machine's own, where it has this name at that time. */
static bool
zone_of_machine(int64_t local, struct view zone, int32_t *offset)
{
    int64_t seconds = local / NANOSECONDS_PER_SECOND;

    for (int summer = 0; summer <= 1; summer++) {
        time_t there = (time_t)seconds, then;
        struct tm tm, found;

        if (gmtime_r(&there, &tm) == NULL)
            return false;
        tm.tm_isdst = summer;
        then = mktime(&tm);
        if (then == (time_t)-1 || localtime_r(&then, &found) == NULL ||
            !view_is(zone, found.tm_zone) || then + found.tm_gmtoff != there)
            continue;
        *offset = (int32_t)found.tm_gmtoff;
        return true;
    }
    return false;
}

/* Of few letters: each line asks for its zone. */
static inline bool
is_zone(const struct server_log_zone *known, struct view zone)
{
    size_t same = 0;

    while (same < zone.length && known->name[same] == (char)zone.bytes[same] &&
           known->name[same] != '\0')
        same++;
    return same == zone.length && known->name[same] == '\0';
}

static bool
zone_of_log(const struct server_log *log, struct view zone, int32_t *offset)
{
    for (size_t i = 0; log != NULL && i < log->zone_count; i++)
        if (is_zone(&log->zones[i], zone)) {
            *offset = log->zones[i].offset;
            return true;
        }
    return false;
}

bool
server_log_utc(const struct server_log *log, int64_t local, struct view zone, const int32_t *offset,
               int64_t *utc)
{
    int32_t found = offset != NULL ? *offset : 0;

    if (!zone_of_log(log, zone, &found) && !zone_of_number(zone, &found) &&
        !zone_of_name(zone, &found) && !zone_of_machine(local, zone, &found) && offset == NULL)
        return false;
    *utc = local - found * NANOSECONDS_PER_SECOND;
    return true;
}

void
server_log_learn(struct server_log *log, struct view zone, int32_t offset)
{
    struct server_log_zone *place = NULL;

    if (offset > OFFSET_MAX || offset < -OFFSET_MAX || zone.length >= SERVER_LOG_ZONE_SIZE)
        return;
    for (size_t i = 0; i < log->zone_count && place == NULL; i++)
        if (is_zone(&log->zones[i], zone))
            place = &log->zones[i];
    if (place != NULL && place->offset == offset)
        return;
    if (place == NULL && log->zone_count < SERVER_LOG_ZONES) {
        place = &log->zones[log->zone_count++];
    } else if (place == NULL) {
        place = &log->zones[log->zone_next];
        log->zone_next = (log->zone_next + 1) % SERVER_LOG_ZONES;
    }
    text_from_view(place->name, sizeof(place->name), zone);
    place->offset = offset;
    log->zone_turn++;
}
