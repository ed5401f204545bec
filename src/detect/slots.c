/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/slots.h"

#include "base/memory.h"

enum { SIZE_FIRST = 64 };

static struct slot *
find(struct slot *slots, size_t size, uint64_t key)
{
    size_t at = key & (size - 1);

    while (slots[at].key != 0 && slots[at].key != key)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static bool
is_full(const struct slots *t)
{
    return t->count >= t->size / 4 * 3;
}

size_t
slots_growth(const struct slots *t)
{
    return !is_full(t) ? 0 : (t->size == 0 ? SIZE_FIRST : t->size) * sizeof(*t->slots);
}

static bool
grow(struct slots *t, size_t *held)
{
    size_t size = t->size == 0 ? SIZE_FIRST : t->size * 2;
    struct slot *slots = memory_new(size, sizeof(*slots));

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].key != 0)
            *find(slots, size, t->slots[i].key) = t->slots[i];
    memory_free(t->slots);
    *held += (size - t->size) * sizeof(*slots);
    t->slots = slots;
    t->size = size;
    return true;
}

struct slot *
slots_find(const struct slots *t, uint64_t key)
{
    struct slot *slot;

    if (t->size == 0)
        return NULL;
    slot = find(t->slots, t->size, key);
    return slot->key != 0 ? slot : NULL;
}

struct slot *
slots_add(struct slots *t, uint64_t key, size_t *held)
{
    struct slot *slot;

    if (is_full(t) && !grow(t, held))
        return NULL;
    slot = find(t->slots, t->size, key);
    slot->key = key;
    t->count++;
    return slot;
}

/* In place, from a free slot on once around: what is behind a hole is put again. */
size_t
slots_forget(struct slots *t, bool (*may)(void *arg, const struct slot *slot), void *arg)
{
    size_t forgotten = 0, start = 0;

    if (t->count == 0)
        return 0;
    while (t->slots[start].key != 0)
        start++;
    for (size_t i = 1; i <= t->size; i++) {
        struct slot *at = &t->slots[(start + i) & (t->size - 1)], slot = *at;

        if (slot.key == 0)
            continue;
        *at = (struct slot){0};
        if (may(arg, &slot))
            forgotten++;
        else
            *find(t->slots, t->size, slot.key) = slot;
    }
    t->count -= forgotten;
    return forgotten;
}

void
slots_release(struct slots *t, size_t *held)
{
    *held -= t->size * sizeof(*t->slots);
    memory_free(t->slots);
    *t = (struct slots){0};
}
