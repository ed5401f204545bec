/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/input.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RAW = 256 << 10 /* of compressed bytes */ };

struct input {
    int fd;
    bool is_mine;        /* the descriptor is to be closed */
    bool is_known;       /* what it is compressed with */
    bool is_live;        /* more can come behind what is there */
    bool is_file;        /* a regular one */
    bool is_over;        /* nothing is there now */
    bool is_ended;       /* nor ever */
    struct codec *codec; /* NULL: plain */
    enum codec_kind kind;
    uint64_t taken, size;
    struct view left; /* read, and not yet given */
    input_tap_fn *tap;
    void *tap_arg;
    uint8_t *raw;
};

static bool
is_dry(const struct input *in)
{
    struct pollfd ready = {.fd = in->fd, .events = POLLIN};

    return in->is_live && !in->is_file && poll(&ready, 1, 0) == 0;
}

static ssize_t
read_some(struct input *in, uint8_t *to, size_t room)
{
    ssize_t n;

    if (is_dry(in)) {
        in->is_over = true;
        return 0;
    }
    do {
        n = read(in->fd, to, room);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN && in->is_live) { /* another reader was faster */
        in->is_over = true;
        return 0;
    }
    if (n < 0)
        return PASU_E_IO;
    in->taken += (uint64_t)n;
    if (n > 0 && in->tap != NULL)
        in->tap(in->tap_arg, view_of(to, (size_t)n));
    if (n == 0) {
        in->is_over = true;
        in->is_ended |= !in->is_live || !in->is_file;
    }
    return n;
}

/* As much as says what it is compressed with, or all that there is. */
static int
know(struct input *in)
{
    size_t length = in->left.length;

    while (length < CODEC_MAGIC && !in->is_over) {
        ssize_t n = read_some(in, in->raw + length, RAW - length);

        if (n < 0)
            return (int)n;
        length += (size_t)n;
    }
    in->left = view_of(in->raw, length);
    in->is_known = length >= CODEC_MAGIC || in->is_ended;
    in->kind = in->is_known ? codec_of(in->left) : CODEC_PLAIN;
    return in->kind != CODEC_PLAIN ? codec_new(&in->codec, in->kind) : 0;
}

static int
open_input(struct input **slot, const char *path, bool is_live)
{
    struct input *in = memory_new(1, sizeof(*in));
    struct stat st;
    int result = 0;

    *slot = in;
    if (in == NULL)
        return PASU_E_NOMEM;
    in->is_live = is_live;
    in->is_mine = strcmp(path, "-") != 0;
    if (in->is_mine) /* a named pipe's writer is not waited for where it goes on */
        in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (is_live ? O_NONBLOCK : 0));
    else
        in->fd = STDIN_FILENO;
    in->raw = memory_new(RAW, 1);
    if (in->fd < 0)
        result = error_from_errno(errno);
    else if (fstat(in->fd, &st) != 0)
        result = PASU_E_IO;
    else if (S_ISREG(st.st_mode))
        in->size = (uint64_t)st.st_size;
    else if (S_ISDIR(st.st_mode))
        result = PASU_E_IO;
    if (result == 0 && in->raw == NULL)
        result = PASU_E_NOMEM;
    if (result == 0) {
        in->is_file = S_ISREG(st.st_mode);
        (void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        return 0;
    }
    input_close(in);
    *slot = NULL;
    return result;
}

int
input_open(struct input **slot, const char *path)
{
    return open_input(slot, path, false);
}

int
input_open_live(struct input **slot, const char *path)
{
    return open_input(slot, path, true);
}

void
input_more(struct input *in)
{
    in->is_over = in->is_ended;
}

bool
input_has_ended(const struct input *in)
{
    return in->is_ended;
}

void
input_finish(struct input *in)
{
    in->is_live = false;
    in->is_over = in->is_ended;
}

void
input_stop(struct input *in)
{
    in->is_live = false;
    in->is_over = in->is_ended = in->is_known = true;
}

int
input_descriptor(const struct input *in)
{
    return in->fd;
}

void
input_close(struct input *in)
{
    if (in == NULL)
        return;
    if (in->is_mine && in->fd >= 0)
        close(in->fd);
    codec_free(in->codec);
    memory_free(in->raw);
    memory_free(in);
}

static ssize_t
read_plain(struct input *in, uint8_t *to, size_t room)
{
    size_t take = in->left.length < room ? in->left.length : room;

    if (take == 0)
        return in->is_over ? 0 : read_some(in, to, room);
    memcpy(to, in->left.bytes, take);
    in->left = view_of(in->left.bytes + take, in->left.length - take);
    return (ssize_t)take;
}

ssize_t
input_read(struct input *in, uint8_t *to, size_t room)
{
    if (!in->is_known) {
        int result = know(in);

        if (result != 0 || !in->is_known)
            return result;
    }
    if (in->codec == NULL)
        return read_plain(in, to, room);
    for (;;) {
        ssize_t n = codec_step(in->codec, &in->left, to, room);

        if (n != 0)
            return n;
        if (in->is_over)
            return in->is_ended || !in->is_live ? codec_end(in->codec) : 0;
        n = read_some(in, in->raw, RAW);
        if (n < 0)
            return n;
        in->left = view_of(in->raw, (size_t)n);
    }
}

