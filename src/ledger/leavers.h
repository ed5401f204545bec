/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts of those who have left (SEGMENT_ALERT): somebody tries to use their role (rule `leaver`,
 * severity 5, about the refusal), or a service that they owned goes on (rule `ownerless`, severity
 * 3, about the roster that says so, as far as the keeper has recorded one).
 *
 * One alert for a principal at once, and then, as long as it goes on, one for each window, which
 * says how many there were in it. Each refusal is a record of its own besides. In the keeper, which
 * forgets windows when it ends, after it has said what is in them.
 */
#ifndef PASU_LEDGER_LEAVERS_H
#define PASU_LEDGER_LEAVERS_H

#include "ledger/record.h"

enum { LEAVERS_MAX = 512, LEAVERS_WINDOW_SECONDS = 3600 };

/* A principal's window; of a principal that there is no room for, the oldest one's ends early. */
struct leaver {
    char principal[NAME_SIZE];
    char address[ADDRESS_SIZE]; /* of the last attempt; "": a service */
    bool is_service;
    int64_t until;  /* monotonic ns */
    uint64_t more;  /* since the alert that began it */
    uint64_t about; /* index of the last one's record */
};

struct leavers {
    struct record_keeping *records;
    struct leaver items[LEAVERS_MAX];
    size_t count;
    uint64_t roster; /* index of the record of the one in force */
};

void leavers_init(struct leavers *leavers, struct record_keeping *records);
/* The roster's record is the last one that was appended. */
void leavers_roster(struct leavers *leavers);
/* Somebody who has left was refused, which is the last record that was appended. */
void leavers_refused(struct leavers *leavers, const struct message_refused *refused);
void leavers_ownerless(struct leavers *leavers, const struct message_ownerless *ownerless);
/* Windows that are over say what was in them. */
void leavers_look(struct leavers *leavers, int64_t now);
/* How long poll may wait at most. */
int leavers_wait(const struct leavers *leavers, int most);
/* The keeper ends: all of them do. */
void leavers_end(struct leavers *leavers);

#endif
