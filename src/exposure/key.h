/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subject keys as canonical texts, the one form in which a key is hashed, compared and shown:
 *
 *      integers     decimal, a minus sign where negative, no leading zeros      42
 *      uuid         lower case, with dashes        f47ac10b-58cc-4372-a567-0e02b2c3d479
 *      numeric      no zeros at the end of the fraction, no point without one   12.5
 *      texts        as they are
 *
 * Whoever reads keys off the wire makes them so (src/postgres). Here is only what the directory
 * must know of them: which are numbers that stand for themselves.
 */
#ifndef PASU_EXPOSURE_KEY_H
#define PASU_EXPOSURE_KEY_H

#include "base/bytes.h"

/* Ordinals from here on are given by the directory; below, they are the key itself. */
#define KEY_ORDINAL_FIRST UINT32_C(0xf0000000)

enum { KEY_NUMBER_SIZE = 11 }; /* of the longest text of an ordinal, with its zero */

/* Whether the text is the canonical one of an integer below KEY_ORDINAL_FIRST, and which. */
bool key_is_ordinal(struct view text, uint32_t *ordinal);
/* Whether it is the canonical one of an integer of 64 bits, and which. */
bool key_is_integer(struct view text, int64_t *integer);
/* The canonical text of a number; its length. */
size_t key_number_text(char text[KEY_NUMBER_SIZE], uint32_t number);

#endif
