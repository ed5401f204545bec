/* SPDX-License-Identifier: Apache-2.0 */
/* What `pasu drill` prints. */
#ifndef PASU_CLI_DRILL_VIEW_H
#define PASU_CLI_DRILL_VIEW_H

#include "drill/drill.h"

void drill_print_json(const struct drill *drill);
/* `path`: of the configuration; NULL: that of drill/usual.h. PASU_E_NOMEM. */
PASU_MUST_USE int drill_print_text(FILE *file, const struct drill *drill, const char *path);

/* ---- drill_html.c ---- */

/* A page that asks nobody for anything, at a name that no file has yet. 0, or 2 after a complaint.
 */
PASU_MUST_USE int drill_save_html(const char *path, const struct drill *drill,
                                  const char *config_path);

/* ---- for both ---- */

enum { DRILL_TEXT = 64 };
/* "at once", "1.5s", "3h 10m"; "never". */
void drill_after_text(char text[DRILL_TEXT], const struct drill_cell *cell);
/* How long the answer took, or "-". */
void drill_known_text(char text[DRILL_TEXT], const struct drill_cell *cell);
/* What a row is called: a control's name, "all together", "none". */
const char *drill_cell_name(size_t cell);
/* By what; or why by nothing. */
const char *drill_cell_by(const struct drill_cell *cell, size_t at);
/* What of it was played, a paragraph in ASCII. */
extern const char drill_played[];

#endif
