/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_writer.h"

static void *
run(void *arg)
{
    struct index_writer *w = arg;

    w->result = index_heap_write(&w->heap, &w->classes, w->index);
    return NULL;
}

int
index_writer_begin(struct index_writer *w, struct index_heap *heap, int32_t day,
                   const struct interner *classes, struct index *index)
{
    int result;

    interner_release(&w->classes);
    result = interner_copy(&w->classes, classes);
    if (result == 0)
        result = index_heap_move(heap, day, &w->heap);
    if (result != 0)
        return result;
    w->index = index;
    w->is_running = pthread_create(&w->thread, NULL, run, w) == 0;
    if (!w->is_running)
        run(w);
    return 0;
}

int
index_writer_end(struct index_writer *w)
{
    int result;

    if (w->is_running)
        pthread_join(w->thread, NULL);
    w->is_running = false;
    result = w->result;
    w->result = 0;
    return result;
}

void
index_writer_release(struct index_writer *w)
{
    if (w->is_running)
        pthread_join(w->thread, NULL);
    w->is_running = false;
    index_heap_release(&w->heap);
    interner_release(&w->classes);
}
