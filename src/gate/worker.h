/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread, one poller, and the sessions it owns. Nobody else touches a session; who
 * wants something of one leaves a task in its worker's inbox.
 *
 * What the workers share is in struct gate_shared: the cancel keys, the counts of addresses, the
 * link to the keeper, the inspector, each behind a lock that is taken once a session, never once a
 * message.
 */
#ifndef PASU_GATE_WORKER_H
#define PASU_GATE_WORKER_H

#include "base/list.h"
#include "base/log.h"
#include "gate/address_count.h"
#include "gate/cancel.h"
#include "gate/catalog_store.h"
#include "gate/keeper_link.h"
#include "gate/notified.h"
#include "gate/poller.h"
#include "gate/settings.h"
#include "gate/through.h"
#include "gate/trial.h"
#include "gate/visit.h"
#include "ledger/message.h"
#include "ledger/ring.h"
#include "postgres/scram.h"

#include <semaphore.h>

struct catalog_store;
struct census;
struct directory;
struct encodings;
struct inspector;
struct locks;
struct locks_held;
struct instruments;
struct plan_cache;
struct tally_book;
struct session;

enum {
    WORKER_BUFFER_SIZE = 512 << 10,        /* one read's worth: measured, see bench/README.md */
    WORKER_SEEN_SIZE = WORKER_BUFFER_SIZE, /* of a session with an observer */
    WORKER_BUFFER_HEAD = 64 << 10,         /* room before it for what was kept of the last read */
    WORKER_SESSION_HEADS = 4096,
    WORKER_INDEX_BITS = 6, /* of a session's identity: which worker owns it */
};

struct gate_shared {
    struct log log;
    const struct os *os;
    struct cancel_table cancels;
    struct address_count early;
    struct trial_tokens trials;
    struct visits visits;
    struct keeper_link keeper;
    struct inspector *inspector;
    struct locks *locks;
    struct census *census;
    struct through *through; /* NULL: nobody counts */
    struct powers *powers;   /* NULL: nobody knows them */
    _Atomic int64_t acted;   /* monotonic: when rights were last changed through pasu */
    struct plan_cache *plans;
    struct catalog_store *catalogs;
    struct tally_book *tallies;
    struct directory *directory;
    struct encodings *encodings;
    /* What notifications can carry: fields and kinds that statements may have put into them, of so
     * many persons of each kind at most. */
    _Atomic uint64_t notified_fields, notified_kinds, notified_persons;
    struct notified notified;
    struct channel supervisor; /* the main thread receives; anybody may send */
    struct ring_file rings;    /* one for each worker */
    int ring;                  /* descriptor to read what it holds already */
    int past_error;     /* 0; or why the past is not known (gate/start.c): before any worker */
    int wake, durable;  /* eventfds: to the keeper; from it, that what is waited for is on disk */
    uint8_t secret[32]; /* the ledger's */
    uint8_t mock_secret[SCRAM_MOCK_SECRET_LENGTH];
    _Atomic bool is_draining;
    struct settings_current current;
    _Atomic uint64_t refused_total, cancels_total, unrecorded_total, sessions_total;
    _Atomic uint64_t approvals_total; /* that are waited for now */
    int answer_event;                 /* eventfd: a worker has left an answer */
    pthread_mutex_t answer_lock;
    struct list answers; /* struct answer, for the main thread */
};

enum task_kind {
    TASK_ACCEPTED,
    TASK_RECORDED,
    TASK_VERIFIER,
    TASK_LOCKS, /* what a session's server process holds, or an error */
    TASK_SNAPSHOT,
    TASK_CATALOG, /* of `place`: a new snapshot, or an error */
    TASK_KILL_ONE,
    TASK_KILL_PRINCIPAL,
    TASK_REQUESTED, /* the keeper has a number for what a session waits for */
    TASK_DECIDED,   /* somebody has decided about it */
    TASK_CANCELLED, /* its client takes it back */
    TASK_DURABLE,   /* more of the rings is on disk */
    TASK_SETTINGS,  /* others are in force, or another roster, or somebody's time has come to leave:
                       those before are let go of, and sessions of leavers end */
    TASK_ANNOUNCE,  /* to a new keeper */
    TASK_DRAIN,
    TASK_STOP,
};

