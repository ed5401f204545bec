/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/mark_bytes.h"

#include "breach/day.h"
#include "breach/rice.h"

enum {
    DAY_BITS = 5,
    DAYS = 31,
    LISTED = 5,    /* days: of more, a bit each is as short */
    BYTES_MAX = 5, /* of one person: 6 + 31 bits */
    PART_BITS = 3,
};

/* ---- days of a month ---- */

void
month_days_put(struct pack *pack, const uint32_t *days, size_t count)
{
    uint8_t *room = pack_room(pack, count * BYTES_MAX + BITS_ROOM);
    struct bits bits = {.at = room};

    if (room == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)__builtin_popcount(days[i]);

        if (number > LISTED) {
            bits_put(&bits, UINT64_C(1) << LISTED, LISTED + 1);
            bits_put(&bits, days[i], DAYS);
            continue;
        }
        bits_put(&bits, UINT64_C(1) << (number - 1), number);
        for (uint32_t left = days[i]; left != 0; left &= left - 1)
            bits_put(&bits, (uint64_t)__builtin_ctz(left), DAY_BITS);
    }
    bits_end(&bits);
    pack->used += (size_t)(bits.at - room);
}

/* At least 57 bits from there on, zeros behind the end. */
static uint64_t
look(struct view bytes, uint64_t bit)
{
    size_t at = (size_t)(bit >> 3);
    size_t left = at < bytes.length ? bytes.length - at : 0;
    uint64_t word = 0;

    if (left > 0)
        memcpy(&word, bytes.bytes + at, left < sizeof(word) ? left : sizeof(word));
    return word >> (bit & 7);
}

int
month_days_get(struct view bytes, uint64_t place, uint32_t *days)
{
    uint64_t bit = 0, word = 0;
    unsigned number = 0;

    if (place >= bytes.length * UINT64_C(8))
        return PASU_E_CORRUPT;
    for (uint64_t i = 0; i <= place; i++) {
        word = look(bytes, bit);
        number = word == 0 ? LISTED + 2 : (unsigned)__builtin_ctzll(word) + 1;
        if (number > LISTED + 1)
            return PASU_E_CORRUPT;
        word >>= number;
        bit += number + (number > LISTED ? DAYS : number * DAY_BITS);
    }
    if (bit > bytes.length * UINT64_C(8))
        return PASU_E_CORRUPT;
    if (number > LISTED)
        *days |= (uint32_t)word & ((UINT32_C(1) << DAYS) - 1);
    for (unsigned d = 0; number <= LISTED && d < number; d++, word >>= DAY_BITS)
        *days |= UINT32_C(1) << (word & ((1 << DAY_BITS) - 1));
    return 0;
}

/* ---- parts of a day ---- */

/* How parts are written, by the first byte; of FORM_ONE the part is in it. */
enum { FORM_EACH, FORM_AMONG, FORM_RISING, FORM_ONE = 0x80 };

enum { MARKS = DAY_PART_NONE + 1, AMONG_MAX = 4 };

struct part_form {
    uint8_t form, mask; /* which parts there are, a bit each */
    unsigned bits;      /* of each person */
    size_t counts[MARKS], length;
};

static unsigned
among_bits(unsigned parts)
{
    return parts <= 2 ? 1 : 2;
}

static size_t
bytes_of_bits(size_t count, unsigned bits)
{
    return (count * bits + 7) / 8;
}

static bool
count_parts(struct part_form *form, const uint32_t *parts, size_t count)
{
    bool is_rising = true;

    for (size_t i = 0; i < count; i++) {
        form->counts[parts[i]]++;
        is_rising &= i == 0 || parts[i] >= parts[i - 1];
    }
    for (unsigned p = 0; p < MARKS; p++)
        form->mask |= (uint8_t)((form->counts[p] > 0) << p);
    return is_rising;
}

