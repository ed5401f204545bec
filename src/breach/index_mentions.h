/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mentions.h needs beside the entries that index_subject.h reads: where the records are that
 * the person's records refer to, and that need not be among those entries.
 */
#ifndef PASU_BREACH_INDEX_MENTIONS_H
#define PASU_BREACH_INDEX_MENTIONS_H

#include "breach/mentions.h"
#include "ledger/index.h"

/* Before the first entry: the vocabularies that the index knows, and up to where it has looked
 * through the ledger. The errors of index_get, PASU_E_NOMEM. */
PASU_MUST_USE int index_mentions_begin(struct index *index, struct mentions *mentions);
/* Behind the last one: openings. What one holds is to be read, `opened.count` being 0. The errors
 * of index_get. */
PASU_MUST_USE int index_mentions_end(struct index *index, struct mentions *mentions);

#endif
