/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan that somebody still holds, asked for again: whether plan_cache_get (postgres/plan.h) would
 * find it for a text and environment is told by comparing, without the cache's locks.
 */
#ifndef PASU_POSTGRES_PLAN_AGAIN_H
#define PASU_POSTGRES_PLAN_AGAIN_H

#include "postgres/plan.h"

/* Whether it is the plan of that text and environment. */
bool plan_is_of(const struct plan *plan, struct view text,
                const struct plan_environment *environment);
/* Such a plan, held once more, and counted as one that was found. Any thread. */
struct plan *plan_cache_again(struct plan_cache *cache, struct plan *plan);

#endif
