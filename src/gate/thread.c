/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/thread.h"

#include <signal.h>

int
thread_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    result = pthread_create(thread, attributes, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : error_from_errno(result);
}
