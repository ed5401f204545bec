/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payloads of the ledger's records: between a struct and the bytes that docs/spec/ledger.md,
 * "Types", fixes. payload.def lists them; each has
 *
 *      payload_write_<name>   struct → bytes
 *      payload_read_<name>    bytes → struct
 *
 * There is one way to write each: what is read without an error is written to the same bytes again.
 * Texts are zero-terminated in the structs; what does not fit before the zero is cut when it is
 * written, and no payload when it is read. Members named `unused`, `zero` or `looked` are in no
 * payload.
 *
 * Pure: no allocation, any thread. Payloads that are read are hostile bytes; views borrow from
 * them.
 */
#ifndef PASU_LEDGER_PAYLOAD_H
#define PASU_LEDGER_PAYLOAD_H

#include "ledger/message.h"
#include "ledger/ring.h"
#include "ledger/segment_writer.h"
#include "ledger/tree.h"

enum {
    PAYLOAD_TEXT_SIZE = 256, /* 255 bytes and a zero */
    PAYLOAD_DIGEST_SIZE = 32,
    PAYLOAD_SEED_SIZE = 32,
    PAYLOAD_SIGNATURE_SIZE = 64,
    PAYLOAD_SMALL_MAX = 1024, /* bytes of any payload that has no view in its struct */
};

/* Keepers that start and stop have nothing more to say. */
struct payload_none {
    uint8_t unused;
};

/* Records that could not be written before this one. */
struct payload_gap {
    uint64_t count;
    int64_t since; /* realtime ns, of the first */
    int32_t error; /* of the first: PASU_E_… */
    uint32_t unused;
};

/* A statement's normalized text. */
struct payload_shape {
    uint64_t fingerprint;
    struct view sql;
};

/* A new entry of the subject directory. */
struct payload_ordinal {
    struct ring_ordinal head;
    struct view sealed; /* the key */
};

/* An operator asked to end sessions. */
struct payload_kill {
    uint64_t session; /* 0: those of the principal */
    uint32_t uid;     /* of who asked */
    uint32_t pid;
    char principal[NAME_SIZE];
};

struct payload_policy {
    uint8_t digest[PAYLOAD_DIGEST_SIZE]; /* SHA-256 of the file */
    uint64_t generation;                 /* counts configurations from 1 */
};

struct payload_roster {
    uint8_t digest[PAYLOAD_DIGEST_SIZE]; /* SHA-256 of the file */
    uint32_t principals;
};

struct payload_alert {
    uint64_t record; /* index of what it is about; of rule `hold`, the newest hold's number */
    uint8_t severity;
    char rule[PAYLOAD_TEXT_SIZE], text[PAYLOAD_TEXT_SIZE];
};

struct payload_acknowledged {
    uint64_t alert; /* index of its record */
    uint32_t uid;
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
    uint64_t looked; /* in no payload: records below it are known not to acknowledge it */
};

/* Nobody has acknowledged an alert in time: somebody else is told. */
struct payload_escalated {
    uint64_t alert; /* index of its record */
    uint8_t step; /* which of the configuration's, from 1; the last one's time is over: one more */
    char to[PAYLOAD_TEXT_SIZE];
};

/* A statement waits for somebody to approve it; its number is the record's index. */
struct payload_requested {
    uint64_t session;
    int64_t until; /* realtime ns: then it is refused */
    uint64_t fingerprint;
    char principal[NAME_SIZE], actor[NAME_SIZE]; /* actor "": none */
    char rule[ALERT_RULE_SIZE];                  /* as exposures have it */
    char fields[PAYLOAD_TEXT_SIZE]; /* that it can show: names, with a comma between, cut to fit */
    struct view sql;                /* normalized, cut to fit a message */
};

/* Somebody has said what is to become of one. */
struct payload_decided {
    uint64_t number; /* of the request */
    uint32_t uid;
    uint8_t decision; /* enum approval_decision */
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
};

