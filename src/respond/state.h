/* SPDX-License-Identifier: Apache-2.0 */
/* What the herald holds, and what its files share. See herald.h. */
#ifndef PASU_RESPOND_STATE_H
#define PASU_RESPOND_STATE_H

#include "respond/copier.h"
#include "respond/herald.h"
#include "respond/publish.h"
#include "respond/sink.h"
#include "respond/target.h"
#include "respond/web.h"
#include "respond/witness.h"

enum witness_state {
    WITNESS_IDLE,
    WITNESS_PROVING, /* the keeper is asked for the proof */
    WITNESS_POSTED,  /* the answer is awaited */
};

struct herald_witness {
    struct note_key key;
    enum witness_state state;
    struct message_checkpoint offered; /* what it is asked about */
    uint64_t has;   /* what it has cosigned last, as far as we know; 0: we do not, or nothing */
    uint64_t sent;  /* the size that it was said to have */
    unsigned turns; /* exchanges about the same checkpoint */
    int64_t asked;  /* monotonic */
};

/* A checkpoint that is offered to all witnesses before the next one is, so that one text gets the
 * cosignatures of as many as answer. Those that are failing are not waited for. */
struct herald_round {
    struct message_checkpoint note;
    uint8_t lines[PUBLISH_WITNESSES_MAX * WITNESS_LINES_MAX];
    size_t length;
};

struct herald {
    struct log log;
    const struct os *os;
    struct channel supervisor, keeper;
    struct message_checkpoint newest;                   /* size 0: none yet */
    struct message_proof proofs[PUBLISH_WITNESSES_MAX]; /* the last ones that came */
    size_t proof_at;
    struct target targets[TARGETS_MAX];
    struct web_place places[TARGETS_MAX];
    size_t count;          /* of targets, by number */
    struct copier *file;   /* NULL: its folder could not be opened, or there is none */
    struct copy file_copy; /* until the copier has it */
    uint64_t copying;      /* size of the checkpoint that is being written */
    int64_t copying_at;    /* monotonic, when that began; 0: it is said that it takes too long */
    struct copy cosigned;
    struct sink sink;
    uint64_t sinking; /* size of the checkpoint that is on its way */
    struct web web;
    struct web_post *posts[TARGETS_MAX]; /* of those that have a URL */
    uint64_t posting;                    /* size of the checkpoint that the webhook is given */
    struct herald_witness witnesses[PUBLISH_WITNESSES_MAX];
    struct herald_round round;
    bool is_stopping;
    int64_t stop_at; /* monotonic */
};

/* Asks the supervisor to look the target's name up again. */
void herald_look_up(struct herald *h, size_t target);

/* ---- herald_web.c: what goes over HTTP ---- */
/* Begins what is due. */
void herald_post(struct herald *h, int64_t now);
/* A post has ended. */
void herald_posted(void *arg, struct web_post *post);

#endif
