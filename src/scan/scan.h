/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan: logs, a route map, the detectors, and what they found.
 *
 *      files ─► streams of blocks (any thread) ─► merged by time ─► detect ─► findings
 *                                                                               │
 *      files, once more ─► observations of those who were found ─► exact ◄──────┘
 *
 * Same logs and map, same result: it does not depend on threads, on the size of blocks, nor on
 * chance. The secret behind the hashes is made from the logs themselves, so nobody can choose by
 * what they ask for where it falls unless they know all that the logs begin with.
 *
 * A log that is followed, or can be read once only (a pipe), is not read again: persons are as
 * detect counts them. Of what is followed the names of those who were seen lately are kept
 * (called.h); the principals of a pipe are called by their hash.
 */
#ifndef PASU_SCAN_SCAN_H
#define PASU_SCAN_SCAN_H

#include "detect/detect.h"
#include "scan/exact.h"
#include "scan/stream.h"

struct scan;

struct scan_options {
    const struct route_map *map;
    unsigned threads; /* 1 or more */
    size_t block;     /* bytes read at a time; 0: 256 KiB */
    size_t memory;    /* of the detectors; 0: 256 MiB */
    /* Called now and then: bytes of the files that were read, and all that there are (0: nobody
     * knows), and whether it is the second time. May be NULL. */
    void (*progress)(void *arg, uint64_t done, uint64_t all, bool is_again);
    void *arg;
    /* Follows what goes on (follow.h) until `stop`, a descriptor, becomes readable (-1: never), or
     * nothing more can come. Then the logs are read once only, and each finding is given to `found`
     * as it arises, and as it grows (scan_follow.c); a result that is not 0 ends it as `stop`
     * does. */
    bool is_following;
    int stop;
    struct input_list *names; /* of the paths, where more can come to its folders; else NULL */
    int (*found)(void *arg, const struct exact_finding *finding);
};

struct scan_file {
    const char *path;
    struct stream_head head;
    uint64_t lines, unparsed;
    struct unread unread;
    uint32_t rotations; /* that were followed; of each file of the name evidence has a number */
    int error;          /* why it was not read, or not to its end; 0 */
};

struct scan_report {
    const struct scan_file *files; /* in the order of the paths */
    size_t file_count;
    size_t stride; /* numbers of one generation of files (follow.h) */
    bool is_full;  /* more names came than can be followed */
    const struct exact_finding *findings;
    size_t finding_count;
    const struct chart *chart; /* of the findings, in their order */
    struct detect_report detect;
    uint64_t unmatched; /* statements that touch persons and that the map does not know */
    uint64_t lines, unparsed, shown, misses, logins, other; /* observations by what they are */
    uint64_t bytes;                                         /* of the logs, without compression */
    int64_t first, last; /* of the observations; 0: there are none */
    bool is_exact;       /* findings are counted exactly, and named */
};

/* Which log a place of evidence is in; *rotations: how often its name was given to another since.
 */
static inline const struct scan_file *
scan_place(const struct scan_report *report, const struct finding_place *place, uint32_t *rotations)
{
    const struct scan_file *file = &report->files[place->file % report->stride];

    *rotations = file->rotations - (uint32_t)(place->file / report->stride);
    return file;
}

/* PASU_E_NOMEM; PASU_E_UNAVAILABLE; of the map's databases their errors, with the path in *failed
 * (NULL: something else). The map and the paths must outlive it. */
PASU_MUST_USE int scan_open(struct scan **slot, const struct scan_options *options,
                            char *const *paths, size_t count, const char **failed);
/* Reads all. A file that cannot be read is in the report, and no error. */
PASU_MUST_USE int scan_run(struct scan *scan);
const struct scan_report *scan_report(const struct scan *scan);
void scan_close(struct scan *scan);

#endif
