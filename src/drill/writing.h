/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story as a ledger: in a folder of its own, with a key of its own, written by what the keeper
 * writes with (ledger/record.h), whose clock is the story's. Rows of a statement are cut into
 * records where it is told to, so that the record says what was shown up to there.
 */
#ifndef PASU_DRILL_WRITING_H
#define PASU_DRILL_WRITING_H

#include "drill/judge.h"

/* A place between two rows, as of struct notice. */
struct cut {
    size_t event;
    uint32_t row;
};

/* `directory`: an empty folder, in which the ledger is made. The cuts are in any order. The errors
 * of record.h. */
PASU_MUST_USE int story_write(const struct story *story, const struct bench *bench, int directory,
                              const struct cut *cuts, size_t count);

#endif
