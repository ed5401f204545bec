/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
#include "cli/complain.h"
#include "cli/run.h"
#include "config/help.h"

int
run_help(const struct arguments *arguments)
{
    const char *name = arguments->operand_count > 0 ? arguments->operands[0] : NULL;
    bool is_man = arguments_given(arguments, OPTION_man);
    const struct command *command = NULL;

    if (name != NULL && !is_man && strcmp(name, "configuration") == 0) {
        config_help_print(stdout);
        return output_end(0);
    }
    if (name == NULL && arguments_given(arguments, OPTION_help))
        name = "help";
    if (name != NULL) {
        command = command_find(name);
        if (command == NULL) {
            const char *nearest = command_nearest(name);

            complain("all commands: pasu help", "there is no command \"%.100s\"%s%s%s", name,
                     nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "?" : "");
            return 2;
        }
    }
    if (is_man)
        man_print(stdout, command);
    else if (command != NULL)
        help_print_command(stdout, command);
    else
        help_print(stdout);
    return output_end(0);
}
