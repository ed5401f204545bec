/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups further inside: queries in FROM and WITH whose rows are groups, and whose readers are
 * given the keys of each group's persons, as plain queries give the key of each row (plan_key.h).
 *
 *     SELECT n FROM (SELECT region AS n, string_agg(name, ',') AS s FROM customers GROUP BY region)
 * q
 *
 * A group of a table has a bit of its own in carry.tables, one for each set of persons that a
 * column shows; it stands for any number of them, where that of a table stands for one. A column
 * that is all of an aggregate shows them all (output.groups). What an expression makes of it, row
 * by row, shows some of them, nobody knows which, and nobody else: its persons are counted, not
 * named. What an aggregate, a window or a query makes of it is bound, as if nothing was known of
 * them.
 */
#ifndef PASU_POSTGRES_PLAN_WITHIN_H
#define PASU_POSTGRES_PLAN_WITHIN_H

#include "postgres/plan_scope.h"

/* Whether nothing in a query changes anything: then its groups can be known. */
bool within_only_reads(const ProtobufCMessage *query);
/* Columns of groups (columns->groups) for a reader: what they carry is then told by groups, where
 * it can be; columns->query is set where it is of any. */
void within_take(struct plan_work *work, struct outputs *columns);
/* The same of an arm of UNION ALL, which can have the others' columns also where it shows nobody.
 */
void within_take_arm(struct plan_work *work, struct outputs *columns);
/* Those of these bits that are groups'. */
uint64_t within_groups(const struct plan_work *work, uint64_t tables);
/* Whether one of these bits is a group's. */
bool within_has_groups(const struct plan_work *work, uint64_t tables);
/* Whether columns show groups of persons of a kind. */
bool within_shows(const struct plan_work *work, const struct outputs *columns, unsigned kind);
/* Whether all columns that carry a group (its bit) show all of its persons. */
bool within_is_whole(const struct plan_work *work, const struct outputs *columns, unsigned bit);
/* What was known by groups is bound: of aggregates but those in `whole`, or of all groups. */
void within_lose_parts(const struct plan_work *work, struct carry *carry, uint64_t whole);
void within_lose(const struct plan_work *work, struct carry *carry);
/* What shows a part of groups' aggregates need not show any of their persons, but where it is of
 * one; which groups. */
uint64_t within_blur_parts(const struct plan_work *work, struct carry *carry);
void within_lose_all(struct plan_work *work, struct outputs *columns);
/* What an item carries of rows, one by one, be it an aggregate of them. */
void within_rows(struct plan_work *work, const struct scope *scope, const PgQuery__Node *value,
                 struct carry *carry);
/* What carries rows one by one (work->keeps_rows) was looked at, and had been judged before that:
 * of the work only what it carries is new. */
void within_end_rows(struct plan_work *work, const struct plan_work *before);

#endif