/* `pasu doctor` has tried a control. A test: nobody was shown anything. */
struct payload_tried {
    int64_t at;      /* realtime ns */
    int32_t error;   /* by which it was refused; 0: by none */
    uint32_t uid;    /* who asked for it */
    uint8_t control; /* enum trial_control */
    uint8_t is_held; /* the control did what it is for */
    char gateway[GATEWAY_NAME_SIZE];
    char principal[NAME_SIZE],
        address[ADDRESS_SIZE];  /* as whom and from where; "": nobody, nowhere */
    char what[TRIAL_WHAT_SIZE]; /* which: "rule overseas", "budget app hour 100", … */
};

enum imported_what { IMPORTED_PIECE, IMPORTED_LOG, IMPORTED_WHATS };

/* A piece of a log, whose exposures stand before it in its batch; or, behind all pieces, the log.
 */
struct payload_imported {
    uint64_t from, to;        /* bytes of the log, without its compression */
    int64_t first, last;      /* realtime ns of the exposures; 0: there are none */
    uint64_t lines, unparsed; /* of the log; of a piece, 0 */
    uint64_t exposures;
    uint8_t
        digest[PAYLOAD_DIGEST_SIZE]; /* SHA-256 of the piece; of a log, of all pieces' digests */
    uint32_t uid;                    /* who has imported it */
    uint8_t what;                    /* enum imported_what */
    char log[PAYLOAD_TEXT_SIZE];     /* as it was called, cut to fit */
};

/* Pasu was asked about people. */
struct payload_asked {
    uint32_t uid, pid;
    char command[PAYLOAD_TEXT_SIZE];
    char filters[PAYLOAD_TEXT_SIZE]; /* keys only as keyed hashes */
};

struct payload_exported {
    uint32_t uid, pid;
    uint64_t from, to; /* indexes of the records: the first, and behind the last */
    char where[PAYLOAD_TEXT_SIZE];
};

/* Also of its release. */
struct payload_hold {
    uint64_t number;
    uint32_t uid;
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
};

enum incident_what {
    INCIDENT_OPENED = 1,
    INCIDENT_DETECTED,
    INCIDENT_SCOPE,
    INCIDENT_HELD,
    INCIDENT_TOLD,
    INCIDENT_SIGNED,
    INCIDENT_MET,
    INCIDENT_MATERIAL,
    INCIDENT_NOTICED,
    INCIDENT_DELIVERED,
    INCIDENT_REPORTED,
    INCIDENT_CLOSED,
    INCIDENT_WHATS
};

enum { INCIDENT_MORE_MAX = 16384 };

/* What was done about an incident, or became known of it. docs/spec/ledger.md, "Incidents", says
 * what the members mean in each. */
struct payload_incident {
    uint64_t number; /* not above the index of the record that opened it */
    int64_t moment;  /* realtime ns; 0: none */
    uint64_t about;
    uint64_t at_least, at_most; /* persons */
    uint32_t uid;
    uint8_t what; /* enum incident_what */
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
    struct view more; /* JSON, or nothing */
};

enum clock_state { CLOCK_RUNS, CLOCK_NEARS, CLOCK_OVER, CLOCK_MET, CLOCK_ENDED, CLOCK_STATES };

/* A deadline of an incident. */
struct payload_clock {
    uint64_t number;    /* of the incident */
    int64_t due, since; /* realtime ns */
    uint32_t uid;
    uint8_t state; /* enum clock_state */
    char name[NAME_SIZE];
    char law[PAYLOAD_TEXT_SIZE];
};

struct payload_pruned {
    uint64_t first, end;  /* indexes of the records: the first, and behind the last */
    int64_t since, until; /* realtime ns: of the ledger's first record; the latest of these */
    uint64_t carried;     /* what is carried over is in records from this index on */
    uint8_t signature[PAYLOAD_SIGNATURE_SIZE]; /* ledger/pruned.h */
    /* Roots of the whole subtrees that the first `end` leaves make, TREE_HASH_SIZE bytes each, left
     * to right: one for each bit that is set in `end`. */
    struct view frontier;
};

/* A record of those that were deleted, which later ones refer to. */
struct payload_carried {
    uint64_t index; /* that it had */
    int64_t time;
    uint16_t type;       /* enum segment_type */
    uint16_t age;        /* runs of the gate that were begun since, as of then */
    struct view payload; /* as it was; of a mark, what is in force */
};

