/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h> /* names malloc, so before what bans that */
#endif

#include "ledger/digest_part.h"

enum { BLOCK = DIGEST_BLOCK, LANES = 3 };

size_t
digest_pad(uint8_t *bytes, size_t length)
{
    const size_t all = digest_blocks(length) * BLOCK;
    const uint64_t bits = __builtin_bswap64((uint64_t)length * 8);

    /* More than needed, but a few stores, and no call. */
    memset(bytes + length, 0, BLOCK);
    memset(bytes + length + BLOCK, 0, DIGEST_PADDING - BLOCK);
    bytes[length] = 0x80;
    memcpy(bytes + all - sizeof(bits), &bits, sizeof(bits));
    return all;
}

static int
digest_one_by_one(struct digester *d, const struct digest_message *messages, size_t count)
{
    int result = 0;

    for (size_t i = 0; i < count && result == 0; i++) {
        const struct iovec part = {messages[i].bytes, messages[i].length};
        struct tree_hash hash;

        result = tree_hash_parts(&d->hasher, &part, 1, &hash);
        if (result == 0)
            memcpy(messages[i].hash, hash.bytes, sizeof(hash.bytes));
    }
    return result;
}

#if defined(__x86_64__)

/* FIPS 180-4, 4.2.2. */
const uint32_t digest_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The eight words of a hash (FIPS 180-4, 5.3.3) as the instructions want them: the last word of
 * each register first, which is F E B A and H G D C. */
struct state {
    __m128i abef, cdgh;
};
enum { A, B, C, D, E, F, G, H };
const uint32_t digest_initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

#define LANE_TARGET __attribute__((target("sha,sse4.1")))
#define LANE_CODE   __attribute__((target("sha,sse4.1"), always_inline)) static inline

/* The order of bytes by which words are read and written. */
static const uint64_t big_endian[] = {0x0405060700010203, 0x0c0d0e0f08090a0b};

LANE_CODE __m128i
load_words(const uint8_t *from)
{
    return _mm_shuffle_epi8(_mm_loadu_si128((const void *)from),
                            _mm_loadu_si128((const void *)big_endian));
}

/* A block of each lane (FIPS 180-4, 6.2.2). Three are as many as keep the SHA unit busy. */
LANE_CODE void
add_blocks(struct state states[LANES], __m128i words[LANES][4])
{
    PASU_UNINITIALIZED __m128i abef[LANES], cdgh[LANES];

#pragma GCC unroll 3
    for (int lane = 0; lane < LANES; lane++) {
        abef[lane] = states[lane].abef;
        cdgh[lane] = states[lane].cdgh;
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        const __m128i k = _mm_load_si128((const void *)(digest_constants + i * 4));

#pragma GCC unroll 3
        for (int lane = 0; lane < LANES; lane++) {
            __m128i *w = words[lane], sum = _mm_add_epi32(w[i & 3], k), next;

            cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], sum);
            sum = _mm_shuffle_epi32(sum, 0x0e);
            abef[lane] = _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], sum);
            if (i >= 12)
                continue;
            next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
            w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
        }
        /* Without a word here compilers put one lane behind the other, which takes twice as long.
         */
        __asm__("" : "+x"(abef[0]), "+x"(abef[1]), "+x"(abef[2]));
    }
#pragma GCC unroll 3
    for (int lane = 0; lane < LANES; lane++) {
        states[lane].abef = _mm_add_epi32(states[lane].abef, abef[lane]);
        states[lane].cdgh = _mm_add_epi32(states[lane].cdgh, cdgh[lane]);
    }
}

LANE_CODE struct state
first_state(void)
{
    return (struct state){_mm_set_epi32((int)digest_initial[A], (int)digest_initial[B],
                                        (int)digest_initial[E], (int)digest_initial[F]),
                          _mm_set_epi32((int)digest_initial[C], (int)digest_initial[D],
                                        (int)digest_initial[G], (int)digest_initial[H])};
}

