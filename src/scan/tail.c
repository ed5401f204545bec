/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/tail.h"

#include <sys/stat.h>
#include <unistd.h>

enum { FRONT_LEAST = 64 /* bytes that say whose copy it is */ };

/* ---- files ---- */

/* The beginning, as far as it is there; what is known of it stays. */
static void
see_front(struct tail_file *file)
{
    ssize_t n;

    if (file->front_length == TAIL_FRONT)
        return;
    n = pread(input_descriptor(file->input), file->front, TAIL_FRONT, 0);
    if (n > (ssize_t)file->front_length)
        file->front_length = (size_t)n;
}

static int
open_file(struct tail *tail, struct tail_file *file)
{
    struct stat st;
    int result;

    *file = (struct tail_file){.generation = tail->generation};
    result = stream_await(&file->kept, tail->path);
    if (result != 0)
        return result;
    file->input = stream_kept_input(file->kept);
    if (fstat(input_descriptor(file->input), &st) != 0)
        return PASU_E_IO;
    file->device = st.st_dev;
    file->inode = st.st_ino;
    tail->is_named = S_ISREG(st.st_mode) && strcmp(tail->path, "-") != 0;
    if (S_ISREG(st.st_mode))
        see_front(file);
    return 0;
}

static void
close_file(struct tail_file *file)
{
    stream_kept_free(file->kept);
    stream_close(file->stream);
    *file = (struct tail_file){0};
}

static bool
is_open(const struct tail_file *file)
{
    return file->kept != NULL || file->stream != NULL;
}

int
tail_open(struct tail *tail, const char *path)
{
    *tail = (struct tail){.path = path};
    tail->error = open_file(tail, &tail->now);
    if (tail->error != 0)
        close_file(&tail->now);
    tail->is_over = tail->error != 0;
    return tail->error;
}

void
tail_close(struct tail *tail)
{
    close_file(&tail->now);
    close_file(&tail->before);
}

static int
look_at(struct tail *tail, struct tail_file *file, const struct dialects *dialects)
{
    struct stream_head head;
    int result;

    if (file->stream != NULL)
        return 1;
    if (file->kept == NULL)
        return 0;
    result =
        stream_look_on(&head, file->kept, dialects, tail->is_known ? &tail->head.dialect : NULL);
    if (result <= 0 || (file == &tail->before && input_taken(file->input) == 0))
        return result < 0 ? result : 0;
    if (!tail->is_known)
        tail->head = head;
    tail->head.dialect = head.dialect;
    tail->is_known = true;
    if (tail->is_named)
        see_front(file);
    if (head.codec != CODEC_PLAIN && file == &tail->now) {
        /* Nobody goes on with it, and its name will be another's. */
        tail->is_named = false;
        input_finish(tail->now.input);
    }
    return 1;
}

int
tail_look(struct tail *tail, const struct dialects *dialects)
{
    return look_at(tail, &tail->now, dialects);
}

int
tail_look_before(struct tail *tail, const struct dialects *dialects)
{
    int result = look_at(tail, &tail->before, dialects);

    if (result < 0 || (result == 0 && tail->before.kept != NULL &&
                       !stream_kept_is_live(tail->before.kept))) /* it stayed empty */
        close_file(&tail->before);
    return result;
}

/* ---- rotation ---- */

/* Only what is there of it is to come, or, as it was truncated, only what was read. */
static void
finish_before(struct tail *tail, bool is_truncated)
{
    if (tail->before.stream != NULL && stream_is_live(tail->before.stream))
        stream_finish(tail->before.stream, !is_truncated);
    if (tail->before.kept != NULL && is_truncated)
        close_file(&tail->before);
    else if (tail->before.kept != NULL)
        stream_kept_finish(tail->before.kept);
}

/* `now` is not what the name names any more. What was `before` has been read to its end. */
static void
step_back(struct tail *tail)
{
    memcpy(tail->past, tail->now.front, tail->now.front_length);
    tail->past_length = tail->now.front_length;
    close_file(&tail->before);
    tail->before = tail->now;
    tail->now = (struct tail_file){0};
    tail->generation++;
}

