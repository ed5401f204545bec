/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h> /* names malloc, so before what bans that */
#endif

#include "ledger/digest.h"

enum { BLOCK = 64, LANES_MAX = 4, NODES = 64, PREFIX_NODE = 1 };

/* With a bit, zeros, and its length in bits (FIPS 180-4, 5.1.1). */
static size_t
padded(size_t length)
{
    return (length + 1 + sizeof(uint64_t) + BLOCK - 1) / BLOCK * BLOCK;
}

size_t
digest_pad(uint8_t *bytes, size_t length)
{
    const size_t all = padded(length);
    const uint64_t bits = __builtin_bswap64((uint64_t)length * 8);

    memset(bytes + length, 0, DIGEST_PADDING); /* more than needed, but a number of stores */
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
static const uint32_t constants[64] __attribute__((aligned(16))) = {
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
static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* So many blocks of each lane's bytes. Whoever calls it has it compiled anew, for as many lanes as
 * its registers have room for. */
PASU_ALWAYS_INLINE __attribute__((target("sha,sse4.1"))) static inline void
compress(struct state *states, const uint8_t *const *bytes, size_t blocks, const int lanes)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    for (size_t at = 0; at < blocks * BLOCK; at += BLOCK) {
        PASU_UNINITIALIZED __m128i words[LANES_MAX][4], abef[LANES_MAX], cdgh[LANES_MAX];

        for (int lane = 0; lane < lanes; lane++) {
            abef[lane] = states[lane].abef;
            cdgh[lane] = states[lane].cdgh;
            for (int i = 0; i < 4; i++) {
                const void *from = bytes[lane] + at + i * 16;

                words[lane][i] = _mm_shuffle_epi8(_mm_loadu_si128(from), swap);
            }
        }
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            const __m128i k = _mm_load_si128((const void *)(constants + i * 4));

#pragma GCC unroll 4
            for (int lane = 0; lane < lanes; lane++) {
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
        }
        for (int lane = 0; lane < lanes; lane++) {
            states[lane].abef = _mm_add_epi32(states[lane].abef, abef[lane]);
            states[lane].cdgh = _mm_add_epi32(states[lane].cdgh, cdgh[lane]);
        }
    }
}

typedef void compress_fn(struct state *states, const uint8_t *const *bytes, size_t blocks);

__attribute__((target("sha,sse4.1"))) static void
compress_two(struct state *states, const uint8_t *const *bytes, size_t blocks)
{
    compress(states, bytes, blocks, 2);
}

/* Two lanes take up the sixteen registers that all processors have. */
__attribute__((target("sha,avx512f,avx512vl,avx512bw"))) static void
compress_four(struct state *states, const uint8_t *const *bytes, size_t blocks)
{
    compress(states, bytes, blocks, 4);
}

/* A message on its way. */
struct lane {
    const struct digest_message *message; /* NULL: none */
    const uint8_t *at;
    size_t blocks; /* from `at` on */
};

__attribute__((target("sha,sse4.1"))) static void
load(struct lane *lane, struct state *state, const struct digest_message *message)
{
    state->abef = _mm_set_epi32((int)initial[A], (int)initial[B], (int)initial[E], (int)initial[F]);
    state->cdgh = _mm_set_epi32((int)initial[C], (int)initial[D], (int)initial[G], (int)initial[H]);
    *lane = (struct lane){message, message->bytes, padded(message->length) / BLOCK};
}

__attribute__((target("sha,sse4.1"))) static void
store(const struct digest_message *message, const struct state *state)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i abcd = _mm_unpackhi_epi64(state->cdgh, state->abef); /* D C B A */
    const __m128i efgh = _mm_unpacklo_epi64(state->cdgh, state->abef); /* H G F E */

    _mm_storeu_si128((void *)message->hash, _mm_shuffle_epi8(_mm_shuffle_epi32(abcd, 0x1b), swap));
    _mm_storeu_si128((void *)(message->hash + sizeof(abcd)),
                     _mm_shuffle_epi8(_mm_shuffle_epi32(efgh, 0x1b), swap));
}

/* The lane's next message; without one, what it does is nobody's. */
static void
advance(struct lane *lane, struct state *state, const struct digest_message **next,
        const struct digest_message *end)
{
    static const struct lane idle = {0};

    if (lane->message)
        store(lane->message, state);
    *lane = idle;
    if (*next != end)
        load(lane, state, (*next)++);
}

static void
digest_side_by_side(const struct digest_message *next, size_t count, unsigned lane_count)
{
    const struct digest_message *end = next + count;
    const unsigned width = count > 2 ? lane_count : 2;
    compress_fn *const compress_some = width == LANES_MAX ? compress_four : compress_two;
    struct lane lanes[LANES_MAX] = {{0}};
    struct state states[LANES_MAX];

    memset(states, 0, sizeof(states));
    for (;;) {
        const uint8_t *bytes[LANES_MAX], *any = NULL;
        size_t blocks = SIZE_MAX;

        for (unsigned i = 0; i < width; i++) {
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
        for (unsigned i = 0; i < width; i++)
            bytes[i] = lanes[i].message ? lanes[i].at : any;
        compress_some(states, bytes, blocks);
        for (unsigned i = 0; i < width; i++) {
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

static unsigned
count_lanes(void)
{
    if (!has_instructions())
        return 1;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512bw")
               ? LANES_MAX
               : 2;
}

#else

static void
digest_side_by_side(const struct digest_message *messages PASU_UNUSED, size_t count PASU_UNUSED,
                    unsigned lane_count PASU_UNUSED)
{
}

static unsigned
count_lanes(void)
{
    return 1;
}

#endif

int
digester_init(struct digester *d)
{
    d->lanes = count_lanes();
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
    if (d->lanes == 1)
        return digest_one_by_one(d, messages, count);
    digest_side_by_side(messages, count, d->lanes);
    return 0;
}

int
digest_nodes(struct digester *d, const struct tree_hash *hashes, size_t count,
             struct tree_hash *nodes)
{
    enum { LENGTH = 1 + 2 * TREE_HASH_SIZE };
    PASU_UNINITIALIZED uint8_t bytes[NODES][LENGTH + DIGEST_PADDING];
    PASU_UNINITIALIZED struct digest_message messages[NODES];
    size_t made = 0, half = count / 2;
    int result = 0;

    while (made < half && result == 0) {
        size_t some = half - made < NODES ? half - made : NODES;

        for (size_t i = 0; i < some; i++) {
            bytes[i][0] = PREFIX_NODE;
            memcpy(bytes[i] + 1, &hashes[2 * (made + i)], 2 * sizeof(*hashes));
            (void)digest_pad(bytes[i], LENGTH);
            messages[i] = (struct digest_message){bytes[i], LENGTH, nodes[made + i].bytes};
        }
        result = digest_all(d, messages, some);
        made += some;
    }
    return result;
}
