/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications that clients have written out as constants, the last NOTIFIED_MAX of them: as keyed
 * hashes, none is kept. Who hears one of these hears nothing of the database. One that is forgotten
 * counts as any other does.
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

void notified_note(struct notified *notified, const struct plan *plan);
bool notified_knows(const struct notified *notified, struct view channel, struct view payload);

#endif
