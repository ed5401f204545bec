/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 with padding (RFC 4648, section 4), in canonical form only: one text for each sequence of
 * bytes, so that comparing texts is comparing bytes. OpenSSL does the work; it would also take
 * white space, lax padding and stray last bits, which are refused here.
 */
#ifndef PASU_BASE_BASE64_H
#define PASU_BASE_BASE64_H

#include "base/bytes.h"

enum { BASE64_BYTES_MAX = 192, BASE64_TEXT_MAX = BASE64_BYTES_MAX / 3 * 4 };

/* Appends the text of at most BASE64_BYTES_MAX bytes; the writer fails for more. */
void base64_write(struct writer *w, const void *bytes, size_t length);
/* Decodes at most `size` bytes (and BASE64_BYTES_MAX). The number of bytes, or PASU_E_MALFORMED:
 * not canonical, or longer than that. */
PASU_MUST_USE int base64_read(uint8_t *bytes, size_t size, struct view text);

#endif
