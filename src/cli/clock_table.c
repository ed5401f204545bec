/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clock_table.h"

#include "base/os.h"
#include "cli/yaml_table.h"
#include "config/quantity.h"
#include "config/time_zone.h"

#include <stdlib.h>
#include <time.h>

enum {
    DAY_MINUTES = 24 * 60,
    DAYS_MAX = 366, /* business days */
    DAYS_LOOKED_AT = 4 * 366,
    LATEST_YEARS = 230, /* since 1970 */
    WITHIN_MAX_DAYS = 3660,
    ZONE_SIZE = 256
};

#define DAY (INT64_C(24) * 3600 * NANOSECONDS_PER_SECOND)

struct reading {
    struct clock_table *table;
    struct yaml_table yaml;
};

/* ---- which day it is ---- */

static bool
is_holiday(const struct clock_rule *rule, int64_t day)
{
    for (size_t i = 0; i < rule->holiday_count; i++)
        if (clock_holiday_is(&rule->holidays[i], day))
            return true;
    return false;
}

/* 1970-01-01 was a Thursday. */
static bool
is_business_day(const struct clock_rule *rule, int64_t day)
{
    int64_t weekday = (day + 4) % 7; /* 0: Sunday */

    return weekday != 0 && weekday != 6 && !is_holiday(rule, day);
}

/* The day of a moment in the time zone that is in use. */
static int64_t
day_of(int64_t moment)
{
    time_t seconds = (time_t)(moment / NANOSECONDS_PER_SECOND);
    struct tm tm = {0};

    localtime_r(&seconds, &tm);
    tm.tm_isdst = 0;
    tm.tm_hour = 12;
    tm.tm_min = tm.tm_sec = 0;
    return (int64_t)timegm(&tm) / (24 * 3600);
}

/* That minute of that day in the time zone that is in use. */
static int64_t
moment_of(int64_t day, unsigned minutes)
{
    time_t noon = (time_t)(day * 24 * 3600);
    struct tm tm = {0};

    gmtime_r(&noon, &tm);
    tm.tm_hour = (int)(minutes / 60);
    tm.tm_min = (int)(minutes % 60);
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * NANOSECONDS_PER_SECOND;
}

/* PASU_E_RANGE: there are not so many business days in the years that are looked at. Rules can make
 * a holiday of every day. */
static int
business_due(int64_t *due, const struct clock_rule *rule, int64_t since)
{
    int64_t day = day_of(since), end = day + DAYS_LOOKED_AT;

    for (unsigned left = rule->business_days; left > 0; left -= is_business_day(rule, day))
        if (++day > end)
            return PASU_E_RANGE;
    *due = moment_of(day, rule->until);
    return 0;
}

/* ---- reading ---- */

static bool
is_name(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length < NAME_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
               length;
}

static const char *
keep(struct reading *r, const char *text)
{
    return text ? store_dup(&r->table->store, view_of_text(text)) : NULL;
}

static void
read_length(struct reading *r, const struct yaml_node *node, struct clock_rule *rule)
{
    const char *within = yaml_table_text(&r->yaml, node, "within");
    const char *days = yaml_table_text(&r->yaml, node, "business_days");
    uint64_t value = 0;

    if ((within != NULL) == (days != NULL)) {
        yaml_table_fault(&r->yaml, node, "write within: 72h, or business_days: 4",
                         "a clock has one of within and business_days");
    } else if (within) {
        if (quantity_duration(&value, within) != 0 || value == 0 ||
            value > (uint64_t)(WITHIN_MAX_DAYS * DAY))
            yaml_table_fault(&r->yaml, yaml_table_get(node, "within"), "write 72h",
                             "within: %.32s is no time that the law sets", within);
        rule->within = (int64_t)value;
    } else {
        if (quantity_count(&value, days) != 0 || value == 0 || value > DAYS_MAX)
            yaml_table_fault(&r->yaml, yaml_table_get(node, "business_days"), "write 4",
                             "business_days: %.32s is no number of days", days);
        rule->business_days = (unsigned)value;
    }
}

static void
read_until(struct reading *r, const struct yaml_node *node, struct clock_rule *rule)
{
    const char *text = yaml_table_text(&r->yaml, node, "until");
    unsigned hour, minute;
    char more;

    rule->until = DAY_MINUTES;
    if (!text)
        return;
    if (sscanf(text, "%2u:%2u%c", &hour, &minute, &more) != 2 || minute > 59 ||
        hour * 60 + minute > DAY_MINUTES)
        yaml_table_fault(&r->yaml, yaml_table_get(node, "until"), "write until: \"17:30\"",
                         "until: %.32s is no time of the day", text);
    else
        rule->until = hour * 60 + minute;
}

static void
read_zone(struct reading *r, const struct yaml_node *node, struct clock_rule *rule)
{
    const char *text = yaml_table_text(&r->yaml, node, "time_zone");

    if (text && !time_zone_is_there(text))
        yaml_table_fault(&r->yaml, yaml_table_get(node, "time_zone"),
                         "write a name that is there, such as Asia/Seoul, or install tzdata",
                         "time_zone: %.64s is no time zone", text);
    rule->time_zone = keep(r, text);
}

