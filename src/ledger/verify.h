/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifies a ledger's folder, or a copy of it (docs/spec/ledger.md): that every record is whole, in
 * its order and without a hole, batches are complete, the keys that sign are those that the
 * records name, tiles are those of the records, and that the first so many records are those that
 * each checkpoint was signed for: the folder's own, and any that somebody else has kept.
 *
 * Reads only. A guard may be running on the folder: what it appends meanwhile is seen or not, and
 * is no fault. All that is in the folder, and all checkpoints, are hostile. Nothing ends at the
 * first fault: each is told when it is found, and the rest is looked at.
 *
 * What records say of sessions and persons is not judged here, only what the ledger itself rests
 * on. Of a segment that is encrypted with a key that is not given, the records' frames are
 * verified, their order, and their leaves as far as tiles know them.
 */
#ifndef PASU_LEDGER_VERIFY_H
#define PASU_LEDGER_VERIFY_H

#include "base/os.h"
#include "ledger/note_key.h"
#include "ledger/segment_cipher.h"
#include "ledger/tree.h"

enum verify_kind { VERIFY_FAULT, VERIFY_UNSEEN, VERIFY_NOTE, VERIFY_KINDS };

enum verify_what {
#define X(name, kind, text, meaning) VERIFY_##name,
#include "ledger/verify.def"
#undef X
    VERIFY_WHATS
};

struct verify_finding {
    enum verify_what what;
    const char *file; /* below the folder, or a checkpoint's name; NULL: the ledger as a whole */
    bool has_offset, has_record;
    uint64_t offset, record; /* a byte of the file; the index of a record */
    const char *text;        /* may hold control characters */
};

enum verify_kind verify_kind(enum verify_what what);
const char *verify_name(enum verify_what what); /* "damaged" */
/* What it means for the reader, and what to do. */
const char *verify_meaning(enum verify_what what);

/* A checkpoint that somebody has kept. */
struct verify_checkpoint {
    const char *name; /* for findings */
    struct view note;
};

enum { VERIFY_CHECKPOINTS_MAX = 1000, VERIFY_KEYS_MAX = 64 };

struct verify_question {
    int directory; /* the ledger's folder */
    const struct verify_checkpoint *checkpoints;
    size_t checkpoint_count;
    /* By one of these each checkpoint must be signed; none: by the keys in the records alone. */
    const struct note_key *keys;
    size_t key_count;
    /* Of what is encrypted; NULL: none. */
    const struct segment_keys *segment_keys;
    void (*find)(void *arg, const struct verify_finding *finding);
    /* Bytes of segments; every few thousand records. Both may be NULL. */
    void (*progress)(void *arg, uint64_t done, uint64_t all);
    void *arg;
};

struct verify_answer {
    uint64_t counts[VERIFY_KINDS]; /* findings */
    uint64_t records, segments, tiles, bytes;
    uint64_t first, next;     /* index of the first record that is here, and behind the last */
    int64_t earliest, latest; /* times of records, ns; 0 without any */
    bool has_root;            /* of all `next` records */
    struct tree_hash root;
    uint64_t covered; /* records that a checkpoint covers with which all is well */
    struct tree_hash covered_root;
    bool has_key; /* the one in use at the end; its name is the origin */
    struct note_key key;
};

/* 0: all was looked at, findings may say what could not be. PASU_E_NOTFOUND: there is no ledger;
 * PASU_E_DENIED: it may not be read; PASU_E_RANGE: too many checkpoints or keys; PASU_E_NOMEM,
 * PASU_E_IO, PASU_E_CRYPTO. */
PASU_MUST_USE int verify_ledger(const struct os *os, const struct verify_question *question,
                                struct verify_answer *answer);

#endif
