/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/moments.h"

#include "base/memory.h"
#include "breach/column_bytes.h"
#include "breach/day.h"

enum { SEVERAL = DAYS_OF_MONTH }; /* in the place of a day's number */

_Static_assert(SEVERAL < 1 << COLUMN_DAY_BITS && DAY_PART_NONE < 1 << COLUMN_PART_BITS,
               "numbers of columns");

void
moments_release(struct moments *m)
{
    ordinals_release(&m->days);
    memory_free(m->parts);
    *m = (struct moments){0};
}

void
moments_scratch_release(struct moments_scratch *s)
{
    memory_free(s->numbers);
    ordinals_release(&s->several);
    ordinals_release(&s->days);
    *s = (struct moments_scratch){0};
}

void
moments_clear(struct moments *m)
{
    m->days.count = m->part_count = 0;
}

/* Room for so many numbers; NULL where there is no memory. */
static uint8_t *
numbers_room(struct moments_scratch *s, size_t count)
{
    uint8_t *numbers;

    if (s->space >= count && s->numbers != NULL)
        return s->numbers;
    numbers = memory_resize(s->numbers, count * 2 + 64, sizeof(*numbers));
    if (numbers == NULL)
        return NULL;
    s->numbers = numbers;
    s->space = count * 2 + 64;
    return numbers;
}

static uint8_t *
parts_room(struct moments *m, size_t count)
{
    size_t least = m->part_count + count + 64;
    size_t space = m->part_space * 2 > least ? m->part_space * 2 : least;
    uint8_t *parts;

    if (m->part_space - m->part_count >= count)
        return m->parts + m->part_count;
    parts = memory_resize(m->parts, space, sizeof(*parts));
    if (parts == NULL)
        return NULL;
    m->parts = parts;
    m->part_space = space;
    return parts + m->part_count;
}

/* ---- making ---- */

int
moments_add(struct moments *m, uint32_t days, const uint8_t by_day[DAYS_OF_MONTH])
{
    uint8_t *to = parts_room(m, DAYS_OF_MONTH);

    if (to == NULL || ordinals_add(&m->days, &days, 1) != 0)
        return PASU_E_NOMEM;
    for (; days != 0; days &= days - 1)
        *to++ = by_day[__builtin_ctz(days)];
    m->part_count = (size_t)(to - m->parts);
    return 0;
}

void
moments_note(uint32_t *days, uint8_t by_day[DAYS_OF_MONTH], unsigned day, uint8_t part)
{
    bool is_other = (*days >> day & 1) != 0 && by_day[day] != part;

    by_day[day] = is_other ? DAY_PART_NONE : part;
    *days |= UINT32_C(1) << day;
}

/* ---- writing ---- */

/* Behind its length, and a bit more that says whether there are several. */
static void
put_days(struct pack *pack, const uint8_t *numbers, size_t count, bool has_several)
{
    struct pack column = {0};

    column_put(&column, numbers, count, COLUMN_DAY_BITS);
    pack_number(pack, (uint64_t)column.used << 1 | has_several);
    pack_bytes(pack, column.bytes, column.used);
    pack->failed = pack->failed || column.failed;
    pack_release(&column);
}

static void
put_several(struct pack *pack, const struct ordinals *several)
{
    struct pack sets = {0};

    days_put(&sets, several->items, several->count);
    pack_number(pack, sets.used);
    pack_bytes(pack, sets.bytes, sets.used);
    pack->failed = pack->failed || sets.failed;
    pack_release(&sets);
}

int
moments_write(const struct moments *m, struct pack *pack, struct moments_scratch *s)
{
    size_t count = m->days.count;
    uint8_t *numbers = numbers_room(s, count);

    s->several.count = 0;
    if (numbers == NULL || ordinals_room(&s->several, count) == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        uint32_t days = m->days.items[i];
        bool is_one = (days & (days - 1)) == 0;

        numbers[i] = is_one ? (uint8_t)__builtin_ctz(days) : SEVERAL;
        if (!is_one)
            s->several.items[s->several.count++] = days;
    }
    put_days(pack, numbers, count, s->several.count > 0);
    if (s->several.count > 0)
        put_several(pack, &s->several);
    column_put(pack, m->parts, m->part_count, COLUMN_PART_BITS);
    return pack->failed ? PASU_E_NOMEM : 0;
}

