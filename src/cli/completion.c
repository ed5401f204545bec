/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/help.h"
#include "cli/run.h"

int
run_completion(const struct arguments *arguments)
{
    const char *shell = arguments->operands[0];

    if (completion_print(stdout, shell) != 0) {
        complain("there are scripts for bash, zsh and fish",
                 "there is no completion script for \"%.100s\"", shell);
        return 2;
    }
    return output_end(0);
}
