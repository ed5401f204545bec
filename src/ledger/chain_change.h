/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that a chain signs with, and how another one takes its place; a part of ledger/chain.h.
 *
 *      file                        what is in the ledger             who signs
 *      signing.key.next            nothing                           the old key
 *      the same                    `key`: the new one is in use      nobody, until
 *      checkpoint.<record>         the same                          both have signed a checkpoint
 *      checkpoint                  the same checkpoint               the new key
 *      signing.key, wiped, and then replaced by signing.key.next     the new key
 *
 * Each line is on the disk before the next one is begun, so whatever is killed, the records and the
 * last checkpoint tell where to go on: before the record, the new key never was; behind it, there
 * is no way back to the old one.
 *
 * The files are hostile: somebody else can have written that there is a change. As long as the old
 * key is there, it is gone on with only where that one has signed the record; nothing is destroyed
 * before.
 */
#ifndef PASU_LEDGER_CHAIN_CHANGE_H
#define PASU_LEDGER_CHAIN_CHANGE_H

#include "base/sandbox.h"
#include "ledger/checkpoint.h"
#include "ledger/handover.h"

enum chain_change_stage {
    CHANGE_NONE,
    CHANGE_MADE,     /* the new key's file is there */
    CHANGE_RECORDED, /* the ledger names it: what is signed next, both sign */
    CHANGE_SIGNED,   /* it is the chain's key, and the files are to follow */
};

struct chain_change {
    enum chain_change_stage stage;
    struct signing_key next; /* MADE, RECORDED */
    struct note_key before;  /* that signs until then; without a name: there is no ledger yet */
    struct note_key old;     /* whose file is there while the new key has signed the last checkpoint
                              * already; without a name: none */
    uint64_t record;         /* that names the new one: in the open batch, or RECORDED */
    bool is_put;             /* into the batch that is open */
    int lost;                /* why the key cannot be loaded, or 0 */
    bool may_be_lost;        /* the chain opens all the same */
};

struct chain;

/* Loads the ledger's key and that which is to follow; makes the first one where the ledger is new.
 * A key that is not there, or is damaged, is no error yet: `lost` says so. */
PASU_MUST_USE int chain_key_open(struct chain *chain, struct view origin,
                                 const struct sandbox_account *account, bool is_new);
/* A new ledger's id: that in its name, or a random one. */
PASU_MUST_USE int chain_key_id(const struct chain *chain, uint8_t id[SEGMENT_ID_SIZE]);
/* Opens the last checkpoint, which one of them must have signed, or, where none is there, the key
 * that the records name. PASU_E_CORRUPT: nobody has. */
PASU_MUST_USE int chain_key_check(struct chain *chain, struct view note, struct checkpoint *last);
/* The last checkpoint's key is that of the `key` record in use at its size. PASU_E_CORRUPT: it is
 * not; PASU_E_LEDGER_FORGED: the key whose place it takes is there, and has not signed that record,
 * which is at this place. */
PASU_MUST_USE int chain_key_compare(const struct chain *chain, uint64_t size, uint64_t *segment,
                                    uint64_t *offset);
/* When all is open, and the chain's tail was seen: goes on with a change, forgets one that was not
 * recorded. PASU_E_NOTFOUND: the key has no file; PASU_E_USAGE: it may be lost, and is not;
 * PASU_E_LEDGER_FORGED: the tail has something, or the record of the change, that the key has not
 * signed: where it is, the tail says. */
PASU_MUST_USE int chain_key_settle(struct chain *chain);
/* A note of this checkpoint, signed as the stage wants it. */
PASU_MUST_USE int chain_key_sign(const struct chain *chain, const struct checkpoint *checkpoint,
                                 struct writer *w);
/* It is on the disk: the new key is the chain's. */
void chain_key_signed(struct chain *chain);
/* The old key is destroyed, the new one's file gets its name. Nothing to do: 0. */
PASU_MUST_USE int chain_key_end(struct chain *chain);
void chain_key_release(struct chain *chain);

#endif
