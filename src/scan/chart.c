/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/chart.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/os.h"

#define DAY (24 * 3600 * NANOSECONDS_PER_SECOND)

int
chart_init(struct chart *chart, size_t count)
{
    chart->rows = memory_new(count + 1, sizeof(*chart->rows));
    chart->count = count;
    chart->width = 1;
    return chart->rows != NULL ? 0 : PASU_E_NOMEM;
}

void
chart_release(struct chart *chart)
{
    memory_free(chart->rows);
}

static void
add_day(struct chart_row *row, int32_t number, uint64_t persons)
{
    size_t at = row->day_count;

    while (at > 0 && row->days[at - 1].day > number)
        at--;
    if (at == 0 || row->days[at - 1].day != number) {
        if (row->day_count == CHART_DAYS)
            return;
        memmove(&row->days[at + 1], &row->days[at], (row->day_count - at) * sizeof(row->days[0]));
        row->days[at] = (struct chart_day){.day = number};
        row->day_count++;
        at++;
    }
    row->days[at - 1].reads++;
    for (; at <= row->day_count; at++) /* of a log that came late, the days behind it, too */
        if (row->days[at - 1].persons < persons)
            row->days[at - 1].persons = persons;
}

static void
add_country(struct chart_row *row, uint16_t country)
{
    size_t at = 0;

    while (at < row->country_count && row->countries[at].country != country)
        at++;
    if (at == CHART_COUNTRIES)
        at = CHART_COUNTRIES - 1;
    else if (at == row->country_count)
        row->countries[row->country_count++] =
            (struct chart_country){at == CHART_COUNTRIES - 1 ? 0 : country, 0};
    row->countries[at].reads++;
}

/* Twice as many keys in each range, until this one is in one of them. */
static void
widen(struct chart *chart, uint64_t number)
{
    while (number / chart->width >= CHART_RANGES) {
        chart->width *= 2;
        for (size_t i = 0; i < chart->count; i++) {
            uint64_t *ranges = chart->rows[i].ranges;

            for (size_t r = 0; r < CHART_RANGES; r++)
                ranges[r] = 2 * r < CHART_RANGES ? ranges[2 * r] + ranges[2 * r + 1] : 0;
        }
    }
}

void
chart_add(struct chart *chart, size_t finding, const struct observation *o, uint64_t persons)
{
    struct chart_row *row = &chart->rows[finding];

    add_day(row, (int32_t)(o->time / DAY), persons);
    add_country(row, o->country);
    if (o->number > UINT32_MAX)
        return;
    widen(chart, o->number);
    row->ranges[o->number / chart->width]++;
}
