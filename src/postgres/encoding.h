/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings of a client's texts. Keys that are texts are hashed as UTF-8, whatever encoding they
 * come in: the same person must not have two ordinals.
 *
 *      UTF8           as it is, where it is valid
 *      SQL_ASCII      of the server: nobody knows what its bytes are, and nobody converts them
 *      one byte       LATIN1 … WIN1258: a table of 128 characters
 *      two bytes      EUC_KR, UHC, EUC_CN, GBK: one of pairs
 *
 * The others (Japanese, Taiwanese and some rare ones) are not known: libraries and the server do
 * not agree on all of their characters.
 *
 * The tables are made once by the C library's iconv, which loads a module for each: before a
 * sandbox forbids that. Where it has none, the encoding is not known either. Immutable then; any
 * thread.
 */
#ifndef PASU_POSTGRES_ENCODING_H
#define PASU_POSTGRES_ENCODING_H

#include "base/bytes.h"

struct encoding;
struct encodings;

PASU_MUST_USE int encodings_new(struct encodings **encodings);
void encodings_free(struct encodings *encodings);

/* By PostgreSQL's name. NULL: not known. */
const struct encoding *encoding_named(const struct encodings *encodings, struct view name);
/* Whether it is UTF8, and whether it is SQL_ASCII. */
bool encoding_is_utf8(const struct encoding *encoding);
bool encoding_is_raw(const struct encoding *encoding);

/* What stands in UTF-8 for a text: `text` itself, or in `space`. PASU_E_MALFORMED where that is not
 * known (`encoding` may be NULL; ASCII is the same in all), PASU_E_RANGE where it does not fit. */
PASU_MUST_USE int encoding_to_utf8(const struct encoding *encoding, struct view text,
                                   uint8_t *space, size_t size, struct view *utf8);

/* How many bytes the character takes that a text begins with; 0: that is not known. (`encoding` may
 * be NULL.) */
size_t encoding_first(const struct encoding *encoding, struct view text);

#endif