LANE_CODE void
store_state(const struct state *state, uint8_t *hash)
{
    const __m128i swap = _mm_loadu_si128((const void *)big_endian);
    const __m128i abcd = _mm_unpackhi_epi64(state->cdgh, state->abef); /* D C B A */
    const __m128i efgh = _mm_unpacklo_epi64(state->cdgh, state->abef); /* H G F E */

    _mm_storeu_si128((void *)hash, _mm_shuffle_epi8(_mm_shuffle_epi32(abcd, 0x1b), swap));
    _mm_storeu_si128((void *)(hash + sizeof(abcd)),
                     _mm_shuffle_epi8(_mm_shuffle_epi32(efgh, 0x1b), swap));
}

/* So many blocks of each lane's bytes. */
LANE_TARGET static void
compress(struct state states[LANES], const uint8_t *const bytes[LANES], size_t blocks)
{
    PASU_UNINITIALIZED __m128i words[LANES][4];

    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
#pragma GCC unroll 3
        for (int lane = 0; lane < LANES; lane++)
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++)
                words[lane][i] = load_words(bytes[lane] + at + i * 16);
        add_blocks(states, words);
    }
}

/* Nodes of hashes where they stand: a block of the prefix and all but the last byte, and one of
 * that byte and the padding. */
LANE_TARGET static void
make_nodes(const struct tree_hash *hashes, size_t count, struct tree_hash *nodes)
{
    const __m128i prefix =
        _mm_set_epi8(DIGEST_NODE_PREFIX, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i swap = _mm_loadu_si128((const void *)big_endian);
    const __m128i bits = _mm_set_epi32((1 + 2 * TREE_HASH_SIZE) * 8, 0, 0, 0);

    for (size_t at = 0; at < count; at += LANES) {
        PASU_UNINITIALIZED __m128i words[LANES][4];
        PASU_UNINITIALIZED struct state states[LANES];
        const uint8_t *pairs[LANES];

#pragma GCC unroll 3
        for (size_t lane = 0; lane < LANES; lane++) {
            const size_t node = at + lane < count ? at + lane : at; /* once more, for nobody */
            const uint8_t *pair = pairs[lane] = hashes[2 * node].bytes;

            words[lane][0] = _mm_shuffle_epi8(
                _mm_alignr_epi8(_mm_loadu_si128((const void *)pair), prefix, 15), swap);
#pragma GCC unroll 3
            for (int i = 1; i < 4; i++)
                words[lane][i] = load_words(pair + i * 16 - 1);
            states[lane] = first_state();
        }
        add_blocks(states, words);
#pragma GCC unroll 3
        for (size_t lane = 0; lane < LANES; lane++) {
            words[lane][0] =
                _mm_set_epi32(0, 0, 0, (int)((uint32_t)pairs[lane][BLOCK - 1] << 24 | 0x800000));
            words[lane][1] = words[lane][2] = _mm_setzero_si128();
            words[lane][3] = bits;
        }
        add_blocks(states, words);
#pragma GCC unroll 3
        for (size_t lane = 0; lane < LANES; lane++)
            if (at + lane < count)
                store_state(&states[lane], nodes[at + lane].bytes);
    }
}

/* A message on its way. */
struct lane {
    const struct digest_message *message; /* NULL: none */
    const uint8_t *at;
    size_t blocks; /* from `at` on */
};

/* The lane's next message; without one, what it does is nobody's. */
LANE_CODE void
advance(struct lane *lane, struct state *state, const struct digest_message **next,
        const struct digest_message *end)
{
    if (lane->message)
        store_state(state, lane->message->hash);
    *lane = (struct lane){0};
    if (*next == end)
        return;
    *lane = (struct lane){*next, (*next)->bytes, digest_blocks((*next)->length)};
    *state = first_state();
    (*next)++;
}

LANE_TARGET static void
digest_side_by_side(const struct digest_message *next, size_t count)
{
    const struct digest_message *end = next + count;
    struct lane lanes[LANES] = {{0}};
    struct state states[LANES];

    memset(states, 0, sizeof(states));
    for (;;) {
        const uint8_t *bytes[LANES], *any = NULL;
        size_t blocks = SIZE_MAX;

        for (int i = 0; i < LANES; i++) {
            if (lanes[i].blocks == 0)
                advance(&lanes[i], &states[i], &next, end);
            if (!lanes[i].message)
                continue;
            any = lanes[i].at;
            if (lanes[i].blocks < blocks)
                blocks = lanes[i].blocks;
        }
        if (!any)
            return;
        for (int i = 0; i < LANES; i++)
            bytes[i] = lanes[i].message ? lanes[i].at : any;
        compress(states, bytes, blocks);
        for (int i = 0; i < LANES; i++) {
            if (!lanes[i].message)
                continue;
            lanes[i].at += blocks * BLOCK;
            lanes[i].blocks -= blocks;
        }
    }
}

/* GCC's __builtin_cpu_supports has no word for SHA before version 14. */
static bool
has_instructions(void)
{
    enum { LEAF = 7, SHA = 1 << 29 };
    unsigned a, b, c, d;

    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3") &&
           __get_cpuid_count(LEAF, 0, &a, &b, &c, &d) && (b & SHA) != 0;
}

enum { TRIED = 64, TRIES = 3, TRIED_LENGTH = 3 * BLOCK };

/* The fewest ticks that so many messages have taken. */
static uint64_t
try_way(void (*way)(const struct digest_message *messages, size_t count))
{
    uint8_t bytes[TRIED_LENGTH + DIGEST_PADDING] = {0}, hash[TRIED][TREE_HASH_SIZE];
    struct digest_message messages[TRIED];
    uint64_t least = UINT64_MAX;

    digest_pad(bytes, TRIED_LENGTH);
    for (size_t i = 0; i < TRIED; i++)
        messages[i] = (struct digest_message){bytes, TRIED_LENGTH, hash[i]};
    for (int i = 0; i < TRIES; i++) {
        uint64_t start = __rdtsc(), took;

        way(messages, TRIED);
        took = __rdtsc() - start;
        least = took < least ? took : least;
    }
    return least;
}

/* Whether AVX-512 is faster than the SHA instructions depends on how wide a processor really is,
 * which none says: 30 us of trying do. */
static enum digest_way
best_way(void)
{
    if (!has_instructions())
        return DIGEST_ONE_BY_ONE;
    if (!digest_wide_is_possible())
        return DIGEST_LANES;
    return try_way(digest_wide_all) < try_way(digest_side_by_side) ? DIGEST_WIDE : DIGEST_LANES;
}

/* How many of so many are hashed with all lanes busy, or nearly. */
static size_t
wide_count(const struct digester *d, size_t count)
{
    size_t rest = count % DIGEST_WIDE_LANES;

    if (d->way != DIGEST_WIDE)
        return 0;
    return rest >= DIGEST_WIDE_LANES / 2 ? count : count - rest;
}

#else

static enum digest_way
best_way(void)
{
    return DIGEST_ONE_BY_ONE;
}

#endif

int
digester_init(struct digester *d)
{
    d->way = best_way();
    return tree_hasher_init(&d->hasher);
}

void
digester_release(struct digester *d)
{
    tree_hasher_release(&d->hasher);
}

int
digest_all(struct digester *d, const struct digest_message *messages, size_t count)
{
#if defined(__x86_64__)
    if (d->way != DIGEST_ONE_BY_ONE) {
        size_t wide = wide_count(d, count);

        digest_wide_all(messages, wide);
        digest_side_by_side(messages + wide, count - wide);
        return 0;
    }
#endif
    return digest_one_by_one(d, messages, count);
}

int
digest_nodes(struct digester *d, const struct tree_hash *hashes, size_t count,
             struct tree_hash *nodes)
{
    int result = 0;

#if defined(__x86_64__)
    if (d->way != DIGEST_ONE_BY_ONE) {
        size_t wide = wide_count(d, count / 2);

        digest_wide_nodes(hashes, wide, nodes);
        make_nodes(hashes + 2 * wide, count / 2 - wide, nodes + wide);
        return 0;
    }
#endif
    for (size_t i = 0; i < count / 2 && result == 0; i++)
        result = tree_hash_node(&d->hasher, &hashes[2 * i], &hashes[2 * i + 1], &nodes[i]);
    return result;
}
