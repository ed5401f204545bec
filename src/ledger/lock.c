/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/lock.h"

#include "base/os.h"

#include <errno.h>
#include <sys/stat.h>

struct mark {
    uint64_t device, inode;
};

static int
mark_of(struct mark *mark, int directory)
{
    struct stat st;

    if (fstat(directory, &st) != 0)
        return error_from_errno(errno);
    *mark = (struct mark){st.st_dev, st.st_ino};
    return 0;
}

int
lock_mark(int lock, int directory)
{
    struct mark mark;
    int result = mark_of(&mark, directory);

    return result == 0 ? os_write_all(&os_real, lock, &mark, sizeof(mark), 0) : result;
}

bool
lock_is_of(int lock, int directory)
{
    struct mark mark, found;

    return mark_of(&mark, directory) == 0 &&
           os_read_all(&os_real, lock, &found, sizeof(found), 0) == 0 &&
           memcmp(&mark, &found, sizeof(mark)) == 0;
}
