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

void
source_folder_release(struct source_folder *folder)
{
    memory_free(folder->firsts);
    folder->firsts = NULL;
    folder->count = 0;
}

static int
look(struct source_folder *folder)
{
    source_folder_release(folder);
    return segment_list(folder->os, folder->directory, &folder->firsts, &folder->count);
}

/* Of those that are known. */
static int
open_known(const struct source_folder *folder, enum source_what what, uint64_t index,
           uint64_t *first, size_t *left)
{
    const struct os *os = folder->os;
    size_t at = choose(folder->firsts, folder->count, what, index);
    char name[SEGMENT_NAME_SIZE];
    int fd;

    if (at >= folder->count)
        return PASU_E_NOTFOUND;
    *first = folder->firsts[at];
    *left = folder->count - at;
    segment_name(name, *first);
    fd = os->openat(os->arg, folder->directory, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
    return fd >= 0 ? fd : error_from_errno(errno);
}

/* Whether there can be another one by now that is meant. */
static bool
is_outdated(const struct source_folder *folder, enum source_what what, uint64_t index)
{
    return folder->firsts == NULL ||
           choose(folder->firsts, folder->count, what, index) + 1 >= folder->count;
}

int
source_open_folder(void *arg, enum source_what what, uint64_t index, uint64_t *first, size_t *left)
{
    struct source_folder *folder = arg;
    bool is_new;
    int result;

    if (folder->directory < 0)
        return PASU_E_NOTFOUND;
    is_new = is_outdated(folder, what, index);
    result = is_new ? look(folder) : 0;
    if (result == 0)
        result = open_known(folder, what, index, first, left);
    if (result == PASU_E_NOTFOUND && !is_new && (result = look(folder)) == 0)
        result = open_known(folder, what, index, first, left);
    if (!folder->keeps)
        source_folder_release(folder);
    return result;
}
