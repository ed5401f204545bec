/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker needs to see persons in what passes, one of each: the way to the ledger, the gather
 * for the batch in hand, the table of showings, and a buffer for what a client's bytes are replaced
 * by. Made when the first session needs it. Owned by the worker.
 */
#ifndef PASU_GATE_INSTRUMENTS_H
#define PASU_GATE_INSTRUMENTS_H

#include "gate/gather.h"
#include "gate/mask.h"
#include "gate/recorder.h"
#include "gate/settings.h"
#include "postgres/template.h"

struct worker;

enum { INSTRUMENTS_USED = 1021 };

struct instruments {
    struct recorder recorder;
    struct gather gather;
    struct ordinals ordinals;
    struct showing_table showings;
    struct template template;             /* of the text in hand */
    struct plan *again;                   /* held: that served a text by its template last; NULL */
    uint8_t text[TEMPLATE_REWRITTEN_MAX]; /* that text, changed */
    int64_t minute_until;                 /* realtime: as long as `minute` is the local one */
    uint32_t minute;
    struct exposure exposure; /* the record being made */
    struct mask mask;
    uint64_t used[INSTRUMENTS_USED]; /* shapes that are known to have been run (first_use.c) */
    uint8_t *out;                    /* a client's bytes, changed */
    size_t out_length, out_size;
};

PASU_MUST_USE int instruments_new(struct instruments **instruments, struct worker *worker);
void instruments_free(struct instruments *instruments);

/* Before a batch of a session of these settings. */
static inline void
instruments_use(struct instruments *instruments, const struct settings *settings)
{
    instruments->ordinals.sealed = settings->sealed;
    instruments->ordinals.slots = settings->slots;
    instruments->ordinals.known = &settings->known;
}

/* Keeps the plan as `again`, instead of the one before. */
void instruments_remember(struct instruments *instruments, struct plan *plan);
/* Lets go of what holds a superseded catalog. */
void instruments_sweep(struct instruments *instruments);
/* The local minute of a moment, looked up once a minute. */
uint32_t instruments_minute(struct instruments *instruments, int64_t realtime);
/* Appends to `out`. PASU_E_NOMEM. */
PASU_MUST_USE int instruments_put(struct instruments *instruments, const void *bytes,
                                  size_t length);

#endif
