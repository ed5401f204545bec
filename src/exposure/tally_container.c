/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tally_container.h"

#include "base/memory.h"

enum { NEARBY = 64 }; /* three standard deviations of the place among 2,000 random ones */

static size_t
size_of(uint32_t capacity, unsigned bits)
{
    size_t numbers = capacity != 0 ? (size_t)2 * capacity : CONTAINER_SIZE;

    if (bits != 0)
        numbers = (size_t)2 << bits;
    return sizeof(struct tally_container) + numbers * sizeof(uint16_t);
}

size_t
container_bytes(const struct tally_container *container)
{
    return container ? size_of(container->capacity, container->bits) : 0;
}

/* A quarter more. With 3 modulo 4, the container and the heap's own 8 bytes fill whole units of 16.
 */
static uint32_t
larger(uint32_t capacity)
{
    uint32_t more = (capacity + capacity / 4 + 1) | 3;

    return more < CONTAINER_SPARSE_MAX ? more : CONTAINER_SPARSE_MAX;
}

static_assert(sizeof(struct tally_container) == 12, "larger() counts on it");

/* No branch depends on what is compared: it would be guessed wrong half of the time. */
static uint32_t
search_all(const uint16_t *ordinals, uint32_t count, uint16_t low)
{
    const uint16_t *base = ordinals;

    while (count > 1) {
        uint32_t half = count / 2;

        base += (base[half - 1] < low) * half;
        count -= half;
    }
    return (uint32_t)(base - ordinals) + (count == 1 && *base < low);
}

/* Where persons are spread evenly, the place is near to where the ordinal's size says: to look
 * there first saves the cache misses of a wide search. */
uint32_t
container_search(const uint16_t *ordinals, uint32_t count, uint16_t low)
{
    uint32_t guess = (uint32_t)low * count >> 16, first, last;

    if (count <= 2 * NEARBY)
        return search_all(ordinals, count, low);
    first = guess > NEARBY ? guess - NEARBY : 0;
    last = guess + NEARBY < count ? guess + NEARBY : count;
    if (first > 0 && ordinals[first - 1] >= low)
        return search_all(ordinals, first, low);
    if (last < count && ordinals[last] < low)
        return last + search_all(ordinals + last, count - last, low);
    return first + search_all(ordinals + first, last - first, low);
}

/* ---- growing and shrinking ---- */

static struct tally_container *
make_sparse(uint32_t day, uint32_t capacity)
{
    struct tally_container *c = memory_new(1, size_of(capacity, 0));

    if (c) {
        c->day = day;
        c->capacity = (uint16_t)capacity;
    }
    return c;
}

static int
grow(struct tally_container **slot)
{
    uint32_t before = (*slot)->capacity, capacity = larger(before);
    struct tally_container *c = memory_resize(*slot, 1, size_of(capacity, 0));

    if (!c)
        return PASU_E_NOMEM;
    memmove(c->data + capacity, c->data + before, c->count * sizeof(uint16_t));
    c->capacity = (uint16_t)capacity;
    *slot = c;
    return 0;
}

/* Of a sparse or hot one. */
static int
make_dense(struct tally_container **slot)
{
    struct tally_container *c = *slot, *dense = memory_new(1, size_of(0, 0));

    if (!dense)
        return PASU_E_NOMEM;
    dense->day = c->day;
    for (uint32_t i = 0; i < c->count && container_is_sparse(c); i++)
        dense->data[c->data[i]] = c->data[c->capacity + i];
    for (uint32_t i = 0; c->bits != 0 && i < 1U << c->bits; i++)
        if (container_table(c)[i].stamp != STAMP_NEVER)
            dense->data[container_table(c)[i].low] = container_table(c)[i].stamp;
    memory_free(c);
    *slot = dense;
    return 0;
}

/* Of a sparse one, or a hot one with a smaller table. */
static int
make_hot(struct tally_container **slot, unsigned bits)
{
    struct tally_container *c = *slot, *hot = memory_new(1, size_of(0, bits));
    struct table_slot *table;

    if (!hot)
        return PASU_E_NOMEM;
    hot->day = c->day;
    hot->count = c->count;
    hot->bits = (uint16_t)bits;
    table = container_table(hot);
    for (uint32_t i = 0; i < c->count && container_is_sparse(c); i++)
        *table_find(table, bits, c->data[i]) =
            (struct table_slot){c->data[i], c->data[c->capacity + i]};
    if (c->bits != 0)
        table_copy(table, bits, container_table(c), c->bits);
    memory_free(c);
    *slot = hot;
    return 0;
}

/* Makes a sparse one hot where it is time for it. That is no need: without memory for it, the
 * container stays as it is. */
static bool
heat(struct tally_container **slot)
{
    const struct tally_container *c = *slot;
    unsigned bits = CONTAINER_HOT_BITS;

    if (c->count < CONTAINER_HOT_MIN || c->fresh < CONTAINER_HOT_FRESH)
        return false;
    while (c->count >= 1U << (bits - 1))
        bits++;
    return make_hot(slot, bits) == 0;
}

static int
make_room(struct tally_container **slot)
{
    struct tally_container *c = *slot;

    if (container_is_dense(c))
        return 0;
    if (c->count == CONTAINER_SPARSE_MAX)
        return make_dense(slot);
    if (c->bits != 0)
        return c->count >= 1U << (c->bits - 1) ? make_hot(slot, c->bits + 1U) : 0;
    if (heat(slot))
        return 0;
    return c->count == c->capacity ? grow(slot) : 0;
}

