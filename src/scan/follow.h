/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs that go on: what is there is read as one stream in the order of time (merge.h), then what
 * comes, as it comes: of several logs in the order of time as far as they are read together. What
 * rotates them, see tail.h. That there is something new tells inotify, of the files and of the
 * folders that their names are in; once a second it is looked by itself, as file systems of other
 * machines tell nothing; four times a second where there is no inotify.
 *
 * Which names are followed is settled at the beginning: a pattern or folder is not looked into
 * again. What is compressed is read once. Two open files a name, their blocks, and the readers of
 * their dialects are all that is held.
 *
 * One thread.
 */
#ifndef PASU_SCAN_FOLLOW_H
#define PASU_SCAN_FOLLOW_H

#include "scan/merge.h"
#include "scan/tail.h"

struct follow;

struct follow_options {
    struct streams *streams;
    const struct dialects *dialects;
    merge_block_fn *block;
    merge_observations_fn *observations;
    void *arg;
    int stop; /* a descriptor that becomes readable when it is to be stopped; -1: there is none */
};

/* Opens them. What cannot be opened is in the tail's error, and is not followed. PASU_E_NOMEM. */
PASU_MUST_USE int follow_open(struct follow **slot, const struct follow_options *options,
                              char *const *paths, size_t count);
void follow_close(struct follow *follow);
/* The number of a block or observation is that of its path + its generation × count. */
const struct tail *follow_tail(const struct follow *follow, size_t path);
/* Reads all that is there. 1: there was something; 0; the errors of the callbacks, PASU_E_NOMEM. */
PASU_MUST_USE int follow_read(struct follow *follow);
/* Nothing more can come: pipes that have ended, and files that could not be opened. */
bool follow_is_over(const struct follow *follow);
/* Until something may have come, or `milliseconds` (-1: no limit) are over, or it is to be stopped.
 */
void follow_wait(struct follow *follow, int milliseconds);
/* Until so many milliseconds are over, or it is to be stopped. */
void follow_pause(const struct follow *follow, int milliseconds);
bool follow_is_stopped(const struct follow *follow);

#endif
