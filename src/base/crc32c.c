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

enum { STREAM_MIN = 4, STREAM_MAX = 32 }; /* words */

/* x^(64 i + 31) modulo the polynomial, mirrored: what puts a checksum i + 1 words further on. A
 * product of two mirrored numbers is one bit off, and the instruction multiplies by x^32. */
static const uint32_t shifts[2 * STREAM_MAX] = {
    0x00000001, 0x493c7d27, 0xf20c0dfe, 0xba4fc28e, 0x3da6d0cb, 0xddc0152b, 0x1c291d04, 0x9e4addf8,
    0x740eef02, 0x39d3b296, 0x083a6eec, 0x0715ce53, 0xc49f4f67, 0x47db8317, 0x2ad91c30, 0x0d3b6092,
    0x6992cea2, 0xc96cfdc0, 0x7e908048, 0x878a92a7, 0x1b3d8f29, 0xdaece73e, 0xf1d0f55e, 0xab7aff2a,
    0xa87ab8a8, 0x2162d385, 0x8462d800, 0x83348832, 0x71d111a8, 0x299847d5, 0xffd852c6, 0xb9e02b86,
    0xdcb17aa4, 0x18b33a4e, 0xf37c5aee, 0xb6dd949b, 0x6051d5a2, 0x78d9ccb7, 0x18b0d4ff, 0xbac2fd7b,
    0x21f3d99c, 0xa60ce07b, 0x8f158014, 0xce7f39f4, 0xa00457f7, 0x61d82e56, 0x8d6d2c43, 0xd270f1a2,
    0x00ac29cf, 0xc619809d, 0xe9adf796, 0x2b3cac5d, 0x96638b34, 0x65863b64, 0xe0e9f351, 0x1b03397f,
    0x9af01f2d, 0xebb883bd, 0x2cff42cf, 0xb3e32c28, 0x88f25a3a, 0x064f7f26, 0x4e36f0b0, 0xdd7e3b0c,
};

/* The compilers' own names: the header of the usual ones needs malloc. */
__attribute__((target("sse4.2"))) static inline uint64_t
add_word(uint64_t crc, const uint8_t *at, uint64_t more)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return __builtin_ia32_crc32di(crc, word ^ more);
}

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *at, size_t length)
{
    uint64_t wide = crc;

    for (; length >= sizeof(wide); length -= sizeof(wide), at += sizeof(wide))
        wide = add_word(wide, at, 0);
    crc = (uint32_t)wide;
    while (length-- > 0)
        crc = __builtin_ia32_crc32qi(crc, *at++);
    return crc;
}

typedef long long pair __attribute__((vector_size(16)));

__attribute__((target("pclmul"))) static inline uint64_t
multiply(uint64_t a, uint64_t b)
{
    return (uint64_t)__builtin_ia32_pclmulqdq128((pair){(long long)a}, (pair){(long long)b}, 0)[0];
}

/* The instruction takes three times as long as until the next one may begin: three streams that
 * stand behind each other. What the first two have come to is put where the last one ends. */
__attribute__((target("sse4.2,pclmul"))) static uint32_t
by_three_streams(uint32_t crc, const uint8_t *at, size_t length)
{
    while (length >= 3 * STREAM_MIN * sizeof(uint64_t)) {
        const size_t most = length / (3 * sizeof(uint64_t));
        const size_t words = most < STREAM_MAX ? most : STREAM_MAX, size = words * sizeof(uint64_t);
        const uint8_t *last = at + size - sizeof(uint64_t);
        uint64_t one = crc, two = 0, three = 0;

        for (; at < last; at += sizeof(uint64_t)) {
            one = add_word(one, at, 0);
            two = add_word(two, at + size, 0);
            three = add_word(three, at + 2 * size, 0);
        }
        one = add_word(one, at, 0);
        two = add_word(two, at + size, 0);
        crc = (uint32_t)add_word(three, at + 2 * size,
                                 multiply(one, shifts[2 * words - 1]) ^
                                     multiply(two, shifts[words - 1]));
        at += 2 * size + sizeof(uint64_t);
        length -= 3 * size;
    }
    return by_instruction(crc, at, length);
}

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t length)
{
    if (!__builtin_cpu_supports("sse4.2"))
        return ~by_table(~crc, bytes, length);
    return ~(__builtin_cpu_supports("pclmul") ? by_three_streams(~crc, bytes, length)
                                              : by_instruction(~crc, bytes, length));
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
