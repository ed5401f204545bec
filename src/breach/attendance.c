/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/attendance.h"

#include "breach/day.h"
#include "breach/index_key.h"

enum { PART_BITS = 3 };

void
attendance_release(struct attendance *a)
{
    ordinals_release(&a->persons);
    moments_release(&a->moments);
}

void
attendance_clear(struct attendance *a)
{
    a->persons.count = 0;
    moments_clear(&a->moments);
}

/* ---- making ---- */

/* A person, who is behind all others. */
static int
append(struct attendance *a, uint32_t person, uint32_t days, const uint8_t by_day[DAYS_OF_MONTH])
{
    int result = ordinals_add(&a->persons, &person, 1);

    return result == 0 ? moments_add(&a->moments, days, by_day) : result;
}

int
attendance_add(struct attendance *a, const uint64_t *items, size_t count, uint32_t base)
{
    uint8_t by_day[DAYS_OF_MONTH];
    int result = 0;

    for (size_t i = 0; result == 0 && i < count;) {
        uint32_t ordinal = marked_ordinal(items[i]), days = 0;

        for (; i < count && marked_ordinal(items[i]) == ordinal; i++) {
            unsigned mark = marked_mark(items[i]);

            moments_note(&days, by_day, mark >> PART_BITS, mark & DAY_PART_NONE);
        }
        result = append(a, ordinal - base, days, by_day);
    }
    return result;
}

/* Where one is in it: the person, and the parts of their days. */
struct place {
    const struct attendance *in;
    size_t person, part;
};

static bool
is_left(const struct place *p)
{
    return p->person < p->in->persons.count;
}

static uint32_t
person_of(const struct place *p)
{
    return p->in->persons.items[p->person];
}

/* Adds the person there, and goes on. */
static void
take(struct place *p, uint32_t *days, uint8_t by_day[DAYS_OF_MONTH])
{
    const struct moments *m = &p->in->moments;

    for (uint32_t left = m->days.items[p->person++]; left != 0; left &= left - 1)
        moments_note(days, by_day, (unsigned)__builtin_ctz(left), m->parts[p->part++]);
}

int
attendance_unite(struct attendance *both, const struct attendance *one,
                 const struct attendance *other)
{
    struct place a = {one, 0, 0}, b = {other, 0, 0};
    uint8_t by_day[DAYS_OF_MONTH];
    int result = 0;

    while (result == 0 && (is_left(&a) || is_left(&b))) {
        uint32_t person = !is_left(&b) || (is_left(&a) && person_of(&a) < person_of(&b))
                              ? person_of(&a)
                              : person_of(&b);
        uint32_t days = 0;

        if (is_left(&a) && person_of(&a) == person)
            take(&a, &days, by_day);
        if (is_left(&b) && person_of(&b) == person)
            take(&b, &days, by_day);
        result = append(both, person, days, by_day);
    }
    return result;
}

int
attendance_write(const struct attendance *a, struct pack *pack, struct moments_scratch *s)
{
    person_bytes_put(pack, &a->persons);
    return moments_write(&a->moments, pack, s);
}

/* ---- reading ---- */

int
attendance_view_of(struct attendance_view *view, struct view bytes)
{
    struct reader r = reader_of(bytes);

    view->persons = person_bytes_next(&r);
    return view->persons.length > 0 ? moments_view_of(&view->moments, &r) : PASU_E_CORRUPT;
}

int
attendance_read(struct attendance *a, const struct attendance_view *view, struct moments_scratch *s)
{
    int result = person_bytes_list(view->persons, 0, &a->persons);
    size_t count = a->persons.count;

    if (result == 0 && (count == 0 || a->persons.items[count - 1] >> INDEX_CHUNK_BITS != 0))
        result = PASU_E_CORRUPT;
    return result == 0 ? moments_read(&a->moments, &view->moments, count, s) : result;
}

int
attendance_list(const struct attendance_view *view, uint32_t days, uint32_t base,
                struct ordinals *persons, struct moments_scratch *s)
{
    size_t from = persons->count, kept = from;
    int result = person_bytes_list(view->persons, base, persons);
    size_t count = persons->count - from;

    if (result == 0)
        result = moments_on(&view->moments, count, days, s);
    for (size_t i = 0; result == 0 && i < count; i++) { /* without a branch, which is as likely */
        persons->items[kept] = persons->items[from + i];
        kept += s->numbers[i];
    }
    persons->count = kept;
    return result;
}

int
attendance_find(const struct attendance_view *view, uint32_t ordinal, uint32_t *days,
                uint8_t by_day[DAYS_OF_MONTH])
{
    uint64_t place;

    *days = 0;
    return person_bytes_rank(view->persons, ordinal, &place)
               ? moments_find(&view->moments, place, days, by_day)
               : 0;
}
