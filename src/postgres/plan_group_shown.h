/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a group one item of a list of targets shows, of one table: what it takes for a row
 * not to be shown, as conditions (plan_group_text.h), or that it is some of them.
 */
#ifndef PASU_POSTGRES_PLAN_GROUP_SHOWN_H
#define PASU_POSTGRES_PLAN_GROUP_SHOWN_H

#include "postgres/plan_group.h"
#include "postgres/plan_group_text.h"
#include "postgres/plan_peak.h"

/* Which rows of a group an item shows: those in which none of these is null. */
struct shown {
    struct plan_work *work;
    const struct scope *scope;
    const struct entry *entry; /* the table */
    const struct catalog_show *show;
    size_t place; /* in work->direct; or (is_inner) its bit */
    bool is_inner;
    bool is_pooled; /* the entry has rows of a query: its columns are the query's (plan_pool.h) */
    struct group_rows rows;
    const PgQuery__SelectStmt *select;
    bool needs_origin; /* what is shown need not be of anybody: then there is no table's OID */
    bool is_one;       /* some of the rows: known where they are of one person (plan_one.h) */
    bool is_extreme;   /* the same: those that have the least or greatest value */
    struct peak peak;  /* the same, of the group */
};

/* Fills in the rows; false where it is not known which. */
bool shown_add(struct shown *shown, const PgQuery__Node *value);
/* Adds a column of a table, and of none but that; `is_part`: it is part of a larger value. So all
 * of these: false where that is not known. */
bool shown_add_column(struct shown *shown, const PgQuery__ColumnRef *reference, bool is_part);
/* Adds the columns of which one is null wherever the value is. */
bool shown_add_nulls(struct shown *shown, const PgQuery__Node *node, bool is_part);
/* The least or greatest value over the group (plan_group_peak.c). */
bool shown_add_peak(struct shown *shown, const PgQuery__Node *value);
/* array_to_string(a, ','), to_json(a): the array, all of which is in it; NULL for anything else. */
const PgQuery__Node *shown_in_form(const struct plan_work *work, const PgQuery__Node *value);
/* A call with nothing but its arguments. */
bool shown_is_ordinary(const PgQuery__FuncCall *call);

#endif
