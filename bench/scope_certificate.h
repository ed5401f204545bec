/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certificate costs: the command itself, with a keeper of the ledger in a process of its own
 * that makes openings, checkpoints and signatures as a guard's does. Whatever fails ends the
 * process.
 */
#ifndef PASU_BENCH_SCOPE_CERTIFICATE_H
#define PASU_BENCH_SCOPE_CERTIFICATE_H

#include "base/attributes.h"

struct certificate_clocks {
    double wall, cpu; /* ms, of the command; the keeper's CPU time is not in it */
};

/* Begins an empty ledger: its first records, and the key. */
void certificate_begin(int folder);
/* Signs what is there; the tree is made of it the first time. Then makes `count` certificates with
 * `program`, of the persons with these keys; how many showings they have. */
uint64_t certificate_make(const char *folder, const char *program, const uint32_t *keys,
                          size_t count, struct certificate_clocks *took);

#endif
