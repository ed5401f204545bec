/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/accounts.h"

#include "base/error.h"
#include "base/memory.h"
#include "detect/hashes.h"

enum { CAPACITY_FIRST = 4, BYTES = sizeof(uint64_t) + 1 };

static int
grow(struct accounts *c, size_t *held)
{
    size_t capacity = c->capacity == 0 ? CAPACITY_FIRST : (size_t)c->capacity * 2;
    uint64_t *hashes;
    uint8_t *orphan;

    if ((hashes = memory_resize(c->hashes, capacity, sizeof(*hashes))) == NULL)
        return PASU_E_NOMEM;
    c->hashes = hashes;
    if ((orphan = memory_resize(c->orphan, capacity, 1)) == NULL)
        return PASU_E_NOMEM;
    c->orphan = orphan;
    *held += (capacity - c->capacity) * BYTES;
    c->capacity = (uint16_t)capacity;
    return 0;
}

int
accounts_add(struct accounts *c, uint64_t account, bool orphan, bool tight, size_t *held)
{
    const size_t most = c->full || (tight && c->capacity > 0) ? c->capacity : ACCOUNTS_MOST;
    size_t at;

    if (PASU_LIKELY(c->count > 0 && c->last == account && c->last_orphan <= orphan))
        return 0;
    if (c->count == most && account > c->hashes[most - 1]) {
        c->full = true;
        return 0;
    }
    at = hashes_find(c->hashes, c->count, account);
    if (at < c->count && c->hashes[at] == account) {
        c->orphan[at] &= orphan;
        c->last = account;
        c->last_orphan = c->orphan[at] != 0;
        return 0;
    }
    if (c->count == most) {
        c->full = true;
        c->count--;
    } else if (c->count == c->capacity && grow(c, held) < 0) {
        return PASU_E_NOMEM;
    }
    memmove(&c->hashes[at + 1], &c->hashes[at], (c->count - at) * sizeof(*c->hashes));
    memmove(&c->orphan[at + 1], &c->orphan[at], c->count - at);
    c->hashes[at] = account;
    c->orphan[at] = orphan;
    c->last = account;
    c->last_orphan = orphan;
    c->count++;
    return 0;
}

void
accounts_release(struct accounts *c, size_t *held)
{
    *held -= (size_t)c->capacity * BYTES;
    memory_free(c->hashes);
    memory_free(c->orphan);
    *c = (struct accounts){0};
}

double
accounts_distinct(const struct accounts *c)
{
    if (!c->full)
        return c->count;
    return (c->count - 1) / ((double)c->hashes[c->count - 1] / 0x1p64);
}

size_t
accounts_orphans(const struct accounts *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++)
        count += c->orphan[i];
    return count;
}
