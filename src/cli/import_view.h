/* SPDX-License-Identifier: Apache-2.0 */
/* What `pasu scan --import` says has come of it, on standard output. */
#ifndef PASU_CLI_IMPORT_VIEW_H
#define PASU_CLI_IMPORT_VIEW_H

#include <stdint.h>

struct import_told {
    uint64_t views, misses;     /* written */
    uint64_t already;           /* in the ledger before, and not written */
    uint64_t ahead;             /* dated later than can be, and not written */
    uint64_t accounts, persons; /* different ones, of what was written */
    uint64_t may;               /* and with those who may have been shown, each key as written */
    uint64_t lines, unparsed;   /* of the logs */
    uint64_t unmatched;         /* statements that touch persons in a way the map has not */
};

void import_print_json(const struct import_told *told);
void import_print_text(const struct import_told *told);

#endif
