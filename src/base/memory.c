/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "base/memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <sys/mman.h>

static _Atomic uint64_t allocations;
static _Atomic uint64_t fail_at;

static bool
must_fail(void)
{
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);

    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    if (PASU_LIKELY(at == 0))
        return false;
    atomic_store_explicit(&fail_at, at - 1, memory_order_relaxed);
    return at == 1;
}

void *
memory_new(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count, size);
}

void *
memory_resize(void *block, size_t count, size_t size)
{
    return must_fail() ? NULL : reallocarray(block, count, size);
}

char *
memory_dup(const void *bytes, size_t length)
{
    char *copy = memory_new(length + 1, 1);

    if (copy && length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

void
memory_free(void *block)
{
    free(block);
}

/* ---- tables ---- */

#define LARGE_PAGE ((size_t)2 << 20)

enum { CACHE_LINE = 64, MAPS_MOST = 65536 /* glibc's own */, MAPS_FROM = 32 << 20 };

static size_t
whole_pages(size_t bytes)
{
    return (bytes + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
}

/* What has the size of half a cache line is not to lie in two of them. */
static void *
small_table(size_t bytes)
{
    void *table = NULL;

    if (posix_memalign(&table, CACHE_LINE, bytes) != 0)
        return NULL;
    if (bytes > 0)
        memset(table, 0, bytes);
    return table;
}

void *
memory_new_table(size_t count, size_t size)
{
    size_t bytes, room;
    uint8_t *map, *table;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    if (must_fail())
        return NULL;
    if (bytes < LARGE_PAGE)
        return small_table(bytes);
    bytes = whole_pages(bytes);
    room = bytes + LARGE_PAGE;
    map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    table = (uint8_t *)whole_pages((size_t)map);
    if (table > map) /* what is before and behind whole pages goes back */
        (void)munmap(map, (size_t)(table - map));
    if (table + bytes < map + room)
        (void)munmap(table + bytes, room - bytes - (size_t)(table - map));
    (void)madvise(table, bytes, MADV_HUGEPAGE);
    return table;
}

void
memory_free_table(void *table, size_t count, size_t size)
{
    if (table == NULL || count * size < LARGE_PAGE)
        memory_free(table);
    else
        (void)munmap(table, whole_pages(count * size));
}

uint64_t
memory_allocations(void)
{
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

void
memory_fail_at(uint64_t nth)
{
    atomic_store(&fail_at, nth);
}

/* What was copied a moment ago may stand in vector registers still, and from there get onto the
 * stack: a library that is loaded later, as those of getaddrinfo are, saves them there when it
 * binds. */
#if __has_attribute(zero_call_used_regs)
__attribute__((zero_call_used_regs("all")))
#endif
void
memory_wipe(void *bytes, size_t size)
{
    explicit_bzero(bytes, size);
    __asm__ volatile("" ::: "memory"); /* no jump out of here, which would leave the registers */
}

bool
memory_equal_secret(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < size; i++)
        difference = (uint8_t)(difference | (x[i] ^ y[i]));
    return difference == 0;
}

void
memory_trim(void)
{
    malloc_trim(0);
}

/* The heap grows by that much, is told to use large pages, and keeps what it has: nothing of it is
 * touched yet. */
void
memory_prepare(size_t bytes)
{
    uint8_t *block, *first;

    if (mallopt(M_MMAP_MAX, 0) != 1)
        return;
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
    if ((block = malloc(bytes)) != NULL) {
        first = (uint8_t *)whole_pages((size_t)block);
        if (block + bytes > first + LARGE_PAGE)
            (void)madvise(first, (size_t)(block + bytes - first) & ~(LARGE_PAGE - 1),
                          MADV_HUGEPAGE);
        free(block);
    }
    (void)mallopt(M_MMAP_MAX, MAPS_MOST);
    (void)mallopt(M_MMAP_THRESHOLD, MAPS_FROM);
}
