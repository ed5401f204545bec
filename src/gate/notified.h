/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications that clients have written out as constants, the last NOTIFIED_MAX of them, and
 * which process of the server sends them: as keyed hashes, none is kept. Who hears one of these
 * hears nothing of the database. One that is forgotten counts as any other does.
 *
 * Only of sessions that have put no values into any: constants that were written out before would
 * else say which value it was, one letter at a time. With the first value all are forgotten.
 *
 * Noted before the server hears of it, so before anybody can get it. Any thread.
 */
#ifndef PASU_GATE_NOTIFIED_H
#define PASU_GATE_NOTIFIED_H

#include "postgres/plan.h"

#include <stdatomic.h>

enum { NOTIFIED_MAX = 4096 };

struct notified {
    uint8_t key[16];                       /* random, and secret */
    _Atomic uint64_t hashes[NOTIFIED_MAX]; /* 0: none */
    _Atomic uint32_t next;
};

/* `sender`: the process; 0: it is not known, and nothing is noted. */
void notified_note(struct notified *notified, const struct plan *plan, uint32_t sender);
bool notified_knows(const struct notified *notified, uint32_t sender, struct view channel,
                    struct view payload);
void notified_forget(struct notified *notified);

#endif
