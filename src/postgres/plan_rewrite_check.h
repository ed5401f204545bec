/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a rewritten text is the client's but for what was meant: plan_rewrite.h says how that is
 * seen. */
#ifndef PASU_POSTGRES_PLAN_REWRITE_CHECK_H
#define PASU_POSTGRES_PLAN_REWRITE_CHECK_H

#include "postgres/plan_rewrite.h"

/* `replaced` is the client's text with nothing done but numbers of ORDER BY and stars replaced.
 * False also where there is no memory. */
bool rewrite_is_as_meant(struct plan_work *work, const struct rewrite *rewrite,
                         const char *replaced, const char *rewritten);

#endif
