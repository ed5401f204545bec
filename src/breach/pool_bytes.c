/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/pool_bytes.h"

#include "base/memory.h"
#include "breach/bits.h"
#include "breach/index_key.h"
#include "breach/rice.h"

enum { DIGIT_BITS = 10, DIGITS = 1 << DIGIT_BITS };

_Static_assert(2 * DIGIT_BITS >= INDEX_CHUNK_BITS, "two digits are a person");

void
pool_release(struct pool *g)
{
    ordinals_release(&g->principals);
    ordinals_release(&g->persons);
    ordinals_release(&g->who);
    moments_release(&g->moments);
}

void
pool_clear(struct pool *g)
{
    g->principals.count = g->persons.count = g->who.count = 0;
    moments_clear(&g->moments);
}

void
pool_scratch_release(struct pool_scratch *s)
{
    moments_scratch_release(&s->moments);
    pool_release(&s->sorted);
    ordinals_release(&s->numbers);
    memory_free(s->items);
    *s = (struct pool_scratch){0};
}

/* Room for so many items twice; NULL where there is no memory. */
static uint64_t *
items_room(struct pool_scratch *s, size_t count)
{
    uint64_t *items;

    if (s->space >= 2 * count && s->items != NULL)
        return s->items;
    items = memory_resize(s->items, 3 * count + 64, sizeof(*items));
    if (items == NULL)
        return NULL;
    s->items = items;
    s->space = 3 * count + 64;
    return items;
}

/* ---- making ---- */

/* Adds a copy of one's days and parts. */
static int
add_moment(struct moments *to, uint32_t days, const uint8_t *parts)
{
    uint8_t by_day[DAYS_OF_MONTH];

    for (uint32_t left = days; left != 0; left &= left - 1)
        by_day[__builtin_ctz(left)] = *parts++;
    return moments_add(to, days, by_day);
}

static size_t
days_in(uint32_t days)
{
    return (size_t)__builtin_popcount(days);
}

int
pool_add(struct pool *g, uint32_t principal, const struct attendance *a)
{
    uint32_t place = (uint32_t)g->principals.count;
    size_t part = 0;
    int result = ordinals_add(&g->principals, &principal, 1);

    if (result == 0)
        result = ordinals_add(&g->persons, a->persons.items, a->persons.count);
    for (size_t i = 0; result == 0 && i < a->persons.count; i++) {
        uint32_t days = a->moments.days.items[i];

        result = ordinals_add(&g->who, &place, 1);
        if (result == 0)
            result = add_moment(&g->moments, days, a->moments.parts + part);
        part += days_in(days);
    }
    return result;
}

/* Takes up the entries of a pool in another order: each of `order` is a place, in its lower half.
 */
static int
arrange(const struct pool *from, const uint64_t *order, uint32_t *parts_at, struct pool *to)
{
    uint32_t part = 0;
    int result = 0;

    for (size_t i = 0; i < from->persons.count; i++) {
        parts_at[i] = part;
        part += (uint32_t)days_in(from->moments.days.items[i]);
    }
    for (size_t i = 0; result == 0 && i < from->persons.count; i++) {
        uint32_t at = (uint32_t)order[i];

        result = ordinals_add(&to->persons, &from->persons.items[at], 1);
        if (result == 0)
            result = ordinals_add(&to->who, &from->who.items[at], 1);
        if (result == 0)
            result = add_moment(&to->moments, from->moments.days.items[at],
                                from->moments.parts + parts_at[at]);
    }
    return result;
}

