/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes say to each other: plain structs, one enum, one table of who may say what to
 * whom.
 *
 *      supervisor ──── gate      channel S-G
 *      supervisor ──── keeper    channel S-K
 *      gate ────────── keeper    channel G-K: records one way, acknowledgements and questions the
 * other
 *      supervisor ──── herald    channel S-H, where checkpoints are published
 *      keeper ──────── herald    channel K-H: checkpoints and alerts one way, questions for proofs
 * the other supervisor ──── indexer   channel S-I, where the ledger has an index
 *      supervisor ──── watcher   channel S-W: findings, which go on to the keeper
 *
 * When a process is replaced, the supervisor makes a new G-K pair and gives each side its end
 * (MESSAGE_PEER), and so with K-H. The gate then announces its live sessions again, so a new keeper
 * knows them.
 */
#ifndef PASU_LEDGER_MESSAGE_H
#define PASU_LEDGER_MESSAGE_H

#include "base/channel.h"
#include "ledger/finding.h"
#include "ledger/inquiry.h"
#include "ledger/message_mark.h"
#include "ledger/message_size.h"
#include "ledger/message_trial.h"
#include "ledger/tree.h"

enum message_type {
    /* supervisor → gate, keeper */
    MESSAGE_PEER = 1, /* fd: this side's end of a new G-K channel; struct message_empty */
    MESSAGE_CONFIG,   /* fd: a sealed memfd with config_pack's bytes; prepare it; message_generation
                       */
    MESSAGE_COMMIT,   /* put the prepared configuration into force; message_generation */
    MESSAGE_ABANDON,  /* drop the prepared configuration; message_generation */
    MESSAGE_DRAIN, /* gate: no new sessions, end idle ones, exit when none is left or time is over
                    */
    MESSAGE_STOP, /* end now (keeper: after writing what it has); to the herald also the keeper's */
    MESSAGE_PING, /* answer with MESSAGE_PONG */
    MESSAGE_LISTENER, /* gate: fd of a listening socket; message_listener */
    MESSAGE_UPSTREAM, /* gate: a resolved address of a gateway's server; herald: of a target's;
                         message_upstream */
    MESSAGE_PROCESS,  /* keeper: for status: how a process is; message_process */
    /* gate, keeper → supervisor */
    MESSAGE_READY, /* started and serving; the gate also: a later COMMIT is in force; the indexer:
                      the index is up to date; message_empty */
    MESSAGE_PREPARED, /* answer to CONFIG; message_result */
    MESSAGE_PONG,
    MESSAGE_DRAINED, /* gate: no session left; message_empty */
    MESSAGE_RESOLVE, /* gate, herald: connecting failed, look the name up again; message_gateway */
    /* gate → keeper */
    MESSAGE_OPENED,   /* record a session before it is admitted, answer RECORDED; message_session */
    MESSAGE_ANNOUNCE, /* a live session, told to a new keeper: no answer; message_session */
    MESSAGE_CLOSED,   /* record a session's end; message_closed */
    MESSAGE_REFUSED,  /* record a refused connection; message_refused */
    MESSAGE_SESSION,  /* one line of the answer to SESSIONS; message_session_status */
    MESSAGE_SESSIONS_END, /* end of the answer to SESSIONS and KILL; message_sessions_end */
    MESSAGE_STATUS,       /* answer to STATUS_ASK; message_status */
    /* keeper → gate */
    MESSAGE_RECORDED,     /* answer to OPENED; message_result */
    MESSAGE_SESSIONS_ASK, /* message_ask */
    MESSAGE_STATUS_ASK,   /* message_ask */
    MESSAGE_KILL,         /* message_kill */
    MESSAGE_REQUESTED,    /* answer to REQUEST; message_requested */
    MESSAGE_DECIDED,      /* somebody, or the time, has decided about one; message_decided */
    MESSAGE_PERSON_ASK,   /* message_person */
    /* gate → keeper */
    MESSAGE_TALLY, /* one principal, before the answer to STATUS_ASK; message_tally */
    /* gate, keeper → supervisor */
    MESSAGE_PROGRESS, /* still reading the ledger, before READY; message_progress */
    /* gate → supervisor */
    MESSAGE_UNREAD, /* before READY: the ledger could not be read, offer it again; message_result */
    /* supervisor → gate */
    MESSAGE_OFFER, /* after UNREAD: it may be tried again; message_empty */
    /* gate → keeper */
    MESSAGE_LOST,    /* records that found no room on their way; message_lost */
    MESSAGE_CENSUS,  /* record what a server has counted; message_census */
    MESSAGE_BYPASS,  /* record a session that went past pasu; message_bypass */
    MESSAGE_BACKEND, /* record which process of the server a session has; message_backend */
    /* gate → supervisor */
    MESSAGE_SEGMENT_ASK, /* before READY, or after OFFER; message_segment_ask */
    /* supervisor → gate: the answer */
    MESSAGE_SEGMENT,    /* fd of a segment; message_segment */
    MESSAGE_NO_SEGMENT, /* there is none, or why it could not be opened; message_result */
    /* supervisor → keeper */
    MESSAGE_HERALD, /* fd: this side's end of a new K-H channel; message_empty */
    /* keeper → herald */
    MESSAGE_CHECKPOINT, /* the newest one; message_checkpoint */
    MESSAGE_PROOF,      /* that one size goes on from another; message_proof */
    /* herald → keeper */
    MESSAGE_PROVE,        /* asks for a PROOF; message_prove */
    MESSAGE_TARGET,       /* for status: how a target does; message_target */
    MESSAGE_CONTRADICTED, /* a witness has seen another ledger; message_contradicted */
    /* supervisor → gate */
    MESSAGE_IDENTITY, /* fd: the identity index, instead of any before; message_empty */
    /* registrar → supervisor */
    MESSAGE_ENROLL, /* its file has changed, and is to be in force; message_generation: its turn */
    /* supervisor → registrar */
    MESSAGE_ENROLLED, /* it is, or why not; message_result */
    /* registrar → supervisor → keeper; so are its REFUSED */
    MESSAGE_TOLD, /* record what the identity provider has told; message_told */
    /* supervisor → keeper, gate */
    MESSAGE_ROSTER, /* fd: another roster beside the same configuration; message_generation */
    /* gate → supervisor */
    MESSAGE_ROSTERED, /* it is in force, or why not; message_result */
    /* gate → keeper */
    MESSAGE_OWNERLESS, /* a service has sessions, and its owner has left; message_ownerless */
    MESSAGE_ALERT,     /* raise one about what it has told just before; message_alert */
    MESSAGE_REQUEST,   /* a statement waits to be approved: answer REQUESTED; message_request */
    MESSAGE_CONCLUDED, /* what has become of one; message_concluded */
    MESSAGE_PERSON,    /* answer to PERSON_ASK; message_person */
    MESSAGE_TRIED,     /* what came of a TRY; message_tried */
    /* keeper → gate */
    MESSAGE_TRY,     /* a test is coming, or is to be made; message_try */
    MESSAGE_MEASURE, /* answer with METRICS; message_empty */
    /* gate → keeper, keeper → herald */
    MESSAGE_METRICS, /* numbers (ledger/metrics.h); message_metrics */
    /* keeper → herald */
    MESSAGE_DELIVER, /* an alert, to a target; message_delivery */
    /* herald → keeper */
    MESSAGE_DELIVERED, /* it has it; message_delivered */
    MESSAGE_SOURCES,   /* fd: the table of countries and networks (policy/origins.h), from that
                          configuration on; message_generation */
    /* watcher → supervisor → keeper; ledger/finding.h */
    MESSAGE_FINDING, /* record, and raise it */
    MESSAGE_WATCHED, /* for status */
    /* console → clerk; ledger/inquiry.h. PEER of the supervisor's links the two */
    MESSAGE_CODE_WANTED, /* send a code to that contact; there is no answer */
    MESSAGE_CODE_GIVEN,  /* answer with CODE_JUDGED */
    MESSAGE_LOOK,        /* what is to be seen: answer with SEEN or UNSEEN */
    MESSAGE_LEAVE,       /* the session is over */
    /* clerk → console */
    MESSAGE_CODE_JUDGED,
    MESSAGE_SEEN,   /* fd: sealed memory with it; message_result */
    MESSAGE_UNSEEN, /* why not; message_result */
    /* keeper → gate */
    MESSAGE_MARKS_ASK, /* answer with MARKED, and SESSIONS_END; message_ask */
    MESSAGE_CLEAR,     /* a mark is to be taken away, or is: answer CLEARED; message_clear */
    /* gate → keeper */
    MESSAGE_MARKED,  /* message_marked */
    MESSAGE_CLEARED, /* message_clear */
};

