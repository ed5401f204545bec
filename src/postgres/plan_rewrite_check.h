/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a rewritten text is the client's but for what was meant: plan_rewrite.h says how that is
 * seen. */
#ifndef PASU_POSTGRES_PLAN_REWRITE_CHECK_H
#define PASU_POSTGRES_PLAN_REWRITE_CHECK_H

#include "postgres/plan_rewrite.h"

/* What stands for an edit's text when trees are compared. */
static inline const char *
rewrite_stands_for(const struct edit *edit)
{
    return edit->stand_in ? edit->stand_in : edit->inserted;
}

/* Takes what was added and made GROUP BY out of the tree of rewrite_stand_in(); false where it is
 * not there. */
bool rewrite_take_back(struct plan_work *work, const struct rewrite *rewrite, char *tree);
/* `replaced` is the client's text with nothing done but numbers of ORDER BY and stars replaced.
 * False also where there is no memory. */
bool rewrite_is_as_meant(struct plan_work *work, const struct rewrite *rewrite,
                         const char *replaced, const char *rewritten);

#endif
