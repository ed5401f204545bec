/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts while a plan is made, before there is room for so many only: what of each column is a
 * table's, and how the keys of tables further inside and of groups are had.
 */
#ifndef PASU_POSTGRES_PLAN_DRAFT_H
#define PASU_POSTGRES_PLAN_DRAFT_H

#include "postgres/plan_shape.h"

enum { DRAFTS_MAX = PLAN_PARTS_MAX + CATALOG_KINDS_MAX };

/* Parts before there is room for so many only. */
struct draft {
    struct plan_part parts[DRAFTS_MAX];
    size_t count;
    uint64_t known; /* kinds of which all tables further inside are parts of their own */
};

/* What of a carry a part is made of. */
enum of { OF_DIRECT, OF_TABLE, OF_BOUND, OF_REST };

struct share {
    enum of of;
    size_t at; /* place in work->direct; the table's bit */
    uint8_t kind;
};

/* What the columns hold of a share goes into the part. */
void draft_fill(struct plan_work *work, const struct outputs *columns, const struct share *share,
                struct plan_part *part);
/* In the place of the part behind the last one, which is of one table (place in work->direct), one
 * for each of the arrays that its columns' persons are in. False where it stays as it is. */
bool draft_groups(struct plan_work *work, const struct shape *shape, size_t direct,
                  struct draft *draft);
/* The part of a table of the top level (place in work->direct), of which nothing is known yet. */
struct plan_part draft_part(const struct plan_work *work, size_t direct);
/* The same of a table further inside (its bit). */
struct plan_part draft_inner_part(const struct plan_work *work, unsigned bit);
/* The part's key is that column of a view; false where nobody knows which view that is. */
bool draft_use_view(const struct output *output, struct plan_part *part);
/* Parts of what functions of windows show of other rows, in the place of what bounds that. */
void draft_windows(struct plan_work *work, const struct shape *shape, struct draft *draft);
/* Parts of what groups show of rows that come out of queries in FROM, in the place of what bounds
 * it. */
void draft_pools(struct plan_work *work, const struct shape *shape, struct draft *draft);
/* The same of queries in the list of targets. */
void draft_sublinks(struct plan_work *work, const struct shape *shape, struct draft *draft);
/* Parts of tables further inside. */
void draft_inner(struct plan_work *work, const struct shape *shape, struct draft *draft);

#endif
