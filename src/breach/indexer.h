/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indexer: the process of the guard that keeps the ledger's index up to date, so that nobody
 * need run a command for it. It reads the segments and writes the folder `index`, and can open
 * nothing else (where the kernel has Landlock); it has no network, no key but those that an
 * encrypted ledger is read with, and the lowest priority. Nobody waits for it: who asks a question
 * reads what the index lacks.
 *
 * One thread works, with one more that writes (breach/index_build.h); the other one, which the
 * process begins with, answers the supervisor, also while a disk or a long piece of work holds the
 * first. Whatever is found wrong with the index that is there (none, of another version, of another
 * ledger, changed by a hand) ends in a new one. LMDB does not check its own pages: an index that
 * ends the process is taken away, unlooked at, when the supervisor says that it has happened again
 * and again.
 *
 * indexer_main is called in a fresh child of the supervisor that has dropped its privileges.
 */
#ifndef PASU_BREACH_INDEXER_H
#define PASU_BREACH_INDEXER_H

#include "base/log.h"
#include "ledger/segment_cipher.h"

struct indexer_start {
    int supervisor_fd;
    int directory_fd; /* the ledger's folder; closed before anything is read */
    bool is_anew;     /* the index that is there is not to be looked at */
    struct segment_keys keys;
};

/* The process's exit status: 0 as asked, 2 on a fault. */
int indexer_main(const struct indexer_start *start, const struct log *log);

#endif
