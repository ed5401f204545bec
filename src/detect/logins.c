/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/logins.h"

#include "base/error.h"
#include "base/memory.h"

enum { SIZE_FIRST = 1024 };

static struct login *
find(struct login *slots, size_t size, uint64_t who)
{
    size_t at = who & (size - 1);

    while (slots[at].who != 0 && slots[at].who != who)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

/* Moves those that have logged in since `oldest` to a table of that size. */
static int
rebuild(struct logins *l, size_t size, uint32_t oldest, size_t *held)
{
    struct login *slots = memory_new(size, sizeof(*slots));

    if (slots == NULL)
        return PASU_E_NOMEM;
    l->count = 0;
    for (size_t i = 0; i < l->size; i++) {
        if (l->slots[i].who == 0 || l->slots[i].minute < oldest)
            continue;
        *find(slots, size, l->slots[i].who) = l->slots[i];
        l->count++;
    }
    memory_free(l->slots);
    *held = *held - l->size * sizeof(*slots) + size * sizeof(*slots);
    l->slots = slots;
    l->size = size;
    return 0;
}

/* Room for one more. Where the table may not grow, the window becomes shorter. */
static int
make_room(struct logins *l, uint32_t minute, size_t *held)
{
    size_t size = l->size == 0 ? SIZE_FIRST : l->size * 2;
    int r = 0;

    if (size <= l->limit)
        return rebuild(l, size, 0, held);
    while (r == 0 && l->count >= l->size / 4 * 3 && l->window / 2 >= LOGINS_WINDOW_MIN) {
        l->window /= 2;
        r = rebuild(l, l->size, minute - l->window, held);
    }
    l->overflown = l->count >= l->size / 4 * 3;
    return r;
}

int
logins_add(struct logins *l, uint64_t who, uint32_t minute, size_t *held)
{
    struct login *slot;
    int r;

    if (l->first == 0)
        l->first = minute;
    if (l->overflown)
        return 0;
    if (l->count >= l->size / 4 * 3) {
        if ((r = make_room(l, minute, held)) < 0 || l->overflown)
            return r;
    }
    slot = find(l->slots, l->size, who);
    l->count += slot->who == 0;
    slot->who = who;
    if (minute > slot->minute)
        slot->minute = minute;
    return 0;
}

bool
logins_has(const struct logins *l, uint64_t who, uint32_t minute)
{
    const struct login *slot;

    if (l->size == 0 || who == 0)
        return false;
    slot = find(l->slots, l->size, who);
    return slot->who != 0 && slot->minute + l->window >= minute;
}

int
logins_expire(struct logins *l, uint32_t minute, size_t *held)
{
    return l->size == 0 ? 0 : rebuild(l, l->size, minute - l->window, held);
}

void
logins_release(struct logins *l, size_t *held)
{
    *held -= l->size * sizeof(*l->slots);
    memory_free(l->slots);
    *l = (struct logins){0};
}
