/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deletes by age: at each start of the keeper and then every hour the oldest segments go, all of
 * whose records are older than the retention. The newest segment stays, and so does what no
 * checkpoint covers. While there is a hold nothing goes; that something was due is a SEGMENT_ALERT
 * and an event then, once for each newer hold that this keeper sees, and it goes as soon as there
 * is none.
 *
 *      find ─▶ examine ─▶ carry ─┬▶ … the next segment
 *                                └▶ SEGMENT_PRUNED ─▶ checkpoint ─▶ syncfs ─▶ files ─▶ folder
 *
 * find     what the pruning before has left, where there was one: the last SEGMENT_PRUNED
 * examine  all of its records are there, old enough, and what the tree has of them. Where they are
 *          damaged, or a tile says something else, it stays with all behind it, and what was
 *          carried before goes: tiles are made again at a start, without their folder.
 *          Otherwise its tiles are written once more with the next step: none may be lost
 * carry    what later records refer to is written again (SEGMENT_CARRIED): entries of the directory
 *          and their erasures each by itself, all else as it is at the end (ledger/carry.h);
 *          and what is told of rights, each by itself, until it is three years old
 *          (ledger/rights.h)
 *
 * Whoever is killed in between leaves a ledger that is whole: either nothing says that something
 * was deleted, or all that is needed without it is there; the next keeper goes on. What fails is
 * tried again after a minute. By steps of some milliseconds: the keeper serves meanwhile. Longer
 * are the one that finds, for each segment that it reads; the one that writes what is carried as it
 * is at the end; and syncfs, for as long as the file system has something to write. Owned by the
 * keeper's only thread.
 */
#ifndef PASU_LEDGER_PRUNE_H
#define PASU_LEDGER_PRUNE_H

#include "ledger/carry.h"
#include "ledger/prologue.h"
#include "ledger/record.h"
#include "ledger/rights.h"

enum prune_phase { PRUNE_IDLE, PRUNE_FIND, PRUNE_EXAMINE, PRUNE_CARRY, PRUNE_REMOVE };

struct prune {
    struct record_keeping *records;
    int64_t retention; /* ns; 0: nothing is deleted */
    int64_t look_at;   /* monotonic; 0: at once */
    uint64_t untold;   /* holds with smaller numbers were told to be in the way */
    bool was_held;
    enum prune_phase phase;
    bool has_failed; /* which was logged */
    bool is_checked; /* that no keeper was killed while it deleted */
    /* What is under way. */
    struct source_folder folder;
    struct prologue prologue;
    bool is_finding;
    struct segment_scan scan;
    bool is_scanning;
    int64_t limit;                           /* realtime ns: records of then and later stay */
    uint64_t first, end;                     /* up to here all is examined and carried */
    bool is_safe;                            /* what stands for them is on the disk; */
    uint64_t removed;                        /* so many segments are gone */
    uint64_t next;                           /* behind the segment that is read */
    uint64_t carried;                        /* what is carried is in records from here on */
    int64_t since;                           /* realtime ns: of the ledger's first record */
    uint64_t kept;                           /* the segment that was found to be too young last, */
    int64_t kept_time;                       /* by a record of this time */
    struct tree_frontier frontier, examined; /* of `end` records, and of those that were read */
    struct tile_store tiles; /* of those that are carried, made again of records that are right */
    bool has_tiles;
    struct carry carry;
    struct rights rights;
    int64_t rights_since; /* realtime ns: what is told of rights, and is not older, is kept */
};

void prune_init(struct prune *prune, struct record_keeping *records);
void prune_release(struct prune *prune);
/* Of the configuration in force: nanoseconds, 0 for ever. */
void prune_set(struct prune *prune, int64_t retention);
/* Does what is due, for some milliseconds. */
void prune_look(struct prune *prune, int64_t now);
/* Milliseconds until prune_look has something to do, at most `most`. */
int prune_wait(const struct prune *prune, int most);

#endif
