/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that the gate has and the ledger has no end of: a hash table of their identities.
 *
 * Each is vouched for by the gate's present channel or by a former one. live_doubt, when a channel
 * ends or is replaced, withdraws the word of all; live_add gives it again; what is still in doubt
 * after a while has ended with its gate (live_sweep). Whose session it is and where from is kept
 * beside it: of at most LIVE_NAMES_MAX principals, and as many addresses, which are kept once each.
 * Owned by the keeper's only thread.
 */
#ifndef PASU_LEDGER_LIVE_H
#define PASU_LEDGER_LIVE_H

#include "ledger/message.h"

struct live_slot {
    uint64_t session;       /* 0: free */
    uint32_t round;         /* of doubt in which the gate last named it */
    uint32_t name;          /* of its principal, from 1; 0: not known */
    uint32_t address;       /* the same of where from */
    bool is_begun;          /* the beginning of its statement has come, and */
    uint64_t rows, persons; /* what that has shown so far, persons at most */
};

enum { LIVE_MAX = 1 << 20 /* more sessions than any gate has */, LIVE_NAMES_MAX = 4096 };

struct live_names {
    char (*items)[NAME_SIZE];
    size_t count, space;
};

struct live {
    struct live_slot *slots; /* linear probing; NULL before the first session */
    size_t size, count;      /* size is a power of two, at most half of it in use */
    struct live_names names, addresses;
    uint32_t round;
    uint64_t seed; /* the owner's, random, set before the first session */
};

/* All zero is an empty table. */
void live_release(struct live *live);
/* Adds a session, or vouches for one that is there. 0 is no identity: ignored. 0 or PASU_E_NOMEM,
 * also where there are LIVE_MAX others. */
PASU_MUST_USE int live_add(struct live *live, uint64_t session, const char *principal,
                           const char *address);
bool live_has(const struct live *live, uint64_t session);
/* Until the table is changed; "": it is not there, or there was no room for the name. */
const char *live_principal(const struct live *live, uint64_t session);
/* The same of the address. */
const char *live_address(const struct live *live, uint64_t session);
/* What the session was shown, in the order in which it was: it `begins` a statement, or goes on
 * with it. One that is not there is ignored; a batch that is tried again counts again. */
void live_showed(struct live *live, uint64_t session, bool begins, uint64_t rows, uint64_t persons);
/* What the session's statement has shown so far. False: its beginning was not seen. */
bool live_statement(const struct live *live, uint64_t session, uint64_t *rows, uint64_t *persons);
/* One that is not there is ignored. */
void live_remove(struct live *live, uint64_t session);
void live_doubt(struct live *live);
/* Removes every session in doubt and hands each to `ended`, which must not touch the table. */
void live_sweep(struct live *live, void (*ended)(void *arg, uint64_t session), void *arg);

#endif
