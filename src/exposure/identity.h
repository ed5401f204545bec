/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity index: whose a value is that identifies somebody by itself (an e-mail address, a
 * telephone number), by the value's keyed hash. docs/spec/identity.md has the file's layout.
 *
 * A file that is made whole (exposure/identity_build.h), put in place by its name, and never
 * changed. Whoever opens it takes all of it into memory, where no hand reaches it any more, or gets
 * an error: a byte that is not as it was written shows in the file's tag. It says how things were
 * at one moment of one server; whether they still are that way is for its user to know.
 *
 * Immutable once open, counted holders, any number of threads.
 */
#ifndef PASU_EXPOSURE_IDENTITY_H
#define PASU_EXPOSURE_IDENTITY_H

#include "base/bytes.h"

#include <stdatomic.h>

enum {
    IDENTITY_SECRET_SIZE = 32,
    IDENTITY_NAME_SIZE = 64,
    IDENTITY_TABLE_SIZE = 136,
    IDENTITY_SECTIONS_MAX = 256,
    IDENTITY_ENTRY_SIZE = 12,
    IDENTITY_VALUES_MAX = 4,
    IDENTITY_DEFINITION_SIZE = 16,
};

/* Keys made from the ledger's secret: a secret themselves. Immutable, any thread. */
struct identity_key {
    uint8_t hash[16]; /* of values */
    uint8_t tag[32];  /* of files */
};

/* What the server has counted of a table's rows, ever since `reset`. */
struct identity_counters {
    uint64_t inserted, updated, deleted;
    int64_t reset; /* microseconds since 2000, as the server has it; 0: never */
    uint32_t file; /* number of the table's file: what is not counted row by row gives it another */
};

/* The values of one column, or of several that tell somebody together (a value is the text that
 * exposure/tuple.h makes of them), as they were at one moment. */
struct identity_section {
    char gateway[IDENTITY_NAME_SIZE];  /* behind which the server is */
    char database[IDENTITY_NAME_SIZE]; /* names: for people */
    char table[IDENTITY_TABLE_SIZE], column[IDENTITY_NAME_SIZE];
    uint64_t system; /* the server's system identifier */
    uint32_t database_oid, relation;
    int16_t attribute, key_attribute;        /* the value's column, and the key's */
    int16_t others[IDENTITY_VALUES_MAX - 1]; /* columns of the value behind the first; 0: none */
    uint8_t definition[IDENTITY_DEFINITION_SIZE]; /* of which names it was made: identity_names.h */
    bool is_unique;                               /* the server allows no value twice */
    bool is_text;                                 /* keys are texts, whatever they look like */
    uint64_t rows;                     /* that were read, without those that have no value */
    uint64_t values;                   /* different ones: entries */
    uint64_t several;                  /* of these, at several persons */
    uint64_t unkeyed;                  /* rows whose key is no ordinal: their values are nobody's */
    struct identity_counters counters; /* before the rows were read */
    uint32_t bits;                     /* there are 2^bits buckets */
    uint64_t entries_at, directory_at; /* offsets in the file */
    /* Of each of its columns, the shapes that values have: bits. All 0: it is not known. */
    uint64_t shapes[IDENTITY_VALUES_MAX];
};

/* What a value looks like, from its length and the kinds of some of its bytes: 0 to 63. Two that
 * are the same have the same one, and two that differ in digits only; so what has none of a
 * column's shapes need not be looked for there. */
static inline unsigned
identity_shape(struct view value)
{
    static const uint8_t classes[256] = {
        ['0' ... '9'] = 1, ['a' ... 'z'] = 2, ['A' ... 'Z'] = 3, ['-'] = 4,           [' '] = 5,
        ['.'] = 6,         ['+'] = 7,         ['('] = 8,         [0x80 ... 0xff] = 9,
    };
    uint32_t sum = (uint32_t)value.length;

    for (size_t i = 0; i < 4 && i < value.length; i++)
        sum = sum * 13 + classes[value.bytes[i]];
    if (value.length > 4)
        sum = sum * 13 + classes[value.bytes[value.length - 5]];
    return sum * UINT32_C(2654435769) >> 26;
}
/* Whether a column of a section can have it. */
static inline bool
identity_may_have(const struct identity_section *section, size_t column, struct view value)
{
    uint64_t shapes = section->shapes[column];

    return shapes == 0 || (shapes >> identity_shape(value) & 1) != 0;
}

/* When the first row was read, or before. */
struct identity_moment {
    int64_t realtime,
        monotonic; /* by which of both it is known whether the machine started since */
};

struct identity;

/* PASU_E_CRYPTO where the library does not start. */
PASU_MUST_USE int identity_key_init(struct identity_key *key,
                                    const uint8_t secret[IDENTITY_SECRET_SIZE]);
void identity_key_release(struct identity_key *key);

/* Reads all of the file; the descriptor stays the caller's. PASU_E_NOTFOUND: of
 * another version; PASU_E_DENIED: made with another secret; PASU_E_CORRUPT; PASU_E_NOMEM. */
PASU_MUST_USE int identity_open(struct identity **identity, int fd, const struct identity_key *key);
/* The same of bytes that are in memory already: a private map, taken, also after an error. */
PASU_MUST_USE int identity_take(struct identity **identity, uint8_t *take_map, size_t size,
                                const struct identity_key *key);
struct identity *identity_hold(struct identity *identity);
void identity_release(struct identity *identity); /* NULL is allowed */

const struct identity_moment *identity_moment(const struct identity *identity);
size_t identity_section_count(const struct identity *identity);
const struct identity_section *identity_section_at(const struct identity *identity, size_t index);
uint64_t identity_size(const struct identity *identity); /* bytes of the file */

enum identity_found {
    IDENTITY_NONE,    /* nobody had that value */
    IDENTITY_ONE,     /* one person had it */
    IDENTITY_SEVERAL, /* several persons had, or one who has no ordinal */
};

/* A value's hash: 128 bits. */
struct identity_hash {
    uint64_t high, low;
};
struct identity_hash identity_hash_of(const struct identity_key *key, struct view value);
/* How many columns a section's values have. */
size_t identity_section_columns(const struct identity_section *section);
/* Its columns as lines of postgres/identity_column.h, under this number, with a comma before them
 * where that is not 0: the length. */
size_t identity_section_list(const struct identity_section *section, size_t number, char *text,
                             size_t size);
/* The bytes of a value, as they are stored, in the encoding of the database. Of a value that is not
 * in the section, one in 2^61 is taken for one that is. */
enum identity_found identity_find(const struct identity *identity, size_t section,
                                  struct identity_hash hash, uint32_t *ordinal);
/* Many at once, which takes a third of the time: `found` and `ordinal` are filled. */
struct identity_question {
    struct identity_hash hash;
    uint32_t ordinal;
    uint16_t section;
    uint8_t found; /* enum identity_found */
};
void identity_find_many(const struct identity *identity, struct identity_question *questions,
                        size_t count);
/* One by its value. */
static inline enum identity_found
identity_look_up(const struct identity *identity, const struct identity_key *key, size_t section,
                 struct view value, uint32_t *ordinal)
{
    return identity_find(identity, section, identity_hash_of(key, value), ordinal);
}

#endif
