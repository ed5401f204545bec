/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command says to the keeper over the control socket, and what it hears: plain structs, both
 * ends being the same program on the same machine. One request a connection; frames come back until
 * CONTROL_END.
 */
#ifndef PASU_LEDGER_CONTROL_PROTOCOL_H
#define PASU_LEDGER_CONTROL_PROTOCOL_H

#include "ledger/message.h"

enum { CONTROL_MAGIC = 0x75736170, CONTROL_VERSION = 2, CONTROL_BODY_MAX = 2048 };

enum control_verb {
    CONTROL_STATUS = 1,
    CONTROL_SESSIONS,
    CONTROL_KILL,
    CONTROL_FLUSH, /* what the rings hold is in the ledger before the answer */
};

struct control_request {
    uint32_t magic, version;
    uint32_t verb;
    uint32_t unused;
    uint64_t session;          /* KILL: 0 for by principal */
    char principal[NAME_SIZE]; /* KILL */
};

enum control_frame {
    CONTROL_PROCESS = 1, /* struct message_process */
    CONTROL_GATE,        /* struct message_status */
    CONTROL_SESSION,     /* struct message_session_status */
    CONTROL_END,         /* struct control_end */
    CONTROL_TALLY,       /* struct message_tally */
    CONTROL_TARGET,      /* struct message_target */
};

struct control_frame_head {
    uint32_t type;
    uint32_t length; /* of the body */
};

struct control_end {
    int32_t error; /* 0 or PASU_E_… */
    uint32_t unused;
    uint64_t count; /* sessions listed or killed */
};

#endif
