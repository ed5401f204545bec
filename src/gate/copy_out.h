/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY … TO STDOUT: rows that come as CopyData, without a RowDescription.
 *
 *      CopyOutResponse   how they are written, how many columns: a showing is made of the plan
 *      CopyData …        a row each: read, counted, judged and recorded as a DataRow is
 *      CopyDone
 *
 * Read are those of which it is known how they are written and what the statement's names mean;
 * all others pass as they are, after the most that the statement can show was recorded. So does
 * what comes behind a message that is not one row. Hidden columns are taken out of all of them.
 */
#ifndef PASU_GATE_COPY_OUT_H
#define PASU_GATE_COPY_OUT_H

#include "gate/answer.h"

/* CopyOutResponse. As answer_message. */
PASU_MUST_USE int copy_out_begin(struct answering *answering, const uint8_t *message,
                                 size_t length);
/* Whether CopyData must be whole to be handled. */
static inline bool
copy_out_is_read(const struct observer *observer)
{
    return observer->result.copy.format != NULL;
}
/* Whether a CopyData, where that is so, is a row: neither empty nor the end. */
bool copy_out_is_row(const struct copy_rows *copy, const uint8_t *message);
/* A CopyData, where that is so. As answer_message. */
PASU_MUST_USE int copy_out_data(struct answering *answering, const uint8_t *message, size_t length);
/* One that is too long to be read whole. As answer_giant. */
PASU_MUST_USE ssize_t copy_out_giant(struct answering *answering, const uint8_t *message,
                                     size_t have, size_t total);
/* As many whole rows at `at` as are so simple that they can be read in one go. As answer_rows. */
PASU_MUST_USE size_t copy_out_rows(struct answering *answering, const uint8_t *at, size_t have,
                                   struct walk *walk);

/* A stream without a RowDescription begins: the most that it can carry is recorded, with a flag.
 * Afterwards the message passes, unless a budget has ended the result. */
PASU_MUST_USE int copy_out_bound(struct answering *answering, const uint8_t *message, size_t length,
                                 uint64_t flag);

#endif