struct task {
    struct list link;
    enum task_kind kind;
    int fd; /* ACCEPTED */
    int error;
    uint64_t id;               /* session */
    uint64_t question;         /* SNAPSHOT, KILL */
    bool is_proxy, is_counted; /* ACCEPTED: `address` is counted among those that are early */
    struct settings *settings; /* ACCEPTED: held */
    uint32_t gateway;
    const struct catalog_place *place; /* CATALOG: to be compared with a session's */
    struct address address;
    char principal[NAME_SIZE];
    struct scram_verifier verifier;
    struct message_requested requested; /* REQUESTED */
    struct message_decided decided;     /* DECIDED */
    struct locks_held *locks;           /* LOCKS: memory_free, or NULL */
};

/* An answer to a question: a worker's to SNAPSHOT or KILL, or the main thread's to STATUS. */
struct answer {
    struct list link;
    uint64_t question;
    uint32_t type;                /* of the lines: MESSAGE_SESSION or MESSAGE_TALLY */
    uint32_t size;                /* of a line; 0: there are none (KILL) */
    size_t count;                 /* of lines, or of sessions killed */
    struct message_status status; /* comes after lines that are tallies */
    _Alignas(8) uint8_t lines[];
};

struct worker {
    struct gate_shared *shared;
    const struct os *os;
    uint32_t index;
    int event;
    struct poller poller;
    pthread_t thread;
    sem_t is_started;
    int start_result;
    pthread_mutex_t lock;
    struct list inbox; /* struct task */
    bool is_stopping;
    _Atomic int64_t asked;           /* monotonic: whether it lives, and not answered; 0: it is */
    bool is_still;                   /* the main thread's: which was logged */
    struct list sessions;            /* all */
    struct list early;               /* those with a deadline */
    struct list again;               /* those with something to do that the poller does not know */
    struct list bulk;                /* bulk streams (gate/bulk.h) */
    struct list held;                /* struct hold: clients that wait for the ledger */
    int64_t wait_told;               /* monotonic: when it may be said again that they do */
    struct list approvals;           /* struct approval_wait: sessions that wait for somebody */
    struct instruments *instruments; /* NULL until a session needs them */
    struct settings *settings;       /* held: those of shared->current, as of `turn` */
    struct roster *roster;           /* held, the same; NULL: none */
    struct origins *origins;         /* so is this; NULL: nothing is known of addresses */
    uint64_t turn;
    struct list dead; /* closed, freed at the end of the round */
    struct session *by_id[WORKER_SESSION_HEADS];
    _Atomic uint64_t session_count;
    uint64_t statements, rows, bytes_in, bytes_out; /* counter_add, counter_get */
    int64_t next_look; /* monotonic: when deadlines are looked at again */
    uint8_t *buffer;   /* WORKER_BUFFER_HEAD + WORKER_BUFFER_SIZE */
};

/* An answer with room for `count` lines; NULL: no memory. */
PASU_MUST_USE struct answer *answer_new(uint64_t question, enum message_type type, size_t size,
                                        size_t count);
static inline void *
answer_line(struct answer *answer, size_t index)
{
    return answer->lines + index * answer->size;
}

/* Counters that one thread writes and others read: no locked instruction is needed. */
static inline void
counter_add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}
static inline uint64_t
counter_get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* The settings in force, whatever its sessions' are; NULL where none were ever. */
static inline const struct settings *
worker_settings(struct worker *worker)
{
    struct settings_current *current = &worker->shared->current;

    if (PASU_UNLIKELY(worker->turn != current->turn))
        settings_current_follow(current, &worker->settings, &worker->roster, &worker->origins,
                                &worker->turn);
    return worker->settings;
}

/* All of a worker but its thread and its poller: for whoever drives it by hand (the fuzz target).
 */
PASU_MUST_USE int worker_init(struct worker *worker, struct gate_shared *shared, uint32_t index);
/* Does the tasks of the inbox; looks at sessions again; frees those that ended. The worker's own
 * thread. */
void worker_read_inbox(struct worker *worker);
void worker_read_again(struct worker *worker);
void worker_free_dead(struct worker *worker);
PASU_MUST_USE int worker_start(struct worker *worker, struct gate_shared *shared, uint32_t index);
/* Leaves a task (which the worker frees). Any thread. */
void worker_post(struct worker *worker, struct task *task);
void worker_join(struct worker *worker);
/* A new task of a kind, or NULL. */
PASU_MUST_USE struct task *task_new(enum task_kind kind, uint64_t id);
static inline uint32_t
worker_index_of_session(uint64_t id)
{
    return (uint32_t)(id & ((1u << WORKER_INDEX_BITS) - 1));
}

#endif
