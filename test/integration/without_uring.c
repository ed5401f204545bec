/* SPDX-License-Identifier: Apache-2.0 */
/* usage: without_uring PROGRAM ARGUMENT...: runs it where the kernel gives nobody an io_uring
 * (EPERM), as where kernel.io_uring_disabled is 2. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (argc < 2 || !filter ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0) != 0 ||
        seccomp_load(filter) != 0) {
        fprintf(stderr, "without_uring: no program, or no filter\n");
        return 126;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "without_uring: %s: %s\n", argv[1], strerror(errno));
    return 127;
}
