/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What answer.c (one message), answer_rows.c (many rows) and answer_walk.c (a batch) share.
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
};

/* One whole message, which may lie where `out` is or behind it. 0; what release_batch says; what
 * ends the session. */
PASU_MUST_USE int answer_message(struct answering *answering, const uint8_t *message,
                                 size_t length);
/* As many whole rows at `at` as are so simple that they can be read in one go. Bytes of them; 0:
 * the first one is for answer_message. */
PASU_MUST_USE size_t answer_rows(struct answering *answering, const uint8_t *at, size_t have,
                                 struct walk *walk);
/* Records and sends what stands before `out`. */
PASU_MUST_USE int answer_flush(struct answering *answering);
/* Records what the rows that begin can carry beside what their plan says. */
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