/* A record that is gone. */
struct payload_right_of {
    uint64_t index;
    int64_t time;
};

/* A statement by which rights were given, taken or changed, whose records were deleted by age
 * (ledger/rights.h): its exposure, which shows nobody, its session and its text, as they were. */
struct payload_right {
    struct payload_right_of exposure, opened,
        shape; /* opened, shape: of index 0, it is not known */
    uint16_t exposure_length, opened_length, shape_length;
    struct view bytes; /* their payloads, one behind the other */
};

struct payload_erased {
    uint32_t ordinal; /* of the directory */
    uint32_t uid;
    char why[PAYLOAD_TEXT_SIZE];
};

struct payload_opening {
    uint64_t record; /* index of the exposure */
    uint8_t part;
    uint8_t which;  /* 0 ordinals, 1 missed ones */
    uint32_t count; /* of ordinals */
    struct tree_hash root;
    uint8_t seed[PAYLOAD_SEED_SIZE]; /* not in the entry */
};

enum {
    DECOY_SET_MAX = 32, /* decoys in one record */
    DECOY_VALUES = 2,   /* by which one is recognised beside its key: e-mail address, telephone */
    DECOY_HASH_SIZE = 8,
};

/* A made-up person, as its bytes are. What is all zero is not known. */
struct payload_decoy {
    uint32_t ordinal; /* in exposures */
    uint8_t is_known; /* that is known: else the key has no number of its own yet */
    uint8_t unused[3];
    uint8_t key[16]; /* keyed hash of the key, as the directory has it (exposure/seal.h) */
    uint8_t values[DECOY_VALUES][DECOY_HASH_SIZE]; /* the first bytes of the values' keyed hashes */
};

/* Made-up persons that were planted together. */
struct payload_decoys {
    uint64_t number;           /* that no other set has: about the index of its first record */
    int64_t planted;           /* realtime ns */
    int64_t retired;           /* the same; 0: they are watched */
    uint32_t uid;              /* who registered them */
    char kind[NAME_SIZE];      /* of subject */
    char principal[NAME_SIZE]; /* to whom alone a view shows them; "": to all */
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
    struct view items; /* struct payload_decoy, 1 to DECOY_SET_MAX */
};

enum { PAYLOAD_DECOYS_MAX = 32 + 2 * NAME_SIZE + 2 * PAYLOAD_TEXT_SIZE + DECOY_SET_MAX * 40 };

/* They are watched no longer. */
struct payload_retired {
    uint64_t number;
    int64_t at; /* realtime ns */
    uint32_t uid;
    char who[PAYLOAD_TEXT_SIZE], why[PAYLOAD_TEXT_SIZE];
};

/* The marks of a relation were taken away: all that are older. Of `mark`: number, fields, kinds,
 * vocabulary, relation, whose it is, and how the relation was called. */
struct payload_cleared {
    struct ring_mark mark;
    uint32_t uid;
    char why[PAYLOAD_TEXT_SIZE];
};

/* write: the length, or PASU_E_RANGE: no room in `size` bytes, or nothing that can be in a payload
 * (a port above 65535, a mark of nothing, a list with nobody in it, …).
 * read: 0, or PASU_E_CORRUPT: no bytes that write makes; of the struct nothing holds then. */
#define X(type, name, record, check, ...)                                                          \
    PASU_MUST_USE ssize_t payload_write_##name(const struct record *body, uint8_t *bytes,          \
                                               size_t size);                                       \
    PASU_MUST_USE int payload_read_##name(struct record *body, struct view payload);
#include "ledger/payload.def"
#undef X

union payload_body {
#define X(type, name, record, check, ...) struct record name;
#include "ledger/payload.def"
#undef X
};

/* The same by a record's type (enum segment_type, or any number), in the union's member of its
 * name. PASU_E_NOTFOUND: not in payload.def. */
PASU_MUST_USE ssize_t payload_write(uint32_t type, const union payload_body *body, uint8_t *bytes,
                                    size_t size);
PASU_MUST_USE int payload_read(uint32_t type, union payload_body *body, struct view payload);

#endif