struct message_empty {
    uint64_t unused;
};

struct message_generation {
    uint64_t generation; /* counts configurations from 1 */
};

struct message_result {
    uint64_t id;   /* generation or session */
    int32_t error; /* 0 or PASU_E_… */
    uint32_t unused;
};

struct message_progress {
    uint64_t done, all; /* bytes */
};

struct message_listener {
    uint32_t gateway;               /* index in the configuration */
    uint32_t is_proxy;              /* connections begin with a PROXY protocol header */
    char address[ADDRESS_SIZE * 3]; /* as configured, for logs */
};

struct message_upstream {
    uint32_t gateway; /* or target */
    uint32_t count;   /* how many addresses there are, `index` counts from 0 */
    uint32_t index;
    uint32_t length;
    uint8_t address[128]; /* a sockaddr */
};

struct message_told {
    char what[TOLD_SIZE];
};

struct message_gateway {
    uint32_t gateway; /* or target */
    uint32_t unused;
};

enum process_state { PROCESS_AWAY, PROCESS_STARTING, PROCESS_SERVING, PROCESS_SILENT };

struct message_process {
    char name[16];
    int32_t pid; /* 0: not running */
    uint32_t restarts;
    int64_t since;  /* realtime ns */
    int64_t silent; /* PROCESS_SILENT: since when it has not answered, realtime ns */
    uint32_t state; /* enum process_state; STARTING only of who says when it is ready */
    uint32_t unused;
};

