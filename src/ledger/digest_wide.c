/* SPDX-License-Identifier: Apache-2.0 */
#if defined(__x86_64__)
#include <immintrin.h> /* names malloc, so before what bans that */
#endif

#include "ledger/digest_part.h"

#if defined(__x86_64__)

enum { LANES = DIGEST_WIDE_LANES, WORDS = 16, STATE = 8 };

#define WIDE_TARGET "avx512f,avx512bw"
#define WIDE_CODE   __attribute__((target(WIDE_TARGET), always_inline)) static inline

/* Truth tables of three operands: the bit for a, b, c is at 4a + 2b + c. */
enum { XOR3 = 0x96, CHOOSE = 0xca, MAJORITY = 0xe8 };

bool
digest_wide_is_possible(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

/* The words of a lane are written the other way round than x86-64 has them. */
WIDE_CODE __m512i
swap_bytes(__m512i words)
{
    return _mm512_shuffle_epi8(words,
                               _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

/* Rows become columns. */
WIDE_CODE void
transpose(__m512i m[WORDS])
{
    PASU_UNINITIALIZED __m512i two[WORDS], four[WORDS];

#pragma GCC unroll 8
    for (int i = 0; i < WORDS; i += 2) {
        two[i] = _mm512_unpacklo_epi32(m[i], m[i + 1]);
        two[i + 1] = _mm512_unpackhi_epi32(m[i], m[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < WORDS; i += 4) {
        four[i] = _mm512_unpacklo_epi64(two[i], two[i + 2]);
        four[i + 1] = _mm512_unpackhi_epi64(two[i], two[i + 2]);
        four[i + 2] = _mm512_unpacklo_epi64(two[i + 1], two[i + 3]);
        four[i + 3] = _mm512_unpackhi_epi64(two[i + 1], two[i + 3]);
    }
    /* four[4g + c] has, in its quarter q, column 4q + c of the rows from 4g on. */
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) {
        const __m512i even = _mm512_shuffle_i32x4(four[c], four[4 + c], 0x88);
        const __m512i odd = _mm512_shuffle_i32x4(four[c], four[4 + c], 0xdd);
        const __m512i even_low = _mm512_shuffle_i32x4(four[8 + c], four[12 + c], 0x88);
        const __m512i odd_low = _mm512_shuffle_i32x4(four[8 + c], four[12 + c], 0xdd);

        m[c] = _mm512_shuffle_i32x4(even, even_low, 0x88);
        m[4 + c] = _mm512_shuffle_i32x4(odd, odd_low, 0x88);
        m[8 + c] = _mm512_shuffle_i32x4(even, even_low, 0xdd);
        m[12 + c] = _mm512_shuffle_i32x4(odd, odd_low, 0xdd);
    }
}

WIDE_CODE __m512i
xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi32(a, b, c, XOR3);
}

/* A word of the next sixteen (6.2.2, step 1), in the place of the one that is sixteen before it. */
WIDE_CODE __m512i
next_word(const __m512i w[WORDS], int i)
{
    const __m512i near = w[(i + 14) % WORDS], far = w[(i + 1) % WORDS];
    const __m512i low =
        xor3(_mm512_ror_epi32(far, 7), _mm512_ror_epi32(far, 18), _mm512_srli_epi32(far, 3));
    const __m512i high =
        xor3(_mm512_ror_epi32(near, 17), _mm512_ror_epi32(near, 19), _mm512_srli_epi32(near, 10));

    return _mm512_add_epi32(_mm512_add_epi32(w[i], low),
                            _mm512_add_epi32(w[(i + 9) % WORDS], high));
}

/* A block of each lane (6.2.2). Sixteen rounds later each word of the state has its name again. */
WIDE_CODE void
add_block(__m512i state[STATE], __m512i w[WORDS])
{
    PASU_UNINITIALIZED __m512i s[STATE];

#pragma GCC unroll 8
    for (int i = 0; i < STATE; i++)
        s[i] = state[i];
    for (int from = 0; from < 64; from += WORDS) {
#pragma GCC unroll 16
        for (int i = 0; i < WORDS; i++) {
            const __m512i a = s[(16 - i) % STATE], b = s[(17 - i) % STATE], c = s[(18 - i) % STATE],
                          e = s[(20 - i) % STATE], f = s[(21 - i) % STATE], g = s[(22 - i) % STATE];
            __m512i *const d = &s[(19 - i) % STATE], *const h = &s[(23 - i) % STATE];
            const __m512i k = _mm512_set1_epi32((int)digest_constants[from + i]);
            const __m512i high =
                xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
            const __m512i low =
                xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
            const __m512i choice = _mm512_ternarylogic_epi32(e, f, g, CHOOSE);
            const __m512i most = _mm512_ternarylogic_epi32(a, b, c, MAJORITY);
            __m512i early = _mm512_add_epi32(*h, _mm512_add_epi32(w[i], k)), early_d;

            /* The next round waits for d, and the sum in it is the last to come: it is added last.
             * Without a word here compilers put the additions in an order of their own. */
            early_d = _mm512_add_epi32(_mm512_add_epi32(*d, early), choice);
            early = _mm512_add_epi32(_mm512_add_epi32(early, choice), most);
            __asm__("" : "+v"(early), "+v"(early_d));
            *d = _mm512_add_epi32(early_d, high);
            *h = _mm512_add_epi32(_mm512_add_epi32(early, high), low);
            if (from < 64 - WORDS)
                w[i] = next_word(w, i);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < STATE; i++)
        state[i] = _mm512_add_epi32(state[i], s[i]);
}

WIDE_CODE void
first_state(__m512i state[STATE])
{
#pragma GCC unroll 8
    for (int i = 0; i < STATE; i++)
        state[i] = _mm512_set1_epi32((int)digest_initial[i]);
}

/* The hash of lane i becomes the first half of rows[i]. */
WIDE_CODE void
hashes_of(const __m512i state[STATE], __m512i rows[WORDS])
{
#pragma GCC unroll 8
    for (int i = 0; i < STATE; i++) {
        rows[i] = swap_bytes(state[i]);
        rows[STATE + i] = _mm512_setzero_si512();
    }
    transpose(rows);
}

WIDE_CODE void
store_hash(uint8_t *hash, __m512i row)
{
    _mm256_storeu_si256((void *)hash, _mm512_castsi512_si256(row));
}

/* ---- nodes ---- */

/* One block of the prefix and all but the last byte, and one of that byte and what comes behind. */
WIDE_CODE void
make_nodes(const struct tree_hash *hashes, size_t count, struct tree_hash *nodes)
{
    const __m512i bits = _mm512_set1_epi32((1 + 2 * TREE_HASH_SIZE) * 8);
    const __m512i end = _mm512_set1_epi32(0x800000);
    PASU_UNINITIALIZED __m512i pairs[WORDS], w[WORDS], state[STATE];

#pragma GCC unroll 16
    for (size_t lane = 0; lane < LANES; lane++) /* those that are too many: once more, for nobody */
        pairs[lane] = swap_bytes(_mm512_loadu_si512(hashes[2 * (lane < count ? lane : 0)].bytes));
    transpose(pairs);
    w[0] = _mm512_or_si512(_mm512_set1_epi32(DIGEST_NODE_PREFIX << 24),
                           _mm512_srli_epi32(pairs[0], 8));
#pragma GCC unroll 15
    for (int i = 1; i < WORDS; i++)
        w[i] = _mm512_or_si512(_mm512_slli_epi32(pairs[i - 1], 24), _mm512_srli_epi32(pairs[i], 8));
    first_state(state);
    add_block(state, w);
    w[0] = _mm512_or_si512(_mm512_slli_epi32(pairs[WORDS - 1], 24), end);
#pragma GCC unroll 14
    for (int i = 1; i < WORDS - 1; i++)
        w[i] = _mm512_setzero_si512();
    w[WORDS - 1] = bits;
    add_block(state, w);
    hashes_of(state, w);
    for (size_t lane = 0; lane < count; lane++)
        store_hash(nodes[lane].bytes, w[lane]);
}

__attribute__((target(WIDE_TARGET))) void
digest_wide_nodes(const struct tree_hash *hashes, size_t count, struct tree_hash *nodes)
{
    for (size_t at = 0; at < count; at += LANES)
        make_nodes(hashes + 2 * at, count - at < LANES ? count - at : LANES, nodes + at);
}

/* ---- messages ---- */

/* What is on its way: a message in each lane. */
struct lanes {
    const struct digest_message *next, *end;      /* those that are not on their way yet */
    const struct digest_message *messages[LANES]; /* NULL: none */
    const uint8_t *at[LANES];
    size_t blocks[LANES]; /* from `at` on */
};

/* Lanes that have nothing more to do take the next messages. Those lanes, a bit each. */
static __mmask16
fill_lanes(struct lanes *l)
{
    unsigned begun = 0;

    for (size_t i = 0; i < LANES && l->next != l->end; i++) {
        if (l->messages[i])
            continue;
        l->messages[i] = l->next;
        l->at[i] = l->next->bytes;
        l->blocks[i] = digest_blocks(l->next->length);
        l->next++;
        begun |= 1U << i;
    }
    return (__mmask16)begun;
}

/* How many blocks there are in each lane, which is 0 where there is no message at all; lanes
 * without one read what another reads, for nobody. */
static size_t
blocks_of_all(const struct lanes *l, const uint8_t *at[LANES])
{
    const uint8_t *any = NULL;
    size_t blocks = SIZE_MAX;

    for (size_t i = 0; i < LANES; i++)
        if (l->messages[i]) {
            any = l->at[i];
            blocks = l->blocks[i] < blocks ? l->blocks[i] : blocks;
        }
    for (size_t i = 0; i < LANES; i++)
        at[i] = l->messages[i] ? l->at[i] : any;
    return any ? blocks : 0;
}

/* So many blocks are done. Whether a message is. */
static bool
pass_blocks(struct lanes *l, size_t blocks)
{
    bool is_done = false;

    for (size_t i = 0; i < LANES; i++)
        if (l->messages[i]) {
            l->at[i] += blocks * DIGEST_BLOCK;
            l->blocks[i] -= blocks;
            is_done = is_done || l->blocks[i] == 0;
        }
    return is_done;
}

WIDE_CODE void
store_done(struct lanes *l, const __m512i state[STATE])
{
    PASU_UNINITIALIZED __m512i rows[WORDS];

    hashes_of(state, rows);
    for (size_t i = 0; i < LANES; i++)
        if (l->messages[i] && l->blocks[i] == 0) {
            store_hash(l->messages[i]->hash, rows[i]);
            l->messages[i] = NULL;
        }
}

__attribute__((target(WIDE_TARGET))) void
digest_wide_all(const struct digest_message *messages, size_t count)
{
    struct lanes lanes = {.next = messages, .end = messages + count};
    PASU_UNINITIALIZED __m512i first[STATE], state[STATE];
    const uint8_t *at[LANES];
    size_t blocks;

    first_state(first);
    first_state(state);
    for (;;) {
        const __mmask16 begun = fill_lanes(&lanes);

#pragma GCC unroll 8
        for (int i = 0; i < STATE; i++)
            state[i] = _mm512_mask_mov_epi32(state[i], begun, first[i]);
        blocks = blocks_of_all(&lanes, at);
        if (blocks == 0)
            return;
        for (size_t block = 0; block < blocks; block++) {
            PASU_UNINITIALIZED __m512i w[WORDS];

#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++)
                w[i] = swap_bytes(_mm512_loadu_si512(at[i] + block * DIGEST_BLOCK));
            transpose(w);
            add_block(state, w);
        }
        if (pass_blocks(&lanes, blocks))
            store_done(&lanes, state);
    }
}

#else

bool
digest_wide_is_possible(void)
{
    return false;
}

#endif