static void
read_holidays(struct reading *r, const struct yaml_node *node, struct clock_rule *rule)
{
    const struct yaml_node *list = yaml_table_get(node, "holidays");

    if (!list || list->kind == YAML_EMPTY)
        return;
    if (list->kind != YAML_LIST || list->count > CLOCK_HOLIDAYS_MAX) {
        yaml_table_fault(&r->yaml, list, "write a list of days", "holidays is no list of days");
        return;
    }
    rule->holidays = store_new(&r->table->store, list->count, sizeof(*rule->holidays));
    if (!rule->holidays)
        return;
    for (const struct yaml_node *day = list->first; day; day = day->next) {
        if (day->kind != YAML_TEXT ||
            clock_holiday_parse(&rule->holidays[rule->holiday_count], day->text) != 0)
            yaml_table_fault(&r->yaml, day,
                             "write 2026-01-01, \"January 1\", \"January 1, observed\" (in quotes "
                             "within brackets), or third Monday of January",
                             "\"%.48s\" is no holiday", day->kind == YAML_TEXT ? day->text : "");
        else
            rule->holiday_count++;
    }
}

static void
read_rule(struct reading *r, const struct yaml_node *node)
{
    static const char *const names[] = {"name",  "law",       "from",     "within", "business_days",
                                        "until", "time_zone", "holidays", "to",     "source",
                                        NULL};
    struct clock_rule *rule = &r->table->rules[r->table->count];
    const char *from;
    int64_t due;

    *rule = (struct clock_rule){0};
    if (!yaml_table_keys(&r->yaml, node, "a clock", names))
        return;
    rule->name = keep(r, yaml_table_need(&r->yaml, node, "name"));
    rule->law = keep(r, yaml_table_need(&r->yaml, node, "law"));
    rule->to = keep(r, yaml_table_need(&r->yaml, node, "to"));
    rule->source = keep(r, yaml_table_need(&r->yaml, node, "source"));
    from = yaml_table_need(&r->yaml, node, "from");
    rule->is_material = from && strcmp(from, "material") == 0;
    if (from && !rule->is_material && strcmp(from, "known") != 0)
        yaml_table_fault(&r->yaml, yaml_table_get(node, "from"), "write known or material",
                         "from: %.32s is no beginning", from);
    if (rule->name && !is_name(rule->name))
        yaml_table_fault(&r->yaml, yaml_table_get(node, "name"),
                         "write letters, digits, _ and -, at most 63", "%.80s is no name",
                         rule->name);
    for (size_t i = 0; i < r->table->count && rule->name; i++)
        if (r->table->rules[i].name && strcmp(r->table->rules[i].name, rule->name) == 0)
            yaml_table_fault(&r->yaml, node, "give each a name of its own", "%s is there twice",
                             rule->name);
    read_length(r, node, rule);
    read_until(r, node, rule);
    read_zone(r, node, rule);
    read_holidays(r, node, rule);
    if (business_due(&due, rule, 0) != 0)
        yaml_table_fault(&r->yaml, yaml_table_get(node, "holidays"), "leave business days",
                         "the holidays leave too few business days in four years");
    r->table->count++;
}

static void
read_root(void *arg, const struct yaml_node *root)
{
    struct reading *r = arg;
    static const char *const names[] = {"clocks", NULL};
    const struct yaml_node *list = yaml_table_get(root, "clocks");

    if (!yaml_table_keys(&r->yaml, root, "the table", names))
        return;
    if (!list || list->kind != YAML_LIST || list->count == 0 || list->count > CLOCK_TABLE_MAX) {
        yaml_table_fault(&r->yaml, list, "write a list of 1 to 64 clocks",
                         "clocks is no list of clocks");
        return;
    }
    r->table->rules = store_new(&r->table->store, list->count, sizeof(*r->table->rules));
    for (const struct yaml_node *one = list->first; one && r->table->rules; one = one->next)
        read_rule(r, one);
}

int
clock_table_parse(struct clock_table *table, struct view text, const char *path,
                  struct config_faults *faults)
{
    struct reading r = {.table = table, .yaml = {path, faults}};

    *table = (struct clock_table){0};
    return yaml_table_read(&r.yaml, text, &table->store, read_root, &r);
}

void
clock_table_release(struct clock_table *table)
{
    store_release(&table->store);
    *table = (struct clock_table){0};
}

/* ---- of a rule ---- */

/* Behind it the process has the time zone that it had. */
static int
in_zone(int64_t *due, const struct clock_rule *rule, int64_t since)
{
    char before[ZONE_SIZE] = "";
    const char *was = getenv("TZ");
    int result;

    if (was && (size_t)snprintf(before, sizeof(before), "%s", was) >= sizeof(before))
        return PASU_E_RANGE;
    if (setenv("TZ", rule->time_zone ? rule->time_zone : "UTC", 1) != 0)
        return PASU_E_NOMEM;
    tzset();
    result = business_due(due, rule, since);
    if ((was ? setenv("TZ", before, 1) : unsetenv("TZ")) != 0)
        return PASU_E_NOMEM;
    tzset();
    return result;
}

int
clock_rule_due(int64_t *due, const struct clock_rule *rule, int64_t since)
{
    if (since < 0 || since > LATEST_YEARS * 365 * DAY)
        return PASU_E_RANGE;
    if (rule->within > 0) {
        *due = since + rule->within;
        return 0;
    }
    if (rule->time_zone && !time_zone_is_there(rule->time_zone))
        return PASU_E_NOTFOUND;
    return in_zone(due, rule, since);
}
