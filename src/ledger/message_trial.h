/* SPDX-License-Identifier: Apache-2.0 */
/* What keeper and gate tell each other of tests of the controls (gate/trial.h), and of connections
 * of pasu's own commands (gate/visit.h). A part of message.h. */
#ifndef PASU_LEDGER_MESSAGE_TRIAL_H
#define PASU_LEDGER_MESSAGE_TRIAL_H

#include "ledger/message_size.h"

#include <stdint.h>

/* What `pasu doctor` tries. Stored: numbers are not used again. */
enum trial_control {
    TRIAL_OF_SOURCE, /* where from: a rule refuses it */
    TRIAL_OF_LEAVER,
    TRIAL_OF_BUDGET,
    TRIAL_OF_EXIT,   /* a statement by which data would leave through the server */
    TRIAL_OF_BYPASS, /* a session past pasu is seen */
    TRIAL_OF_DECOY,  /* whoever is shown one is told of */
    TRIAL_OF_RULE,   /* what a rule decides of a statement */
    TRIAL_CONTROLS,
};

/* No tests, and not stored: commands' connections to the server (gate/visit.h). */
enum {
    TRY_OF_VISIT = TRIAL_CONTROLS, /* so many are coming */
    TRY_OF_ARRIVAL,                /* one of them is there, or none of them comes any more */
    TRY_CONTROLS
};

/* A test (gate/trial.h). Texts are zero-terminated. */
struct message_try {
    uint64_t token;    /* by which the connection that makes it is known */
    uint64_t question; /* answered by SESSIONS_END, whose count is the token; 0: nobody asks */
    uint32_t control;  /* enum trial_control */
    uint32_t window;   /* BUDGET: of MESSAGE_WINDOWS */
    uint32_t count;    /* VISIT: how many connections; RULE: rule_trial (policy/rule.h) */
    uint32_t pid;      /* ARRIVAL, BYPASS: the server's process; 0: no more of them come */
    uint64_t visit;    /* ARRIVAL, BYPASS: the token that it was announced by; RULE: the fields */
    uint32_t port;     /* ARRIVAL, BYPASS: that it comes from; 0: a Unix socket. RULE: the verb */
    uint32_t unused;
    int64_t began; /* BYPASS: when the server began the process, realtime ns by its clock */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];  /* as whom */
    char address[ADDRESS_SIZE]; /* SOURCE, RULE: as if from there */
    char database[NAME_SIZE];   /* VISIT; RULE: what records call it, or the beginning of that */
};

struct message_tried {
    uint64_t token;
    int64_t at;
    int32_t error; /* by which it was refused; 0: it was not */
    uint32_t unused;
};

#endif
