/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/walk.h"

#include <assert.h>

enum { ORDER_LEAST = 50 /* whose order says something */ };

static_assert(WALK_SLOTS == 1 << 12, "a home is the upper twelve bits");

/* Where the number is, or where it would be put. */
static size_t
find(const struct walk *w, uint64_t number)
{
    size_t at = walk_home(w, number);

    while (w->slots[at] != 0 && w->ring[w->slots[at] - 1] != number)
        at = (at + 1) & (WALK_SLOTS - 1);
    return at;
}

/* How many steps ago the number was asked for; 0: not among those that are known. */
static uint32_t
age(const struct walk *w, uint64_t number)
{
    uint32_t place = w->slots[find(w, number)];

    return place == 0 ? 0 : (w->next + WALK_DEPTH - place) % WALK_DEPTH + 1;
}

/* What stands behind a hole and could not be found past it moves into it. */
static void
take_out(struct walk *w, size_t hole)
{
    for (size_t at = (hole + 1) & (WALK_SLOTS - 1); w->slots[at] != 0;
         at = (at + 1) & (WALK_SLOTS - 1)) {
        size_t begin = walk_home(w, w->ring[w->slots[at] - 1]);

        if (((at - begin) & (WALK_SLOTS - 1)) >= ((at - hole) & (WALK_SLOTS - 1))) {
            w->slots[hole] = w->slots[at];
            hole = at;
        }
    }
    w->slots[hole] = 0;
}

static void
vote(struct walk *w, uint64_t number)
{
    uint64_t stride = number - w->last;

    if (w->votes == 0)
        w->stride = stride;
    if (w->stride == stride)
        w->votes++;
    else
        w->votes--;
    w->last = number;
}

void
walk_add(struct walk *w, uint64_t number)
{
    uint32_t before = age(w, number - 1), far;

    if (w->waiting < WALK_DEPTH)
        w->window[w->waiting++] = number;
    if (w->votes > 0 && w->stride != 0 && w->stride != 1) {
        far = age(w, number - w->stride);
        before = before == 0 || (far != 0 && far < before) ? far : before;
    }
    vote(w, number);
    if (age(w, number) != 0)
        return;
    w->steps++;
    w->beside += before != 0;
    w->near += before != 0 && before <= WALK_NEAR;
    if (w->count == WALK_DEPTH)
        take_out(w, find(w, w->ring[w->next]));
    else
        w->count++;
    w->slots[find(w, number)] = (uint16_t)(w->next + 1);
    w->ring[w->next] = number;
    w->next = (w->next + 1) % WALK_DEPTH;
}

void
walk_look(struct walk *w, bool all)
{
    struct order_read reads[WALK_DEPTH];
    uint32_t longest;

    if (w->waiting < (all ? ORDER_LEAST : WALK_DEPTH))
        return;
    for (uint32_t i = 0; i < w->waiting; i++)
        reads[i] = (struct order_read){.number = w->window[i], .rank = i};
    longest = order_ways(reads, w->waiting, w->order);
    w->longest = longest > w->longest ? longest : w->longest;
    w->looked += w->waiting;
    w->waiting = 0;
}

void
walk_end_day(struct walk *w)
{
    w->steps = w->beside = w->near = w->waiting = w->looked = w->longest = 0;
    memset(w->order, 0, sizeof(w->order));
}