/* ---- reading ---- */

int
moments_view_of(struct moments_view *view, struct reader *r)
{
    uint64_t days = unpack_number(r);

    view->days = reader_bytes(r, days >> 1 <= reader_left(r) ? (size_t)(days >> 1) : SIZE_MAX);
    view->several = (days & 1) != 0 ? reader_bytes(r, unpack_count(r)) : view_of(NULL, 0);
    view->parts = reader_bytes(r, reader_left(r));
    return r->failed ? PASU_E_CORRUPT : 0;
}

/* The days' numbers of so many, which are all, and the sets of those who were there on several. */
static int
list_days(const struct moments_view *view, size_t count, struct moments_scratch *s)
{
    uint8_t *numbers = numbers_room(s, count);
    size_t several = 0;
    int result;

    s->several.count = 0;
    if (numbers == NULL)
        return PASU_E_NOMEM;
    result = column_list(view->days, COLUMN_DAY_BITS, numbers, count);
    for (size_t i = 0; result == 0 && i < count; i++)
        several += numbers[i] == SEVERAL;
    if (result != 0 || several == 0)
        return result;
    if (ordinals_room(&s->several, several) == NULL)
        return PASU_E_NOMEM;
    return days_list(view->several, s->several.items, several);
}

int
moments_on(const struct moments_view *view, size_t count, uint32_t days, struct moments_scratch *s)
{
    size_t at = 0;
    int result = list_days(view, count, s);

    for (size_t i = 0; result == 0 && i < count; i++)
        s->numbers[i] = s->numbers[i] == SEVERAL ? (s->several.items[at++] & days) != 0
                                                 : (days >> s->numbers[i] & 1) != 0;
    return result;
}

static int
read_days(const struct moments_view *view, size_t count, struct moments_scratch *s)
{
    size_t at = 0;
    int result = list_days(view, count, s);

    s->days.count = 0;
    if (result != 0)
        return result;
    if (ordinals_room(&s->days, count) == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        s->days.items[i] =
            s->numbers[i] == SEVERAL ? s->several.items[at++] : UINT32_C(1) << s->numbers[i];
    s->days.count = count;
    return 0;
}

int
moments_read(struct moments *m, const struct moments_view *view, size_t count,
             struct moments_scratch *s)
{
    int result = read_days(view, count, s);
    size_t parts = 0;
    uint8_t *room;

    for (size_t i = 0; result == 0 && i < count; i++) {
        parts += (unsigned)__builtin_popcount(s->days.items[i]);
        if (s->days.items[i] == 0)
            result = PASU_E_CORRUPT;
    }
    if (result != 0)
        return result;
    room = parts_room(m, parts);
    if (room == NULL || ordinals_add(&m->days, s->days.items, count) != 0)
        return PASU_E_NOMEM;
    m->part_count += parts;
    return column_list(view->parts, COLUMN_PART_BITS, room, parts);
}

/* The days of the one at that place; how many days those before have together. */
static int
find_days(const struct moments_view *view, uint64_t place, uint32_t *days, uint64_t *before)
{
    uint64_t several = 0, of_several = 0;
    uint8_t number;
    int result = column_get(view->days, COLUMN_DAY_BITS, place, &number);

    if (result == 0 && (view->several.length > 0 || number == SEVERAL)) {
        result = column_count(view->days, COLUMN_DAY_BITS, place, SEVERAL, &several);
        if (result == 0)
            result =
                days_find(view->several, several, &of_several, number == SEVERAL ? days : NULL);
    }
    if (result == 0 && number != SEVERAL)
        *days = UINT32_C(1) << number;
    *before = place - several + of_several;
    return result;
}

int
moments_find(const struct moments_view *view, uint64_t place, uint32_t *days,
             uint8_t by_day[DAYS_OF_MONTH])
{
    uint64_t part;
    uint32_t found = 0;
    int result = find_days(view, place, &found, &part);

    for (uint32_t left = found; result == 0 && left != 0; left &= left - 1)
        result = column_get(view->parts, COLUMN_PART_BITS, part++, &by_day[__builtin_ctz(left)]);
    *days = result == 0 ? found : 0;
    return result;
}
