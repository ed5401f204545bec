/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal that standard output may be: its size, and showing something anew each second.
 */
#ifndef PASU_CLI_TERMINAL_H
#define PASU_CLI_TERMINAL_H

#include "base/error.h"

bool terminal_is(FILE *file);
/* Columns, or 0 where the file is no terminal. */
size_t terminal_width(FILE *file);

/*
 * Calls show(arg, out) at once and then each second, printing what it wrote to `out` over the whole
 * terminal (lines that do not fit are left out), until SIGINT, SIGTERM or SIGHUP comes or show
 * returns other than 0. The terminal is then as it was before, and the last picture stays on it.
 * Returns what show did, 0 after a signal. Standard output must be a terminal; `arg` is the
 * caller's. The process must have one thread.
 */
PASU_MUST_USE int terminal_watch(int (*show)(void *arg, FILE *out), void *arg);

#endif
