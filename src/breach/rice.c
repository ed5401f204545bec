/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/rice.h"

enum { BLOCK = 64, K_BITS = 5, ZEROS = 24, WHOLE = 32 };

/* ---- writing ---- */

void
bits_put(struct bits *b, uint64_t value, unsigned count)
{
    b->word |= value << b->used;
    b->used += count;
    memcpy(b->at, &b->word, sizeof(b->word));
    b->at += b->used / 8;
    b->word >>= b->used & ~7U;
    b->used &= 7;
}

void
bits_end(struct bits *b)
{
    if (b->used > 0)
        *b->at++ = (uint8_t)b->word;
    b->used = 0;
}

/* The gaps of at most BLOCK numbers behind `next`, the lowest that the first can be. */
struct block {
    uint32_t gaps[BLOCK];
    size_t count;
    unsigned k;
};

/* log2 of the mean gap, about, the largest one apart: between persons that stand together there is
 * a long one now and then. */
static unsigned
suitable_bits(const struct block *b)
{
    uint64_t sum = 0, largest = 0, mean;

    for (size_t i = 0; i < b->count; i++) {
        sum += b->gaps[i];
        largest = b->gaps[i] > largest ? b->gaps[i] : largest;
    }
    mean = b->count > 1 ? (sum - largest) / (b->count - 1) : largest;
    return mean < 2 ? 0 : (unsigned)(63 - __builtin_clzll(mean));
}

static void
take_block(struct block *b, const uint32_t *items, size_t count, uint32_t next)
{
    b->count = count < BLOCK ? count : BLOCK;
    b->gaps[0] = items[0] - next;
    for (size_t i = 1; i < b->count; i++)
        b->gaps[i] = items[i] - items[i - 1] - 1;
    b->k = suitable_bits(b);
}

static uint64_t
block_bits(const struct block *b)
{
    uint64_t bits = K_BITS + b->count * (b->k + UINT64_C(1));

    for (size_t i = 0; i < b->count; i++) {
        uint32_t zeros = b->gaps[i] >> b->k;

        bits += zeros < ZEROS ? zeros : ZEROS + WHOLE - b->k;
    }
    return bits;
}

uint64_t
rice_length(const uint32_t *items, size_t count, uint32_t base)
{
    uint64_t bits = 0;

    for (size_t at = 0; at < count; at += BLOCK) {
        struct block b;

        take_block(&b, items + at, count - at, at == 0 ? base : items[at - 1] + 1);
        bits += block_bits(&b);
    }
    return (bits + 7) / 8;
}

void
rice_put(uint8_t *at, const uint32_t *items, size_t count, uint32_t base)
{
    struct bits bits = {.at = at};

    for (size_t from = 0; from < count; from += BLOCK) {
        struct block b;

        take_block(&b, items + from, count - from, from == 0 ? base : items[from - 1] + 1);
        bits_put(&bits, b.k, K_BITS);
        for (size_t i = 0; i < b.count; i++) {
            uint32_t gap = b.gaps[i], zeros = gap >> b.k;

            if (zeros < ZEROS) {
                bits_put(&bits, UINT64_C(1) << zeros, zeros + 1);
                bits_put(&bits, gap & ((UINT64_C(1) << b.k) - 1), b.k);
            } else {
                bits_put(&bits, UINT64_C(1) << ZEROS, ZEROS + 1);
                bits_put(&bits, gap, WHOLE);
            }
        }
    }
    bits_end(&bits);
}

/* ---- reading ---- */

struct coded {
    struct view bytes;
    uint64_t bit, next; /* the place, and the lowest that the next number can be */
    unsigned k;
};

/* The bits from there on in a word, zeros behind the end; how many of them are there. */
static inline uint64_t
look(const struct coded *c, unsigned *valid)
{
    size_t at = (size_t)(c->bit >> 3), left = c->bytes.length - at;
    uint64_t word = 0;

    if (left >= sizeof(word))
        memcpy(&word, c->bytes.bytes + at, sizeof(word));
    else
        memcpy(&word, c->bytes.bytes + at, left);
    *valid = (left < sizeof(word) ? (unsigned)left * 8 : 64) - (unsigned)(c->bit & 7);
    return word >> (c->bit & 7);
}

/* As many bits as there are asked for, at most 56; false where there are not so many. */
static bool
get_bits(struct coded *c, unsigned count, uint64_t *value)
{
    unsigned valid;
    uint64_t word;

    if (c->bit + count > (uint64_t)c->bytes.length * 8)
        return false;
    word = look(c, &valid);
    *value = word & ((UINT64_C(1) << count) - 1);
    c->bit += count;
    return true;
}

