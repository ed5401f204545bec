/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 with padding (RFC 4648, section 4), in canonical form only: one text for each sequence of
 * bytes, so that comparing texts is comparing bytes. OpenSSL does the work, a piece at a time, so
 * that a text may be of any length; it would also take white space, lax padding and stray last
 * bits, which are refused here. No trace of what passes is left on the stack.
 */
#ifndef PASU_BASE_BASE64_H
#define PASU_BASE_BASE64_H

#include "base/bytes.h"

/* Characters for so many bytes. */
#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)

void base64_write(struct writer *w, const void *bytes, size_t length);
/* Decodes at most `size` bytes; with `bytes` NULL it only checks, whatever the size. How many there
 * are, or PASU_E_MALFORMED: not canonical, or more than that. */
PASU_MUST_USE ssize_t base64_read(uint8_t *bytes, size_t size, struct view text);

#endif
