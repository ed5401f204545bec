/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/carried_file.h"

#include "config/file.h"

enum { SIZE_MAX_BYTES = 1 << 20 };

/* Made by script/embed-file. */
extern const uint8_t clocks_begin[], clocks_end[], notices_begin[], notices_end[];

int
carried_file(struct view *text, const char **path, struct store *store, enum carried which,
             const char *named)
{
    const struct {
        const char *path;
        const uint8_t *begin, *end;
    } files[] = {
        [CARRIED_CLOCKS] = {"contrib/incident/clocks.yaml", clocks_begin, clocks_end},
        [CARRIED_NOTICES] = {"contrib/incident/notices.yaml", notices_begin, notices_end},
    };
    struct file file = {0};
    int result;

    *path = named ? named : files[which].path;
    if (!named) {
        *text = view_of(files[which].begin, (size_t)(files[which].end - files[which].begin));
        return 0;
    }
    result = file_read(&file, store, named, SIZE_MAX_BYTES);
    *text = file.bytes;
    return result;
}
