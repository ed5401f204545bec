/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"

#if defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

/* Of each half byte, for the polynomial 0x1EDC6F41 mirrored. */
static const uint32_t half_bytes[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

/* For processors without the instruction. */
static uint32_t PASU_UNUSED
by_table(uint32_t crc, const uint8_t *at, size_t length)
{
    for (; length > 0; length--) {
        crc ^= *at++;
        crc = crc >> 4 ^ half_bytes[crc & 15];
        crc = crc >> 4 ^ half_bytes[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)

/* The compilers' own names: the header of the usual ones needs malloc. */
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *at, size_t length)
{
    uint64_t wide = crc, word;

    for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (length-- > 0)
        crc = __builtin_ia32_crc32qi(crc, *at++);
    return crc;
}

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
    return ~(__builtin_cpu_supports("sse4.2") ? by_instruction(~crc, bytes, length)
                                              : by_table(~crc, bytes, length));
}

#elif defined(__ARM_FEATURE_CRC32)

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint64_t word;

    crc = ~crc;
    for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        crc = __crc32cd(crc, word);
    }
    while (length-- > 0)
        crc = __crc32cb(crc, *at++);
    return ~crc;
}

#else

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
    return ~by_table(~crc, bytes, length);
}

#endif
