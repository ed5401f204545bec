/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/source.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>

/* Its place in the list, or the count where there is none. */
static size_t
choose(const uint64_t *firsts, size_t count, enum source_what what, uint64_t index)
{
    size_t behind = 0;

    while (behind < count && firsts[behind] < index)
        behind++;
    if (what == SOURCE_BEHIND || (behind < count && firsts[behind] == index))
        return behind;
    return behind > 0 ? behind - 1 : count;
}

int
source_open_folder(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left)
{
    const struct source_folder *folder = arg;
    const struct os *os = folder->os;
    char name[SEGMENT_NAME_SIZE];
    uint64_t *firsts;
    size_t count, at;
    int result;

    if (folder->directory < 0)
        return PASU_E_NOTFOUND;
    result = segment_list(os, folder->directory, &firsts, &count);
    if (result != 0)
        return result;
    at = choose(firsts, count, what, index);
    result = PASU_E_NOTFOUND;
    if (at < count) {
        *first = firsts[at];
        *left = count - at;
        segment_name(name, *first);
        result = os->openat(os->arg, folder->directory, name,
                            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
        if (result < 0)
            result = error_from_errno(errno);
    }
    memory_free(firsts);
    return result;
}
