/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/column_bytes.h"

#include "breach/bits.h"

/* How numbers are written, by the first byte; of FORM_ONE the number is in it. */
enum { FORM_EACH, FORM_AMONG, FORM_RUNS, FORM_ONE = 0x80 };

enum { NUMBERS = 1 << COLUMN_BITS_MAX };

/* In how many bits one of so many is told. */
static unsigned
bits_among(unsigned count)
{
    return count <= 1 ? 0 : 32 - (unsigned)__builtin_clz(count - 1);
}

static size_t
bytes_of_bits(uint64_t count, unsigned bits)
{
    return (size_t)((count * bits + 7) / 8);
}

/* ---- writing ---- */

struct column {
    const uint8_t *numbers;
    size_t count;
    unsigned bits; /* of a number */
    uint32_t mask; /* which there are, a bit each */
};

/* How many things from there on have the same number. */
static size_t
run_at(const struct column *c, size_t at)
{
    size_t end = at + 1;

    while (end < c->count && c->numbers[end] == c->numbers[at])
        end++;
    return end - at;
}

static uint64_t
run_code(const struct column *c, size_t at, size_t length)
{
    return (uint64_t)(length - 1) << c->bits | c->numbers[at];
}

/* How many bytes the stretches take, as far as it matters. */
static size_t
runs_length(const struct column *c, size_t most)
{
    size_t length = 0;

    for (size_t at = 0; at < c->count && length <= most;) {
        size_t run = run_at(c, at);

        length += pack_number_length(run_code(c, at, run));
        at += run;
    }
    return length;
}

static void
put_runs(struct pack *pack, const struct column *c)
{
    for (size_t at = 0; at < c->count;) {
        size_t run = run_at(c, at);

        pack_number(pack, run_code(c, at, run));
        at += run;
    }
}

