/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes days of the index in a thread of its own, while their maker reads on: it is given a heap,
 * and the maker goes on with an empty one. As long as it runs, the index is its alone.
 * Zeroed is at rest.
 */
#ifndef PASU_BREACH_INDEX_WRITER_H
#define PASU_BREACH_INDEX_WRITER_H

#include "breach/index_heap.h"

#include <pthread.h>

struct index_writer {
    struct index *index;
    struct index_heap heap;  /* that is written */
    struct interner classes; /* as they were when it was begun */
    pthread_t thread;
    bool is_running;
    int result;
};

/* Takes what the heap has of days before `day`. At rest only. PASU_E_NOMEM, where the heap is as it
 * was; where there can be no thread, all is written at once. */
PASU_MUST_USE int index_writer_begin(struct index_writer *writer, struct index_heap *heap,
                                     int32_t day, const struct interner *classes,
                                     struct index *index);
/* Waits until it is at rest. The errors of index_heap_write. */
PASU_MUST_USE int index_writer_end(struct index_writer *writer);
/* Waits, too. */
void index_writer_release(struct index_writer *writer);

#endif
