/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relations that were seen to be filled with personal values and are not in the configuration.
 *
 * A mark is given by a name as long as no snapshot has shown the relation, and is by OID from then
 * on. While the transaction that gave the mark can still be open, a snapshot shows what had the
 * name before: the name stays marked beside that OID until a snapshot was begun after the
 * transaction's end. Where nobody hears of that end (the session was cut off, the transaction
 * prepared, the gate killed), the mark is adrift until all of the server's transactions of its time
 * are over.
 *
 * Its fields and kinds are numbers of one vocabulary; under another one it stands for all.
 * What the ledger has of a mark is remembered with it: catalog_marks_record gives out what it has
 * not, and what it must forget (a name that has become an OID, a relation that is gone). Not
 * shared: the catalog store's lock is held.
 */
#ifndef PASU_GATE_CATALOG_MARKS_H
#define PASU_GATE_CATALOG_MARKS_H

#include "gate/catalog_kin.h"
#include "ledger/ring.h"
#include "postgres/catalog.h"

/* What was so when a snapshot was begun. All 0: names are what it shows. */
struct catalog_sight {
    uint64_t open;   /* marks from this number on came later, or their transactions were not over */
    uint64_t oldest; /* of the server's transactions: all before this one were over */
    uint64_t next;   /* higher than all that had begun; 0: not known */
};

struct catalog_marks {
    struct marked *items; /* memory_free */
    size_t count;
    struct marked *gone; /* which the ledger has: memory_free */
    size_t gone_count;
    bool is_loading;            /* from list to settle */
    bool is_coarse;             /* the snapshot that is settled marks relations that are empty */
    bool is_waiting;            /* some that came to be may not be shown yet: another is due */
    uint64_t number;            /* of what is marked now: the caller's, never lower than before */
    struct catalog_sight sight; /* of the snapshot that is settled: the caller's */
};

/* Writes one mark to the ledger. 0, or why not. */
typedef int catalog_marks_put(void *arg, struct ring_mark *mark);

/* `schema` NULL: in any; `relation` 0: by its name. The same mark again is no second one.
 * PASU_E_RANGE: there are too many; who marks must then take the relation for all it could be. */
PASU_MUST_USE int catalog_marks_add(struct catalog_marks *marks, const struct catalog_mark *mark,
                                    uint32_t vocabulary);
/* Whether one of them, that it does not show, is of it or of all that there are; or one is of any
 * relation of its name. */
bool catalog_marks_hold(const struct catalog_marks *marks, const struct catalog_relation *relation);
/* Whether that relation is marked so by its OID already. */
bool catalog_marks_have(const struct catalog_marks *marks, const struct catalog_mark *mark);
/* What is known by the first name, or in the first schema (names NULL), can have the second by now.
 */
PASU_MUST_USE int catalog_marks_move(struct catalog_marks *marks, const struct catalog_mark *from,
                                     const struct catalog_mark *to);
/* A copy (one block, memory_free) in the numbers of `vocabulary`: for a load. */
PASU_MUST_USE int catalog_marks_list(struct catalog_marks *marks, uint32_t vocabulary,
                                     struct catalog_mark **list, size_t *count);
/* Names that were marked with this number, or a later one: nobody will say when they are settled.
 */
void catalog_marks_drift(struct catalog_marks *marks, uint64_t from);
/* Whether some are adrift, and it is not known yet which transactions they wait for. */
bool catalog_marks_need_next(const struct catalog_marks *marks);
/* After a load: names become OIDs where the relation is there now; what is gone is forgotten. What
 * was given since the list was made stays a name: the snapshot may show what had it before. */
PASU_MUST_USE int catalog_marks_settle(struct catalog_marks *marks, const struct catalog *catalog);
/* After a load from a standby of `leader`'s server, which can be behind it: what that one has is
 * marked, and nothing is gone before it is gone in both. */
PASU_MUST_USE int catalog_marks_follow(struct catalog_marks *marks,
                                       const struct catalog_marks *leader,
                                       const struct catalog *catalog);
/* Of a new snapshot: what it says that functions and triggers can have filled. */
PASU_MUST_USE int catalog_marks_fill(struct catalog_marks *marks, const struct catalog *catalog,
                                     uint32_t vocabulary);
/* And what its mapping would not find again without a snapshot before it. */
PASU_MUST_USE int catalog_marks_keep(struct catalog_marks *marks, const struct catalog *catalog,
                                     uint32_t vocabulary);
/* Of two snapshots under one vocabulary: what a mapping said of columns in the first, and no more
 * says in the second (a partition was detached, an expression dropped). *is_any: a third is due. */
PASU_MUST_USE int catalog_marks_lose(struct catalog_marks *marks, const struct catalog *before,
                                     const struct catalog *now, uint32_t vocabulary, bool *is_any);
/* What is marked in a database of this kin is marked here, too. The ledger has it for the same one
 * only; of what can have come with a template it is given what a snapshot has shown to be there.
 * PASU_E_NOMEM, PASU_E_RANGE, as below. */
PASU_MUST_USE int catalog_marks_copy(struct catalog_marks *marks, const struct catalog_marks *from,
                                     enum catalog_kin kin);
/* A mark that the ledger has of a database of this kin. */
PASU_MUST_USE int catalog_marks_restore(struct catalog_marks *marks, const struct ring_mark *mark,
                                        enum catalog_kin kin);
/* The ledger has none of them. */
void catalog_marks_unrecord(struct catalog_marks *marks);
bool catalog_marks_has(const struct catalog_marks *marks, const struct ring_mark *mark);
/* Puts what the ledger does not have, without the names of gateway and database. After an error the
 * rest is tried again the next time. */
PASU_MUST_USE int catalog_marks_record(struct catalog_marks *marks, catalog_marks_put *put,
                                       void *arg);
/* Whether the marks of a relation of this snapshot can be taken away: 0; PASU_E_NOTFOUND: it has
 * none; PASU_E_AGAIN: one is being made, or recorded. */
PASU_MUST_USE int catalog_marks_clear_look(const struct catalog_marks *marks,
                                           const struct catalog *catalog, uint32_t relation);
/* From here on what marks the relation is a mark of its own, which the ledger does not have. Those
 * that were there hold until the end: they are gone then, or stay (`is_done` false), and the ledger
 * does not have them. */
void catalog_marks_clear_begin(struct catalog_marks *marks, uint32_t relation);
void catalog_marks_clear_end(struct catalog_marks *marks, uint32_t relation, bool is_done);
/* Whether the relation has any between the two. */
bool catalog_marks_is_clearing(const struct catalog_marks *marks, uint32_t relation);
/* One mark after the other, from 0 on, without number and whose it is; false: there are no more. */
bool catalog_marks_each(const struct catalog_marks *marks, size_t *at, struct ring_mark *mark);
void catalog_marks_release(struct catalog_marks *marks);

#endif
