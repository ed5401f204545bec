/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/colour.h"

#include "cli/terminal.h"

bool
colour_is_wanted(FILE *file)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return terminal_is(file) && (no == NULL || no[0] == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void
colour_print(FILE *file, bool is_on, enum colour colour, const char *text)
{
    static const char *const codes[] = {
        [COLOUR_GOOD] = "32", [COLOUR_WARN] = "33", [COLOUR_BAD] = "1;31",
        [COLOUR_HEAD] = "1",  [COLOUR_QUIET] = "2",
    };

    if (is_on)
        fprintf(file, "\033[%sm%s\033[0m", codes[colour], text);
    else
        fputs(text, file);
}
