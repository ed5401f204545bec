/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/tail.h"

#include "base/os.h"

/* Not <sodium.h>: one of its headers uses a word that does not compile here. */
#include <sodium/crypto_generichash.h>

#include <errno.h>
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
tail_expect(struct tail *tail, const char *path)
{
    *tail = (struct tail){.path = path, .is_named = true, .is_late = true};
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

/* How a file begins, in which `length` bytes are there. */
struct front {
    const uint8_t *bytes;
    size_t length;
};

/* What begins as a file of which `front` is known; MAYBE: as far as it is there. */
static enum likeness
compare(struct front file, const uint8_t *front, size_t length)
{
    size_t common = file.length < length ? file.length : length;

    if (length < FRONT_LEAST || memcmp(file.bytes, front, common) != 0)
        return UNLIKE;
    return common < length ? MAYBE : SAME;
}

static enum likeness
more_like(enum likeness a, enum likeness b)
{
    return a > b ? a : b;
}

static void
digest_front(uint8_t digest[16], const uint8_t *front, size_t length)
{
    (void)crypto_generichash(digest, 16, front, length, NULL, 0);
}

struct tail_past
tail_past_of(const struct tail *tail)
{
    struct tail_past past = {.path = tail->path, .length = (uint32_t)tail->past_length};

    digest_front(past.digest, tail->past, tail->past_length);
    return past;
}

/* Whether a name goes on in this one: access.log.1, access.log-20261127. */
static bool
goes_on(const struct tail *tail, const char *path)
{
    return strncmp(tail->path, path, strlen(path)) == 0;
}

/* By one file of another tail. */
static enum likeness
compare_one(const struct tail *tail, struct front front, const struct tail *other,
            const struct tail_file *file)
{
    bool is_renamed = tail->now.inode == file->inode && tail->now.device == file->device;

    return is_renamed || file->front_length == TAIL_FRONT || goes_on(tail, other->path)
               ? compare(front, file->front, file->front_length)
               : UNLIKE;
}

/* A late name's file: is it another tail's, or a copy of what one reads or has read? */
static enum likeness
compare_late(const struct tail *tail, struct front file, const struct tail_others *others)
{
    enum likeness most = UNLIKE;

    for (size_t i = 0; i < others->count && most != SAME; i++) {
        const struct tail *other = others->tails[i];

        if (other == tail)
            continue;
        most = more_like(most, compare_one(tail, file, other, &other->now));
        most = more_like(most, compare_one(tail, file, other, &other->before));
    }
    for (size_t i = 0; i < others->past_count && most != SAME; i++) {
        const struct tail_past *past = &others->past[i];
        uint8_t digest[16];

        if (past->length < FRONT_LEAST || past->length > file.length ||
            (past->length < TAIL_FRONT && !goes_on(tail, past->path)))
            continue;
        digest_front(digest, file.bytes, past->length);
        if (memcmp(digest, past->digest, sizeof(digest)) == 0)
            most = SAME;
    }
    return most;
}

/* The beginning of what is compressed. */
static size_t
unpack_front(const char *path, uint8_t front[TAIL_FRONT])
{
    struct input *input;
    size_t length = 0;
    ssize_t n = input_open(&input, path);

    if (n != 0)
        return 0;
    while (length < TAIL_FRONT && (n = input_read(input, front + length, TAIL_FRONT - length)) > 0)
        length += (size_t)n;
    input_close(input);
    return length;
}

/* Of a name that came while others were followed. */
static enum likeness
is_known_late(const struct tail *tail, const struct stat *st, const struct tail_others *others)
{
    struct front raw = {tail->now.front, tail->now.front_length};
    enum likeness likeness = compare_late(tail, raw, others);
    int64_t written =
        (int64_t)st->st_mtim.tv_sec * NANOSECONDS_PER_SECOND + (int64_t)st->st_mtim.tv_nsec;
    uint8_t front[TAIL_FRONT];

    if (likeness == SAME || codec_of(view_of(raw.bytes, raw.length)) == CODEC_PLAIN)
        return likeness;
    if (os_realtime(&os_real) - written < TAIL_REST)
        return MAYBE;
    likeness = compare_late(tail, (struct front){front, unpack_front(tail->path, front)}, others);
    return likeness == SAME ? SAME : UNLIKE; /* all of it is there */
}

/* Whether the file that was opened for the name is another tail's, or a copy of what one has read,
 * whose name goes on in this one. */
static enum likeness
is_others(const struct tail *tail, const struct stat *st, const struct tail_others *others)
{
    struct front front = {tail->now.front, tail->now.front_length};
    enum likeness most = UNLIKE;

    for (size_t i = 0; i < others->count && most != SAME; i++) {
        const struct tail *other = others->tails[i];

        if (other == tail)
            continue;
        if (is_file(&other->now, st) || is_file(&other->before, st))
            return SAME;
        if (!goes_on(tail, other->path))
            continue;
        most = more_like(most, compare(front, other->now.front, other->now.front_length));
        most = more_like(most, compare(front, other->past, other->past_length));
    }
    return most != SAME && tail->is_late ? is_known_late(tail, st, others) : most;
}

static int
open_anew(struct tail *tail, const struct stat *st, const struct tail_others *others,
          bool *has_changed)
{
    int result = open_file(tail, &tail->now);
    enum likeness likeness = result == 0 ? is_others(tail, st, others) : UNLIKE;

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

/* The same of what has no name at all any more. */
static void
let_now_go(struct tail *tail, bool *has_changed)
{
    struct stat st;

    if (!is_open(&tail->now) || fstat(input_descriptor(tail->now.input), &st) != 0 ||
        st.st_nlink > 0)
        return;
    *has_changed = true;
    finish_before(tail, false);
    if (!is_open(&tail->before))
        step_back(tail);
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
tail_turn(struct tail *tail, const struct tail_others *others, bool *has_changed)
{
    bool is_truncated = false;
    struct stat st;

    *has_changed = false;
    if (!tail->is_named) {
        end_unnamed(tail, has_changed);
        return 0;
    }
    let_go(tail);
    if (stat(tail->path, &st) != 0) {
        if (errno == ENOENT)
            let_now_go(tail, has_changed);
        return 0;
    }
    if (!S_ISREG(st.st_mode) ||
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
    return open_anew(tail, &st, others, has_changed);
}
