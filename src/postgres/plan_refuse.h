/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is never sent to the server: statements that name a table that is shown to nobody, and those
 * by which data can leave by the server itself. The first reason that a text gives is kept.
 */
#ifndef PASU_POSTGRES_PLAN_REFUSE_H
#define PASU_POSTGRES_PLAN_REFUSE_H

#include "postgres/plan_text.h"
#include "postgres/plan_work.h"

enum refusal {
#define X(name, text, hint) REFUSAL_##name,
#include "postgres/refusal.def"
#undef X
};

void refuse(struct plan_work *work, enum refusal refusal);
/* What is not understood; `flags` say why it is not. */
void refuse_unknown(struct plan_work *work, uint32_t flags);
/* By what a statement is. */
void refuse_by_kind(struct plan_work *work, const PgQuery__Node *node);
/* By the relations and functions that it names (work->names). */
void refuse_by_names(struct plan_work *work);
/* By its bytes, where not even its words can be told: whatever could be a name that is refused. */
void refuse_by_bytes(struct plan_work *work);
/* By its words, where it is not understood. */
void refuse_by_tokens(struct plan_work *work, const char *text, struct token_range range);
/* One whose functions cannot leave the server's own rules. */
bool is_trusted_language(struct view name);
/* By the strings in it, put together: of a text that runs texts. */
void refuse_by_strings(struct plan_work *work, const char *text, struct token_range range);
/* By the strings in a new function's text, where that runs texts. */
void refuse_by_options(struct plan_work *work, PgQuery__Node *const *options, size_t count);
/* A call of one of PostgreSQL's own functions that run a text. */
void refuse_by_call(struct plan_work *work, const PgQuery__FuncCall *call);
/* A setting by which code is loaded, or the catalog opened. */
bool is_library_setting(struct view name);
/* Statistics that a tree reads, where something is shown to nobody. */
void refuse_by_statistics(struct plan_work *work, const ProtobufCMessage *tree);
bool refuse_is_statistics(const struct plan_work *work, const char *schema, const char *name);
/* Whether a condition's column of that name is the statistics' that are alone in FROM, by which
 * they say of what they are, and not one of a query further out. */
bool refuse_is_own_column(const PgQuery__RangeVar *range, const PgQuery__ColumnRef *column,
                          const char *name);
bool refuse_is_statistics_value(const char *column);
/* Whether anything is shown to nobody. */
bool refuse_has_never(const struct catalog *catalog);
/* Whether one of PostgreSQL's own functions by that name runs a text, or reads what it is told. */
bool refuse_runs_texts(const char *name);
/* A call of set_config. */
void refuse_by_setting(struct plan_work *work, const PgQuery__FuncCall *call);
/* A table that is written to. */
void refuse_by_written(struct plan_work *work, const char *schema, const char *name);
/* A language in which no function may be written, and no DO. */
void refuse_language(struct plan_work *work, PgQuery__Node *const *options, size_t count);

#endif
