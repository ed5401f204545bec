/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command says to the keeper over the control socket, and what it hears: plain structs, both
 * ends being the same program on the same machine. One request a connection; frames come back until
 * CONTROL_END.
 */
#ifndef PASU_LEDGER_CONTROL_PROTOCOL_H
#define PASU_LEDGER_CONTROL_PROTOCOL_H

#include "ledger/payload.h"

enum {
    CONTROL_MAGIC = 0x75736170,
    CONTROL_VERSION = 11,
    CONTROL_BODY_MAX = 4096,
    CONTROL_TEXT_SIZE = 256,
    CONTROL_MORE_MAX = 16384
};

enum control_verb {
    CONTROL_STATUS = 1,
    CONTROL_SESSIONS,
    CONTROL_KILL,
    CONTROL_FLUSH,    /* what the rings hold is in the ledger before the answer */
    CONTROL_ASKED,    /* the same, and behind it that `who` (a command) asked about `what` */
    CONTROL_EXPORTED, /* all records that there are go to `what` */
    CONTROL_HOLD,     /* for `who`, because of `what`: the answer's count is its number */
    CONTROL_RELEASE,  /* of the hold `number` */
    CONTROL_ERASE,  /* the key of the directory's entry `number` is destroyed, because of `what` */
    CONTROL_ROTATE, /* the ledger gets another key, because of `what`: count is its record's index
                     */
    CONTROL_ACKNOWLEDGE, /* the alert `number`, by `who`, because of `what` */
    CONTROL_WAITING,     /* what waits to be approved: CONTROL_REQUEST */
    CONTROL_APPROVE,     /* the request `number`, because of `what`: answers CONTROL_REQUEST, too */
    CONTROL_DENY,        /* the same */
    /* ledger/certify.h */
    CONTROL_OPENING = 16, /* count: the index of its record */
    CONTROL_CHECKPOINT,   /* count: how many records the checkpoint covers */
    CONTROL_CERTIFICATE,  /* answers CONTROL_NOTE */
    /* Of an incident; count: its number, or, of the first one, that which it has now. */
    CONTROL_INCIDENT = 20, /* what was done, or became known */
    CONTROL_CLOCK,         /* a deadline of it */
    /* ledger/trials.h */
    CONTROL_TRY = 24,    /* count: the token that the test is known by */
    CONTROL_TRIED,       /* of the token `number`: answers CONTROL_TRIAL */
    CONTROL_DECOYS = 28, /* registers a set: count is its number */
    CONTROL_RETIRE,      /* the set `number`, for `who`, because of `what` */
    /* ledger/clearing.h */
    CONTROL_MARKS = 32, /* those that there are: CONTROL_MARK */
    CONTROL_CLEAR,      /* of one relation: answers CONTROL_MARK, what was taken away */
};

/* Which list of which exposure is to be opened, and from where on its record is found: a place as
 * of ledger/records.h. */
struct control_opening {
    uint64_t segment, offset, from;
    uint64_t record;
    uint8_t part, which;
    uint8_t unused[6];
};

/* A control that is to be tried. Texts are zero-terminated. */
struct control_try {
    uint32_t control; /* enum trial_control */
    uint32_t pid;     /* BYPASS, ARRIVAL: the server's process; ARRIVAL: 0: no more come */
    uint32_t window;  /* BUDGET: of MESSAGE_WINDOWS */
    uint32_t count;   /* VISIT: how many connections; RULE: its enum config_verdict */
    uint64_t number;  /* DECOY: the set; ARRIVAL, BYPASS: the visit's token; RULE: the fields */
    uint32_t port;    /* ARRIVAL, BYPASS: that it comes from; 0: a Unix socket. RULE: the verb */
    uint32_t unused;
    int64_t began; /* BYPASS: when the server began the process, realtime ns by its clock */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];
    char address[ADDRESS_SIZE];
    char what[TRIAL_WHAT_SIZE];
};

