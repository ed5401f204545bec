/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours, where a terminal shows them: by ECMA-48's SGR, of the eight that every terminal has.
 * None where the file is no terminal, where NO_COLOR is set (no-color.org), or TERM is "dumb".
 */
#ifndef PASU_CLI_COLOUR_H
#define PASU_CLI_COLOUR_H

#include "base/attributes.h"

enum colour { COLOUR_GOOD, COLOUR_WARN, COLOUR_BAD, COLOUR_HEAD, COLOUR_QUIET };

bool colour_is_wanted(FILE *file);
/* Prints the text in that colour, or, unless `is_on`, as it is. */
void colour_print(FILE *file, bool is_on, enum colour colour, const char *text);

#endif
