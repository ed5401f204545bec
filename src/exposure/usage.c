/* SPDX-License-Identifier: Apache-2.0 */
#include "exposure/usage.h"

#include "base/memory.h"

#include <stdatomic.h>

enum { START = 64, STEPS_MAX = 64 };

void
usage_init(struct usage *u, _Atomic uint64_t *bytes)
{
    *u = (struct usage){.bytes = bytes};
    pthread_mutex_init(&u->lock, NULL);
}

void
usage_release(struct usage *u)
{
    memory_free(u->shapes);
    u->shapes = NULL;
    u->size = u->count = 0;
    pthread_mutex_destroy(&u->lock);
}

/* The finalizer of splitmix64. */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Where it is, or could be; NULL: nowhere near where it belongs. */
static uint64_t *
place_of(uint64_t *shapes, size_t size, uint64_t shape)
{
    uint64_t at = mix(shape);

    for (size_t step = 0; step < STEPS_MAX; step++) {
        uint64_t *place = &shapes[(at + step) & (size - 1)];

        if (*place == shape || *place == 0)
            return place;
    }
    return NULL;
}

/* What finds no place in the larger one is forgotten. */
static int
grow(struct usage *u)
{
    size_t size = u->size ? 2 * u->size : START, count = 0;
    uint64_t *more = memory_new(size, sizeof(*more));

    if (!more)
        return PASU_E_NOMEM;
    for (size_t i = 0; i < u->size; i++) {
        uint64_t *place = u->shapes[i] ? place_of(more, size, u->shapes[i]) : NULL;

        if (place) {
            *place = u->shapes[i];
            count++;
        }
    }
    atomic_fetch_add_explicit(u->bytes, (size - u->size) * sizeof(*more), memory_order_relaxed);
    memory_free(u->shapes);
    u->shapes = more;
    u->size = size;
    u->count = count;
    return 0;
}

bool
usage_has(struct usage *u, uint64_t shape)
{
    const uint64_t *place;
    bool has;

    pthread_mutex_lock(&u->lock);
    place = u->size > 0 ? place_of(u->shapes, u->size, shape) : NULL;
    has = place && *place == shape;
    pthread_mutex_unlock(&u->lock);
    return has;
}

static int
add(struct usage *u, uint64_t shape)
{
    uint64_t *place = u->size > 0 ? place_of(u->shapes, u->size, shape) : NULL;
    int result = 0;

    if (place && *place == shape)
        return 0;
    if (u->count >= USAGE_MAX)
        return PASU_E_RANGE;
    if (u->count * 2 >= u->size) {
        result = grow(u);
        place = result == 0 ? place_of(u->shapes, u->size, shape) : NULL;
    }
    if (!place)
        return result != 0 ? result : PASU_E_RANGE;
    *place = shape;
    u->count++;
    return 0;
}

int
usage_add(struct usage *u, uint64_t shape)
{
    int result;

    pthread_mutex_lock(&u->lock);
    result = add(u, shape);
    pthread_mutex_unlock(&u->lock);
    return result;
}

/* A rule can have let pass what a budget then has blocked as a whole. */
bool
usage_is_use(const struct exposure *e)
{
    bool was_first = (e->flags & FLAG_BIT(FIRST_USE)) && e->verdict != VERDICT_OF_BLOCK;

    return e->shape != 0 && (e->part_count > 0 || was_first);
}
