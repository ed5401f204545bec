/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the ledger to whoever is told of alerts: the keeper's side of it. The queue is the ledger:
 * of each alert (SEGMENT_ALERT, SEGMENT_RAISED) and each step that one climbs (SEGMENT_ESCALATED)
 * the index is kept here until the herald has said that each target has it, in the order of the
 * records; what it says is read again when it is sent. So nothing is lost whoever dies, and what a
 * target had when somebody died may come to it once more, with the same number.
 *
 * Up to where each target has them, and from which record on something is still to be done (an
 * alert to be raised of what was judged, one that climbs, one that is to be delivered), is in the
 * file `alerts.state` of the ledger's folder; a new keeper reads the ledger from there. Where that
 * file is not there, it begins with the ledger's end.
 *
 * The keeper never waits for the herald: what finds no room in the channel is sent later. Owned by
 * the keeper's only thread.
 */
#ifndef PASU_LEDGER_COURIER_H
#define PASU_LEDGER_COURIER_H

#include "ledger/alert_policy.h"
#include "ledger/folds.h"
#include "ledger/record.h"

enum { COURIER_AT_ONCE = 8 /* on their way to a target */ };

struct courier_climb {
    uint64_t alert;
    int64_t since; /* realtime ns: when this step began */
    uint8_t step;
};

struct courier {
    struct record_keeping *records;
    struct folds folds;
    struct alert_policy policy;
    bool is_open;
    int file; /* -1: none */
    uint64_t sequence, from;
    int64_t save_at;                                   /* monotonic */
    uint64_t done[ALERT_TARGETS], sent[ALERT_TARGETS]; /* all below: delivered, handed on */
    uint64_t *queue; /* indexes, ascending, of what not every target has */
    size_t head, count, space;
    struct courier_climb *climbs; /* by alert, ascending */
    size_t climb_count, climb_space;
    int64_t climb_at; /* realtime ns: when the next one is due; 0: to be found */
};

/* Becomes that which raises and delivers what is recorded. */
void courier_init(struct courier *courier, struct record_keeping *records);
void courier_release(struct courier *courier);
/* Who is told, from now on. */
void courier_set(struct courier *courier, const struct alert_policy *policy);
/* Does what is due: opens (reads the ledger from where the last one has left it) once the ledger is
 * open, raises, lets climb, saves. */
void courier_look(struct courier *courier, int64_t now);
int courier_wait(const struct courier *courier, int most);
/* A new herald: what has not arrived is handed on again. */
void courier_renew(struct courier *courier);
/* Hands on what there is room for. PASU_E_EOF: the channel is closed. */
PASU_MUST_USE int courier_send(struct courier *courier, struct channel *herald);
void courier_delivered(struct courier *courier, const struct message_delivered *delivered);
/* How many a target has not got yet. */
uint64_t courier_waiting(const struct courier *courier, enum alert_target target);
/* Whether all is handed on. */
bool courier_is_sent(const struct courier *courier);
/* Raises what waits, whatever its time, and saves. */
void courier_end(struct courier *courier);

#endif
