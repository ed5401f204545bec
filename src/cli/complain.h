/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command says on standard error when something is wrong: "pasu: WHAT", and on a second line
 * "  hint: WHAT TO DO". What is printed may hold names from peers and arguments from anywhere, so
 * control characters are escaped.
 */
#ifndef PASU_CLI_COMPLAIN_H
#define PASU_CLI_COMPLAIN_H

#include "base/error.h"

/* `hint` may be "" or NULL: then there is no second line. */
void complain(const char *hint, const char *format, ...) PASU_PRINTF(2, 3);
/* The error's own text and hint, after "WHAT: "; returns the exit status that belongs to the error.
 */
int complain_error(int code, const char *format, ...) PASU_PRINTF(2, 3);

/* Of the ledger in that folder; where there is none, what makes one. As complain_error. */
int complain_ledger(int code, const char *folder);

/* Of a file that an operand names and that cannot be read: 2. */
int complain_unread(int code, const char *path);

/* Ends the output of a command: `status`, or 2 with a complaint if standard output did not take
 * all. */
int output_end(int status);

#endif
