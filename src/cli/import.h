/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu scan --import`: what logs of others show goes into the ledger as exposures, so that scope,
 * subject and export answer on times when no gateway was there.
 *
 *      log ─► pieces of IMPORT_PIECE bytes ─► a batch each: exposures, then SEGMENT_IMPORTED with
 *                                             the piece's place and SHA-256, then SEGMENT_TAKEN
 *
 * A piece that the ledger has, by its bytes, is not taken again; of one that has grown (a log that
 * is still written) only what is behind. Whom an answer says was shown are its persons; who may
 * have been shown, and keys that are no whole numbers below 4026531840, count in at_most alone:
 * of what is told each key once as it is written, of the ledger's exposures each time.
 *
 * A session is an account (or session, or address), with its address and program, in one import.
 * Only where no guard runs: the ledger's files have one writer.
 */
#ifndef PASU_CLI_IMPORT_H
#define PASU_CLI_IMPORT_H

#include "cli/arguments.h"
#include "scan/input.h"
#include "scan/route_map.h"

enum { IMPORT_PIECE = 64 << 10 };

/* Imports the logs into the ledger of the configuration that -c names, and prints what came of it.
 * The exit status: 0; 1: all of it was there already; 2: a log or the ledger, after a complaint. */
int import_logs(const struct arguments *arguments, const struct route_map *map,
                const struct input_list *names, bool is_json);

#endif
