/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the controls, which `pasu doctor` makes (CONTROL_TRY, CONTROL_TRIED): each is known by a
 * random token, and what came of it is a record (SEGMENT_TRIED), written by what the gate says of
 * it, not by what the command says.
 *
 *      doctor ── TRY ──▶ keeper ── MESSAGE_TRY ──▶ gate     a token is given out, for seconds
 *      doctor ── a connection through the listener ──▶ gate judges it, and refuses it, or not
 *      gate ── MESSAGE_TRIED ──▶ keeper: the record
 *      doctor ── TRIED ──▶ keeper: what came of it
 *
 * A decoy (TRIAL_OF_DECOY) needs no connection: an exposure that names it is judged here as those
 * that come from a ring are, and neither recorded nor told of.
 *
 * A session past pasu (TRIAL_OF_BYPASS) is known by the server's process, and by when the server
 * began it: numbers come again. That the gate tells of it, as the one that was announced
 * (gate/visit.h), is the proof. What ends otherwise than by the control that is tried, such as a
 * login that fails, is no proof of anything, and no record. In the keeper.
 */
#ifndef PASU_LEDGER_TRIALS_H
#define PASU_LEDGER_TRIALS_H

#include "base/channel.h"
#include "ledger/control.h"
#include "ledger/record.h"
#include "ledger/visitors.h"

enum {
    TRIALS_MAX = 32,
    TRIAL_SECONDS = 15, /* from TRY on; then its place is another's */
};

struct trial {
    uint64_t token; /* 0: free */
    int64_t since;  /* monotonic */
    uint32_t uid;
    struct control_try asked;
    struct control_trial result;
};

struct trials {
    const struct os *os;
    struct record_keeping *records;
    struct trial items[TRIALS_MAX];
    struct visitors visitors;
};

void trials_init(struct trials *trials, const struct os *os, struct record_keeping *records);
/* Answers the client where it asks one of these; false: it does not. */
bool trials_ask(struct trials *trials, struct control_client *client, struct channel *gate);
/* MESSAGE_TRIED. */
void trials_take(struct trials *trials, const struct channel_message *message);
/* A session past pasu was told of; true where it is a test's, and nobody need be alerted. */
bool trials_bypass(struct trials *trials, const struct message_bypass *bypass);
/* Another gate is there, in the place of one that has died, or that never was. */
void trials_gate(struct trials *trials, struct channel *gate);

#endif
