/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/diary.h"

#include "breach/day.h"

/* What of a day's sums is written, because it is not what it mostly is; a bit each. */
enum {
    OTHER_STATEMENTS = 1, /* than as many as there are */
    OTHER_WEIGHT = 2,     /* than these */
    OTHER_ROWS = 4,       /* than these */
    HAS_MISSES = 8,
    HAS_FLAGS = 16,
    HAS_BOUNDS = 32,
    HAS_LENGTH = 64, /* the last did not begin with the first */
    KNOWN = 127,
};

enum { TIME_SIZE = 6 }; /* bytes of a time within a day */

void
diary_release(struct diary *diary)
{
    for (unsigned d = 0; d < DAYS_OF_MONTH; d++)
        unit_release(&diary->days[d]);
}

int
diary_add(struct diary *diary, unsigned day, const struct unit *unit)
{
    return unit_add_sums(&diary->days[day], unit);
}

/* ---- writing ---- */

static void
put_time(struct pack *pack, uint64_t time)
{
    pack_bytes(pack, &time, TIME_SIZE);
}

static bool
has_bounds(const struct unit_class *class)
{
    for (size_t p = 0; p < class->part_count; p++)
        if (class->parts[p].bound.bounded > 0 || class->parts[p].bound.unknown > 0)
            return true;
    return false;
}

static unsigned
bits_of(const struct unit_class *class)
{
    const struct sums *s = &class->sums;
    bool has_flags = false;

    for (unsigned flag = 0; flag < FLAG_COUNT; flag++)
        has_flags |= s->flags[flag] > 0;
    return (s->statements != s->count ? OTHER_STATEMENTS : 0U) |
           (s->weight != s->statements ? OTHER_WEIGHT : 0U) |
           (s->rows != s->statements ? OTHER_ROWS : 0U) | (s->misses > 0 ? HAS_MISSES : 0U) |
           (has_flags ? HAS_FLAGS : 0U) | (has_bounds(class) ? HAS_BOUNDS : 0U) |
           (s->last != s->first ? HAS_LENGTH : 0U);
}

/* A class on a day that begins then. */
static void
put_day(struct pack *pack, const struct unit_class *class, int64_t begin)
{
    const struct sums *s = &class->sums;
    unsigned bits = bits_of(class);

    pack_u8(pack, (uint8_t)bits);
    pack_number(pack, s->count);
    if ((bits & OTHER_STATEMENTS) != 0)
        pack_number(pack, s->statements);
    if ((bits & OTHER_WEIGHT) != 0)
        pack_number(pack, s->weight);
    if ((bits & OTHER_ROWS) != 0)
        pack_number(pack, s->rows);
    if ((bits & HAS_MISSES) != 0)
        pack_number(pack, s->misses);
    put_time(pack, (uint64_t)s->first - (uint64_t)begin);
    if ((bits & HAS_LENGTH) != 0)
        put_time(pack, (uint64_t)s->last - (uint64_t)s->first);
    if ((bits & HAS_FLAGS) != 0)
        sums_put_flags(pack, s);
    for (size_t p = 0; (bits & HAS_BOUNDS) != 0 && p < class->part_count; p++) {
        pack_number(pack, class->parts[p].bound.unknown);
        pack_number(pack, class->parts[p].bound.bounded);
        pack_number(pack, class->parts[p].bound.largest);
    }
}

/* The class on each day that has it; NULL: it has not. */
struct class_days {
    const struct unit_class *on[DAYS_OF_MONTH];
    uint32_t days;
    size_t part_count;
};

static struct class_days
days_of_class(const struct diary *diary, uint32_t class)
{
    struct class_days found = {0};

    for (unsigned d = 0; d < DAYS_OF_MONTH; d++)
        for (size_t c = 0; c < diary->days[d].count; c++)
            if (diary->days[d].classes[c].class == class) {
                found.on[d] = &diary->days[d].classes[c];
                found.days |= UINT32_C(1) << d;
                found.part_count = found.on[d]->part_count;
            }
    return found;
}

static void
put_parts(struct pack *pack, const struct class_days *class)
{
    for (size_t p = 0; p < class->part_count; p++) {
        uint32_t shown = 0, missed = 0;

        for (unsigned d = 0; d < DAYS_OF_MONTH; d++)
            if (class->on[d] != NULL) {
                shown |= (uint32_t) class->on[d]->parts[p].is_shown_apart << d;
                missed |= (uint32_t) class->on[d]->parts[p].is_missed_apart << d;
            }
        pack_number(pack, shown ^ class->days);
        pack_number(pack, missed);
    }
}

static void
put_class(struct pack *pack, const struct diary *diary, uint32_t number, int32_t first)
{
    struct class_days class = days_of_class(diary, number);

    pack_number(pack, number);
    pack_number(pack, class.days);
    put_parts(pack, &class);
    for (unsigned d = 0; d < DAYS_OF_MONTH; d++)
        if (class.on[d] != NULL)
            put_day(pack, class.on[d], day_begin(first + (int32_t)d));
}

