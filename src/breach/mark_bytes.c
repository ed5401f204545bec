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
    PARTS_ARE_ONE = 0x80,
};

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

static bool
are_one(const uint32_t *parts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (parts[i] != parts[0])
            return false;
    return count > 0;
}

size_t
day_parts_length(const uint32_t *parts, size_t count)
{
    return are_one(parts, count) ? 1 : (count * PART_BITS + 7) / 8;
}

void
day_parts_put(struct pack *pack, const uint32_t *parts, size_t count)
{
    uint8_t *room = pack_room(pack, (count * PART_BITS + 7) / 8 + BITS_ROOM);
    struct bits bits = {.at = room};

    if (room == NULL)
        return;
    if (are_one(parts, count)) {
        pack_u8(pack, (uint8_t)(PARTS_ARE_ONE | parts[0]));
        return;
    }
    for (size_t i = 0; i < count; i++)
        bits_put(&bits, parts[i], PART_BITS);
    bits_end(&bits);
    pack->used += (size_t)(bits.at - room);
}

int
day_parts_get(struct view bytes, uint64_t place, unsigned *part)
{
    uint64_t bit = place * PART_BITS;

    if (bytes.length == 1 && (bytes.bytes[0] & PARTS_ARE_ONE) != 0) {
        *part = bytes.bytes[0] & DAY_PART_NONE;
        return 0;
    }
    if (place >= bytes.length * UINT64_C(8) || bit + PART_BITS > bytes.length * UINT64_C(8))
        return PASU_E_CORRUPT;
    *part = look(bytes, bit) & DAY_PART_NONE;
    return 0;
}
