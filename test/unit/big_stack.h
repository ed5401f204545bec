/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a test program's groups on a thread with the stack that planning needs. */
#ifndef PASU_TEST_BIG_STACK_H
#define PASU_TEST_BIG_STACK_H

#include "postgres/plan.h"

#include <pthread.h>

struct big_stack {
    int (*run)(void);
    int result;
};

static void *
big_stack_main(void *argument)
{
    struct big_stack *job = argument;

    job->result = job->run();
    return NULL;
}

static inline int
on_big_stack(int (*run)(void))
{
    struct big_stack job = {run, 2};
    pthread_attr_t attributes;
    pthread_t thread;

    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, PLAN_STACK_SIZE) != 0 ||
        pthread_create(&thread, &attributes, big_stack_main, &job) != 0)
        return 2;
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    return job.result;
}

#endif