/* Where an address was by the databases of that time; all zero: there were none. */
struct message_origin {
    uint8_t is_known; /* 1: it was looked up */
    uint8_t unused;
    char country[2]; /* ISO 3166-1 alpha-2; zeros: in no database */
    uint32_t system; /* autonomous system; 0: in no database */
};

/* The gateway of sessions that come from a log (pasu scan --import): none can be called so. */
#define SESSION_IMPORTED "(import)"

/* Texts are zero-terminated, cut to fit. */
struct message_session {
    uint64_t session; /* random, unique: the session's identity in logs, records and commands */
    int64_t opened;   /* realtime ns */
    uint32_t port;    /* of the client, 0 for a Unix socket */
    uint8_t tls;
    uint8_t replication;
    uint8_t unused[2];
    struct message_origin origin; /* of the address */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];
    char database[NAME_SIZE];
    char application[APPLICATION_SIZE];
    char address[ADDRESS_SIZE];
};

struct message_ownerless {
    int64_t at; /* realtime ns */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];
};

struct message_counts {
    uint64_t statements, rows, bytes_in, bytes_out;
};

struct message_closed {
    uint64_t session;
    int64_t closed; /* realtime ns */
    int32_t error;  /* 0: the client left in order */
    uint32_t unused;
    struct message_counts counts;
};

struct message_refused {
    int64_t at;
    int32_t error;
    uint32_t port;
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE]; /* "" where not known yet */
    char database[NAME_SIZE];
    char address[ADDRESS_SIZE];
};

/* What a census of a database's sessions came to. Stored: numbers are not used again. */
enum census_what {
    CENSUS_COUNTED,
    /* Why sessions past pasu could not be counted: from `since` to `at` by these, */
    CENSUS_RESET,   /* the server's statistics were set to nothing, or lost in a crash */
    CENSUS_UNENDED, /* the gate before ended without a last census */
    CENSUS_OTHER,   /* another server or database is there now, or a gateway leads to another */
    /* from `at` on by these, in all databases of the gateway */
    CENSUS_ALONE,   /* it has no inspector */
    CENSUS_OLD,     /* the server does not count sessions: before PostgreSQL 14 */
    CENSUS_POOLED,  /* something between that shares the server's sessions */
    CENSUS_UNASKED, /* the server cannot be asked */
    CENSUS_WHATS,
};

struct message_census {
    uint8_t what;     /* enum census_what */
    uint8_t is_final; /* of a gate that ends in order: another one can go on from it */
    uint8_t unused[2];
    uint32_t database_oid;
    uint64_t system;         /* the server's identifier; 0: not known */
    int64_t counting, reset; /* realtime ns: since when it has statistics, and the database's */
    int64_t since, at;       /* of the first census that this one goes on from, and this one */
    uint64_t base, sessions; /* what the server had counted at them */
    uint64_t through_least, through_most; /* counted of these since: they came through pasu, */
    uint64_t at_least, at_most;           /* and past it; UINT64_MAX: not known */
    char gateway[GATEWAY_NAME_SIZE];
    char database[NAME_SIZE]; /* "": all; CENSUS_COUNTED: what kept them from being counted is over
                               */
};

