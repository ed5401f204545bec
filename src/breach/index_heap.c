/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_heap.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_month.h"

static void
drop_units(struct index_heap *heap)
{
    for (size_t u = 0; u < heap->count; u++)
        unit_release(&heap->units[u]);
    heap->count = 0;
    heap->persons = 0;
    map_release(&heap->places);
    if (heap->recent_count > 0)
        memset(heap->recent, 0, heap->recent_count * sizeof(*heap->recent));
}

void
index_heap_release(struct index_heap *heap)
{
    drop_units(heap);
    memory_free(heap->units);
    memory_free(heap->recent);
    ordinals_release(&heap->months);
    ordinals_release(&heap->scratch);
    unit_scratch_release(&heap->unit_scratch);
    *heap = (struct index_heap){0};
}

static bool
make_room(struct index_heap *heap, uint32_t principal)
{
    if (heap->count == heap->space) {
        size_t space = heap->space * 2 + 64;
        struct unit *units =
            space < UINT32_MAX ? memory_resize(heap->units, space, sizeof(*units)) : NULL;

        if (units == NULL)
            return false;
        heap->units = units;
        heap->space = space;
    }
    if (principal >= heap->recent_count) {
        size_t count = (size_t)principal * 2 + 64;
        struct index_recent *recent = memory_resize(heap->recent, count, sizeof(*recent));

        if (recent == NULL)
            return false;
        memset(recent + heap->recent_count, 0, (count - heap->recent_count) * sizeof(*recent));
        heap->recent = recent;
        heap->recent_count = count;
    }
    return true;
}

static struct unit *
unit_at(struct index_heap *heap, uint32_t when, uint32_t principal)
{
    uint64_t key = (uint64_t)when << 32 | principal;
    struct index_recent *recent;
    uint32_t place;

    if (principal < heap->recent_count && heap->recent[principal].place != 0 &&
        heap->recent[principal].when == when)
        return &heap->units[heap->recent[principal].place - 1];
    if (!make_room(heap, principal))
        return NULL;
    if (heap->places.count == 0 || !map_get(&heap->places, key, &place)) {
        place = (uint32_t)heap->count;
        if (map_put(&heap->places, key, place) != 0)
            return NULL;
        heap->units[heap->count++] = (struct unit){.when = when, .principal = principal};
    }
    recent = &heap->recent[principal];
    *recent = (struct index_recent){when, place + 1};
    return &heap->units[place];
}

int
index_heap_add(struct index_heap *heap, int32_t day, uint32_t class,
               const struct index_group *group)
{
    struct unit *unit = unit_at(heap, index_day_number(day), group->principal);
    struct unit_class *to = unit == NULL ? NULL : unit_class_at(unit, class, group->part_count);

    if (to == NULL)
        return PASU_E_NOMEM;
    sums_add_one(&to->sums, group->time, group->statements, group->rows, group->misses,
                 group->flags);
    for (size_t p = 0; p < group->part_count; p++) {
        const struct index_group_part *part = &group->parts[p];
        struct bound bound = {part->unknown, part->unknown > 0, part->unknown};

        bound_add(&to->parts[p].bound, &bound);
        if (marked_add(&to->parts[p].shown, part->shown.items, part->shown.count,
                       group->day_part) != 0 ||
            marked_add(&to->parts[p].missed, part->missed.items, part->missed.count,
                       group->day_part) != 0)
            return PASU_E_NOMEM;
        heap->persons += part->shown.count + part->missed.count;
    }
    return 0;
}

/* ---- writing days ---- */

static int
compare_units(const void *a, const void *b)
{
    const struct unit *one = a, *other = b;

    if (one->when != other->when)
        return one->when < other->when ? -1 : 1;
    return (one->principal > other->principal) - (one->principal < other->principal);
}

static int
note_month(struct index_heap *heap, uint32_t when)
{
    int32_t day = index_day_of(when);
    uint32_t month = day < 0 ? 0 : month_of(day);

    for (size_t m = heap->months.count; m > 0; m--)
        if (heap->months.items[m - 1] == month)
            return 0;
    return ordinals_add(&heap->months, &month, 1);
}

static int
write_unit(struct index_heap *heap, struct unit *unit, const struct interner *classes,
           struct index *index)
{
    struct index_key key = index_key_unit(unit->when, unit->principal);
    struct pack pack = {0};
    struct view old;
    int result = index_get(index, INDEX_DAYS, index_key_view(&key), &old);

    if (result == 0)
        result = unit_read(unit, old, classes, &heap->unit_scratch);
    if (result == 0 || result == PASU_E_NOTFOUND)
        result = unit_write(unit, &pack, &heap->unit_scratch, PERSON_BYTES_DENSE, true);
    if (result == 0)
        result = index_put(index, INDEX_DAYS, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result;
}

int
index_heap_write(struct index_heap *heap, const struct interner *classes, struct index *index)
{
    int result = 0;

    if (heap->count > 0)
        qsort(heap->units, heap->count, sizeof(*heap->units), compare_units);
    for (size_t u = 0; result == 0 && u < heap->count; u++) {
        result = note_month(heap, heap->units[u].when);
        if (result == 0)
            result = write_unit(heap, &heap->units[u], classes, index);
        unit_release(&heap->units[u]);
    }
    drop_units(heap);
    return result;
}

int
index_heap_months(struct index_heap *heap, const struct index_names *names, struct index *index,
                  uint32_t over)
{
    int result = ordinals_sort(&heap->months, &heap->scratch);

    for (size_t m = 0; result == 0 && m < heap->months.count; m++)
        if (heap->months.items[m] < over && heap->months.items[m] >= 12 * 1970)
            result = index_month_write(index, names, heap->months.items[m], heap->month_rows);
    return result;
}
