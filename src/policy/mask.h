/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mask leaves of a value, character by character, by what kind of value it is:
 *
 *      name         홍*동, 김*, J*** S****          the first and the last syllable; the first
 * letter of each word telephone    010-****-5678, +82-10-****-5678      the beginning, and the last
 * four digits e-mail       k***@example.com             the first letter, and the domain address
 * 서울특별시 강남구 ***        city or province, and district, where it begins so card
 * 1234-****-****-5678          the first and the last four digits resident     900101-******* the
 * date of birth
 *
 * What does not look as its kind does is masked as a whole: MASK_WHOLE, however long it was. That
 * is for whole values of a column alone: of what SQL has cut out of one, or put together, a mask
 * that leaves anything could be made to leave all of it, a letter at a time.
 *
 * Pure: values are hostile, borrowed, and never kept.
 */
#ifndef PASU_POLICY_MASK_H
#define PASU_POLICY_MASK_H

#include "policy/looks.h"

enum { MASK_CHARACTERS_MAX = 128 /* what is longer is masked as a whole */ };
#define MASK_WHOLE "***"

enum mask_step { MASK_KEEP, MASK_STAR, MASK_DROP };

/* What becomes of each character of a value, in UTF-8, of a field that is of this kind (LOOK_NONE:
 * nobody knows). How many there are; 0: it is to be masked as a whole. Where there are any, at
 * least one is not kept. */
size_t mask_steps(enum look look, struct view utf8, uint8_t steps[MASK_CHARACTERS_MAX]);

#endif
