/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as it lies in memory: all that it points to is in its arena. */
#ifndef PASU_POSTGRES_PLAN_OBJECT_H
#define PASU_POSTGRES_PLAN_OBJECT_H

#include "postgres/arena.h"
#include "postgres/plan.h"

#include <stdatomic.h>

struct plan_object {
    struct plan plan; /* first */
    struct arena arena;
    _Atomic uint32_t holders;
};

static inline struct plan_object *
plan_object_of(struct plan *plan)
{
    return (struct plan_object *)(void *)plan;
}

#endif