int
diary_write(struct diary *diary, struct pack *pack, int32_t first)
{
    struct ordinals classes = {0}, scratch = {0};
    int result = 0;

    for (unsigned d = 0; result == 0 && d < DAYS_OF_MONTH; d++)
        for (size_t c = 0; result == 0 && c < diary->days[d].count; c++)
            result = ordinals_add(&classes, &diary->days[d].classes[c].class, 1);
    if (result == 0)
        result = ordinals_sort(&classes, &scratch);
    pack_number(pack, classes.count);
    for (size_t c = 0; result == 0 && c < classes.count; c++)
        put_class(pack, diary, classes.items[c], first);
    ordinals_release(&classes);
    ordinals_release(&scratch);
    return result != 0 ? result : pack->failed ? PASU_E_NOMEM : 0;
}

/* ---- reading ---- */

void
diary_walk_begin(struct diary_walk *walk, struct view bytes, const struct interner *classes,
                 int32_t first)
{
    walk->reader = reader_of(bytes);
    walk->classes = classes;
    walk->first = first;
    walk->days = 0;
    walk->left = unpack_count(&walk->reader);
}

static uint32_t
read_days(struct reader *r)
{
    uint64_t days = unpack_number(r);

    r->failed |= days >> DAYS_OF_MONTH != 0;
    return (uint32_t)days;
}

static int
begin_class(struct diary_walk *w)
{
    struct reader *r = &w->reader;
    uint64_t number = unpack_number(r);

    if (r->failed || number == 0 || number > w->classes->count)
        return PASU_E_CORRUPT;
    w->left--;
    w->class = (uint32_t)number;
    w->part_count = index_class_of(w->classes, w->class)->head.part_count;
    w->days = read_days(r);
    for (size_t p = 0; p < w->part_count; p++) {
        w->shown[p] = read_days(r) ^ w->days;
        w->missed[p] = read_days(r);
    }
    return r->failed || w->days == 0 ? PASU_E_CORRUPT : 0;
}

static uint64_t
read_time(struct reader *r)
{
    uint64_t time = 0;

    little_read(r, &time, TIME_SIZE);
    return time;
}

static void
read_day(struct reader *r, struct unit_view *view, int64_t begin)
{
    struct sums *s = &view->sums;
    unsigned bits = reader_u8(r);

    r->failed |= bits > KNOWN;
    *s = (struct sums){.count = unpack_number(r)};
    s->statements = (bits & OTHER_STATEMENTS) != 0 ? unpack_number(r) : s->count;
    s->weight = (bits & OTHER_WEIGHT) != 0 ? unpack_number(r) : s->statements;
    s->rows = (bits & OTHER_ROWS) != 0 ? unpack_number(r) : s->statements;
    s->misses = (bits & HAS_MISSES) != 0 ? unpack_number(r) : 0;
    s->first = (int64_t)((uint64_t)begin + read_time(r));
    s->last = (bits & HAS_LENGTH) != 0 ? (int64_t)((uint64_t)s->first + read_time(r)) : s->first;
    if ((bits & HAS_FLAGS) != 0)
        sums_read_flags(r, s);
    for (size_t p = 0; p < view->part_count; p++) {
        view->bounds[p] = (struct bound){0};
        if ((bits & HAS_BOUNDS) == 0)
            continue;
        view->bounds[p].unknown = unpack_number(r);
        view->bounds[p].bounded = unpack_number(r);
        view->bounds[p].largest = unpack_number(r);
    }
}

/* Somebody, who is not told. */
static struct view
somebody(uint32_t days, unsigned day)
{
    return view_of("", days >> day & 1);
}

int
diary_walk_next(struct diary_walk *w, unsigned *day, struct unit_view *view)
{
    int result;

    if (w->days == 0 && w->left == 0)
        return w->reader.failed ? PASU_E_CORRUPT : reader_end(&w->reader) == 0 ? 0 : PASU_E_CORRUPT;
    if (w->days == 0 && (result = begin_class(w)) != 0)
        return result;
    *day = (unsigned)__builtin_ctz(w->days);
    w->days &= w->days - 1;
    view->class = w->class;
    view->part_count = w->part_count;
    view->principal_count = 0;
    read_day(&w->reader, view, day_begin(w->first + (int32_t)*day));
    for (size_t p = 0; p < w->part_count; p++) {
        view->shown[p] = somebody(w->shown[p], *day);
        view->missed[p] = somebody(w->missed[p], *day);
        view->shown_when[p] = view->missed_when[p] = view_of("", 0);
    }
    return w->reader.failed ? PASU_E_CORRUPT : 1;
}

int
diary_read(struct diary *diary, struct view bytes, const struct interner *classes, int32_t first)
{
    struct unit_view view;
    struct diary_walk walk;
    unsigned day;
    int result;

    diary_walk_begin(&walk, bytes, classes, first);
    while ((result = diary_walk_next(&walk, &day, &view)) == 1) {
        result = unit_add_view(&diary->days[day], &view);
        if (result != 0)
            return result;
    }
    return result;
}
