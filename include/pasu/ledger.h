/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and verifies pasu's ledgers from other programs: link with `pkg-config --libs pasu-ledger`.
 * The format is docs/spec/ledger.md of pasu's sources; nothing here writes.
 *
 *      struct pasu_ledger *ledger;
 *      struct pasu_reader *reader;
 *      struct pasu_record record = {sizeof(record)};
 *
 *      if (pasu_ledger_open("/var/lib/pasu/ledger", &ledger) == 0 &&
 *          pasu_reader_open(ledger, &reader) == 0)
 *          while (pasu_reader_next(reader, &record) == 1)
 *              …
 *
 * Errors are negative numbers (enum pasu_ledger_error). The bytes of a folder, checkpoints and
 * proofs may be anybody's: the answer is an error or a finding, never a crash. A guard may be
 * writing to the folder meanwhile.
 *
 * A structure that is passed has its size as its first member, set by the caller: a later version
 * adds members at the end and looks at no more than that size. A handle belongs to one thread at a
 * time; several handles of one folder are independent.
 */
#ifndef PASU_LEDGER_PUBLIC_H
#define PASU_LEDGER_PUBLIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pasu_ledger_error {
    PASU_LEDGER_NOMEM = -1,
    PASU_LEDGER_IO = -2,
    PASU_LEDGER_DENIED = -3,
    PASU_LEDGER_NOTFOUND = -4,  /* no ledger, or no such file */
    PASU_LEDGER_DAMAGED = -5,   /* of a reader: here, and it goes on behind it */
    PASU_LEDGER_MALFORMED = -6, /* a key, a checkpoint or a proof that is none */
    PASU_LEDGER_UNPROVED = -7,  /* well-formed, and not so */
    PASU_LEDGER_MISUSE = -8,    /* a structure's size, or an argument */
    PASU_LEDGER_FAILED = -9     /* cryptography or the system */
};

/* "not proved" and its like, in English; never NULL. */
const char *pasu_ledger_error_text(int error);
/* "0.1.0" */
const char *pasu_ledger_version(void);

struct pasu_ledger; /* a folder that is open */
struct pasu_reader;

/* The folder, or a copy of it. *ledger is NULL after an error. */
int pasu_ledger_open(const char *folder, struct pasu_ledger **ledger);
/* NULL is allowed. No reader of it may be open. */
void pasu_ledger_close(struct pasu_ledger *ledger);

/* ---- reading ---- */

struct pasu_record {
    size_t size; /* of this structure */
    uint64_t index;
    int64_t time;  /* nanoseconds since 1970-01-01 UTC */
    uint32_t type; /* as the specification numbers them; a later pasu has more */
    uint32_t is_encrypted;
    const uint8_t *payload; /* until the next call; NULL where it is encrypted */
    size_t payload_length;
    const uint8_t *entry; /* the bytes whose hash is the leaf; NULL where they cannot be made */
    size_t entry_length;
};

/* Begins with the first record of the folder. */
int pasu_reader_open(struct pasu_ledger *ledger, struct pasu_reader **reader);
/* 1: a record. 0: the end, for now; the next call looks again. PASU_LEDGER_DAMAGED: what is here is
 * no record, or a segment cannot be read; the next call goes on behind it. Records from a ring
 * (types 9 to 13) at the very end are no part of the ledger until a record of type 14 counts them.
 * What is read was not compared with any checkpoint: that is pasu_ledger_verify. */
int pasu_reader_next(struct pasu_reader *reader, struct pasu_record *record);
/* Where the last record, or damage, is: the segment's first index, and the byte in it. */
void pasu_reader_place(const struct pasu_reader *reader, uint64_t *segment, uint64_t *offset);
void pasu_reader_close(struct pasu_reader *reader);

/* ---- verifying ---- */

enum pasu_finding_kind { PASU_FINDING_FAULT, PASU_FINDING_UNSEEN, PASU_FINDING_NOTE };

#define PASU_FINDING_NOWHERE UINT64_MAX

struct pasu_finding {
    size_t size;                 /* of the structure that is given */
    enum pasu_finding_kind kind; /* wrong, not to be looked at, good to know */
    const char *what;        /* "damaged", "cut", "fork" …: stays the same in later versions */
    const char *file;        /* below the folder, or a checkpoint's name; NULL: none */
    uint64_t offset, record; /* PASU_FINDING_NOWHERE: none */
    const char *text;        /* for people; may hold control characters */
    const char *meaning;
};

struct pasu_kept_checkpoint {
    const char *name; /* for findings */
    const void *note; /* a signed note */
    size_t note_length;
};

struct pasu_verify_options {
    size_t size; /* of this structure */
    /* Verifier keys ("name+id+key"), by one of which each checkpoint must be signed. None: by those
     * that the ledger itself names, which proves less. */
    const char *const *keys;
    size_t key_count; /* at most 64 */
    /* Checkpoints that somebody has kept: each must be a beginning of this ledger. */
    const struct pasu_kept_checkpoint *checkpoints;
    size_t checkpoint_count; /* at most 1000 */
    /* Each finding when it is found, its strings until the call returns; and bytes of segments, now
     * and then. Either may be NULL. */
    void (*found)(void *arg, const struct pasu_finding *finding);
    void (*progress)(void *arg, uint64_t done, uint64_t all);
    void *arg;
};

struct pasu_verify_result {
    size_t size; /* of this structure */
    uint64_t faults, unseen, notes;
    uint64_t records, first, next, segments, bytes;
    int64_t earliest, latest; /* nanoseconds since 1970-01-01 UTC */
    uint64_t covered;         /* records that a good checkpoint covers */
    uint8_t covered_root[32];
    uint32_t has_root; /* of all records */
    uint8_t root[32];
};

/* 0: all was looked at, and the result is set. It is all well where `faults` and `unseen` are 0. */
int pasu_ledger_verify(struct pasu_ledger *ledger, const struct pasu_verify_options *options,
                       struct pasu_verify_result *result);

/* ---- a proof that stands alone ---- */

struct pasu_inclusion {
    size_t size; /* of this structure */
    uint64_t index, records;
};

/* 0: the entry is the record `index` of a ledger of so many records, says the proof
 * (c2sp.org/tlog-proof) and the checkpoint in it, which the key has signed. PASU_LEDGER_MALFORMED,
 * PASU_LEDGER_UNPROVED. */
int pasu_inclusion_verify(const void *proof, size_t proof_length, const void *entry,
                          size_t entry_length, const char *key, struct pasu_inclusion *inclusion);

#ifdef __cplusplus
}
#endif

#endif
