/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `pasu scan`, also where it imports, gives up before it reads the first byte of a log, which
 * anybody can have written who sends a request: descriptors that are not its own, files but those
 * in the folders of the logs (Landlock, where the kernel has it), and system calls that reading and
 * printing do not take (base/sandbox.def).
 */
#ifndef PASU_CLI_SCAN_SANDBOX_H
#define PASU_CLI_SCAN_SANDBOX_H

#include "scan/input.h"

/* `names`: the logs; where more can come to their folders and patterns, those are open, too.
 * `page`: a file that is written anew in the end, or NULL; `stop`: a descriptor that stays, or -1.
 * 0; 2: it has been complained about. */
int scan_give_up(const struct input_list *names, const char *page, int stop);
/* The same in two steps, for who has to open a ledger between: descriptors, but those that the
 * paths name; then all else but files of the logs' folders and, below `ledger`, a folder that stays
 * the caller's, what may be written. */
int scan_close_others(const struct input_list *names);
int scan_give_up_but(const struct input_list *names, int ledger);

#endif