/* Shorter than what was read of it, or it begins otherwise. */
static bool
was_truncated(const struct tail_file *file, const struct stat *st)
{
    uint8_t front[TAIL_FRONT];
    ssize_t n;

    if ((uint64_t)st->st_size < input_taken(file->input) ||
        (uint64_t)st->st_size < file->front_length)
        return true;
    n = pread(input_descriptor(file->input), front, file->front_length, 0);
    return n >= 0 && ((size_t)n < file->front_length || memcmp(front, file->front, (size_t)n) != 0);
}

static bool
is_file(const struct tail_file *file, const struct stat *st)
{
    return is_open(file) && file->inode == st->st_ino && file->device == st->st_dev;
}

enum likeness { UNLIKE, MAYBE, SAME };

/* What begins as a file of which `front` is known; MAYBE: as far as it is there. */
static enum likeness
compare(const struct tail_file *file, const uint8_t *front, size_t length)
{
    size_t common = file->front_length < length ? file->front_length : length;

    if (length < FRONT_LEAST || memcmp(file->front, front, common) != 0)
        return UNLIKE;
    return common < length ? MAYBE : SAME;
}

/* Whether the file that was opened for the name is another tail's, or a copy of what one has read,
 * whose name goes on in this one: access.log.1, access.log-20261127. */
static enum likeness
is_others(const struct tail *tail, const struct stat *st, const struct tail *others, size_t count)
{
    enum likeness most = UNLIKE;

    for (size_t i = 0; i < count && most != SAME; i++) {
        const struct tail *other = &others[i];
        enum likeness now, past;

        if (other == tail)
            continue;
        if (is_file(&other->now, st) || is_file(&other->before, st))
            return SAME;
        if (strncmp(tail->path, other->path, strlen(other->path)) != 0)
            continue;
        now = compare(&tail->now, other->now.front, other->now.front_length);
        past = compare(&tail->now, other->past, other->past_length);
        most = now > most ? now : most;
        most = past > most ? past : most;
    }
    return most;
}

static int
open_anew(struct tail *tail, const struct stat *st, const struct tail *others, size_t count,
          bool *has_changed)
{
    int result = open_file(tail, &tail->now);
    enum likeness likeness = result == 0 ? is_others(tail, st, others, count) : UNLIKE;

    tail->passed_device = 0;
    tail->passed_inode = 0;
    if (likeness == SAME) {
        tail->passed_device = st->st_dev;
        tail->passed_inode = st->st_ino;
    }
    if (result != 0 || likeness != UNLIKE)
        close_file(&tail->now);
    *has_changed |= is_open(&tail->now);
    tail->error = result == PASU_E_NOTFOUND ? 0 : result; /* it will come */
    return result == PASU_E_NOMEM ? result : 0;
}

/* An old file that nobody can open any more holds its room on the disk as long as it is open. */
static void
let_go(struct tail *tail)
{
    struct stat st;

    if (is_open(&tail->before) && fstat(input_descriptor(tail->before.input), &st) == 0 &&
        st.st_nlink == 0)
        finish_before(tail, false);
}

/* Of a pipe, and what is compressed. */
static void
end_unnamed(struct tail *tail, bool *has_changed)
{
    struct stream *stream = tail->now.stream;

    *has_changed = stream != NULL && stream_is_live(stream) && input_has_ended(tail->now.input);
    if (*has_changed)
        stream_finish(stream, false);
    tail->is_over |= !is_open(&tail->now);
}

int
tail_turn(struct tail *tail, const struct tail *others, size_t count, bool *has_changed)
{
    bool is_truncated = false;
    struct stat st;

    *has_changed = false;
    if (!tail->is_named) {
        end_unnamed(tail, has_changed);
        return 0;
    }
    let_go(tail);
    if (stat(tail->path, &st) != 0 || !S_ISREG(st.st_mode) ||
        (tail->passed_inode == st.st_ino && tail->passed_device == st.st_dev))
        return 0;
    if (is_file(&tail->now, &st)) {
        is_truncated = was_truncated(&tail->now, &st);
        if (!is_truncated) {
            see_front(&tail->now);
            return 0;
        }
    }
    if (is_open(&tail->now)) {
        *has_changed = true;
        finish_before(tail, false);
        if (is_open(&tail->before)) /* what is there of it first; then this is seen again */
            return 0;
        step_back(tail);
        if (is_truncated)
            finish_before(tail, true);
    }
    return open_anew(tail, &st, others, count, has_changed);
}
