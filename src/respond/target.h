/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one target of publishing does: which checkpoint it has, since when it fails and why, and when
 * to try it again (after half a second, then twice as long each time, at most 30 seconds). The log
 * is told when a target begins to fail, fails for another reason, and is well (again). One thread.
 */
#ifndef PASU_RESPOND_TARGET_H
#define PASU_RESPOND_TARGET_H

#include "base/log.h"
#include "ledger/message.h"

struct target {
    const char *kind;            /* NULL: not configured */
    char name[TARGET_NAME_SIZE]; /* without secrets */
    uint64_t size;               /* of the checkpoint that it has */
    int64_t done_at, failed_at;  /* realtime; 0: never, not failing */
    char error[TARGET_ERROR_SIZE];
    int64_t due, wait; /* monotonic: no try before; ns until the next one */
    bool is_told;      /* the keeper knows all this */
};

void target_init(struct target *target, const char *kind, const char *name);
/* Whether it should be given a checkpoint of this size, now. */
bool target_wants(const struct target *target, uint64_t size, int64_t now);
void target_done(struct target *target, const struct log *log, uint64_t size);
void target_failed(struct target *target, const struct log *log, const char *error);

#endif
