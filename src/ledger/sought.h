/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose session it is that only the segments know: of a gate or keeper before. An alert is counted
 * by its principal, so whoever asks later must get the same answer, however many sessions there
 * are: what was read for one is kept for all, and nothing is read twice but the segment that is
 * written to.
 *
 * The newest segments are read first, and no more than are needed, or SOUGHT_SEGMENTS; how a
 * session that began before is called is not known, for good. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_SOUGHT_H
#define PASU_LEDGER_SOUGHT_H

#include "ledger/live.h"
#include "ledger/segment_scan.h"
#include "ledger/segment_writer.h"

enum {
    SOUGHT_SEGMENTS = 32,
    SOUGHT_AGAIN = 256 /* readings of what has come since the last one */
};

/* Where to read; nothing of it is owned. */
struct sought_place {
    const struct os *os;
    int segments; /* the folder */
    const struct segment_keys *keys;
    const struct segment_watch *watch; /* hears how far a segment is read */
    uint64_t size;                     /* records there are */
};

struct sought {
    struct live sessions; /* that were found, and without a name those that were not */
    uint64_t from, to;    /* records that were read; both 0: none yet */
    unsigned segments, again;
};

/* All zero, but for the seed of `sessions`, has read nothing. */
void sought_release(struct sought *sought);
/* The principal of a session, until the next call; "": its beginning is not there, or it could not
 * be read. */
const char *sought_principal(struct sought *sought, const struct sought_place *place,
                             uint64_t session);

#endif
