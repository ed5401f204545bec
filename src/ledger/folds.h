/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be raised as alerts, folded: of the same control, rule and principal, the first one is
 * due at once, and what comes within a minute after one was raised is counted and due together when
 * the minute is over. None is lost: the counts of what is given add up to the counts of what was
 * added. Where there are more different ones than FOLDS_MAX, those beyond count as one that names
 * neither rule nor principal.
 *
 * What is added is fresh until folds_keep: folds_drop forgets what is fresh, as a batch of records
 * is either there as a whole or not. No memory is allocated. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_FOLDS_H
#define PASU_LEDGER_FOLDS_H

#include "base/os.h"
#include "ledger/message.h"

enum { FOLDS_MAX = 512 };
#define FOLDS_PAUSE (60 * NANOSECONDS_PER_SECOND)

struct fold {
    uint64_t hash;                   /* of control, rule and principal */
    struct message_alert sum, fresh; /* count 0: nothing */
    int64_t told;                    /* monotonic: when one was raised; 0: none yet */
};

struct folds {
    struct fold items[FOLDS_MAX];
    size_t count;
    bool is_fresh;    /* some have something fresh */
    uint64_t waiting; /* sum of the counts that are kept and have not been raised */
};

void folds_add(struct folds *folds, const struct message_alert *alert);
void folds_keep(struct folds *folds);
void folds_drop(struct folds *folds);
/* One that is due; NULL: none. It stays so until folds_told. */
const struct message_alert *folds_due(const struct folds *folds, int64_t now);
/* That it, or one of the same control, rule and principal, was raised: nothing of it waits now. */
void folds_told(struct folds *folds, const struct message_alert *alert, int64_t now);
/* Index of the first record that waits; UINT64_MAX: nothing does. */
uint64_t folds_first(const struct folds *folds);
/* Milliseconds until one is due, at most `most`. */
int folds_wait(const struct folds *folds, int64_t now, int most);

#endif
