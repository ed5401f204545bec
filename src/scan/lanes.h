/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bytes of several kinds stand in a text: a bit for each byte and kind, found 64 bytes at a
 * time. A reader that looks for many short fields in one line asks once, and goes from bit to bit.
 *
 * With AVX-512 or AVX2 where the machine has them (it is asked for at run time), else with SSE2,
 * which all x86-64 have, else byte by byte; all find the same, and none reads behind the text.
 * Built with -Dvectors=portable the first two are left out. Pure.
 */
#ifndef PASU_SCAN_LANES_H
#define PASU_SCAN_LANES_H

#include "base/bytes.h"

enum { LANES = 64, LANES_KINDS = 6 };

/* The words that a text of that many bytes takes: one more than it fills, so that its end is in
 * one. */
#define LANES_WORDS(length) ((length) / LANES + 1)

/* What is looked for: `count` kinds, and where `below` is not 0, as one kind more, all bytes below
 * it; at most LANES_KINDS. */
struct lanes_wanted {
    uint8_t kinds[LANES_KINDS];
    uint8_t count, below;
};

/* Bit b of found[w][k]: byte 64 w + b of the text is of kind k. All words of LANES_WORDS are
 * written, of each the kinds that are wanted. */
void lanes_find(struct view text, const struct lanes_wanted *wanted,
                uint64_t (*found)[LANES_KINDS]);
/* The same, never with those. */
void lanes_find_portable(struct view text, const struct lanes_wanted *wanted,
                         uint64_t (*found)[LANES_KINDS]);

/* The room that the places of that many bytes take. */
#define LANES_PLACES(length) (((length) / LANES + 2) * LANES)

/* Where the bits of the words are, in order; how many. What is behind them in `to`, up to a word's
 * bits of it, may be written over. Of 64 kilobytes at most. */
size_t lanes_places(const uint64_t *words, size_t count, uint16_t *to);
size_t lanes_places_portable(const uint64_t *words, size_t count, uint16_t *to);

/* A text whose bytes were looked for. */
struct lanes {
    const uint8_t *start, *end;
    const uint64_t (*found)[LANES_KINDS];
};

/* The first byte from `at` on, which is in the text or its end, that is of one of the two kinds;
 * the end: there is none. */
static inline const uint8_t *
lanes_next(const struct lanes *lanes, const uint8_t *at, unsigned kind, unsigned other)
{
    size_t i = (size_t)(at - lanes->start), w = i / LANES;
    size_t words = LANES_WORDS((size_t)(lanes->end - lanes->start));
    uint64_t found = (lanes->found[w][kind] | lanes->found[w][other]) >> i % LANES;

    if (PASU_LIKELY(found != 0))
        return at + __builtin_ctzll(found);
    while (++w < words) {
        found = lanes->found[w][kind] | lanes->found[w][other];
        if (found != 0)
            return lanes->start + w * LANES + __builtin_ctzll(found);
    }
    return lanes->end;
}

#endif
