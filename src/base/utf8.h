/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 (RFC 3629), strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF.
 */
#ifndef PASU_BASE_UTF8_H
#define PASU_BASE_UTF8_H

#include "base/bytes.h"

/* The character that a text begins with, and how many bytes it takes, 1 to 4; 0 where there is none
 * or the text is empty. */
size_t utf8_first(struct view text, uint32_t *character);
/* Whether it is UTF-8 from beginning to end. */
bool utf8_is_valid(struct view text);
/* How many bytes of a text there are, at most so many, where no character is to be cut in two. */
size_t utf8_cut(const char *text, size_t most);
/* Writes a character that is one; how many bytes it takes. */
size_t utf8_put(uint8_t to[4], uint32_t character);

#endif
