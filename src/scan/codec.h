/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression in this process, one stream at a time: gzip (isa-l), zstd, xz, bzip2. What follows
 * the end of a member (a file of several) is the next one; zeros that pad a file are passed over.
 *
 * The bytes are hostile: output goes only where there is room for it, and what a decoder may hold
 * is bounded (xz: CODEC_MEMORY; zstd: windows up to 128 MiB).
 */
#ifndef PASU_SCAN_CODEC_H
#define PASU_SCAN_CODEC_H

#include "base/bytes.h"

enum codec_kind { CODEC_PLAIN, CODEC_GZIP, CODEC_ZSTD, CODEC_XZ, CODEC_BZIP2 };

enum { CODEC_MAGIC = 6 /* bytes that tell it */ };

#define CODEC_MEMORY ((uint64_t)256 << 20)

struct codec;

/* By the first bytes of a file; fewer than CODEC_MAGIC may be there. */
enum codec_kind codec_of(struct view head);
/* "gzip"; NULL for CODEC_PLAIN. */
const char *codec_name(enum codec_kind kind);
/* Not for CODEC_PLAIN. PASU_E_NOMEM. */
PASU_MUST_USE int codec_new(struct codec **slot, enum codec_kind kind);
void codec_free(struct codec *codec);
/*
 * Takes from the front of *in what it can and writes at most `room` bytes. What was written, 0
 * where it needs more of the file (then *in is empty); PASU_E_CORRUPT, PASU_E_NOMEM.
 */
PASU_MUST_USE ssize_t codec_step(struct codec *codec, struct view *in, uint8_t *to, size_t room);
/* Whether the file may end here: PASU_E_CORRUPT in the middle of a member. */
PASU_MUST_USE int codec_end(const struct codec *codec);

#endif
