/* SPDX-License-Identifier: Apache-2.0 */
#include "scan/merge.h"

#include "base/memory.h"

enum { BATCH = 256 };

/* A log that is open, at the next observation of its block. */
struct cursor {
    struct stream *stream;
    struct block *block;
    uint32_t file;
    int64_t time;
};

struct merging {
    struct streams *streams;
    struct merge_file *files;
    uint32_t *order; /* of files, by their first time */
    size_t count, opened;
    struct cursor *heap; /* the earliest on top; of equals the lower file */
    size_t size;
    uint64_t taken; /* of files that are closed */
    bool is_stopped;
    merge_block_fn *block;
    merge_observations_fn *observations;
    void *arg;
    size_t held;
    struct observation batch[BATCH];
};

/* ---- the heap ---- */

static bool
is_before(const struct cursor *a, const struct cursor *b)
{
    return a->time != b->time ? a->time < b->time : a->file < b->file;
}

static void
swap(struct cursor *a, struct cursor *b)
{
    struct cursor c = *a;

    *a = *b;
    *b = c;
}

static void
sift_up(struct merging *m, size_t i)
{
    while (i > 0 && is_before(&m->heap[i], &m->heap[(i - 1) / 2])) {
        swap(&m->heap[i], &m->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static void
sift_down(struct merging *m, size_t i)
{
    for (;;) {
        size_t least = i, left = 2 * i + 1, right = left + 1;

        if (left < m->size && is_before(&m->heap[left], &m->heap[least]))
            least = left;
        if (right < m->size && is_before(&m->heap[right], &m->heap[least]))
            least = right;
        if (least == i)
            return;
        swap(&m->heap[i], &m->heap[least]);
        i = least;
    }
}

/* ---- logs ---- */

static uint64_t
taken(const struct merging *m)
{
    uint64_t all = m->taken;

    for (size_t i = 0; i < m->size; i++)
        all += stream_taken(m->heap[i].stream);
    return all;
}

/* On to the next observation, in a further block if need be; *is_over: there is none. */
static int
advance(struct merging *m, struct cursor *cursor, bool *is_over)
{
    *is_over = false;
    while (cursor->block == NULL || cursor->block->taken == cursor->block->count) {
        int result;

        cursor->block = stream_next(cursor->stream);
        if (cursor->block == NULL) {
            *is_over = true;
            return 0;
        }
        result = m->block(m->arg, cursor->block, taken(m));
        if (result < 0)
            return result;
        m->is_stopped |= result > 0;
    }
    cursor->time = cursor->block->items[cursor->block->taken].time;
    return 0;
}

static void
close_cursor(struct merging *m, struct cursor *cursor)
{
    m->taken += stream_taken(cursor->stream);
    if (stream_is_live(cursor->stream))
        m->files[cursor->file].stream = cursor->stream;
    else
        stream_close(cursor->stream);
}

static int
open_next(struct merging *m)
{
    uint32_t number = m->order[m->opened++];
    struct merge_file *file = &m->files[number];
    struct cursor cursor = {.file = number};
    struct stream_kept *kept = file->kept;
    bool is_over;
    int result = 0;

    file->kept = NULL;
    if (file->error != 0) {
        stream_kept_free(kept);
        return 0;
    }
    cursor.stream = file->stream;
    file->stream = NULL;
    if (cursor.stream == NULL)
        result =
            stream_open(&cursor.stream, m->streams, file->path, kept, file->dialect, file->number);
    if (result == PASU_E_NOMEM)
        return result;
    if (result != 0) {
        file->error = result;
        return 0;
    }
    result = advance(m, &cursor, &is_over);
    if (result < 0 || is_over) {
        close_cursor(m, &cursor);
        return result;
    }
    m->heap[m->size++] = cursor;
    sift_up(m, m->size - 1);
    return 0;
}

/* The next log that is not open yet begins before what is open goes on. */
static bool
is_due(const struct merging *m)
{
    return m->opened < m->count &&
           (m->size == 0 || m->files[m->order[m->opened]].first <= m->heap[0].time);
}

/* ---- observations ---- */

static int
flush(struct merging *m)
{
    size_t held = m->held;

    m->held = 0;
    return held > 0 ? m->observations(m->arg, m->batch, held) : 0;
}

/* Up to which time the top goes on alone. */
static int64_t
limit_of(const struct merging *m)
{
    int64_t limit = INT64_MAX;

    for (size_t i = 1; i <= 2 && i < m->size; i++)
        if (m->heap[i].time < limit)
            limit = m->heap[i].time;
    if (m->opened < m->count && m->files[m->order[m->opened]].first < limit)
        limit = m->files[m->order[m->opened]].first;
    return limit;
}

/* The first one in any case, and what comes before the others' next. */
static int
give(struct merging *m)
{
    struct block *block = m->heap[0].block;
    int64_t limit = limit_of(m);
    size_t first = block->taken++, count;
    int result = 0;

    if (limit == INT64_MAX)
        block->taken = block->count;
    while (block->taken < block->count && block->items[block->taken].time < limit)
        block->taken++;
    count = block->taken - first;
    if (count >= BATCH / 4) {
        result = flush(m);
        return result == 0 ? m->observations(m->arg, &block->items[first], count) : result;
    }
    if (m->held + count > BATCH)
        result = flush(m);
    memcpy(&m->batch[m->held], &block->items[first], count * sizeof(m->batch[0]));
    m->held += count;
    return result;
}

static int
step(struct merging *m)
{
    bool is_over;
    int result;

    while (is_due(m)) {
        result = open_next(m);
        if (result < 0)
            return result;
    }
    if (m->size == 0)
        return 0;
    result = give(m);
    if (result == 0)
        result = advance(m, &m->heap[0], &is_over);
    if (result < 0)
        return result;
    if (is_over) {
        close_cursor(m, &m->heap[0]);
        m->heap[0] = m->heap[--m->size];
    }
    sift_down(m, 0);
    return 0;
}

static int
by_first(const void *a, const void *b, void *files)
{
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int64_t first = ((struct merge_file *)files)[i].first;
    int64_t second = ((struct merge_file *)files)[k].first;

    if (first != second)
        return first < second ? -1 : 1;
    return i < k ? -1 : 1;
}

int
merge_run(struct streams *streams, struct merge_file *files, size_t count, merge_block_fn *block,
          merge_observations_fn *observations, void *arg)
{
    struct merging *m = memory_new(1, sizeof(*m));
    int result = 0;

    if (m == NULL)
        return PASU_E_NOMEM;
    *m = (struct merging){.streams = streams,
                          .files = files,
                          .count = count,
                          .block = block,
                          .observations = observations,
                          .arg = arg};
    m->order = memory_new(count, sizeof(*m->order));
    m->heap = memory_new(count, sizeof(*m->heap));
    if (m->order == NULL || m->heap == NULL)
        result = PASU_E_NOMEM;
    for (size_t i = 0; i < count && result == 0; i++)
        m->order[i] = (uint32_t)i;
    if (result == 0)
        qsort_r(m->order, count, sizeof(*m->order), by_first, files);
    while (result == 0 && !m->is_stopped && (m->size > 0 || m->opened < m->count))
        result = step(m);
    if (result == 0)
        result = flush(m);
    while (m->size > 0)
        close_cursor(m, &m->heap[--m->size]);
    memory_free(m->order);
    memory_free(m->heap);
    memory_free(m);
    return result;
}
