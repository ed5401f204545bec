/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__) && !defined(PASU_PORTABLE)
#include <immintrin.h> /* first: it uses words that do not compile behind attributes.h */
#define HAS_WIDE 1
#endif

#include "scan/lanes.h"

/* ---- 64 bytes, of which all are there ---- */

#ifdef __SSE2__
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef char mask __attribute__((vector_size(16)));

static inline uint64_t
bits_of(sixteen found)
{
    return (unsigned)__builtin_ia32_pmovmskb128((mask)found);
}

static inline uint64_t
join(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return a | b << 16 | c << 32 | d << 48;
}

static void
find_in_64(const uint8_t *at, const struct lanes_wanted *wanted, uint64_t there, uint64_t *found)
{
    sixteen b[4];

    memcpy(b, at, sizeof(b));
    for (size_t k = 0; k < wanted->count; k++) {
        uint8_t kind = wanted->kinds[k];

        found[k] = join(bits_of((sixteen)(b[0] == kind)), bits_of((sixteen)(b[1] == kind)),
                        bits_of((sixteen)(b[2] == kind)), bits_of((sixteen)(b[3] == kind))) &
                   there;
    }
    if (wanted->below != 0) {
        uint8_t below = wanted->below;

        found[wanted->count] =
            join(bits_of((sixteen)(b[0] < below)), bits_of((sixteen)(b[1] < below)),
                 bits_of((sixteen)(b[2] < below)), bits_of((sixteen)(b[3] < below))) &
            there;
    }
}
#else
static void
find_in_64(const uint8_t *at, const struct lanes_wanted *wanted, uint64_t there, uint64_t *found)
{
    size_t count = wanted->count;

    for (size_t k = 0; k < count + (wanted->below != 0); k++)
        found[k] = 0;
    for (unsigned i = 0; i < LANES; i++) {
        uint64_t bit = there & UINT64_C(1) << i;

        for (size_t k = 0; k < count; k++)
            found[k] |= at[i] == wanted->kinds[k] ? bit : 0;
        if (at[i] < wanted->below)
            found[count] |= bit;
    }
}
#endif

void
lanes_find_portable(struct view text, const struct lanes_wanted *wanted,
                    uint64_t (*found)[LANES_KINDS])
{
    size_t whole = text.length / LANES, rest = text.length % LANES;
    uint8_t last[LANES] = {0};

    if (rest > 0)
        memcpy(last, text.bytes + whole * LANES, rest);
    for (size_t w = 0; w <= whole; w++) {
        const uint8_t *at = w < whole ? text.bytes + w * LANES : last;
        uint64_t there = w < whole ? ~UINT64_C(0) : (UINT64_C(1) << rest) - 1;

        find_in_64(at, wanted, there, found[w]);
    }
}

size_t
lanes_places_portable(const uint64_t *words, size_t count, uint16_t *to)
{
    size_t found = 0;

    for (size_t w = 0; w < count; w++)
        for (uint64_t left = words[w]; left != 0; left &= left - 1)
            to[found++] = (uint16_t)(w * LANES + (size_t)__builtin_ctzll(left));
    return found;
}

/* ---- AVX2, AVX-512 ---- */

#ifdef HAS_WIDE
__attribute__((target("avx2"))) static inline uint64_t
join_32(__m256i low, __m256i high)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(low) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

__attribute__((target("avx2"))) static void
find_in_32(struct view text, const struct lanes_wanted *wanted, uint64_t (*found)[LANES_KINDS])
{
    size_t whole = text.length / LANES, rest = text.length % LANES, count = wanted->count;
    __m256i most = _mm256_set1_epi8((char)(wanted->below - 1));
    uint8_t last[LANES] = {0};

    if (rest > 0)
        memcpy(last, text.bytes + whole * LANES, rest);
    for (size_t w = 0; w <= whole; w++) {
        const uint8_t *at = w < whole ? text.bytes + w * LANES : last;
        uint64_t there = w < whole ? ~UINT64_C(0) : (UINT64_C(1) << rest) - 1;
        __m256i low = _mm256_loadu_si256((const __m256i_u *)at);
        __m256i high = _mm256_loadu_si256((const __m256i_u *)(at + 32));

        for (size_t k = 0; k < count; k++) {
            __m256i kind = _mm256_set1_epi8((char)wanted->kinds[k]);

            found[w][k] =
                join_32(_mm256_cmpeq_epi8(low, kind), _mm256_cmpeq_epi8(high, kind)) & there;
        }
        if (wanted->below != 0)
            found[w][count] = join_32(_mm256_cmpeq_epi8(_mm256_min_epu8(low, most), low),
                                      _mm256_cmpeq_epi8(_mm256_min_epu8(high, most), high)) &
                              there;
    }
}

__attribute__((target("avx512bw"))) static void
find_wide(struct view text, const struct lanes_wanted *wanted, uint64_t (*found)[LANES_KINDS])
{
    size_t whole = text.length / LANES, count = wanted->count;

    for (size_t w = 0; w <= whole; w++) {
        __mmask64 there = w < whole ? ~UINT64_C(0) : (UINT64_C(1) << text.length % LANES) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(there, text.bytes + w * LANES);

        for (size_t k = 0; k < count; k++)
            found[w][k] =
                _mm512_mask_cmpeq_epi8_mask(there, bytes, _mm512_set1_epi8((char)wanted->kinds[k]));
        if (wanted->below != 0)
            found[w][count] =
                _mm512_mask_cmplt_epu8_mask(there, bytes, _mm512_set1_epi8((char)wanted->below));
    }
}

/* A word's places are moved together in one step, whatever their number. */
__attribute__((target("avx512bw,avx512vbmi2,popcnt"))) static size_t
places_wide(const uint64_t *words, size_t count, uint16_t *to)
{
    uint16_t *at = to;
    uint8_t numbers[LANES];
    __m512i all;

    for (uint8_t i = 0; i < LANES; i++)
        numbers[i] = i;
    all = _mm512_loadu_si512(numbers);
    for (size_t w = 0; w < count; w++) {
        __m512i places = _mm512_maskz_compress_epi8(words[w], all);
        __m512i base = _mm512_set1_epi16((short)(w * LANES));
        unsigned found = (unsigned)__builtin_popcountll(words[w]);

        _mm512_storeu_si512(
            at, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(places))));
        if (found > LANES / 2)
            _mm512_storeu_si512(
                at + LANES / 2,
                _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(places, 1))));
        at += found;
    }
    return (size_t)(at - to);
}
#endif

size_t
lanes_places(const uint64_t *words, size_t count, uint16_t *to)
{
#ifdef HAS_WIDE
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
        return places_wide(words, count, to);
#endif
    return lanes_places_portable(words, count, to);
}

void
lanes_find(struct view text, const struct lanes_wanted *wanted, uint64_t (*found)[LANES_KINDS])
{
#ifdef HAS_WIDE
    if (__builtin_cpu_supports("avx512bw")) {
        find_wide(text, wanted, found);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        find_in_32(text, wanted, found);
        return;
    }
#endif
    lanes_find_portable(text, wanted, found);
}
