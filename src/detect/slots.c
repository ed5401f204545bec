/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/slots.h"

#include "base/memory.h"

#include <string.h>

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

/* ---- places ---- */

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

            if (slots_at(t, t->places[place])->key == key)
                return place;
        }
        if (free != 0)
            return (at + first_of(free)) & (t->size - 1);
    }
}

static size_t
find_free(const struct slots *t, uint64_t key)
{
    for (size_t at = key & (t->size - 1);; at = (at + TOGETHER) & (t->size - 1)) {
        uint64_t free = equal_tags(tags_at(t, at), 0);

        if (free != 0)
            return (at + first_of(free)) & (t->size - 1);
    }
}

static void
set_place(struct slots *t, size_t place, uint64_t key, size_t i)
{
    set_tag(t, place, tag_of(key));
    t->places[place] = (uint32_t)i;
}

static void
place_all(struct slots *t)
{
    for (size_t i = 0; i < t->count; i++) {
        uint64_t key = slots_at(t, i)->key;

        set_place(t, find_free(t, key), key, i);
    }
}

const struct slot *
slots_likely(const struct slots *t, uint64_t key)
{
    uint8_t tag = tag_of(key);

    if (t->size == 0)
        return NULL;
    for (size_t at = key & (t->size - 1);; at = (at + TOGETHER) & (t->size - 1)) {
        uint64_t free = equal_tags(tags_at(t, at), 0), same = equal_tags(tags_at(t, at), tag);

        if (free != 0)
            same &= (free & -free) - 1;
        if (same != 0)
            return slots_at(t, t->places[(at + first_of(same)) & (t->size - 1)]);
        if (free != 0)
            return NULL;
    }
}

struct slot *
slots_find(const struct slots *t, uint64_t key, size_t *place)
{
    *place = 0;
    if (t->size == 0)
        return NULL;
    *place = find(t, key);
    return t->tags[*place] != 0 ? slots_at(t, t->places[*place]) : NULL;
}

/* ---- room ---- */

static size_t
pieces_of(size_t count)
{
    return (count + SLOTS_PIECE - 1) / SLOTS_PIECE;
}

/* There are no more slots than places. */
static size_t
places_bytes(size_t size)
{
    return size == 0 ? 0
                     : size * (sizeof(uint32_t) + 1) + SLOTS_TAGS +
                           pieces_of(size) * sizeof(struct slot *);
}

static size_t
piece_bytes(void)
{
    return SLOTS_PIECE * sizeof(struct slot);
}

static size_t
bytes_of(const struct slots *t)
{
    return places_bytes(t->size) + pieces_of(t->count) * piece_bytes();
}

static bool
is_full(const struct slots *t)
{
    return t->count >= t->size / 4 * 3;
}

static size_t
next_size(const struct slots *t)
{
    return t->size == 0 ? SLOTS_FIRST : t->size * 2;
}

size_t
slots_growth(const struct slots *t)
{
    return (is_full(t) ? places_bytes(next_size(t)) - places_bytes(t->size) : 0) +
           (t->count % SLOTS_PIECE == 0 ? piece_bytes() : 0);
}

size_t
slots_spare(const struct slots *t)
{
    return bytes_of(t) - t->count * sizeof(struct slot);
}

static void
free_places(struct slots *t)
{
    memory_free_table(t->places, t->size, sizeof(*t->places));
    memory_free(t->tags);
    memory_free(t->pieces);
}

static bool
grow(struct slots *t, size_t *held)
{
    struct slots larger = {.count = t->count, .size = next_size(t)};

    if (larger.size > UINT32_MAX)
        return false;
    larger.places = memory_new_table(larger.size, sizeof(*larger.places));
    larger.tags = memory_new(larger.size + SLOTS_TAGS, 1);
    larger.pieces = memory_new(pieces_of(larger.size), sizeof(struct slot *));
    if (larger.places == NULL || larger.tags == NULL || larger.pieces == NULL) {
        free_places(&larger);
        return false;
    }
    if (t->count > 0)
        memcpy(larger.pieces, t->pieces, pieces_of(t->count) * sizeof(struct slot *));
    place_all(&larger);
    *held += places_bytes(larger.size) - places_bytes(t->size);
    free_places(t);
    *t = larger;
    return true;
}

struct slot *
slots_add(struct slots *t, uint64_t key, size_t place, size_t *held)
{
    struct slot *slot;

    if (is_full(t)) {
        if (!grow(t, held))
            return NULL;
        place = find_free(t, key);
    }
    if (t->count % SLOTS_PIECE == 0) {
        slot = memory_new_table(SLOTS_PIECE, sizeof(*slot));
        if (slot == NULL)
            return NULL;
        t->pieces[t->count / SLOTS_PIECE] = slot;
        *held += piece_bytes();
    }
    set_place(t, place, key, t->count);
    slot = slots_at(t, t->count++);
    slot->key = key;
    return slot;
}

/* Gives up the pieces behind as many slots. */
static void
cut(struct slots *t, size_t count, size_t *held)
{
    for (size_t i = pieces_of(count); i < pieces_of(t->count); i++) {
        memory_free_table(t->pieces[i], SLOTS_PIECE, sizeof(struct slot));
        *held -= piece_bytes();
    }
    t->count = count;
}

size_t
slots_forget(struct slots *t, bool (*may)(void *arg, const struct slot *slot), void *arg,
             size_t *held)
{
    size_t kept = 0, forgotten;

    for (size_t i = 0; i < t->count; i++) {
        struct slot *slot = slots_at(t, i);

        if (!may(arg, slot) && kept++ < i)
            *slots_at(t, kept - 1) = *slot;
    }
    forgotten = t->count - kept;
    if (forgotten == 0)
        return 0;
    cut(t, kept, held);
    for (size_t i = kept; i < pieces_of(kept) * SLOTS_PIECE; i++)
        *slots_at(t, i) = (struct slot){0};
    memset(t->tags, 0, t->size + SLOTS_TAGS);
    place_all(t);
    return forgotten;
}

void
slots_release(struct slots *t, size_t *held)
{
    *held -= places_bytes(t->size);
    cut(t, 0, held);
    free_places(t);
    *t = (struct slots){0};
}
