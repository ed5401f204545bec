/* SPDX-License-Identifier: Apache-2.0 */
/* One page about an incident for those who answer for the company: who knew what when, which
 * deadlines run, how the scope grew and what its numbers cannot have, who signed. For the
 * terminal, and as HTML. */
#ifndef PASU_CLI_INCIDENT_BOARD_H
#define PASU_CLI_INCIDENT_BOARD_H

#include "ledger/incidents.h"

void incident_board(FILE *file, const struct incidents *incidents, uint64_t number, int64_t now);
/* Into a new file. 0, or the exit status, after a complaint. */
PASU_MUST_USE int incident_board_save(const char *path, const struct incidents *incidents,
                                      uint64_t number, int64_t now);
/* The same as PDF, as pdf_save() writes it. */
PASU_MUST_USE int incident_board_pdf(const char *path, const struct incidents *incidents,
                                     uint64_t number, int64_t now);

#endif
