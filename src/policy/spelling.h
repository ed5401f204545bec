/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value as it can be written: who has a leaked value compares it with keyed hashes of what a
 * database stores, byte by byte, and must guess how that writes it.
 *
 *      (010) 1234.5678   →  01012345678  010-1234-5678  010 1234 5678  010.1234.5678
 *                           +821012345678  +82-10-1234-5678  +82 10-1234-5678  …
 *      ADA@Mail.example  →  ADA@Mail.example  ada@mail.example
 *      이영희 in parts    →  composed (NFC), and as it is
 *
 * What is done to every value: blanks around it go, fullwidth forms and other kinds of blanks,
 * dots and dashes become ASCII, jamo become syllables. Pure: values are hostile, and borrowed.
 *
 * Source: ITU-T E.123 and E.164; the Unicode Standard, chapter 3.12 (Hangul composition).
 */
#ifndef PASU_POLICY_SPELLING_H
#define PASU_POLICY_SPELLING_H

#include "base/bytes.h"

enum { SPELLING_SIZE = 256, SPELLINGS_MAX = 16, SPELLING_AREAS = 3, SPELLING_MIDDLES = 2 };

struct spellings {
    size_t count;       /* at least one */
    struct view longer; /* the first one where it does not fit: as it is, borrowed */
    uint8_t texts[SPELLINGS_MAX][SPELLING_SIZE];
    uint16_t lengths[SPELLINGS_MAX];
    /* Which ways have one of those shapes, by the digits of a number's groups; 0: not known yet. */
    uint64_t shapes;
    uint16_t ways[SPELLING_AREAS][SPELLING_MIDDLES];
};

void spellings_of(struct spellings *spellings, struct view value);
/* The same without such ways to write a number as have none of these shapes (identity_shape); 0:
 * any. The space was zeroed before its first use. */
void spellings_shaped(struct spellings *spellings, struct view value, uint64_t shapes);
static inline struct view
spellings_at(const struct spellings *spellings, size_t i)
{
    return spellings->longer.bytes != NULL && i == 0
               ? spellings->longer
               : view_of(spellings->texts[i], spellings->lengths[i]);
}
/* The value in the one form from which all others are made: at most `size` bytes. 0 where it does
 * not fit, or is no UTF-8. */
size_t spelling_plain(uint8_t *out, size_t size, struct view value);
/* What a character becomes in it: fullwidth ASCII, blanks, dashes and dots of other scripts are
 * ASCII; 0: it is left out. */
uint32_t spelling_character(uint32_t character);
/* The national digits of a telephone number, as "01012345678", of a Korean one; of another
 * country's its digits behind "+". The length; 0: it is none. */
size_t spelling_phone(char out[32], struct view plain);

#endif
