/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_days.h"

#include "base/memory.h"
#include "breach/index_each.h"

void
index_days_release(struct index_days *days)
{
    for (size_t d = 0; d < days->count; d++)
        index_day_release(&days->items[d]);
    memory_free(days->items);
    map_release(&days->by);
    *days = (struct index_days){0};
}

/* The day is taken, whatever comes of it. */
static struct index_day *
add(struct index_days *days, struct index_day *day)
{
    if (days->count == days->space) {
        size_t space = days->space * 2 + 64;
        struct index_day *items = memory_resize(days->items, space, sizeof(*items));

        if (items == NULL) {
            index_day_release(day);
            return NULL;
        }
        days->items = items;
        days->space = space;
    }
    if (map_put(&days->by, (uint32_t)day->day, (uint32_t)days->count) != 0) {
        index_day_release(day);
        return NULL;
    }
    if (days->count == 0 || day->day > days->newest)
        days->newest = day->day;
    days->last = days->count++;
    days->items[days->last] = *day;
    return &days->items[days->last];
}

static int
load_day(void *arg, struct view key, struct view value)
{
    struct index_day day;
    int result = index_day_read(&day, index_day_of(bytes_get_u32(key.bytes + 1)), value);

    if (result != 0)
        return result;
    return add(arg, &day) != NULL ? 0 : PASU_E_NOMEM;
}

int
index_days_load(struct index_days *days, struct index *index)
{
    return index_each_number(index, INDEX_DAY, load_day, days);
}

int
index_days_save(const struct index_days *days, struct index *index)
{
    int result = 0;

    for (size_t d = 0; result == 0 && d < days->count; d++)
        if (days->items[d].is_changed)
            result = index_day_save(&days->items[d], index);
    return result;
}

struct index_day *
index_days_find(struct index_days *days, int32_t number)
{
    uint32_t place;

    if (days->count > 0 && days->items[days->last].day == number)
        return &days->items[days->last];
    if (days->count == 0 || !map_get(&days->by, (uint32_t)number, &place))
        return NULL;
    days->last = place;
    return &days->items[place];
}

struct index_day *
index_days_add(struct index_days *days, int32_t number, uint64_t from, struct index_noted noted)
{
    struct index_day day = index_day_begin(number, from, noted);

    return add(days, &day);
}
