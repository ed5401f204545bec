/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY NANOSECONDS_PER_SECOND

void
identifying_look(struct supervisor *v, int64_t now)
{
    struct message_empty empty = {0};
    struct identity_file file;
    struct stat st;
    int fd;

    if (now < v->identity_at || !v->children[GATE].pid || !v->children[GATE].is_committed)
        return;
    v->identity_at = now + LOOK_EVERY;
    fd = openat(v->resources.directory, "identity/index",
                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return; /* there is none, or it is being put in place */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        goto out;
    file = (struct identity_file){st.st_dev, st.st_ino,
                                  st.st_ctim.tv_sec * NANOSECONDS_PER_SECOND + st.st_ctim.tv_nsec};
    if (memcmp(&file, &v->identity, sizeof(file)) != 0) {
        v->identity = file;
        tell(v, &v->children[GATE], MESSAGE_IDENTITY, &empty, sizeof(empty), fd);
    }
out:
    close(fd);
}

void
identifying_forget(struct supervisor *v)
{
    v->identity = (struct identity_file){0};
    v->identity_at = 0;
}
