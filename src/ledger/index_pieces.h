/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long values of the index, in pieces (docs/spec/index.md, "The file"). What does not fit in half a
 * page, LMDB gives pages of its own, of which the last one would be half empty: so whole pages are
 * the first piece, and the rest are one or two in leaves, under the key with one more byte.
 *
 * How a value is cut only concerns who writes. Results are LMDB's, or an errno. Only for
 * index_value.c.
 */
#ifndef PASU_LEDGER_INDEX_PIECES_H
#define PASU_LEDGER_INDEX_PIECES_H

#include "ledger/index_part.h"

enum { PIECES = 2, PIECES_KEY_MAX = INDEX_KEY_MAX + 1 /* bytes */ };

/* What is to be stored: those bytes, and some behind them. */
struct stored {
    struct view value, end;
};

/* In the place of what was there. */
PASU_MUST_USE int pieces_put(MDB_txn *txn, MDB_dbi dbi, struct view key,
                             const struct stored *stored, bool is_cut);
/* Those behind the first piece. */
PASU_MUST_USE int pieces_remove(MDB_txn *txn, MDB_dbi dbi, struct view key);
/* Those behind the first one, as they are stored; how many, in *count. */
PASU_MUST_USE int pieces_find(MDB_txn *txn, MDB_dbi dbi, struct view key, const MDB_val *first,
                              MDB_val pieces[PIECES], int *count);
/* A first piece becomes all of them, in *room, which is made as index_value_room does, where there
 * are more; how many more. */
PASU_MUST_USE int pieces_join(MDB_txn *txn, MDB_dbi dbi, struct view key, MDB_val *val,
                              struct index_value **room, int *pieces);
/* The same of views of them, of which those behind the last are empty. 0, or PASU_E_NOMEM. */
PASU_MUST_USE int pieces_put_together(const struct view *pieces, size_t count,
                                      struct index_value **room, struct view *whole);

#endif
