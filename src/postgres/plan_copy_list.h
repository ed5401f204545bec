/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hidden keys of a COPY of columns of a table.
 *
 *     COPY customers (name, phone) TO STDOUT      COPY customers ("id", name, phone) TO STDOUT
 *
 * It stays a COPY of the table: that reads the rows of this one alone, not those of its children.
 */
#ifndef PASU_POSTGRES_PLAN_COPY_LIST_H
#define PASU_POSTGRES_PLAN_COPY_LIST_H

#include "postgres/plan_inject.h"

/* The edit, of which the new text's tree is looked at: behind what was added, the list is the
 * client's. False where it is not, or there is no memory. */
bool copy_list_apply(struct plan_work *work, const struct injection *injection,
                     const PgQuery__ParseResult *tree, struct rewrite *rewrite);

#endif