struct message_bypass {
    int64_t began;      /* realtime ns, by the server's clock */
    int64_t seen;       /* by ours: the last time, or is_over: at the first look without it */
    uint32_t pid;       /* of the server's process */
    uint32_t port;      /* 0: none, or not known */
    uint8_t is_certain; /* else it can be a session of pasu's own */
    uint8_t replication;
    uint8_t is_over; /* told before: it has ended */
    uint8_t
        verdict; /* enum verdict: allow (the configuration says so), alert, block: we ended it */
    uint8_t is_test; /* of `pasu doctor`, which has told the guard its process */
    uint8_t unused[3];
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE];
    char database[NAME_SIZE]; /* "": of none (replication) */
    char application[APPLICATION_SIZE];
    char address[ADDRESS_SIZE]; /* "": a Unix socket */
};

/* Whose connection it is. Stored: numbers are not used again. */
enum backend_sort {
    BACKEND_OF_GATE,    /* a session's, the inspector's or the census's */
    BACKEND_OF_COMMAND, /* a look-up of one of pasu's commands, which has told the guard of it */
    BACKEND_OF_TEST,    /* of `pasu doctor`, to be seen past pasu; told by it, too */
    BACKEND_SORTS,
};

/* The process of a server that a connection of ours has. */
struct message_backend {
    int64_t at;       /* realtime ns, by our clock: when it was known */
    uint64_t session; /* 0: pasu's own */
    uint32_t pid;     /* of the server's process */
    uint32_t port;    /* that we come from; 0: a Unix socket */
    uint8_t sort;     /* enum backend_sort */
    uint8_t unused[7];
    char gateway[GATEWAY_NAME_SIZE];
    char database[NAME_SIZE];
};

/* What has raised an alert. Stored: numbers are not used again. */
enum alert_control {
    ALERT_OF_BUDGET,
    ALERT_OF_RULE,
    ALERT_OF_ROSTER,         /* who has left, and is still used */
    ALERT_OF_BYPASS,         /* a session past pasu */
    ALERT_OF_SOURCE,         /* where from */
    ALERT_OF_ADMINISTRATORS, /* what administrators do */
    ALERT_OF_DECOY,          /* a made-up person was shown */
    ALERT_OF_DETECTOR,       /* what the detectors have found: `record` is its SEGMENT_FINDING */
    ALERT_CONTROLS,
};

/* An alert about what a principal has done. Those of the same control, rule and principal within a
 * minute of one that was raised become one (ledger/folds.h), which counts them. It holds numbers
 * and names of the configuration and of roles, never a value, and nothing that a client can choose
 * but the name of its role. */
struct message_alert {
    uint64_t
        record; /* index of the first record it is about; of the gate's: the keeper fills it in */
    uint64_t session;        /* the first one; 0: none */
    uint64_t count;          /* how often, at least once */
    int64_t since;           /* realtime ns: of the first */
    uint64_t rows, subjects; /* shown by them all: rows, and at most so many persons */
    uint8_t severity;        /* 1 low to 5 critical */
    uint8_t control;         /* enum alert_control */
    uint8_t verdict;         /* enum verdict: what was done about it */
    uint8_t unused[5];
    char principal[NAME_SIZE];  /* "": not known */
    char rule[ALERT_RULE_SIZE]; /* its name: of a rule, or what budget_rule_text says of a budget */
    char text[ALERT_TEXT_SIZE]; /* for people */
};

/*
 * A statement that waits for a second person (ledger/approvals.h). The gate fills in what is asked
 * for, by whom; the keeper the rest.
 */
struct message_request {
    uint64_t session;
    uint64_t serial; /* the session's: comes back in the answer */
    uint64_t fingerprint;
    uint64_t number;              /* the keeper's: index of its record */
    int64_t since, until;         /* the keeper's: realtime ns */
    uint32_t decision;            /* the keeper's: enum approval_decision; 0: it waits */
    uint32_t is_signed;           /* that `claimed` is, and counts: 0 or 1 */
    char principal[NAME_SIZE];    /* texts are zero-terminated, cut to fit */
    char purpose[NAME_SIZE];      /* what for, as the statement says; "" */
    char address[ADDRESS_SIZE];   /* where the session comes from, as address_text writes it */
    char claimed[ADDRESS_SIZE];   /* where its application says that the user is, or "?"; "" */
    char actor[NAME_SIZE];        /* for whom its application says that it asks; "" */
    char person[ALERT_TEXT_SIZE]; /* who owns the principal, by the roster; "": not known */
    char rule[ALERT_RULE_SIZE];   /* as exposures have it */
    char fields[ALERT_TEXT_SIZE]; /* that it can show: names, with a comma between */
    char sql[REQUEST_SQL_SIZE];   /* normalized */
};

