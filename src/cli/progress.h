/* SPDX-License-Identifier: Apache-2.0 */
/* A line on standard error that says how far a command is, from its first second on, where that is
 * a terminal. Zeroed is a new one. */
#ifndef PASU_CLI_PROGRESS_H
#define PASU_CLI_PROGRESS_H

#include "base/attributes.h"

struct progress {
    int64_t next; /* monotonic: when it is due again */
    bool is_shown;
};

/* Whether it is time to call progress_show; a look at the clock. */
bool progress_is_due(struct progress *progress);
/* "reading the ledger: 42 %" */
void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t all);
/* Takes the line away; it may come again. */
void progress_end(struct progress *progress);

#endif
