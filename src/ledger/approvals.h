/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a second person: the keeper's side of the verdict hold.
 *
 *      gate    REQUEST ──▶ recorded (SEGMENT_REQUESTED), an alert is raised
 *              ◀── REQUESTED: its number, which is the record's index
 *      command APPROVE, DENY ──▶ who is that, by the roster?  PERSON_ASK ──▶ gate
 *                                ◀── PERSON
 *              recorded (SEGMENT_DECIDED) and on the disk, then DECIDED ──▶ gate
 *      gate    CONCLUDED ──▶ recorded (SEGMENT_CONCLUDED): it went on, or not
 *
 * One thread decides, in the order in which it hears: the first decision is the one, and so is the
 * end of the time, which is this side's. Nothing goes on before the decision is on the disk. The
 * number is used once, whatever is restarted, and no worker has another one's.
 *
 * Nobody approves their own: an account whose name is the principal's, or that of whom it acts for
 * or belongs to, or that belongs to the same person. Who has left approves nothing. Both are
 * recorded. Nobody keeps anybody from denying.
 *
 * What the gate does not take at once is told again (approvals_look). When the gate is another one,
 * nothing waits any more: its sessions ended with it. Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_APPROVALS_H
#define PASU_LEDGER_APPROVALS_H

#include "ledger/approvers.h"
#include "ledger/control.h"
#include "ledger/record.h"

enum {
    APPROVALS_MAX = 4096, /* that wait; more are refused */
    APPROVALS_PAST = 256, /* that are over, of which it is still known who has decided */
    APPROVALS_LOUD = 60,  /* alerts of their own in a minute; more are folded (ledger/folds.h) */
    APPROVALS_AGAIN_MS = 20,
};

struct approval {
    struct message_request request;
    int64_t deadline;    /* monotonic */
    int32_t error;       /* it could not be recorded: it is forgotten once the gate knows */
    bool is_numbered;    /* the gate has its number, or the error */
    bool is_told;        /* and the decision */
    char who[NAME_SIZE]; /* that has decided */
};

struct approvals {
    struct record_keeping *records;
    const struct approvers *approvers;
    int64_t within;         /* ns */
    struct approval *items; /* memory_free */
    size_t count, space;
    struct approval past[APPROVALS_PAST]; /* a ring */
    size_t past_at;
    int64_t minute; /* monotonic: when the present one began */
    uint32_t loud;  /* alerts in it */
};

void approvals_init(struct approvals *approvals, struct record_keeping *records,
                    const struct approvers *approvers);
void approvals_release(struct approvals *approvals);
/* How long what is asked for from now on waits, in ns. */
void approvals_set(struct approvals *approvals, int64_t within);
/* The gate's MESSAGE_REQUEST and MESSAGE_CONCLUDED. */
void approvals_request(struct approvals *approvals, struct channel *gate,
                       const struct channel_message *message);
void approvals_concluded(struct approvals *approvals, const struct channel_message *message);
/* MESSAGE_PERSON: who the account is that a client of the control socket waits for. */
void approvals_person(struct approvals *approvals, struct control *control, struct channel *gate,
                      const struct channel_message *message);
/* Answers a client's WAITING, APPROVE or DENY, or will; false: it asks for something else. */
PASU_MUST_USE bool approvals_ask(struct approvals *approvals, struct channel *gate,
                                 struct control_client *client);
/* Whether this client may ask for that. */
bool approvals_may(const struct approvals *approvals, const struct control_client *client);
/* The gate is gone: so is what waited. */
void approvals_gate_lost(struct approvals *approvals);
/* Ends what has waited too long, and tells the gate what it has not taken. */
void approvals_look(struct approvals *approvals, struct channel *gate, int64_t now);
/* Milliseconds until approvals_look has something to do, at most `most`. */
int approvals_wait(const struct approvals *approvals, int64_t now, int most);

#endif
