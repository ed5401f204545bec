/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/follow.h"

#include "base/memory.h"
#include "base/os.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { LOOK_TOLD = 1000, LOOK_UNTOLD = 250, PIPES = 64, FOLDER = 4096 };

struct follow {
    struct follow_options options;
    struct tail **tails;
    struct merge_file *files; /* two for each tail */
    size_t count, space, file_count, stride;
    struct tail_past *past;
    size_t past_count;
    int64_t look_next; /* monotonic: folders are looked into by then */
    int notify;        /* -1: there is none */
    bool has_read, has_names, is_full;
};

/* ---- what tells ---- */

/* The folder that a name is in: files come, go, and grow there. And the file, which may be
 * elsewhere (a symbolic link). */
static void
watch(const struct follow *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[FOLDER];
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (f->notify < 0 || length >= sizeof(folder))
        return;
    text_from_view(folder, sizeof(folder), length > 0 ? view_of(path, length) : VIEW("."));
    /* What cannot be watched is looked at. */
    (void)inotify_add_watch(f->notify, folder, IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE);
    (void)inotify_add_watch(f->notify, path, IN_MODIFY | IN_ATTRIB);
}

static void
forget_told(struct follow *f)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t n;

    while (f->notify >= 0 && (n = read(f->notify, events, sizeof(events))) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *event = (const void *)(events + at);

            if ((event->mask & (IN_CREATE | IN_MOVED_TO | IN_Q_OVERFLOW)) != 0)
                f->look_next = 0;
            at += (ssize_t)(sizeof(*event) + event->len);
        }
}

void
follow_pause(const struct follow *f, int milliseconds)
{
    struct pollfd stop = {.fd = f->options.stop, .events = POLLIN};

    (void)poll(&stop, 1, milliseconds);
}

bool
follow_is_stopped(const struct follow *f)
{
    struct pollfd stop = {.fd = f->options.stop, .events = POLLIN};

    return f->options.stop >= 0 && poll(&stop, 1, 0) > 0;
}

void
follow_wait(struct follow *f, int milliseconds)
{
    struct pollfd ready[2 + PIPES] = {{.fd = f->options.stop, .events = POLLIN},
                                      {.fd = f->notify, .events = POLLIN}};
    nfds_t count = 2;
    int look = f->notify >= 0 ? LOOK_TOLD : LOOK_UNTOLD;
    bool has_names = f->has_names;

    for (size_t i = 0; i < f->count; i++) {
        const struct tail *tail = f->tails[i];

        has_names |= tail->is_named && !tail->is_over;
        if (tail->is_named || tail->is_over)
            continue;
        if (count < COUNT_OF(ready))
            ready[count++] = (struct pollfd){input_descriptor(tail->now.input), POLLIN, 0};
        else
            has_names = true; /* it is looked at */
    }
    if (has_names && (milliseconds < 0 || milliseconds > look))
        milliseconds = look;
    (void)poll(ready, count, milliseconds);
    forget_told(f);
}

/* ---- names ---- */

size_t
follow_stride(size_t first_count)
{
    return first_count > FOLLOW_NAMES ? first_count : FOLLOW_NAMES;
}

/* One more tail, not yet open. */
static struct tail *
add_tail(struct follow *f)
{
    struct tail *tail;

    if (f->count == f->space) {
        size_t space = f->space > 0 ? 2 * f->space : 8;
        struct tail **tails = memory_resize(f->tails, space, sizeof(*tails));
        struct merge_file *files =
            tails != NULL ? memory_resize(f->files, 2 * space, sizeof(*files)) : NULL;

        if (tails != NULL)
            f->tails = tails;
        if (files == NULL)
            return NULL;
        f->files = files;
        f->space = space;
    }
    tail = memory_new(1, sizeof(*tail));
    if (tail != NULL)
        f->tails[f->count++] = tail;
    return tail;
}

/* Names that have come to folders and patterns. */
static int
look_for_names(struct follow *f)
{
    struct input_list *names = f->options.names;
    int64_t now = os_monotonic(&os_real);
    int result;

    if (!f->has_names || now < f->look_next)
        return 0;
    f->look_next = now + LOOK_TOLD * NANOSECONDS_PER_MILLISECOND;
    result = input_list_again(names);
    while (result == 0 && f->count < names->count && f->count < f->stride) {
        struct tail *tail = add_tail(f);

        if (tail == NULL)
            return PASU_E_NOMEM;
        tail_expect(tail, names->paths[f->count - 1]);
        watch(f, tail->path);
    }
    f->is_full |= f->count < names->count;
    return result;
}

/* How the file began that a name has named. */
static int
remember(struct follow *f, const struct tail *tail)
{
    if (!f->has_names || tail->past_length == 0)
        return 0;
    if (f->past == NULL && (f->past = memory_new(FOLLOW_PAST, sizeof(*f->past))) == NULL)
        return PASU_E_NOMEM;
    if (f->past_count == FOLLOW_PAST)
        memmove(f->past, f->past + 1, --f->past_count * sizeof(*f->past));
    f->past[f->past_count++] = tail_past_of(tail);
    return 0;
}

bool
follow_is_full(const struct follow *f)
{
    return f->is_full;
}

/* ---- reading ---- */

