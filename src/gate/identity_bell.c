/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/identity_bell.h"

#include "base/os.h"

#include <stdatomic.h>

void
identity_bell_init(struct identity_bell *bell)
{
    pthread_condattr_t attributes;

    *bell = (struct identity_bell){0};
    pthread_mutex_init(&bell->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&bell->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

void
identity_bell_release(struct identity_bell *bell)
{
    pthread_cond_destroy(&bell->wake);
    pthread_mutex_destroy(&bell->lock);
}

void
identity_bell_ring(struct identity_bell *bell)
{
    if (!bell || atomic_exchange(&bell->is_rung, true))
        return;
    pthread_mutex_lock(&bell->lock);
    pthread_cond_signal(&bell->wake);
    pthread_mutex_unlock(&bell->lock);
}

void
identity_bell_await(struct identity_bell *bell, int64_t until)
{
    struct timespec time = {.tv_sec = until / NANOSECONDS_PER_SECOND,
                            .tv_nsec = until % NANOSECONDS_PER_SECOND};
    int result = 0;

    pthread_mutex_lock(&bell->lock);
    while (!bell->is_rung && result == 0)
        result = pthread_cond_timedwait(&bell->wake, &bell->lock, &time);
    pthread_mutex_unlock(&bell->lock);
    bell->is_rung = false; /* who rings from here on is heard the next time */
}
