/* SPDX-License-Identifier: Apache-2.0 */
#include "console/jobs.h"

#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNNING_OF_LANE = JOBS_RUNNING_MAX / LANES };

void
jobs_init(struct jobs *jobs, const struct os *os,
          int (*run)(void *arg, const struct job *job, FILE *file),
          void (*done)(void *arg, struct job *job, int status), void *arg)
{
    *jobs = (struct jobs){.os = os, .run = run, .done = done, .arg = arg};
    for (size_t l = 0; l < LANES; l++)
        list_init(&jobs->lanes[l]);
}

static struct job *
first_of(const struct jobs *jobs, size_t lane)
{
    return LIST_ENTRY(jobs->lanes[lane].next, struct job, link);
}

static bool
is_end(const struct jobs *jobs, size_t lane, const struct job *job)
{
    return &job->link == &jobs->lanes[lane];
}

static struct job *
next_of(const struct job *job)
{
    return LIST_ENTRY(job->link.next, struct job, link);
}

static void
close_ends(struct job *job)
{
    if (job->end >= 0)
        close(job->end);
    if (job->memory >= 0)
        close(job->memory);
    job->end = job->memory = -1;
}

static void
take_away(struct jobs *jobs, struct job *job)
{
    list_remove(&job->link);
    jobs->counts[job->lane]--;
    jobs->running[job->lane] -= job->pid != 0;
    close_ends(job);
    memory_wipe(job, sizeof(*job));
    memory_free(job);
}

/* ---- whose turn it is ---- */

/* How many of a lane are from there, or run. */
struct share {
    size_t network, address;
};

static bool
is_same(const uint8_t one[INQUIRY_FROM_SIZE], const uint8_t other[INQUIRY_FROM_SIZE])
{
    return memcmp(one, other, INQUIRY_FROM_SIZE) == 0;
}

static struct share
share_of(const struct jobs *jobs, size_t lane, const struct inquiry_from *from, bool runs)
{
    struct share share = {0, 0};

    for (struct job *job = first_of(jobs, lane); !is_end(jobs, lane, job); job = next_of(job)) {
        if (runs && job->pid == 0)
            continue;
        share.network += is_same(job->from.network, from->network);
        share.address += is_same(job->from.address, from->address);
    }
    return share;
}

static bool
is_more(struct share one, struct share other)
{
    return one.network != other.network ? one.network > other.network : one.address > other.address;
}

/* Whose turn is next, of those that wait; NULL: nobody waits. */
static struct job *
next_to_run(const struct jobs *jobs, size_t lane)
{
    struct job *next = NULL;
    struct share least = {0, 0};

    for (struct job *job = first_of(jobs, lane); !is_end(jobs, lane, job); job = next_of(job)) {
        struct share share;

        if (job->pid != 0)
            continue;
        share = share_of(jobs, lane, &job->from, true);
        if (next != NULL && !is_more(least, share))
            continue;
        next = job;
        least = share;
    }
    return next;
}

/* Who is to go for somebody who comes: the last of those who have the most, and more than they, one
 * more being theirs; NULL: nobody. */
static struct job *
last_of_most(const struct jobs *jobs, size_t lane, const struct inquiry_from *from)
{
    struct job *last = NULL;
    struct share most = share_of(jobs, lane, from, false);

    most.network++;
    most.address++;
    for (struct job *job = first_of(jobs, lane); !is_end(jobs, lane, job); job = next_of(job)) {
        struct share share;

        if (job->pid != 0)
            continue;
        share = share_of(jobs, lane, &job->from, false);
        share.network += is_same(job->from.network, from->network);
        share.address += is_same(job->from.address, from->address);
        if (is_more(share, most) || (last != NULL && !is_more(most, share)))
            last = job;
        if (last == job)
            most = share;
    }
    return last;
}

int
jobs_add(struct jobs *jobs, enum jobs_lane lane, const struct job *asked)
{
    struct job *out =
        jobs->counts[lane] < JOBS_WAITING_MAX ? NULL : last_of_most(jobs, lane, &asked->from);
    struct job *job;

    if (out == NULL && jobs->counts[lane] >= JOBS_WAITING_MAX)
        return PASU_E_RANGE;
    job = memory_new(1, sizeof(*job));
    if (job == NULL)
        return PASU_E_NOMEM;
    if (out != NULL) {
        jobs->done(jobs->arg, out, JOB_CROWDED);
        take_away(jobs, out);
    }
    *job = *asked;
    job->lane = lane;
    job->pid = 0;
    job->end = job->memory = -1;
    list_append(&jobs->lanes[lane], &job->link);
    jobs->counts[lane]++;
    return 0;
}

/* ---- one ---- */

static PASU_NORETURN void
run(struct jobs *jobs, const struct job *job)
{
    FILE *file = fdopen(job->memory, "w");
    int status = file != NULL ? jobs->run(jobs->arg, job, file) : 2;

    if (file != NULL && fflush(file) != 0)
        status = 2;
    _exit(status);
}

