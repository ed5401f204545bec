/* SPDX-License-Identifier: Apache-2.0 */
#include "breach/index_writer.h"

static void *
run(void *arg)
{
    struct index_writer *w = arg;

    w->result = index_heap_write(&w->heap, &w->classes, w->index);
    return NULL;
}

/* The units change places; which months, and from how many rows on, is the maker's to know. */
static void
swap(struct index_heap *one, struct index_heap *other)
{
    struct index_heap whole = *one;
    struct ordinals months = one->months, others = other->months;
    uint64_t rows = one->month_rows;

    *one = *other;
    *other = whole;
    one->months = months;
    other->months = others;
    one->month_rows = other->month_rows = rows;
}

int
index_writer_begin(struct index_writer *w, struct index_heap *heap, const struct interner *classes,
                   struct index *index)
{
    int result;

    interner_release(&w->classes);
    result = interner_copy(&w->classes, classes);
    if (result != 0)
        return result;
    w->index = index;
    swap(heap, &w->heap);
    w->is_running = pthread_create(&w->thread, NULL, run, w) == 0;
    if (!w->is_running)
        run(w);
    return 0;
}

int
index_writer_end(struct index_writer *w, struct index_heap *heap)
{
    int result;

    if (w->is_running)
        pthread_join(w->thread, NULL);
    w->is_running = false;
    result = w->result;
    w->result = 0;
    if (result == 0)
        result = ordinals_add(&heap->months, w->heap.months.items, w->heap.months.count);
    w->heap.months.count = 0;
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
