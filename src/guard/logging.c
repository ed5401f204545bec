/* SPDX-License-Identifier: Apache-2.0 */
/* The log's descriptor does not block: whoever stops reading it, or ends, stops nobody
 * (base/log.c). */
#include "guard/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_BYTES = 1 << 20 };

/* A pipe, or a terminal, which Ctrl-S stops, is opened once more: that it does not block is nothing
 * to others who write to it. */
static void
open_again(void)
{
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return; /* somebody else's: a line that finds room, and others write before it, may wait */
    (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
    (void)dup2(fd, STDERR_FILENO);
    close(fd);
}

void
logging_unblock(void)
{
    struct stat st;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* what may not be written is an error, as it is to the children */
    if (fstat(STDERR_FILENO, &st) != 0)
        return;
    if (S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO))
        open_again();
    else if (S_ISSOCK(st.st_mode)) /* the service manager has made it for us alone */
        (void)fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
}
