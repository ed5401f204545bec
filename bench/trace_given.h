/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands themselves need, to be measured on the town's ledger: a ledger with a key, a
 * secret and a checkpoint, and samples as files. Whatever fails ends the process.
 */
#ifndef PASU_BENCH_TRACE_GIVEN_H
#define PASU_BENCH_TRACE_GIVEN_H

#include "trace_town.h"

/* Begins an empty ledger in that folder: its first records, and the key. */
void given_begin(int folder);
/* Signs what there is. */
void given_sign(int folder);
/* Writes samples of one source each, all alike otherwise, as sample-PERSONS-principalNNN.csv. */
void given_samples(int folder, struct town *town, uint32_t incidents);

#endif