int
container_insert(struct tally_container **slot, uint32_t day, uint16_t low, uint32_t at,
                 uint16_t stamp)
{
    struct tally_container *c;
    uint16_t *stamps;
    int result;

    if (!*slot)
        result = (*slot = make_sparse(day, larger(0))) ? 0 : PASU_E_NOMEM;
    else
        result = make_room(slot);
    if (result != 0)
        return result;
    c = *slot;
    if (!container_is_sparse(c)) {
        *container_stamp(c, low) = stamp;
        return 0;
    }
    stamps = c->data + c->capacity;
    memmove(c->data + at + 1, c->data + at, (c->count - at) * sizeof(uint16_t));
    memmove(stamps + at + 1, stamps + at, (c->count - at) * sizeof(uint16_t));
    c->data[at] = low;
    stamps[at] = stamp;
    c->count++;
    /* Earlier days come back from the ledger by the million, and are read no more today. */
    if (stamp_age(stamp) == 0)
        c->fresh++;
    return 0;
}

void
container_remove(struct tally_container *c, uint16_t low)
{
    uint16_t *stamps = c->data + c->capacity;
    uint32_t at;

    if (container_is_dense(c))
        c->data[low] = STAMP_NEVER;
    else if (c->bits != 0 && table_remove(container_table(c), c->bits, low))
        c->count--;
    if (!container_is_sparse(c))
        return;
    at = container_search(c->data, c->count, low);
    if (at == c->count || c->data[at] != low)
        return;
    if (stamp_age(stamps[at]) == 0)
        container_cool(c);
    c->count--;
    memmove(c->data + at, c->data + at + 1, (c->count - at) * sizeof(uint16_t));
    memmove(stamps + at, stamps + at + 1, (c->count - at) * sizeof(uint16_t));
}

void
container_warm(struct tally_container **slot)
{
    if (!container_is_sparse(*slot))
        return;
    (*slot)->fresh++;
    heat(slot);
}

void
container_cool(struct tally_container *c)
{
    if (c->fresh > 0)
        c->fresh--;
}

/* Subjects of a dense one that are in a window still when `days` have passed; more than
 * CONTAINER_SPARSE_MAX are not counted to the end. */
static uint32_t
count_dense(const struct tally_container *c, unsigned days)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < CONTAINER_SIZE && count <= CONTAINER_SPARSE_MAX;) {
        uint16_t here = 0;

        for (uint32_t end = i + CONTAINER_SPARSE_MAX; i < end; i++)
            here = (uint16_t)(here + (stamp_aged(c->data[i], days) != STAMP_NEVER));
        count += here;
    }
    return count;
}

static_assert(CONTAINER_SIZE % CONTAINER_SPARSE_MAX == 0, "count_dense() goes in steps of it");

/* The subjects of a dense one, aged, into a sparse one that has room for them. */
static void
copy_aged(struct tally_container *to, const struct tally_container *from, unsigned days)
{
    enum { STEP = sizeof(uint64_t) / sizeof(uint16_t) };
    uint32_t count = 0;

    for (uint32_t i = 0; i < CONTAINER_SIZE; i += STEP) {
        uint64_t some;

        memcpy(&some, &from->data[i], sizeof(some));
        for (uint32_t k = i; some != 0 && k < i + STEP; k++) {
            uint16_t stamp = stamp_aged(from->data[k], days);

            if (stamp == STAMP_NEVER)
                continue;
            to->data[count] = (uint16_t)k;
            to->data[to->capacity + count++] = stamp;
        }
    }
}

static unsigned
days_passed(const struct tally_container *c, uint32_t day)
{
    uint32_t passed = day - c->day;

    return passed < DAYS_OF_WINDOW ? passed : DAYS_OF_WINDOW;
}

/* ---- ageing ---- */

static void
age_sparse(struct tally_container *c, unsigned days)
{
    uint16_t *stamps = c->data + c->capacity;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < c->count; i++) {
        uint16_t stamp = stamp_aged(stamps[i], days);

        c->data[kept] = c->data[i];
        stamps[kept] = stamp;
        kept += stamp != STAMP_NEVER;
    }
    c->count = (uint16_t)kept;
}

void
container_age(struct tally_container *c, uint32_t day)
{
    unsigned days = days_passed(c, day);

    c->day = day;
    c->fresh = 0;
    if (container_is_sparse(c)) {
        age_sparse(c, days);
        return;
    }
    if (c->bits != 0) {
        c->count = (uint16_t)table_age(container_table(c), c->bits, days);
        return;
    }
    for (uint32_t i = 0; i < CONTAINER_SIZE; i++)
        c->data[i] = stamp_aged(c->data[i], days);
}

/* ---- the end of a day ---- */

void
container_thin(struct tally_container **slot, uint32_t day)
{
    struct tally_container *c = *slot, *sparse = NULL;
    uint32_t count;

    if (c->bits != 0)
        container_age(c, day);
    count = c->bits != 0 ? c->count : count_dense(c, days_passed(c, day));
    if (count > CONTAINER_SPARSE_MAX)
        return;
    if (count > 0) {
        sparse = make_sparse(day, larger(count));
        if (!sparse)
            return;
        sparse->count = (uint16_t)count;
        if (c->bits != 0)
            table_sort(container_table(c), c->bits, sparse->data, sparse->data + sparse->capacity);
        else
            copy_aged(sparse, c, days_passed(c, day));
    }
    memory_free(c);
    *slot = sparse;
}
