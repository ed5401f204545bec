/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-16 as UTF-8, as it comes, in pieces of any length: what spreadsheets save as "Unicode text".
 * By its mark, or, without one, where it looks like little or big endian text of mostly ASCII.
 *
 *      ff fe 30 00 31 00       →  01        a half of a pair alone  →  U+FFFD
 *
 * Bytes are hostile. Zeroed is no UTF-16. Source: RFC 2781.
 */
#ifndef PASU_SCAN_UTF16_H
#define PASU_SCAN_UTF16_H

#include "base/bytes.h"

enum utf16_order { UTF16_NONE, UTF16_LITTLE, UTF16_BIG };

struct utf16 {
    enum utf16_order order;
    uint16_t high; /* the first half of a pair, which waits; 0: none */
    uint8_t odd;   /* the first byte of a unit */
    bool has_odd;
};

/* What a file that begins so is; of a few bytes only the mark counts. */
enum utf16_order utf16_order_of(struct view head);
/* As much of *bytes as `size` has room for (6 and more); *bytes is the rest then. The length, 0
 * where there is none. */
size_t utf16_take(struct utf16 *utf16, struct view *bytes, uint8_t *out, size_t size);

#endif
