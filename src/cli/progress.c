/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"
#include "base/os.h"
#include "cli/terminal.h"

bool
progress_is_due(struct progress *progress)
{
    int64_t now = os_monotonic(&os_real);

    if (progress->next == 0)
        progress->next = now + NANOSECONDS_PER_SECOND;
    if (now < progress->next || !terminal_is(stderr))
        return false;
    progress->next = now + NANOSECONDS_PER_SECOND / 4;
    return true;
}

void
progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t all)
{
    progress->is_shown = true;
    fprintf(stderr, "\r%s: %u %% ", what,
            all > 0 ? (unsigned)((double)done * 100 / (double)all) : 0);
    fflush(stderr);
}

void
progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr); /* ECMA-48: erases the line */
    progress->is_shown = false;
}
