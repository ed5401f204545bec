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
        c->capacity = capacity;
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
    c->capacity = capacity;
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

int
container_insert(struct tally_container **slot, uint32_t day, uint16_t low, uint32_t at,
                 uint16_t stamp)
{
    struct tally_container *c = *slot;
    uint16_t *stamps;
    int result = 0;

    if (!c)
        result = (*slot = make_sparse(day, larger(0))) ? 0 : PASU_E_NOMEM;
    else if (c->capacity != 0 && c->count == CONTAINER_SPARSE_MAX)
        result = make_dense(slot);
    else if (c->capacity != 0 && c->count == c->capacity)
        result = grow(slot);
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
    c->count--;
    memmove(c->data + at, c->data + at + 1, (c->count - at) * sizeof(uint16_t));
    memmove(stamps + at, stamps + at + 1, (c->count - at) * sizeof(uint16_t));
}

static uint32_t
count_dense(const struct tally_container *c)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < CONTAINER_SIZE; i++)
        count += c->data[i] != STAMP_NEVER;
    return count;
}

/* `count` of a dense one's subjects are there. */
static void
make_thin(struct tally_container **slot, uint32_t count)
{
    struct tally_container *dense = *slot, *c = make_sparse(dense->day, larger(count));

    if (!c)
        return;
    for (uint32_t i = 0; i < CONTAINER_SIZE; i++)
        if (dense->data[i] != STAMP_NEVER) {
            c->data[c->count] = (uint16_t)i;
            c->data[c->capacity + c->count++] = dense->data[i];
        }
    memory_free(dense);
    *slot = c;
}

void
container_settle(struct tally_container **slot)
{
    struct tally_container *c = *slot;
    uint32_t count = c->capacity == 0 ? count_dense(c) : c->count;

    if (count == 0) {
        memory_free(c);
        *slot = NULL;
    } else if (c->capacity == 0 && count < CONTAINER_SPARSE_MAX / 2) {
        make_thin(slot, count);
    }
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
    c->count = kept;
}

void
container_age(struct tally_container *c, uint32_t day)
{
    uint32_t passed = day - c->day;
    unsigned days = passed < DAYS_OF_WINDOW ? passed : DAYS_OF_WINDOW;

    c->day = day;
    if (c->capacity != 0) {
        age_sparse(c, days);
        return;
    }
    for (uint32_t i = 0; i < CONTAINER_SIZE; i++)
        c->data[i] = stamp_aged(c->data[i], days);
}
