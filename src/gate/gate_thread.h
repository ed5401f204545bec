/* SPDX-License-Identifier: Apache-2.0 */
/* The gate's main thread: what it holds, and what its files share. See gate.h. */
#ifndef PASU_GATE_GATE_THREAD_H
#define PASU_GATE_GATE_THREAD_H

#include "exposure/kinds.h"
#include "gate/powers.h"
#include "gate/segments.h"
#include "gate/worker.h"
#include "ledger/segment_cipher.h"

#include <poll.h>

enum {
    LISTENERS_MAX = CONFIG_GATEWAYS_MAX * (CONFIG_LISTEN_MAX + 1), /* and one for PROXY */
    QUESTIONS_MAX = 64,
    ACCEPT_ROUND = 64, /* connections taken of a listener before the others get their turn */
    FIXED_POLLS = 4,   /* supervisor, keeper, answers, durable */
    LAST_WORDS_MILLISECONDS = 1000,  /* the supervisor leaves 2 seconds */
    ACCEPT_PAUSE_MILLISECONDS = 100, /* when descriptors have run out */
};

struct past_marks;
struct rebuild;

struct listener {
    int fd;
    uint32_t gateway;
    bool is_proxy;
};

/* A question of the keeper's that waits for every worker's answer. */
struct pending {
    uint64_t question; /* 0: free */
    uint32_t missing;
    uint64_t count;
};

struct gate {
    struct gate_shared shared;
    struct through through;
    struct powers powers;
    struct settings *settings, *prepared;
    struct worker *workers;
    uint32_t worker_count;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct pollfd polls[FIXED_POLLS + LISTENERS_MAX];
    struct pending pending[QUESTIONS_MAX];
    struct list outgoing; /* struct answer: lines for the keeper, as fast as it takes them */
    size_t outgoing_at;
    int64_t started;
    int64_t looked;   /* realtime: when that was asked last */
    int64_t leave_at; /* realtime: when somebody of the roster leaves next; ROSTER_NEVER */
    struct kinds kinds;
    struct segments segments;
    struct segment_keys keys;               /* of the ledger, until it is read; wiped then */
    struct rebuild *rebuild;                /* the past is being read; or NULL */
    struct origins *origins, *next_origins; /* held; next: with the next configuration */
    int identity_fd;                        /* of the index, until the store is there; -1: none */
    int64_t tell_at;                        /* monotonic: when the supervisor hears again how far */
    uint64_t status_answers;                /* made so far, an allocation each */
    bool is_committed, is_ready, is_stopping, is_paused, had_keeper;
};

/* ---- gate.c ---- */
void gate_tell_supervisor(struct gate *gate, uint32_t type, const void *body, size_t length);
/* A gateway's server can be reached: what sessions will need of it is asked ahead. */
void gate_warm(struct gate *gate, uint32_t gateway);
/* Gives the identity index to the catalog store, if both are there. */
void gate_identify(struct gate *gate);
/* Leaves a task with every worker. */
void gate_post_all(struct gate *gate, enum task_kind kind, uint64_t question,
                   const char *principal);

/* ---- pulse.c: whether each worker lives ---- */
/* Asks them; of those that have not answered for long is logged. */
void pulse_ask(struct gate *gate);
/* Which of them stand still, and since when. */
void pulse_describe(struct gate *gate, struct message_status *status);
/* Whether it may: nobody new is given to it while there are others. */
bool pulse_is_slow(const struct worker *worker, int64_t now);

/* ---- leaving.c: another roster, and the times at which somebody leaves ---- */
/* Other settings or another roster are in force: the workers look. */
void leaving_set(struct gate *gate);
void leaving_take(struct gate *gate, const struct channel_message *message);
void leaving_look(struct gate *gate);
int leaving_wait(const struct gate *gate, int most);

/* ---- start.c: from the first COMMIT to READY, and what is read of the ledger ---- */
void start_begin(struct gate *gate);
/* Reads on for a moment, while gate->rebuild is there. */
void start_step(struct gate *gate);
/* The keeper's channel is there; if the threads are, too, this is all: sandbox, READY. */
void start_finish(struct gate *gate);
/* The supervisor offers the ledger again: looks whether all of it can be read by now. */
void start_again(struct gate *gate);
void start_release(struct gate *gate);

/* ---- approval_gate.c: what the keeper says of sessions that wait, and asks of the roster ---- */
void gate_take_approval(struct gate *gate, const struct channel_message *message);

/* ---- gate_accept.c: who connects ---- */
/* Takes some of those who wait: each gets a worker, or hears why not. */
void gate_accept(struct gate *gate, const struct listener *listener);

/* ---- gate_sources.c: where addresses are ---- */
/* A table: from the configuration on that it is of, or at once where that is in force. */
void gate_take_sources(struct gate *gate, const struct channel_message *message);
/* A configuration comes into force, with the table that was taken for it. */
void gate_set_origins(struct gate *gate);

/* ---- question_marks.c ---- */
/* MARKS_ASK and CLEAR; others are passed over. */
void question_marks(struct gate *gate, const struct channel_message *message);

/* ---- question.c: what the keeper asks, and the workers' answers ---- */
void question_sessions(struct gate *gate, uint64_t question);
void question_status(struct gate *gate, uint64_t question);
void question_kill(struct gate *gate, const struct message_kill *message);
/* TRY and MEASURE. */
void question_other(struct gate *gate, const struct channel_message *message);
/* Takes what the workers have left, and sends what the keeper takes. */
void question_take(struct gate *gate);
void question_send(struct gate *gate);

#endif
