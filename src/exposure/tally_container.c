/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/tally_container.h"

#include "base/memory.h"

enum { NEARBY = 64 }; /* three standard deviations of the place among 2,000 random ones */

static size_t
size_of(uint32_t capacity)
{
    size_t numbers = capacity == 0 ? CONTAINER_SIZE : (size_t)2 * capacity;

    return sizeof(struct tally_container) + numbers * sizeof(uint16_t);
}

size_t
container_bytes(const struct tally_container *container)
{
    return container ? size_of(container->capacity) : 0;
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
    struct tally_container *c = memory_new(1, size_of(capacity));

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
    struct tally_container *c = memory_resize(*slot, 1, size_of(capacity));

    if (!c)
        return PASU_E_NOMEM;
    memmove(c->data + capacity, c->data + before, c->count * sizeof(uint16_t));
    c->capacity = (uint16_t)capacity;
    *slot = c;
    return 0;
}

static int
make_dense(struct tally_container **slot)
{
    struct tally_container *sparse = *slot, *dense = memory_new(1, size_of(0));

    if (!dense)
        return PASU_E_NOMEM;
    dense->day = sparse->day;
    for (uint32_t i = 0; i < sparse->count; i++)
        dense->data[sparse->data[i]] = sparse->data[sparse->capacity + i];
    memory_free(sparse);
    *slot = dense;
    return 0;
}

static bool
is_hot(const struct tally_container *c)
{
    return c->capacity != 0 && c->count >= CONTAINER_HOT_MIN && c->fresh >= CONTAINER_HOT;
}

/* Makes room for one more. To be hot is no need: without memory for it, the container grows as if
 * it were not. */
static int
make_room(struct tally_container **slot)
{
    struct tally_container *c = *slot;

    if (c->capacity == 0)
        return 0;
    if (c->count == CONTAINER_SPARSE_MAX)
        return make_dense(slot);
    if (is_hot(c) && make_dense(slot) == 0)
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
    if (c->capacity == 0) {
        c->data[low] = stamp;
        return 0;
    }
    stamps = c->data + c->capacity;
    memmove(c->data + at + 1, c->data + at, (c->count - at) * sizeof(uint16_t));
    memmove(stamps + at + 1, stamps + at, (c->count - at) * sizeof(uint16_t));
    c->data[at] = low;
    stamps[at] = stamp;
    c->count++;
    /* Earlier days come back from the ledger by the million, and are read no more today. */
    c->fresh += stamp_age(stamp) == 0;
    return 0;
}

void
container_remove(struct tally_container *c, uint16_t low)
{
    uint16_t *stamps = c->data + c->capacity;
    uint32_t at;

    if (c->capacity == 0) {
        c->data[low] = STAMP_NEVER;
        return;
    }
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
    if ((*slot)->capacity == 0)
        return;
    (*slot)->fresh++;
    /* Where there is no memory for it, it stays sparse. */
    if (is_hot(*slot) && make_dense(slot) != 0)
        return;
}

void
container_cool(struct tally_container *c)
{
    c->fresh -= c->fresh > 0;
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

    for (uint32_t i = 0; i < CONTAINER_SIZE; i += STEP) {
        uint64_t some;

        memcpy(&some, &from->data[i], sizeof(some));
        for (uint32_t k = i; some != 0 && k < i + STEP; k++) {
            uint16_t stamp = stamp_aged(from->data[k], days);

            if (stamp == STAMP_NEVER)
                continue;
            to->data[to->count] = (uint16_t)k;
            to->data[to->capacity + to->count++] = stamp;
        }
    }
}

static unsigned
days_passed(const struct tally_container *c, uint32_t day)
{
    uint32_t passed = day - c->day;

    return passed < DAYS_OF_WINDOW ? passed : DAYS_OF_WINDOW;
}

void
container_thin(struct tally_container **slot, uint32_t day)
{
    struct tally_container *dense = *slot, *sparse = NULL;
    unsigned days = days_passed(dense, day);
    uint32_t count = count_dense(dense, days);

    if (count > CONTAINER_SPARSE_MAX)
        return;
    if (count > 0) {
        sparse = make_sparse(day, larger(count));
        if (!sparse)
            return;
        copy_aged(sparse, dense, days);
    }
    memory_free(dense);
    *slot = sparse;
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
    if (c->capacity != 0) {
        age_sparse(c, days);
        return;
    }
    for (uint32_t i = 0; i < CONTAINER_SIZE; i++)
        c->data[i] = stamp_aged(c->data[i], days);
}
