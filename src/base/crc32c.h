/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): the checksum for which processors have an
 * instruction. It finds accidents, not forgeries.
 */
#ifndef PASU_BASE_CRC32C_H
#define PASU_BASE_CRC32C_H

#include "base/attributes.h"

/* The checksum of what `crc` was of (0: of nothing) and these bytes after it. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
