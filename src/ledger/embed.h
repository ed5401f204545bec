/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the library for other programs (include/pasu/ledger.h) share. */
#ifndef PASU_LEDGER_EMBED_H
#define PASU_LEDGER_EMBED_H

#include "base/attributes.h"

struct pasu_ledger {
    int directory;
};

/* The public number of an error of ours. */
int embed_error(int error);

#endif
