/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complain.h"
#include "cli/help.h"
#include "cli/run.h"
#include "cli/text.h"

#include <fcntl.h>
#include <unistd.h>

static int (*const runs[COMMAND_COUNT])(const struct arguments *) = {
#define COMMAND(name, ...) [COMMAND_##name] = run_##name,
#include "cli/command.def"
};

/* Started with 0, 1 or 2 closed, the next file we open would become standard output: put something
 * harmless there first. */
static void
open_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct arguments_fault fault = {0};

    open_standard_descriptors();
    text_init();
    if (arguments_parse(&arguments, argc, argv, &fault) != 0) {
        complain(fault.hint, "%s", fault.text);
        return 2;
    }
    if (arguments_given(&arguments, OPTION_help) && arguments.command != &commands[COMMAND_help]) {
        help_print_command(stdout, arguments.command);
        return output_end(0);
    }
    return runs[command_id(arguments.command)](&arguments);
}
