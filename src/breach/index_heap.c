/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_heap.h"

#include "base/memory.h"
#include "breach/day.h"
#include "breach/index_each.h"
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
    if (heap->count == 1 || index_day_of(when) < heap->oldest)
        heap->oldest = index_day_of(when);
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

        if (part->unknown > 0)
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

/* ---- moving ---- */

static size_t
persons_of(const struct unit *unit)
{
    size_t persons = 0;

    for (size_t c = 0; c < unit->count; c++)
        for (size_t p = 0; p < unit->classes[c].part_count; p++)
            persons +=
                unit->classes[c].parts[p].shown.count + unit->classes[c].parts[p].missed.count;
    return persons;
}

/* Behind all others, and found. PASU_E_NOMEM. */
static int
put_unit(struct index_heap *heap, const struct unit *unit)
{
    struct unit *made = unit_at(heap, unit->when, unit->principal);

    if (made == NULL)
        return PASU_E_NOMEM;
    *made = *unit;
    heap->persons += persons_of(unit);
    return 0;
}

/* What is in both is the one's. */
static void
forget(struct index_heap *heap)
{
    heap->count = 0;
    drop_units(heap);
}

int
index_heap_move(struct index_heap *heap, int32_t day, struct index_heap *to)
{
    struct index_heap rest = {.newest = heap->newest, .principals = heap->principals};
    int result = 0;

    to->newest = heap->newest;
    to->principals = heap->principals;
    for (size_t u = 0; result == 0 && u < heap->count; u++)
        result = put_unit(index_day_of(heap->units[u].when) < day ? to : &rest, &heap->units[u]);
    if (result != 0) {
        forget(to);
        forget(&rest);
        index_heap_release(&rest);
        return result;
    }
    forget(heap);
    index_heap_release(heap);
    *heap = rest;
    return 0;
}

/* ---- writing ---- */

static int
compare_units(const void *a, const void *b)
{
    const struct unit *one = a, *other = b;

    if (one->when != other->when)
        return one->when < other->when ? -1 : 1;
    return (one->principal > other->principal) - (one->principal < other->principal);
}

/* Of the last day. */
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
        result = unit_write(unit, &pack, &heap->unit_scratch);
    if (result == 0)
        result = index_put(index, INDEX_DAYS, index_key_view(&key), pack_view(&pack));
    pack_release(&pack);
    return result;
}

struct taking {
    struct index_heap *heap;
    const struct interner *classes;
    struct ordinals keys; /* day and principal of each that was taken */
};

static int
take_unit(void *arg, struct view key, struct view value)
{
    struct taking *t = arg;
    uint32_t when = bytes_get_u32(key.bytes), principal = bytes_get_u32(key.bytes + 4);
    struct unit *unit;
    int result;

    if (principal > t->heap->principals)
        return PASU_E_CORRUPT;
    unit = unit_at(t->heap, when, principal);
    result = unit == NULL ? PASU_E_NOMEM : ordinals_add(&t->keys, &when, 1);
    if (result == 0)
        result = ordinals_add(&t->keys, &principal, 1);
    return result == 0 ? unit_read(unit, value, t->classes, &t->heap->unit_scratch) : result;
}

/* Takes days before the last one out of the index, into the heap. */
static int
take_days(struct index_heap *heap, const struct interner *classes, struct index *index)
{
    struct taking taking = {.heap = heap, .classes = classes};
    int result = index_each_unit(index, 0, heap->newest, take_unit, &taking);

    for (size_t k = 0; result == 0 && k < taking.keys.count; k += 2) {
        struct index_key key = index_key_unit(taking.keys.items[k], taking.keys.items[k + 1]);

        result = index_delete(index, INDEX_DAYS, index_key_view(&key));
    }
    ordinals_release(&taking.keys);
    return result;
}

/* The units of one month from there on, or one of the last day; how many these are. */
static size_t
write_some(struct index_heap *heap, size_t from, const struct interner *classes,
           struct index *index, int *result)
{
    int32_t day = index_day_of(heap->units[from].when);
    uint32_t month = month_of(day);
    size_t count = 0;

    if (day >= heap->newest) {
        *result = write_unit(heap, &heap->units[from], classes, index);
        unit_release(&heap->units[from]);
        return 1;
    }
    while (from + count < heap->count &&
           (day = index_day_of(heap->units[from + count].when)) < heap->newest &&
           month_of(day) == month)
        count++;
    *result = index_month_add(index, classes, month, heap->units + from, count);
    for (size_t u = from; u < from + count; u++)
        unit_release(&heap->units[u]);
    return count;
}

int
index_heap_write(struct index_heap *heap, const struct interner *classes, struct index *index)
{
    int result = take_days(heap, classes, index);

    if (heap->count > 0)
        qsort(heap->units, heap->count, sizeof(*heap->units), compare_units);
    for (size_t u = 0; result == 0 && u < heap->count;)
        u += write_some(heap, u, classes, index, &result);
    drop_units(heap);
    return result;
}
