/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's side of publishing: hands each new checkpoint to the herald (respond/herald.h),
 * makes the proofs that it asks for, and keeps what it says of its targets.
 *
 * Until its end the keeper never waits for it: a checkpoint that the herald has not room for is
 * forgotten for the next one, an answer that it has not room for is dropped, and of what it asks a
 * bounded part is read at a time. What it says is believed for what status shows, and for an alert:
 * that a witness has seen another ledger, of each once an hour of a herald. Owned by the keeper's
 * only thread.
 */
#ifndef PASU_LEDGER_PUBLISHER_H
#define PASU_LEDGER_PUBLISHER_H

#include "ledger/control.h"
#include "ledger/courier.h"
#include "ledger/record.h"

/* How long the end waits for the herald: a little longer than that takes (respond/herald.c). */
#define PUBLISHER_PATIENCE (4 * NANOSECONDS_PER_SECOND)

struct publisher {
    const struct log *log;
    struct courier *courier; /* of alerts; NULL: none */
    struct channel herald;
    uint64_t told; /* size of the checkpoint that it was given last */
    struct message_target targets[TARGETS_MAX];
    size_t target_count;
    int64_t
        alerted[TARGETS_MAX]; /* monotonic: about which witness an alert was recorded; 0: none */
};

void publisher_init(struct publisher *publisher, const struct log *log, struct courier *courier);
/* A new herald: takes the descriptor. It is told the newest checkpoint at the next look. */
void publisher_take(struct publisher *publisher, int fd);
/* Answers what the herald has asked, a bounded part of it. */
void publisher_serve(struct publisher *publisher, struct record_keeping *records);
/* Tells it of a checkpoint that it has not been told of, and of alerts. */
void publisher_look(struct publisher *publisher, const struct record_keeping *records);
/* Before the ledger is closed: hands the herald the last checkpoint and the alerts that there is time
 * for, tells it to end (STOP), and
 * makes the proofs that its witnesses want until it has ended, or PUBLISHER_PATIENCE is over. */
void publisher_end(struct publisher *publisher, struct record_keeping *records);
void publisher_close(struct publisher *publisher);
/* For status: a frame for each target. */
void publisher_show(const struct publisher *publisher, struct control_client *client);

#endif
