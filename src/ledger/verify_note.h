/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoints that a ledger is verified against: its own, and those that others have kept. Each
 * is a beginning of the tree that its size names, or not; two that contradict are a fork. Owned by
 * one thread.
 */
#ifndef PASU_LEDGER_VERIFY_NOTE_H
#define PASU_LEDGER_VERIFY_NOTE_H

#include "ledger/checkpoint.h"
#include "ledger/handover.h"
#include "ledger/verify_content.h"
#include "ledger/verify_tree.h"

enum verify_note_state { VERIFY_NOTE_UNKNOWN, VERIFY_NOTE_AGREES, VERIFY_NOTE_DIFFERS };

struct verify_note {
    const char *name;
    struct view bytes;
    struct checkpoint checkpoint;
    bool is_handover; /* kept by the folder: who else is to have signed it is not asked */
    bool is_signed;
    enum verify_note_state state;
};

struct verify_handover_note {
    char name[HANDOVER_NAME_SIZE];
    uint8_t bytes[HANDOVER_NOTE_MAX];
};

struct verify_notes {
    const struct verify_report *report;
    uint8_t *own;                           /* bytes of the folder's own */
    struct verify_handover_note *handovers; /* of the folder, too */
    struct verify_note *items;
    size_t count;
    bool has_own;              /* there is one of the folder's own */
    struct verify_root *roots; /* sizes that are asked for, rising, none twice */
    size_t root_count;
};

/* Reads the folder's own and takes apart all; what is none is told of. PASU_E_NOMEM, PASU_E_RANGE:
 * too many. */
PASU_MUST_USE int verify_notes_init(struct verify_notes *notes, const struct os *os,
                                    const struct verify_report *report);
void verify_notes_release(struct verify_notes *notes);
/* The largest size of any: records that somebody says were there. */
uint64_t verify_notes_most(const struct verify_notes *notes);
/* When the roots are filled in: what is to be said of each. `next`: how many records there are. */
PASU_MUST_USE int verify_notes_judge(struct verify_notes *notes,
                                     const struct verify_content *content, uint64_t next,
                                     struct verify_answer *answer);
/* A checkpoint in the folder, to be read by others too: its length, 0 where there is none;
 * PASU_E_CORRUPT: no plain file of at most that size. */
PASU_MUST_USE ssize_t verify_note_read(const struct os *os, int directory, const char *name,
                                       uint8_t *bytes, size_t size);
#define VERIFY_OWN_NOTE "checkpoint" /* the newest */

#endif