struct message_requested {
    uint64_t session, serial;
    uint64_t number; /* 0 where there is an error */
    int64_t within;  /* ns */
    int32_t error;
    uint32_t unused;
};

/* What somebody says of one. Stored: numbers are not used again. */
enum approval_decision {
    DECISION_APPROVED = 1,
    DECISION_DENIED,
    DECISION_REFUSED_OWN,  /* an approval that does not count: it is their own statement */
    DECISION_REFUSED_LEFT, /* or they have left, by the roster */
    DECISIONS,
    DECISION_EXPIRED = DECISIONS, /* in messages: the time is over */
};

struct message_decided {
    uint64_t session, number;
    uint32_t decision; /* DECISION_APPROVED, DECISION_DENIED, DECISION_EXPIRED */
    uint32_t unused;
    char who[NAME_SIZE];
};

/* What has become of one. Stored, as above. */
enum approval_end {
    APPROVAL_RELEASED = 1, /* it went on */
    APPROVAL_DENIED,
    APPROVAL_EXPIRED,
    APPROVAL_CLIENT_GONE, /* the client left while it waited */
    APPROVAL_CANCELLED,   /* or took it back by a cancel request */
    APPROVAL_SERVER,      /* the server has ended the session */
    APPROVAL_ENDED,       /* pasu has: killed, left by the roster, shut down */
    APPROVAL_LOST,        /* the process that held it back, or knew of it, is gone */
    APPROVAL_RULED,       /* approved, and a rule of another configuration refuses it by now */
    APPROVAL_ENDS,
};

struct message_concluded {
    uint64_t number;
    uint8_t end; /* enum approval_end */
    uint8_t unused[7];
};

/* Who an account is, by the roster. */
struct message_person {
    uint64_t question;
    uint32_t is_left;
    uint32_t unused;
    char name[NAME_SIZE];         /* of the account */
    char person[ALERT_TEXT_SIZE]; /* the owner of the principal of that name; "": there is none */
};

/* Who is told of alerts. Stored. */
enum alert_target { ALERT_WEBHOOK, ALERT_SYSLOG, ALERT_EMAIL, ALERT_TARGETS };

/* Texts are zero-terminated. */
struct message_delivery {
    uint32_t target; /* enum alert_target */
    uint8_t is_own;  /* SEGMENT_ALERT: its control is that of its rule, or ALERT_CONTROLS */
    uint8_t step;    /* 0: raised; else it has climbed that far */
    uint8_t is_over; /* the alert's session has ended, as far as the ledger knows */
    uint8_t unused;
    uint64_t number;               /* index of the record: of each delivery another one */
    uint64_t alert;                /* index of the alert's */
    int64_t time, raised_at;       /* realtime ns: of these records */
    char ledger[TARGET_NAME_SIZE]; /* its origin, cut to fit */
    char to[ALERT_TEXT_SIZE];      /* who has it now; "": nobody is named */
    struct message_alert body;
    struct message_finding finding; /* ALERT_OF_DETECTOR: what it is about; else zeros */
};

struct message_delivered {
    uint32_t target;
    uint32_t unused;
    uint64_t number;
};

struct message_segment_ask {
    uint64_t index; /* the segment that begins at this record or behind it; or that has it */
};
#define MESSAGE_SEGMENT_WITHIN (UINT64_C(1) << 63) /* in `index`: the one that has it is meant */

struct message_segment {
    uint64_t index; /* that was asked for */
    uint64_t first; /* of its first record */
    uint64_t left;  /* segments from it on */
};

struct message_lost {
    uint64_t count;
    int64_t since; /* realtime ns, of the first */
};

struct message_ask {
    uint64_t question; /* comes back in the answers */
};

struct message_session_status {
    uint64_t question;
    struct message_session session;
    struct message_counts counts;
    uint64_t subjects; /* whom it was the first of its principal's sessions to show today */
    uint64_t approval; /* number of what it waits for to be approved; 0: nothing */
    char state[STATE_SIZE];
};

struct message_sessions_end {
    uint64_t question;
    uint64_t count; /* sessions listed or killed */
};

struct message_kill {
    uint64_t question;
    uint64_t session;          /* 0: by principal */
    char principal[NAME_SIZE]; /* used when session is 0 */
};

