/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of an identity index that who makes it and who reads it share; see
 * docs/spec/identity.md. */
#ifndef PASU_EXPOSURE_IDENTITY_FILE_H
#define PASU_EXPOSURE_IDENTITY_FILE_H

#include "exposure/identity.h"
#include "exposure/key.h"

enum {
    IDENTITY_VERSION = 3,
    IDENTITY_VERSION_LEAST = 2, /* which has no shapes */
    IDENTITY_HEAD_SIZE = 128,
    IDENTITY_TAG_AT = 96, /* in the head */
    IDENTITY_TAG_SIZE = 32,
    IDENTITY_SECTION_SIZE = 512,
    IDENTITY_BITS_LEAST = 6,
    IDENTITY_BITS_MAX = 29,
};

/* What stands in an entry for several persons: the directory gives that ordinal last of all. */
#define IDENTITY_SEVERAL_MARK KEY_ORDINAL_FIRST

struct identity_head {
    struct identity_moment moment;
    uint32_t section_count;
    uint64_t size; /* of the whole file */
    uint8_t check[8];
    uint8_t tag[IDENTITY_TAG_SIZE];
};

/* By which a file of another secret is told from a damaged one. */
void identity_check_of(const struct identity_key *key, uint8_t check[8]);
/* Over the head without its tag, the table of sections, and the hash of all that follows. */
void identity_tag_of(const struct identity_key *key, const uint8_t head[IDENTITY_HEAD_SIZE],
                     const uint8_t *table, size_t table_length,
                     const uint8_t rest[IDENTITY_TAG_SIZE], uint8_t tag[IDENTITY_TAG_SIZE]);
void identity_write_head(uint8_t bytes[IDENTITY_HEAD_SIZE], const struct identity_head *head);
void identity_write_section(uint8_t bytes[IDENTITY_SECTION_SIZE],
                            const struct identity_section *section);
/* PASU_E_NOTFOUND: another version; PASU_E_CORRUPT. */
PASU_MUST_USE int identity_read_head(struct identity_head *head, struct view bytes);
PASU_MUST_USE int identity_read_section(struct identity_section *section, struct view bytes);

#endif