enum codec_kind
input_codec(const struct input *in)
{
    return in->kind;
}

void
input_tap(struct input *in, input_tap_fn *tap, void *arg)
{
    in->tap = tap;
    in->tap_arg = arg;
}

uint64_t
input_taken(const struct input *in)
{
    return in->taken;
}

uint64_t
input_size(const struct input *in)
{
    return in->size;
}

/* ---- the command line ---- */

static int
add_path(struct input_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->paths[i], path) == 0)
            return 0;
    if (list->count == list->space) {
        size_t space = list->space > 0 ? 2 * list->space : 16;
        char **paths = memory_resize(list->paths, space, sizeof(*paths));

        if (paths == NULL)
            return PASU_E_NOMEM;
        list->paths = paths;
        list->space = space;
    }
    list->paths[list->count] = memory_dup(path, strlen(path));
    if (list->paths[list->count] == NULL)
        return PASU_E_NOMEM;
    list->count++;
    return 0;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int
add_folder(struct input_list *list, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_shown, by_name), result = 0;
    char path[4096];

    if (count < 0)
        return error_from_errno(errno);
    for (int i = 0; i < count; i++) {
        int length = snprintf(path, sizeof(path), "%s%s%s", folder,
                              folder[strlen(folder) - 1] == '/' ? "" : "/", entries[i]->d_name);
        struct stat st;

        if (result == 0 && length >= (int)sizeof(path))
            result = PASU_E_RANGE;
        if (result == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
            result = add_path(list, path);
        free(entries[i]);
    }
    free(entries);
    return result;
}

static int
add_pattern(struct input_list *list, const char *pattern)
{
    glob_t found;
    int result = glob(pattern, GLOB_ERR, NULL, &found);

    if (result != 0)
        return result == GLOB_NOSPACE   ? PASU_E_NOMEM
               : result == GLOB_NOMATCH ? PASU_E_NOTFOUND
                                        : PASU_E_IO;
    for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
        if (!is_folder(found.gl_pathv[i]))
            result = add_path(list, found.gl_pathv[i]);
    globfree(&found);
    return result;
}

/* Where the names of a pattern are: all before its first wildcard, to the last slash. */
static size_t
folder_length(const char *pattern)
{
    size_t length = strcspn(pattern, "*?[\\");

    while (length > 1 && pattern[length - 1] != '/')
        length--;
    if (length == 1 && pattern[0] != '/')
        return 0;
    return length > 1 ? length - 1 : length;
}

static int
keep_open(struct input_list *list, const char *operand)
{
    size_t length = is_folder(operand) ? strlen(operand) : folder_length(operand);
    struct input_open *open = memory_resize(list->open, list->open_count + 1, sizeof(*open));

    if (open == NULL)
        return PASU_E_NOMEM;
    list->open = open;
    open = &list->open[list->open_count];
    open->operand = memory_dup(operand, strlen(operand));
    open->folder = length > 0 ? memory_dup(operand, length) : memory_dup(".", 1);
    if (open->operand != NULL && open->folder != NULL) {
        list->open_count++;
        return 0;
    }
    memory_free(open->operand);
    memory_free(open->folder);
    return PASU_E_NOMEM;
}

int
input_list_again(struct input_list *list)
{
    int result = 0;

    for (size_t i = 0; i < list->open_count && result != PASU_E_NOMEM; i++)
        result = is_folder(list->open[i].operand) ? add_folder(list, list->open[i].operand)
                                                  : add_pattern(list, list->open[i].operand);
    return result == PASU_E_NOMEM ? result : 0;
}

int
input_list_add(struct input_list *list, const char *operand)
{
    int result;
    bool is_open = false;

    if (is_folder(operand)) {
        result = add_folder(list, operand);
        is_open = true;
    } else if (strcmp(operand, "-") == 0 || access(operand, F_OK) == 0) {
        result = add_path(list, operand);
    } else if (strpbrk(operand, "*?[") != NULL) {
        result = add_pattern(list, operand);
        if (result == PASU_E_NOTFOUND && list->is_following)
            result = 0;
        is_open = true;
    } else {
        result = PASU_E_NOTFOUND;
    }
    if (result == 0 && is_open)
        result = keep_open(list, operand);
    if (result != 0)
        text_from_view(list->failed, sizeof(list->failed), view_of_text(operand));
    return result;
}

void
input_list_release(struct input_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        memory_free(list->paths[i]);
    memory_free(list->paths);
    for (size_t i = 0; i < list->open_count; i++) {
        memory_free(list->open[i].operand);
        memory_free(list->open[i].folder);
    }
    memory_free(list->open);
    *list = (struct input_list){0};
}
