/* SPDX-License-Identifier: Apache-2.0 */
/* How the hidden columns of groups are written (plan_group.h). NULL where there is no memory. */
#ifndef PASU_POSTGRES_PLAN_GROUP_TEXT_H
#define PASU_POSTGRES_PLAN_GROUP_TEXT_H

#include "postgres/plan_work.h"

enum { GROUP_CONDITIONS_MAX = 8 };

/* Rows of a group: those in which none of these, as they are written, is null, and of which the
 * condition is true. */
struct group_rows {
    const char *values[GROUP_CONDITIONS_MAX];
    size_t count;
    const char *filter; /* NULL: none */
    const char *over;   /* of a window's rows, OVER (…); NULL: of a group's */
};

/* Behind an aggregate: of which rows it is, and how many bytes that is at most. */
void group_put_filter(struct writer *w, const struct group_rows *rows);
size_t group_filter_size(const struct group_rows *rows);
/* The keys of a group; none where there are so many rows that the gateway could not take them out
 * of the message again. `key` may be NULL, and then so is this. */
const char *group_write_keys(struct plan_work *work, const struct group_rows *of, const char *key);
/* The OID of the table that all of these rows are of, or whose partitions' they all are; 0 where
 * they are of several; null where there are none. `tableoid` may be NULL, and then so is this;
 * `relation` is what their table is taken for. */
const char *group_write_origin(struct plan_work *work, const struct group_rows *of,
                               const char *tableoid, const struct catalog_relation *relation);

#endif
