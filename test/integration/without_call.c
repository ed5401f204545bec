/* SPDX-License-Identifier: Apache-2.0 */
/* usage: without_call CALL PROGRAM ARGUMENT...: runs it where the kernel gives nobody what the call
 * makes (EPERM): an io_uring (io_uring_setup), as where kernel.io_uring_disabled is 2, or inotify
 * (inotify_init1). */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int call = argc > 2 ? seccomp_syscall_resolve_name(argv[1]) : __NR_SCMP_ERROR;

    if (call == __NR_SCMP_ERROR || !filter ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) != 0 ||
        seccomp_load(filter) != 0) {
        fprintf(stderr, "without_call: no such call, no program, or no filter\n");
        return 126;
    }
    execvp(argv[2], argv + 2);
    fprintf(stderr, "without_call: %s: %s\n", argv[2], strerror(errno));
    return 127;
}
