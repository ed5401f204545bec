/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, parsed by the tables of command.h: "pasu COMMAND [OPTION | OPERAND]...".
 *
 * Options and operands may come in any order; "--" ends the options. "-c FILE", "-cFILE",
 * "--config FILE" and "--config=FILE" are the same. Names are not abbreviated. Everything that is
 * not in the tables is an error, told with the nearest name that is.
 */
#ifndef PASU_CLI_ARGUMENTS_H
#define PASU_CLI_ARGUMENTS_H

#include "base/error.h"
#include "cli/command.h"

enum { ARGUMENTS_MORE_MAX = 64 };

/* One value of an option that can be given several times. */
struct argument_more {
    enum option_id option;
    const char *value;
};

struct config;

struct arguments {
    struct config *lent;           /* a configuration in the place of the file's; NULL: none */
    const struct command *command; /* what was asked for; NULL after an error */
    /* NULL: not given; "" where the option takes no argument; of several the first one. */
    const char *values[OPTION_COUNT];
    struct argument_more more[ARGUMENTS_MORE_MAX]; /* all of KIND_FILES, in their order */
    size_t more_count;
    char *const *operands; /* they and the values borrow from argv */
    size_t operand_count;
};

/* What is wrong with a command line, and what to do. The texts may hold control characters. */
struct arguments_fault {
    char text[512], hint[256];
};

/*
 * Parses argv[1..argc). Operands are moved together inside argv. 0, or PASU_E_USAGE with the first
 * fault. With --help (also in place of a command) nothing else is demanded; `pasu --help`,
 * `pasu --version` and their short forms become the commands help and version.
 */
PASU_MUST_USE int arguments_parse(struct arguments *arguments, int argc, char **argv,
                                  struct arguments_fault *fault);

static inline bool
arguments_given(const struct arguments *arguments, enum option_id option)
{
    return arguments->values[option] != NULL;
}

#endif
