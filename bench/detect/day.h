/* SPDX-License-Identifier: Apache-2.0 */
/* The observations of one day, which are sorted by time and written as they are in memory. */
#ifndef PASU_BENCH_DETECT_DAY_H
#define PASU_BENCH_DETECT_DAY_H

#include "dice.h"

struct crowd_day {
    struct observation *list;
    size_t count, room;
};

static inline struct observation *
day_add(struct crowd_day *day)
{
    if (day->count == day->room) {
        day->room = day->room == 0 ? 1 << 16 : day->room * 2;
        day->list = realloc(day->list, day->room * sizeof(*day->list));
        if (day->list == NULL)
            abort();
    }
    day->list[day->count] = (struct observation){.number = NUMBER_NONE};
    return &day->list[day->count++];
}

static int
day_compare(const void *a, const void *b)
{
    const struct observation *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static inline void
day_write(struct crowd_day *day, uint64_t *offset)
{
    for (size_t i = 0; i < day->count; i++)
        day->list[i].offset = (*offset)++;
    qsort(day->list, day->count, sizeof(*day->list), day_compare);
    if (fwrite(day->list, sizeof(*day->list), day->count, stdout) != day->count)
        exit(1);
    day->count = 0;
}

#endif
