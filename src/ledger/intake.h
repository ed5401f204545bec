/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper takes from the gate's rings into the ledger.
 *
 * The gate wakes us by an eventfd when we sleep. We then wait for more to come together, at most
 * 10 ms or until a ring is half full, or holds what somebody waits for (`strict`): that we take at
 * once. What was taken from a ring in one go is one batch of the ledger, with the position that it
 * goes up to. If any of it is to be durable (`group` and `strict`), all of it is then made so, and
 * only then is the room released. Where a ring holds more than 8 KiB, statements that are alike
 * share a record. What the ledger does not take stays in the ring, and is tried again every 100 ms.
 *
 * The rings are hostile. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_INTAKE_H
#define PASU_LEDGER_INTAKE_H

#include "ledger/record.h"
#include "ledger/ring.h"

struct intake {
    const struct log *log;
    struct record_keeping *records;
    struct ring_file file;
    int wake;                      /* eventfd of the gate's; -1: no rings */
    int durable;                   /* eventfd for the gate: what it waited for is on disk now */
    uint64_t positions[RINGS_MAX]; /* the ledger has what is before it; 0: not known yet */
    bool are_wiped[RINGS_MAX];     /* known: what is to be released has no directory entries */
    uint64_t segment;              /* which has the positions, and no ring what is before it */
    int64_t take_at;               /* monotonic; 0: we sleep */
    bool is_awaited;               /* what is on disk now, and the gate has not been told */
    bool is_damaged;               /* which was logged */
};

/* Maps the rings, whose descriptor is closed; takes the other two. ring_fd -1: there are none. */
PASU_MUST_USE int intake_init(struct intake *intake, struct record_keeping *records, int ring_fd,
                              int wake_fd, int durable_fd);
void intake_release(struct intake *intake);
/* Takes all that is there, makes it durable where any of it is to be, and releases it. 0, or an
 * error that has been logged: the rest stays and is tried again. */
PASU_MUST_USE int intake_take(struct intake *intake);
/* Into the ledger only, so that what is appended next comes behind it. */
void intake_append(struct intake *intake);
/* The gate's eventfd can be read. */
void intake_woken(struct intake *intake);
/* Does what is due. */
void intake_look(struct intake *intake, int64_t now);
/* Milliseconds until intake_look has something to do, at most `most`. */
int intake_wait(const struct intake *intake, int most);

#endif
