/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables of command.h say, written for three readers: people at a terminal (help), man(1)
 * (roff), and shells (completion scripts). The output depends on nothing but the tables.
 */
#ifndef PASU_CLI_HELP_H
#define PASU_CLI_HELP_H

#include "base/error.h"
#include "cli/command.h"

enum { HELP_WIDTH = 80 };

/* All commands. */
void help_print(FILE *file);
/* One command: usage, text, options, exit statuses, examples. */
void help_print_command(FILE *file, const struct command *command);

/* The manual page of a command, in roff's man macros; NULL: of pasu itself. */
void man_print(FILE *file, const struct command *command);

/* The script for a shell of command_shells. 0, or PASU_E_NOTFOUND for another. */
PASU_MUST_USE int completion_print(FILE *file, const char *shell);

#endif
