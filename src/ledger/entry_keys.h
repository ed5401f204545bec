/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the directory's entries (docs/spec/ledger.md, "Directory entries"), one for each, in
 * a file of the ledger's folder that is written over in place:
 *
 *      header │ key of ordinal ffffffff │ of fffffffe │ …     32 bytes each
 *
 * A key that is all zero, or behind the file's end, was never made; one that is all ff was
 * destroyed, and is not made again. What destroyed it is a record of the ledger, which comes first
 * and is on the disk by then: so the file can be an older one, of before a crash or from a backup,
 * and those records are applied to it again. Its header says which of them it has seen.
 *
 * Owned by the keeper's only thread; who only opens entries reads beside it.
 */
#ifndef PASU_LEDGER_ENTRY_KEYS_H
#define PASU_LEDGER_ENTRY_KEYS_H

#include "base/sandbox.h"
#include "ledger/segment_writer.h"

enum { ENTRY_KEY_SIZE = 32 };

struct entry_keys {
    const struct os *os;
    int fd;           /* -1: not open */
    uint64_t applied; /* the ERASED records below this index are */
    /* What is not known to be on the disk; none where `from` is not below `to`. */
    off_t from, to;
    bool is_lost; /* a sync has failed: it must be written again */
};

/* The keeper's: opens `entry.keys` in the folder, or makes it, with mode 0600 and owned by the
 * account. PASU_E_DENIED where somebody else can read it; PASU_E_CORRUPT where it is none. */
PASU_MUST_USE int entry_keys_open(struct entry_keys *keys, const struct os *os, int directory,
                                  const struct sandbox_account *account);
/* To read it only. PASU_E_NOTFOUND where there is none. */
PASU_MUST_USE int entry_keys_open_reading(struct entry_keys *keys, const struct os *os,
                                          int directory);
void entry_keys_close(struct entry_keys *keys);

/* The key of an ordinal of the directory, for the caller to wipe. PASU_E_NOTFOUND: none was made;
 * PASU_E_ERASED; PASU_E_RANGE: not of the directory; PASU_E_IO. */
PASU_MUST_USE int entry_keys_get(const struct entry_keys *keys, uint32_t ordinal,
                                 uint8_t key[ENTRY_KEY_SIZE]);
/* The same, and makes one where there is none. It is not durable before entry_keys_sync, which the
 * entry that is sealed with it must not be committed before. After an error of that, it is to be
 * asked for again. */
PASU_MUST_USE int entry_keys_make(struct entry_keys *keys, uint32_t ordinal,
                                  uint8_t key[ENTRY_KEY_SIZE]);
/* Makes durable what was made. Costs nothing where nothing was. */
PASU_MUST_USE int entry_keys_sync(struct entry_keys *keys);

/* The ERASED record is in the ledger, and on the disk: destroys the key, durably. Any other record
 * is passed over, as is one that has been applied. After an error it is to be called again.
 * PASU_E_CORRUPT: the record is not what it must be. */
PASU_MUST_USE int entry_keys_apply(struct entry_keys *keys, const struct segment_record *record);
/* All ERASED records below this index were given to entry_keys_apply. */
PASU_MUST_USE int entry_keys_set_applied(struct entry_keys *keys, uint64_t index);
/* Applies what is in the folder's segments, from what the file has seen on up to an index, and
 * notes that after each segment. `watch` hears how far it is; or NULL. */
PASU_MUST_USE int entry_keys_catch_up(struct entry_keys *keys, int segments,
                                      const struct segment_keys *segment_keys, uint64_t to,
                                      const struct segment_watch *watch);

#endif
