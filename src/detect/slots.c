/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/slots.h"

#include "base/memory.h"

#include <string.h>

enum { SIZE_FIRST = 64 };

/* Never 0. The key's lowest bits say where its slot is, its highest which part it is of. */
static uint8_t
tag_of(uint64_t key)
{
    return (uint8_t)(key >> 48) | 1;
}

static void
set_tag(struct slots *t, size_t at, uint8_t tag)
{
    t->tags[at] = tag;
    if (at < SLOTS_TAGS)
        t->tags[t->size + at] = tag;
}

/* ---- tags, as many as are looked at together ---- */

#ifdef __SSE2__ /* by its built-in, as <emmintrin.h> has functions that do not compile here */
enum { TOGETHER = SLOTS_TAGS };

typedef uint8_t tags __attribute__((vector_size(16)));
typedef char tags_mask __attribute__((vector_size(16)));

static inline tags
tags_at(const struct slots *t, size_t at)
{
    tags found;

    memcpy(&found, &t->tags[at], sizeof(found));
    return found;
}

/* A bit for each tag that is the wanted one, the first lowest. */
static inline uint64_t
equal_tags(tags found, uint8_t wanted)
{
    return (unsigned)__builtin_ia32_pmovmskb128((tags_mask)(found == wanted));
}

static inline size_t
first_of(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits);
}
#else
enum { TOGETHER = 8 };

/* Eight tags from a place on, the first one lowest. */
static inline uint64_t
tags_at(const struct slots *t, size_t at)
{
    uint64_t found;

    memcpy(&found, &t->tags[at], sizeof(found));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    found = __builtin_bswap64(found);
#endif
    return found;
}

/* The highest bit of each tag that is the wanted one. Above the lowest of them others can be named,
 * too: whoever asks looks at the slot. */
static inline uint64_t
equal_tags(uint64_t found, uint8_t wanted)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    found ^= ones * wanted;
    return (found - ones) & ~found & ones << 7;
}

static inline size_t
first_of(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits) >> 3;
}
#endif

/* The place of the key, or the free one where it would be. */
static size_t
find(const struct slots *t, uint64_t key)
{
    uint8_t tag = tag_of(key);

    for (size_t at = key & (t->size - 1);; at = (at + TOGETHER) & (t->size - 1)) {
        uint64_t free = equal_tags(tags_at(t, at), 0), same = equal_tags(tags_at(t, at), tag);

        if (free != 0)
            same &= (free & -free) - 1; /* no further than the first free one */
        for (; same != 0; same &= same - 1) {
            size_t place = (at + first_of(same)) & (t->size - 1);

            if (t->slots[place].key == key)
                return place;
        }
        if (free != 0)
            return (at + first_of(free)) & (t->size - 1);
    }
}

static void
put(struct slots *t, const struct slot *slot)
{
    size_t at = find(t, slot->key);

    t->slots[at] = *slot;
    set_tag(t, at, tag_of(slot->key));
}

static size_t
bytes_of(size_t size)
{
    return size == 0 ? 0 : size * sizeof(struct slot) + size + SLOTS_TAGS;
}

static bool
is_full(const struct slots *t)
{
    return t->count >= t->size / 4 * 3;
}

static size_t
next_size(const struct slots *t)
{
    return t->size == 0 ? SIZE_FIRST : t->size * 2;
}

size_t
slots_growth(const struct slots *t)
{
    return is_full(t) ? bytes_of(next_size(t)) - bytes_of(t->size) : 0;
}

static bool
grow(struct slots *t, size_t *held)
{
    struct slots larger = {.count = t->count, .size = next_size(t)};

    larger.slots = memory_new_table(larger.size, sizeof(*larger.slots));
    larger.tags = memory_new(larger.size + SLOTS_TAGS, 1);
    if (larger.slots == NULL || larger.tags == NULL) {
        memory_free_table(larger.slots, larger.size, sizeof(*larger.slots));
        memory_free(larger.tags);
        return false;
    }
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].key != 0)
            put(&larger, &t->slots[i]);
    *held += bytes_of(larger.size) - bytes_of(t->size);
    memory_free_table(t->slots, t->size, sizeof(*t->slots));
    memory_free(t->tags);
    *t = larger;
    return true;
}

struct slot *
slots_find(const struct slots *t, uint64_t key, size_t *place)
{
    *place = 0;
    if (t->size == 0)
        return NULL;
    *place = find(t, key);
    return t->tags[*place] != 0 ? &t->slots[*place] : NULL;
}

struct slot *
slots_add(struct slots *t, uint64_t key, size_t place, size_t *held)
{
    if (is_full(t)) {
        if (!grow(t, held))
            return NULL;
        place = find(t, key);
    }
    set_tag(t, place, tag_of(key));
    t->slots[place].key = key;
    t->count++;
    return &t->slots[place];
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
        set_tag(t, (size_t)(at - t->slots), 0);
        if (may(arg, &slot))
            forgotten++;
        else
            put(t, &slot);
    }
    t->count -= forgotten;
    return forgotten;
}

void
slots_release(struct slots *t, size_t *held)
{
    *held -= bytes_of(t->size);
    memory_free_table(t->slots, t->size, sizeof(*t->slots));
    memory_free(t->tags);
    *t = (struct slots){0};
}
