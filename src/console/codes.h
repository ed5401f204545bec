/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes that prove that somebody reads what is sent to a contact, and what they open.
 *
 * Who asks has a ticket. A code is made for it once it is known whose the contact is; it is kept as
 * a keyed hash alone, can be used once, for a short time, and is void after a few wrong tries. The
 * right one gives a token, with which what is theirs can be seen, for a short time too. Of a ticket
 * that nobody's contact was given for, and of one that is unknown, all codes are wrong: the same
 * work, and the same answer. Contacts are kept as keyed hashes, to count how often they are asked
 * for.
 *
 * All of it is in memory, and gone with the process. Bounded: the oldest goes first. One thread.
 */
#ifndef PASU_CONSOLE_CODES_H
#define PASU_CONSOLE_CODES_H

#include "base/bytes.h"
#include "base/os.h"
#include "console/person.h"
#include "console/rates.h"
#include "ledger/inquiry.h"

enum {
    CODE_DIGITS = 8,
    CODE_TRIES = 5,
    CODES_MAX = 4096, /* tickets at a time */
    VISITS_MAX = 512, /* tokens at a time */
    CODES_HASH_SIZE = 32,
};

struct codes_limits {
    int64_t code_time, visit_time; /* ns */
    uint64_t per_contact;          /* codes, an hour */
};

struct code {
    uint8_t ticket[INQUIRY_TOKEN_SIZE]; /* as a keyed hash, as all of these */
    uint8_t hash[CODES_HASH_SIZE];
    int64_t until; /* monotonic; 0: free, or used */
    uint32_t tries;
    bool is_made; /* there is a code that is right */
    struct persons persons;
};

struct visit {
    uint8_t token[INQUIRY_TOKEN_SIZE];
    int64_t until; /* monotonic; 0: free */
    struct persons persons;
};

struct codes {
    const struct os *os;
    struct codes_limits limits;
    uint8_t key[CODES_HASH_SIZE];
    struct rates contacts;
    struct code *items;
    struct visit *visits;
};

/* PASU_E_CRYPTO, PASU_E_NOMEM. Release it in any case. */
PASU_MUST_USE int codes_init(struct codes *codes, const struct os *os,
                             const struct codes_limits *limits);
void codes_release(struct codes *codes);
/* Somebody with this ticket asks for a code to a contact, in the one form that it has. Whether one
 * may be sent; else it was asked for too often. PASU_E_CRYPTO: neither. */
PASU_MUST_USE int codes_ask(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE],
                            struct view contact, bool *is_allowed);
/* The contact is theirs: a new code, for whoever reads there. The caller wipes it. PASU_E_NOTFOUND:
 * the ticket is not known any more; PASU_E_CRYPTO. */
PASU_MUST_USE int codes_make(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE],
                             const struct persons *persons, char code[CODE_DIGITS + 1]);
/* A code is given for a ticket; blanks and dashes between digits do not count. 0 and a new token;
 * PASU_E_TOKEN: it is not right, for whatever reason; PASU_E_CRYPTO. */
PASU_MUST_USE int codes_give(struct codes *codes, const uint8_t ticket[INQUIRY_TOKEN_SIZE],
                             const char *code, uint8_t token[INQUIRY_TOKEN_SIZE]);
/* Who may be seen with the token; NULL: nobody. Valid until the next call. */
const struct persons *codes_persons(struct codes *codes, const uint8_t token[INQUIRY_TOKEN_SIZE]);
/* The token is worth nothing from now on. */
void codes_leave(struct codes *codes, const uint8_t token[INQUIRY_TOKEN_SIZE]);

#endif
