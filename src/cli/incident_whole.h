/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the board is told of how whole the record was that a version of the scope was answered from:
 * gaps of the record, places where the ledger is damaged, what nobody could attribute; and whether
 * the incident's own records are. In English and Korean, for those who answer for the company.
 */
#ifndef PASU_CLI_INCIDENT_WHOLE_H
#define PASU_CLI_INCIDENT_WHOLE_H

#include "cli/incident_scope.h"

/* As a version has recorded it; -1: not recorded, by an earlier pasu. */
struct incident_whole {
    long long gaps, damaged; /* of the gaps */
    long long unattributed, unrecorded;
};

void incident_whole_of(struct incident_whole *whole, const struct incidents *incidents,
                       const struct incident_event *version);
/* Behind a version: lines for the terminal, each with its beginning; none where it was whole. */
void incident_whole_line(FILE *file, const struct incident_whole *whole);
/* A cell: "2, of which 1 damaged"; "none"; "not recorded". */
void incident_whole_cell(FILE *file, const struct incident_whole *whole);
/* Paragraphs of the page, of the last version (NULL: there is none) and of the incident's records;
 * the same for the terminal where it is no page. */
void incident_whole_say(FILE *file, const struct incidents *incidents,
                        const struct incident_whole *last, bool is_page);

#endif
