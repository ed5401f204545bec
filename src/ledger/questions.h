/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often something was asked lately, by what the ledger has of questions (SEGMENT_ASKED): for
 * answers that are rationed. Segments that ended before are not read.
 */
#ifndef PASU_LEDGER_QUESTIONS_H
#define PASU_LEDGER_QUESTIONS_H

#include "base/os.h"
#include "ledger/segment_cipher.h"

/* Those of that command whose words begin so, since then (realtime ns). What is damaged counts as
 * nothing, and *is_damaged is set. The errors of walk_records. */
PASU_MUST_USE int questions_count(const struct os *os, int segments,
                                  const struct segment_keys *keys, const char *command,
                                  const char *begin, int64_t since, uint64_t *count,
                                  bool *is_damaged);

#endif
