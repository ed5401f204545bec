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

/* With the keys where `is_list`. */
void scope_view_json(FILE *file, struct evidence *evidence, const struct scope *scope,
                     bool is_list);
/* One key a line; where the ledger knows several kinds of subjects, "KIND<tab>KEY". */
void scope_view_keys(FILE *file, struct evidence *evidence, const struct scope *scope);
/* `width` in columns, 0: unlimited. 0 or PASU_E_NOMEM. */
PASU_MUST_USE int scope_view_page(FILE *file, const struct scope *scope, size_t width);

/* The members of the document, and of one gap an object. */
void scope_put(struct json_out *out, struct evidence *evidence, const struct scope *scope,
               bool is_list);
void scope_put_gap(struct json_out *out, const struct gap *gap);
/* The members that say which gaps concern the selection. */
void scope_put_gaps(struct json_out *out, const struct selection *selection);
/* The gap's line. */
void scope_view_gap(FILE *file, const struct gap *gap);

#endif