/* By one digit of the upper half; what is the same stays as it stands. */
static void
sort_pass(const uint64_t *from, uint64_t *to, size_t count, unsigned shift)
{
    size_t ends[DIGITS] = {0}, at = 0;

    for (size_t i = 0; i < count; i++)
        ends[from[i] >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t n = ends[d];

        ends[d] = at;
        at += n;
    }
    for (size_t i = 0; i < count; i++)
        to[ends[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* In the order of `keys`, which are below 2^20. */
static int
sort(const struct pool *from, const struct ordinals *keys, struct pool *to, struct pool_scratch *s)
{
    size_t count = from->persons.count;
    uint64_t *items = items_room(s, count);

    pool_clear(to);
    if (items == NULL || ordinals_room(&s->numbers, count) == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        items[i] = (uint64_t)keys->items[i] << 32 | i;
    sort_pass(items, items + count, count, 32);
    sort_pass(items + count, items, count, 32 + DIGIT_BITS);
    return arrange(from, items, s->numbers.items, to);
}

/* ---- writing ---- */

/* In how many bits one of so many is told. */
static unsigned
bits_among(size_t count)
{
    return count <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(count - 1);
}

static size_t
bytes_of_bits(uint64_t count, unsigned bits)
{
    return (size_t)((count * bits + 7) / 8);
}

static void
put_principals(struct pack *pack, const struct ordinals *principals)
{
    uint32_t before = 0;

    pack_number(pack, principals->count);
    for (size_t i = 0; i < principals->count; i++) {
        pack_number(pack, principals->items[i] - before);
        before = principals->items[i];
    }
}

/* Each plus its place, so that they rise. */
static int
put_persons(struct pack *pack, const struct ordinals *persons, struct ordinals *numbers)
{
    uint64_t length;
    uint8_t *room;

    numbers->count = 0;
    if (ordinals_room(numbers, persons->count) == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < persons->count; i++)
        numbers->items[i] = persons->items[i] + (uint32_t)i;
    length = rice_length(numbers->items, persons->count);
    pack_number(pack, persons->count);
    pack_number(pack, length);
    room = pack_room(pack, (size_t)length + BITS_ROOM);
    if (room == NULL)
        return PASU_E_NOMEM;
    rice_put(room, numbers->items, persons->count);
    pack->used += (size_t)length;
    return 0;
}

static int
put_who(struct pack *pack, const struct ordinals *who, unsigned bits)
{
    size_t length = bytes_of_bits(who->count, bits);
    uint8_t *room = pack_room(pack, length + BITS_ROOM);
    struct bits out = {.at = room};

    if (room == NULL)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < who->count; i++)
        bits_put(&out, who->items[i], bits);
    bits_end(&out);
    pack->used += length;
    return 0;
}

int
pool_write(const struct pool *g, struct pack *pack, struct pool_scratch *s)
{
    int result;

    if (g->persons.count == 0)
        return 0;
    result = sort(g, &g->persons, &s->sorted, s);
    put_principals(pack, &g->principals);
    if (result == 0)
        result = put_persons(pack, &s->sorted.persons, &s->numbers);
    if (result == 0)
        result = put_who(pack, &s->sorted.who, bits_among(g->principals.count));
    return result == 0 ? moments_write(&s->sorted.moments, pack, &s->moments) : result;
}

/* ---- reading ---- */

int
pool_view_of(struct pool_view *view, struct view bytes)
{
    struct reader r = reader_of(bytes);
    uint64_t count, last = 0;

    view->principal_count = unpack_count(&r);
    view->principals = r;
    for (size_t i = 0; i < view->principal_count && !r.failed; i++) {
        uint64_t step = unpack_number(&r);

        r.failed |= step > UINT32_MAX - last || (step == 0 && i > 0);
        last += step;
    }
    count = unpack_number(&r);
    view->persons = reader_bytes(&r, unpack_count(&r));
    view->bits = bits_among(view->principal_count);
    if (r.failed || view->principal_count == 0 || count == 0 ||
        !rice_fits(count, view->persons.length))
        return PASU_E_CORRUPT;
    view->count = (size_t)count;
    view->who = reader_bytes(&r, bytes_of_bits(count, view->bits));
    return moments_view_of(&view->moments, &r);
}

static uint32_t
who_at(const struct pool_view *view, uint64_t place)
{
    return (uint32_t)(bits_look(view->who, place * view->bits) & ((UINT64_C(1) << view->bits) - 1));
}

/* The number of the principal at that place. */
static uint32_t
principal_at(const struct pool_view *view, uint32_t place)
{
    struct reader r = view->principals;
    uint32_t principal = 0;

    for (uint32_t i = 0; i <= place; i++)
        principal += (uint32_t)unpack_number(&r);
    return principal;
}

/* Appends all, each plus `base`. */
static int
list_persons(const struct pool_view *view, uint32_t base, struct ordinals *persons)
{
    uint32_t *room = ordinals_room(persons, view->count), before = 0;
    int result = room == NULL ? PASU_E_NOMEM : rice_get(view->persons, 0, room, view->count);

    for (size_t i = 0; result == 0 && i < view->count; i++) {
        uint32_t person = room[i] - (uint32_t)i;

        if (person >> INDEX_CHUNK_BITS != 0 || person < before)
            return PASU_E_CORRUPT;
        before = person;
        room[i] = person + base;
    }
    if (result == 0)
        persons->count += view->count;
    return result;
}

int
pool_read(struct pool *g, const struct pool_view *view, struct pool_scratch *s)
{
    struct pool *by_person = &s->sorted;
    struct reader numbers = view->principals;
    uint32_t principal = 0;
    int result;

    pool_clear(by_person);
    result = list_persons(view, 0, &by_person->persons);
    for (size_t i = 0; result == 0 && i < view->count; i++) {
        uint32_t who = who_at(view, i);

        result =
            who < view->principal_count ? ordinals_add(&by_person->who, &who, 1) : PASU_E_CORRUPT;
    }
    if (result == 0)
        result = moments_read(&by_person->moments, &view->moments, view->count, &s->moments);
    if (result == 0 && view->principal_count > UINT32_C(1) << 2 * DIGIT_BITS)
        result = PASU_E_CORRUPT;
    if (result == 0)
        result = sort(by_person, &by_person->who, g, s);
    for (size_t i = 0; result == 0 && i < view->principal_count; i++) {
        principal += (uint32_t)unpack_number(&numbers);
        result = ordinals_add(&g->principals, &principal, 1);
    }
    return result;
}

int
pool_take(const struct pool *g, size_t principal, struct pool_place *at,
          struct attendance *attendance)
{
    int result = 0;

    for (; result == 0 && at->entry < g->persons.count && g->who.items[at->entry] == principal;
         at->entry++) {
        uint32_t days = g->moments.days.items[at->entry];

        result = ordinals_add(&attendance->persons, &g->persons.items[at->entry], 1);
        if (result == 0)
            result = add_moment(&attendance->moments, days, g->moments.parts + at->part);
        at->part += days_in(days);
    }
    return result;
}

/* Where the principal is among those of the pool. */
static bool
find_principal(const struct pool_view *view, uint32_t principal, uint32_t *place)
{
    struct reader r = view->principals;
    uint32_t here = 0;

    for (*place = 0; *place < view->principal_count; ++*place) {
        here += (uint32_t)unpack_number(&r);
        if (here >= principal)
            return here == principal;
    }
    return false;
}

int
pool_list(const struct pool_view *view, bool is_one, uint32_t principal, uint32_t days,
          uint32_t base, struct ordinals *persons, struct pool_scratch *s)
{
    size_t from = persons->count, kept = from;
    uint32_t place = 0;
    int result;

    if (is_one && !find_principal(view, principal, &place))
        return 0;
    result = list_persons(view, base, persons);
    if (result != 0 || (!is_one && days == UINT32_MAX))
        return result;
    if (days != UINT32_MAX)
        result = moments_on(&view->moments, view->count, days, &s->moments);
    for (size_t i = 0; result == 0 && i < view->count; i++) {
        persons->items[kept] = persons->items[from + i];
        kept += (!is_one || who_at(view, i) == place) &
                (days == UINT32_MAX || s->moments.numbers[i] != 0);
    }
    persons->count = kept;
    return result;
}

int
pool_find(const struct pool_view *view, uint32_t ordinal, pool_fn *see, void *arg)
{
    struct rice_found found = rice_find(view->persons, view->count, 1, ordinal);
    int result = 0;

    for (uint64_t at = found.place; result == 0 && at < found.place + found.count; at++) {
        uint32_t who = who_at(view, at), days;
        uint8_t by_day[DAYS_OF_MONTH];

        result = who < view->principal_count ? moments_find(&view->moments, at, &days, by_day)
                                             : PASU_E_CORRUPT;
        if (result == 0)
            result = see(arg, principal_at(view, who), days, by_day);
    }
    return result;
}
