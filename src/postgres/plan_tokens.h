/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text can touch, told from its words alone: where it does not parse, and for bodies of DO.
 *
 * Every word that is the name of a relation or function counts as one. In SQL, a word that is
 * neither, nor a column of what was named, nor an alias, may be a table that nobody knows: then it
 * is everything. In a body most words are variables; there it is EXECUTE that can touch everything.
 */
#ifndef PASU_POSTGRES_PLAN_TOKENS_H
#define PASU_POSTGRES_PLAN_TOKENS_H

#include "postgres/plan_work.h"

/* Fills work->names; refuses what the words say. Of the statement's tokens, those are noted that
 * are names of nothing that is known. */
void tokens_of_statement(struct plan_work *work);
void tokens_of_body(struct plan_work *work, const char *body);
/* Marks the tables that a body fills with what it can reach. */
void tokens_fill(struct plan_work *work, const char *body, const struct reach *reach);
/* Calls for each table that a body fills, schema NULL where none is said. */
typedef void tokens_visit(void *context, const char *schema, const char *name);
void tokens_filled(struct plan_work *work, const char *body, tokens_visit *visit, void *context);
/* A name as the catalog has it: folded to lower case, or without its quotes; false where it is too
 * long to be read. */
bool tokens_name(const char *text, const struct sql_token *token, char name[CATALOG_NAME_SIZE]);
/* The inside of a string's token, as it stands; borrowed from the text. */
struct view tokens_inside(const char *text, const struct sql_token *token);

#endif
