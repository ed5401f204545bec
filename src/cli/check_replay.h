/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pasu check --replay`: what the configuration's rules and budgets (breach/replay.h) would have
 * done to what the ledger holds. It is a question about people, and recorded as one.
 */
#ifndef PASU_CLI_CHECK_REPLAY_H
#define PASU_CLI_CHECK_REPLAY_H

#include "breach/replay.h"
#include "cli/evidence.h"

/* Whether that is asked for; an exit status where the options do not go together. */
PASU_MUST_USE int check_replay_asked(const struct arguments *arguments, bool *is_asked);
/* The exit status: 0 nothing would have been stopped, 1 something would, or can have been, 2. */
PASU_MUST_USE int check_replay(const struct arguments *arguments);

/* ---- check_replay_view.c ---- */
void replay_view_json(FILE *file, const struct evidence *evidence, const struct replay *replay);
void replay_view_page(FILE *file, const struct evidence *evidence, const struct replay *replay);

#endif