/* 0, or an error. */
static int
begin(struct jobs *jobs, struct job *job)
{
    int ends[2];

    job->memory = memfd_create("pasu answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (job->memory < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return PASU_E_IO;
    job->end = ends[0];
    job->pid = fork();
    if (job->pid == 0)
        run(jobs, job);
    close(ends[1]);
    if (job->pid < 0) {
        job->pid = 0;
        return PASU_E_IO;
    }
    job->begun = os_monotonic(jobs->os);
    job->until = job->begun + JOB_SECONDS * NANOSECONDS_PER_SECOND;
    jobs->running[job->lane]++;
    return 0;
}

/* It has ended, and its place is another's, or still its own for a while. */
static void
leave(struct jobs *jobs, struct job *job)
{
    const int64_t step = JOB_PLACE * NANOSECONDS_PER_MILLISECOND;

    if (job->lane == LANE_LOOK) {
        take_away(jobs, job);
        return;
    }
    close_ends(job);
    job->until = job->begun + ((os_monotonic(jobs->os) - job->begun) / step + 1) * step;
    memory_wipe(job->contact, sizeof(job->contact));
    memory_wipe(job->code, sizeof(job->code));
    memory_wipe(&job->found, sizeof(job->found));
}

/* Its pipe is closed, so it has ended, or is about to. */
static void
finish(struct jobs *jobs, struct job *job)
{
    int status = 0;

    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (job->is_overdue)
        status = JOB_OVERDUE;
    else
        status = WIFEXITED(status) ? WEXITSTATUS(status) : JOB_DIED;
    jobs->done(jobs->arg, job, status);
    leave(jobs, job);
}

static bool
is_kept(const struct job *job)
{
    return job->pid != 0 && job->end < 0;
}

static bool
has_ended(const struct job *job)
{
    struct pollfd one = {.fd = job->end, .events = POLLIN};

    return poll(&one, 1, 0) > 0;
}

static void
step_job(struct jobs *jobs, struct job *job)
{
    if (is_kept(job)) {
        if (os_monotonic(jobs->os) >= job->until)
            take_away(jobs, job);
    } else if (job->pid != 0 && has_ended(job)) {
        finish(jobs, job);
    } else if (job->pid != 0 && !job->is_overdue && os_monotonic(jobs->os) > job->until) {
        job->is_overdue = true;
        kill(job->pid, SIGKILL);
    }
}

static void
begin_more(struct jobs *jobs, size_t lane)
{
    struct job *job;

    while (jobs->running[lane] < RUNNING_OF_LANE && (job = next_to_run(jobs, lane)) != NULL) {
        if (begin(jobs, job) == 0)
            continue;
        jobs->done(jobs->arg, job, JOB_DIED);
        take_away(jobs, job);
    }
}

/* ---- all ---- */

void
jobs_step(struct jobs *jobs)
{
    for (size_t l = 0; l < LANES; l++) {
        for (struct job *job = first_of(jobs, l), *next; !is_end(jobs, l, job); job = next) {
            next = next_of(job);
            step_job(jobs, job);
        }
        begin_more(jobs, l);
    }
}

void
jobs_release(struct jobs *jobs)
{
    for (size_t l = 0; l < LANES && jobs->os != NULL; l++)
        while (!is_end(jobs, l, first_of(jobs, l))) {
            struct job *job = first_of(jobs, l);

            if (job->pid != 0 && !is_kept(job))
                kill(job->pid, SIGKILL);
            take_away(jobs, job);
        }
}

size_t
jobs_polls(const struct jobs *jobs, struct pollfd *polls)
{
    size_t count = 0;

    for (size_t l = 0; l < LANES; l++)
        for (struct job *job = first_of(jobs, l); !is_end(jobs, l, job); job = next_of(job))
            if (job->pid != 0 && !is_kept(job) && count < JOBS_RUNNING_MAX)
                polls[count++] = (struct pollfd){.fd = job->end, .events = POLLIN};
    return count;
}

/* For the soonest of a lane's places that are kept. */
static int
wait_in(const struct jobs *jobs, size_t lane, int most)
{
    int64_t now = os_monotonic(jobs->os);

    for (struct job *job = first_of(jobs, lane); !is_end(jobs, lane, job); job = next_of(job))
        if (is_kept(job)) {
            int64_t left = (job->until - now) / NANOSECONDS_PER_MILLISECOND + 1;

            most = left < 0 ? 0 : left < most ? (int)left : most;
        }
    return most;
}

int
jobs_wait(const struct jobs *jobs, int most)
{
    for (size_t l = 0; l < LANES; l++) {
        if (jobs->counts[l] == jobs->running[l])
            continue;
        if (jobs->running[l] < RUNNING_OF_LANE)
            return 0;
        most = wait_in(jobs, l, most);
    }
    return most;
}