int
follow_open(struct follow **slot, const struct follow_options *options, char *const *paths,
            size_t count)
{
    struct follow *f = memory_new(1, sizeof(*f));

    *slot = f;
    if (f == NULL)
        return PASU_E_NOMEM;
    f->options = *options;
    f->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    f->stride = follow_stride(count);
    f->has_names = options->names != NULL && options->names->open_count > 0;
    for (size_t i = 0; i < count; i++) {
        struct tail *tail = add_tail(f);

        if (strcmp(paths[i], "-") != 0)
            watch(f, paths[i]);
        if (tail == NULL || tail_open(tail, paths[i]) == PASU_E_NOMEM)
            goto fail;
    }
    for (size_t i = 0; f->has_names && f->notify >= 0 && i < options->names->open_count; i++)
        (void)inotify_add_watch(f->notify, options->names->open[i].folder,
                                IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE);
    return 0;
fail:
    follow_close(f);
    *slot = NULL;
    return PASU_E_NOMEM;
}

void
follow_close(struct follow *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++) {
        tail_close(f->tails[i]);
        memory_free(f->tails[i]);
    }
    if (f->notify >= 0)
        close(f->notify);
    memory_free(f->tails);
    memory_free(f->files);
    memory_free(f->past);
    memory_free(f);
}

size_t
follow_count(const struct follow *f)
{
    return f->count;
}

const struct tail *
follow_tail(const struct follow *f, size_t path)
{
    return f->tails[path];
}

static int
see_block(void *arg, struct block *block, uint64_t taken)
{
    struct follow *f = arg;
    int result;

    f->has_read |= block->length > 0 || block->lines > 0;
    result = f->options.block(f->options.arg, block, taken);
    return result == 0 ? follow_is_stopped(f) : result;
}

static int
see_observations(void *arg, const struct observation *items, size_t count)
{
    struct follow *f = arg;

    return f->options.observations(f->options.arg, items, count);
}

/* A file of a tail that has a line, or had one, takes part. */
static void
add_file(struct follow *f, size_t path, struct tail_file *file)
{
    const struct tail *tail = f->tails[path];
    size_t number = path + f->stride * (size_t)file->generation;
    struct merge_file *to = &f->files[f->file_count++];

    *to = (struct merge_file){.path = tail->path,
                              .dialect = &tail->head.dialect,
                              .kept = file->kept,
                              .stream = file->stream,
                              .number = (uint32_t)number,
                              .first = file->stream == NULL ? tail->head.first : 0};
    file->kept = NULL;
    file->stream = NULL;
}

static void
take_file_back(struct follow *f, struct tail *tail, struct tail_file *file)
{
    struct merge_file *from = &f->files[f->file_count++];

    file->stream = from->stream;
    if (from->error != 0)
        tail->error = from->error;
    if (file->stream == NULL) {
        stream_kept_free(from->kept);
        file->input = NULL;
    }
}

/* One reading of all that is there. */
static int
read_once(struct follow *f)
{
    int result = 0;

    f->file_count = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct tail *tail = f->tails[i];
        int before = tail_look_before(tail, f->options.dialects);
        int look = before != PASU_E_NOMEM ? tail_look(tail, f->options.dialects) : before;

        if (look == PASU_E_NOMEM)
            return look;
        if (before < 0)
            tail->error = before;
        if (look < 0) {
            tail->error = look;
            tail->is_over = true;
        }
        tail->has_before = before > 0;
        tail->has_now = look > 0;
    }
    for (size_t i = 0; i < f->count; i++) {
        struct tail *tail = f->tails[i];

        if (tail->has_before)
            add_file(f, i, &tail->before);
        if (tail->has_now)
            add_file(f, i, &tail->now);
    }
    for (size_t i = 0; i < f->file_count; i++)
        if (f->files[i].stream != NULL && stream_is_live(f->files[i].stream))
            stream_more(f->files[i].stream);
    if (f->file_count > 0)
        result =
            merge_run(f->options.streams, f->files, f->file_count, see_block, see_observations, f);
    f->file_count = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct tail *tail = f->tails[i];

        if (tail->has_before)
            take_file_back(f, tail, &tail->before);
        if (tail->has_now)
            take_file_back(f, tail, &tail->now);
    }
    return result;
}

static int
turn_all(struct follow *f, bool *has_changed)
{
    bool is_other;
    int result = 0;

    *has_changed = false;
    for (size_t i = 0; i < f->count && result == 0; i++) {
        const struct tail_others others = {f->tails, f->count, f->past, f->past_count};
        struct tail *tail = f->tails[i];
        uint32_t generation = tail->generation;

        result = tail_turn(tail, &others, &is_other);
        *has_changed |= is_other;
        if (is_other && tail->is_named)
            watch(f, tail->path);
        if (result == 0 && tail->generation != generation)
            result = remember(f, tail);
    }
    return result;
}

/* It is seen that a log was truncated before it is read on, where it may be longer again by now. */
int
follow_read(struct follow *f)
{
    bool has_changed;
    int result;

    f->has_read = false;
    if (follow_is_stopped(f))
        return 0;
    result = look_for_names(f);
    if (result == 0)
        result = turn_all(f, &has_changed);
    do {
        if (result == 0)
            result = read_once(f);
        if (result == 0)
            result = turn_all(f, &has_changed);
    } while (result == 0 && has_changed && !follow_is_stopped(f));
    return result != 0 ? result : f->has_read;
}

bool
follow_is_over(const struct follow *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (!f->tails[i]->is_over)
            return false;
    return !f->has_names;
}
