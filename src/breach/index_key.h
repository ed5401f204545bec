/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the index (docs/spec/index.md): numbers big-endian, so that they sort; in the main table
 * behind a letter. */
#ifndef PASU_BREACH_INDEX_KEY_H
#define PASU_BREACH_INDEX_KEY_H

#include "ledger/index.h"

enum {
    INDEX_META = 'M',
    INDEX_LOOKUPS = 'B',
    INDEX_GAPS = 'G',
    INDEX_STATE = 'S',
    INDEX_CLASS = 'C',
    INDEX_DAY = 'D',
    INDEX_EVENTS = 'E',
    INDEX_PROFILE = 'F',
    INDEX_KNOWN = 'K',
    INDEX_OPEN = 'O',
    INDEX_PRINCIPAL = 'P',
    INDEX_RECONCILED = 'R',
    INDEX_SHAPE = 'H',
    INDEX_HASHES = 'T',
    INDEX_PLACES = 'U',
    INDEX_VOCABULARY = 'V',
    INDEX_EXPLAINED = 'W',
    INDEX_OPENED = 'L',
    INDEX_SEGMENT = 'Z',
};
#define INDEX_EVERYBODY UINT32_MAX /* as a principal: all together */

struct index_key {
    uint8_t bytes[INDEX_KEY_MAX];
    size_t length;
};

static inline struct view
index_key_view(const struct index_key *key)
{
    return view_of(key->bytes, key->length);
}

/* "M" */
static inline struct index_key
index_key_letter(char letter)
{
    return (struct index_key){{(uint8_t)letter}, 1};
}

/* "C" and a number */
static inline struct index_key
index_key_number(char letter, uint32_t number)
{
    struct index_key key = {{(uint8_t)letter}, 5};

    bytes_put_u32(key.bytes + 1, number);
    return key;
}

static inline struct index_key
index_key_session(char letter, uint64_t session)
{
    struct index_key key = {{(uint8_t)letter}, 9};

    bytes_put_u32(key.bytes + 1, (uint32_t)(session >> 32));
    bytes_put_u32(key.bytes + 5, (uint32_t)session);
    return key;
}

/* The session of such a key. */
static inline uint64_t
index_key_session_of(struct view key)
{
    return (uint64_t)bytes_get_u32(key.bytes + 1) << 32 | bytes_get_u32(key.bytes + 5);
}

/* "L", a list of an exposure: the index of its record, its part, and which of the part's lists. */
static inline struct index_key
index_key_list(uint64_t record, uint8_t part, uint8_t which)
{
    struct index_key key = index_key_session(INDEX_OPENED, record);

    key.bytes[9] = part;
    key.bytes[10] = which;
    key.length = 11;
    return key;
}

/* "T", how a hash begins, and a run of the directory (index_run.h). */
static inline struct index_key
index_key_hashes(uint8_t which, uint32_t run)
{
    struct index_key key = {{INDEX_HASHES, which}, 6};

    bytes_put_u32(key.bytes + 2, run);
    return key;
}

/* Of the tables of units. */
static inline struct index_key
index_key_unit(uint32_t when, uint32_t principal)
{
    struct index_key key = {{0}, 8};

    bytes_put_u32(key.bytes, when);
    bytes_put_u32(key.bytes + 4, principal);
    return key;
}

/* Of the table of months: whom a part of a class showed, or missed, of those whose ordinals have
 * the upper bits `chunk`. Behind the unit of all together. */
enum { INDEX_CHUNK_BITS = 20, INDEX_CHUNK_KEY = 16 };

static inline struct index_key
index_key_chunk(uint32_t month, uint32_t class, unsigned part, bool is_missed, uint32_t chunk)
{
    struct index_key key = {{0}, INDEX_CHUNK_KEY};

    bytes_put_u32(key.bytes, month);
    bytes_put_u32(key.bytes + 4, INDEX_EVERYBODY);
    bytes_put_u32(key.bytes + 8, class);
    bytes_put_u32(key.bytes + 12, part << 17 | (uint32_t)is_missed << 16 | chunk);
    return key;
}

/* A day as keys have it, and back. */
static inline uint32_t
index_day_number(int32_t day)
{
    return (uint32_t)day ^ UINT32_C(0x80000000);
}
static inline int32_t
index_day_of(uint32_t number)
{
    return (int32_t)(number ^ UINT32_C(0x80000000));
}

#endif
