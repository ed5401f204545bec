/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a question that the ledger recorded (asked.h) is one that is asked now: the same command
 * with the same filters. Times are compared as what they meant when it was asked: "24h" of two days
 * is not the same. How the answer was printed makes no difference; what was asked as of an earlier
 * time is another question.
 *
 * Recorded texts are taken as they are; one that is so long that it was cut is never the same.
 */
#ifndef PASU_CLI_QUESTION_H
#define PASU_CLI_QUESTION_H

#include "breach/filter.h"
#include "cli/arguments.h"
#include "ledger/payload.h"

/* `filter` is that of the arguments; `time` when `asked` was recorded, realtime ns. */
bool question_is_same(const struct arguments *arguments, const struct filter *filter,
                      const struct payload_asked *asked, int64_t time);

#endif
