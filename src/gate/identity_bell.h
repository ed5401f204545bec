/* SPDX-License-Identifier: Apache-2.0 */
/* By which sessions wake who keeps the identity index (gate/identity_keep.h): rung at the end of
 * each transaction that has written. Any thread rings, one waits; rung often counts once. */
#ifndef PASU_GATE_IDENTITY_BELL_H
#define PASU_GATE_IDENTITY_BELL_H

#include "base/attributes.h"

#include <pthread.h>

struct identity_bell {
    _Atomic bool is_rung;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

void identity_bell_init(struct identity_bell *bell);
void identity_bell_release(struct identity_bell *bell);
void identity_bell_ring(struct identity_bell *bell); /* NULL is allowed */
/* Until it has been rung since the last time, or until then (monotonic). */
void identity_bell_await(struct identity_bell *bell, int64_t until);

#endif
