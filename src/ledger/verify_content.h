/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records say that the ledger itself rests on, as a verifier follows it from the first to
 * the last: whose ledger it is, which key signs from which record on, that this key has signed what
 * says that records were deleted, and that what came from a ring stands before the record that
 * counts it. Owned by one thread.
 */
#ifndef PASU_LEDGER_VERIFY_CONTENT_H
#define PASU_LEDGER_VERIFY_CONTENT_H

#include "ledger/payload.h"
#include "ledger/segment_scan.h"
#include "ledger/verify_report.h"

enum verify_key_state { VERIFY_KEY_NONE, VERIFY_KEY_IN_USE, VERIFY_KEY_UNSEEN };

/* What is so from a record on, up to the next of these. */
struct verify_key_use {
    uint64_t from;
    enum verify_key_state state;
    uint8_t public[NOTE_KEY_SIZE]; /* of one in use */
    bool is_signed; /* the one that was in use before has signed that it takes over */
};

struct verify_content {
    const struct verify_report *report;
    const struct verify_root *roots; /* sizes of checkpoints, rising */
    size_t root_count;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t id[SEGMENT_ID_SIZE];
    bool has_origin; /* and an id */
    struct verify_key_use *uses;
    size_t use_count, use_space;
    uint8_t (*retired)[NOTE_KEY_SIZE];
    size_t retired_count, retired_space;
    uint64_t batch_first, batch_count; /* from a ring, and not counted yet */
    uint64_t batch_loose;              /* of these or of unknown types, or unseen: may be counted */
    uint64_t first;                    /* index of the first record that is here */
    uint64_t pruned; /* index of the first record that says that those before it were deleted; 0 */
    uint64_t told_last, told_key; /* the last one that says so, and from where on its key signs */
    uint64_t durable;             /* records below it were on the disk, says one */
    bool is_blind;                /* payloads were there that could not be seen */
};

/* `first`: the index of the first record that is here. */
PASU_MUST_USE int verify_content_init(struct verify_content *content,
                                      const struct verify_report *report, uint64_t first,
                                      const struct verify_root *roots, size_t root_count);
/* What was carried over of a record that was deleted; before the first that is here. PASU_E_NOMEM.
 */
PASU_MUST_USE int verify_content_carried(struct verify_content *content,
                                         const struct payload_carried *carried);
void verify_content_release(struct verify_content *content);
/* The next record that is here. `is_seen`: its payload is. PASU_E_NOMEM, PASU_E_CRYPTO.
 */
PASU_MUST_USE int verify_content_see(struct verify_content *content,
                                     const struct segment_record *record, bool is_seen,
                                     const char *file);
/* Records up to this index are not here, or not whole. */
void verify_content_lose(struct verify_content *content, uint64_t to);
/* A segment ends that another one follows: no batch goes on there. */
void verify_content_segment_end(struct verify_content *content, const char *file);
void verify_content_end(struct verify_content *content);
/* The key that signs a checkpoint of this size. */
const struct verify_key_use *verify_content_key(const struct verify_content *content,
                                                uint64_t size);
/* The size of a SEGMENT_TAKEN's durable index, or 0 where it is none. */
uint64_t verify_content_durable(const struct segment_record *record);

#endif
