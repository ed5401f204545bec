/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/holidays.h"

#include "base/memory.h"
#include "base/os.h"

#include <stdlib.h>

enum { MINUTES_A_DAY = 24 * 60 };
enum {
    DAYS_BEFORE_1970 = 719468, /* since 1 March of the year 0: years end with February */
    DAYS_OF_400_YEARS = 146097,
    DAYS_BEFORE_JANUARY = 306, /* of such a year */
};
enum { WARN_DAYS = 31 /* before the first day that nothing is known of */ };

static int
compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

    return (a > b) - (a < b);
}

unsigned
holidays_year(uint32_t day)
{
    uint64_t days = (uint64_t)day + DAYS_BEFORE_1970;
    unsigned of_400 = (unsigned)(days % DAYS_OF_400_YEARS);
    /* Without its leap days, the last of which ends the 400 years. */
    unsigned year =
        (of_400 - of_400 / (4 * 365) + of_400 / 36524 - of_400 / (DAYS_OF_400_YEARS - 1)) / 365;
    unsigned day_of_year = of_400 - (365 * year + year / 4 - year / 100);

    return (unsigned)(days / DAYS_OF_400_YEARS) * 400 + year + (day_of_year >= DAYS_BEFORE_JANUARY);
}

int
holidays_make(struct holidays *h, const struct config *config)
{
    *h = (struct holidays){.count = config->holidays.date_count};
    for (size_t i = 0; i < config->holidays.year_count; i++) {
        uint64_t year = config->holidays.years[i] - HOLIDAY_YEAR_FIRST;

        if (year < HOLIDAY_YEARS)
            h->years[year / 64] |= UINT64_C(1) << year % 64;
    }
    if (h->count == 0)
        return 0;
    h->days = memory_new(h->count, sizeof(h->days[0]));
    if (!h->days)
        return PASU_E_NOMEM;
    memcpy(h->days, config->holidays.dates, h->count * sizeof(h->days[0]));
    qsort(h->days, h->count, sizeof(h->days[0]), compare);
    return 0;
}

void
holidays_release(struct holidays *h)
{
    memory_free(h->days);
    *h = (struct holidays){.count = 0};
}

bool
holidays_have(const struct holidays *h, uint32_t day)
{
    return h->count > 0 && bsearch(&day, h->days, h->count, sizeof(day), compare) != NULL;
}

bool
holidays_know(const struct holidays *h, uint32_t day)
{
    unsigned year = holidays_year(day) - HOLIDAY_YEAR_FIRST;

    return year < HOLIDAY_YEARS && (h->years[year / 64] >> year % 64 & 1);
}

/* The first rule that asks for holidays; the count of rules: none does. */
static size_t
first_asking(const struct config *config)
{
    for (size_t i = 0; i < config->rule_count; i++)
        for (size_t c = 0; c < config->rules[i].condition_count; c++) {
            const struct config_condition *condition = &config->rules[i].conditions[c];

            for (size_t v = 0; strcmp(condition->name, "days") == 0 && v < condition->values.count;
                 v++)
                if (strcmp(condition->values.items[v], "holiday") == 0)
                    return i;
        }
    return config->rule_count;
}

void
holidays_warn(const struct config *config, int64_t now, struct config_faults *warnings)
{
    uint32_t today = os_local_minute(now) / MINUTES_A_DAY;
    size_t rule = first_asking(config);
    struct holidays known;

    if (rule == config->rule_count || holidays_make(&known, config) != 0)
        return;
    for (uint32_t day = today; day <= today + WARN_DAYS; day++) {
        if (holidays_know(&known, day))
            continue;
        config_fault_add(warnings, config->path, config->rules[rule].line, 0,
                         "list its holidays in holidays.dates, then the year in holidays.years",
                         "rules[%zu].when.days asks for holidays, and those of %u are not listed: "
                         "on each of its days the rule counts as matched where it restricts, and "
                         "as not matched where it allows",
                         rule, holidays_year(day));
        break;
    }
    holidays_release(&known);
}
