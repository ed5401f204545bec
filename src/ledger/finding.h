/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the watcher (breach/watcher.h) says: what the detectors have found, which the keeper records
 * (SEGMENT_FINDING) and raises, and how far they are, for `pasu status`. Messages as those of
 * ledger/message.h, but they come by way of the supervisor.
 */
#ifndef PASU_LEDGER_FINDING_H
#define PASU_LEDGER_FINDING_H

#include "base/channel.h"
#include "ledger/message_size.h"

enum {
    FINDING_EVIDENCE = 5,
    FINDING_DETECTOR_SIZE = 16,
    FINDING_LIST_SIZE = 256,
    WATCHED_DETECTORS = 10,
    WATCHED_REASON_SIZE = 96,
};

/*
 * What a detector has found about those who read (detect/detect.h): numbers, and names of the
 * configuration, of roles, of end users as applications name them, and of addresses. Times are of
 * the stream, realtime ns. Texts are zero-terminated, cut to fit.
 */
struct message_finding {
    int64_t found, first, last;          /* published; of the reads that are meant */
    uint64_t at_least, at_most, about;   /* persons since `first` */
    uint64_t reads, misses;              /* since `first` */
    int64_t statistic, strength;         /* in thousandths: the detector's own; log10 of the e-value
                                            of the principal, all detectors averaged */
    uint64_t evidence[FINDING_EVIDENCE]; /* indexes of records, to be checked by hand */
    uint32_t together;                   /* how many principals it is about, named or not */
    uint8_t severity;                    /* 1 low to 5 critical */
    uint8_t evidence_count;
    uint8_t unused[2];
    char detector[NAME_SIZE];
    char principal[NAME_SIZE];      /* the role of the first of them; "": it is an address */
    char who[FINDING_LIST_SIZE];    /* the first of them: "role app, address 192.0.2.1" */
    char fields[FINDING_LIST_SIZE]; /* that were shown: names, with a comma between */
    char why[FINDING_LIST_SIZE];    /* in plain words what was measured, and what is usual */
};

/* How far the detectors are. */
struct message_watched {
    int64_t judged;  /* realtime ns: when they judged last; 0: never yet */
    int64_t stream;  /* of the latest exposure that they have; 0: none */
    uint64_t record; /* all below this index were read */
    uint64_t exposures, unnamed, past, undated, unknown; /* breach/sightings.h */
    uint64_t principals, tested, findings, memory;       /* detect_report */
    uint64_t forgotten;
    uint32_t is_behind; /* still reading what is recorded */
    uint32_t unused;
    char untestable[WATCHED_DETECTORS][WATCHED_REASON_SIZE]; /* why not; "": it is tested */
    char detectors[WATCHED_DETECTORS][FINDING_DETECTOR_SIZE];
};

extern const struct channel_rule message_rules_watcher_from_supervisor[];
extern const size_t message_rules_watcher_from_supervisor_count;
extern const struct channel_rule message_rules_supervisor_from_watcher[];
extern const size_t message_rules_supervisor_from_watcher_count;

#endif
