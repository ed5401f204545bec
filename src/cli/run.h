/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries the commands out: one function for each command of command.def, each in the file of
 * that name. It gets arguments that fit the tables, prints its result on standard output and what
 * is wrong on standard error, and returns the exit status.
 */
#ifndef PASU_CLI_RUN_H
#define PASU_CLI_RUN_H

#include "cli/arguments.h"

#define COMMAND(name, ...) PASU_MUST_USE int run_##name(const struct arguments *arguments);
#include "cli/command.def"

#endif
