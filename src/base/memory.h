/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap memory, counted. Every allocation of pasu's own code goes through here (libraries call the C
 * library themselves), so that a status report can show that the hot path allocates nothing, and a
 * test can make the Nth allocation fail.
 *
 * Memory comes zeroed. NULL means none is left: the caller ends that session, never the process.
 */
#ifndef PASU_BASE_MEMORY_H
#define PASU_BASE_MEMORY_H

#include "base/attributes.h"

/* `count` × `size` zeroed bytes, or NULL (also where the product overflows). Free with memory_free.
 */
PASU_MUST_USE void *memory_new(size_t count, size_t size);
/* Grows or shrinks to count × size; new bytes are not zeroed. On NULL the old block is unchanged.
 */
PASU_MUST_USE void *memory_resize(void *block, size_t count, size_t size);
/* A zero-terminated copy of `length` bytes, or NULL. */
PASU_MUST_USE char *memory_dup(const void *bytes, size_t length);
/* NULL is allowed. */
void memory_free(void *block);
/* Zeroed bytes for a table that is looked at all over: from some megabytes on in large pages, where
 * the machine has them. NULL: none is left. Free with memory_free_table, of the same size. */
PASU_MUST_USE void *memory_new_table(size_t count, size_t size);
void memory_free_table(void *table, size_t count, size_t size);
/* Allocations of this process so far, all threads. */
uint64_t memory_allocations(void);
/* For tests, before threads start: the Nth allocation from now fails once (0: none). */
void memory_fail_at(uint64_t nth);

/* Overwrites bytes in a way the compiler may not leave out, and, where the compiler can, the
 * registers that a function may use. */
void memory_wipe(void *bytes, size_t size);
/* Compares without telling by its duration where they differ. */
bool memory_equal_secret(const void *a, const void *b, size_t size);

/* What was freed is the machine's again, as far as it can be: after work that took much, in a
 * process that then waits. */
void memory_trim(void);
/* For a process that will allocate much, much of it soon: the first `bytes` of the heap come in
 * large pages, where the machine has them, and what is freed stays the heap's. Before threads
 * start. It is no error where it cannot be done. */
void memory_prepare(size_t bytes);

#endif
