/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subject's key as it stands in a row, a parameter or a literal, brought to one canonical form:
 * whichever way the same key is written, it becomes the same number or text.
 *
 *      integers    the number; one written as numeric (5.00) too
 *      numeric     decimal without superfluous zeros
 *      uuid        32 hexadecimal digits with four dashes, lower case
 *      text        as it is
 *
 * What cannot be read for sure is PASU_E_MALFORMED: then it is no key, and the row is not
 * attributed by it. Pure.
 *
 * Source: PostgreSQL 15, int8in, uuid_in, numeric_recv; manual, "Numeric Types", "UUID Type".
 */
#ifndef PASU_POSTGRES_KEY_H
#define PASU_POSTGRES_KEY_H

#include "postgres/catalog.h"

enum { KEY_TEXT_MAX = 1024 }; /* longer keys are not read */

enum { KEY_DECIMAL_MAX = 46 }; /* so are numbers of more digits and point */

struct key {
    bool is_integer; /* whenever it is one of 64 bits */
    int64_t integer;
    struct view text; /* canonical, in `space` or in what was read; of an integer: see key_text */
    uint8_t space[KEY_DECIMAL_MAX + 2];
};

/* The canonical text, of integers too. Valid as long as the key and what it was read from are. */
struct view key_text(struct key *key);

/* From the text form of a type. `bytes` must stay valid as long as the key is used. */
PASU_MUST_USE int key_from_text(struct key *key, enum catalog_key_type type, struct view bytes);
/* From the binary form. */
PASU_MUST_USE int key_from_binary(struct key *key, enum catalog_key_type type, struct view bytes);
/* The key type that a type's OID has; CATALOG_KEY_NONE where no key is read of it. */
enum catalog_key_type key_type_of_oid(uint32_t oid);
/* The key type of the elements of an array type. */
enum catalog_key_type key_type_of_array(uint32_t oid);
/* Whether keys of the type are never numbers. */
bool key_type_is_text(enum catalog_key_type type);
/* Whether a value of one type can be compared with a key of another and mean the same key. */
bool key_types_agree(enum catalog_key_type one, enum catalog_key_type other);

/* The hot path: a plain decimal number of at most 10 digits below 2^32; false for all else, which
 * key_from_text then reads. */
static inline bool
key_small_number(struct view bytes, uint32_t *number)
{
    uint64_t n = 0;

    if (bytes.length == 0 || bytes.length > 10)
        return false;
    for (size_t i = 0; i < bytes.length; i++) {
        uint8_t digit = (uint8_t)(bytes.bytes[i] - '0');

        if (digit > 9)
            return false;
        n = n * 10 + digit;
    }
    if (n > UINT32_MAX || (bytes.bytes[0] == '0' && bytes.length > 1))
        return false;
    *number = (uint32_t)n;
    return true;
}

/* Eight bytes, from each of which '0' was taken: the highest bit of those that are no digits. Above
 * the lowest of them others can be set, too. */
static inline uint64_t
key_others(uint64_t eight)
{
    /* Adding 0x76 takes none of 0 to 9 to 0x80. */
    return (eight | (eight + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
}

/* The number of eight digits, the first one in the lowest byte. */
static inline uint64_t
key_eight_digits(uint64_t eight)
{
    eight = (eight * 10 + (eight >> 8)) & UINT64_C(0x00ff00ff00ff00ff); /* pairs */
    eight = (eight * 100 + (eight >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (eight * 10000 + (eight >> 32)) & UINT64_C(0x00000000ffffffff);
}

#define KEY_ZEROS UINT64_C(0x3030303030303030)

/* The same of a value in a DataRow: eight bytes at a time, of which the first ones may be those
 * before the value, which are there. */
static inline bool
key_number_in_row(const uint8_t *at, size_t length, uint32_t *number)
{
    uint64_t eight, n = 0;

    if (length == 0 || length > 10 || (at[0] == '0' && length > 1))
        return false;
    memcpy(&eight, at + length - sizeof(eight), sizeof(eight));
    eight ^= KEY_ZEROS;
    if (length < sizeof(eight)) { /* the first digit is the lowest byte */
        eight &= UINT64_MAX << 8 * (sizeof(eight) - length);
    } else {
        for (size_t i = 0; i < length - sizeof(eight); i++) {
            if (at[i] < '0' || at[i] > '9')
                return false;
            n = n * 10 + (uint64_t)(at[i] - '0');
        }
    }
    if (key_others(eight))
        return false;
    n = n * 100000000 + key_eight_digits(eight);
    *number = (uint32_t)n;
    return n <= UINT32_MAX;
}

/* The digits that the bytes up to `end` begin with: how many, and their number; of more than 10 it
 * is 11, and some number. */
static inline size_t
key_digits(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
    size_t count = 0;
    uint64_t n = 0;

    if (end - at >= (ptrdiff_t)sizeof(n)) {
        uint64_t eight, others;

        memcpy(&eight, at, sizeof(eight));
        eight ^= KEY_ZEROS;
        others = key_others(eight);
        if (others & 0x80)
            return 0;
        count = others ? (size_t)__builtin_ctzll(others) / 8 : sizeof(eight);
        *number = n = key_eight_digits(eight << 8 * (sizeof(eight) - count)); /* zeros first */
        if (others)
            return count;
    }
    for (; count < 11 && end - at > (ptrdiff_t)count; count++) {
        uint8_t digit = (uint8_t)(at[count] - '0');

        if (digit > 9)
            break;
        n = n * 10 + digit;
    }
    *number = n;
    return count;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte comes first");

#endif
