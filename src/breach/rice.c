/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/rice.h"

enum {
    K_BITS = 5,
    HEAD_BITS = K_BITS + 1,
    ZEROS = 24, /* of a larger one */
    WHOLE = 32,
    HEAD = 8, /* bytes of a stretch: the number before it (4), where its code begins (4) */
    /* Bytes of the longest block, and what is looked at behind it. */
    BLOCK_MOST = (HEAD_BITS + RICE_BLOCK * (31 + ZEROS + 1 + WHOLE)) / 8 + 1,
    LOOKED_AT = 16,
};

/* ---- writing ---- */

/* The gaps of at most RICE_BLOCK numbers behind `next`, the lowest that the first can be. */
struct block {
    uint32_t gaps[RICE_BLOCK];
    size_t count;
    unsigned k;
    size_t larger; /* how many are */
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

static bool
is_larger(const struct block *b, size_t i)
{
    return b->gaps[i] >> b->k >= ZEROS;
}

/* Of the numbers from there on. */
static void
take_block(struct block *b, const uint32_t *items, size_t count, size_t from)
{
    uint32_t next = from > 0 ? items[from - 1] + 1 : 0;

    b->count = count - from < RICE_BLOCK ? count - from : RICE_BLOCK;
    b->larger = 0;
    for (size_t i = 0; i < b->count; i++) {
        b->gaps[i] = items[from + i] - next;
        next = items[from + i] + 1;
    }
    b->k = suitable_bits(b);
    for (size_t i = 0; i < b->count; i++)
        b->larger += is_larger(b, i);
}

static uint64_t
block_bits(const struct block *b)
{
    uint64_t bits = HEAD_BITS + b->count * (b->k + UINT64_C(1)) + b->larger * WHOLE;

    for (size_t i = 0; i < b->count; i++)
        bits += is_larger(b, i) ? ZEROS : b->gaps[i] >> b->k;
    return bits;
}

static void
put_block(struct bits *bits, const struct block *b)
{
    bits_put(bits, b->k, K_BITS);
    bits_put(bits, b->larger > 0, 1);
    for (size_t i = 0; i < b->count; i++)
        bits_put(bits, is_larger(b, i) ? 0 : b->gaps[i] & ((UINT64_C(1) << b->k) - 1), b->k);
    for (size_t i = 0; i < b->count; i++) {
        unsigned zeros = is_larger(b, i) ? ZEROS : b->gaps[i] >> b->k;

        bits_put(bits, UINT64_C(1) << zeros, zeros + 1);
    }
    for (size_t i = 0; b->larger > 0 && i < b->count; i++)
        if (is_larger(b, i))
            bits_put(bits, b->gaps[i], WHOLE);
}

static size_t
heads_of(size_t count)
{
    return count == 0 ? 0 : (count - 1) / RICE_STRETCH * HEAD;
}

static size_t
stretch_end(size_t from, size_t count)
{
    return count - from < RICE_STRETCH ? count : from + RICE_STRETCH;
}

uint64_t
rice_length(const uint32_t *items, size_t count)
{
    uint64_t length = heads_of(count);

    for (size_t from = 0; from < count; from = stretch_end(from, count)) {
        uint64_t bits = 0;

        for (size_t at = from; at < stretch_end(from, count); at += RICE_BLOCK) {
            struct block b;

            take_block(&b, items, stretch_end(from, count), at);
            bits += block_bits(&b);
        }
        length += (bits + 7) / 8;
    }
    return length;
}

void
rice_put(uint8_t *to, const uint32_t *items, size_t count)
{
    uint8_t *head = to, *codes = to + heads_of(count);
    struct bits bits = {.at = codes};

    for (size_t from = 0; from < count; from = stretch_end(from, count)) {
        if (from > 0) {
            uint32_t begin = (uint32_t)(bits.at - codes);

            memcpy(head, &items[from - 1], sizeof(*items));
            memcpy(head + sizeof(*items), &begin, sizeof(begin));
            head += HEAD;
        }
        for (size_t at = from; at < stretch_end(from, count); at += RICE_BLOCK) {
            struct block b;

            take_block(&b, items, stretch_end(from, count), at);
            put_block(&bits, &b);
        }
        bits_end(&bits);
    }
}

/* ---- reading ---- */

/* A block's bytes, behind which more may be looked at: near the end, those of a copy. */
struct window {
    const uint8_t *at;
    uint64_t bits; /* that may be looked at */
    bool is_copied;
    uint64_t from; /* the byte that the copy begins with */
    uint8_t copy[BLOCK_MOST + 2 * LOOKED_AT];
};

/* Where a block's ones are: their places in order, as numbers of bits. */
struct ones {
    uint16_t at[RICE_BLOCK + 4]; /* 4 are written at a time */
};

/* What a block needs is here because a compiler that clears variables would do so for each. */
struct coded {
    struct view heads, bytes;
    uint64_t bit, next; /* the place, and the lowest that the next number can be */
    struct window window;
    struct ones ones;
    uint32_t zeros[RICE_BLOCK];
};

static bool
begin(struct coded *c, struct view bytes, size_t count)
{
    size_t heads = heads_of(count);

    if (heads > bytes.length)
        return false;
    c->heads = view_of(bytes.bytes, heads);
    c->bytes = view_of(bytes.bytes + heads, bytes.length - heads);
    c->bit = c->next = 0;
    c->window.is_copied = false;
    return true;
}

/* Of the stretch from 1 on. */
static uint32_t
number_before(const struct coded *c, size_t stretch)
{
    uint32_t number;

    memcpy(&number, c->heads.bytes + (stretch - 1) * HEAD, sizeof(number));
    return number;
}

static uint32_t
begin_of(const struct coded *c, size_t stretch)
{
    uint32_t begin;

    memcpy(&begin, c->heads.bytes + (stretch - 1) * HEAD + sizeof(uint32_t), sizeof(begin));
    return begin;
}

/* Of blocks one behind the other. */
static void
look_from(struct coded *c, uint64_t byte)
{
    struct window *w = &c->window;
    size_t left = c->bytes.length - (size_t)byte;

    w->at = c->bytes.bytes + byte;
    w->bits = BLOCK_MOST * UINT64_C(8);
    if (left >= BLOCK_MOST + LOOKED_AT)
        return;
    if (!w->is_copied) {
        memcpy(w->copy, w->at, left);
        memset(w->copy + left, 0, LOOKED_AT);
        w->from = byte;
        w->is_copied = true;
    }
    w->at = w->copy + (byte - w->from);
    w->bits = left * UINT64_C(8);
}

static inline uint64_t
word_at(const struct window *w, uint64_t bit)
{
    uint64_t word;

    memcpy(&word, w->at + (bit >> 3), sizeof(word));
    return word >> (bit & 7);
}

/* Places of the ones in four bits, in order, as four numbers of 16 bits; and how many these are. */
#define PLACES(a, b, c, d) (UINT64_C(a) | UINT64_C(b) << 16 | UINT64_C(c) << 32 | UINT64_C(d) << 48)
static const uint64_t places[16] = {
    PLACES(0, 0, 0, 0), PLACES(0, 0, 0, 0), PLACES(1, 0, 0, 0), PLACES(0, 1, 0, 0),
    PLACES(2, 0, 0, 0), PLACES(0, 2, 0, 0), PLACES(1, 2, 0, 0), PLACES(0, 1, 2, 0),
    PLACES(3, 0, 0, 0), PLACES(0, 3, 0, 0), PLACES(1, 3, 0, 0), PLACES(0, 1, 3, 0),
    PLACES(2, 3, 0, 0), PLACES(0, 2, 3, 0), PLACES(1, 2, 3, 0), PLACES(0, 1, 2, 3)};
static const uint8_t place_counts[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

/* From `bit` on. False where there are not so many. */
static inline bool
find_ones(const struct window *w, uint64_t bit, size_t count, struct ones *ones)
{
    uint64_t before = 0;
    size_t i = 0;

    for (;;) {
        uint64_t word;

        if (bit + before >= w->bits)
            return false;
        word = word_at(w, bit + before);
        for (unsigned n = 0; n < 14; n++, word >>= 4, before += 4) { /* of 57 bits */
            uint64_t found = places[word & 15] + before * PLACES(1, 1, 1, 1);

            memcpy(ones->at + i, &found, sizeof(found));
            i += place_counts[word & 15];
            if (i >= count)
                return true;
        }
    }
}

/* The numbers of a block that has larger ones, whose rests and ones are known. */
static bool
add_larger(struct coded *c, uint64_t bit, unsigned k, uint32_t *items, size_t count, uint64_t *end)
{
    const struct window *w = &c->window;
    const struct ones *ones = &c->ones;
    uint64_t next = c->next, larger = *end;
    uint32_t before = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t zeros = ones->at[i] - before, gap;

        before = ones->at[i] + UINT32_C(1);
        gap = zeros << k | (word_at(w, bit + i * k) & ((UINT64_C(1) << k) - 1));
        if (zeros >= ZEROS) {
            if (larger + WHOLE > w->bits)
                return false;
            gap = (uint32_t)word_at(w, larger);
            larger += WHOLE;
        }
        next += gap;
        items[i] = (uint32_t)next++;
    }
    c->next = next;
    *end = larger;
    return true;
}

/* The numbers of a block that has none. The i-th has as many zeros before it, all together, as its
 * one's place less i. */
static void
add_rests(struct coded *c, uint64_t bit, unsigned k, uint32_t *items, size_t count)
{
    const struct ones *ones = &c->ones;
    const uint64_t mask = (UINT64_C(1) << k) - 1;
    const size_t some = k > 0 ? 56 / k : count;
    uint32_t *zeros = c->zeros;
    uint64_t sum = c->next;

    for (uint32_t i = 0; i < RICE_BLOCK; i++) /* of all: so many are done together */
        zeros[i] = ((ones->at[i] - i) << k) + i;
    for (size_t i = 0; i < count;) {
        uint64_t word = word_at(&c->window, bit + i * k);
        size_t end = count - i < some ? count : i + some;

        for (; i < end; i++, word >>= k) {
            sum += word & mask;
            items[i] = zeros[i] + (uint32_t)sum;
        }
    }
    c->next = sum + ((uint64_t)(ones->at[count - 1] - (count - 1)) << k) + count;
}

/* The next block, of so many, into `items`, without any base. */
static bool
get_block(struct coded *c, uint32_t *items, size_t count)
{
    uint64_t at = c->bit & 7, rests, end, head;
    const struct window *w = &c->window;
    unsigned k;

    if (c->bit >> 3 >= c->bytes.length)
        return false;
    look_from(c, c->bit >> 3);
    head = word_at(w, at);
    k = head & ((1 << K_BITS) - 1);
    rests = at + HEAD_BITS;
    if (rests + count * k >= w->bits || !find_ones(w, rests + count * k, count, &c->ones))
        return false;
    end = rests + count * k + c->ones.at[count - 1] + 1;
    if ((head >> K_BITS & 1) == 0)
        add_rests(c, rests, k, items, count);
    else if (!add_larger(c, rests, k, items, count, &end))
        return false;
    c->bit = (c->bit & ~UINT64_C(7)) + end;
    return c->bit <= (uint64_t)c->bytes.length * 8 && c->next <= UINT64_C(1) << 32;
}

/* Goes on to the stretch, which must begin where reading is. */
static bool
begin_stretch(struct coded *c, size_t stretch)
{
    c->bit = (c->bit + 7) & ~UINT64_C(7);
    return stretch == 0 || (c->bit == begin_of(c, stretch) * UINT64_C(8) &&
                            c->next == number_before(c, stretch) + UINT64_C(1));
}

int
rice_each(struct view bytes, size_t count, rice_fn *see, void *arg)
{
    uint32_t items[RICE_BLOCK];
    struct coded c;
    int result = begin(&c, bytes, count) ? 0 : PASU_E_CORRUPT;

    for (size_t at = 0; result == 0 && at < count; at += RICE_BLOCK) {
        size_t some = count - at < RICE_BLOCK ? count - at : RICE_BLOCK;

        if ((at % RICE_STRETCH == 0 && !begin_stretch(&c, at / RICE_STRETCH)) ||
            !get_block(&c, items, some))
            return PASU_E_CORRUPT;
        result = see(arg, items, some);
    }
    return result != 0 ? result : (c.bit + 7) / 8 == c.bytes.length ? 0 : PASU_E_CORRUPT;
}

int
rice_get(struct view bytes, uint32_t base, uint32_t *items, size_t count)
{
    struct coded c;

    if (!begin(&c, bytes, count))
        return PASU_E_CORRUPT;
    for (size_t at = 0; at < count; at += RICE_BLOCK)
        if ((at % RICE_STRETCH == 0 && !begin_stretch(&c, at / RICE_STRETCH)) ||
            !get_block(&c, items + at, count - at < RICE_BLOCK ? count - at : RICE_BLOCK))
            return PASU_E_CORRUPT;
    if (c.next + base > UINT64_C(1) << 32 || (c.bit + 7) / 8 != c.bytes.length)
        return PASU_E_CORRUPT;
    for (size_t i = 0; base > 0 && i < count; i++)
        items[i] += base;
    return 0;
}

/* ---- one number ---- */

/* The last stretch before which all are below the number. */
static size_t
stretch_of(const struct coded *c, unsigned slope, uint32_t number)
{
    size_t from = 0, to = c->heads.length / HEAD;

    while (from < to) {
        size_t middle = from + (to - from + 1) / 2;

        if (number_before(c, middle) < number + slope * (uint64_t)(middle * RICE_STRETCH - 1))
            from = middle;
        else
            to = middle - 1;
    }
    return from;
}

struct rice_found
rice_find(struct view bytes, size_t count, unsigned slope, uint32_t number)
{
    struct rice_found found = {0};
    uint32_t items[RICE_BLOCK];
    struct coded c;
    size_t stretch;

    if (!begin(&c, bytes, count))
        return found;
    stretch = stretch_of(&c, slope, number);
    if (stretch > 0) {
        c.bit = begin_of(&c, stretch) * UINT64_C(8);
        c.next = number_before(&c, stretch) + UINT64_C(1);
    }
    for (size_t at = stretch * RICE_STRETCH; at < count; at += RICE_BLOCK) {
        size_t some = count - at < RICE_BLOCK ? count - at : RICE_BLOCK;

        if (at % RICE_STRETCH == 0)
            c.bit = (c.bit + 7) & ~UINT64_C(7);
        if (!get_block(&c, items, some))
            return (struct rice_found){0};
        if (items[some - 1] < number + slope * (uint64_t)(at + some - 1))
            continue;
        for (size_t i = 0; i < some; i++) {
            uint64_t wanted = number + slope * (uint64_t)(at + i);

            if (items[i] > wanted)
                return found;
            if (items[i] == wanted && found.count++ == 0)
                found.place = at + i;
        }
    }
    return found;
}
