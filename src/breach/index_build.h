/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the index of a ledger's entries, or goes on with it from where it ends: each entry is given
 * once, in order; what comes of them is written at the end, and before when it is much.
 *
 *      entries ──▶ groups, one a session ──▶ units of days, in memory ──▶ months, and the last day
 *
 * What is written is there after the index was committed, which is the caller's; after an error the
 * caller drops it. Entries whose place in the ledger is not final (those that still are in a ring)
 * must not be given. Memory: the sessions and groups open at one time, names, days, what waits for
 * the writer (index_later.h), at most twice INDEX_GATHERED persons, as often as its units name
 * them, and the last day's. The caller is one thread; beside it another writes what was gathered
 * (index_writer.h): but for index_build_rest, between index_build_new and index_build_end or
 * index_build_free the index is theirs.
 */
#ifndef PASU_BREACH_INDEX_BUILD_H
#define PASU_BREACH_INDEX_BUILD_H

#include "breach/index_state.h"

struct index_build;

/* From nothing into an empty index, or going on with one (PASU_E_NOTFOUND where there is none that
 * could be gone on with). The index must outlive it. PASU_E_CRYPTO: no randomness. */
PASU_MUST_USE int index_build_new(struct index_build **build, const struct os *os,
                                  struct index *index, bool goes_on);
/* How many persons are gathered at the most, instead of INDEX_GATHERED: for tests. */
void index_build_gather(struct index_build *build, size_t persons);
void index_build_free(struct index_build *build);
/* Where to go on: with the entry behind `last`; false where from the beginning. */
bool index_build_last(const struct index_build *build, struct index_meta *meta);
PASU_MUST_USE int index_build_add(struct index_build *build, const struct ledger_entry *entry);
/* Waits for what is written beside. Until the next entry is given, the index is the caller's, who
 * may commit it. */
PASU_MUST_USE int index_build_rest(struct index_build *build);
/* The ledger is damaged there: before the next entry, or it is not in the index. */
void index_build_damage(struct index_build *build, const struct records_place *place);
/* Writes all. */
PASU_MUST_USE int index_build_end(struct index_build *build);

#endif
