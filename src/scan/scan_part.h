/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways to scan have in common: reading twice (scan.c), and following (scan_follow.c). */
#ifndef PASU_SCAN_SCAN_PART_H
#define PASU_SCAN_SCAN_PART_H

#include "scan/called.h"
#include "scan/merge.h"
#include "scan/scan.h"

struct scan {
    struct scan_options options;
    struct dialects dialects;
    struct sources sources;
    bool has_sources;
    struct observe_keys keys;
    struct scan_file *files;
    struct stream_kept **kept;
    struct detect *detect;
    struct exact *exact;
    struct observe_state *observer;
    struct called *called; /* of a scan that follows */
    struct scan_report report;
    bool is_again;
    uint64_t done, all;
};

/* merge_block_fn and merge_observations_fn of a scan: what comes goes to the detectors. */
int scan_take_block(void *scan, struct block *block, uint64_t taken);
int scan_take_observations(void *scan, const struct observation *items, size_t count);
/* Only observations that `want` wants; NULL: all, and nothing of them is kept. */
PASU_MUST_USE int scan_make_streams(struct scan *scan, struct streams **streams,
                                    block_want_fn *want, const void *want_arg);
/* The detectors, and an observer, with hashes of this secret. */
PASU_MUST_USE int scan_begin(struct scan *scan, const uint8_t secret[OBSERVE_SECRET]);
PASU_MUST_USE int scan_follow(struct scan *scan);

#endif