/* The shortest. */
static struct part_form
form_of(const uint32_t *parts, size_t count)
{
    struct part_form form = {.form = FORM_EACH, .bits = PART_BITS};
    bool is_rising = count_parts(&form, parts, count);
    unsigned some = (unsigned)__builtin_popcount(form.mask);
    size_t rising = 1;

    if (some == 1) {
        form.form = (uint8_t)(FORM_ONE | parts[0]);
        form.length = 1;
        return form;
    }
    form.length = 1 + bytes_of_bits(count, PART_BITS);
    if (some <= AMONG_MAX && 2 + bytes_of_bits(count, among_bits(some)) < form.length) {
        form.form = FORM_AMONG;
        form.bits = among_bits(some);
        form.length = 2 + bytes_of_bits(count, form.bits);
    }
    for (size_t p = 0; p < MARKS; p++)
        rising += pack_number_length(form.counts[p]);
    if (is_rising && rising < form.length) {
        form.form = FORM_RISING;
        form.length = rising;
    }
    return form;
}

static void
put_bits(struct pack *pack, const struct part_form *form, const uint32_t *parts, size_t count)
{
    uint8_t *room = pack_room(pack, bytes_of_bits(count, form->bits) + BITS_ROOM);
    struct bits bits = {.at = room};
    uint32_t codes[MARKS];

    if (room == NULL)
        return;
    for (unsigned p = 0, among = 0; p < MARKS; among += form->mask >> p++ & 1)
        codes[p] = form->form == FORM_AMONG ? among : p;
    for (size_t i = 0; i < count; i++)
        bits_put(&bits, codes[parts[i]], form->bits);
    bits_end(&bits);
    pack->used += (size_t)(bits.at - room);
}

void
day_parts_put(struct pack *pack, const uint32_t *parts, size_t count)
{
    struct part_form form = form_of(parts, count);

    pack_number(pack, form.length);
    pack_u8(pack, form.form);
    if (form.form == FORM_AMONG)
        pack_u8(pack, form.mask);
    if (form.form == FORM_AMONG || form.form == FORM_EACH)
        put_bits(pack, &form, parts, count);
    for (size_t p = 0; form.form == FORM_RISING && p < MARKS; p++)
        pack_number(pack, form.counts[p]);
}

/* So many bits of the one at that place. */
static int
get_bits(struct view bytes, uint64_t place, unsigned count, unsigned *value)
{
    if (place >= bytes.length * UINT64_C(8) || (place + 1) * count > bytes.length * UINT64_C(8))
        return PASU_E_CORRUPT;
    *value = (unsigned)look(bytes, place * count) & ((1U << count) - 1);
    return 0;
}

static int
get_among(struct reader *r, uint64_t place, unsigned *part)
{
    unsigned mask = reader_u8(r), number = 0;
    int result = get_bits(reader_bytes(r, reader_left(r)), place,
                          among_bits((unsigned)__builtin_popcount(mask)), &number);

    for (; number > 0 && mask != 0; number--)
        mask &= mask - 1;
    if (result != 0 || mask == 0)
        return PASU_E_CORRUPT;
    *part = (unsigned)__builtin_ctz(mask);
    return 0;
}

static int
get_rising(struct reader *r, uint64_t place, unsigned *part)
{
    for (*part = 0; *part < MARKS; ++*part) {
        uint64_t count = unpack_number(r);

        if (place < count)
            return 0;
        place -= count;
    }
    return PASU_E_CORRUPT;
}

int
day_parts_get(struct view bytes, uint64_t place, unsigned *part)
{
    struct reader r = reader_of(bytes);
    uint8_t form = reader_u8(&r);

    if (r.failed)
        return PASU_E_CORRUPT;
    switch (form) {
    case FORM_EACH:
        return get_bits(reader_bytes(&r, reader_left(&r)), place, PART_BITS, part);
    case FORM_AMONG:
        return get_among(&r, place, part);
    case FORM_RISING:
        return get_rising(&r, place, part);
    default:
        *part = form & DAY_PART_NONE;
        return form >= FORM_ONE && bytes.length == 1 ? 0 : PASU_E_CORRUPT;
    }
}
