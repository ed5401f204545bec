/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of `pasu scope`: a page for people, the document of --json, the keys of --list. Names,
 * gaps and times are those of the scope's own selection; the evidence has the keys.
 */
#ifndef PASU_CLI_SCOPE_VIEW_H
#define PASU_CLI_SCOPE_VIEW_H

#include "breach/scope.h"
#include "cli/evidence.h"
#include "cli/json_out.h"
#include "cli/scope_log.h"

/* With the keys where `is_list`; `log` NULL: the server's was not given. */
void scope_view_json(FILE *file, struct evidence *evidence, const struct scope *scope,
                     const struct scope_log *log, bool is_list);
/* One key a line; where the ledger knows several kinds of subjects, "KIND<tab>KEY". */
void scope_view_keys(FILE *file, struct evidence *evidence, const struct scope *scope);
/* `width` in columns, 0: unlimited. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int scope_view_page(FILE *file, const struct scope *scope,
                                  const struct scope_log *log, size_t width);

/* The members of the document, and of one gap an object. */
void scope_put(struct json_out *out, struct evidence *evidence, const struct scope *scope,
               const struct scope_log *log, bool is_list);
void scope_put_gap(struct json_out *out, const struct gaps *gaps, const struct gap *gap);
/* The members that say which gaps concern the selection. */
void scope_put_gaps(struct json_out *out, const struct selection *selection);
/* The gap's line. */
void scope_view_gap(FILE *file, const struct gaps *gaps, const struct gap *gap);

/* ---- scope_past.c: the record against the servers' own counts, of the time that is asked for ----
 */
/* The members "reconciled" and "reconciled_left_out". */
void scope_put_reconciled(struct json_out *out, const struct gaps *gaps,
                          const struct filter *filter);
/* The member "own_sessions": what pasu's own commands had, past the gateway, which is no gap. */
void scope_put_lookups(struct json_out *out, const struct gaps *gaps, const struct filter *filter);
/* The member "bypasses": who was seen connected past pasu. */
void scope_put_bypasses(struct json_out *out, const struct gaps *gaps, const struct filter *filter);
/* One of them, an object; and its line. */
void scope_put_bypass(struct json_out *out, const struct message_bypass *bypass);
void scope_view_bypass(FILE *file, const struct message_bypass *bypass);
/* Lines; how many are of something that may be missing: only these, unless `has_all`. */
size_t scope_view_reconciled(FILE *file, const struct gaps *gaps, const struct filter *filter,
                             bool has_all);
/* "main", or "database shop behind main": a place of gaps->reconciled. */
void scope_place_text(char *text, size_t size, const struct gaps *gaps, size_t place);
/* Members "gateway", "database" and "sessions" of a gap past pasu. */
void scope_put_past(struct json_out *out, const struct gaps *gaps, const struct gap *gap);

#endif
