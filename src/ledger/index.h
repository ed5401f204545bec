/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that the index of a ledger is in (docs/spec/index.md): an LMDB environment in the folder
 * `index/now` of the ledger's folder, with three tables from bytes to bytes. What the bytes mean,
 * breach/index_….h know. Derived: it can be deleted at any time, and whoever finds fault with it
 * reads the ledger instead.
 *
 * Each value has a checksum, which is looked at when it is read; where the ledger is encrypted,
 * values are, too (ledger/index_cipher.h), and keys, which are days and numbers, are not. LMDB
 * makes its system calls itself, and does not check its own pages: of the guard's processes only
 * the one that keeps the index uses it (breach/indexer.h). Any number of processes read beside one
 * that writes; each sees what was committed when it began. Whoever writes has the folder `index`,
 * and its lock.
 */
#ifndef PASU_LEDGER_INDEX_H
#define PASU_LEDGER_INDEX_H

#include "ledger/segment_cipher.h"

enum { INDEX_KEY_MAX = 16 };

enum index_table { INDEX_MAIN, INDEX_DAYS, INDEX_MONTHS, INDEX_TABLES };

struct index;

/* Of the ledger's folder, for reading what is committed now. What is encrypted is opened with one
 * of the keys (NULL: none), which are not needed afterwards. PASU_E_NOTFOUND where there is none;
 * PASU_E_CORRUPT where it is no index; PASU_E_LEDGER_KEY: it is encrypted with another key;
 * PASU_E_DENIED, PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int index_open(struct index **index, int directory, const struct segment_keys *keys);

/* The folder `index` of the ledger's folder, made where it is not there: a descriptor, for those
 * who write. PASU_E_DENIED, PASU_E_DISKFULL, PASU_E_IO. */
PASU_MUST_USE int index_folder(int directory);
/* One writer at a time: until the descriptor is closed, or index_unlock. PASU_E_AGAIN: another one
 * is at work, and it was not to be waited for. */
PASU_MUST_USE int index_lock(int folder, bool waits);
void index_unlock(int folder);
/* For going on with it; what is put is there after index_commit. PASU_E_LEDGER_KEY, too, where it
 * is not encrypted with the first key, or not at all though there is one. */
PASU_MUST_USE int index_open_to_write(struct index **index, int folder,
                                      const struct segment_keys *keys);
/* An empty one beside it, which takes its place with index_replace. It may be committed in between.
 * Where there are keys, it is encrypted with the first one. */
PASU_MUST_USE int index_make(struct index **index, int folder, const struct segment_keys *keys);
/* Ends what was put and is not committed. NULL is allowed. */
void index_close(struct index *index);

/* Makes what was put durable (of one that was made: only given to the kernel), and begins anew. */
PASU_MUST_USE int index_commit(struct index *index);
/* Commits the made one, makes it durable, gives it the name, and closes it in any case. */
PASU_MUST_USE int index_replace(struct index *index, int folder);
/* Takes the made one away again. */
void index_discard(struct index *index, int folder);
/* Takes away the one that there is. */
void index_remove(int folder);
/* Looks at all of it: that each key is found where it stands, and each value is what was written.
 * PASU_E_CORRUPT. */
PASU_MUST_USE int index_verify(struct index *index);

/* The value, without its checksum; valid until the index is written to, committed or closed.
 * PASU_E_NOTFOUND, PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_get(struct index *index, enum index_table table, struct view key,
                            struct view *value);
PASU_MUST_USE int index_put(struct index *index, enum index_table table, struct view key,
                            struct view value);
/* Where it is there. */
PASU_MUST_USE int index_delete(struct index *index, enum index_table table, struct view key);

/* A value as it is stored, which nobody has looked at: bytes of the file. It is valid as long as
 * one of index_get, and may be opened by any thread that has a room of its own. */
enum { INDEX_PIECES = 3 };
struct index_stored {
    enum index_table table;
    uint8_t key[INDEX_KEY_MAX];
    size_t key_length;
    struct view pieces[INDEX_PIECES];
};
/* Where one is opened at a time, by one thread. */
struct index_room {
    struct index_value *joined, *opened;
    struct index_cipher *cipher; /* a copy of the index's; NULL: there is none */
};
/* PASU_E_NOMEM; release it in any case. */
PASU_MUST_USE int index_room_init(struct index_room *room, const struct index *index);
void index_room_release(struct index_room *room);
/* The value, valid until the room is used again. PASU_E_CORRUPT, PASU_E_NOMEM. */
PASU_MUST_USE int index_stored_open(const struct index_stored *stored, struct index_room *room,
                                    struct view *value);

/* Goes through the keys from the first one that is not below `from` on, in order of their bytes. A
 * value is valid until the next step, or, if the walk `keeps`, as long as one of index_get. */
struct index_walk {
    struct index *index;
    enum index_table table;
    void *cursor;
    bool is_unchecked; /* values are not looked at; of an encrypted index they are empty */
    bool is_put_off;   /* they are empty: index_walk_stored has them */
    bool keeps;
    struct index_value *value, *joined; /* opened, and put together of its pieces: the last one */
    uint64_t pieces;                    /* that were put together */
};

PASU_MUST_USE int index_walk_begin(struct index_walk *walk, struct index *index,
                                   enum index_table table);
/* 1: the first key that is not below `from`, and its value; 0: there is none; PASU_E_CORRUPT: its
 * value is damaged, and one can go on behind it; PASU_E_IO, PASU_E_NOMEM. */
PASU_MUST_USE int index_walk_seek(struct index_walk *walk, struct view from, struct view *key,
                                  struct view *value);
/* As index_walk_seek, of the key behind the last one. */
PASU_MUST_USE int index_walk_next(struct index_walk *walk, struct view *key, struct view *value);
/* What is stored under the last key. PASU_E_IO. */
PASU_MUST_USE int index_walk_stored(struct index_walk *walk, struct index_stored *stored);
void index_walk_end(struct index_walk *walk);

/* Bytes of the file that are in use. */
uint64_t index_size(struct index *index);

#endif
