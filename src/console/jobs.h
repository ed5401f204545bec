/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes time, each in a process of its own, which ends with it. There are lanes, so many at a
 * time in each, and the others wait their turn: what is in one lane is never behind another's. A
 * job that takes too long is ended. One thread, which no job is waited for by.
 *
 * Whose turn it is: theirs of whose network the fewest run in the lane, then of whose address, then
 * who came first. Where a lane is full, who comes takes the place of the last one of those who have
 * the most in it, unless they are that themselves. So somebody who asks a thousand times waits
 * behind everybody else, and keeps out nobody; it depends on where they ask from alone.
 *
 * Who fills all places but one of a lane sees when the last one is free again. So where it shall
 * not be seen how long something took (a contact that is nobody's is looked up, and sent nothing),
 * a place is kept for a whole multiple of JOB_PLACE milliseconds; what comes of the job is not.
 */
#ifndef PASU_CONSOLE_JOBS_H
#define PASU_CONSOLE_JOBS_H

#include "base/list.h"
#include "console/clerk.h"

#include <poll.h>
#include <stdio.h>
#include <sys/types.h>

enum jobs_lane { LANE_FIND, LANE_SEND, LANE_LOOK, LANES };

enum {
    JOB_PLACE = 200,
    JOBS_RUNNING_MAX = 12, /* 4 of each lane */
    JOBS_WAITING_MAX = 64, /* of each lane */
    JOB_SECONDS = 60,
    JOB_DENIED = 251,  /* statuses, of one that says so itself: it may not write there */
    JOB_FULL = 252,    /* or there is no room */
    JOB_CROWDED = 253, /* statuses: its place was another's in the end */
    JOB_OVERDUE = 254,
    JOB_DIED = 255,
};

struct job {
    struct list link;
    enum jobs_lane lane;
    pid_t pid;  /* 0: it waits */
    int end;    /* of a pipe that is closed when it ends; -1: it runs no more */
    int memory; /* what it writes */
    int64_t begun, until;
    bool is_overdue;
    /* What is asked, and was found meanwhile. */
    uint64_t id;
    struct inquiry_from from;
    uint8_t token[INQUIRY_TOKEN_SIZE];
    uint32_t what, which;
    enum inquiry_language language;
    char contact[INQUIRY_CONTACT_SIZE], code[CODE_DIGITS + 1];
    struct persons persons;
    struct clerk_found found;
};

struct jobs {
    const struct os *os;
    int (*run)(void *arg, const struct job *job, FILE *file); /* in its process: the status */
    void (*done)(void *arg, struct job *job, int status);     /* in ours; 0: well */
    void *arg;
    struct list lanes[LANES]; /* as they came */
    size_t counts[LANES], running[LANES];
};

void jobs_init(struct jobs *jobs, const struct os *os,
               int (*run)(void *arg, const struct job *job, FILE *file),
               void (*done)(void *arg, struct job *job, int status), void *arg);
/* Ends those that run. */
void jobs_release(struct jobs *jobs);
/* A copy of what is asked, in a lane; of one that is in its way `done` hears. PASU_E_RANGE: too
 * many wait; PASU_E_NOMEM. */
PASU_MUST_USE int jobs_add(struct jobs *jobs, enum jobs_lane lane, const struct job *asked);
/* What to wait for: at most JOBS_RUNNING_MAX; how many. */
size_t jobs_polls(const struct jobs *jobs, struct pollfd *polls);
/* How long at most, in milliseconds: `most`, or until one can begin. */
int jobs_wait(const struct jobs *jobs, int most);
/* Begins, and ends, what can be. */
void jobs_step(struct jobs *jobs);

#endif