struct message_status {
    uint64_t question;
    uint64_t sessions, sessions_total, refused_total, cancels_total, unrecorded_total;
    uint64_t allocations;         /* of the gate process since it started */
    int64_t started;              /* realtime ns */
    struct message_counts counts; /* of all sessions, ended ones included */
    uint32_t workers;
    uint32_t draining;
    uint64_t approvals; /* sessions that wait for one */
    /* Columns in the identity indexes of the databases that sessions are in; of these, those that
     * are as their tables are; and the realtime of the oldest of them, 0: there is none. */
    uint32_t identity_columns, identity_current;
    int64_t identity_at;
    /* Workers that stand still, a bit each; and since when the first does, realtime ns. */
    uint64_t still;
    int64_t still_since;
};

/* How many different persons a principal was shown in each window, and the numbers that its budgets
 * allow; UINT64_MAX: no budget. */
struct message_tally {
    uint64_t question;
    uint64_t known[MESSAGE_WINDOWS], unknown[MESSAGE_WINDOWS];
    uint64_t block[MESSAGE_WINDOWS], mask[MESSAGE_WINDOWS], alert[MESSAGE_WINDOWS];
    char principal[NAME_SIZE];
};

struct message_checkpoint {
    uint64_t size; /* records that it covers */
    uint32_t length;
    uint32_t unused;
    uint8_t note[MESSAGE_NOTE_MAX]; /* the first `length` bytes */
};

struct message_contradicted {
    uint32_t index; /* the witness's, as in message_target */
    uint32_t unused;
    uint64_t offered, seen; /* records: of the checkpoint that it was shown, and that it has */
};

struct message_prove {
    uint64_t from, to; /* sizes, as of tree_prove_consistency */
};

struct message_proof {
    uint64_t from, to;
    uint32_t count; /* hashes; 0 also where there is no such proof */
    uint32_t unused;
    struct tree_hash hashes[TREE_CONSISTENCY_MAX];
};

/* Texts are zero-terminated, cut to fit, and have no secret in them. */
struct message_target {
    uint32_t index; /* of all targets, from 0, below `count` */
    uint32_t count;
    char kind[16];
    char name[TARGET_NAME_SIZE];
    uint64_t size;   /* of the last checkpoint, or number of the last alert, that it has; 0: none */
    uint64_t alerts; /* 0: of checkpoints; else enum alert_target, and one more */
    uint64_t waiting;  /* of alerts: how many it has not got yet; the keeper fills it in */
    int64_t done_at;   /* realtime ns, when it had that; 0: never */
    int64_t failed_at; /* realtime ns, since when it has not what it should have; 0: it has */
    char error[TARGET_ERROR_SIZE];
};

/* Which messages a process may receive on which channel. */
extern const struct channel_rule message_rules_gate_from_supervisor[];
extern const size_t message_rules_gate_from_supervisor_count;
extern const struct channel_rule message_rules_gate_from_keeper[];
extern const size_t message_rules_gate_from_keeper_count;
extern const struct channel_rule message_rules_keeper_from_supervisor[];
extern const size_t message_rules_keeper_from_supervisor_count;
extern const struct channel_rule message_rules_keeper_from_gate[];
extern const size_t message_rules_keeper_from_gate_count;
extern const struct channel_rule message_rules_keeper_from_herald[];
extern const size_t message_rules_keeper_from_herald_count;
extern const struct channel_rule message_rules_herald_from_supervisor[];
extern const size_t message_rules_herald_from_supervisor_count;
extern const struct channel_rule message_rules_herald_from_keeper[];
extern const size_t message_rules_herald_from_keeper_count;
extern const struct channel_rule message_rules_supervisor_from_herald[];
extern const size_t message_rules_supervisor_from_herald_count;
extern const struct channel_rule message_rules_supervisor_from_gate[];
extern const size_t message_rules_supervisor_from_gate_count;
extern const struct channel_rule message_rules_supervisor_from_keeper[];
extern const size_t message_rules_supervisor_from_keeper_count;
extern const struct channel_rule message_rules_registrar_from_supervisor[];
extern const size_t message_rules_registrar_from_supervisor_count;
extern const struct channel_rule message_rules_supervisor_from_registrar[];
extern const size_t message_rules_supervisor_from_registrar_count;
extern const struct channel_rule message_rules_indexer_from_supervisor[];
extern const size_t message_rules_indexer_from_supervisor_count;
extern const struct channel_rule message_rules_supervisor_from_indexer[];
extern const size_t message_rules_supervisor_from_indexer_count;

#endif
