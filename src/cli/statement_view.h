/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a ledger, as `pasu ledger export` and `pasu subject` print them: a JSON line each,
 * as ours or as an OCSF event, or two or three lines for people. Texts that came from clients are
 * escaped.
 */
#ifndef PASU_CLI_STATEMENT_VIEW_H
#define PASU_CLI_STATEMENT_VIEW_H

#include "breach/subject.h"
#include "cli/evidence.h"
#include "cli/json_out.h"

/* A line of the export. PASU_E_NOMEM. */
PASU_MUST_USE int statement_view_json(FILE *file, struct evidence *evidence,
                                      const struct statement *statement, bool has_keys);
/* A Datastore Activity event of OCSF 1.8.0 (docs/how-to/siem.md), with the profile Security
 * Control. PASU_E_NOMEM. */
PASU_MUST_USE int statement_view_ocsf(FILE *file, struct evidence *evidence,
                                      const struct statement *statement, bool has_keys);
PASU_MUST_USE int statement_view_text(FILE *file, struct evidence *evidence,
                                      const struct statement *statement, bool has_keys);
/* A line of a subject: what of the statement concerns that person. */
void sight_view_json(FILE *file, struct evidence *evidence, const struct sight *sight);
void sight_view_text(FILE *file, struct evidence *evidence, const struct sight *sight);

#endif