/* One number, however its gap is written. */
static bool
get_one(struct coded *c)
{
    unsigned valid, zeros;
    uint64_t word, rest;

    if (c->bit >= (uint64_t)c->bytes.length * 8)
        return false;
    word = look(c, &valid);
    zeros = word == 0 ? ZEROS + 1 : (unsigned)__builtin_ctzll(word);
    if (zeros > ZEROS)
        return false;
    c->bit += zeros + 1;
    if (!get_bits(c, zeros == ZEROS ? WHOLE : c->k, &rest))
        return false;
    c->next += (zeros == ZEROS ? rest : ((uint64_t)zeros << c->k | rest)) + 1;
    return true;
}

/* As many as stand whole in the next word; how many these were. */
static inline size_t
get_some(struct coded *c, uint32_t *items, size_t most)
{
    const uint64_t mask = (UINT64_C(1) << c->k) - 1;
    unsigned valid, used = 0;
    uint64_t word = look(c, &valid), next = c->next;
    size_t count = 0;

    while (word != 0 && count < most) {
        unsigned zeros = (unsigned)__builtin_ctzll(word), length = zeros + 1 + c->k;

        if (zeros >= ZEROS || used + length > valid)
            break;
        next += ((uint64_t)zeros << c->k | (word >> (zeros + 1) & mask)) + 1;
        items[count++] = (uint32_t)(next - 1);
        word >>= length;
        used += length;
    }
    c->bit += used;
    c->next = next;
    return count;
}

static bool
get_block(struct coded *c, uint32_t *items, size_t count)
{
    uint64_t k;
    size_t done = 0;

    if (!get_bits(c, K_BITS, &k))
        return false;
    c->k = (unsigned)k;
    while (done < count) {
        size_t some = get_some(c, items + done, count - done);

        if (some == 0) {
            if (!get_one(c))
                return false;
            items[done] = (uint32_t)(c->next - 1);
            some = 1;
        }
        done += some;
    }
    return c->next <= UINT64_C(1) << 32;
}

int
rice_get(struct view bytes, uint32_t base, uint32_t *items, size_t count)
{
    struct coded c = {.bytes = bytes, .next = base};

    for (size_t at = 0; at < count; at += BLOCK)
        if (!get_block(&c, items + at, count - at < BLOCK ? count - at : BLOCK))
            return PASU_E_CORRUPT;
    return (c.bit + 7) / 8 == bytes.length ? 0 : PASU_E_CORRUPT;
}

/* As get_some, of numbers that nobody keeps, and not behind one that is not below `ordinal`. */
static inline size_t
pass_some(struct coded *c, uint32_t ordinal, size_t most)
{
    const uint64_t mask = (UINT64_C(1) << c->k) - 1;
    unsigned valid, used = 0;
    uint64_t word = look(c, &valid), next = c->next;
    size_t count = 0;

    while (word != 0 && count < most && next <= ordinal) {
        unsigned zeros = (unsigned)__builtin_ctzll(word), length = zeros + 1 + c->k;

        if (zeros >= ZEROS || used + length > valid)
            break;
        next += ((uint64_t)zeros << c->k | (word >> (zeros + 1) & mask)) + 1;
        count++;
        word >>= length;
        used += length;
    }
    c->bit += used;
    c->next = next;
    return count;
}

/* The numbers of a block, up to the first that is not below `ordinal`: how many these are; 0: the
 * bytes are none. */
static size_t
pass_block(struct coded *c, uint32_t ordinal, size_t count)
{
    uint64_t k;
    size_t done = 0;

    if (!get_bits(c, K_BITS, &k))
        return 0;
    c->k = (unsigned)k;
    while (done < count && c->next <= ordinal) {
        size_t some = pass_some(c, ordinal, count - done);

        if (some == 0 && !get_one(c))
            return 0;
        done += some > 0 ? some : 1;
    }
    return done;
}

bool
rice_rank(struct view bytes, uint32_t base, size_t count, uint32_t ordinal, uint64_t *rank)
{
    struct coded c = {.bytes = bytes, .next = base};

    for (size_t at = 0; at < count && c.next <= ordinal;) {
        size_t some = pass_block(&c, ordinal, count - at < BLOCK ? count - at : BLOCK);

        if (some == 0)
            return false;
        at += some;
        *rank = at - 1;
    }
    return c.next == (uint64_t)ordinal + 1 && count > 0 && ordinal >= base;
}
