/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What answer.c (one message), answer_words.c (errors and notices), answer_rows.c (many rows) and
 * answer_walk.c (a batch) share.
 */
#ifndef PASU_GATE_ANSWER_H
#define PASU_GATE_ANSWER_H

#include "gate/expose.h"
#include "gate/walk.h"
#include "postgres/key.h"

struct instruments;

/* A batch on its way: [sent, out) goes to the client once it is recorded; what has not been looked
 * at lies behind `out`. */
struct answering {
    struct session *s;
    struct observer *o;
    struct instruments *tools;
    uint8_t *sent, *out;
    uint64_t rows;
    const struct config_budget *held; /* answer_settle: it holds the rows from here on; or NULL */
    uint64_t held_rows;               /* of those that were gathered, what may leave */
};

/* One whole message, which may lie where `out` is or behind it. 0; what release_batch says; what
 * ends the session. */
PASU_MUST_USE int answer_message(struct answering *answering, const uint8_t *message,
                                 size_t length);
/* As many whole rows at `at` as are so simple that they can be read in one go. Bytes of them; 0:
 * the first one is for answer_message. */
PASU_MUST_USE size_t answer_rows(struct answering *answering, const uint8_t *at, size_t have,
                                 struct walk *walk);
/* An ErrorResponse, NoticeResponse or NotificationResponse. As answer_message. */
PASU_MUST_USE int answer_error(struct answering *answering, const uint8_t *message, size_t length);
PASU_MUST_USE int answer_notice(struct answering *answering, const uint8_t *message, size_t length);
PASU_MUST_USE int answer_notification(struct answering *answering, const uint8_t *message,
                                      size_t length);
/* The message goes to the client as it is, unless a budget has ended the result. */
PASU_MUST_USE int answer_pass(struct answering *answering, const uint8_t *message, size_t length);
/* Even then: what does not belong to a result. */
PASU_MUST_USE int answer_pass_always(struct answering *answering, const uint8_t *message,
                                     size_t length);
/* Whole messages that stand before `out` and are recorded go to the client. */
PASU_MUST_USE int answer_send(struct answering *answering);
/* The rows gathered so far are counted, judged and recorded. */
PASU_MUST_USE int answer_settle(struct answering *answering);
/* A budget has ended the result: the client is told. */
PASU_MUST_USE int answer_block(struct answering *answering, const struct judgement *judgement);
/* The result ends with that error, and nothing more of it passes. */
PASU_MUST_USE int answer_end(struct answering *answering, const struct writer *error);
/* Before a DataRow: whether it must wait until somebody has approved of it. Where nobody has, the
 * result has ended. */
PASU_MUST_USE int answer_hold(struct answering *answering, bool *is_waiting);
/* What waits was not approved: the result ends with that error. */
PASU_MUST_USE int answer_hold_refuse(struct answering *answering, int error);
/* Of rows that have waited for a budget, what somebody has said. */
PASU_MUST_USE int answer_budget_over(struct answering *answering);
/* Whether a budget may hold what comes now, a DataRow or CopyData. */
bool answer_budget_watches(struct answering *answering, const uint8_t *message);
/* As many whole rows at `at` as there are; where a budget holds one of them, only those before it,
 * and then *is_waiting, or the result has ended; the bytes from there on are as they were. Bytes
 * used, 0: the first one is not whole, or for answer_message; negative: an error. */
PASU_MUST_USE ssize_t answer_budget_rows(struct answering *answering, uint8_t *at, size_t have,
                                         struct walk *walk, bool *is_waiting);
/* One message of which what is needed is there. As answer_walk.c has it. */
PASU_MUST_USE ssize_t answer_one(struct answering *answering, const uint8_t *at, size_t have,
                                 struct walk *walk);
/* In place of what was not sent. (request->plan is NULL where it was a call by message. A budget's
 * refusal is in a record already.) */
PASU_MUST_USE int answer_refuse(struct answering *answering,
                                const struct exchange_request *request);
/* Records and sends what stands before `out`. */
PASU_MUST_USE int answer_flush(struct answering *answering);
/* Records what the rows that begin can carry beside what their plan says; none of them leaves where
 * they are shown to nobody. */
PASU_MUST_USE int answer_doubt(struct answering *answering);
/* Where the columns after the hidden ones begin in a DataRow; 0 where it is malformed. */
size_t answer_row_skip(const uint8_t *message, size_t have, uint8_t hidden);
/* An ErrorResponse with another position: `position` is where the old one stands in it. */
PASU_MUST_USE int answer_put_position(struct answering *answering, const uint8_t *message,
                                      size_t length, struct view position, uint32_t number);
/* The start of a message that is too long to be read whole and passes in pieces: `have` bytes of
 * `total`. What it is part of counts as the most it can be. Bytes of it that have been used. */
PASU_MUST_USE ssize_t answer_giant(struct answering *answering, const uint8_t *message, size_t have,
                                   size_t total);

#endif
