/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a segment, a file of the ledger's records (docs/spec/ledger.md):
 *
 *      header │ record │ record │ … │ zeros: room that is free
 *      record = head │ payload │ zeros up to a multiple of 8
 *
 * A record has the segment's id, which is random, and its index in the ledger under its checksum:
 * what a client has had written into a payload is none, nor is a record at another place. Segments
 * lie in a folder and are named by the index of their first record.
 *
 * Here is what the writer (segment_writer.h) and the readers (segment_scan.h) share. Pure but for
 * segment_list_numbers.
 */
#ifndef PASU_LEDGER_SEGMENT_H
#define PASU_LEDGER_SEGMENT_H

#include "base/bytes.h"
#include "base/os.h"

enum {
    SEGMENT_PAYLOAD_MAX = 65000,
    SEGMENT_ALIGNMENT = 8, /* of records */
    SEGMENT_ID_SIZE = 16,
    SEGMENT_NAME_SIZE = 32,
    SEGMENT_VERSION = 1,
    SEGMENT_IS_SEALED = 1, /* flag: the payloads are encrypted (segment_cipher.h), */
    SEGMENT_TAG_SIZE = 16, /* and each is followed by a tag */
};
#define SEGMENT_SIZE   (UINT64_C(64) << 20) /* no longer than this, */
#define SEGMENT_LENGTH (2 * SEGMENT_SIZE)   /* with what is reserved: a longer file is none */

enum segment_type {
#define X(number, name, from_ring) SEGMENT_##name = (number),
#include "ledger/segment.def"
#undef X
};

/* As they stand in the file. */
struct segment_header {
    char magic[8];
    uint32_t version, flags;
    uint64_t first; /* index of the first record */
    int64_t time;   /* realtime ns */
    uint8_t id[SEGMENT_ID_SIZE];
    uint8_t zero[12];
    uint32_t crc; /* CRC-32C of what is before it */
};

struct segment_head {
    uint32_t length; /* of the payload as stored */
    uint32_t crc;    /* CRC-32C of the segment's id and the record with this field zero */
    uint64_t index;
    int64_t time; /* realtime ns */
    uint16_t type;
    uint16_t zero;
    uint32_t zeros;
};

/* What a record takes up, whose payload is of this length. */
static inline size_t
segment_room(size_t length)
{
    return sizeof(struct segment_head) +
           ((length + SEGMENT_ALIGNMENT - 1) & ~(size_t)(SEGMENT_ALIGNMENT - 1));
}

void segment_header_make(struct segment_header *header, uint64_t first, int64_t time,
                         uint32_t flags, const uint8_t id[SEGMENT_ID_SIZE]);
/* PASU_E_CORRUPT where it is damaged, or of a version or with flags that we do not know. */
PASU_MUST_USE int segment_header_check(const struct segment_header *header, uint64_t first);
/* Whether its checksum fits, and nothing is in it that must be zero; flags that we know are right.
 */
bool segment_header_is_whole(const struct segment_header *header);
/* What the checksums of a segment's records begin with. */
uint32_t segment_seed(const uint8_t id[SEGMENT_ID_SIZE]);
/* The checksum of a record; `payload` with the zeros behind it. */
uint32_t segment_crc(uint32_t seed, struct segment_head head, const void *payload);
/* The same of one that stands as it does in the file, all of it. */
uint32_t segment_record_crc(uint32_t seed, const uint8_t *record);
/* Whether it can be the head of a record, by all but its checksum; `is_sealed`: of a segment whose
 * payloads are encrypted. */
bool segment_head_check(const struct segment_head *head, bool is_sealed);
/* Whether a record of this type is part of a batch from a ring. */
bool segment_is_from_ring(uint32_t type);
/* Whether one of this type may be written again (SEGMENT_CARRIED) before it is deleted. */
bool segment_is_carried(uint32_t type);

/* Files of the ledger's folder are named by indexes, in as many digits. */
enum { SEGMENT_DIGITS = 20 };
/* False: they are none. Stops at the first one that is none. */
bool segment_number_parse(const char digits[SEGMENT_DIGITS], uint64_t *index);
/* False: no name of such a file. */
typedef bool segment_number_fn(const char *name, uint64_t *index);
/* The indexes of the folder's files of a kind, in rising order, to be freed with memory_free; other
 * files are passed over. PASU_E_IO, PASU_E_NOMEM, PASU_E_DENIED. */
PASU_MUST_USE int segment_list_numbers(const struct os *os, int directory, segment_number_fn *parse,
                                       uint64_t **indexes, size_t *count);

/* "00000000000000000042.seg" */
void segment_name(char name[SEGMENT_NAME_SIZE], uint64_t first);
/* False where that is no segment's name. */
bool segment_name_parse(const char *name, uint64_t *first);
/* The first indexes of the folder's segments, as segment_list_numbers. */
PASU_MUST_USE int segment_list(const struct os *os, int directory, uint64_t **firsts,
                               size_t *count);

#endif
