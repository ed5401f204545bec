/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs that go on: what is there is read as one stream in the order of time (merge.h), then what
 * comes, as it comes: of several logs in the order of time as far as they are read together. What
 * rotates them, see tail.h. That there is something new tells inotify, of the files and of the
 * folders that their names are in; once a second it is looked by itself, as file systems of other
 * machines tell nothing; four times a second where there is no inotify.
 *
 * A folder and a pattern are looked into again: a name that is new is followed from its beginning,
 * unless it is given to what was read by another (tail.h). What is compressed is read once. Two
 * open files a name, their blocks, and the readers of their dialects are all that is held; and how
 * the last FOLLOW_PAST files began.
 *
 * One thread.
 */
#ifndef PASU_SCAN_FOLLOW_H
#define PASU_SCAN_FOLLOW_H

#include "scan/merge.h"
#include "scan/tail.h"

struct follow;

enum {
    FOLLOW_NAMES = 4096 /* that are followed; more are at the beginning alone */,
    FOLLOW_PAST = 4096
};

struct follow_options {
    struct streams *streams;
    const struct dialects *dialects;
    merge_block_fn *block;
    merge_observations_fn *observations;
    void *arg;
    /* What the paths are of, in their order, if more can come; NULL: they are all. */
    struct input_list *names;
    int stop; /* a descriptor that becomes readable when it is to be stopped; -1: there is none */
};

/* Opens them. What cannot be opened is in the tail's error, and is not followed. PASU_E_NOMEM. */
PASU_MUST_USE int follow_open(struct follow **slot, const struct follow_options *options,
                              char *const *paths, size_t count);
void follow_close(struct follow *follow);
/* How many paths there are by now; follow_read can make them more. */
size_t follow_count(const struct follow *follow);
/* The number of a block or observation is that of its path + its generation × follow_stride. */
size_t follow_stride(size_t first_count);
const struct tail *follow_tail(const struct follow *follow, size_t path);
/* More names came than can be followed. */
bool follow_is_full(const struct follow *follow);
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
