/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the index (ledger/index.h) share: index.c opens and makes it, index_value.c has
 * its values. Nobody else includes this. */
#ifndef PASU_LEDGER_INDEX_PART_H
#define PASU_LEDGER_INDEX_PART_H

#include "ledger/index.h"
#include "ledger/index_cipher.h"

#include <lmdb.h>

/* A value that was opened, or put together of its pieces. */
struct index_value {
    struct index_value *next;
    size_t size;
    uint8_t bytes[];
};

struct index {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbis[INDEX_TABLES];
    bool writes;
    struct index_cipher cipher; /* none: values are not encrypted */
    struct index_value *values; /* that are valid */
};

/* Of the library's. */
int index_error(int error);
/* Room for so many bytes, of which the first `used` stay; *room NULL: there is none yet.
 * PASU_E_NOMEM.
 */
PASU_MUST_USE int index_value_room(struct index_value **room, size_t used, size_t size);
/* Values that were opened are valid no more. */
void index_drop_values(struct index *index);

#endif
