/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/days_bytes.h"

#include "breach/bits.h"

enum {
    FORM_EACH,
    FORM_RUNS,
    DAY_BITS = 5,
    FEWEST = 2,
    LISTED = 5,    /* days: of more, a bit each is as short */
    BYTES_MAX = 5, /* of one set: 5 + 31 bits */
};

/* ---- writing ---- */

static size_t
run_at(const uint32_t *sets, size_t count, size_t at)
{
    size_t end = at + 1;

    while (end < count && sets[end] == sets[at])
        end++;
    return end - at;
}

static size_t
runs_length(const uint32_t *sets, size_t count, size_t most)
{
    size_t length = 0;

    for (size_t at = 0; at < count && length <= most;) {
        size_t run = run_at(sets, count, at);

        length += pack_number_length(sets[at]) + pack_number_length(run - 1);
        at += run;
    }
    return length;
}

static void
put_runs(struct pack *pack, const uint32_t *sets, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t run = run_at(sets, count, at);

        pack_number(pack, sets[at]);
        pack_number(pack, run - 1);
        at += run;
    }
}

static size_t
each_length(const uint32_t *sets, size_t count)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)__builtin_popcount(sets[i]);

        bits += number > LISTED ? LISTED + DAYS_OF_MONTH : number - 1 + number * DAY_BITS;
    }
    return (size_t)((bits + 7) / 8);
}

static void
put_each(struct pack *pack, const uint32_t *sets, size_t count)
{
    uint8_t *room = pack_room(pack, count * BYTES_MAX + BITS_ROOM);
    struct bits bits = {.at = room};

    if (room == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)__builtin_popcount(sets[i]);

        if (number > LISTED) {
            bits_put(&bits, UINT64_C(1) << (LISTED - 1), LISTED);
            bits_put(&bits, sets[i], DAYS_OF_MONTH);
            continue;
        }
        bits_put(&bits, UINT64_C(1) << (number - FEWEST), number - 1);
        for (uint32_t left = sets[i]; left != 0; left &= left - 1)
            bits_put(&bits, (uint64_t)__builtin_ctz(left), DAY_BITS);
    }
    bits_end(&bits);
    pack->used += (size_t)(bits.at - room);
}

void
days_put(struct pack *pack, const uint32_t *sets, size_t count)
{
    size_t each = each_length(sets, count);
    bool is_runs = runs_length(sets, count, each) < each;

    pack_u8(pack, is_runs ? FORM_RUNS : FORM_EACH);
    if (is_runs)
        put_runs(pack, sets, count);
    else
        put_each(pack, sets, count);
}

/* ---- reading ---- */

/* One set behind the other, or a stretch of the same. */
struct walk {
    uint8_t form;
    struct reader r; /* of FORM_RUNS */
    struct view bytes;
    uint64_t bit;
};

static int
begin(struct walk *w, struct view bytes)
{
    w->r = reader_of(bytes);
    w->form = reader_u8(&w->r);
    w->bytes = view_of(w->r.at, reader_left(&w->r));
    w->bit = 0;
    return w->r.failed || w->form > FORM_RUNS ? PASU_E_CORRUPT : 0;
}

static bool
next_each(struct walk *w, uint32_t *set)
{
    uint64_t word = bits_look(w->bytes, w->bit);
    unsigned zeros = word == 0 ? LISTED : (unsigned)__builtin_ctzll(word), number;

    if (zeros >= LISTED)
        return false;
    word >>= zeros + 1;
    *set = 0;
    if (zeros == LISTED - 1) {
        *set = (uint32_t)word & ((UINT32_C(1) << DAYS_OF_MONTH) - 1);
        w->bit += LISTED + DAYS_OF_MONTH;
    } else {
        number = zeros + FEWEST;
        for (unsigned d = 0; d < number; d++, word >>= DAY_BITS)
            *set |= UINT32_C(1) << (word & ((1 << DAY_BITS) - 1));
        w->bit += zeros + 1 + number * (uint64_t)DAY_BITS;
    }
    return w->bit <= w->bytes.length * UINT64_C(8) && *set >> DAYS_OF_MONTH == 0;
}

/* The next set, of which so many stand together. */
static bool
next(struct walk *w, uint32_t *set, uint64_t *count)
{
    uint64_t days, more;

    *count = 1;
    if (w->form == FORM_EACH)
        return next_each(w, set);
    days = unpack_number(&w->r);
    more = unpack_number(&w->r);
    *set = (uint32_t)days;
    *count = more + 1;
    return !w->r.failed && days >> DAYS_OF_MONTH == 0 && more < UINT32_MAX;
}

int
days_list(struct view bytes, uint32_t *sets, size_t count)
{
    struct walk w;
    size_t at = 0;

    if (begin(&w, bytes) != 0)
        return PASU_E_CORRUPT;
    while (at < count) {
        uint32_t set;
        uint64_t some;

        if (!next(&w, &set, &some) || some > count - at)
            return PASU_E_CORRUPT;
        for (; some > 0; some--)
            sets[at++] = set;
    }
    if (w.form == FORM_RUNS)
        return reader_end(&w.r) == 0 ? 0 : PASU_E_CORRUPT;
    return (w.bit + 7) / 8 == w.bytes.length ? 0 : PASU_E_CORRUPT;
}

int
days_find(struct view bytes, uint64_t place, uint64_t *before, uint32_t *set)
{
    struct walk w;
    uint64_t some;
    uint32_t here;

    *before = 0;
    if (begin(&w, bytes) != 0)
        return PASU_E_CORRUPT;
    for (; place > 0; place -= some) {
        if (!next(&w, &here, &some))
            return PASU_E_CORRUPT;
        if (some > place) {
            *before += place * (unsigned)__builtin_popcount(here);
            if (set != NULL)
                *set = here;
            return 0;
        }
        *before += some * (unsigned)__builtin_popcount(here);
    }
    if (set == NULL)
        return 0;
    return next(&w, set, &some) ? 0 : PASU_E_CORRUPT;
}
