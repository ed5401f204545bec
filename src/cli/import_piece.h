/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of a log that is imported, IMPORT_PIECE bytes each, the last one shorter; and those
 * that the ledger has. */
#ifndef PASU_CLI_IMPORT_PIECE_H
#define PASU_CLI_IMPORT_PIECE_H

#include "cli/import.h"
#include "ledger/record.h"
#include "scan/block.h"

struct import_known {
    uint64_t from, length;
    uint8_t digest[PAYLOAD_DIGEST_SIZE];
};

struct import_piece {
    uint8_t digest[PAYLOAD_DIGEST_SIZE]; /* SHA-256 */
    uint64_t length, had; /* bytes; of them those that the ledger has, from the front */
};

struct import_pieces {
    struct import_known *known; /* by where they begin */
    size_t known_count, known_space;
    struct import_piece *items; /* of the log that is read, whole ones */
    size_t count, space;
    uint8_t bytes[IMPORT_PIECE]; /* of the next one, so far */
    size_t length;
};

/* Reads what the ledger has. PASU_E_CORRUPT, and other errors of segment_scan_enter and _next. */
PASU_MUST_USE int import_pieces_known(struct import_pieces *pieces,
                                      const struct record_keeping *records);
/* Another log. */
void import_pieces_begin(struct import_pieces *pieces);
/* The bytes of a block, which follow those before: PASU_E_RANGE where they do not, because a line
 * was too long to be read. PASU_E_NOMEM. */
PASU_MUST_USE int import_pieces_take(struct import_pieces *pieces, const struct block *block);
/* The log has no more: what is left is a piece. PASU_E_NOMEM. */
PASU_MUST_USE int import_pieces_end(struct import_pieces *pieces);
void import_pieces_release(struct import_pieces *pieces);

#endif
