/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up ledger, written by the ledger's own writer: sessions of principals, and what they were
 * shown. What cannot be ends the process.
 */
#ifndef PASU_BENCH_MADE_LEDGER_H
#define PASU_BENCH_MADE_LEDGER_H

#include "../test/unit/random.h"
#include "exposure/vocabulary.h"
#include "ledger/segment_writer.h"

enum { MADE_PRINCIPALS = 1000, MADE_LONGEST = 8192 };

/* Of fields, in their bits: as config_field names them. */
extern const char *const made_fields[4];
enum { MADE_NAME = 1, MADE_PHONE = 2, MADE_EMAIL = 4, MADE_ADDRESS = 8 };

struct made_ledger {
    struct segment_writer writer;
    struct random random;
    uint64_t records, reads; /* that were written: persons shown, in these */
    uint32_t vocabulary, put;
    int64_t now;
    uint64_t sessions[MADE_PRINCIPALS]; /* 0: none is open */
};

/* An empty one in that folder; the time is when it begins. */
void made_begin(struct made_ledger *ledger, int segments, uint64_t seed, int64_t now);
void made_end(struct made_ledger *ledger);
/* A session of principalNNN, by an application. */
void made_open(struct made_ledger *ledger, uint32_t principal, const char *application);
void made_close(struct made_ledger *ledger, uint32_t principal);
/* Persons shown to a principal, in its session: as one statement, or as one each that share a
 * record. As many as a record can have. */
void made_show(struct made_ledger *ledger, uint32_t principal, uint64_t shape, uint64_t fields,
               const uint32_t *ordinals, size_t count, bool is_list);

#endif
