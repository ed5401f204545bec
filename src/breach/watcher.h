/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher: the process of the guard that runs the detectors (detect/detect.h) over what is
 * recorded, as it comes. It follows the ledger's segments, as the indexer does: nobody waits for
 * it, and all it can do to gate and keeper is to read files at the lowest priority. It opens
 * nothing but the segments (where the kernel has Landlock), has no network, and no key but those
 * that an encrypted ledger is read with.
 *
 *      segments ─▶ reader ─▶ sightings ─▶ detect ─▶ findings ─▶ supervisor ─▶ keeper:
 * SEGMENT_FINDING, ▲                                                                  and an alert
 * about it └──────────────────── told ◀──── findings that are recorded ◀──────┘
 *
 * State is nowhere but in the ledger: a new watcher reads its last WATCHER_DAYS again, each record
 * once, and so comes to where the last one was, days that were alarming left out of what is usual
 * as before. What it finds then and the ledger has, it does not tell (told.h); nor anything before
 * it has read all. What was published and was calm for WATCHER_SETTLE days can be found again.
 *
 * Memory: options.memory for the detectors, and that of the sessions of one time, of names
 * (sightings.h) and of findings (told.h). Without memory the process ends, and another one begins.
 *
 * watcher_main is called in a fresh child of the supervisor that has dropped its privileges.
 */
#ifndef PASU_BREACH_WATCHER_H
#define PASU_BREACH_WATCHER_H

#include "base/log.h"
#include "ledger/segment_cipher.h"

enum { WATCHER_DAYS = 240, WATCHER_SETTLE = 30, WEEKS_OF_A_YEAR = 52 };

struct watcher_options {
    uint32_t off;          /* a bit for each enum detector that does not judge */
    uint32_t false_weekly; /* false findings a week, at most, on average */
    size_t memory;         /* bytes for the detectors */
};

struct watcher_start {
    int supervisor_fd;
    int directory_fd; /* the ledger's folder; closed before anything is read */
    struct watcher_options options;
    struct segment_keys keys;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int watcher_main(const struct watcher_start *start, const struct log *log);

#endif
