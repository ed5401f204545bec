/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)
#include <immintrin.h> /* names malloc, so before what bans that */
#endif

#include "breach/person_hashes.h"

#include "scan/siphash.h"

void
person_hashes_one_by_one(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals,
                         size_t count, uint64_t *hashes)
{
    for (size_t i = 0; i < count; i++) {
        const uint32_t subject[2] = {kind, ordinals[i]};
        uint64_t hash = siphash(key, (const uint8_t *)subject, sizeof(subject));

        hashes[i] = hash != 0 ? hash : 1;
    }
}

#if defined(__x86_64__)

enum { LANES = 8, FEW = 4 /* so many are hashed one by one as soon */ };

#define WIDE_TARGET __attribute__((target("avx512f")))
#define WIDE_CODE   __attribute__((target("avx512f"), always_inline)) static inline

WIDE_CODE __m512i
all(uint64_t word)
{
    return _mm512_set1_epi64((long long)word);
}

/* As siphash_round, of each lane. */
WIDE_CODE void
add_round(__m512i v[4])
{
    v[0] = _mm512_add_epi64(v[0], v[1]);
    v[2] = _mm512_add_epi64(v[2], v[3]);
    v[1] = _mm512_xor_si512(_mm512_rol_epi64(v[1], 13), v[0]);
    v[3] = _mm512_xor_si512(_mm512_rol_epi64(v[3], 16), v[2]);
    v[0] = _mm512_rol_epi64(v[0], 32);
    v[2] = _mm512_add_epi64(v[2], v[1]);
    v[0] = _mm512_add_epi64(v[0], v[3]);
    v[1] = _mm512_xor_si512(_mm512_rol_epi64(v[1], 17), v[2]);
    v[3] = _mm512_xor_si512(_mm512_rol_epi64(v[3], 21), v[0]);
    v[2] = _mm512_rol_epi64(v[2], 32);
}

WIDE_CODE void
take(__m512i v[4], __m512i word)
{
    v[3] = _mm512_xor_si512(v[3], word);
    add_round(v);
    add_round(v);
    v[0] = _mm512_xor_si512(v[0], word);
}

WIDE_TARGET static void
hash_wide(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals, size_t count,
          uint64_t *hashes)
{
    const uint64_t low = siphash_word(key), high = siphash_word(key + 8);
    const __m512i start[4] = {
        all(low ^ UINT64_C(0x736f6d6570736575)), all(high ^ UINT64_C(0x646f72616e646f6d)),
        all(low ^ UINT64_C(0x6c7967656e657261)), all(high ^ UINT64_C(0x7465646279746573))};

    for (size_t at = 0; at < count; at += LANES) {
        const __mmask8 lanes =
            count - at < LANES ? (__mmask8)((1u << (count - at)) - 1) : (__mmask8)UINT8_MAX;
        const __m512i numbers = _mm512_maskz_loadu_epi32(lanes, ordinals + at);
        const __m512i wide = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(numbers));
        __m512i v[4] = {start[0], start[1], start[2], start[3]}, hash;

        take(v, _mm512_or_si512(_mm512_slli_epi64(wide, 32), all(kind)));
        take(v, all(UINT64_C(8) << 56)); /* how many bytes they were */
        v[2] = _mm512_xor_si512(v[2], all(0xff));
        for (int i = 0; i < 4; i++)
            add_round(v);
        hash = _mm512_xor_si512(_mm512_xor_si512(v[0], v[1]), _mm512_xor_si512(v[2], v[3]));
        hash = _mm512_mask_mov_epi64(hash, _mm512_cmpeq_epi64_mask(hash, all(0)), all(1));
        _mm512_mask_storeu_epi64(hashes + at, lanes, hash);
    }
}

void
person_hashes(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals, size_t count,
              uint64_t *hashes)
{
    (count > FEW && __builtin_cpu_supports("avx512f") ? hash_wide : person_hashes_one_by_one)(
        key, kind, ordinals, count, hashes);
}

#else

void
person_hashes(const uint8_t key[16], uint32_t kind, const uint32_t *ordinals, size_t count,
              uint64_t *hashes)
{
    person_hashes_one_by_one(key, kind, ordinals, count, hashes);
}

#endif
