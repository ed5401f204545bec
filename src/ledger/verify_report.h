/* SPDX-License-Identifier: Apache-2.0 */
/* What is found while a ledger is verified, given to whoever asked, and counted. */
#ifndef PASU_LEDGER_VERIFY_REPORT_H
#define PASU_LEDGER_VERIFY_REPORT_H

#include "ledger/verify.h"

#define VERIFY_NOWHERE UINT64_MAX

struct verify_report {
    const struct verify_question *question;
    uint64_t *counts; /* VERIFY_KINDS */
};

/* Where something was found: a file (NULL: nowhere), a byte, a record; VERIFY_NOWHERE: none. */
struct verify_place {
    const char *file;
    uint64_t offset, record;
};

void verify_say(const struct verify_report *report, enum verify_what what,
                const struct verify_place *place, const char *format, ...) PASU_PRINTF(4, 5);

#endif
