/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report to an authority, or a fact sheet for one, as a page: row by row what the law asks for,
 * what is known of it, and where that is from. A number is followed by the command that asks the
 * ledger for it again, from as many records; what was recorded, by its record and the command that
 * shows it; what only the
 * controller can say is taken from incident.notices. What nobody has said is marked as unknown, and
 * never guessed.
 */
#ifndef PASU_CLI_REPORT_PAGE_H
#define PASU_CLI_REPORT_PAGE_H

#include "cli/incident_scope.h"
#include "cli/notice_texts.h"

enum report_form { REPORT_PIPC, REPORT_GDPR, REPORT_8K, REPORT_FORMS };

struct report {
    enum report_form form;
    const struct incidents *in;
    uint64_t incident;
    struct scope_version version; /* the last one; event NULL: there is none */
    const struct notice_texts *texts;
    int64_t now;
    unsigned unknown; /* rows of which something is unknown, once it is printed */
};

/* "pipc", "gdpr", "8k". False: there is no such form. */
bool report_form_of(enum report_form *form, const char *name);
const char *report_form_text(enum report_form form);
void report_page(FILE *file, struct report *report);

#endif
