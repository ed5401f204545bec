/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records of rights stay for three years, whatever ledger.retention says: what is written
 * once more before the segment that has it is deleted (ledger/prune.h).
 *
 *      the exposure of a statement by which rights were changed ──▶ SEGMENT_RIGHT, with its session
 *      and its text: it is whole without the records that it names by number
 *      a SEGMENT_RIGHT                                          ──▶ itself, as it is
 *      a roster, a configuration, what an identity provider has told of a role, an alert of rights
 *      that came around pasu; the same where it was carried     ──▶ SEGMENT_CARRIED
 *
 * Each is as it was, so that its leaf is still in the tree, and can be proven. Nobody's data is in
 * them: such an exposure is written before the statement is sent, and shows nothing. Owned by the
 * keeper's only thread.
 */
#ifndef PASU_LEDGER_RIGHTS_H
#define PASU_LEDGER_RIGHTS_H

#include "exposure/exposure.h"
#include "ledger/carry.h"

/* Three years, each as long as the longest; the configuration's have 365 days. */
#define RIGHTS_KEPT (INT64_C(3) * 366 * 86400 * NANOSECONDS_PER_SECOND)

struct rights {
    union payload_body body; /* what is to be written; its views are of the record, or */
    uint8_t bytes[SEGMENT_PAYLOAD_MAX];
};

/* A SEGMENT_RIGHT, read. */
struct right {
    struct payload_right_of exposure_of, opened_of;
    struct exposure exposure;      /* without parts */
    struct message_session opened; /* where opened_of.index is not 0 */
    struct payload_shape shape;    /* where has_shape; borrows from the payload */
    bool has_shape;
};

/* PASU_E_CORRUPT: none that is written here. */
PASU_MUST_USE int right_read(struct right *right, struct view payload);
/* The flags of an exposure (FLAG_BIT) whose statement changes rights. */
uint64_t rights_flags(void);
/* Of the next record that is to be deleted, which `carry` has seen: what is to be written again, if
 * it was first recorded at `since` (realtime ns) or later; 0: nothing is. `rights->body` is of that
 * type, and borrows from the record. */
uint32_t rights_keep(struct rights *rights, const struct carry *carry,
                     const struct segment_record *record, int64_t since);

#endif