/* Each number's code, in so many bits. */
static void
put_codes(struct pack *pack, const struct column *c, const uint8_t codes[NUMBERS], unsigned bits)
{
    size_t length = bytes_of_bits(c->count, bits);
    uint8_t *room = pack_room(pack, length + BITS_ROOM);
    struct bits out = {.at = room};

    if (room == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        bits_put(&out, codes[c->numbers[i]], bits);
    bits_end(&out);
    pack->used += length;
}

static void
put_each(struct pack *pack, const struct column *c, bool is_among, unsigned bits)
{
    uint8_t codes[NUMBERS];

    for (unsigned n = 0, among = 0; n < NUMBERS; among += c->mask >> n++ & 1)
        codes[n] = (uint8_t)(is_among ? among : n);
    put_codes(pack, c, codes, bits);
}

void
column_put(struct pack *pack, const uint8_t *numbers, size_t count, unsigned bits)
{
    struct column c = {numbers, count, bits, 0};
    unsigned among_bits;
    size_t each = bytes_of_bits(count, bits), among, least;

    for (size_t i = 0; i < count; i++)
        c.mask |= UINT32_C(1) << numbers[i];
    if ((c.mask & (c.mask - 1)) == 0) {
        pack_u8(pack, (uint8_t)(FORM_ONE | numbers[0]));
        return;
    }
    among_bits = bits_among((unsigned)__builtin_popcount(c.mask));
    among = pack_number_length(c.mask) + bytes_of_bits(count, among_bits);
    least = among < each ? among : each;
    if (runs_length(&c, least) < least) {
        pack_u8(pack, FORM_RUNS);
        put_runs(pack, &c);
    } else if (among < each) {
        pack_u8(pack, FORM_AMONG);
        pack_number(pack, c.mask);
        put_each(pack, &c, true, among_bits);
    } else {
        pack_u8(pack, FORM_EACH);
        put_each(pack, &c, false, bits);
    }
}

/* ---- reading ---- */

/* What is behind the first byte: of FORM_EACH and FORM_AMONG the codes. */
struct coded {
    uint8_t form;
    struct view bytes;
    unsigned bits, most;    /* of a code; the codes that there are */
    uint8_t codes[NUMBERS]; /* what each says */
};

static int
begin(struct coded *c, struct view bytes, unsigned bits)
{
    struct reader r = reader_of(bytes);
    uint64_t mask = bits < COLUMN_BITS_MAX ? (UINT64_C(1) << (1U << bits)) - 1 : UINT32_MAX;

    c->form = reader_u8(&r);
    c->bits = bits;
    if (c->form == FORM_AMONG) {
        uint64_t there = unpack_number(&r);

        if (r.failed || there > mask || there == 0) /* codes are no more than numbers */
            return PASU_E_CORRUPT;
        mask = there;
        c->bits = bits_among((unsigned)__builtin_popcountll(mask));
    }
    c->bytes = reader_bytes(&r, reader_left(&r));
    c->most = 0;
    for (; mask != 0; mask &= mask - 1)
        c->codes[c->most++] = (uint8_t)__builtin_ctzll(mask);
    if (c->form > FORM_RUNS)
        r.failed |=
            c->form < FORM_ONE || (c->form & ~FORM_ONE) >= (int)c->most || c->bytes.length > 0;
    return r.failed ? PASU_E_CORRUPT : 0;
}

/* Whether codes of so many things are there; of none there may be. */
static bool
has_codes(const struct coded *c, uint64_t count)
{
    return count <= c->bytes.length * UINT64_C(8) &&
           count * c->bits <= c->bytes.length * UINT64_C(8);
}

/* The next stretch of `bits` wide numbers. */
static bool
next_run(struct reader *r, unsigned bits, uint8_t *number, uint64_t *length)
{
    uint64_t code = unpack_number(r);

    *number = (uint8_t)(code & ((UINT64_C(1) << bits) - 1));
    *length = (code >> bits) + 1;
    return !r->failed;
}

static int
get_of_runs(const struct coded *c, uint64_t place, uint8_t *number)
{
    struct reader r = reader_of(c->bytes);
    uint64_t length;

    while (next_run(&r, c->bits, number, &length)) {
        if (place < length)
            return 0;
        place -= length;
    }
    return PASU_E_CORRUPT;
}

int
column_get(struct view bytes, unsigned bits, uint64_t place, uint8_t *number)
{
    struct coded c;
    uint64_t code;

    if (begin(&c, bytes, bits) != 0)
        return PASU_E_CORRUPT;
    if (c.form == FORM_RUNS)
        return get_of_runs(&c, place, number);
    if (c.form > FORM_RUNS) {
        *number = c.form & (uint8_t)~FORM_ONE;
        return 0;
    }
    if (place == UINT64_MAX || !has_codes(&c, place + 1))
        return PASU_E_CORRUPT;
    code = bits_look(c.bytes, place * c.bits) & ((UINT64_C(1) << c.bits) - 1);
    if (code >= c.most)
        return PASU_E_CORRUPT;
    *number = c.codes[code];
    return 0;
}

static int
list_runs(const struct coded *c, uint8_t *numbers, size_t count)
{
    struct reader r = reader_of(c->bytes);
    uint64_t length;
    uint8_t number;

    while (count > 0) {
        if (!next_run(&r, c->bits, &number, &length) || length > count)
            return PASU_E_CORRUPT;
        memset(numbers, number, (size_t)length);
        numbers += length;
        count -= (size_t)length;
    }
    return reader_end(&r) == 0 ? 0 : PASU_E_CORRUPT;
}

/* Of those whose codes stand one behind the other in a word at a time. */
static int
list_codes(const struct coded *c, uint8_t *numbers, size_t count)
{
    const uint64_t mask = (UINT64_C(1) << c->bits) - 1;
    size_t some = c->bits > 0 ? 56 / c->bits : count;
    uint64_t wrong = 0;

    for (size_t at = 0; at < count;) {
        uint64_t word = bits_look(c->bytes, (uint64_t)at * c->bits);
        size_t end = count - at < some ? count : at + some;

        for (; at < end; at++, word >>= c->bits) {
            uint64_t code = word & mask;

            wrong |= code >= c->most;
            numbers[at] = c->codes[code];
        }
    }
    return wrong == 0 ? 0 : PASU_E_CORRUPT;
}

int
column_list(struct view bytes, unsigned bits, uint8_t *numbers, size_t count)
{
    struct coded c = {0};

    if (begin(&c, bytes, bits) != 0)
        return PASU_E_CORRUPT;
    if (c.form == FORM_RUNS)
        return list_runs(&c, numbers, count);
    if (c.form > FORM_RUNS) {
        memset(numbers, c.form & ~FORM_ONE, count);
        return 0;
    }
    return bytes_of_bits(count, c.bits) == c.bytes.length && has_codes(&c, count)
               ? list_codes(&c, numbers, count)
               : PASU_E_CORRUPT;
}

static int
count_in_runs(const struct coded *c, uint64_t place, uint8_t number, uint64_t *count)
{
    struct reader r = reader_of(c->bytes);

    while (place > 0) {
        uint64_t length;
        uint8_t here;

        if (!next_run(&r, c->bits, &here, &length))
            return PASU_E_CORRUPT;
        if (length > place)
            length = place;
        *count += here == number ? length : 0;
        place -= length;
    }
    return 0;
}

int
column_count(struct view bytes, unsigned bits, uint64_t place, uint8_t number, uint64_t *count)
{
    struct coded c;
    uint64_t code = 0, mask;

    *count = 0;
    if (begin(&c, bytes, bits) != 0)
        return PASU_E_CORRUPT;
    if (c.form == FORM_RUNS)
        return count_in_runs(&c, place, number, count);
    if (c.form > FORM_RUNS) {
        *count = (c.form & ~FORM_ONE) == number ? place : 0;
        return 0;
    }
    if (!has_codes(&c, place))
        return PASU_E_CORRUPT;
    while (code < c.most && c.codes[code] != number)
        code++;
    mask = (UINT64_C(1) << c.bits) - 1;
    for (uint64_t at = 0; at < place && code < c.most; at++)
        *count += (bits_look(c.bytes, at * c.bits) & mask) == code;
    return 0;
}
