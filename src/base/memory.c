/* SPDX-License-Identifier: Apache-2.0 */
#define PASU_ALLOW_RAW_MEMORY
#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>

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