/* What came of it. */
struct control_trial {
    uint8_t is_over;
    uint8_t is_held;
    uint8_t is_other; /* it came to an end before the control was asked: nothing is recorded */
    uint8_t unused;
    int32_t error; /* by which it was refused; 0: by none */
    int64_t took;  /* ns, since CONTROL_TRY */
};

/* A set of decoys; of `number`, where that is not 0, the ordinals that are known now. Texts are
 * zero-terminated. */
struct control_decoys {
    uint64_t number;
    uint32_t count, unused;
    char kind[NAME_SIZE], principal[NAME_SIZE];
    char who[CONTROL_TEXT_SIZE], why[CONTROL_TEXT_SIZE];
    struct payload_decoy items[DECOY_SET_MAX];
};

/* What was done about an incident, as payload_incident. Texts are zero-terminated. */
struct control_incident {
    uint64_t number;
    int64_t moment;
    uint64_t about, at_least, at_most;
    uint32_t what, length; /* of `more` */
    char who[CONTROL_TEXT_SIZE], why[CONTROL_TEXT_SIZE];
    uint8_t more[CONTROL_MORE_MAX];
};

/* A deadline, as payload_clock. */
struct control_clock {
    uint64_t number;
    int64_t due, since;
    uint32_t state, unused;
    char name[NAME_SIZE], law[CONTROL_TEXT_SIZE];
};

/* Of which relation of which database: `mark` as of gate/catalog_clear.h; because of `why`. */
struct control_clear {
    struct ring_mark mark;
    char why[CONTROL_TEXT_SIZE];
};

struct control_request {
    uint32_t magic, version;
    uint32_t verb;
    uint32_t unused;
    union {
        struct {
            uint64_t session;          /* KILL: 0 for by principal */
            char principal[NAME_SIZE]; /* KILL */
            uint64_t number;           /* RELEASE, ERASE, ACKNOWLEDGE, APPROVE, DENY */
            union {
                uint64_t looked;  /* ACKNOWLEDGE: as of payload_acknowledged */
                uint64_t is_over; /* TRIED: it was not refused, and nothing more comes */
            };
            char who[CONTROL_TEXT_SIZE], what[CONTROL_TEXT_SIZE];
        };
        struct control_try trial;       /* TRY */
        struct control_opening opening; /* OPENING */
        struct control_decoys decoys;   /* DECOYS */
        uint8_t digest[32];             /* CERTIFICATE: SHA-256 of its bytes */
        struct control_incident incident;
        struct control_clock clock;
        struct control_clear clear;
    };
};

enum control_frame {
    CONTROL_PROCESS = 1, /* struct message_process */
    CONTROL_GATE,        /* struct message_status */
    CONTROL_SESSION,     /* struct message_session_status */
    CONTROL_END,         /* struct control_end */
    CONTROL_TALLY,       /* struct message_tally */
    CONTROL_REQUEST,     /* struct control_waiting */
    CONTROL_NOTE = 16,   /* a signed note, as it is written */
    CONTROL_TARGET,      /* struct message_target */
    CONTROL_TRIAL,       /* struct control_trial */
    CONTROL_DEADLINE,    /* struct control_clock */
    CONTROL_WATCHED,     /* struct message_watched */
    CONTROL_MARK,        /* struct ring_mark */
    CONTROL_LEDGER,      /* struct control_ledger: only while it cannot be written */
};

/* Why nothing can be recorded, or signed, now, as the keeper last found it. */
struct control_ledger {
    int64_t since;    /* realtime ns */
    uint64_t missing; /* records of sessions and commands that are lost; rows wait in the rings */
    int32_t error;
    uint32_t is_recorded; /* 1: only signatures are missing */
};

struct control_frame_head {
    uint32_t type;
    uint32_t length; /* of the body */
};

struct control_waiting {
    struct message_request request;
    char who[CONTROL_TEXT_SIZE]; /* that has decided; "": nobody has */
};
_Static_assert(sizeof(struct control_waiting) <= CONTROL_BODY_MAX, "the longest body");

struct control_end {
    int32_t error; /* 0 or PASU_E_… */
    uint32_t unused;
    uint64_t count; /* sessions listed or killed; or as the verb says */
};

#endif
