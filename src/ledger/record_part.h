/* SPDX-License-Identifier: Apache-2.0 */
/* What record.c has for the other files of what the keeper records. See record.h. */
#ifndef PASU_LEDGER_RECORD_PART_H
#define PASU_LEDGER_RECORD_PART_H

#include "ledger/record.h"

/* Once, until a record succeeds. */
void record_log_failure(struct record_keeping *records, int error);
/* The gap, of which the record with that index tells, as an alert. */
void record_gap_alert(const struct record_keeping *records, uint64_t index,
                      union payload_body *alert);
/* A checkpoint was made, or not: where that is another answer than before, it is logged. */
void record_signed(struct record_keeping *records, int result);
/* Something could be recorded: where that has failed before, it is logged. */
void record_recovered(struct record_keeping *records);
/* Where records are missing, tells of that as soon as it can be, also when nothing else comes. */
void record_retry(struct record_keeping *records, int64_t now);
/* A record that could not be written: counts it for the gap, and logs it. The error again. */
int record_missed(struct record_keeping *records, int error);
/* Opens the ledger if it is not, says that a keeper has started, and what is missing. */
PASU_MUST_USE int record_ready(struct record_keeping *records);
/* A batch of so many bytes at most, behind the holds and decoys where it is the first of its
 * segment. */
PASU_MUST_USE int record_begin(struct record_keeping *records, size_t bytes);
/* One more record of the batch, as chain_put. */
PASU_MUST_USE int record_put(struct record_keeping *records, enum segment_type type,
                             const void *payload, size_t length);
/* Ends the batch: commits it, to be signed soon, or, if `put` is an error, aborts it and gives that
 * back. */
PASU_MUST_USE int record_commit(struct record_keeping *records, int put);
/* Before a record of an incident, or of a deadline of one: its number, where it is the first one.
 * PASU_E_NOTFOUND, PASU_E_RANGE: as record_deed. */
PASU_MUST_USE int record_incident_prepare(struct record_keeping *records, enum segment_type type,
                                          union payload_body *body);

#endif
