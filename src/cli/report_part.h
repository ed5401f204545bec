/* SPDX-License-Identifier: Apache-2.0 */
/* What the page of a report has of rows: report_rows.c fills them, report_page.c arranges them. */
#ifndef PASU_CLI_REPORT_PART_H
#define PASU_CLI_REPORT_PART_H

#include "cli/report_page.h"

/* In the form's language: of two texts, or two formats that take the same. */
__attribute__((format_arg(2), format_arg(3))) const char *
report_word(const struct report *report, const char *ko, const char *en);
/* That something is unknown, which counts. */
void report_unknown(FILE *file, struct report *report);

/* What only the controller can say; OWNS: what nobody has a place to say. */
void report_own(FILE *file, struct report *report, enum notice_own own);

typedef void report_row_fn(FILE *file, struct report *report);
report_row_fn report_known, report_detected, report_period, report_persons, report_kinds,
    report_fields, report_absent, report_complete, report_views, report_told, report_versions,
    report_deadlines, report_material, report_delay;

#endif
