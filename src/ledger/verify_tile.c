/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/verify_tile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { DEPTH_MAX = 9, PATH_SIZE = 256, NUMBER_GROUPS = 7 };

static DIR *
open_folder(const struct tile_folder *f, const char *path)
{
    int fd = f->os->openat(f->os->arg, f->directory, path,
                           O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;

    if (fd >= 0 && !names)
        f->os->close(f->os->arg, fd);
    return names;
}

/* One to three digits without a leading zero, at most 255; else 0. */
static unsigned
parse_width(const char *name)
{
    unsigned width = 0;
    size_t length = strlen(name);

    if (length == 0 || length > 3 || name[0] == '0')
        return 0;
    for (; *name >= '0' && *name <= '9'; name++)
        width = width * 10 + (unsigned)(*name - '0');
    return *name == '\0' && width < TILE_WIDTH ? width : 0;
}

bool
verify_tile_widths(const struct tile_folder *f, unsigned level, uint64_t index,
                   struct verify_widths *widths)
{
    char path[TILE_PATH_SIZE];
    struct dirent *entry;
    bool is_any;
    DIR *names;

    memset(widths, 0, sizeof(*widths));
    tile_path(path, level, index, TILE_WIDTH);
    is_any = faccessat(f->directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    widths->has[TILE_WIDTH] = is_any;
    tile_path(path, level, index, 1);
    *strrchr(path, '/') = '\0';
    names = open_folder(f, path);
    if (!names)
        return is_any;
    while ((entry = readdir(names)) != NULL) {
        unsigned width = parse_width(entry->d_name);

        widths->has[width] = widths->has[width] || width > 0;
        is_any = is_any || width > 0;
    }
    closedir(names);
    return is_any;
}

/* ---- all of them ---- */

struct walk {
    const struct tile_folder *folder;
    const struct verify_report *report;
    struct verify_farthest *farthest;
};

/* "x001", or without the x, at `*at`; moved behind it. */
static bool
take_group(const char **at, bool is_last, uint64_t *number)
{
    const char *c = *at;

    if (!is_last && *c++ != 'x')
        return false;
    for (int i = 0; i < 3; i++, c++) {
        if (*c < '0' || *c > '9')
            return false;
        *number = *number * 10 + (uint64_t)(*c - '0');
    }
    *at = c;
    return true;
}

/* A tile's path as tile_path writes it, and how many records it reaches to. */
static bool
parse_path(const char *path, uint64_t *records)
{
    char again[TILE_PATH_SIZE];
    const char *at = path + strlen("tile/");
    unsigned level, width = TILE_WIDTH;
    uint64_t number = 0, end;

    level = (unsigned)(*at++ - '0');
    if (level >= TILE_LEVELS || *at++ != '/')
        return false;
    for (int i = 0; i < NUMBER_GROUPS && *at == 'x'; i++)
        if (!take_group(&at, false, &number) || *at++ != '/')
            return false;
    if (!take_group(&at, true, &number))
        return false;
    if (strncmp(at, ".p/", 3) == 0) {
        width = parse_width(at + 3);
        if (width == 0)
            return false;
    }
    tile_path(again, level, number, width);
    if (strcmp(again, path) != 0 || __builtin_mul_overflow(number, (uint64_t)TILE_WIDTH, &end))
        return false;
    end += width;
    *records =
        end > UINT64_MAX >> (TILE_HEIGHT * level) ? UINT64_MAX : end << (TILE_HEIGHT * level);
    return true;
}

/* False: it is no tile's path. */
static bool
see_tile(const struct walk *walk, const char *path)
{
    uint64_t records;

    if (!parse_path(path, &records))
        return strcmp(path, "tile/.new") == 0;
    if (records > walk->farthest->records) {
        walk->farthest->records = records;
        memcpy(walk->farthest->path, path, strlen(path) + 1); /* a tile's path: it fits */
    }
    return true;
}

/* 0, or an errno: ENOTDIR where it is no folder, as not every file system says with the name. */
static int
walk_folder(const struct walk *walk, const char *path, int depth)
{
    DIR *names = open_folder(walk->folder, path);
    struct dirent *entry;
    char below[PATH_SIZE];
    const struct verify_place place = {below, VERIFY_NOWHERE, VERIFY_NOWHERE};

    if (!names)
        return errno;
    while ((entry = readdir(names)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below) ||
            (!see_tile(walk, below) &&
             (depth == DEPTH_MAX || walk_folder(walk, below, depth + 1) == ENOTDIR)))
            verify_say(walk->report, VERIFY_NAME, &place, "is no tile's name");
    }
    closedir(names);
    return 0;
}

bool
verify_tile_farthest(const struct tile_folder *folder, const struct verify_report *report,
                     struct verify_farthest *farthest)
{
    const struct walk walk = {folder, report, farthest};

    *farthest = (struct verify_farthest){0};
    return walk_folder(&walk, "tile", 0) == 0;
}
