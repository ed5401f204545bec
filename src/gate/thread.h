/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the gate beside its main one, which alone takes signals. */
#ifndef PASU_GATE_THREAD_H
#define PASU_GATE_THREAD_H

#include "base/error.h"

#include <pthread.h>

/* Runs `run(arg)` on a thread that no signal comes to; the caller joins it. `attributes` as for
 * pthread_create, or NULL. 0, or what error_from_errno makes of pthread_create's. */
PASU_MUST_USE int thread_start(pthread_t *thread, const pthread_attr_t *attributes,
                               void *(*run)(void *), void *arg);

#endif
