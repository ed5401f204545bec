/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a made-up country's segments (scope_country.h), as breach/entries.h wants them:
 * those types of records that are in it. Every record's checksum is looked at. */
#ifndef PASU_BENCH_SCOPE_ENTRIES_H
#define PASU_BENCH_SCOPE_ENTRIES_H

#include "breach/entries.h"

struct segment_entries;

/* Ends the process where it cannot. */
struct segment_entries *segment_entries_open(int segments);
void segment_entries_close(struct segment_entries *from);
struct entries segment_entries(struct segment_entries *from);

#endif
